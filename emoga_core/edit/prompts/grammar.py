"""Puts the words of a prompt together: which action goes with which part, which word grades or negates
which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from emoga_core.edit.prompts.features import DEFAULT_ACTION, REGIONS, feature, whole
from emoga_core.edit.prompts.lexer import Item
from emoga_core.edit.prompts.recipes import RECIPES, Recipe
from emoga_core.edit.prompts.words import LINKS
from emoga_core.facs import ACTION_UNIT_NAMES, LEFT, RIGHT, SIDED

_DIRECTIONS = {
    "raise",
    "lower",
    "left",
    "right",
    "forward",
    "stretch",
    "furrow",
    "away",
    "ahead",
    "drop",
    "twist",
}
_LIMITS = (0.1, 1.6)


@dataclass
class Term:
    """One thing that the prompt asks of the face, or forbids.

    Attributes:
        recipe: what; start, end: the items that say so; scale: product of its intensity words.
        strength: of the word itself; negated: forbidden; words: what was written.
    """

    recipe: Recipe
    start: int
    end: int
    words: str
    strength: float = 1.0
    scale: float = 1.0
    negated: bool = False

    @property
    def amount(self) -> float:
        """Factor of the recipe's activations."""
        return min(max(self.scale, _LIMITS[0]), _LIMITS[1]) * self.strength


@dataclass
class Sentence:
    """A prompt taken apart.

    Attributes:
        items: its words and phrases; terms: in order.
        used: what items did, by index, as people read it.
        unknown: indices of items that did nothing and should have.
    """

    items: list[Item]
    terms: list[Term] = field(default_factory=list)
    used: dict[int, str] = field(default_factory=dict)
    unknown: list[int] = field(default_factory=list)


def parse(items: list[Item]) -> Sentence:
    """The terms of a prompt, graded and negated."""
    sentence = Sentence(items)
    claimed = _features(sentence)
    _recipes(sentence, claimed)
    sentence.terms.sort(key=lambda term: term.start)
    _sides(sentence, claimed)
    _negations(sentence)
    _intensities(sentence, claimed)
    for item in items:
        if item.index in sentence.used:
            continue
        meaning = item.meaning
        elsewhere = meaning is not None and meaning.part == "elsewhere"
        action = meaning is not None and (meaning.action or meaning.recipe) and not meaning.empty
        if meaning is None or elsewhere or action:
            sentence.unknown.append(item.index)
    return sentence


# Parts and actions -------------------------------------------------------------------------------------


def _breaks(item: Item) -> bool:
    meaning = item.meaning
    return meaning is not None and (meaning.hard or meaning.soft or meaning.link)


def _part(item: Item) -> str | None:
    return item.meaning.part if item.meaning else None


def _features(sentence: Sentence) -> set[int]:
    """Adds the terms that name a part of the face; returns the items they took."""
    items = sentence.items
    claimed: set[int] = set()
    actions_of: dict[int, list[int]] = {}
    parts = [item for item in items if _part(item)]
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
    name = _part(part) or ""
    found: list[int] = []
    index = part.index + step
    while 0 <= index < len(items):
        item = items[index]
        meaning = item.meaning
        if (
            _breaks(item)
            or (_part(item) and _part(item) != "gaze")
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
        if _breaks(item):
            return False
        name = _part(item)
        if name and name != "gaze":
            assert action.meaning is not None
            return feature(name, action.meaning.action or "") is not None and not _acts_after(items, item)
        if item.meaning and item.meaning.recipe:
            return False
    return False


def _acts_after(items: list[Item], part: Item) -> bool:
    """Whether a part is followed by an action of its own: "eyes closed mouth [open]"."""
    for item in items[part.index + 1 :]:
        if _breaks(item) or _part(item):
            return False
        if item.meaning and item.meaning.action:
            return feature(_part(part) or "", item.meaning.action) is not None
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
            elif _part(item):
                actions = actions_of.get(index, []) if linked else []
                suits = [
                    i for i in actions
                    if (m := items[i].meaning) and feature(_part(part) or "", m.action or "") is not None
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
    name = _part(part) or ""
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
        if not names or names == ["any"]:
            recipe = whole(name) if _negated_before(items, start) else None
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
    return not any(_breaks(item) for item in items[min(a, b) : max(a, b)])


def _negated_before(items: list[Item], start: int) -> bool:
    for item in reversed(items[:start]):
        if item.meaning and item.meaning.negates:
            return True
        before = items[item.index - 1].meaning if item.index else None
        behind = before is not None and before.negates  # "not with the eyes"
        if _breaks(item) and not behind and not (item.meaning and item.meaning.link):
            return False
    return False


# Emotions, expressions, units --------------------------------------------------------------------------


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
        part = _part(other)
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
        if meaning is None or not (meaning.empty or meaning.factor) or _breaks(other):
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
            if any(_breaks(i) for i in between):
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


# Negation and intensity --------------------------------------------------------------------------------


def _negations(sentence: Sentence) -> None:
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


def _intensities(sentence: Sentence, claimed: set[int]) -> None:
    for group in _intensity_groups(sentence, claimed):
        factor = _combined([f for item in group if item.meaning and (f := item.meaning.factor)])
        adjective = any(item.meaning and item.meaning.adjective for item in group)
        targets = _measured(sentence, group[0]) or _graded(
            sentence, group[0].index, group[-1].index, adjective
        )
        if (
            factor > 1
            and len(targets) == len(sentence.terms)
            and _negated_before(sentence.items, group[0].index)
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
        if _breaks(item) and not (comma and adjective):
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
        if _breaks(items[index]):
            break
        before = [t for t in terms if t.end == index]
        if before:
            return before
    return list(terms)
