"""Cuts a prompt into words and phrases that mean something."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from emoga_core.edit.prompts.vocabulary import (
    ARTICLES,
    Meaning,
    base_form,
    corrected,
    longest_phrase,
    vocabulary,
)

_TOKEN = re.compile(
    r"(?P<symbol>[:;=]-?[()dpo](?!\w)|[☀-➿\U0001f300-\U0001faff])|au[\s_-]*(?P<unit>\d{1,3})(?![\d.])|(?P<number>\d+(?:[.,]\d+)?)\s*(?P<percent>%|percent\b)?"
    r"|(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*)|(?P<sign>[.;!?:()\[\],&+/|])",
)
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "–": ",", "—": ",", "…": "."})


@dataclass(frozen=True)
class Item:
    """A word or phrase of the prompt.

    Attributes:
        text: as it was written; index: its place among the items.
        meaning: None when it is not understood; unit: of "AU 12".
    """

    text: str
    index: int
    meaning: Meaning | None
    unit: int | None = None


@dataclass(frozen=True)
class _Token:
    text: str
    word: str  # lower case; "" for numbers
    meaning: Meaning | None = None
    unit: int | None = None


def lex(text: str) -> list[Item]:
    """Items of a prompt, in order: the longest phrases that are known, else single words."""
    tokens = _tokens(text)
    items: list[Item] = []
    position = 0
    while position < len(tokens):
        length, meaning = _match(tokens, position)
        token = tokens[position]
        written = " ".join(t.text for t in tokens[position : position + length])
        items.append(Item(written, len(items), meaning, token.unit))
        position += length
    return items


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text.translate(_APOSTROPHES).lower()):
        written = text[match.start() : match.end()]
        if len(written) != match.end() - match.start():
            written = match.group()
        written = written.strip()
        if match["unit"]:
            found.append(_Token(written, "", Meaning(), int(match["unit"])))
        elif match["number"]:
            value = float(match["number"].replace(",", "."))
            if match["percent"]:
                value /= 100
            known = match["percent"] or "." in match["number"]
            meaning = Meaning(factor=value, adjective=True) if known and 0 < value <= 2 else None
            found.append(_Token(written, "", meaning))
        elif match["sign"] or match["symbol"]:
            found.append(_Token(written, match["sign"] or match["symbol"]))
        else:
            found.append(_Token(written, match["word"]))
    return _split_prefixes(found)


def _split_prefixes(tokens: list[_Token]) -> list[_Token]:
    """ "unsmiling" -> "un" (a negation) and "smiling"."""
    out = []
    for token in tokens:
        rest = token.word[2:] if token.word.startswith("un") else ""
        if len(rest) > 3 and base_form(token.word) is None and base_form(rest) is not None:
            out += [_Token("un", "not"), _Token(token.text[2:], rest)]
        else:
            out.append(token)
    return out


def _match(tokens: list[_Token], start: int) -> tuple[int, Meaning | None]:
    """How many tokens the longest known phrase from `start` on takes, and its meaning."""
    token = tokens[start]
    if token.meaning is not None or not token.word:
        return 1, token.meaning
    known = vocabulary()
    words: list[list[str]] = []
    best: tuple[int, Meaning] | None = None
    for end in range(start, min(len(tokens), start + longest_phrase() + 3)):
        word = tokens[end].word
        if not word or not word[0].isalpha():
            break
        if word in ARTICLES and words:
            continue
        words.append([word, form] if (form := base_form(word) or corrected(word)) else [word])
        if len(words) > longest_phrase():
            break
        meaning = _find(known, words)
        if meaning is not None:
            best = (end + 1 - start, meaning)
    if best is not None:
        return best
    meaning = known.get((token.word,))
    form = base_form(token.word) or corrected(token.word)
    if meaning is None and form is not None:
        meaning = known[form,]
        if token.word.endswith("ly") and meaning.factor is not None:
            meaning = replace(meaning, adjective=False)
    return 1, meaning


def _find(known: dict[tuple[str, ...], Meaning], words: list[list[str]]) -> Meaning | None:
    """The phrase as written, else with all words in their base form, else any mixture of the two."""
    choices: list[tuple[str, ...]] = [()]
    for forms in words:
        choices = [(*c, form) for c in choices for form in dict.fromkeys(forms)]
    for choice in choices:
        if choice in known:
            return known[choice]
    return None
