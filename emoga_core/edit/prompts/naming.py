"""Names for emotion states, made of prompts."""

from __future__ import annotations

import re
import unicodedata

from emoga_core.edit.prompts.reading import PromptReading

_MAX_LENGTH = 48
_MAX_WORDS = 5
# Names that states may not have: the origin, and file names that Windows keeps for devices.
_RESERVED = {"neutral", "con", "prn", "aux", "nul", *(f"{k}{n}" for k in ("com", "lpt") for n in range(10))}
_SMALL = {
    "a",
    "an",
    "the",
    "of",
    "in",
    "on",
    "to",
    "with",
    "his",
    "her",
    "their",
    "my",
    "your",
    "face",
    "are",
    "is",
}
_FALLBACK = "emotion"


def suggest_name(prompt: PromptReading | str) -> str:
    """A state name (a-z, digits, inner hyphens, at most 48) for a prompt: "subtle-tired-smile".

    It is made of the words that were understood, else of the others, else it is "emotion".

    Raises:
        PromptError: a text that cannot be read.
    """
    from emoga_core.edit.prompts.parser import read_prompt

    reading = read_prompt(prompt) if isinstance(prompt, str) else prompt
    words = [word for phrase, _ in reading.words for word in _plain(phrase) if word not in _SMALL]
    words = words or [word for phrase in reading.unknown for word in _plain(phrase)]
    name = "-".join(dict.fromkeys(words[:_MAX_WORDS]))[:_MAX_LENGTH].strip("-")
    if name in _RESERVED:
        name += "-face"
    return name or _FALLBACK


def _plain(phrase: str) -> list[str]:
    ascii_only = unicodedata.normalize("NFKD", phrase).encode("ascii", "ignore").decode().lower()
    return re.findall(r"[a-z0-9]+", ascii_only.replace("'", ""))
