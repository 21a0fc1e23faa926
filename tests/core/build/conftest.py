"""A small real capture: a coloured ball of Gaussians on a head of a few hundred triangles."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from emoga_core.avatars import LocalGaussians, bind, triangle_frames
from emoga_core.build.start import start_gaussians
from emoga_core.captures import CaptureCamera, CaptureWriter, HeadReference
from emoga_core.heads import Head
from emoga_core.render import Cameras, Gaussians, rasterize

SIZE, CAMERAS, TIMESTEPS = 48, 5, 6
RADII = (0.08, 0.11, 0.09)


def make_head(rings: int = 9, columns: int = 14) -> Head:
    """An ellipsoid with two expressions (bulging cheeks, dropping chin), ARKit-like range, three regions."""
    polar = torch.linspace(0, math.pi, rings + 1)[1:-1]
    around = torch.arange(columns) * (2 * math.pi / columns)
    ring = torch.stack(
        [
            polar.sin()[:, None] * around.sin(),
            polar.cos()[:, None].expand(-1, columns),
            polar.sin()[:, None] * around.cos(),
        ],
        -1,
    ).reshape(-1, 3)
    template = torch.cat([torch.tensor([[0.0, 1, 0], [0, -1, 0]]), ring]) * torch.tensor(RADII)
    triangles = []
    for column in range(columns):
        after = (column + 1) % columns
        triangles.append((0, 2 + column, 2 + after))
        last = 2 + (rings - 2) * columns
        triangles.append((1, last + after, last + column))
        for row in range(rings - 2):
            a, b = 2 + row * columns + column, 2 + row * columns + after
            triangles += [(a, a + columns, b), (b, a + columns, b + columns)]
    x, y, z = template.unbind(1)
    front = (z > 0.03) & (y > -0.08)
    expression = torch.zeros(len(template), 3, 2)
    expression[:, :, 0] = torch.stack(
        [0.3 * x, 0 * x, 0.02 * torch.exp(-(((x.abs() - 0.04) / 0.02) ** 2))], 1
    )
    expression[:, :, 0] *= front[:, None]
    expression[:, 1, 1] = -0.02 * torch.sigmoid(-(y + 0.03) * 80) * front
    identity = torch.zeros(len(template), 3, 1)
    identity[:, 0, 0] = 0.1 * x
    regressor = torch.zeros(5, len(template))
    regressor[:, :2] = 0.5
    weights = torch.zeros(len(template), 5)
    weights[:, 0] = 1
    regions = torch.where(front, 0, torch.where(y < -0.07, 2, 1))
    return Head(
        name="ball", version="1", licence="CC0-1.0", credit="", redistributable=True,
        template=template, triangles=torch.tensor(triangles), uv=torch.zeros(0, 2),
        uv_triangles=torch.zeros(0, 3, dtype=torch.int64), identity_basis=identity,
        expression_basis=expression, joint_regressor=regressor, skin_weights=weights,
        parents=(-1, 0, 1, 1, 1), pose_correctives=None, regions=regions,
        region_names=("face", "scalp", "neck"),
        landmark_triangles=torch.zeros(0, dtype=torch.int64), landmark_barycentric=torch.zeros(0, 3),
        expression_names=("cheekPuff", "jawOpen"), expression_range=(0.0, 1.0),
    )  # fmt: skip


def cameras() -> Cameras:
    return Cameras.orbit(
        [-0.8, -0.4, 0.0, 0.4, 0.8], [0.1, -0.2, 0.0, 0.2, -0.1], distance=1.0,
        vertical_fov=0.26, width=SIZE, height=SIZE,
    )  # fmt: skip


def paint(centres: torch.Tensor, blush: float) -> torch.Tensor:
    """Colours (F,3) of triangle centres in rest pose; `blush` reddens the cheeks."""
    x, y, z = (centres / torch.tensor(RADII)).unbind(1)
    colour = torch.stack([0.7 + 0.2 * y, 0.5 + 0.3 * (6 * x).sin() * (5 * y).cos(), 0.4 + 0.2 * z], 1)
    cheek = torch.exp(-(((x.abs() - 0.45) ** 2 + (y + 0.1) ** 2) / 0.05)) * (z > 0)
    return (colour - blush * cheek[:, None] * torch.tensor([-0.2, 0.35, 0.3])).clamp(0.02, 0.98)


def write_ball_capture(path: Path, head: Head, emotion: float = 0.0) -> Path:
    """Draws and writes a capture; `emotion` bulges and reddens the cheeks (0: neutral)."""
    time = torch.arange(TIMESTEPS)
    expression = torch.stack(
        [0.25 + 0.2 * (2 * time).sin() + 0.5 * emotion, 0.4 + 0.4 * (1.3 * time).cos()], 1
    )
    expression = expression.clamp(0, 1)
    joints = torch.zeros(TIMESTEPS, 5, 3)
    joints[:, 0, 1] = 0.1 * (1.7 * time).sin()
    translation = 0.003 * torch.stack([time.sin(), time.cos(), 0 * time], 1)
    identity = torch.tensor([0.5])
    view = cameras()
    writer = CaptureWriter(
        path,
        [
            CaptureCamera(w.double().numpy(), k.double().numpy(), SIZE, SIZE)
            for w, k in zip(view.world_to_camera, view.intrinsics, strict=True)
        ],
        TIMESTEPS,
        head=HeadReference(head.name, head.hash),
    )
    writer.begin({"emotion": emotion})
    vertices = head.pose(identity[None], expression, joints, translation)
    colours = paint(head.template[head.triangles].mean(1), emotion)
    sh = ((colours - 0.5) / 0.28209479)[:, None]
    parents = torch.arange(head.num_triangles)
    for t in range(TIMESTEPS):
        local = LocalGaussians(**start_gaussians(vertices[t], head.triangles, 1.7, 0.1, 0.97))
        frames = triangle_frames(vertices[t], head.triangles)
        means, quaternions, scales = bind(local, parents, frames)
        world = Gaussians(means, quaternions, scales.log(), local.opacity_logits, sh)
        pictures, alphas, _ = rasterize(world, view, torch.ones(3))
        for c in range(CAMERAS):
            writer.write_picture(t, c, pictures[c].numpy(), alphas[c, :, :, 0].numpy())
        writer.write_parameters(
            t,
            translation=translation[t].numpy(),
            joint_rotations=joints[t].numpy(),
            expression=expression[t].numpy(),
            identity=identity.numpy(),
        )
    writer.finish()  # camera 4 becomes val, timestep 5 test
    return path


@pytest.fixture(scope="session")
def ball_head() -> Head:
    return make_head()


@pytest.fixture(scope="session")
def ball_capture(tmp_path_factory: pytest.TempPathFactory, ball_head: Head) -> Path:
    return write_ball_capture(tmp_path_factory.mktemp("ball") / "neutral", ball_head)


@pytest.fixture(scope="session")
def happy_ball_capture(tmp_path_factory: pytest.TempPathFactory, ball_head: Head) -> Path:
    return write_ball_capture(tmp_path_factory.mktemp("happy_ball") / "happy", ball_head, emotion=1.0)


@pytest.fixture(scope="session")
def ball_paint() -> Callable[[torch.Tensor, float], torch.Tensor]:
    return paint
