"""Paint of teeth, gums and tongue."""

from __future__ import annotations

import math

from numba import njit

from .noise import fractal_noise, smoothstep
from .skin import Material


@njit(cache=True)
def paint_tooth(z: float, across: float, height: float, number: float) -> Material:
    """Enamel at depth z (m) in the rest pose; coordinates as in `teeth.ArchMesh`.

    Yellower at the neck, glassier at the edge, darker between teeth; back teeth lose light slowly.
    """
    number = abs(number)
    front = smoothstep(0.106, 0.138, z)
    light = 0.18 + 0.82 * front
    tone = (1 + 0.03 * math.sin(number * 2.7)) * (0.95 if abs((number % 20) - 2) < 0.5 else 1.0)
    neck = 0.16 * smoothstep(0.45, 0.0, height)
    edge = 0.10 * smoothstep(0.85, 1.0, height)
    gap = (0.42 if number % 20 < 2.5 else 0.24) * smoothstep(0.82, 1.0, abs(across))
    red = 0.82 * tone * (1 - 0.5 * neck) * (1 - 1.2 * edge) * (1 - 0.75 * gap) * light
    green = 0.755 * tone * (1 - neck) * (1 - 0.9 * edge) * (1 - 0.95 * gap) * light * (0.84 + 0.16 * front)
    blue = 0.645 * tone * (1 - 1.8 * neck) * (1 - 0.5 * edge) * (1 - gap) * light * (0.76 + 0.24 * front)
    return Material(red, green, blue, 0.22, 0.045 * light * light, 0.0)


@njit(cache=True)
def paint_gum(x: float, y: float, z: float, px: float) -> Material:
    """Wet pink, darker at the back."""
    light = 0.45 + 0.55 * smoothstep(0.10, 0.142, z)
    gain = (1 + 0.12 * fractal_noise(x, y, z, 400.0, 2, px)) * light
    return Material(0.50 * gain, 0.19 * gain, 0.175 * gain, 0.45, 0.025 * light, 0.0)


@njit(cache=True)
def paint_tongue(x: float, y: float, z: float, px: float) -> Material:
    """Red, rough, darker at the back."""
    gain = (1 + 0.2 * fractal_noise(x, y, z, 250.0, 2, px)) * (0.35 + 0.65 * smoothstep(0.075, 0.140, z))
    return Material(0.46 * gain, 0.15 * gain, 0.14 * gain, 0.62, 0.02, 0.0)
