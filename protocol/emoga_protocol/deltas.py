"""The delta blob: what one emotion state at weight 1 adds to the neutral face.

Colour changes live on few splats and are strongly correlated (a blush moves red, green and blue together,
the same from every side), so the rows of changing splats are projected on a few principal directions of the
visible colour error and sent as i8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emoga_protocol.blobs import pack_blob, unpack_blob
from emoga_protocol.errors import ProtocolError
from emoga_protocol.quantise import pack_mask, unpack_mask
from emoga_protocol.sh import sh_basis, viewing_directions

_VISIBLE = 0.5 / 255  # colour changes below half a step of an 8-bit display are left out
_BYTES_PER_SPLAT = 6.0


@dataclass(slots=True, kw_only=True)
class Delta:
    """An emotion state's difference from neutral.

    expression: (E,) added to the expression coefficients.
    jaw: (3,) added to the jaw's axis-angle, rad.
    sh: (N, K, 3) added to the splats' SH.
    """

    expression: np.ndarray
    jaw: np.ndarray
    sh: np.ndarray


def encode_delta(delta: Delta, max_rank: int | None = None) -> bytes:
    """The delta blob.

    Args:
        max_rank: values for each changing splat; by default as many as fit six bytes a changing splat.

    Raises:
        ProtocolError: a value is not finite.
    """
    for name in ("expression", "jaw", "sh"):
        if not np.isfinite(getattr(delta, name)).all():
            raise ProtocolError(f"delta: {name} holds a value that is not finite")
    count, coefficients, _ = delta.sh.shape
    basis_at = sh_basis(viewing_directions(), coefficients)
    changing = _largest_change(delta.sh, basis_at) > _VISIBLE
    moving = int(changing.sum())
    rows = delta.sh[changing].reshape(moving, 3 * coefficients).astype(np.float64)
    rank = _affordable_rank(count, moving, rows.shape[1]) if max_rank is None else max_rank
    basis, values = _project(rows, basis_at, rank)
    return pack_blob(
        "delta",
        {
            "N": count,
            "NB": (count + 7) // 8,
            "M": moving,
            "R": len(basis),
            "K": coefficients,
            "E": len(delta.expression),
        },
        {
            "expression": delta.expression,
            "jaw": delta.jaw,
            "basis": basis.reshape(len(basis), coefficients, 3),
            "mask": pack_mask(changing),
            "values": values,
        },
    )


def decode_delta(data: bytes | memoryview) -> Delta:
    """Inverse of `encode_delta`, up to quantisation; `sh` is dense. Raises ProtocolError."""
    blob = unpack_blob(data, "delta")
    sizes, arrays = blob.dimensions, blob.arrays
    changing = unpack_mask(arrays["mask"], sizes["N"], "delta blob: mask")
    if int(changing.sum()) != sizes["M"]:
        raise ProtocolError(f"delta blob: the mask marks {int(changing.sum())} splats, M is {sizes['M']}")
    if sizes["K"] not in (1, 4):
        raise ProtocolError(f"delta blob: {sizes['K']} SH coefficients; expected 1 or 4")
    sh = np.zeros((sizes["N"], 3 * sizes["K"]), np.float32)
    sh[changing] = arrays["values"].astype(np.float32) @ arrays["basis"].reshape(sizes["R"], 3 * sizes["K"])
    return Delta(expression=arrays["expression"], jaw=arrays["jaw"], sh=sh.reshape(sizes["N"], sizes["K"], 3))


def _largest_change(sh: np.ndarray, basis_at: np.ndarray) -> np.ndarray:
    """(N,) largest colour change of each splat over views and channels, without looping over all views."""
    constant = np.abs(basis_at[0, 0] * sh[:, 0]).max(axis=1)
    if sh.shape[1] == 1:
        return constant
    # |c0 + g.d| <= |c0| + |g| for unit d: an upper bound is enough to decide what may be left out.
    gradient = np.linalg.norm(sh[:, 1:4], axis=1).max(axis=1) * np.linalg.norm(basis_at[0, 1:4])
    return constant + gradient


def _affordable_rank(count: int, moving: int, columns: int) -> int:
    if moving == 0:
        return 0
    overhead = (count / 8 + 4 * 3 + 512) / moving
    return int(np.clip(_BYTES_PER_SPLAT - overhead, 1, columns))


def _project(rows: np.ndarray, basis_at: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal directions of the visible colour: basis (R, 3K) scaled to i8 steps, values (M, R) i8."""
    if rank == 0 or not len(rows):
        return np.zeros((0, rows.shape[1]), np.float32), np.zeros((len(rows), 0), np.int8)
    gram = basis_at.T @ basis_at / len(basis_at)
    # Directions no view distinguishes still count a little, so that orbiting further stays sane.
    gram += 0.05 * np.trace(gram) / len(gram) * np.eye(len(gram))
    root = np.linalg.cholesky(gram)
    metric = np.kron(root, np.eye(3))
    white = rows @ metric
    eigenvalues, vectors = np.linalg.eigh(white.T @ white)
    vectors = vectors[:, np.argsort(eigenvalues)[::-1][:rank]]
    coordinates = white @ vectors
    steps = np.maximum(np.abs(coordinates).max(axis=0) / 127, 1e-12)
    basis = (vectors * steps).T @ np.linalg.inv(metric)
    return basis.astype(np.float32), np.rint(coordinates / steps).astype(np.int8)
