"""Puts the words of a prompt together: which action goes with which part, which word grades or negates
which."""

from __future__ import annotations

from dataclasses import replace

from emoga_core.edit.prompts.features import REGIONS
from emoga_core.edit.prompts.grading import grade, negate
from emoga_core.edit.prompts.lexer import Item
from emoga_core.edit.prompts.parts import find_features
from emoga_core.edit.prompts.recipes import RECIPES, Recipe
from emoga_core.edit.prompts.terms import Sentence, Term, breaks, part_of
from emoga_core.facs import ACTION_UNIT_NAMES, LEFT, RIGHT, SIDED


def parse(items: list[Item]) -> Sentence:
    """The terms of a prompt, graded and negated."""
    sentence = Sentence(items)
    claimed = find_features(sentence)
    _recipes(sentence, claimed)
    sentence.terms.sort(key=lambda term: term.start)
    _sides(sentence, claimed)
    negate(sentence)
    grade(sentence, claimed)
    for item in items:
        if item.index in sentence.used:
            continue
        meaning = item.meaning
        elsewhere = meaning is not None and meaning.part == "elsewhere"
        action = meaning is not None and (meaning.action or meaning.recipe) and not meaning.empty
        if meaning is None or elsewhere or action:
            sentence.unknown.append(item.index)
    return sentence


def _recipes(sentence: Sentence, claimed: set[int]) -> None:
    for item in sentence.items:
        if item.unit is not None:
            if item.unit in ACTION_UNIT_NAMES:
                recipe = Recipe(f"AU {item.unit}", "feature", {item.unit: 1.0}, core=(item.unit,))
                sentence.terms.append(Term(recipe, item.index, item.index, item.text))
                sentence.used[item.index] = recipe.name
            else:
                sentence.unknown.append(item.index)
                sentence.used[item.index] = "unknown unit"
        elif item.meaning and item.meaning.recipe and item.index not in claimed:
            name, strength = item.meaning.recipe
            recipe = _at_part(sentence, item, RECIPES[name])
            sentence.terms.append(Term(recipe, item.index, item.index, item.text, strength))
            sentence.used[item.index] = f"{recipe.kind}: {name}"


def _at_part(sentence: Sentence, item: Item, recipe: Recipe) -> Recipe:
    """The recipe limited to the part that it describes: "sad eyes"."""
    for other in sentence.items[item.index + 1 :]:
        part = part_of(other)
        if (
            part in REGIONS
            and other.index not in sentence.used
            and not (part == "gaze" and other.text == "look")
        ):
            units = {u: a for u, a in recipe.units.items() if u % LEFT in REGIONS[part]}
            if units:
                sentence.used[other.index] = part
                return replace(recipe, units=units)
            return recipe
        meaning = other.meaning
        if meaning is None or not (meaning.empty or meaning.factor) or breaks(other):
            break
    return recipe


def _sides(sentence: Sentence, claimed: set[int]) -> None:
    """ "one eyebrow raised", "a crooked smile": limits the next term (or the one around) to one side."""
    for item in sentence.items:
        side = item.meaning.side if item.meaning else None
        if side is None or item.index in sentence.used:
            continue
        for term in sentence.terms:
            if term.end < item.index:
                continue
            between = sentence.items[item.index : term.start]
            if any(breaks(i) for i in between):
                break
            limited = one_sided(term.recipe, side)
            if limited is not None:
                term.recipe = limited
                sentence.used[item.index] = f"{side} side"
                claimed.add(item.index)
            break


def one_sided(recipe: Recipe, side: str) -> Recipe | None:
    """A recipe on the subject's left or right alone; None when it has nothing that can be one-sided."""
    base = RIGHT if side == "right" else LEFT
    units: dict[int, float] = {}
    for unit, amount in recipe.units.items():
        if unit in SIDED:
            units[base + unit] = amount
        elif unit % 100 in SIDED and unit > LEFT:
            units[base + unit % 100] = amount
        elif not (recipe.kind == "feature" and unit == 1):  # one brow: its inner end has no side of its own
            units[unit] = amount
    return replace(recipe, units=units) if any(unit > LEFT for unit in units) else None
