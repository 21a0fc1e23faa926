"""Spherical harmonics as 3D Gaussian splatting orders and signs them, and their reduction to lower degree."""

from __future__ import annotations

import math

import numpy as np

_C0 = 0.28209479177387814
_C1 = 0.4886025119029199
_C2 = (1.0925484305920792, -1.0925484305920792, 0.31539156525252005, -1.0925484305920792, 0.5462742152960396)
_C3 = (
    -0.5900435899266435,
    2.890611442640554,
    -0.4570457994644658,
    0.3731763325901154,
    -0.4570457994644658,
    1.445305721320277,
    -0.5900435899266435,
)


def sh_basis(directions: np.ndarray, coefficients: int) -> np.ndarray:
    """Basis values (D, coefficients) at unit directions (D, 3) from the camera to the splat.

    colour = max(basis @ sh + 0.5, 0). coefficients: 1, 4, 9 or 16.
    """
    x, y, z = np.asarray(directions, np.float64).T
    columns = [np.full_like(x, _C0)]
    if coefficients > 1:
        columns += [-_C1 * y, _C1 * z, -_C1 * x]
    if coefficients > 4:
        columns += [
            _C2[0] * x * y,
            _C2[1] * y * z,
            _C2[2] * (2 * z * z - x * x - y * y),
            _C2[3] * x * z,
            _C2[4] * (x * x - y * y),
        ]
    if coefficients > 9:
        columns += [
            _C3[0] * y * (3 * x * x - y * y),
            _C3[1] * x * y * z,
            _C3[2] * y * (4 * z * z - x * x - y * y),
            _C3[3] * z * (2 * z * z - 3 * x * x - 3 * y * y),
            _C3[4] * x * (4 * z * z - x * x - y * y),
            _C3[5] * z * (x * x - y * y),
            _C3[6] * x * (x * x - 3 * y * y),
        ]
    return np.stack(columns, axis=1)


def viewing_directions(yaw: float = 75.0, pitch: float = 30.0, count: int = 15) -> np.ndarray:
    """Directions (count^2, 3) from cameras in front of a face (+Z) towards it.

    Args:
        yaw, pitch: largest angle to either side and up or down, degrees.
    """
    horizontal = np.radians(np.linspace(-yaw, yaw, count))[:, None]
    vertical = np.radians(np.linspace(-pitch, pitch, count))[None, :]
    camera = np.stack(
        np.broadcast_arrays(
            np.sin(horizontal) * np.cos(vertical), np.sin(vertical), np.cos(horizontal) * np.cos(vertical)
        ),
        axis=-1,
    )
    return -camera.reshape(-1, 3)


def reduce_degree(
    sh: np.ndarray, coefficients: int, directions: np.ndarray, ridge: float = 1e-2
) -> np.ndarray:
    """Least-squares approximation of SH by fewer coefficients over the given viewing directions.

    Args:
        sh: (N, K, 3).
        coefficients: how many to keep; returned unchanged where K is not larger.
        directions: (D, 3) unit vectors from camera to splat, where the result should look right.
        ridge: pull, relative to the mean basis energy, of the first-order terms towards those of `sh`.

    Returns:
        (N, coefficients, 3) float32.
    """
    if sh.shape[1] <= coefficients:
        return np.asarray(sh, np.float32)
    full = sh_basis(directions, sh.shape[1]) / math.sqrt(len(directions))
    low = full[:, :coefficients]
    # The terms kept stay as they are; they additionally absorb what the dropped ones do in these directions.
    gram = low.T @ low
    gram += ridge * np.trace(gram) / coefficients * np.eye(coefficients)
    absorb = np.linalg.solve(gram, low.T @ full[:, coefficients:])
    kept = sh[:, :coefficients].astype(np.float64)
    return (kept + absorb @ sh[:, coefficients:]).astype(np.float32)
