"""What the studio's surface is made of."""

from __future__ import annotations

from enum import IntEnum


class Part(IntEnum):
    """Label per triangle of the studio's surface."""

    SKIN = 0
    LEFT_EYE = 1
    RIGHT_EYE = 2
    TONGUE = 3
    UPPER_TEETH = 4
    LOWER_TEETH = 5
    GUMS = 6
