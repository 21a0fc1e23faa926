"""Thin fibres as line segments: their container and how light glances off them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from .lighting import FILL, FILL_COLOUR, KEY, KEY_COLOUR, RIM, RIM_COLOUR, SKY


@dataclass(frozen=True)
class Strands:
    """n segments in metres.

    Attributes:
        start, end: (n, 3). radius: (n,) standard deviation across. colour: (n, 3) linear albedo.
        opacity: (n,). light: (n,) share of light that reaches the segment.
        normals: (n, 3) of the hair's outer hull: light from behind it is dimmed.
    """

    start: np.ndarray
    end: np.ndarray
    radius: np.ndarray
    colour: np.ndarray
    opacity: np.ndarray
    light: np.ndarray
    normals: np.ndarray

    def __len__(self) -> int:
        return len(self.radius)

    def moved(self, rotation: np.ndarray, shift: np.ndarray) -> Strands:
        """The same strands after x -> rotation x + shift."""
        turn = rotation.T
        return Strands(
            self.start @ turn + shift, self.end @ turn + shift, self.radius, self.colour, self.opacity,
            self.light,
            self.normals @ turn,
        )  # fmt: skip

    @staticmethod
    def joined(parts: list[Strands]) -> Strands:
        """One container of all."""
        names = ("start", "end", "radius", "colour", "opacity", "light", "normals")
        return Strands(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


@njit(cache=True)
def strand_radiance(
    start: np.ndarray,
    end: np.ndarray,
    colour: np.ndarray,
    light: np.ndarray,
    normals: np.ndarray,
    viewer: np.ndarray,
) -> np.ndarray:
    """(n, 3) light towards `viewer` (3,), after Kajiya and Kay, "Rendering fur with three dimensional
    textures" (1989),
    with a second, coloured highlight shifted towards the root (Marschner et al. 2003)."""
    lamps = (
        (KEY, KEY_COLOUR, 1.0, 1.0),
        (FILL, FILL_COLOUR, 1.3, 0.6),
        (RIM, RIM_COLOUR, 1.2, 0.8),
    )
    out = np.empty_like(colour)
    for i in range(len(colour)):
        tx, ty, tz = end[i, 0] - start[i, 0], end[i, 1] - start[i, 1], end[i, 2] - start[i, 2]
        s = 1 / (np.sqrt(tx * tx + ty * ty + tz * tz) + 1e-12)
        tx, ty, tz = tx * s, ty * s, tz * s
        vx = viewer[0] - 0.5 * (start[i, 0] + end[i, 0])
        vy = viewer[1] - 0.5 * (start[i, 1] + end[i, 1])
        vz = viewer[2] - 0.5 * (start[i, 2] + end[i, 2])
        s = 1 / (np.sqrt(vx * vx + vy * vy + vz * vz) + 1e-12)
        vx, vy, vz = vx * s, vy * s, vz * s
        for c in range(3):
            out[i, c] = colour[i, c] * SKY[c] * 0.55 * light[i]
        for lamp, tint, gain, weight in lamps:
            tl = tx * lamp[0] + ty * lamp[1] + tz * lamp[2]
            sine = np.sqrt(max(0.0, 1 - tl * tl))
            hx, hy, hz = lamp[0] + vx, lamp[1] + vy, lamp[2] + vz
            s = 1 / (np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-12)
            th = (tx * hx + ty * hy + tz * hz) * s
            sharp = max(0.0, 1 - th * th) ** 35
            broad = max(0.0, 1 - (th + 0.12) ** 2) ** 9
            facing = normals[i, 0] * lamp[0] + normals[i, 1] * lamp[1] + normals[i, 2] * lamp[2]
            lit = light[i] * min(1.0, max(0.0, (facing + 0.45) / 1.45)) * weight * gain
            for c in range(3):
                diffuse = colour[i, c] * (0.55 * sine + 0.5 * broad)
                out[i, c] += (diffuse + 0.055 * sharp) * tint[c] * lit
    return out


def unit_rows(v: np.ndarray) -> np.ndarray:
    """Rows of v (n, 3) at unit length."""
    return v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-12)
