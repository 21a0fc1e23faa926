"""Pixels of the studio: a z-buffer with per-vertex depth bias, and splatting of thin strands over it."""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True)
def raster_surface(
    screen: np.ndarray,
    triangles: np.ndarray,
    hidden: np.ndarray,
    nearness: np.ndarray,
    ids: np.ndarray,
    barycentric: np.ndarray,
) -> None:
    """Z-buffer of triangles.

    Args:
        screen: (n, 3) column, row (pixel centres at half-integers) and 1 / (depth + bias).
        triangles: (F, 3). hidden: (F,) bool, faces to leave out.
        nearness: (H, W) zeros; becomes 1 / depth. ids: (H, W) int32 of -1; becomes the triangle.
        barycentric: (H, W, 2) perspective-correct weights of the first two corners.
    """
    height, width = nearness.shape
    for f in range(len(triangles)):
        if hidden[f]:
            continue
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, ay, bx, by = screen[a, 0], screen[a, 1], screen[b, 0], screen[b, 1]
        cx, cy = screen[c, 0], screen[c, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-12:
            continue
        x0, x1 = max(0, math.ceil(min(ax, bx, cx) - 0.5)), min(width - 1, math.floor(max(ax, bx, cx) - 0.5))
        y0, y1 = max(0, math.ceil(min(ay, by, cy) - 0.5)), min(height - 1, math.floor(max(ay, by, cy) - 0.5))
        na, nb, nc = screen[a, 2], screen[b, 2], screen[c, 2]
        inverse = 1 / area
        for y in range(y0, y1 + 1):
            py = y + 0.5
            for x in range(x0, x1 + 1):
                px = x + 0.5
                u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) * inverse
                v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) * inverse
                w = 1 - u - v
                if u < -1e-6 or v < -1e-6 or w < -1e-6:
                    continue
                near = u * na + v * nb + w * nc
                if near > nearness[y, x]:
                    nearness[y, x] = near
                    ids[y, x] = f
                    barycentric[y, x, 0] = u * na / near
                    barycentric[y, x, 1] = v * nb / near


@njit(cache=True)
def splat_strands(
    start: np.ndarray,
    end: np.ndarray,
    radius: np.ndarray,
    colour: np.ndarray,
    opacity: np.ndarray,
    order: np.ndarray,
    focal: float,
    nearness: np.ndarray,
    out: np.ndarray,
    transmittance: np.ndarray,
) -> None:
    """Blends line segments as elongated Gaussians, front to back, where the surface does not hide them.

    Args:
        start, end: (n, 3) camera coordinates (x right, y down, z forward), metres.
        radius: (n,) standard deviation across the strand, metres. colour: (n, 3). opacity: (n,).
        order: (n,) from near to far. focal: pixels; the principal point is the middle of the picture.
        nearness: (H, W) of the surface. out: (H, W, 3) and transmittance: (H, W), updated.
    """
    height, width = nearness.shape
    low_pass, slack = 0.18, 0.0012
    for i in order:
        z = 0.5 * (start[i, 2] + end[i, 2])
        if z < 0.05:
            continue
        k = focal / z
        x, y = 0.5 * (start[i, 0] + end[i, 0]) * k, 0.5 * (start[i, 1] + end[i, 1]) * k
        dx = k * (end[i, 0] - start[i, 0]) - x * (end[i, 2] - start[i, 2]) / z
        dy = k * (end[i, 1] - start[i, 1]) - y * (end[i, 2] - start[i, 2]) / z
        x, y = x + 0.5 * width, y + 0.5 * height
        thin = (radius[i] * k) ** 2
        # A Gaussian along the segment (deviation 0.36 of its length) keeps a chain of segments even.
        a, b, d = 0.13 * dx * dx + thin, 0.13 * dx * dy, 0.13 * dy * dy + thin
        sharp = a * d - b * b
        a, d = a + low_pass, d + low_pass
        det = a * d - b * b
        if det <= 1e-12:
            continue
        alpha = opacity[i] * max(0.08, math.sqrt(max(sharp, 1e-9) / det))
        ia, ib, ic = 0.5 * d / det, -b / det, 0.5 * a / det
        rx, ry = 3 * math.sqrt(a), 3 * math.sqrt(d)
        x0, x1, y0, y1 = (
            max(0, int(x - rx)),
            min(width - 1, int(x + rx + 1)),
            max(0, int(y - ry)),
            min(height - 1, int(y + ry + 1)),
        )
        for py in range(y0, y1 + 1):
            v = py + 0.5 - y
            for px in range(x0, x1 + 1):
                t = transmittance[py, px]
                if t < 0.004:
                    continue
                u = px + 0.5 - x
                e = ia * u * u + ib * u * v + ic * v * v
                if e > 4.5:
                    continue
                near = nearness[py, px]
                if near > 0 and 1 / near + slack < z:
                    continue
                cover = min(0.99, alpha * math.exp(-e))
                out[py, px, 0] += t * cover * colour[i, 0]
                out[py, px, 1] += t * cover * colour[i, 1]
                out[py, px, 2] += t * cover * colour[i, 2]
                transmittance[py, px] = t * (1 - cover)
