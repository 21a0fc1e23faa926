"""Drawing splats with numpy arrays: the stages of the CPU rasteriser in order, forward and backward.

This is the fastest way in: no autograd graph, nothing copied, nothing checked. All float arrays must be
C-contiguous and of one type (float32 or float64).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from emoga_core.render.buffers import empty, empty_like, zeros
from emoga_core.render.splat_blend import GRADIENTS, blend_backward, blend_forward, gather_gradients
from emoga_core.render.splat_projection import project_backward, project_forward
from emoga_core.render.splat_tiles import Tiles, bin_splats


@dataclasses.dataclass
class Projection:
    """N splats in one camera's picture; see `project_forward` for conics and extents."""

    means2d: np.ndarray  # (N, 2) px
    conics: np.ndarray  # (N, 3)
    extents: np.ndarray  # (N, 4)
    depths: np.ndarray  # (N,) metres, 0 behind the camera

    @property
    def visible(self) -> np.ndarray:
        """(N,) bool: alpha reaches 1/255 somewhere on the picture."""
        return self.extents[:, 0] > 0


@dataclasses.dataclass
class SplatFrame:
    """A drawn picture with all that its gradient needs.

    Attributes:
        image: (H, W, 3) colours over the background.
        transmittance: (H, W) what the splats let through, 1 - alpha.
    """

    inputs: tuple[np.ndarray, ...]  # means, quaternions, scales, opacities, colors, view, intrinsics
    projection: Projection
    tiles: Tiles
    image: np.ndarray
    transmittance: np.ndarray


@dataclasses.dataclass
class SplatGradients:
    """Gradients of a scalar with respect to the inputs of `draw_splats`, and to the pixel positions."""

    means: np.ndarray  # (N, 3)
    quaternions: np.ndarray  # (N, 4)
    scales: np.ndarray  # (N, 3), of the scales themselves, not of their logarithms
    opacities: np.ndarray  # (N,), of the opacities, not of their logits
    colors: np.ndarray  # (N, 3)
    means2d: np.ndarray  # (N, 2)


def draw_splats(
    means: np.ndarray,
    quaternions: np.ndarray,
    scales: np.ndarray,
    opacities: np.ndarray,
    colors: np.ndarray,
    world_to_camera: np.ndarray,
    intrinsics: np.ndarray,
    width: int,
    height: int,
    background: np.ndarray,
) -> SplatFrame:
    """Draws N splats with one camera.

    Args:
        means: (N, 3) metres. quaternions: (N, 4) w, x, y, z of any length. scales: (N, 3) metres.
        opacities: (N,) in [0, 1]. colors: (N, 3). world_to_camera: (4, 4) OpenCV. intrinsics: (3, 3) px.
        background: (3,).
    """
    projection = project(means, quaternions, scales, opacities, world_to_camera, intrinsics, width, height)
    tiles = bin_splats(projection.means2d, projection.extents, projection.depths, width, height)
    image, transmittance = blend(
        projection.means2d, projection.conics, opacities, colors, tiles, width, height, background
    )
    inputs = (means, quaternions, scales, opacities, colors, world_to_camera, intrinsics)
    return SplatFrame(inputs, projection, tiles, image, transmittance)


def splat_gradients(
    frame: SplatFrame, grad_image: np.ndarray, grad_alphas: np.ndarray | None = None
) -> SplatGradients:
    """Gradients of a scalar given those with respect to the picture (H, W, 3) and its alphas (H, W)."""
    means, quaternions, scales, opacities, colors, view, intrinsics = frame.inputs
    height, width = frame.transmittance.shape
    grad_means2d, grad_conics, grad_opacities, grad_colors = blend_gradients(
        frame.projection.means2d,
        frame.projection.conics,
        opacities,
        colors,
        frame.tiles,
        frame.image,
        frame.transmittance,
        grad_image,
        grad_alphas,
    )
    grad_means, grad_quaternions, grad_scales = projection_gradients(
        means,
        quaternions,
        scales,
        view,
        intrinsics,
        width,
        height,
        frame.projection,
        grad_means2d,
        grad_conics,
    )
    return SplatGradients(
        grad_means, grad_quaternions, grad_scales, grad_opacities, grad_colors, grad_means2d
    )


def project(
    means: np.ndarray,
    quaternions: np.ndarray,
    scales: np.ndarray,
    opacities: np.ndarray,
    view: np.ndarray,
    intrinsics: np.ndarray,
    width: int,
    height: int,
) -> Projection:
    """First stage of `draw_splats`."""
    count, dtype = len(means), means.dtype
    result = Projection(
        empty((count, 2), dtype),
        empty((count, 3), dtype),
        empty((count, 4), dtype),
        empty(count, dtype),
    )
    project_forward(
        means, quaternions, scales, opacities, view, intrinsics, width, height,
        result.means2d, result.conics, result.extents, result.depths,
    )  # fmt: skip
    return result


def blend(
    means2d: np.ndarray,
    conics: np.ndarray,
    opacities: np.ndarray,
    colors: np.ndarray,
    tiles: Tiles,
    width: int,
    height: int,
    background: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Last stage of `draw_splats` -> image (H, W, 3) and transmittance (H, W)."""
    image = empty((height, width, 3), means2d.dtype)
    transmittance = empty((height, width), means2d.dtype)
    blend_forward(
        means2d, conics, opacities, colors, tiles.offsets, tiles.members, tiles.masks, width, height,
        background, image, transmittance,
    )  # fmt: skip
    return image, transmittance


def blend_gradients(
    means2d: np.ndarray,
    conics: np.ndarray,
    opacities: np.ndarray,
    colors: np.ndarray,
    tiles: Tiles,
    image: np.ndarray,
    transmittance: np.ndarray,
    grad_image: np.ndarray,
    grad_alphas: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `blend` with respect to means2d, conics, opacities and colours."""
    if grad_alphas is None:
        grad_alphas = zeros(transmittance.shape, transmittance.dtype)
    entries = empty((len(tiles.members), GRADIENTS), means2d.dtype)
    blend_backward(
        means2d, conics, opacities, colors, tiles.offsets, tiles.members, tiles.masks, image,
        transmittance, grad_image, grad_alphas, entries,
    )  # fmt: skip
    gradients = empty_like(means2d), empty_like(conics), empty_like(opacities), empty_like(colors)
    gather_gradients(tiles.slots, tiles.places, entries, *gradients)
    return gradients


def projection_gradients(
    means: np.ndarray,
    quaternions: np.ndarray,
    scales: np.ndarray,
    view: np.ndarray,
    intrinsics: np.ndarray,
    width: int,
    height: int,
    projection: Projection,
    grad_means2d: np.ndarray,
    grad_conics: np.ndarray,
    grad_depths: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of `project` with respect to means, quaternions and scales."""
    if grad_depths is None:
        grad_depths = zeros(projection.depths.shape, projection.depths.dtype)
    gradients = empty_like(means), empty_like(quaternions), empty_like(scales)
    project_backward(
        means, quaternions, scales, view, intrinsics, width, height, projection.conics, projection.extents,
        grad_means2d, grad_conics, grad_depths, *gradients,
    )  # fmt: skip
    return gradients
