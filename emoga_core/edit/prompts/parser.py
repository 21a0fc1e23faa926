"""Reads prompts."""

from __future__ import annotations

import unicodedata

from emoga_core.edit.prompts.combine import combine
from emoga_core.edit.prompts.errors import PromptError
from emoga_core.edit.prompts.grammar import parse
from emoga_core.edit.prompts.lexer import lex
from emoga_core.edit.prompts.reading import PromptReading
from emoga_core.edit.prompts.terms import Sentence

MAX_LENGTH = 500


def read_prompt(text: str) -> PromptReading:
    """What `text` asks of a face; deterministic.

    A plain emotion word stands for that emotion at full strength; "very" goes beyond where the face can,
    "subtle" stays below. Words that mean nothing for a face are returned as unknown: an image editor may
    still understand them.

    Raises:
        PromptError: empty, longer than 500 characters, or with control characters.
    """
    text = tidy(text)
    sentence = parse(lex(text))
    mixture = combine(sentence.terms)
    return PromptReading(
        text,
        mixture.units,
        mixture.damped,
        unknown=tuple(dict.fromkeys(sentence.items[i].text for i in sorted(sentence.unknown))),
        words=_explained(sentence),
        valence=mixture.valence,
        arousal=mixture.arousal,
        notes=mixture.notes,
    )


def _explained(sentence: Sentence) -> tuple[tuple[str, str], ...]:
    """(words, what they did), words that did the same thing in a row joined."""
    out: list[tuple[str, str]] = []
    unknown = set(sentence.unknown)
    previous = -2
    for index, what in sorted(sentence.used.items()):
        if index in unknown:
            continue
        text = sentence.items[index].text
        if out and out[-1][1] == what and previous == index - 1:
            out[-1] = (f"{out[-1][0]} {text}", what)
        else:
            out.append((text, what))
        previous = index
    return tuple(out)


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
