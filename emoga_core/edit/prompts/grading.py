"""Applies negations and intensity words to the terms that they belong to."""

from __future__ import annotations

from collections.abc import Iterator

from emoga_core.edit.prompts.lexer import Item
from emoga_core.edit.prompts.terms import Sentence, Term, breaks, negated_before


def negate(sentence: Sentence) -> None:
    items = sentence.items
    for item in items:
        if not (item.meaning and item.meaning.negates):
            continue
        # "not with the eyes": what stands right behind the negation does not end it.
        end = next((i.index for i in items[item.index + 2 :] if _ends_negation(i)), len(items))
        for term in sentence.terms:
            inside = item.index < term.end and term.start < end
            # "keep the eyes not closed": the negation stands inside the term.
            if inside and (term.start > item.index or term.start < item.index < term.end):
                term.negated = not term.negated
                sentence.used[item.index] = "negation"


def _ends_negation(item: Item) -> bool:
    meaning = item.meaning
    return meaning is not None and (meaning.hard or meaning.soft)


def grade(sentence: Sentence, claimed: set[int]) -> None:
    for group in _intensity_groups(sentence, claimed):
        factor = _combined([f for item in group if item.meaning and (f := item.meaning.factor)])
        adjective = any(item.meaning and item.meaning.adjective for item in group)
        targets = _measured(sentence, group[0]) or _graded(
            sentence, group[0].index, group[-1].index, adjective
        )
        if (
            factor > 1
            and len(targets) == len(sentence.terms)
            and negated_before(sentence.items, group[0].index)
        ):
            targets = [t for t in targets if t.negated]  # "not too much" of anything is no more of it
        for term in targets:
            term.scale *= factor
        for item in group:
            if targets:
                sentence.used[item.index] = f"intensity x {factor:.3g}"


def _measured(sentence: Sentence, item: Item) -> list[Term]:
    """The term that a number stands directly behind: "AU 12 0.4"."""
    if not item.text[0].isdigit() or item.text[-1] in "%t":
        return []
    return [t for t in sentence.terms if t.end == item.index - 1]


def _intensity_groups(sentence: Sentence, claimed: set[int]) -> Iterator[list[Item]]:
    """Runs of intensity words that stand together: "very subtle"."""
    group: list[Item] = []
    for item in sentence.items:
        meaning = item.meaning
        free = item.index not in claimed and item.index not in sentence.used
        if meaning is not None and meaning.factor is not None and free:
            group.append(item)
            continue
        if group and not (meaning is not None and meaning.empty and not meaning.noun):
            yield group
            group = []
    if group:
        yield group


def _combined(factors: list[float]) -> float:
    """One factor of a run: amplifiers before a diminisher make it smaller ("very subtle")."""
    low = [f for f in factors if f < 1]
    high = [f for f in factors if f >= 1]
    if low:
        total = 1.0
        for f in low:
            total *= f
        for f in high:
            total = total / f if factors.index(f) < factors.index(low[0]) else total * f
        return max(total, 0.12)
    total = 1.0
    for f in high:
        total *= f
    return min(total, 1.6)


def _graded(sentence: Sentence, first: int, last: int, adjective: bool) -> list[Term]:
    """The terms that intensity words at items first..last grade."""
    items, terms = sentence.items, sentence.terms
    around = [t for t in terms if t.start < first and last < t.end]
    if around:
        return around
    found: list[Term] = []
    for index in range(last + 1, len(items)):
        item = items[index]
        comma = item.text == "," and not found
        if breaks(item) and not (comma and adjective):
            break
        started = [t for t in terms if t.start == index]
        found += started
        noun = item.meaning is not None and item.meaning.noun
        if found and (not adjective or noun or any(t.recipe.kind != "emotion" for t in started)):
            break
    if found:
        return found
    before = []
    for index in range(first - 1, -1, -1):
        if breaks(items[index]):
            break
        before = [t for t in terms if t.end == index]
        if before:
            return before
    return list(terms)
