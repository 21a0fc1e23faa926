"""`emoga bench raster`: the CPU splat rasteriser, one thread, on a shell of Gaussians shaped like a head."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numba
import torch
from torch import Tensor

from emoga_core.render import Cameras, Gaussians, rasterize, rasterize_splats
from emoga_core.render.reference import pixels_near_thresholds
from emoga_server.bench import Row
from emoga_server.bench.torch_tiles import rasterize_torch_tiles

SCENES = {  # name: Gaussians, picture size, targets in ms (forward, forward + backward)
    "20k_256": (20_000, 256, 6.0, 18.0),
    "60k_512": (60_000, 512, 20.0, 60.0),
}


def run() -> list[Row]:
    """Times (CPU milliseconds, median), the ratio to plain torch in the same run, and gradient errors."""
    rows: list[Row] = []
    with _one_thread():
        for name, (count, size, forward_target, both_target) in SCENES.items():
            inputs, camera = _head_shell(count, size)
            forward, both = _times(rasterize_splats, inputs, camera, repeats=25)
            composited = _composited_per_pixel(inputs, camera)
            rows.append(Row(f"{name}_forward_ms", forward, "ms", f"<= {forward_target:g}"))
            baseline = None
            if name == "20k_256":
                baseline = _times(rasterize_torch_tiles, inputs, camera, repeats=3)[1]
            rows.append(
                Row(
                    f"{name}_forward_backward_ms",
                    both,
                    "ms",
                    f"<= {both_target:g}",
                    baseline,
                    None if baseline is None else baseline / both,
                )
            )
            rows.append(Row(f"{name}_composited_per_pixel", composited, "splats", "20 to 55"))
            if baseline is not None:
                rows.append(Row("speedup_over_torch_tiles", baseline / both, "x", ">= 40"))
        rows.append(Row("grad_error_f64", _gradient_error(torch.float64), "relative", "<= 1e-10"))
        rows.append(Row("grad_error_f32", _gradient_error(torch.float32), "relative", "<= 1e-4"))
    return rows


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads(), numba.get_num_threads()
    torch.set_num_threads(1)
    numba.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        numba.set_num_threads(before[1])


def _head_shell(count: int, size: int) -> tuple[list[Tensor], Cameras]:
    """Randomly turned Gaussians of opacity 0.7 on an ellipsoid of a head's size, filling the picture's
    height."""
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    means = torch.nn.functional.normalize(random(count, 3), dim=-1) * torch.tensor([0.075, 0.11, 0.095])
    scales = torch.exp(0.3 * random(count, 3)) * 0.5 * (0.12 / count) ** 0.5
    colors = torch.rand(count, 3, generator=generator)
    inputs = [means, random(count, 4), scales, torch.full((count,), 0.7), colors]
    return inputs, Cameras.orbit(0.0, distance=0.7, vertical_fov=0.38, width=size, height=size)


def _times(draw: Callable, inputs: list[Tensor], camera: Cameras, repeats: int) -> tuple[float, float]:
    """Median CPU milliseconds of drawing, and of drawing and differentiating."""
    size = camera.width
    fixed: Any = (camera.world_to_camera[0], camera.intrinsics[0], size, size, torch.ones(3))
    leaves = [tensor.clone().requires_grad_() for tensor in inputs]
    weights = torch.rand(size, size, 3, generator=torch.Generator().manual_seed(1))

    def forward() -> None:
        with torch.no_grad():
            draw(*inputs, *fixed)

    def both() -> None:
        torch.autograd.grad(draw(*leaves, *fixed)[0], leaves, weights)

    results = []
    for function in (forward, both):
        function()  # compiles
        samples = []
        for _ in range(repeats):
            begin = time.process_time()
            function()
            samples.append(time.process_time() - begin)
        results.append(1e3 * statistics.median(samples))
    return results[0], results[1]


def _composited_per_pixel(inputs: list[Tensor], camera: Cameras) -> float:
    """Mean number of splats in the sum of a pixel, over pixels that have any."""
    view, intrinsics = camera.world_to_camera[0], camera.intrinsics[0]
    fixed: Any = (view, intrinsics, camera.width, camera.height, torch.ones(3))
    with torch.no_grad():
        draw: Callable = rasterize_torch_tiles
        counts = draw(*inputs, *fixed)[2]
    return float(counts[counts > 0].mean())


def _gradient_error(dtype: torch.dtype) -> float:
    """Largest difference from the dense float64 reference, relative to each field's largest gradient.

    Pixels where an alpha or a transmittance meets a threshold to within rounding are left out.
    """
    generator = torch.Generator().manual_seed(2)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    gaussians = Gaussians(
        random(400, 3) * 0.1,
        random(400, 4),
        random(400, 3) * 0.5 - 4.5,
        random(400) * 1.5,
        random(400, 9, 3) * 0.4,
    )
    cameras = Cameras.orbit(0.3, 0.1, distance=1.0, width=90, height=70)
    decided = ~pixels_near_thresholds(gaussians, cameras)
    weights = random(1, 70, 90, 3).double() * decided[..., None]

    def gradients(backend, precision: torch.dtype) -> list[Tensor]:
        leaf = gaussians.map(lambda tensor: tensor.to(precision).requires_grad_())
        colors, _, _ = rasterize(leaf, cameras, torch.ones(3), backend=backend)
        fields = [leaf.means, leaf.quaternions, leaf.log_scales, leaf.opacity_logits, leaf.sh]
        return list(torch.autograd.grad(colors, fields, weights.to(precision)))

    pairs = zip(gradients("numba", dtype), gradients("torch", torch.float64), strict=True)
    return max(float((ours - exact).abs().max() / exact.abs().max()) for ours, exact in pairs)
