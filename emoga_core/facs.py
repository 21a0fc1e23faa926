"""Numbers and names of facial Action Units (Ekman, Friesen, Hager: Facial Action Coding System, 2002).

No dependencies, so that programs that only talk about action units need no numerical library.
A number below 100 is FACS' own. FACS marks one-sided movements with a letter (L12, R4); here they are
100 + n on the subject's left and 200 + n on the right.
"""

from __future__ import annotations

LEFT, RIGHT = 100, 200
"""Added to a unit's number for the subject's left or right side alone."""

TEXT_ACTION_UNITS: tuple[int, ...] = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 23, 24, 25, 26, 45)
"""The 17 units that text-to-emotion controllers name."""

_NAMES: dict[int, str] = {
    1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser",
    6: "cheek raiser", 7: "lid tightener", 9: "nose wrinkler", 10: "upper lip raiser",
    12: "lip corner puller", 14: "dimpler", 15: "lip corner depressor", 16: "lower lip depressor",
    17: "chin raiser", 18: "lip pucker", 19: "tongue show", 20: "lip stretcher", 22: "lip funneler",
    23: "lip tightener", 24: "lip pressor", 25: "lips part", 26: "jaw drop", 27: "mouth stretch",
    28: "lip suck", 29: "jaw thrust", 34: "cheek puff", 41: "lid droop", 43: "eyes closed", 44: "squint",
    45: "blink", 46: "wink", 61: "eyes turn left", 62: "eyes turn right", 63: "eyes up", 64: "eyes down",
}  # fmt: skip

SIDED: tuple[int, ...] = (2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 20, 43)
"""Units that have one-sided variants."""

ACTION_UNIT_NAMES: dict[int, str] = {
    **_NAMES,
    **{LEFT + n: f"left {_NAMES[n]}" for n in SIDED},
    **{RIGHT + n: f"right {_NAMES[n]}" for n in SIDED},
}
"""Every unit that the product knows: number -> name."""


def unit_label(unit: int) -> str:
    """How FACS writes a unit: 12 -> "12", 112 -> "L12", 212 -> "R12"."""
    if unit >= RIGHT:
        return f"R{unit - RIGHT}"
    return f"L{unit - LEFT}" if unit >= LEFT else str(unit)
