"""All that the reader knows, indexed by words: meanings of words and phrases, word forms, spelling."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from emoga_core.edit.prompts.features import ACTIONS, PARTS
from emoga_core.edit.prompts.synonyms import SYNONYMS
from emoga_core.edit.prompts.words import (
    ADJECTIVES,
    ADVERBS,
    HARD_BREAKS,
    LINKS,
    NEGATING_PHRASES,
    NEGATORS,
    NOT_NEGATING,
    NOUNS,
    REAL_WORDS,
    SIDES,
    SOFT_BREAKS,
    STOP_WORDS,
)


@dataclass(frozen=True)
class Meaning:
    """Everything that a word or phrase can be; the place in the sentence decides which it is.

    Attributes:
        recipe: (name, strength) of an emotion or expression.
        part, action: of the face; side: "left" or "right".
        factor, adjective: of an intensity word, and whether it goes with a noun.
        negates, breaks, links, noun, empty: what `words` calls by these names.
    """

    recipe: tuple[str, float] | None = None
    part: str | None = None
    action: str | None = None
    side: str | None = None
    factor: float | None = None
    adjective: bool = False
    negates: bool = False
    hard: bool = False
    soft: bool = False
    link: bool = False
    noun: bool = False
    empty: bool = False


@dataclass
class _Draft:
    entries: dict[tuple[str, ...], dict] = field(default_factory=dict)

    def add(self, phrase: str | tuple[str, ...], **roles: object) -> None:
        key = tuple(phrase.replace("-", " ").split()) if isinstance(phrase, str) else phrase
        self.entries.setdefault(key, {}).update(roles)


@cache
def vocabulary() -> dict[tuple[str, ...], Meaning]:
    """Words of a phrase (without articles and possessives) -> its meaning."""
    draft = _Draft()
    for word in STOP_WORDS:
        draft.add(word, empty=True)
    for word in NOUNS:
        draft.add(word, noun=True)
    for phrase in NOT_NEGATING:
        draft.add(phrase, empty=True)
    for phrase in (*NEGATORS, *NEGATING_PHRASES):
        draft.add(phrase, negates=True)
    for words, roles in ((HARD_BREAKS, "hard"), (SOFT_BREAKS, "soft"), (LINKS, "link")):
        for word in words:
            draft.add((word,), **{roles: True})
    for phrase, factor in (*ADVERBS.items(), *ADJECTIVES.items()):
        draft.add(_without_articles(phrase), factor=factor, adjective=phrase in ADJECTIVES)
    for word, side in SIDES.items():
        draft.add(word, side=side)
    for part, names in PARTS.items():
        for name in names.split(","):
            draft.add(name.strip(), part=part)
    for action, names in ACTIONS.items():
        for name in names.split(","):
            draft.add(name.strip(), action=action)
    for phrase, recipe in SYNONYMS.items():
        draft.add(_without_articles(" ".join(phrase)), recipe=recipe)
    return {key: Meaning(**roles) for key, roles in draft.entries.items() if key}


ARTICLES = frozenset(
    (
        "a", "an", "the", "his", "her", "their", "its", "my", "your", "our", "this", "that", "some",
        "person's", "man's", "woman's",
    )
)  # fmt: skip


def _without_articles(phrase: str) -> tuple[str, ...]:
    return tuple(word for word in phrase.split() if word not in ARTICLES)


@cache
def longest_phrase() -> int:
    """Words of the longest phrase."""
    return max(len(key) for key in vocabulary())


@cache
def _single_words() -> dict[int, tuple[str, ...]]:
    """Words worth correcting to, by length."""
    words = sorted(
        {
            key[0]
            for key, meaning in vocabulary().items()
            if len(key) == 1 and len(key[0]) >= 4 and not (meaning.empty or meaning.soft or meaning.hard)
        }
    )
    table: dict[int, list[str]] = {}
    for word in words:
        table.setdefault(len(word), []).append(word)
    return {length: tuple(found) for length, found in table.items()}


_IRREGULAR = {
    "teeth": "teeth", "shone": "shine", "wept": "weep", "felt": "feel", "lips": "lip", "biting": "bite",
    "lying": "lie", "grey": "gray", "grinning": "grin", "cries": "cry", "eyes": "eye", "chins": "chin",
}  # fmt: skip
_ENDINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ily", ("y",)), ("iness", ("y",)), ("ier", ("y",)), ("iest", ("y",)), ("ied", ("y",)), ("ies", ("y",)),
    ("fully", ("ful",)), ("edly", ("ed", "")), ("ingly", ("ing", "", "e")), ("ably", ("able",)),
    ("ness", ("", "e")), ("ly", ("", "le")), ("ing", ("", "e")), ("ed", ("", "e")), ("er", ("", "e")),
    ("est", ("", "e")), ("es", ("", "e")), ("ish", ("", "e")), ("s", ("",)), ("ful", ("",)), ("'s", ("",)),
)  # fmt: skip


@cache
def base_form(word: str) -> str | None:
    """The entry that a word is a form of: itself, without its ending, or its other spelling; None."""
    known = vocabulary()
    for form in _forms(word):
        if (form,) in known:
            return form
    return None


def _forms(word: str) -> list[str]:
    forms = [word]
    if word in _IRREGULAR:
        forms.append(_IRREGULAR[word])
    for ending, replacements in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            stem = word[: -len(ending)]
            forms += [stem + replacement for replacement in replacements]
            if len(stem) > 2 and stem[-1] == stem[-2]:
                forms.append(stem[:-1])
    british = [
        form.replace(a, b)
        for form in forms
        for a, b in (("is", "iz"), ("iz", "is"), ("our", "or"))
        if a in form
    ]
    return forms + british


@cache
def corrected(word: str) -> str | None:
    """The word that a misspelt one most likely is; None when nothing is near enough.

    One mistake in words from four letters, two from nine; the first letter must be right unless the first
    two are swapped. Of several, the nearest, then the first in the alphabet.
    """
    if len(word) < 4 or not word.isascii() or not word.isalpha() or word in REAL_WORDS:
        return None
    for ending in ("", "s", "ing", "ed", "ly"):
        stem = word[: len(word) - len(ending)] if word.endswith(ending) else ""
        if ending and stem in REAL_WORDS:
            return None
    allowed = 2 if len(word) >= 9 else 1
    best: tuple[int, str] | None = None
    for length in range(max(4, len(word) - allowed), len(word) + allowed + 1):
        for candidate in _single_words().get(length, ()):
            if candidate[0] != word[0] and candidate[:2] != word[1::-1]:
                continue
            found = _distance(word, candidate, allowed)
            if found <= allowed and (best is None or (found, candidate) < best):
                best = (found, candidate)
    if best is None and word.endswith("s"):
        return corrected(word[:-1])
    return best[1] if best else None


def _distance(a: str, b: str, limit: int) -> int:
    """Optimal string alignment distance (insert, delete, replace, swap neighbours), or limit + 1."""
    previous2: list[int] = []
    previous = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        row = [i]
        for j, right in enumerate(b, 1):
            cost = min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                cost = min(cost, previous2[j - 2] + 1)
            row.append(cost)
        if min(row) > limit and min(previous) > limit:
            return limit + 1
        previous2, previous = previous, row
    return previous[-1]
