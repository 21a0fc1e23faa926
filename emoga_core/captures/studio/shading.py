"""Light on a material: wrapped diffuse with scattering for skin, GGX highlights, wet eyes, and the tone
curve."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from .lighting import FILL, FILL_COLOUR, GROUND, KEY, KEY_COLOUR, RIM, RIM_COLOUR, SKY, Triple
from .noise import smoothstep
from .skin import Material


@njit(inline="always")
def _dot(a: Triple, b: Triple) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(inline="always")
def _clip(x: float) -> float:
    return 0.0 if x < 0 else (1.0 if x > 1 else x)


@njit(inline="always")
def normalise(x: float, y: float, z: float) -> Triple:
    """Unit vector."""
    s = 1 / (math.sqrt(x * x + y * y + z * z) + 1e-12)
    return x * s, y * s, z * s


@njit(cache=True)
def highlight(n: Triple, v: Triple, light: Triple, roughness: float, specular: float) -> float:
    """GGX lobe with Schlick's Fresnel term and Smith's masking, times the cosine."""
    nl = _clip(_dot(n, light))
    if nl <= 0:
        return 0.0
    h = normalise(light[0] + v[0], light[1] + v[1], light[2] + v[2])
    nh, vh, nv = _clip(_dot(n, h)), _clip(_dot(v, h)), max(0.05, _dot(n, v))
    a = roughness * roughness
    d = nh * nh * (a * a - 1) + 1
    lobe = a * a / (math.pi * d * d)
    fresnel = specular + (1 - specular) * (1 - vh) ** 5
    k = (roughness + 1) ** 2 / 8
    return lobe * fresnel * nl / (4 * (nl * (1 - k) + k) * (nv * (1 - k) + k))


@njit(cache=True)
def radiance(m: Material, n: Triple, v: Triple, ambient: float, key: float) -> Triple:
    """Linear light towards the viewer from a point with unit normal n, unit view direction v.

    `ambient` and `key` are the shares of sky and key light that arrive. Skin wraps light around its
    terminator, red
    furthest, and tints its shadows: a cheap stand-in for scattering under the surface.
    """
    s = m.skin
    albedo = (m.red, m.green, m.blue)
    wrap = (0.32 * s, 0.14 * s, 0.09 * s)
    tint = (1 + (0.75 - 1) * s, 1.0, 1 + 0.05 * s)
    nl, nf, nr = _dot(n, KEY), _clip((_dot(n, FILL) + 0.3) / 1.3), _clip(_dot(n, RIM))
    sky = 0.5 + 0.5 * n[1]
    ambient, key = max(0.0, ambient), _clip(key)
    shine = 0.75 * highlight(n, v, KEY, m.roughness, m.specular)
    shine += 0.25 * highlight(n, v, KEY, max(0.05, 0.6 * m.roughness), m.specular)
    fill = highlight(n, v, FILL, m.roughness, m.specular)
    rim = highlight(n, v, RIM, max(0.2, m.roughness), m.specular)
    graze = (1 - _clip(_dot(n, v))) ** 4 * 0.10 * ambient * (0.4 + 0.6 * _clip(n[1] + 0.5)) * (0.2 + 0.8 * s)
    softer = 1 - 0.55 * s
    r, g, b = 0.0, 0.0, 0.0
    for c in range(3):
        direct = _clip((nl + wrap[c]) / (1 + wrap[c])) ** (1 + 0.5 * s) * key ** tint[c]
        around = (SKY[c] * sky + GROUND[c] * (1 - sky)) * ambient ** tint[c]
        out = albedo[c] * (KEY_COLOUR[c] * direct + FILL_COLOUR[c] * nf * ambient + around)
        out += albedo[c] * nr * RIM_COLOUR[c] * ambient
        out += softer * (3.2 * KEY_COLOUR[c] * shine * key + 3.0 * FILL_COLOUR[c] * fill * ambient)
        out += 3.0 * RIM_COLOUR[c] * rim * ambient + graze * SKY[c]
        if c == 0:
            r = out
        elif c == 1:
            g = out
        else:
            b = out
    return r, g, b


@njit(inline="always")
def _window(r: Triple, towards: Triple, half_width: float, half_height: float) -> float:
    """1 where the mirrored direction r meets a soft box of the given half sizes (tangents) around
    `towards`."""
    if _dot(r, towards) <= 0:
        return 0.0
    across = normalise(towards[2], 0.0, -towards[0])
    upward = (
        towards[1] * across[2] - towards[2] * across[1],
        towards[2] * across[0] - towards[0] * across[2],
        towards[0] * across[1] - towards[1] * across[0],
    )
    a, b = abs(_dot(r, across)) / half_width, abs(_dot(r, upward)) / half_height
    return smoothstep(1.15, 0.85, a) * smoothstep(1.15, 0.85, b)


_BOX_KEY, _BOX_FILL = normalise.py_func(0.36, 0.36, 0.86), normalise.py_func(-0.55, 0.12, 0.8)


@njit(cache=True)
def wet_reflection(n: Triple, v: Triple, key: float) -> float:
    """Catchlights: two soft boxes mirrored in a wet eye."""
    k = 2 * _dot(n, v)
    r = (k * n[0] - v[0], k * n[1] - v[1], k * n[2] - v[2])
    boxes = 2.4 * _window(r, _BOX_KEY, 0.17, 0.20) + 0.35 * _window(r, _BOX_FILL, 0.10, 0.20)
    return boxes * (0.35 + 0.65 * key)


def tone_curve(linear: np.ndarray) -> np.ndarray:
    """Linear light to sRGB-coded values in [0, 1]: exposure, a filmic shoulder (Narkowicz's ACES fit), the
    sRGB curve."""
    x = linear * 0.68
    x = np.clip((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)
    return np.where(x < 0.0031308, 12.92 * x, 1.055 * np.maximum(x, 1e-6) ** (1 / 2.4) - 0.055)
