"""Reads prompts."""

from __future__ import annotations

import re
import unicodedata

from emoga_core.edit.prompts.errors import PromptError
from emoga_core.edit.prompts.reading import PromptReading

MAX_LENGTH = 500
_WORDS = {"happy": {6: 0.85, 12: 1.0}, "sad": {1: 1.0, 15: 1.0}, "angry": {4: 1.0}, "smile": {12: 0.7}}


def read_prompt(text: str) -> PromptReading:
    """What `text` asks of a face; deterministic.

    Raises:
        PromptError: empty, longer than 500 characters, or with control characters.
    """
    text = tidy(text)
    units: dict[int, float] = {}
    done = []
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in _WORDS:
            units |= _WORDS[word]
            done.append((word, "expression"))
    return PromptReading(text, units, words=tuple(done))


def tidy(text: str) -> str:
    """`text` in Unicode's composed form, with single spaces.

    Raises:
        PromptError: see `read_prompt`.
    """
    if not isinstance(text, str):
        raise PromptError(f"the prompt is a {type(text).__name__}, expected text")
    if len(text) > MAX_LENGTH:
        raise PromptError(f"the prompt has {len(text)} characters; shorten it to at most {MAX_LENGTH}")
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if not text:
        raise PromptError('the prompt is empty; say what the face should show, for example "a subtle smile"')
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs"):
            raise PromptError(f"the prompt has the control character U+{ord(character):04X}; remove it")
    return text
