"""From terms to activations: mixtures, negations, contradictions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from emoga_core.edit.prompts.recipes import LEVELS
from emoga_core.edit.prompts.terms import Term
from emoga_core.facs import LEFT, unit_label

_SHARE = (1.0, 1.0, 0.85, 0.7)
"""Strength of each of so many emotions at once (the last for all larger numbers): not the full sum, yet
more than a fair share, so that a mixture still shows both."""
_MODIFIER = 0.85
"""Strength of an emotion beside an expression that is none of its own ("a tired smile")."""

_OPPOSED: tuple[tuple[frozenset[int], frozenset[int], str], ...] = (
    (frozenset({12}), frozenset({15}), "the corners of the mouth go up and down"),
    (frozenset({5}), frozenset({41, 43, 44, 45}), "the eyes open wide and close"),
    (frozenset({25, 26, 27, 16}), frozenset({23, 24, 28}), "the lips part and press"),
    (frozenset({26, 27}), frozenset({17}), "the jaw drops and the chin rises"),
    (frozenset({12, 20}), frozenset({18, 22}), ""),
    (frozenset({61}), frozenset({62}), "the eyes turn both ways"),
    (frozenset({63}), frozenset({64}), "the eyes turn up and down"),
)
"""Units that work against each other, and how a contradiction is told. Of equal strength, the first stay."""

_NOTED = 0.3
_LEAST = 0.05


@dataclass(frozen=True)
class Mixture:
    """What all terms together ask for; fields as in `PromptReading`."""

    units: dict[int, float]
    damped: frozenset[int]
    valence: float
    arousal: float
    notes: tuple[str, ...]


def combine(terms: Sequence[Term]) -> Mixture:
    """One face from all terms.

    Emotions share the face; what is said more precisely wins over what is said less so (a raised brow over
    an angry one). A negation never raises a unit above what it is without the negation.
    """
    wanted = [t for t in terms if not t.negated]
    forbidden = [t for t in terms if t.negated]
    amounts = _amounts(wanted)
    free, notes = _merge(wanted, [dict(a) for a in amounts])
    if forbidden:
        stopped = [_stopped(t, dict(a), forbidden) for t, a in zip(wanted, amounts, strict=True)]
        held, notes = _merge(wanted, stopped)
        units = {u: min(a, free.get(u, 0.0)) for u, a in held.items()}
    else:
        units = free
    units = {u: min(1.0, a) for u, a in units.items() if a >= _LEAST}
    damped = {u for t in forbidden for u in t.recipe.stopped_by_negation if u}
    firm = {u for t in forbidden if t.recipe.kind != "emotion" for u in t.recipe.stopped_by_negation}
    said = {u for t in wanted if t.recipe.kind != "emotion" for u in t.recipe.units}
    if kept := sorted(damped & set(units) & (firm | said)):
        names = ", ".join(unit_label(u) for u in kept)
        notes.append(f"both wanted and not wanted, kept: AU {names}")
    valence, arousal = _feeling(wanted)
    # One-sided units stand for their whole in the set that others damp by.
    damped = {u for u in damped if u < LEFT or u % 100 not in damped} - set(units)
    return Mixture(units, frozenset(damped), valence, arousal, tuple(notes))


def _amounts(terms: Sequence[Term]) -> list[dict[int, float]]:
    """Activations of each term, with its share among the emotions."""
    emotions = {t.recipe.name for t in terms if t.recipe.kind == "emotion"}
    expressions = [t.recipe for t in terms if t.recipe.kind == "expression"]
    shared = _SHARE[min(len(emotions), len(_SHARE) - 1)]
    out = []
    for term in terms:
        factor = term.amount
        if term.recipe.kind == "emotion":
            factor *= shared
            if any(not set(other.stopped_by_negation) & set(term.recipe.units) for other in expressions):
                factor *= _MODIFIER
        out.append({unit: min(1.0, amount * factor) for unit, amount in term.recipe.units.items()})
    return out


def _stopped(term: Term, units: dict[int, float], forbidden: Sequence[Term]) -> dict[int, float]:
    """What negations leave of a term; of two of one kind the wanted one stays ("not sad but worried")."""
    level = LEVELS[term.recipe.kind]
    for other in forbidden:
        if LEVELS[other.recipe.kind] <= level and other.recipe.name != term.recipe.name:
            continue
        core = set(other.recipe.stopped_by_negation)
        if other.recipe.name == term.recipe.name and level == LEVELS["emotion"]:
            return {}
        if core & set(units):
            core |= set(other.recipe.collateral)
        units = {u: a for u, a in units.items() if u not in core}
    return units


def _merge(terms: Sequence[Term], units: Sequence[dict[int, float]]) -> tuple[dict[int, float], list[str]]:
    """The strongest claim on each unit, exclusions and opposition settled; and what had to be settled."""
    for term in terms:
        for other, own in zip(terms, units, strict=True):
            if LEVELS[other.recipe.kind] < LEVELS[term.recipe.kind]:
                for unit in term.recipe.excludes:
                    own.pop(unit, None)
    for term, own in zip(terms, units, strict=True):
        if term.scale < 1:  # "very happy, a subtle smile": the smile is subtle
            for other, theirs in zip(terms, units, strict=True):
                if LEVELS[other.recipe.kind] < LEVELS[term.recipe.kind]:
                    theirs.update({u: min(theirs[u], a) for u, a in own.items() if u in theirs})
    merged: dict[int, float] = {}
    level: dict[int, int] = {}
    for term, own in zip(terms, units, strict=True):
        for unit, amount in own.items():
            if amount > merged.get(unit, 0.0):
                merged[unit] = amount
            level[unit] = max(level.get(unit, 0), LEVELS[term.recipe.kind])
    notes: list[str] = []
    for first, second, problem in _OPPOSED:
        if not any(_both(own, first, second) for own in units):
            _oppose(merged, level, (first, second), problem, notes)
    return merged, notes


def _members(units: Iterable[int], group: frozenset[int]) -> list[int]:
    return [u for u in units if u % LEFT in group]


def _both(units: dict[int, float], first: frozenset[int], second: frozenset[int]) -> bool:
    return bool(_members(units, first)) and bool(_members(units, second))


def _oppose(
    merged: dict[int, float],
    level: dict[int, int],
    groups: tuple[frozenset[int], frozenset[int]],
    problem: str,
    notes: list[str],
) -> None:
    """Lets the more precise, else the stronger, of two opposed groups stay, weakened by the other."""
    a, b = (_members(merged, group) for group in groups)
    if not a or not b:
        return
    size_a, size_b = (max(merged[u] for u in side) for side in (a, b))
    level_a, level_b = (max(level[u] for u in side) for side in (a, b))
    keep, drop, other = (a, b, size_b) if (level_a, size_a) >= (level_b, size_b) else (b, a, size_a)
    if level_a == level_b:
        if problem and min(size_a, size_b) >= _NOTED:
            names = (", ".join(unit_label(u) for u in sorted(side)) for side in (keep, drop))
            notes.append("{}: AU {} stays, AU {} gives way".format(problem, *names))
        for unit in keep:
            merged[unit] = max(merged[unit] - 0.4 * other, 0.4 * merged[unit])
    for unit in drop:
        del merged[unit]


def _feeling(terms: Sequence[Term]) -> tuple[float, float]:
    """Mean valence and arousal of the terms that name a feeling; weak ones are near the origin."""
    places = [
        (min(t.amount, 1.25), t.recipe.valence, t.recipe.arousal)
        for t in terms
        if t.recipe.valence is not None and t.recipe.arousal is not None
    ]
    total = max(1.0, sum(weight for weight, _, _ in places))
    if len(places) == 1:
        total = 1.0
    valence = sum(weight * v for weight, v, _ in places) / total
    arousal = sum(weight * a for weight, _, a in places) / total
    return max(-1.0, min(1.0, valence)), max(-1.0, min(1.0, arousal))
