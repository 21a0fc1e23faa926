"""The first Gaussians against each triangle's shape computed another way, and colours from pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from emoga_core.avatars import bind, triangle_frames
from emoga_core.avatars.avatar import LocalGaussians
from emoga_core.build.pictures import load_shots
from emoga_core.build.start import project_colours, start_gaussians
from emoga_core.build.tracking import Tracking
from emoga_core.captures import read_capture
from emoga_core.heads import Head


def test_covariance_is_the_triangles_second_moment(ball_head: Head) -> None:
    vertices, triangles = ball_head.template, ball_head.triangles
    local = LocalGaussians(**start_gaussians(vertices, triangles, 1.0, 1e-4, 0.9))
    parents = torch.arange(len(triangles))
    frames = triangle_frames(vertices, triangles)
    means, quaternions, scales = bind(local, parents, frames)
    assert torch.allclose(means, vertices[triangles].mean(1), atol=1e-7)
    w, x, y, z = torch.nn.functional.normalize(quaternions, dim=1).unbind(1)
    rotation = torch.stack(
        [
            torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)], 1),
            torch.stack([2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)], 1),
            torch.stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], 1),
        ],
        1,
    )
    covariance = rotation @ torch.diag_embed(scales.square()) @ rotation.transpose(1, 2)
    # Monte Carlo: uniform points on each triangle.
    generator = torch.Generator().manual_seed(0)
    uniform = torch.rand(20000, 2, generator=generator)
    uniform = torch.where(uniform.sum(1, keepdim=True) > 1, 1 - uniform, uniform)
    weights = torch.cat([1 - uniform.sum(1, keepdim=True), uniform], 1)
    for f in range(0, len(triangles), 37):
        points = weights @ vertices[triangles[f]]
        expected = torch.cov(points.T)
        assert (covariance[f] - expected).abs().max() < 0.05 * expected.abs().max()


def test_projected_colours_are_the_painted_ones(
    ball_head: Head, ball_capture: Path, ball_paint: Callable[[torch.Tensor, float], torch.Tensor]
) -> None:
    capture = read_capture(ball_capture)
    shots = load_shots(capture.split("train"))
    vertices = Tracking(ball_head, capture.parameters).vertices()
    colours, coverage = project_colours(shots, vertices, ball_head)
    centres = ball_head.template[ball_head.triangles].mean(1)
    wanted = ball_paint(centres, 0.0)
    front = centres[:, 2] > 0.05
    assert (colours - wanted)[front].abs().mean() < 0.06
    assert (coverage[front] > 0.8).all()
    assert colours.isfinite().all() and (colours >= 0).all() and (colours <= 1).all()
