"""Wrinkles and blood appear where the actions put them, and nowhere when nothing changes."""

from __future__ import annotations

import numpy as np
import pytest

from emoga_core.edit.guided.paint import paint_pixels, wrinkles_at

SKIN = (0.3, 0.15, 0.1)
PIXEL = 0.0005
FOREHEAD, GLABELLA, CHEEK = (0.0, 0.78, 0.14), (0.007, 0.7455, 0.14), (0.042, 0.695, 0.125)


def paint(now: dict[str, float], then: dict[str, float], centre: tuple[float, float, float]):
    """Slopes and dyes on a patch of 1 cm around a place."""
    offsets = np.random.default_rng(0).uniform(-0.005, 0.005, (500, 3)) * [1, 1, 0.1]
    points = np.array(centre) + offsets
    slope, dye = np.zeros((500, 3)), np.ones((500, 3))
    wrinkles = wrinkles_at(now, 0.3), wrinkles_at(then, 0.3)
    paint_pixels(points, np.full(500, PIXEL), *wrinkles, SKIN, 0.8, slope, dye)
    return slope, dye


def both(**actions: float) -> dict[str, float]:
    return {name + side: value for name, value in actions.items() for side in ("Left", "Right")}


@pytest.mark.parametrize("place", [FOREHEAD, GLABELLA, CHEEK])
@pytest.mark.parametrize("actions", [{}, both(browDown=0.7), both(mouthSmile=1.0)])
def test_the_same_face_is_left_as_it_is(place, actions):
    slope, dye = paint(actions, actions, place)
    assert not slope.any() and (dye == 1).all()


def test_raised_brows_crease_the_forehead_alone():
    surprised = both(browOuterUp=1.0) | {"browInnerUp": 1.0}
    slope, dye = paint({}, surprised, FOREHEAD)
    assert np.abs(slope[:, 1]).max() > 0.1 > 0.05 > np.abs(slope[:, 0]).mean()
    assert dye.min() < 0.9
    assert np.abs(paint({}, surprised, CHEEK)[0]).max() < 0.01


def test_lowered_brows_crease_between_them():
    slope, dye = paint({}, both(browDown=1.0), GLABELLA)
    assert np.abs(slope[:, 0]).max() > 0.1 and dye.min() < 0.9
    back, _ = paint(both(browDown=1.0), {}, GLABELLA)
    np.testing.assert_allclose(back, -slope, atol=1e-9)


def test_anger_reddens_the_cheeks_and_fear_pales_them():
    rage = both(browDown=1.0, mouthPress=0.6, noseSneer=0.5, eyeSquint=0.45)
    _, red = paint({}, rage, CHEEK)
    assert (red[:, 1] < red[:, 0] - 0.03).all()
    fright = both(eyeWide=1.0, mouthStretch=1.0) | {"browInnerUp": 1.0}
    _, pale = paint({}, fright, CHEEK)
    assert pale[:, 1].mean() > pale[:, 0].mean() + 0.02
