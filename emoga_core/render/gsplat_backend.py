"""The rasteriser on CUDA, through gsplat (an optional dependency, imported when first used)."""

from __future__ import annotations

import torch
from torch import Tensor

from emoga_core.errors import EmogaError
from emoga_core.render.cameras import Cameras
from emoga_core.render.gaussians import Gaussians
from emoga_core.render.raster_info import RasterInfo
from emoga_core.render.splat_projection import BLUR, FAR, NEAR
from emoga_core.render.splat_tiles import TILE


def rasterize_gsplat(
    gaussians: Gaussians, cameras: Cameras, background: Tensor
) -> tuple[Tensor, Tensor, RasterInfo]:
    """`rasterize` with backend="gsplat": float32 on CUDA; background is (C, 3).

    Raises:
        EmogaError: when gsplat or a CUDA device is missing, or the tensors are not float32 on CUDA.
    """
    try:
        from gsplat import rasterization  # type: ignore[import-not-found]
    except ImportError as error:
        raise EmogaError(
            "rasterize: gsplat is not installed; pip install 'emoga[cuda]', or draw on the CPU."
        ) from error
    if gaussians.means.device.type != "cuda" or gaussians.means.dtype != torch.float32:
        raise EmogaError(
            f"rasterize: gsplat draws float32 on CUDA, these Gaussians are {gaussians.means.dtype} on "
            f"{gaussians.means.device}; move them or take backend='numba' on the CPU."
        )

    def draw(mode: str, backgrounds: Tensor | None) -> tuple[Tensor, Tensor, dict]:
        return rasterization(
            means=gaussians.means,
            quats=gaussians.quaternions,
            scales=gaussians.scales,
            opacities=gaussians.opacities,
            colors=gaussians.sh,
            viewmats=cameras.world_to_camera,
            Ks=cameras.intrinsics,
            width=cameras.width,
            height=cameras.height,
            near_plane=NEAR,
            far_plane=FAR,
            eps2d=BLUR,
            sh_degree=gaussians.sh_degree,
            packed=False,
            tile_size=TILE,
            backgrounds=backgrounds,
            render_mode=mode,
            rasterize_mode="classic",
        )

    colors, alphas, meta = draw("RGB", background.contiguous())
    means2d = meta["means2d"]
    if means2d.requires_grad:
        means2d.retain_grad()
    radii = meta["radii"]
    if radii.ndim == 3:  # gsplat 1.5 tells x and y apart
        radii = radii.amax(-1)
    info = RasterInfo(means2d, radii.to(colors.dtype), meta["depths"], lambda: draw("ED", None)[0][..., 0])
    return colors, alphas, info
