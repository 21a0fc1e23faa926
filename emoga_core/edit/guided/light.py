"""The light of a picture: irradiance as nine spherical harmonics per colour, from skin of one albedo.

Ramamoorthi and Hanrahan (2001) show that a matt surface under distant light follows a quadratic of its
normal.
So the linear colours of skin, taken as one albedo, are regressed on the nine harmonics of the mesh's normals;
robustly, since brows, lips, stubble and highlights do not obey. What is wanted of it is only the *ratio* of
light before and after a normal turns, in which the albedo cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_ROUNDS = 5
_RIDGE = 2e-3
_FLOOR = 0.12
"""Least light, as a share of the mean: keeps ratios finite where the fit extrapolates."""


@dataclass(frozen=True)
class Light:
    """Attributes: coefficients (9, 3): light times albedo, linear RGB; skin: (3,) the median colour."""

    coefficients: np.ndarray
    skin: np.ndarray

    def on(self, normals: np.ndarray) -> np.ndarray:
        """(..., 3) linear light that skin with these unit normals (..., 3) sends back; always positive."""
        return np.maximum(harmonics(normals) @ self.coefficients, _FLOOR * self.skin)


def harmonics(normals: np.ndarray) -> np.ndarray:
    """(..., 9) real spherical harmonics up to degree 2 of unit vectors, without their constants."""
    x, y, z = np.moveaxis(np.asarray(normals, np.float32), -1, 0)
    terms = [np.ones_like(x), x, y, z, x * y, y * z, x * z, x * x - y * y, 3 * z * z - 1]
    return np.stack(terms, -1)


def estimate_light(colours: Sequence[np.ndarray], normals: Sequence[np.ndarray]) -> Light | None:
    """Fits the light to skin pixels of one or more pictures.

    Args:
        colours: arrays (n, 3) of linear RGB. normals: arrays (n, 3), unit, world.
    Returns:
        None when there is too little skin to tell.
    """
    value = np.concatenate(list(colours)).astype(np.float64) if colours else np.zeros((0, 3))
    basis = harmonics(np.concatenate(list(normals))).astype(np.float64) if normals else np.zeros((0, 9))
    if len(value) < 100:
        return None
    luminance = value.mean(1)
    median = np.median(luminance)
    # Start without the darkest and the brightest: brows and nostrils, highlights.
    weight = ((luminance > 0.35 * median) & (luminance < 2.2 * median)).astype(np.float64)
    solution = np.zeros((9, 3))
    for _ in range(_ROUNDS):
        gram = (basis * weight[:, None]).T @ basis
        ridge = np.eye(9) * _RIDGE * gram[0, 0]
        ridge[0, 0] = 0.0
        solution = np.linalg.solve(gram + ridge, (basis * weight[:, None]).T @ value)
        residual = np.abs(value - basis @ solution).mean(1)
        scale = 2.5 * np.median(residual) + 1e-6
        weight = 1.0 / (1.0 + (residual / scale) ** 2) ** 2
    chosen = weight > 0.3
    skin = np.median(value[chosen] if chosen.any() else value, axis=0)
    return Light(solution, np.maximum(skin, 1e-3))


def to_linear(picture: np.ndarray) -> np.ndarray:
    """sRGB-coded values in [0, 1] to linear light."""
    picture = np.asarray(picture, np.float32)
    return np.where(picture <= 0.04045, picture / 12.92, ((np.maximum(picture, 0) + 0.055) / 1.055) ** 2.4)


def to_srgb(light: np.ndarray) -> np.ndarray:
    """Linear light to sRGB-coded values, limited to [0, 1]."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-7) ** (1 / 2.4) - 0.055)
