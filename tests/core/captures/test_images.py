"""Picture files."""

import cv2
import numpy as np
import pytest
import torch

from emoga_core.captures import CaptureError, read_mask, read_png, write_png
from emoga_core.captures.images import png_size


@pytest.mark.parametrize("shape", [(7, 5, 3), (7, 5), (7, 5, 1), (7, 5, 4)])
def test_round_trip_is_exact_in_steps_of_one_255th(tmp_path, shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.float32) / 255
    if shape[-1] == 4:
        image[..., 3] = 1
    write_png(tmp_path / "a.png", torch.from_numpy(image).requires_grad_())
    back = read_png(tmp_path / "a.png")
    wanted = image[..., :3] if image.ndim == 3 else image[..., None]
    assert back.dtype == np.float32 and back.shape == (7, 5, 3)
    np.testing.assert_array_equal(back, np.broadcast_to(wanted, (7, 5, 3)))
    assert png_size(tmp_path / "a.png") == (7, 5)


def test_channels_are_red_green_blue(tmp_path):
    write_png(tmp_path / "a.png", np.broadcast_to([1.0, 0.5, 0.0], (2, 2, 3)))
    stored = cv2.imread(str(tmp_path / "a.png"))
    assert stored is not None and stored[0, 0].tolist() == [0, 128, 255]
    np.testing.assert_allclose(read_png(tmp_path / "a.png")[0, 0], [1, 128 / 255, 0])
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), np.ones((2, 2)))


def test_values_outside_the_range_are_clamped(tmp_path):
    write_png(tmp_path / "a.png", np.array([[-1.0, 2.0]]))
    assert read_mask(tmp_path / "a.png").tolist() == [[0, 1]]


def test_transparency_is_composited(tmp_path):
    image = np.array([[[1.0, 0, 0, 0.0], [1.0, 0, 0, 1.0]]])
    write_png(tmp_path / "a.png", image)
    assert read_png(tmp_path / "a.png").tolist() == [[[1, 1, 1], [1, 0, 0]]]
    assert read_png(tmp_path / "a.png", background=0.0).tolist() == [[[0, 0, 0], [1, 0, 0]]]


def test_sixteen_bits(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.array([[0, 13107, 65535]], np.uint16))
    np.testing.assert_allclose(read_mask(tmp_path / "a.png"), [[0, 0.2, 1]], rtol=1e-6)


def test_jpeg_is_read_too(tmp_path):
    cv2.imwrite(str(tmp_path / "a.jpg"), np.full((8, 9, 3), 200, np.uint8))
    assert read_png(tmp_path / "a.jpg").shape == (8, 9, 3) and png_size(tmp_path / "a.jpg") == (8, 9)


@pytest.mark.parametrize(
    "image", [np.zeros((2, 2, 2)), np.zeros(4), np.zeros((0, 3, 3)), np.full((2, 2), np.nan)]
)
def test_impossible_pictures_are_refused(tmp_path, image):
    with pytest.raises(CaptureError, match=r"a\.png"):
        write_png(tmp_path / "a.png", image)
    assert not list(tmp_path.iterdir())
