import dataclasses
import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_core.errors import EmogaError
from emoga_core.render import Cameras, Gaussians, rasterize, rasterize_splats
from emoga_core.render.rasterize import Backend
from emoga_core.render.reference import pixels_near_thresholds

FIELDS = [field.name for field in dataclasses.fields(Gaussians)]


def gradients(
    gaussians: Gaussians, cameras: Cameras, background, weights, backend: Backend, *, depth: float = 0.0
):
    """Pictures and the gradients of a weighted sum of them with respect to everything that has one."""
    leaf = gaussians.map(lambda tensor: tensor.detach().clone().requires_grad_())
    back = background.detach().clone().to(leaf.means).requires_grad_()
    colors, alphas, info = rasterize(leaf, cameras, back, backend=backend)
    picture = torch.cat([colors, alphas], -1)
    loss = (picture * weights.to(picture)).sum()
    if depth:
        loss = loss + depth * (info.depth() * weights[..., 0].to(picture)).sum()
    loss.backward()
    grads = {name: getattr(leaf, name).grad for name in FIELDS}
    return picture.detach(), {**grads, "background": back.grad, "means2d": info.means2d.grad}, info


def means_gradient(loss: torch.Tensor, gaussians: Gaussians) -> torch.Tensor:
    return torch.autograd.grad(loss, gaussians.means)[0]


def weights_for(decided: torch.Tensor, seed: int = 0) -> torch.Tensor:
    random = torch.randn(
        *decided.shape, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    return random * decided[..., None]


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 60),
    width=st.integers(1, 50),
    height=st.integers(1, 50),
    size=st.sampled_from([0.0005, 0.005, 0.03, 0.2]),
    degree=st.integers(0, 3),
)
def test_float64_matches_the_dense_reference(gaussian_ball, seed, count, width, height, size, degree):
    gaussians = gaussian_ball(count, seed, size=size, degree=degree)
    cameras = Cameras.orbit([0.2, -1.5], [0.0, 0.3], distance=0.8, width=width, height=height).to(
        torch.float64
    )
    mask = ~pixels_near_thresholds(gaussians, cameras, 1e-9)
    weights = weights_for(mask, seed)
    background = torch.tensor([[0.1, 0.5, 0.9], [0.0, 1.0, 0.3]])
    ours, our_grads, _ = gradients(gaussians, cameras, background, weights, "numba", depth=0.5)
    theirs, their_grads, _ = gradients(gaussians, cameras, background, weights, "torch", depth=0.5)
    assert float(((ours - theirs) * mask[..., None]).abs().max()) <= 1e-12
    for name, expected in their_grads.items():
        largest = max(float(expected.abs().max()), 1e-6)
        assert float((our_grads[name] - expected).abs().max()) <= 1e-10 * largest, name


@pytest.mark.parametrize("seed", range(3))
def test_float32_gradients_match_the_float64_oracle(gaussian_ball, seed):
    gaussians = gaussian_ball(150, seed, degree=2, dtype=torch.float32)
    cameras = Cameras.orbit([0.4], distance=1.0, width=70, height=50)
    mask = ~pixels_near_thresholds(gaussians, cameras)
    assert float(mask.float().mean()) > 0.8
    weights = weights_for(mask)
    background = torch.tensor([0.2, 0.4, 0.6])
    ours, our_grads, _ = gradients(gaussians, cameras, background, weights, "numba")
    oracle = gaussians.to(torch.float64), cameras.to(torch.float64)
    theirs, their_grads, _ = gradients(*oracle, background, weights, "torch")
    assert float(((ours - theirs) * mask[..., None]).abs().max()) <= 1e-5
    for name, expected in their_grads.items():
        assert float((our_grads[name] - expected).abs().max()) <= 1e-4 * float(expected.abs().max()), name


def test_low_level_function_is_the_public_one(gaussian_ball):
    gaussians = gaussian_ball(40, degree=0, dtype=torch.float32)
    cameras = Cameras.orbit(0.3, distance=0.8, width=33, height=20)
    colors = (gaussians.sh[:, 0] * 0.28209479177387814 + 0.5).clamp_min(0)
    image, alphas = rasterize_splats(
        gaussians.means, gaussians.quaternions, gaussians.scales, gaussians.opacities, colors,
        cameras.world_to_camera[0], cameras.intrinsics[0], 33, 20, torch.ones(3),
    )  # fmt: skip
    expected, expected_alphas, _ = rasterize(gaussians, cameras, torch.ones(3))
    assert torch.allclose(image, expected[0], atol=1e-6)
    assert torch.allclose(alphas, expected_alphas[0, ..., 0], atol=1e-6)


def test_gradients_stay_correct_when_pictures_are_kept_and_replaced(gaussian_ball):
    """Arrays of one picture must survive until its own backward pass, whatever is drawn in between."""
    cameras = Cameras.orbit([0.0, 0.6], distance=0.8, width=200, height=180)
    leaf = gaussian_ball(3000, size=0.01, dtype=torch.float32).map(lambda t: t.requires_grad_())
    alone = []
    for index in range(2):
        alone.append(means_gradient(rasterize(leaf, cameras[index])[0].square().sum(), leaf))
    losses = [rasterize(leaf, cameras[index])[0].square().sum() for index in range(2)]
    for index in (1, 0):
        assert torch.equal(means_gradient(losses[index], leaf), alone[index])


THREADS = """
import hashlib, numba, torch
from emoga_core.render import Cameras, Gaussians, rasterize
from emoga_core.render.splat_blend import blend_forward
assert not blend_forward.signatures, "importing must not compile"
g = torch.Generator().manual_seed(0)
r = lambda *s: torch.randn(*s, generator=g)
leaf = Gaussians(r(800, 3) * 0.1, r(800, 4), r(800, 3) * 0.5 - 4, r(800), r(800, 4, 3))
leaf = leaf.map(lambda t: t.requires_grad_())
cameras = Cameras.orbit([0.0, 0.8], width=90, height=70)
for threads in (1, 2):
    numba.set_num_threads(threads)
    colors, alphas, info = rasterize(leaf, cameras, torch.ones(3))
    fields = [leaf.means, leaf.quaternions, leaf.log_scales, leaf.opacity_logits, leaf.sh]
    grads = torch.autograd.grad(colors.square().sum() + alphas.sum(), fields)
    digest = hashlib.sha256()
    for tensor in (colors, alphas, *grads):
        digest.update(tensor.detach().numpy().tobytes())
    print(digest.hexdigest())
"""


def test_one_and_two_threads_give_the_same_bytes(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True)
    one, two = done.stdout.split()
    assert one == two


def test_backgrounds_fill_what_the_splats_leave(gaussian_ball):
    gaussians = gaussian_ball(30, dtype=torch.float32)
    cameras = Cameras.orbit([0.0, 1.0], distance=0.9, width=20, height=17)
    black, alphas, _ = rasterize(gaussians, cameras)
    backgrounds = torch.tensor([[1.0, 0.5, 0.0], [0.2, 0.2, 1.0]])
    colors, same, _ = rasterize(gaussians, cameras, backgrounds)
    assert torch.equal(alphas, same)
    assert torch.allclose(colors, black + (1 - alphas) * backgrounds[:, None, None], atol=1e-6)


def test_the_order_of_gaussians_does_not_matter(gaussian_ball):
    gaussians = gaussian_ball(200, dtype=torch.float32)
    cameras = Cameras.orbit(0.1, width=48, height=48)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(1))
    colors, _, info = rasterize(gaussians, cameras)
    shuffled, _, shuffled_info = rasterize(gaussians[order], cameras)
    assert torch.equal(colors, shuffled)
    assert torch.equal(info.radii[:, order], shuffled_info.radii)


def test_a_batch_is_its_cameras_one_by_one(gaussian_ball):
    gaussians = gaussian_ball(100, dtype=torch.float32)
    cameras = Cameras.orbit([0.0, 1.0, 2.0], width=40, height=30)
    colors, alphas, info = rasterize(gaussians, cameras, torch.ones(3))
    for index in range(3):
        single = rasterize(gaussians, cameras[index], torch.ones(3))
        assert torch.equal(colors[index], single[0][0]) and torch.equal(alphas[index], single[1][0])
        assert torch.equal(info.depth()[index], single[2].depth()[0])


def one_splat(scale: float = 0.01, z: float = 0.0, logit: float = 3.0) -> Gaussians:
    return Gaussians(
        torch.tensor([[0.0, 0.0, z]]),
        torch.tensor([[1.0, 0.0, 0.0, 0.0]]),
        torch.full((1, 3), math.log(scale)),
        torch.tensor([logit]),
        torch.ones(1, 1, 3),
    )


def test_the_depth_of_a_splat_is_its_distance():
    _, alphas, info = rasterize(one_splat(), Cameras.look_at((0.0, 0.0, 0.7), width=31, height=31))
    depth = info.depth()
    assert float(depth[0, 15, 15]) == pytest.approx(0.7, abs=1e-5)
    assert torch.equal(depth > 0, alphas[..., 0] > 0)
    assert float(info.depths[0, 0]) == pytest.approx(0.7, abs=1e-6)


@pytest.mark.parametrize("backend", ["numba", "torch"])
@pytest.mark.parametrize(
    ("gaussians", "seen"),
    [
        (one_splat()[:0], 0),
        (one_splat(z=2.0), 0),  # behind the camera
        (one_splat(z=0.995), 0),  # nearer than the near plane
        (one_splat(logit=-6.0), 0),  # too faint to draw
        (one_splat(logit=60.0), 1),  # opacity exactly 1
        (one_splat(scale=1e-12), 1),  # a point: the blur remains
        (dataclasses.replace(one_splat(), means=torch.tensor([[5.0, 0.0, 0.0]])), 0),  # off screen
    ],
)
def test_edge_cases_draw_finite_pictures(gaussians: Gaussians, seen: int, backend):
    cameras = Cameras.look_at((0.0, 0.0, 1.0), width=19, height=21)
    leaf = gaussians.map(lambda t: t.clone().requires_grad_())
    colors, alphas, info = rasterize(leaf, cameras, torch.full((3,), 0.25), backend=backend)
    assert int(info.visible.sum()) == seen
    assert bool(colors.isfinite().all())
    if not seen:
        assert torch.equal(colors, torch.full((1, 21, 19, 3), 0.25)) and not alphas.any()
    colors.sum().backward()
    for name in FIELDS:
        assert bool(getattr(leaf, name).grad.isfinite().all()), name


def test_a_huge_splat_covers_everything():
    cameras = Cameras.look_at((0.0, 0.0, 1.0), width=37, height=5)
    leaf = one_splat(scale=1e4).map(lambda t: t.requires_grad_())
    colors, alphas, _ = rasterize(leaf, cameras)
    assert torch.allclose(alphas, leaf.opacities.expand_as(alphas), atol=1e-3)
    grads = torch.autograd.grad(colors.sum(), [leaf.means, leaf.log_scales])
    assert all(bool(grad.isfinite().all()) for grad in grads)


def test_scales_that_overflow_are_left_out_without_harm():
    leaf = one_splat(scale=1e30).map(lambda t: t.requires_grad_())
    colors, _, info = rasterize(leaf, Cameras.look_at((0.0, 0.0, 1.0), width=8, height=8), torch.ones(3))
    assert not info.visible.any() and torch.equal(colors, torch.ones(1, 8, 8, 3))
    assert not means_gradient(colors.sum(), leaf).any()


def test_one_pixel():
    cameras = Cameras.look_at((0.0, 0.0, 1.0), width=1, height=1)
    colors, alphas, _ = rasterize(one_splat(scale=0.5), cameras)
    assert colors.shape == (1, 1, 1, 3) and float(alphas) == pytest.approx(0.9526, abs=1e-3)


def test_no_cameras():
    cameras = Cameras(torch.zeros(0, 4, 4), torch.zeros(0, 3, 3), 4, 3)
    colors, alphas, info = rasterize(one_splat(), cameras)
    assert colors.shape == (0, 3, 4, 3) and alphas.shape == (0, 3, 4, 1) and info.radii.shape == (0, 1)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_values_that_are_not_finite_are_refused_by_name(gaussian_ball, field, value):
    gaussians = gaussian_ball(5, dtype=torch.float32)
    getattr(gaussians, field)[3] = value
    with pytest.raises(EmogaError, match=rf"{field} is not finite in 1 of 5 rows, first in row 3"):
        rasterize(gaussians, Cameras.orbit(0.0, width=8, height=8))


@pytest.mark.parametrize("broken", ["means", "quaternions", "scales", "opacities", "colors"])
def test_the_unchecked_function_survives_nan(gaussian_ball, broken):
    gaussians = gaussian_ball(20, size=0.05, dtype=torch.float32)
    cameras = Cameras.orbit(0.0, distance=0.8, width=40, height=40)
    inputs = {
        "means": gaussians.means.clone(),
        "quaternions": gaussians.quaternions.clone(),
        "scales": gaussians.scales,
        "opacities": gaussians.opacities,
        "colors": torch.rand(20, 3),
    }
    inputs[broken][::2] = math.nan
    leaf = {name: tensor.requires_grad_() for name, tensor in inputs.items()}
    image, _ = rasterize_splats(
        **leaf, world_to_camera=cameras.world_to_camera[0], intrinsics=cameras.intrinsics[0],
        width=40, height=40, background=torch.zeros(3),
    )  # fmt: skip
    image.sum().backward()
    if broken != "colors":
        assert bool(image.isfinite().all())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"background": torch.zeros(4)}, "background has shape"),
        ({"background": torch.tensor([0.0, math.nan, 0.0])}, "background is not finite"),
        ({"backend": "vulkan"}, "choose auto, numba, gsplat or torch"),
    ],
)
def test_other_wrong_input(change, message):
    with pytest.raises(EmogaError, match=message):
        rasterize(one_splat(), Cameras.orbit(0.0, width=8, height=8), **change)


def test_mixed_types_are_refused():
    gaussians = one_splat()
    gaussians.sh = gaussians.sh.double()
    with pytest.raises(EmogaError, match=r"sh is torch.float64"):
        rasterize(gaussians, Cameras.orbit(0.0, width=8, height=8))


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what is missing on machines without CUDA")
def test_gsplat_without_cuda_says_what_to_do():
    with pytest.raises(EmogaError, match="gsplat"):
        rasterize(one_splat(), Cameras.orbit(0.0, width=8, height=8), backend="gsplat")
