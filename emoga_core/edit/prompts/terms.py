"""What a prompt is taken apart into."""

from __future__ import annotations

from dataclasses import dataclass, field

from emoga_core.edit.prompts.lexer import Item
from emoga_core.edit.prompts.recipes import Recipe

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


def breaks(item: Item) -> bool:
    meaning = item.meaning
    return meaning is not None and (meaning.hard or meaning.soft or meaning.link)


def part_of(item: Item) -> str | None:
    return item.meaning.part if item.meaning else None


def negated_before(items: list[Item], start: int) -> bool:
    for item in reversed(items[:start]):
        if item.meaning and item.meaning.negates:
            return True
        before = items[item.index - 1].meaning if item.index else None
        behind = before is not None and before.negates  # "not with the eyes"
        if breaks(item) and not behind and not (item.meaning and item.meaning.link):
            return False
    return False
