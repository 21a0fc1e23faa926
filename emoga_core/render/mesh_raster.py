"""A z-buffer for triangle meshes: which triangle each pixel shows, where on it, and how far away.

Edge functions are evaluated in homogeneous coordinates (Olano and Greer 1997), so triangles that cross the
camera plane need no clipping and barycentric coordinates are perspective-correct. Not differentiable in the
vertices; `MeshRaster.interpolate` is differentiable in the values it interpolates.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch
from numba import prange
from torch import Tensor

from emoga_core.errors import EmogaError
from emoga_core.render.cameras import Cameras
from emoga_core.render.numba_kernels import kernel

_NEAR = 0.01  # metres


@dataclasses.dataclass
class MeshRaster:
    """What C cameras see of a mesh.

    Attributes:
        triangle_ids: (C, H, W) int32, -1 where there is no triangle.
        barycentric: (C, H, W, 3) float32 weights of the triangle's corners, 0 where there is none.
        depth: (C, H, W) float32 metres along the camera's axis, 0 where there is none.
        triangles: (F, 3) int64, those that were drawn.
    """

    triangle_ids: Tensor
    barycentric: Tensor
    depth: Tensor
    triangles: Tensor

    @property
    def mask(self) -> Tensor:
        """(C, H, W) bool: pixels that show the mesh."""
        return self.triangle_ids >= 0

    def interpolate(self, values: Tensor, triangles: Tensor | None = None) -> Tensor:
        """Values per vertex (V, D) -> (C, H, W, D), 0 where there is no triangle.

        `triangles` (F, 3) indexes `values` when these have corners of their own, as texture coordinates do
        (`raster.interpolate(head.uv, head.uv_triangles)`).
        """
        corners = self._corners(triangles)
        weights = self.barycentric[self.mask].to(values.dtype)
        picture = values.new_zeros((*self.triangle_ids.shape, values.shape[-1]))
        picture[self.mask] = torch.einsum("pk,pkd->pd", weights, values[corners])
        return picture

    def labels(self, vertex_labels: Tensor, empty: int = -1) -> Tensor:
        """Labels per vertex (V,) -> (C, H, W): that of the nearest corner; `empty` where there is none."""
        corners = self._corners(None)
        nearest = self.barycentric[self.mask].argmax(-1, keepdim=True)
        picture = torch.full(self.triangle_ids.shape, empty, dtype=vertex_labels.dtype)
        picture[self.mask] = vertex_labels[corners.gather(1, nearest)[:, 0]]
        return picture

    def normals(self, vertices: Tensor) -> Tensor:
        """(C, H, W, 3) smooth unit normals in world space, 0 where there is no triangle."""
        return torch.nn.functional.normalize(
            self.interpolate(vertex_normals(vertices, self.triangles)), dim=-1
        )

    def _corners(self, triangles: Tensor | None) -> Tensor:
        triangles = self.triangles if triangles is None else triangles
        if len(triangles) != len(self.triangles):
            raise EmogaError(
                f"MeshRaster: {len(triangles)} triangles given, but {len(self.triangles)} were drawn."
            )
        return triangles[self.triangle_ids[self.mask].long()]


def vertex_normals(vertices: Tensor, triangles: Tensor) -> Tensor:
    """Unit normals (..., V, 3) of vertices (..., V, 3): area-weighted mean over the triangles (F, 3) around.

    Triangles run counter-clockwise seen from outside. A vertex without area gets a zero normal.
    """
    a, b, c = (vertices[..., triangles[:, k], :] for k in range(3))
    face = torch.linalg.cross(b - a, c - a)
    normals = torch.zeros_like(vertices)
    for k in range(3):
        normals = normals.index_add(-2, triangles[:, k], face)
    return torch.nn.functional.normalize(normals, dim=-1, eps=1e-20)


def rasterize_mesh(
    vertices: Tensor, triangles: Tensor, cameras: Cameras, *, cull_backfaces: bool = False
) -> MeshRaster:
    """Draws a mesh's z-buffer.

    Args:
        vertices: (V, 3) world positions in metres.
        triangles: (F, 3) integer vertex indices, counter-clockwise seen from outside.
        cameras: C cameras.
        cull_backfaces: leave out triangles that face away from the camera.

    A pixel whose centre lies on an edge belongs to both triangles and shows the nearer one (the earlier one
    when equally near), so that closed surfaces have no gaps.

    Raises:
        EmogaError: for wrong shapes, indices out of range or vertices that are not finite.
    """
    if vertices.ndim != 2 or vertices.shape[1] != 3:
        raise EmogaError(f"rasterize_mesh: vertices have shape {tuple(vertices.shape)}, expected (V, 3).")
    if triangles.ndim != 2 or triangles.shape[1] != 3:
        raise EmogaError(f"rasterize_mesh: triangles have shape {tuple(triangles.shape)}, expected (F, 3).")
    triangles = triangles.detach().cpu().long()
    if len(triangles) and not (int(triangles.min()) >= 0 and int(triangles.max()) < len(vertices)):
        raise EmogaError(
            f"rasterize_mesh: triangle indices run from {int(triangles.min())} to {int(triangles.max())}, "
            f"but there are {len(vertices)} vertices."
        )
    points = vertices.detach().cpu().double()
    if not bool(points.isfinite().all()):
        raise EmogaError("rasterize_mesh: vertices are not finite; the pose or the head's arrays are broken.")
    views = cameras.to("cpu", torch.float64)
    homogeneous = points @ views.world_to_camera[:, :3, :3].transpose(1, 2)
    homogeneous = (homogeneous + views.world_to_camera[:, None, :3, 3]) @ views.intrinsics.transpose(1, 2)
    shape = (len(cameras), cameras.height, cameras.width)
    ids = np.full(shape, -1, np.int32)
    barycentric = np.zeros((*shape, 3), np.float32)
    depth = np.zeros(shape, np.float32)
    _draw(
        homogeneous.contiguous().numpy(),
        triangles.contiguous().numpy(),
        cull_backfaces,
        ids,
        barycentric,
        depth,
    )
    return MeshRaster(
        torch.from_numpy(ids), torch.from_numpy(barycentric), torch.from_numpy(depth), triangles
    )


@kernel()
def _span(p, a, b, c, axis, size):
    """First and last pixel along an axis whose centre can lie in the triangle."""
    if p[a, 2] < _NEAR or p[b, 2] < _NEAR or p[c, 2] < _NEAR:
        return 0, size - 1  # it crosses the camera plane: its picture is unbounded
    u = p[a, axis] / p[a, 2]
    v = p[b, axis] / p[b, 2]
    w = p[c, axis] / p[c, 2]
    low = max(min(u, v, w) - 0.5, 0.0)
    high = min(max(u, v, w) - 0.5, size - 1.0)
    return math.ceil(low - 1e-6), math.floor(high + 1e-6)


@kernel(parallel=True)
def _draw(points, triangles, cull_backfaces, ids, barycentric, depth):
    """points (C, V, 3): homogeneous pixel coordinates (x z, y z, z)."""
    height = ids.shape[1]
    width = ids.shape[2]
    for camera in prange(points.shape[0]):
        p = points[camera]
        nearest = np.zeros((height, width))  # 1 / depth
        for t in range(triangles.shape[0]):
            a = triangles[t, 0]
            b = triangles[t, 1]
            c = triangles[t, 2]
            if p[a, 2] < _NEAR and p[b, 2] < _NEAR and p[c, 2] < _NEAR:
                continue
            ax = p[b, 1] * p[c, 2] - p[b, 2] * p[c, 1]
            ay = p[b, 2] * p[c, 0] - p[b, 0] * p[c, 2]
            az = p[b, 0] * p[c, 1] - p[b, 1] * p[c, 0]
            bx = p[c, 1] * p[a, 2] - p[c, 2] * p[a, 1]
            by = p[c, 2] * p[a, 0] - p[c, 0] * p[a, 2]
            bz = p[c, 0] * p[a, 1] - p[c, 1] * p[a, 0]
            cx = p[a, 1] * p[b, 2] - p[a, 2] * p[b, 1]
            cy = p[a, 2] * p[b, 0] - p[a, 0] * p[b, 2]
            cz = p[a, 0] * p[b, 1] - p[a, 1] * p[b, 0]
            det = p[a, 0] * ax + p[a, 1] * ay + p[a, 2] * az
            if det == 0.0 or (cull_backfaces and det > 0.0):
                continue
            inverse = 1.0 / det
            x0, x1 = _span(p, a, b, c, 0, width)
            y0, y1 = _span(p, a, b, c, 1, height)
            for y in range(y0, y1 + 1):
                py = y + 0.5
                for x in range(x0, x1 + 1):
                    px = x + 0.5
                    wa = (ax * px + ay * py + az) * inverse
                    wb = (bx * px + by * py + bz) * inverse
                    wc = (cx * px + cy * py + cz) * inverse
                    total = wa + wb + wc  # 1 / depth
                    edge = -1e-9 * abs(total)
                    if wa < edge or wb < edge or wc < edge or not total > nearest[y, x]:
                        continue
                    if total > 1.0 / _NEAR:
                        continue
                    nearest[y, x] = total
                    ids[camera, y, x] = t
                    depth[camera, y, x] = 1.0 / total
                    barycentric[camera, y, x, 0] = wa / total
                    barycentric[camera, y, x, 1] = wb / total
                    barycentric[camera, y, x, 2] = wc / total
