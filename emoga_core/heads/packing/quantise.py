"""Compact storage: uniform integer steps, low and high bytes in separate planes so that deflate finds
them."""

from __future__ import annotations

import numpy as np

from emoga_core.errors import EmogaError


def pack_int16(name: str, values: np.ndarray, step: float) -> dict[str, np.ndarray]:
    """`values` as multiples of `step`: entries NAME.low, NAME.high (u8), NAME.step.

    Raises:
        EmogaError: a value needs more than 16 bits at this step.
    """
    steps = np.rint(values / step)
    if np.abs(steps).max(initial=0) > 32767:
        raise EmogaError(f"{name}: values up to {np.abs(values).max():g} do not fit 16 bits at step {step:g}")
    zigzag = np.where(steps >= 0, 2 * steps, -2 * steps - 1).astype(np.uint16)
    return {
        f"{name}.low": (zigzag & 255).astype(np.uint8),
        f"{name}.high": (zigzag >> 8).astype(np.uint8),
        f"{name}.step": np.array(step, np.float32),
    }


def unpack_int16(arrays, name: str) -> np.ndarray:
    """The inverse of `pack_int16`, float32."""
    zigzag = arrays[f"{name}.low"].astype(np.int32) | (arrays[f"{name}.high"].astype(np.int32) << 8)
    steps = np.where(zigzag & 1, -(zigzag + 1) // 2, zigzag // 2)
    return steps.astype(np.float32) * np.float32(arrays[f"{name}.step"])
