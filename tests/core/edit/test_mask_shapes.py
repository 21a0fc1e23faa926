"""Growing and feathering, measured."""

import numpy as np

from emoga_core.edit.mask_shapes import enclosed, feathered, grown, softened, specks, touching


def half_plane(size: int = 200) -> np.ndarray:
    area = np.zeros((size, size), bool)
    area[:, : size // 2] = True
    return area


def test_feather_is_a_ramp_of_the_given_width_with_one_half_on_the_border():
    row = feathered(half_plane(), 12.0)[100]
    inner = (row > 0) & (row < 1)
    assert 11 <= inner.sum() <= 13
    assert np.all(np.diff(row) <= 0)
    assert abs((row[99] + row[100]) / 2 - 0.5) < 1e-6
    assert np.allclose(np.diff(row[inner]), -1 / 12, atol=1e-3)


def test_feather_leaves_empty_and_full_areas_alone():
    assert feathered(np.zeros((5, 5), bool), 3.0).max() == 0
    assert feathered(np.ones((5, 5), bool), 3.0).min() == 1


def test_grown_area_reaches_as_far_as_asked_in_all_directions():
    area = np.zeros((101, 101), bool)
    area[50, 50] = True
    rows, columns = np.nonzero(grown(area, 17.0))
    distance = np.hypot(rows - 50, columns - 50)
    assert distance.max() <= 17
    assert len(rows) > 0.98 * np.pi * 17**2


def test_soft_mask_grows_lips_by_three_percent_and_feathers_by_one_and_a_half():
    lips = np.zeros((400, 400), bool)
    lips[:, :200] = True
    mask = softened(np.zeros_like(lips), lips, 1000.0)[200]
    assert abs(int((mask >= 0.5).sum()) - 230) <= 1
    assert abs(int(((mask > 0) & (mask < 1)).sum()) - 15) <= 1


def test_only_holes_within_the_rim_are_enclosed():
    picture = np.zeros((40, 40), np.uint8)
    picture[5:35, 5:35] = 1  # rim
    picture[15:20, 15:20] = 0  # hole
    picture[25:30, 30:36] = 0  # bay
    holes = enclosed(picture == 0, picture == 1)
    assert holes.sum() == 25 and holes[15:20, 15:20].all()


def test_pieces_are_told_by_what_they_touch_and_by_their_size():
    area = np.zeros((30, 30), bool)
    area[2:6, 2:6] = area[20:28, 20:28] = True
    other = np.zeros_like(area)
    other[6, 3] = True  # right below the first piece
    assert touching(area, other)[2:6, 2:6].all() and touching(area, other).sum() == 16
    assert specks(area, 17)[2:6, 2:6].all() and specks(area, 17).sum() == 16
    assert not specks(area, 16).any() and not touching(area, np.zeros_like(area)).any()
