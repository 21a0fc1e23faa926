"""The light of a ball under known lamps is found again, whatever is painted on some of it."""

from __future__ import annotations

import numpy as np
import pytest

from emoga_core.edit.guided.light import estimate_light, harmonics, to_linear, to_srgb


@pytest.fixture
def ball() -> tuple[np.ndarray, np.ndarray]:
    """Normals of a front half, and the light on them (n, 3): a warm lamp from the upper left, a dim sky."""
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(4000, 3))
    normals[:, 2] = np.abs(normals[:, 2])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    lamp = np.array([-0.5, 0.5, 0.7]) / np.linalg.norm([-0.5, 0.5, 0.7])
    amount = 0.35 + 0.25 * normals[:, 1] + 0.5 * normals @ lamp
    return normals, np.maximum(amount, 0.02)[:, None] * np.array([0.5, 0.3, 0.2])


def test_known_light_is_found(ball):
    normals, light = ball
    found = estimate_light([light[::2], light[1::2]], [normals[::2], normals[1::2]])
    assert found is not None
    lit = light[:, 0] > 0.1
    assert np.abs(found.on(normals)[lit] / light[lit] - 1).mean() < 0.06


def test_dark_hair_and_highlights_do_not_mislead(ball):
    normals, light = ball
    clean = estimate_light([light], [normals])
    soiled = light.copy()
    soiled[::9] *= 0.1
    soiled[1::15] += 1.0
    found = estimate_light([soiled], [normals])
    assert clean is not None and found is not None
    lit = light[:, 0] > 0.1
    assert np.abs(found.on(normals)[lit] / clean.on(normals)[lit] - 1).mean() < 0.06


def test_light_is_positive_everywhere_and_unknown_without_skin(ball):
    normals, light = ball
    found = estimate_light([light], [normals])
    assert found is not None and (found.on(-normals) > 0).all()
    assert estimate_light([], []) is None
    assert estimate_light([light[:20]], [normals[:20]]) is None


def test_harmonics_are_orthogonal_over_the_sphere():
    rng = np.random.default_rng(1)
    normals = rng.normal(size=(200000, 3))
    basis = harmonics(normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(float)
    gram = basis.T @ basis / len(basis)
    scale = np.sqrt(np.diag(gram))
    assert np.abs(gram / scale[:, None] / scale - np.eye(9)).max() < 0.02


def test_srgb_round_trip():
    values = np.linspace(0, 1, 500)
    np.testing.assert_allclose(to_srgb(to_linear(values)), values, atol=2e-6)
    assert to_linear(np.array([0.5]))[0] == pytest.approx(0.21404, abs=1e-4)
