"""Finds the parts of the face that a prompt names, and what is to happen to each."""

from __future__ import annotations

from emoga_core.edit.prompts.features import DEFAULT_ACTION, feature, whole
from emoga_core.edit.prompts.lexer import Item
from emoga_core.edit.prompts.terms import Sentence, Term, breaks, negated_before, part_of
from emoga_core.edit.prompts.words import LINKS

_DIRECTIONS = {
    "raise", "lower", "left", "right", "forward", "stretch", "furrow", "away", "ahead", "drop", "twist",
}  # fmt: skip


def find_features(sentence: Sentence) -> set[int]:
    """Adds the terms that name a part of the face; returns the items they took."""
    items = sentence.items
    claimed: set[int] = set()
    actions_of: dict[int, list[int]] = {}
    parts = [item for item in items if part_of(item)]
    for item in parts:
        found = _actions_beside(items, item, -1, claimed) or _actions_beside(items, item, +1, claimed)
        actions_of[item.index] = found
        claimed.update(found)
    for item in parts:
        found = actions_of[item.index] or _shared(items, item, actions_of)
        _add_feature(sentence, item, found, claimed)
    return claimed


def _actions_beside(items: list[Item], part: Item, step: int, claimed: set[int]) -> list[int]:
    """Indices of the actions on one side of a part that mean something for it."""
    name = part_of(part) or ""
    found: list[int] = []
    index = part.index + step
    while 0 <= index < len(items):
        item = items[index]
        meaning = item.meaning
        if (
            breaks(item)
            or (part_of(item) and part_of(item) != "gaze")
            or (meaning and meaning.negates and found)
        ):
            break
        if meaning and meaning.action and index not in claimed:
            fits = meaning.action in ("move", "any") or feature(name, meaning.action) is not None
            if fits and not (step > 0 and _belongs_right(items, item)):
                found.append(index)
        elif meaning is not None and meaning.recipe and not meaning.action:
            break
        index += step
    return sorted(found)


def _belongs_right(items: list[Item], action: Item) -> bool:
    """Whether an action stands directly before another part that it suits: "brows up, [open] mouth"."""
    for item in items[action.index + 1 :]:
        if breaks(item):
            return False
        name = part_of(item)
        if name and name != "gaze":
            assert action.meaning is not None
            return feature(name, action.meaning.action or "") is not None and not _acts_after(items, item)
        if item.meaning and item.meaning.recipe:
            return False
    return False


def _acts_after(items: list[Item], part: Item) -> bool:
    """Whether a part is followed by an action of its own: "eyes closed mouth [open]"."""
    for item in items[part.index + 1 :]:
        if breaks(item) or part_of(item):
            return False
        if item.meaning and item.meaning.action:
            return feature(part_of(part) or "", item.meaning.action) is not None
    return False


def _shared(items: list[Item], part: Item, actions_of: dict[int, list[int]]) -> list[int]:
    """Actions of the neighbour in an enumeration: "wide eyes and mouth", "eyes and mouth open"."""
    for step in (-1, +1):
        index = part.index + step
        linked = False
        while 0 <= index < len(items):
            item = items[index]
            if item.text in ("and", "&", "or", ",") or item.text in LINKS:
                linked = True
            elif part_of(item):
                actions = actions_of.get(index, []) if linked else []
                suits = [
                    i for i in actions
                    if (m := items[i].meaning) and feature(part_of(part) or "", m.action or "") is not None
                    and (i < index if step < 0 else i > index)
                ]  # fmt: skip
                if suits:
                    return suits
                break
            elif not (item.meaning and item.meaning.empty and not item.meaning.recipe):
                break
            index += step
    return []


def _add_feature(sentence: Sentence, part: Item, found: list[int], claimed: set[int]) -> None:
    name = part_of(part) or ""
    items = sentence.items
    acts = [i for i in found if (m := items[i].meaning) and m.action]
    if len(acts) > 1:  # "close the left eye": a side, not where it looks
        sides = [i for i in acts if i < part.index and items[i].text.lower() in ("left", "right")]
        claimed.difference_update(sides)
        found = [i for i in found if i not in sides]
    names = [m.action for i in found if (m := items[i].meaning) and m.action]
    if len(set(names) & _DIRECTIONS) and "move" in names:
        names = [n for n in names if n != "move"]
    if {"wide", "open"} <= set(names):
        names = ["gape"]
    recipes = [recipe for n in dict.fromkeys(names) if (recipe := feature(name, n)) is not None]
    if not recipes and name in DEFAULT_ACTION:
        recipes = [r for r in (feature(name, DEFAULT_ACTION[name]),) if r is not None]
    near = [i for i in found if _reachable(items, part.index, i)]
    start, end = min([part.index, *near]), max([part.index, *near])
    if not recipes:
        if set(names) <= {"any", "move"}:
            inside = any(m.negates for item in items[start:end] if (m := item.meaning))
            recipe = whole(name) if inside or negated_before(items, start) else None
            recipes = [recipe] if recipe else []
        if not recipes:
            claimed.difference_update(found)
            return
    words = " ".join(items[i].text for i in sorted({part.index, *found}))
    for recipe in recipes:
        sentence.terms.append(Term(recipe, start, end, words))
    for i in (part.index, *found):
        sentence.used[i] = recipes[0].name
    claimed.add(part.index)


def _reachable(items: list[Item], a: int, b: int) -> bool:
    return not any(breaks(item) for item in items[min(a, b) : max(a, b)])
