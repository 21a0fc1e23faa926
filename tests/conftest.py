"""Small real things that tests of several packages share."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable

import pytest
import torch

from emoga_core.avatars import Avatar, Binding, ColorMLP, EmotionState, LocalGaussians, Motion
from emoga_core.heads import Head
from emoga_server import cli


def _sphere() -> tuple[torch.Tensor, torch.Tensor]:
    """An icosahedron subdivided once: 42 unit vectors, 80 triangles, outward."""
    golden = (1 + 5**0.5) / 2
    points = [
        p for a, b in itertools.product((-1, 1), (-golden, golden)) for p in ((0, a, b), (a, b, 0), (b, 0, a))
    ]
    vertices = torch.tensor(points, dtype=torch.float64)
    triangles = []
    for a, b, c in itertools.combinations(range(12), 3):
        edges = (vertices[a] - vertices[b], vertices[b] - vertices[c], vertices[c] - vertices[a])
        if all(abs(float(edge.norm()) - 2) < 1e-6 for edge in edges):
            outward = torch.linalg.cross(edges[0], edges[1]) @ vertices[a] > 0
            triangles.append((a, b, c) if outward else (a, c, b))
    rows, middle = list(vertices), {}

    def between(a: int, b: int) -> int:
        key = (min(a, b), max(a, b))
        if key not in middle:
            middle[key] = len(rows)
            rows.append((rows[a] + rows[b]) / 2)
        return middle[key]

    fine = []
    for a, b, c in triangles:
        ab, bc, ca = between(a, b), between(b, c), between(c, a)
        fine += [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return torch.nn.functional.normalize(torch.stack(rows), dim=1).float(), torch.tensor(fine)


def make_tiny_head(seed: int = 0, expressions: int = 4, ranged: bool = True) -> Head:
    """A ball of 10 cm with 42 vertices, 80 triangles, 3 identities, five joints, two regions."""
    generator = torch.Generator().manual_seed(seed)
    vertices, triangles = _sphere()
    skin = torch.zeros(42, 5)
    skin[:, 1] = 1
    jaw = vertices[:, 1] < -0.3
    skin[jaw] = torch.tensor([0.0, 0.4, 0.6, 0.0, 0.0])
    regressor = torch.rand(5, 42, generator=generator)
    return Head(
        name="ball",
        version="1",
        licence="CC0-1.0",
        credit="made for tests",
        redistributable=True,
        template=vertices * 0.1,
        triangles=triangles,
        uv=torch.zeros(0, 2),
        uv_triangles=torch.zeros(0, 3, dtype=torch.int64),
        identity_basis=torch.randn(42, 3, 3, generator=generator) * 0.003,
        expression_basis=torch.randn(42, 3, expressions, generator=generator) * 0.004,
        joint_regressor=regressor / regressor.sum(1, keepdim=True),
        skin_weights=skin,
        parents=(-1, 0, 1, 1, 1),
        pose_correctives=None,
        regions=(vertices[:, 2] > 0).long(),
        region_names=("scalp", "face"),
        landmark_triangles=torch.zeros(0, dtype=torch.int64),
        landmark_barycentric=torch.zeros(0, 3),
        expression_names=None,
        expression_range=(0.0, 1.0) if ranged else None,
    )


@pytest.fixture(scope="session")
def tiny_head() -> Head:
    """See `make_tiny_head`."""
    return make_tiny_head()


def make_tiny_state(avatar: Avatar, name: str, seed: int) -> EmotionState:
    """A random emotion that fits `avatar`."""
    generator = torch.Generator().manual_seed(seed)
    rows = avatar.mask.gt(0).nonzero().squeeze(1)[:: 1 + seed % 3]
    size = avatar.appearance.latent_size
    return EmotionState(
        name,
        embedding=torch.randn(32, generator=generator),
        latent_indices=rows,
        latent_values=(torch.randn(len(rows), size, generator=generator) * 0.3).half(),
        expression=torch.rand(avatar.head.num_expressions, generator=generator),
        jaw=torch.randn(3, generator=generator) * 0.1,
        valence=0.25 * (seed % 4),
        arousal=-0.5,
        provenance={"seed": seed},
    )


def make_tiny_avatar(head: Head, states: tuple[str, ...] = ("happy", "sad"), seed: int = 0) -> Avatar:
    """Two Gaussians on every triangle, 6 latents, a mask that is zero on a quarter."""
    generator = torch.Generator().manual_seed(seed)
    triangles = torch.arange(head.num_triangles).repeat(2)
    count = len(triangles)
    avatar = Avatar(
        name="Tiny",
        head=head,
        identity=torch.randn(head.num_identities, generator=generator) * 0.5,
        gaussians=LocalGaussians(
            means=torch.randn(count, 3, generator=generator) * 0.2,
            quaternions=torch.randn(count, 4, generator=generator),
            log_scales=torch.randn(count, 3, generator=generator) * 0.2 - 1,
            opacity_logits=torch.randn(count, generator=generator),
        ),
        binding=Binding(triangles),
        appearance=ColorMLP.create(
            count, 6, 1, 16, colors=torch.rand(count, 3, generator=generator), generator=generator
        ),
        mask=(torch.rand(count, generator=generator) - 0.25).clamp(min=0),
        provenance={"capture": "none"},
    )
    with torch.no_grad():
        avatar.appearance.latents.copy_(avatar.appearance.latents.half())  # as a bundle stores them
    for number, name in enumerate(states):
        avatar.add_state(make_tiny_state(avatar, name, number))
    frames = torch.Generator().manual_seed(seed + 1)
    avatar.add_motion(
        Motion(
            "nod",
            30.0,
            torch.rand(5, head.num_expressions, generator=frames),
            torch.randn(5, 5, 3, generator=frames) * 0.2,
            torch.randn(5, 3, generator=frames) * 0.01,
        )
    )
    return avatar


@pytest.fixture
def tiny_avatar(tiny_head: Head) -> Avatar:
    """See `make_tiny_avatar`; a fresh one for every test."""
    return make_tiny_avatar(tiny_head)


@pytest.fixture(scope="session")
def tiny():
    """The makers above, for tests that need several."""
    from types import SimpleNamespace

    return SimpleNamespace(head=make_tiny_head, avatar=make_tiny_avatar, state=make_tiny_state)


@pytest.fixture
def emoga(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs the command in this process: (exit code, standard output, standard error)."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["emoga", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run
