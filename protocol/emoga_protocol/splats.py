"""The splats blob: 19 bytes a Gaussian with SH degree 0, 28 with degree 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emoga_protocol.blobs import pack_blob, unpack_blob
from emoga_protocol.errors import ProtocolError
from emoga_protocol.quantise import (
    dequantise_uniform,
    fit_levels,
    nearest_level,
    pack_rotations,
    quantise_uniform,
    unpack_rotations,
)

# Local log scales below this are flat: exp(-7) of a 3 mm triangle is 3 micrometres.
_SMALLEST_LOG_SCALE = -7.0


@dataclass(slots=True, kw_only=True)
class SplatTable:
    """Gaussians of the neutral face in the frame of their parent triangle.

    positions: (N, 3) in units of the triangle's scale.
    triangles: (N,) parent triangle.
    triangle_count: F.
    quaternions: (N, 4) wxyz, local.
    log_scales: (N, 3) local.
    opacities: (N,) in [0, 1].
    sh: (N, K, 3), K = 1 or 4 coefficients as in 3D Gaussian splatting.
    """

    positions: np.ndarray
    triangles: np.ndarray
    triangle_count: int
    quaternions: np.ndarray
    log_scales: np.ndarray
    opacities: np.ndarray
    sh: np.ndarray


def encode_splats(table: SplatTable) -> bytes:
    """The splats blob. Raises ProtocolError for wrong shapes, values that are not finite, bad parents."""
    coefficients = table.sh.shape[1]
    if coefficients not in (1, 4):
        raise ProtocolError(f"splats: {coefficients} SH coefficients; the wire carries 1 or 4")
    _check_finite(table)
    position, position_min, position_step = quantise_uniform(table.positions.astype(np.float64), 16)
    log_scales = np.maximum(table.log_scales.astype(np.float64), _SMALLEST_LOG_SCALE)
    log_scale, log_scale_min, log_scale_step = quantise_uniform(log_scales, 8)
    color = np.empty(table.sh.shape, np.uint8)
    levels = np.empty((coefficients, 3, 256), np.float32)
    for k in range(coefficients):
        for c in range(3):
            levels[k, c] = fit_levels(table.sh[:, k, c], table.opacities + 0.02)
            color[:, k, c] = nearest_level(table.sh[:, k, c], levels[k, c])
    return pack_blob(
        "splats",
        {"N": len(table.positions), "F": table.triangle_count, "K": coefficients},
        {
            "position": position,
            "triangle": np.asarray(table.triangles, np.int64),
            "rotation": pack_rotations(table.quaternions),
            "log_scale": log_scale,
            "opacity": np.rint(np.clip(table.opacities, 0, 1) * 255).astype(np.uint8),
            "color": color,
            "color_levels": levels,
        },
        {
            "position_min": position_min,
            "position_step": position_step,
            "log_scale_min": log_scale_min,
            "log_scale_step": log_scale_step,
        },
    )


def decode_splats(data: bytes | memoryview) -> SplatTable:
    """Inverse of `encode_splats`, up to quantisation. Raises ProtocolError."""
    blob = unpack_blob(data, "splats")
    arrays, header, coefficients = blob.arrays, blob.header, blob.dimensions["K"]
    if coefficients not in (1, 4):
        raise ProtocolError(f"splats blob: {coefficients} SH coefficients; expected 1 or 4")
    triangles, count = arrays["triangle"].astype(np.int64), blob.dimensions["F"]
    if len(triangles) and triangles.max() >= count:
        raise ProtocolError(f"splats blob: parent triangle {triangles.max()} of {count}")
    k, c = np.arange(coefficients)[:, None], np.arange(3)[None, :]
    return SplatTable(
        positions=dequantise_uniform(arrays["position"], header["position_min"], header["position_step"]),
        triangles=triangles,
        triangle_count=count,
        quaternions=unpack_rotations(arrays["rotation"]),
        log_scales=dequantise_uniform(arrays["log_scale"], header["log_scale_min"], header["log_scale_step"]),
        opacities=(arrays["opacity"] / 255).astype(np.float32),
        sh=arrays["color_levels"][k, c, arrays["color"]],
    )


def _check_finite(table: SplatTable) -> None:
    for name in ("positions", "quaternions", "log_scales", "opacities", "sh"):
        values = getattr(table, name)
        if not np.isfinite(values).all():
            bad = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))
            raise ProtocolError(f"splats: {name} of splat {bad[0]} is not finite ({len(bad)} such splats)")
