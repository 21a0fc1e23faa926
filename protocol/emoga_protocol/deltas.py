"""The delta blob: what one emotion state at weight 1 adds to the neutral face.

Colour changes live on few splats and are strongly correlated (a blush moves red, green and blue together,
the same from every side), so the rows of changing splats are projected on a few principal directions of the
visible colour and sent as i8, the weaker ones in four bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emoga_protocol.blobs import pack_blob, unpack_blob
from emoga_protocol.errors import ProtocolError
from emoga_protocol.quantise import pack_mask, pack_nibbles, unpack_mask, unpack_nibbles
from emoga_protocol.sh import sh_basis, viewing_directions

_VISIBLE = 0.5 / 255  # colour changes below half a step of an 8-bit display are left out
_BYTES_PER_SPLAT = 6.0
_LEAST_BYTES_PER_SPLAT = 4.0


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


def encode_delta(delta: Delta, bytes_per_splat: float | None = None) -> bytes:
    """The delta blob.

    Args:
        bytes_per_splat: most bytes for the colour of a changing splat; by default what makes the whole blob
            six bytes a changing splat, but never below four.

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
    overhead = (count / 8 + 4 * delta.expression.size + 1024) / max(moving, 1)
    affordable = max(_BYTES_PER_SPLAT - overhead, _LEAST_BYTES_PER_SPLAT)
    budget = affordable if bytes_per_splat is None else bytes_per_splat
    basis, values8, values4 = _project(rows, basis_at, int(budget))
    return pack_blob(
        "delta",
        {
            "N": count,
            "NB": (count + 7) // 8,
            "M": moving,
            "R": len(basis),
            "R8": values8.shape[1],
            "H": (values4.shape[1] + 1) // 2,
            "K": coefficients,
            "E": len(delta.expression),
        },
        {
            "expression": delta.expression,
            "jaw": delta.jaw,
            "basis": basis.reshape(len(basis), coefficients, 3),
            "mask": pack_mask(changing),
            "values8": values8,
            "values4": pack_nibbles(values4),
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
    short = sizes["R"] - sizes["R8"]
    if short < 0 or sizes["H"] != (short + 1) // 2:
        raise ProtocolError(f"delta blob: R = {sizes['R']}, R8 = {sizes['R8']}, H = {sizes['H']} contradict")
    values = np.concatenate([arrays["values8"], unpack_nibbles(arrays["values4"], short)], axis=1)
    rows = values.astype(np.float64) @ arrays["basis"].reshape(sizes["R"], 3 * sizes["K"]).astype(np.float64)
    if rows.size and np.abs(rows).max() > np.finfo(np.float32).max:
        raise ProtocolError("delta blob: its basis leaves float32")
    sh = np.zeros((sizes["N"], 3 * sizes["K"]), np.float32)
    sh[changing] = rows
    return Delta(expression=arrays["expression"], jaw=arrays["jaw"], sh=sh.reshape(sizes["N"], sizes["K"], 3))


def _largest_change(sh: np.ndarray, basis_at: np.ndarray) -> np.ndarray:
    """(N,) largest colour change of each splat over views and channels, without looping over all views."""
    constant = np.abs(basis_at[0, 0] * sh[:, 0]).max(axis=1)
    if sh.shape[1] == 1:
        return constant
    # |c0 + g.d| <= |c0| + |g| for unit d: an upper bound is enough to decide what may be left out.
    gradient = np.linalg.norm(sh[:, 1:4], axis=1).max(axis=1) * np.linalg.norm(basis_at[0, 1:4])
    return constant + gradient


def _project(
    rows: np.ndarray, basis_at: np.ndarray, budget: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Principal directions of the visible colour, and the rows' coordinates along them as small integers.

    Args:
        rows: (M, 3K) SH differences of the changing splats.
        basis_at: (D, K) SH basis at the viewing directions.
        budget: whole bytes for each row.

    Returns:
        basis (R, 3K), one step long; values8 (M, R8) in i8; values4 (M, R - R8) in -7..7.
    """
    columns = rows.shape[1]
    if not len(rows):
        return np.zeros((0, columns), np.float32), np.zeros((0, 0), np.int8), np.zeros((0, 0), np.int8)
    gram = basis_at.T @ basis_at / len(basis_at)
    # Directions no view distinguishes still count a little, so that orbiting further stays sane.
    gram += 0.05 * np.trace(gram) / len(gram) * np.eye(len(gram))
    metric = np.kron(np.linalg.cholesky(gram), np.eye(3))
    white = rows @ metric
    eigenvalues, vectors = np.linalg.eigh(white.T @ white)
    vectors = vectors[:, np.argsort(eigenvalues)[::-1]]
    coordinates = white @ vectors
    fine = [_best_steps(column, 127, (np.inf,)) for column in coordinates.T]
    coarse = [_best_steps(column, 7, (np.inf, 4.0, 2.8)) for column in coordinates.T]
    dropped = (coordinates**2).sum(axis=0)
    split = _cheapest_split([f[1] for f in fine], [c[1] for c in coarse], dropped, budget)
    chosen = [*fine[: split[0]], *coarse[split[0] : sum(split)]]
    steps = np.array([step for step, _, _ in chosen])
    basis = (vectors[:, : len(chosen)] * steps).T @ np.linalg.inv(metric)
    values = np.zeros((len(rows), len(chosen)), np.int8)
    for r, (_, _, integers) in enumerate(chosen):
        values[:, r] = integers
    return basis.astype(np.float32), values[:, : split[0]], values[:, split[0] :]


def _best_steps(
    values: np.ndarray, limit: int, loadings: tuple[float, ...]
) -> tuple[float, float, np.ndarray]:
    """Uniform quantisation within +-limit: step, summed squared error, integers.

    Each loading is a multiple of the standard deviation at which to clamp; the best one is taken.
    """
    spread, largest = float(np.sqrt((values**2).mean())), float(np.abs(values).max())
    results = []
    for loading in loadings:
        step = max(min(largest, loading * spread) if np.isfinite(loading) else largest, 1e-12) / limit
        integers = np.rint(values / step).clip(-limit, limit)
        results.append((step, float(((integers * step - values) ** 2).sum()), integers.astype(np.int8)))
    return min(results, key=lambda result: result[1])


def _cheapest_split(
    fine: list[float], coarse: list[float], dropped: np.ndarray, budget: int
) -> tuple[int, int]:
    """How many leading components to send in 8 bits and how many of the next in 4, for the least error."""
    best, split = np.inf, (0, 0)
    for wide in range(min(budget, len(fine)) + 1):
        narrow = min(2 * (budget - wide), len(fine) - wide)
        end = wide + narrow
        error = sum(fine[:wide]) + sum(coarse[wide:end]) + float(dropped[end:].sum())
        if error < best:
            best, split = error, (wide, narrow)
    return split
