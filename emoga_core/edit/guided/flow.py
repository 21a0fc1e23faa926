"""Dense flow between two poses of a mesh: where, in the present picture, lies what a target pixel will show?

The target mesh is drawn into a z-buffer; each of its pixels names a point of the surface by triangle and
barycentric coordinates. The same point on the present mesh, projected, is where its colour is to be found:
backward flow, exact in perspective, without holes by construction. It is *visible* there when the present
mesh's own z-buffer has the same kind of surface at the same depth; else something else lies in front, as lips
do before teeth.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from emoga_core.edit.face_classes import EYEBALL, MOUTH, face_classes
from emoga_core.heads import Head
from emoga_core.render import Cameras, MeshRaster
from emoga_core.render.mesh_raster import rasterize_mesh

_TOLERANCE = 0.0025
"""Metres by which a visible point may lie behind the present surface: about a pixel's slope at 256 px."""
_KINDS = (
    ("left_eyeball",), ("right_eyeball",), ("mouth_interior",), ("tongue",),
    ("upper_teeth", "upper_gums"), ("lower_teeth", "lower_gums"),
)  # fmt: skip
"""Surfaces that lie behind the skin (kind 0) and never show its colours; numbered from 1."""
LEFT_EYE, RIGHT_EYE, MOUTH_INSIDE = 1, 2, 3


@dataclass(frozen=True)
class Flow:
    """Backward flow of one view.

    Attributes:
        source: (H, W, 2) float32 pixel coordinates (x, y; centres at +0.5) in the present picture.
        visible: (H, W) bool: that surface point shows in the present picture.
        target, present: z-buffers of both poses, over the same triangles.
        kinds: (H, W) int64 kind of surface at the target pixel, -1 without any.
    """

    source: np.ndarray
    visible: np.ndarray
    target: MeshRaster
    present: MeshRaster
    kinds: np.ndarray

    def carry(self, picture: np.ndarray) -> np.ndarray:
        """(H, W, C) float32: the present picture's colours at the target; bicubic, whatever is visible."""
        return cv2.remap(
            np.ascontiguousarray(picture, np.float32),
            self.source[..., 0] - 0.5,
            self.source[..., 1] - 0.5,
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )


def surface_kinds(head: Head) -> Tensor:
    """(V,) int64: 0 for skin, 1.. for `_KINDS`; eyes and mouth are guessed for a head without regions."""
    kinds = torch.zeros(head.num_vertices, dtype=torch.int64)
    if not len(head.regions):
        classes, left = face_classes(head).classes, head.template[:, 0].cpu() > 0
        kinds[(classes == EYEBALL) & left], kinds[(classes == EYEBALL) & ~left] = LEFT_EYE, RIGHT_EYE
        kinds[classes == MOUTH] = MOUTH_INSIDE
        return kinds
    for number, names in enumerate(_KINDS, start=1):
        for name in names:
            if name in head.region_names:
                kinds[head.regions.cpu() == head.region_names.index(name)] = number
    return kinds


def solid_triangles(head: Head) -> Tensor:
    """(F', 3) the triangles that hide what is behind them: all but lashes."""
    triangles = head.triangles.cpu()
    if "lashes" not in head.region_names or not len(head.regions):
        return triangles
    lashes = head.regions.cpu() == head.region_names.index("lashes")
    return triangles[~lashes[triangles].any(1)]


def dense_flow(
    present: Tensor, target: Tensor, triangles: Tensor, camera: Cameras, kinds: Tensor | None = None
) -> Flow:
    """Flow of one view.

    Args:
        present, target: (V, 3) posed vertices, metres. triangles: (F, 3). camera: C = 1.
        kinds: (V,) int64 labels; a point is invisible where the picture shows another label. None: all equal.
    """
    camera, present, target = camera.to("cpu", torch.float32), present.cpu(), target.cpu()
    kinds = torch.zeros(len(present), dtype=torch.int64) if kinds is None else kinds
    after = rasterize_mesh(target, triangles, camera)
    before = rasterize_mesh(present, triangles, camera)
    size = (camera.height, camera.width)
    points = after.interpolate(present)[0].reshape(-1, 3)
    pixels, depth = camera.project(points)
    source = pixels[0].reshape(*size, 2).numpy().astype(np.float32)
    covered = after.mask[0].numpy()
    columns, rows = np.meshgrid(np.arange(size[1]) + 0.5, np.arange(size[0]) + 0.5)
    source[~covered] = np.stack([columns, rows], -1)[~covered]
    labels, labels_before = after.labels(kinds)[0].numpy(), before.labels(kinds)[0].numpy()
    column = np.floor(source[..., 0]).astype(np.int64)
    row = np.floor(source[..., 1]).astype(np.int64)
    inside = covered & (column >= 0) & (row >= 0) & (column < size[1]) & (row < size[0])
    column, row = column.clip(0, size[1] - 1), row.clip(0, size[0] - 1)
    # The farthest of the pixels around: on a slope a pixel's neighbour is as good a witness as itself.
    near = np.where(before.mask[0].numpy(), before.depth[0].numpy(), 0.0).astype(np.float32)
    reach = cv2.dilate(near, np.ones((3, 3), np.uint8))
    behind = depth[0].reshape(size).numpy() > reach[row, column] + _TOLERANCE
    same = labels_before[row, column] == labels
    return Flow(source, inside & ~behind & same, after, before, labels)
