"""What faces do: Action Units of emotions and of expressions.

The six basic emotions are those that avatars are captured with; the units follow Ekman & Friesen's
prototypes (1978), pain Prkachin & Solomon's scale (2008), the others were tuned by eye on a drawn head.
Valence and arousal: places on Russell's circumplex (1980).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from emoga_core.facs import LEFT, RIGHT

Kind = Literal["emotion", "expression", "feature"]
LEVELS: dict[Kind, int] = {"emotion": 0, "expression": 1, "feature": 2}
"""What is said more precisely counts more: of two that disagree the higher level wins."""


@dataclass(frozen=True)
class Recipe:
    """What a word or phrase does to the face.

    Attributes:
        name: what it is called when the reading is explained.
        units: unit -> activation in (0, 1] when the word stands alone.
        valence, arousal: in [-1, 1], or None when the phrase names no feeling.
        excludes: units that it takes from what is said less precisely ("closed mouth" parts no lips).
        core: units that a negation stops; by default the strong ones.
        collateral: units that go with the core where the core is stopped (teeth go with a smile).
    """

    name: str
    kind: Kind
    units: Mapping[int, float]
    valence: float | None = None
    arousal: float | None = None
    excludes: tuple[int, ...] = ()
    core: tuple[int, ...] = ()
    collateral: tuple[int, ...] = ()

    @property
    def stopped_by_negation(self) -> tuple[int, ...]:
        """`core`, or the units of at least half of the strongest one's activation."""
        if self.core or not self.units:
            return self.core or self.excludes
        strong = 0.45 * max(self.units.values())
        return tuple(unit for unit, amount in self.units.items() if amount >= strong)


_SMILE = (12, LEFT + 12, RIGHT + 12)
_WITH_A_SMILE = (10, 14, 16, 20, 25, 26, 27, LEFT + 14, RIGHT + 14)

_Row = tuple[dict[int, float], float | None, float | None]
_EMOTIONS: dict[str, _Row] = {
    "happy": ({6: 0.85, 7: 0.32, 10: 0.5, 12: 1.0, 14: 0.2, 20: 0.28, 25: 0.5, 26: 0.31}, 0.85, 0.45),
    "sad": ({1: 1.0, 4: 0.22, 6: 0.1, 7: 0.3, 15: 1.0, 17: 0.55, 20: 0.12, 41: 0.27, 64: 0.35}, -0.75, -0.4),
    "angry": ({2: 0.2, 4: 1.0, 5: 0.3, 7: 0.45, 9: 0.5, 15: 0.4, 23: 0.3, 24: 0.48, 29: 0.3}, -0.6, 0.7),
    "surprised": ({1: 0.95, 2: 1.0, 5: 0.9, 22: 0.38, 26: 0.9, 27: 0.18}, 0.15, 0.85),
    "disgusted": ({4: 0.6, 6: 0.65, 7: 0.65, 9: 1.0, 10: 0.9, 15: 0.5, 17: 0.35, 25: 0.3}, -0.7, 0.3),
    "afraid": (
        {1: 1.0, 2: 0.25, 4: 0.42, 5: 1.0, 15: 0.25, 16: 0.53, 20: 1.0, 25: 0.6, 26: 0.36}, -0.65, 0.8,
    ),
    "contemptuous": ({7: 0.3, 24: 0.2, 41: 0.35, 202: 0.35, 210: 0.3, 212: 0.5, 214: 0.8}, -0.4, 0.1),
    "smug": ({6: 0.2, 12: 0.4, 14: 0.35, 24: 0.15, 41: 0.45, 202: 0.45, 212: 0.45}, 0.4, 0.1),
    "proud": ({6: 0.25, 12: 0.65, 14: 0.35, 17: 0.25, 24: 0.2, 41: 0.25, 64: 0.1}, 0.6, 0.3),
    "bored": ({1: 0.1, 14: 0.2, 15: 0.35, 17: 0.25, 41: 0.5, 61: 0.35, 64: 0.1}, -0.35, -0.6),
    "tired": ({1: 0.4, 7: 0.15, 15: 0.35, 26: 0.1, 41: 0.6, 64: 0.15}, -0.25, -0.7),
    "sleepy": ({1: 0.35, 2: 0.15, 25: 0.15, 26: 0.25, 41: 0.85, 64: 0.2}, 0.0, -0.9),
    "exhausted": ({1: 0.6, 4: 0.15, 7: 0.2, 15: 0.55, 25: 0.1, 26: 0.3, 41: 0.65, 64: 0.2}, -0.45, -0.8),
    "worried": ({1: 0.9, 4: 0.5, 7: 0.2, 15: 0.35, 17: 0.2, 20: 0.2, 24: 0.25}, -0.5, 0.35),
    "anxious": ({1: 0.9, 4: 0.45, 5: 0.5, 15: 0.2, 20: 0.5, 24: 0.2}, -0.55, 0.6),
    "disappointed": ({1: 0.65, 4: 0.3, 14: 0.35, 15: 0.8, 17: 0.45, 24: 0.2, 41: 0.3, 64: 0.35}, -0.6, -0.3),
    "shy": ({1: 0.35, 6: 0.25, 12: 0.5, 14: 0.3, 24: 0.2, 41: 0.3, 61: 0.3, 64: 0.55}, 0.2, 0.1),
    "embarrassed": (
        {1: 0.4, 4: 0.15, 6: 0.35, 12: 0.4, 14: 0.3, 20: 0.3, 24: 0.45, 62: 0.45, 64: 0.55}, -0.2, 0.35,
    ),
    "ashamed": ({1: 0.8, 4: 0.35, 15: 0.55, 17: 0.3, 24: 0.3, 41: 0.4, 64: 0.8}, -0.6, -0.1),
    "confused": (
        {1: 0.25, 7: 0.35, 17: 0.25, 25: 0.2, 26: 0.12, 104: 0.75, 202: 0.8, 214: 0.3}, -0.15, 0.25,
    ),
    "skeptical": (
        {7: 0.3, 17: 0.3, 24: 0.35, 104: 0.75, 107: 0.25, 202: 0.9, 214: 0.4, 215: 0.3}, -0.25, 0.1,
    ),
    "suspicious": ({4: 0.65, 7: 0.85, 24: 0.35, 61: 0.45, 115: 0.2, 202: 0.2}, -0.35, 0.25),
    "thoughtful": ({4: 0.35, 7: 0.35, 14: 0.25, 18: 0.15, 24: 0.25, 61: 0.45, 63: 0.4}, 0.05, 0.0),
    "focused": ({4: 0.6, 7: 0.55, 23: 0.15, 24: 0.35}, 0.05, 0.35),
    "calm": ({12: 0.18, 41: 0.25}, 0.4, -0.5),
    "serene": ({6: 0.15, 12: 0.32, 41: 0.45}, 0.55, -0.5),
    "dreamy": ({1: 0.15, 6: 0.15, 12: 0.3, 41: 0.5, 61: 0.25, 63: 0.3}, 0.4, -0.4),
    "neutral": ({}, 0.0, 0.0),
    "serious": ({4: 0.35, 7: 0.15, 15: 0.1, 24: 0.3}, -0.1, 0.1),
    "determined": ({4: 0.7, 7: 0.45, 17: 0.3, 23: 0.2, 24: 0.5, 29: 0.25}, 0.1, 0.5),
    "flirty": ({6: 0.35, 7: 0.25, 12: 0.5, 14: 0.3, 41: 0.35, 202: 0.4, 212: 0.35}, 0.6, 0.4),
    "mischievous": ({4: 0.3, 6: 0.5, 7: 0.45, 12: 0.8, 14: 0.2, 102: 0.55, 212: 0.25}, 0.45, 0.5),
    "evil": ({4: 0.9, 7: 0.45, 12: 0.6, 14: 0.3, 202: 0.5, 212: 0.4}, -0.4, 0.5),
    "in pain": (
        {1: 0.25, 4: 1.0, 6: 0.8, 7: 0.9, 9: 0.55, 10: 0.55, 16: 0.3, 20: 0.75, 25: 0.5, 41: 0.45}, -0.8, 0.7,
    ),
    "excited": ({1: 0.5, 2: 0.65, 5: 0.6, 6: 0.55, 12: 0.95, 25: 0.65, 26: 0.7}, 0.8, 0.85),
    "amused": ({6: 0.6, 7: 0.3, 12: 0.65, 14: 0.2, 25: 0.25}, 0.65, 0.35),
    "content": ({6: 0.35, 12: 0.5, 14: 0.1, 41: 0.15}, 0.65, -0.2),
    "loving": ({1: 0.3, 6: 0.45, 12: 0.55, 41: 0.3}, 0.75, 0.1),
    "hopeful": ({1: 0.5, 2: 0.3, 5: 0.25, 6: 0.2, 12: 0.4, 25: 0.1, 63: 0.3}, 0.5, 0.3),
    "relieved": ({1: 0.4, 6: 0.35, 12: 0.5, 25: 0.2, 26: 0.25, 41: 0.7}, 0.55, -0.3),
    "curious": ({1: 0.45, 2: 0.6, 5: 0.35, 12: 0.12, 25: 0.15, 26: 0.12}, 0.25, 0.4),
    "impressed": ({1: 0.55, 2: 0.75, 5: 0.2, 15: 0.4, 17: 0.5}, 0.4, 0.35),
    "amazed": ({1: 0.8, 2: 0.95, 5: 0.8, 6: 0.2, 12: 0.4, 25: 0.3, 26: 0.95}, 0.5, 0.85),
    "shocked": ({1: 0.9, 2: 0.9, 4: 0.15, 5: 1.0, 20: 0.2, 25: 0.3, 26: 1.0, 27: 0.3}, -0.3, 0.95),
    "annoyed": ({4: 0.65, 7: 0.45, 9: 0.15, 14: 0.35, 15: 0.25, 24: 0.4, 41: 0.2}, -0.45, 0.3),
    "frustrated": ({1: 0.25, 4: 0.85, 7: 0.45, 14: 0.4, 15: 0.35, 17: 0.45, 24: 0.5}, -0.6, 0.5),
    "enraged": (
        {4: 1.0, 5: 0.45, 7: 0.5, 9: 0.85, 10: 0.65, 16: 0.55, 20: 0.35, 25: 0.45, 29: 0.4}, -0.75, 0.95,
    ),
    "jealous": ({4: 0.65, 7: 0.6, 15: 0.35, 24: 0.3, 61: 0.55, 214: 0.5}, -0.5, 0.3),
    "lonely": ({1: 0.8, 4: 0.2, 15: 0.6, 17: 0.3, 41: 0.35, 64: 0.45}, -0.6, -0.5),
    "nostalgic": ({1: 0.6, 6: 0.15, 12: 0.3, 41: 0.35, 61: 0.3, 64: 0.2}, 0.1, -0.35),
    "desperate": (
        {1: 1.0, 4: 0.6, 5: 0.45, 7: 0.3, 15: 0.55, 16: 0.3, 20: 0.6, 25: 0.45, 26: 0.3}, -0.8, 0.6,
    ),
    "pleading": ({1: 1.0, 2: 0.2, 5: 0.45, 15: 0.3, 17: 0.3, 25: 0.12, 63: 0.3}, -0.2, 0.3),
    "bittersweet": ({1: 0.9, 4: 0.15, 6: 0.35, 12: 0.65, 14: 0.15, 24: 0.15, 41: 0.25, 64: 0.2}, 0.1, -0.1),
    "sympathetic": ({1: 0.75, 4: 0.25, 12: 0.25, 14: 0.2, 41: 0.15}, 0.2, -0.1),
    "silly": ({6: 0.6, 7: 0.2, 12: 0.9, 25: 0.45, 26: 0.45, 61: 0.3, 202: 0.8}, 0.7, 0.6),
}  # fmt: skip
"""Name -> (units, valence, arousal); 100 + n is unit n on the left alone, 200 + n on the right."""

_EXPRESSIONS: dict[str, _Row] = {
    "smile": ({6: 0.45, 12: 0.8, 14: 0.1}, 0.6, 0.2),
    "grin": ({6: 0.6, 10: 0.5, 12: 0.95, 16: 0.25, 20: 0.3, 25: 0.6, 26: 0.3}, 0.75, 0.45),
    "laugh": ({6: 1.0, 7: 0.55, 10: 0.5, 12: 1.0, 16: 0.2, 20: 0.15, 25: 0.6, 26: 1.0, 41: 0.5}, 0.9, 0.75),
    "chuckle": ({6: 0.75, 7: 0.35, 10: 0.3, 12: 0.85, 25: 0.5, 26: 0.5, 41: 0.3}, 0.8, 0.5),
    "smirk": ({7: 0.15, 24: 0.12, 41: 0.15, 206: 0.3, 212: 0.75, 214: 0.4}, 0.3, 0.2),
    "frown": ({1: 0.2, 4: 0.8, 7: 0.2, 15: 0.6, 17: 0.25}, -0.5, 0.1),
    "scowl": ({4: 1.0, 7: 0.5, 9: 0.3, 15: 0.4, 24: 0.4}, -0.6, 0.5),
    "glare": ({4: 0.9, 5: 0.5, 7: 0.5, 24: 0.35}, -0.6, 0.6),
    "stare": ({5: 0.55}, None, None),
    "squint": ({4: 0.3, 6: 0.3, 44: 0.95}, None, None),
    "blink": ({45: 1.0}, None, None),
    "wink": ({46: 1.0, 106: 0.3, 112: 0.35}, None, None),
    "pout": ({15: 0.35, 17: 0.85, 18: 0.3, 22: 0.3}, -0.3, 0.1),
    "sulk": ({4: 0.5, 15: 0.55, 17: 0.75, 22: 0.2, 64: 0.3}, -0.5, 0.0),
    "sneer": ({4: 0.35, 9: 0.45, 207: 0.3, 209: 0.4, 210: 0.9, 214: 0.4}, -0.6, 0.4),
    "snarl": ({4: 0.9, 7: 0.5, 9: 1.0, 10: 0.9, 16: 0.35, 25: 0.4}, -0.7, 0.8),
    "grimace": ({4: 0.6, 6: 0.4, 7: 0.65, 9: 0.3, 16: 0.45, 20: 0.95, 25: 0.55}, -0.6, 0.5),
    "wince": ({4: 0.75, 6: 0.7, 7: 0.9, 9: 0.4, 20: 0.6, 25: 0.3, 41: 0.8}, -0.6, 0.5),
    "gasp": ({1: 0.5, 2: 0.55, 5: 0.7, 26: 1.0, 27: 0.15}, 0.0, 0.7),
    "scream": ({4: 0.7, 7: 0.5, 9: 0.4, 10: 0.3, 16: 0.35, 20: 0.35, 25: 0.4, 27: 0.95}, -0.4, 0.95),
    "yawn": ({1: 0.4, 4: 0.2, 7: 0.3, 27: 1.0, 43: 0.85}, 0.0, -0.7),
    "kiss": ({18: 1.0, 41: 0.5}, 0.5, 0.2),
    "whistle": ({18: 0.9, 22: 0.25}, None, None),
    "cry": (
        {1: 1.0, 4: 0.55, 6: 0.5, 7: 0.6, 15: 0.75, 16: 0.3, 17: 0.5, 20: 0.55, 25: 0.6, 26: 0.35, 41: 0.6},
        -0.85, 0.3,
    ),
    "tears": ({1: 0.9, 4: 0.3, 7: 0.45, 15: 0.5, 17: 0.45, 41: 0.35}, -0.5, 0.1),
    "eye roll": ({2: 0.25, 41: 0.25, 63: 1.0}, -0.3, 0.1),
    "tongue": ({19: 0.9}, None, None),
    "gulp": ({1: 0.4, 17: 0.4, 20: 0.3, 24: 0.4}, -0.3, 0.4),
    "sigh": ({1: 0.3, 25: 0.25, 26: 0.3, 41: 0.7}, -0.2, -0.4),
    "lip bite": ({26: 0.12, 28: 0.45}, None, None),
}  # fmt: skip


@dataclass(frozen=True)
class _Stops:
    core: tuple[int, ...] = ()
    collateral: tuple[int, ...] = ()
    excludes: tuple[int, ...] = ()


_HAPPY = _Stops((6, *_SMILE), _WITH_A_SMILE)
_STOPS: dict[str, _Stops] = {
    **dict.fromkeys(("happy", "amused", "excited", "content", "loving", "silly"), _HAPPY),
    **dict.fromkeys(("smile", "grin", "laugh", "chuckle", "smirk"), _Stops(_SMILE, _WITH_A_SMILE)),
    "frown": _Stops(core=(4, 15)),
    "stare": _Stops(excludes=(41, 43)),
    "squint": _Stops(core=(44, 7), excludes=(5,)),
    "blink": _Stops(excludes=(5,)),
    "wink": _Stops(core=(46,)),
    "cry": _Stops(core=(1, 15, 17, 20)),
    "eye roll": _Stops(core=(63,)),
    "tongue": _Stops(core=(19,)),
    "lip bite": _Stops(core=(28,), excludes=(24,)),
}


def _recipe(name: str, kind: Kind, row: _Row) -> Recipe:
    stops = _STOPS.get(name, _Stops())
    return Recipe(name, kind, *row, stops.excludes, stops.core, stops.collateral)


RECIPES: dict[str, Recipe] = {
    **{name: _recipe(name, "emotion", row) for name, row in _EMOTIONS.items()},
    **{name: _recipe(name, "expression", row) for name, row in _EXPRESSIONS.items()},
    # A posed smile leaves the eyes alone (Duchenne); nothing of it can be forbidden (0 is no unit).
    "fake": Recipe("fake", "feature", {}, excludes=(6, 7), core=(0,)),
    "genuine": Recipe("genuine", "feature", {6: 0.75, 7: 0.2}, core=(0,)),
}
"""Emotions and expressions by name."""
