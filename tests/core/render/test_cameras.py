import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_core.errors import EmogaError
from emoga_core.render import Cameras

angle = st.floats(-1.4, 1.4)


def test_looking_at_puts_the_target_in_the_middle_and_up_upwards():
    cameras = Cameras.look_at((0.3, 0.1, 1.0), (0.0, 0.05, 0.0), width=64, height=48)
    pixels, depths = cameras.project(torch.tensor([[0.0, 0.05, 0.0], [0.0, 0.06, 0.0]]))
    assert torch.allclose(pixels[0, 0], torch.tensor([32.0, 24.0]), atol=1e-4)
    assert float(depths[0, 0]) == pytest.approx(math.sqrt(0.09 + 0.0025 + 1.0), abs=1e-5)
    assert pixels[0, 1, 1] < pixels[0, 0, 1]  # up in the world is a smaller row


def test_the_subjects_left_is_on_the_right_of_a_frontal_picture():
    pixels, _ = Cameras.orbit(0.0, width=64, height=64).project(torch.tensor([[0.05, 0.0, 0.0]]))
    assert float(pixels[0, 0, 0]) > 32


@settings(max_examples=30, deadline=None)
@given(yaw=angle, pitch=angle, distance=st.floats(0.3, 3.0))
def test_orbit_keeps_its_distance_and_stays_rigid(yaw: float, pitch: float, distance: float):
    cameras = Cameras.orbit(yaw, pitch, distance=distance, target=(0.1, 0.2, 0.3))
    centers = cameras.centers - torch.tensor([0.1, 0.2, 0.3])
    assert float(centers.norm()) == pytest.approx(distance, rel=1e-4)
    rotation = cameras.world_to_camera[0, :3, :3]
    assert torch.allclose(rotation @ rotation.T, torch.eye(3), atol=1e-5)
    assert float(torch.linalg.det(rotation)) == pytest.approx(1.0, abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(yaw=angle, pitch=angle)
def test_opengl_and_back(yaw: float, pitch: float):
    cameras = Cameras.orbit([yaw, 0.0], [pitch, 0.1], width=40, height=30)
    matrices = cameras.camera_to_world_opengl()
    assert torch.allclose(matrices[:, :3, 3], cameras.centers, atol=1e-5)
    # an OpenGL camera looks along its -z, so +z points from the target to the camera
    assert torch.allclose(
        matrices[:, :3, 2], torch.nn.functional.normalize(cameras.centers, dim=-1), atol=1e-4
    )
    again = Cameras.from_opengl(matrices, cameras.intrinsics, 40, 30)
    assert torch.allclose(again.world_to_camera, cameras.world_to_camera, atol=1e-5)


def test_crop_and_scale_move_pixels_as_they_move_pictures():
    cameras = Cameras.look_at((0.0, 0.0, 1.0), width=64, height=48)
    points = torch.tensor([[0.02, 0.03, 0.0], [-0.04, 0.0, 0.1]])
    pixels, depths = cameras.project(points)
    cropped, _ = cameras.crop(10, -4, 20, 30).project(points)
    assert torch.allclose(cropped, pixels - torch.tensor([10.0, -4.0]), atol=1e-4)
    half = cameras.scaled(0.5)
    scaled, scaled_depths = half.project(points)
    assert (half.width, half.height) == (32, 24)
    assert torch.allclose(scaled, pixels / 2, atol=1e-4)
    assert torch.equal(depths, scaled_depths)


def test_indexing_and_joining():
    cameras = Cameras.orbit([0.0, 0.1, 0.2], width=8, height=8)
    assert len(cameras[1]) == 1 and len(cameras[:2]) == 2
    assert torch.equal(Cameras.cat([cameras[0], cameras[1:]]).intrinsics, cameras.intrinsics)
    with pytest.raises(EmogaError, match="sizes differ"):
        Cameras.cat([cameras, cameras.scaled(2.0)])


@pytest.mark.parametrize(
    "make",
    [
        lambda: Cameras(torch.eye(4), torch.eye(3), 0, 5),
        lambda: Cameras(torch.eye(3), torch.eye(3), 5, 5),
        lambda: Cameras(torch.eye(4).repeat(2, 1, 1), torch.eye(3), 5, 5),
        lambda: Cameras.look_at((0.0, 1.0, 0.0), (0.0, 0.0, 0.0)),
        lambda: Cameras.look_at((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        lambda: Cameras.look_at((0.0, 0.0, 1.0), vertical_fov=4.0),
        lambda: Cameras.cat([]),
    ],
)
def test_impossible_cameras_are_refused(make):
    with pytest.raises(EmogaError):
        make()
