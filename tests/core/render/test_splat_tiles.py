import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_core.errors import EmogaError
from emoga_core.render import splats
from emoga_core.render.splat_tiles import BLOCK, TILE, bin_splats


def project_some(count: int, seed: int, size: float, width: int, height: int):
    """Splats seen by one camera, and their opacities."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(count, 3)) * 0.15
    view = np.eye(4)
    view[2, 3] = 1.0
    intrinsics = np.array([[2.0 * width, 0, width / 2], [0, 2.0 * width, height / 2], [0, 0, 1]])
    scales = size * np.exp(rng.normal(size=(count, 3)))
    opacities = rng.uniform(0, 1, count)
    projection = splats.project(
        means, rng.normal(size=(count, 4)), scales, opacities, view, intrinsics, width, height
    )
    return projection, opacities


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 9999),
    size=st.sampled_from([1e-4, 3e-3, 0.02, 0.3]),
    width=st.integers(1, 70),
    height=st.integers(1, 70),
)
def test_every_pixel_that_a_splat_reaches_is_in_a_block_of_its_own(seed, size, width, height):
    projection, opacities = project_some(40, seed, size, width, height)
    tiles = bin_splats(projection.means2d, projection.extents, projection.depths, width, height)
    columns = -(-width // TILE)
    listed = np.zeros((40, height + TILE, width + TILE), bool)
    for tile in range(len(tiles.offsets) - 1):
        for entry in range(tiles.offsets[tile], tiles.offsets[tile + 1]):
            for block in range(16):
                if tiles.masks[entry] >> block & 1:
                    x = tile % columns * TILE + block % 4 * BLOCK
                    y = tile // columns * TILE + block // 4 * BLOCK
                    listed[tiles.members[entry], y : y + BLOCK, x : x + BLOCK] = True
    ys, xs = np.mgrid[:height, :width] + 0.5
    dx = projection.means2d[:, 0, None, None] - xs
    dy = projection.means2d[:, 1, None, None] - ys
    xx, xy, yy = (projection.conics[:, k, None, None] for k in range(3))
    sigma = 0.5 * (xx * dx * dx + yy * dy * dy) + xy * dx * dy
    alpha = opacities[:, None, None] * np.exp(-sigma)
    reached = (alpha >= 1 / 255) & projection.visible[:, None, None]
    assert not (reached & ~listed[:, :height, :width]).any()


def test_tiles_list_splats_by_depth_and_places_lead_back():
    projection, _ = project_some(300, 1, 0.02, 64, 64)
    tiles = bin_splats(projection.means2d, projection.extents, projection.depths, 64, 64)
    for begin, end in zip(tiles.offsets[:-1], tiles.offsets[1:], strict=True):
        assert (np.diff(projection.depths[tiles.members[begin:end]]) >= 0).all()
    for splat in range(300):
        places = tiles.places[tiles.slots[splat] : tiles.slots[splat + 1]]
        assert (tiles.members[places[places >= 0]] == splat).all()
    assert (tiles.places >= 0).sum() == len(tiles.members) == tiles.offsets[-1]


def test_blocks_beside_a_thin_diagonal_splat_are_left_out():
    """A splat along the diagonal meets all blocks of its bounding box's diagonal and few others."""
    slope, half = 0.99, 30.0
    extents = np.array([[half, half, slope, half * np.sqrt(1 - slope**2)]])
    tiles = bin_splats(np.array([[32.0, 32.0]]), extents, np.ones(1), 64, 64)
    blocks = sum(int(mask).bit_count() for mask in tiles.masks)
    assert 16 <= blocks <= 48  # the box has 256


def test_equal_depths_keep_their_order():
    count = 50
    means2d = np.full((count, 2), 8.0, np.float32)
    extents = np.tile(np.array([3.0, 3.0, 0.0, 3.0], np.float32), (count, 1))
    tiles = bin_splats(means2d, extents, np.ones(count, np.float32), 16, 16)
    assert tiles.members.tolist() == list(range(count))


def test_radix_sort_orders_any_depths():
    rng = np.random.default_rng(0)
    depths = np.exp(rng.normal(size=5000) * 8).astype(np.float32)
    means2d = np.full((5000, 2), 8.0, np.float32)
    extents = np.tile(np.array([3.0, 3.0, 0.0, 3.0], np.float32), (5000, 1))
    tiles = bin_splats(means2d, extents, depths, 16, 16)
    assert tiles.members.tolist() == np.argsort(depths, kind="stable").tolist()


def test_nothing_visible():
    tiles = bin_splats(np.zeros((4, 2)), np.zeros((4, 4)), np.zeros(4), 20, 20)
    assert len(tiles.members) == 0 and tiles.offsets.tolist() == [0] * 5


def test_far_too_many_tiles_is_an_error():
    count = 40_000
    means2d = np.full((count, 2), 2000.0, np.float32)
    extents = np.tile(np.array([1e6, 1e6, 0.0, 1e6], np.float32), (count, 1))
    with pytest.raises(EmogaError, match="too many to draw"):
        bin_splats(means2d, extents, np.ones(count, np.float32), 4096, 4096)
