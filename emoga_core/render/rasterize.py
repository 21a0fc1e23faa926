"""The splat rasteriser: one meaning, three backends (numba on the CPU, gsplat on CUDA, plain torch)."""

from __future__ import annotations

import dataclasses
from typing import Literal

import torch
from torch import Tensor

from emoga_core.errors import EmogaError
from emoga_core.render.cameras import Cameras
from emoga_core.render.gaussians import Gaussians
from emoga_core.render.raster_info import RasterInfo, expected_depth
from emoga_core.render.sh import evaluate_sh
from emoga_core.render.splat_autograd import blend_splats, project_splats
from emoga_core.render.splat_tiles import bin_splats

Backend = Literal["auto", "numba", "gsplat", "torch"]


def rasterize(
    gaussians: Gaussians,
    cameras: Cameras,
    background: Tensor | None = None,
    *,
    backend: Backend = "auto",
) -> tuple[Tensor, Tensor, RasterInfo]:
    """Draws Gaussians, with the meaning of gsplat's `rasterization` in classic mode.

    Each Gaussian is projected by the local affine approximation (EWA splatting, Zwicker et al. 2001) with
    0.3 px^2 of blur, coloured by max(SH + 0.5, 0) for its direction from the camera, and composited front to
    back (Kerbl et al. 2023): alpha is clamped to 0.999, skipped below 1/255, and a pixel stops before its
    transmittance would fall to 1e-4. Differentiable in every field of the Gaussians and in the background.

    Args:
        gaussians: N Gaussians, float32 or float64.
        cameras: C cameras on the same device, of any float type.
        background: (3,) or (C, 3); black by default.
        backend: "auto" takes gsplat for CUDA tensors and numba for the CPU. "torch" is the slow twin that
            compares every Gaussian with every pixel, on any device.

    Returns:
        colors (C, H, W, 3), alphas (C, H, W, 1) and a `RasterInfo`.

    Raises:
        EmogaError: for shapes or devices that do not belong together, values that are not finite, or a
            backend that this machine lacks.

    Example:
        >>> import torch
        >>> from emoga_core.render import Cameras, Gaussians, rasterize
        >>> one = Gaussians(torch.zeros(1, 3), torch.tensor([[1.0, 0, 0, 0]]), torch.full((1, 3), -4.0),
        ...                 torch.tensor([4.0]), torch.ones(1, 1, 3))
        >>> colors, alphas, info = rasterize(one, Cameras.look_at((0, 0, 1), width=32, height=32))
        >>> tuple(colors.shape), bool(alphas[0, 16, 16, 0] > 0.9)
        ((1, 32, 32, 3), True)
    """
    cameras = cameras.to(gaussians.means.dtype)
    background = _check(gaussians, cameras, background)
    if backend == "auto":
        backend = "gsplat" if gaussians.means.device.type == "cuda" else "numba"
    if backend == "gsplat":
        from emoga_core.render.gsplat_backend import rasterize_gsplat

        return rasterize_gsplat(gaussians, cameras, background)
    if backend == "torch":
        from emoga_core.render.reference import rasterize_reference

        return rasterize_reference(gaussians, cameras, background)
    if backend != "numba":
        raise EmogaError(f"rasterize: backend is {backend!r}; choose auto, numba, gsplat or torch.")
    if gaussians.means.device.type != "cpu":
        raise EmogaError(
            f"rasterize: the numba backend draws on the CPU but the Gaussians are on "
            f"{gaussians.means.device}; move them or take backend='gsplat'."
        )
    return _rasterize_numba(gaussians, cameras, background)


def rasterize_splats(
    means: Tensor,
    quaternions: Tensor,
    scales: Tensor,
    opacities: Tensor,
    colors: Tensor,
    world_to_camera: Tensor,
    intrinsics: Tensor,
    width: int,
    height: int,
    background: Tensor,
) -> tuple[Tensor, Tensor]:
    """`rasterize` on the CPU without its checks, for one camera and colours already evaluated.

    Args:
        means: (N, 3) metres. quaternions: (N, 4) w, x, y, z of any length. scales: (N, 3) metres.
        opacities: (N,) in [0, 1]. colors: (N, 3). world_to_camera: (4, 4) OpenCV. intrinsics: (3, 3) px.
        background: (3,). All of one float type; values that are not finite are not drawn.

    Returns:
        colors (H, W, 3) and alphas (H, W), differentiable in the first five arguments and the background.
        `emoga_core.render.splats.draw_splats` does the same on numpy arrays, without a graph.
    """
    means2d, conics, _, projection = project_splats(
        means, quaternions, scales, opacities, world_to_camera, intrinsics, width, height
    )
    tiles = bin_splats(projection.means2d, projection.extents, projection.depths, width, height)
    return blend_splats(means2d, conics, opacities, colors, background, tiles, width, height)


def _rasterize_numba(
    gaussians: Gaussians, cameras: Cameras, background: Tensor
) -> tuple[Tensor, Tensor, RasterInfo]:
    width, height, count = cameras.width, cameras.height, len(gaussians)
    scales, opacities = gaussians.scales, gaussians.opacities
    projected = [
        project_splats(
            gaussians.means, gaussians.quaternions, scales, opacities, view, intrinsics, width, height
        )
        for view, intrinsics in zip(cameras.world_to_camera, cameras.intrinsics, strict=True)
    ]
    empty = gaussians.means.new_zeros((0, count))
    means2d = torch.stack([p[0] for p in projected]) if projected else empty.new_zeros((0, count, 2))
    depths = torch.stack([p[2] for p in projected]) if projected else empty
    radii = (
        torch.stack([torch.from_numpy(p[3].extents[:, :2]).amax(-1) for p in projected])
        if projected
        else empty
    )
    if means2d.requires_grad:
        means2d.retain_grad()
    tiles = [bin_splats(p[3].means2d, p[3].extents, p[3].depths, width, height) for p in projected]

    def draw(colors: list[Tensor], backgrounds: Tensor) -> tuple[Tensor, Tensor]:
        pictures = [
            blend_splats(
                means2d[c], projected[c][1], opacities, colors[c], backgrounds[c], tiles[c], width, height
            )
            for c in range(len(projected))
        ]
        if not pictures:
            return empty.new_zeros((0, height, width, 3)), empty.new_zeros((0, height, width, 1))
        return torch.stack([p[0] for p in pictures]), torch.stack([p[1] for p in pictures])[..., None]

    def draw_depth() -> Tensor:
        weighted, alphas = draw([d[:, None].expand(-1, 3) for d in depths], torch.zeros_like(background))
        return expected_depth(weighted[..., 0], alphas[..., 0])

    colors = [evaluate_sh(gaussians.sh, gaussians.means - center) for center in cameras.centers]
    image, alphas = draw(colors, background)
    return image, alphas, RasterInfo(means2d, radii, depths, draw_depth)


def _check(gaussians: Gaussians, cameras: Cameras, background: Tensor | None) -> Tensor:
    """Raises on input that cannot be drawn; returns the background as (C, 3)."""
    means = gaussians.means
    for field in dataclasses.fields(Gaussians):
        tensor = getattr(gaussians, field.name)
        if tensor.device != means.device or tensor.dtype != means.dtype:
            raise EmogaError(
                f"rasterize: {field.name} is {tensor.dtype} on {tensor.device} but means are {means.dtype} "
                f"on {means.device}; bring them together with Gaussians.to()."
            )
        _require_finite(f"Gaussians.{field.name}", tensor)
    if means.dtype not in (torch.float32, torch.float64):
        raise EmogaError(f"rasterize: Gaussians are {means.dtype}; use float32 or float64.")
    if cameras.world_to_camera.device != means.device:
        raise EmogaError(
            f"rasterize: cameras are on {cameras.world_to_camera.device} but the Gaussians on {means.device}."
        )
    _require_finite("Cameras.world_to_camera", cameras.world_to_camera)
    _require_finite("Cameras.intrinsics", cameras.intrinsics)
    if background is None:
        background = means.new_zeros(3)
    background = torch.as_tensor(background).to(means)
    if tuple(background.shape) not in ((3,), (len(cameras), 3)):
        raise EmogaError(
            f"rasterize: background has shape {tuple(background.shape)}, "
            f"expected (3,) or ({len(cameras)}, 3)."
        )
    _require_finite("background", background)
    return background.expand(len(cameras), 3)


def _require_finite(name: str, tensor: Tensor) -> None:
    # min and max propagate NaN and cost a fifth of isfinite().all()
    if tensor.numel() and not bool(torch.stack(torch.aminmax(tensor.detach())).isfinite().all()):
        rows = (~tensor.detach().isfinite()).reshape(tensor.shape[0], -1).any(-1).nonzero()[:, 0]
        raise EmogaError(
            f"rasterize: {name} is not finite in {len(rows)} of {tensor.shape[0]} rows, first in row "
            f"{int(rows[0])}; remove or repair them."
        )
