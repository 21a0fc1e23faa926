"""Where the head ends: a rounded bust, cut through the shoulders."""

from __future__ import annotations

import numpy as np

FLOOR, HALF_WIDTH, ROUNDING = 0.524, 0.128, 0.025


def inside_bust(p: np.ndarray) -> np.ndarray:
    """Distance-like value (n,), positive inside: a horizontal plane rounded into slanting side planes (m)."""
    above = p[:, 1] - FLOOR
    within = HALF_WIDTH - np.abs(p[:, 0]) - 0.55 * np.clip(0.590 - p[:, 1], 0, 0.06)
    h = np.clip(0.5 + 0.5 * (within - above) / ROUNDING, 0, 1)
    return within + (above - within) * h - ROUNDING * h * (1 - h)


def cut_bust(p: np.ndarray, quads: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keeps the quads that reach into the bust; their outside corners slide along an edge onto the cut.

    Args:
        p: (n,3) m, coordinates of base.obj.
        quads: (q,4).
    Returns:
        keep (q,) bool; and for every vertex a partner (n,) and the share (n,) of it: a vertex of the result
        is (1 - share) of itself and share of its partner, so that it stays linear in the body.
    """
    value = inside_bust(p)
    inside = value > 0
    keep = np.asarray(inside[quads].any(1))
    partner, share = np.arange(len(p)), np.zeros(len(p))
    best = np.full(len(p), np.inf)
    # Edges first; a corner whose neighbours are all outside slides along the diagonal.
    for step, penalty in ((1, 0.0), (3, 0.0), (2, 1.0)):
        a, b = quads[keep].ravel(), np.roll(quads[keep], -step, 1).ravel()
        crossing = ~inside[a] & inside[b]
        a, b = a[crossing], b[crossing]
        order = np.argsort(np.linalg.norm(p[a] - p[b], axis=1) + penalty, kind="stable")[::-1]
        a, b = a[order], b[order]
        length = np.linalg.norm(p[a] - p[b], axis=1) + penalty
        better = length < best[a]
        a, b, length = a[better], b[better], length[better]
        partner[a], best[a] = b, length  # the shortest comes last and stays
        share[a] = value[a] / (value[a] - value[b])
    return keep, partner, share
