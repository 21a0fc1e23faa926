"""Noise: smooth, bounded, repeatable, with the right gradient."""

from __future__ import annotations

import numpy as np

from emoga_core.captures.studio.noise import fractal_noise, resolved, value_noise, value_noise_gradient


def test_gradient_is_the_derivative() -> None:
    rng = np.random.default_rng(0)
    e = 1e-5
    for p in rng.uniform(-9, 9, (50, 3)):
        gradient = value_noise_gradient(*p)
        for axis in range(3):
            step = np.eye(3)[axis] * e
            numeric = (value_noise(*(p + step)) - value_noise(*(p - step))) / (2 * e)
            assert abs(numeric - gradient[axis]) < 1e-4


def test_noise_is_bounded_continuous_and_varied() -> None:
    points = np.random.default_rng(1).uniform(-50, 50, (2000, 3))
    values = np.array([value_noise(*p) for p in points])
    assert np.abs(values).max() <= 1 and values.std() > 0.2 and abs(values.mean()) < 0.05
    assert abs(value_noise(2.0 - 1e-9, 0.3, 0.4) - value_noise(2.0 + 1e-9, 0.3, 0.4)) < 1e-6


def test_octaves_below_a_pixel_vanish() -> None:
    assert resolved(100.0, 0.004) == 1.0 and resolved(100.0, 0.011) == 0.0
    assert fractal_noise(0.1, 0.2, 0.3, 500.0, 3, 0.01) == 0.0
    assert fractal_noise(0.1, 0.2, 0.3, 500.0, 3, 0.0) != 0.0
