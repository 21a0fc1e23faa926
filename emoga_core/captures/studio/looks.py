"""What a subject looks like beyond geometry: colours, brows, stubble, hair style."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

Colour = tuple[float, float, float]
"""Linear RGB."""


class HairStyle(IntEnum):
    """How the hair is worn; all lie close to the head."""

    NONE = 0
    CROP = 1
    SHORT = 2
    CURLS = 3
    PIXIE = 4
    BUN = 5


class Look(NamedTuple):
    """Paint of one subject."""

    skin: Colour
    lips: Colour
    hair: Colour
    iris: Colour
    style: HairStyle = HairStyle.SHORT
    age: float = 0.3
    """0 = twenty, 1 = eighty years: wrinkles, spots, dark lids."""
    femininity: float = 0.0
    """0..1: higher, thinner brows, softer folds, more colour in the cheeks."""
    brows: float = 1.0
    stubble: float = 0.0
    makeup: float = 0.0
    freckles: float = 0.0
