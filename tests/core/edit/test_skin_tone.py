"""One picture's tint goes, what all edits agree on stays, nothing outside is touched."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_core.edit.errors import EditError
from emoga_core.edit.skin_tone import harmonise

SIZE = 96
_Y, _X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
FACE = (((_X - 0.5) / 0.33) ** 2 + ((_Y - 0.5) / 0.42) ** 2 < 1).astype(np.float32)
INSIDE = cv2.erode(FACE, np.ones((9, 9))) > 0
MIDDLE = (slice(25, 70), slice(30, 66))


def face(seed: int) -> np.ndarray:
    """A lit oval of skin with texture on grey."""
    rng = np.random.default_rng(seed)
    tone = np.array([0.72, 0.5, 0.4], np.float32) * rng.uniform(0.8, 1.1)
    light = 1.0 + 0.3 * np.sin(2.5 * _X + rng.uniform(0, 2)) - 0.2 * _Y
    skin = tone * light[..., None] + 0.02 * rng.normal(size=(SIZE, SIZE, 3))
    return np.where(FACE[..., None] > 0, skin, 0.5).clip(0, 1).astype(np.float32)


def shifted(image: np.ndarray, lab: tuple[float, float, float]) -> np.ndarray:
    changed = cv2.cvtColor(image, cv2.COLOR_RGB2LAB) + np.asarray(lab, np.float32)
    return np.where(FACE[..., None] > 0, cv2.cvtColor(changed, cv2.COLOR_LAB2RGB).clip(0, 1), image)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean Delta-E of the skin's mean colour over a coarse grid: noise averages out."""
    labs = [cv2.cvtColor(cv2.blur(x, (9, 9)), cv2.COLOR_RGB2LAB)[MIDDLE] for x in (a, b)]
    return float(np.linalg.norm(labs[0] - labs[1], axis=-1).mean())


def scene(count: int = 6, common: tuple[float, float, float] = (0, 0, 0)):
    neutrals = [face(i) for i in range(count)]
    return [shifted(n, common) for n in neutrals], neutrals, [FACE] * count


@pytest.mark.parametrize("tint", [(0, 6, 0), (5, 0, -6), (-6, -4, 4), (0, 0, 12)])
def test_the_tint_of_one_image_goes(tint):
    images, neutrals, masks = scene()
    images[2] = shifted(images[2], tint)
    before = difference(images[2], neutrals[2])
    after = harmonise(images, neutrals, masks)
    assert difference(after[2], neutrals[2]) < 0.1 * before
    for i in (0, 1, 3, 4, 5):
        assert difference(after[i], images[i]) < 0.2


@pytest.mark.parametrize("gain", [(1.15, 1.0, 0.9), (0.88, 0.95, 1.1)])
def test_an_illuminants_gain_goes(gain):
    images, neutrals, masks = scene()
    images[0] = np.where(FACE[..., None] > 0, images[0] * np.float32(gain), images[0]).clip(0, 1)
    before = difference(images[0], neutrals[0])
    assert difference(harmonise(images, neutrals, masks)[0], neutrals[0]) < 0.2 * before


def test_a_tint_that_varies_over_the_face_goes():
    images, neutrals, masks = scene()
    field = np.stack([6 * (_Y - 0.3), 8 * (_X - 0.5), 5 * np.ones_like(_X)], -1)
    tinted = cv2.cvtColor(cv2.cvtColor(images[1], cv2.COLOR_RGB2LAB) + field, cv2.COLOR_LAB2RGB).clip(0, 1)
    images[1] = np.where(FACE[..., None] > 0, tinted, images[1])
    before = difference(images[1], neutrals[1])
    groups = [0, 0, 0, 1, 1, 1]
    assert difference(harmonise(images, neutrals, masks, groups=groups)[1], neutrals[1]) < 0.15 * before


def test_common_reddening_stays_and_a_tint_on_top_goes():
    red = (-2.0, 7.0, 3.0)
    images, neutrals, masks = scene(common=red)
    wanted = images[4].copy()
    images[4] = shifted(images[4], (3, -8, 5))
    after = harmonise(images, neutrals, masks)
    assert difference(after[4], wanted) < 1.0
    assert difference(after[0], images[0]) < 0.3
    assert difference(after[0], neutrals[0]) > 6


def test_neutral_removes_what_is_common_too():
    images, neutrals, masks = scene(common=(-2, 7, 3))
    after = harmonise(images, neutrals, masks, towards="neutral")
    assert all(difference(a, n) < 0.6 for a, n in zip(after, neutrals, strict=True))


def test_off_returns_the_input():
    images, neutrals, masks = scene(common=(5, 5, 5))
    after = harmonise(images, neutrals, masks, towards="off")
    assert all(a is b for a, b in zip(after, images, strict=True))


def test_a_single_picture_has_nothing_to_agree_with():
    images, neutrals, masks = scene(1, (0, 8, 0))
    (after,) = harmonise(images, neutrals, masks)
    assert np.abs(after - images[0]).max() < 1e-6
    (after,) = harmonise(images, neutrals, masks, towards="neutral")
    assert difference(after, neutrals[0]) < 0.6


def test_wrinkles_and_an_open_mouth_are_no_tint():
    images, neutrals, masks = scene()
    mouth = ((_X - 0.5) / 0.13) ** 2 + ((_Y - 0.72) / 0.07) ** 2 < 1
    folds = (np.abs(np.sin(40 * _Y)) < 0.15) & (_Y < 0.35) & (FACE > 0)
    for i in (0, 3):
        images[i] = np.where(mouth[..., None], np.float32(0.05), images[i])
        images[i] = np.where(folds[..., None], images[i] * 0.7, images[i]).astype(np.float32)
    after = harmonise(images, neutrals, masks)
    assert all(difference(a, b) < 0.5 for a, b in zip(after, images, strict=True))


def test_outliers_do_not_move_the_others():
    images, neutrals, masks = scene(7, (-1, 5, 2))
    images[0], images[5] = 1 - images[0], np.zeros_like(images[5])
    after = harmonise(images, neutrals, masks)
    for i in (1, 2, 3, 4, 6):
        assert difference(after[i], images[i]) < 0.5
    assert all(np.isfinite(a).all() for a in after)


@given(st.integers(0, 2**16), st.sampled_from(["consensus", "neutral"]), st.booleans())
@settings(max_examples=20, deadline=None)
def test_outside_is_bit_equal_and_values_are_colours(seed, towards, composited):
    rng = np.random.default_rng(seed)
    height, width = int(rng.integers(20, 90)), int(rng.integers(20, 90))
    images = [rng.random((height, width, 3), np.float32) for _ in range(3)]
    neutrals = [rng.random((height, width, 3), np.float32) for _ in range(3)]
    masks = [(cv2.blur(rng.random((height, width), np.float32), (15, 15)) > 0.5).astype(np.float32)] * 3
    grown = [np.asarray(cv2.dilate(m, np.ones((3, 3))), np.float32) for m in masks]
    where = grown if composited else None
    originals = [image.copy() for image in images]
    after = harmonise(images, neutrals, masks, towards=towards, where=where)
    for old, image, new, region in zip(originals, images, after, where or masks, strict=True):
        assert np.array_equal(old, image), "the input was changed"
        assert np.array_equal(new[region == 0], old[region == 0])
        assert new.dtype == np.float32 and new.shape == old.shape
        assert np.isfinite(new).all() and new.min() >= 0 and new.max() <= 1


def test_the_feathered_edge_has_no_step():
    images, neutrals, masks = scene()
    images[0] = shifted(images[0], (0, 12, 0))
    after = harmonise(images, neutrals, masks)[0]
    change = np.abs(after - images[0]).sum(-1)
    assert change[INSIDE].mean() > 0.05
    rim = (FACE > 0) & (cv2.erode(FACE, np.ones((3, 3))) == 0)
    assert change[rim].mean() < 0.5 * change[INSIDE].mean()


def test_what_is_composited_changes_as_one():
    """Lips and brows are no skin to compare, yet the tint leaves them too."""
    images, neutrals, masks = scene()
    skin = FACE.copy()
    skin[64:74, 38:58] = 0
    images[1] = shifted(images[1], (0, 10, 0))
    after = harmonise(images, neutrals, [skin] * 6, where=masks)[1]
    inner = np.zeros((SIZE, SIZE), bool)
    inner[66:72, 42:54] = True
    assert np.abs(after - neutrals[1])[inner].mean() < 0.01


def test_too_little_skin_changes_nothing():
    images, neutrals, _ = scene(3, (0, 9, 0))
    dot = np.zeros((SIZE, SIZE), np.float32)
    dot[50, 50] = 1
    after = harmonise(images, neutrals, [dot, FACE, FACE], towards="neutral")
    assert np.array_equal(after[0], images[0])


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda i, n, m: (i, n[:2], m), "not as many"),
        (lambda i, n, m: ([x[..., 0] for x in i], n, m), "image 0 has shape"),
        (lambda i, n, m: (i, n, [m[0], m[1][:5], *m[2:]]), "mask 1 has shape"),
        (lambda i, n, m: (i, [n[0], n[1] * np.nan, *n[2:]], m), "neutral 1 .*not finite"),
    ],
)
def test_bad_input(change, message):
    with pytest.raises(EditError, match=message):
        harmonise(*change(*scene(3)))


def test_unknown_direction():
    with pytest.raises(EditError, match="choose among consensus, neutral, off"):
        harmonise(*scene(2), towards="green")  # type: ignore[arg-type]


def test_nothing_to_do():
    assert harmonise([], [], []) == []
