"""Triangle frames and binding: the compiled kernels against formulas, PyTorch and finite differences."""

import dataclasses

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from emoga_core.avatars import AvatarError, LocalGaussians, TriangleFrames, bind, triangle_frames, unbind
from emoga_core.avatars.binding import matrices_to_quaternions

TRIANGLES = torch.tensor([[0, 1, 2], [2, 3, 4], [4, 5, 6], [1, 6, 3]])
BACKENDS = ("numba", "torch")


def _vertices(seed: int, *lead: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*lead, 7, 3, dtype=torch.float64, generator=generator)


def _local(seed: int, count: int = 9) -> tuple[LocalGaussians, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    means, quaternions, log_scales = (
        torch.randn(count, width, dtype=torch.float64, generator=generator) for width in (3, 4, 3)
    )
    parent = torch.randint(0, 4, (count,), generator=generator)
    return LocalGaussians(means, quaternions, log_scales, torch.zeros(len(means))), parent


def _tuple(frames: TriangleFrames) -> tuple[torch.Tensor, ...]:
    return frames.centers, frames.rotations, frames.quaternions, frames.scales


def _matrices(q: torch.Tensor) -> torch.Tensor:
    """Rotation matrices of unit quaternions, by rotating the axes."""
    w, v = q[..., :1, None], q[..., None, 1:]
    axes = torch.eye(3, dtype=q.dtype).expand(*q.shape[:-1], 3, 3)
    turn = 2 * torch.linalg.cross(v.expand_as(axes), axes)
    rotated = axes + w * turn + torch.linalg.cross(v.expand_as(axes), turn)
    return rotated.transpose(-1, -2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_frame_of_a_known_triangle(backend):
    # Base 3 along x, height 2 along y: a0 = x, normal a1 = z, a2 = x cross z = -y.
    vertices = torch.tensor([[1.0, 1, 1], [4, 1, 1], [2, 3, 1]])
    frames = triangle_frames(vertices, torch.tensor([[0, 1, 2]]), backend=backend)
    torch.testing.assert_close(frames.centers, torch.tensor([[7 / 3, 5 / 3, 1]]))
    torch.testing.assert_close(frames.rotations, torch.tensor([[[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]]))
    torch.testing.assert_close(frames.scales, torch.tensor([2.5]))


@pytest.mark.parametrize("backend", BACKENDS)
def test_bind_moves_turns_and_scales(backend):
    vertices = torch.tensor([[0.0, 0, 0], [2, 0, 0], [0, 2, 0]])
    frames = triangle_frames(vertices, torch.tensor([[0, 1, 2]]), backend=backend)
    local = LocalGaussians(
        means=torch.tensor([[0.0, 0.5, 0]]),
        quaternions=torch.tensor([[3.0, 0, 0, 0]]),
        log_scales=torch.tensor([[0.0, 0.6931472, -0.6931472]]),
        opacity_logits=torch.zeros(1),
    )
    means, quaternions, scales = bind(local, torch.tensor([0]), frames, backend=backend)
    # Half a size (2) along the normal, +z.
    torch.testing.assert_close(means, torch.tensor([[2 / 3, 2 / 3, 1]]))
    torch.testing.assert_close(scales, torch.tensor([[2.0, 4, 1]]))
    torch.testing.assert_close(_matrices(quaternions), frames.rotations)


@pytest.mark.parametrize("lead", [(), (2,)])
def test_kernels_equal_their_twin(lead):
    vertices, (local, parent) = _vertices(1, *lead), _local(2)
    compiled, plain = (triangle_frames(vertices, TRIANGLES, backend=b) for b in BACKENDS)
    for a, b in zip(_tuple(compiled), _tuple(plain), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)
    for a, b in zip(
        bind(local, parent, compiled, backend="numba"),
        bind(local, parent, compiled, backend="torch"),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("lead", [(), (2,)])
def test_gradients_of_frames(backend, lead):
    vertices = _vertices(3, *lead).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda v: _tuple(triangle_frames(v, TRIANGLES, backend=backend)), vertices
    )


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("lead", [(), (2,)])
def test_gradients_of_binding_reach_gaussians_and_vertices(backend, lead):
    local, parent = _local(4, 5)

    def run(means, quaternions, log_scales, vertices):
        frames = triangle_frames(vertices, TRIANGLES, backend=backend)
        shapes = LocalGaussians(means, quaternions, log_scales, torch.zeros(len(means)))
        return bind(shapes, parent, frames, backend=backend)

    inputs = (local.means, local.quaternions, local.log_scales, _vertices(5, *lead))
    assert torch.autograd.gradcheck(run, [tensor.requires_grad_() for tensor in inputs])


def test_gradients_of_inputs_that_are_not_contiguous():
    local, parent = _local(6)
    vertices = _vertices(7).T.contiguous().T
    results = []
    for backend in BACKENDS:
        means = local.means.T.contiguous().T.requires_grad_()
        leaf = vertices.detach().clone(memory_format=torch.preserve_format).requires_grad_()
        shapes = dataclasses.replace(local, means=means)
        out = bind(shapes, parent, triangle_frames(leaf, TRIANGLES, backend=backend), backend=backend)
        (out[0].square().sum() + out[1][:, 1].sum() + out[2].sum()).backward()
        results.append((means.grad, leaf.grad))
    for a, b in zip(*results, strict=True):
        assert a.abs().max() > 0.1
        torch.testing.assert_close(a, b)


@given(st.integers(0, 10_000))
def test_frames_are_rotations_and_quaternions_agree(seed):
    frames = triangle_frames(_vertices(seed), TRIANGLES)
    torch.testing.assert_close(torch.linalg.det(frames.rotations), torch.ones(4, dtype=torch.float64))
    torch.testing.assert_close(_matrices(frames.quaternions), frames.rotations)


@given(st.integers(0, 10_000))
def test_quaternions_of_turns_by_almost_half_a_circle(seed):
    generator = torch.Generator().manual_seed(seed)
    q = torch.randn(20, 4, dtype=torch.float64, generator=generator)
    q[:, 0] *= 1e-4
    q = torch.nn.functional.normalize(q, dim=1)
    back = matrices_to_quaternions(_matrices(q))
    torch.testing.assert_close((back * q).sum(1).abs(), torch.ones(20, dtype=torch.float64))


def test_unbind_is_the_inverse():
    local, parent = _local(8)
    frames = triangle_frames(_vertices(9), TRIANGLES)
    means, quaternions, log_scales = unbind(*bind(local, parent, frames), parent, frames)
    torch.testing.assert_close(means, local.means)
    torch.testing.assert_close(log_scales, local.log_scales)
    unit = torch.nn.functional.normalize(local.quaternions, dim=1)
    torch.testing.assert_close((quaternions * unit).sum(1).abs(), torch.ones(9, dtype=torch.float64))


@pytest.mark.parametrize("backend", BACKENDS)
def test_moving_the_head_moves_the_gaussians_rigidly(backend):
    local, parent = _local(10)
    q = torch.nn.functional.normalize(torch.tensor([[0.9, 0.1, -0.4, 0.2]], dtype=torch.float64), dim=1)
    turn, shift = _matrices(q)[0], torch.tensor([0.3, -1, 2], dtype=torch.float64)
    vertices = _vertices(11)
    before = bind(local, parent, triangle_frames(vertices, TRIANGLES, backend=backend), backend=backend)
    moved = vertices @ turn.T + shift
    after = bind(local, parent, triangle_frames(moved, TRIANGLES, backend=backend), backend=backend)
    torch.testing.assert_close(after[0], before[0] @ turn.T + shift)
    torch.testing.assert_close(_matrices(after[1]), turn @ _matrices(before[1]))
    torch.testing.assert_close(after[2], before[2])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "corners", [[[1, 1, 1]] * 3, [[0, 0, 0], [1, 0, 0], [2, 0, 0]]], ids=["point", "line"]
)
def test_degenerate_triangles_stay_finite(backend, corners):
    vertices = torch.tensor(corners, dtype=torch.float32, requires_grad=True)
    frames = triangle_frames(vertices, torch.tensor([[0, 1, 2]]), backend=backend)
    torch.stack([part.sum() for part in _tuple(frames)]).sum().backward()
    assert all(part.isfinite().all() for part in _tuple(frames))
    assert vertices.grad is not None and vertices.grad.isfinite().all()
    assert vertices.grad.abs().max() < 10


def test_wrong_inputs_are_named():
    vertices, (local, parent) = _vertices(12), _local(13)
    frames = triangle_frames(vertices, TRIANGLES)
    with pytest.raises(AvatarError, match="expected \\(V, 3\\)"):
        triangle_frames(vertices[:, :2], TRIANGLES)
    with pytest.raises(AvatarError, match=r"outside 0\.\.6"):
        triangle_frames(vertices, TRIANGLES + 1)
    with pytest.raises(AvatarError, match=r"outside 0\.\.3"):
        bind(local, parent + 4, frames)
    with pytest.raises(AvatarError, match="log_scales"):
        bind(
            dataclasses.replace(local, log_scales=local.means[:3]),
            parent,
            frames,
        )
