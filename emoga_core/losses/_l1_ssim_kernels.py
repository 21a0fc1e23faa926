"""Numba kernels behind `l1_ssim`: separable 11x11 Gaussian windows, zero padded, with the gradient by hand.

The four passes are row-parallel and every reduction is per row, so results do not depend on the thread count.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

RADIUS = 5
SIGMA = 1.5
C1, C2 = 0.01**2, 0.03**2
_FAST = {"reassoc", "contract", "nsz", "arcp"}


def gaussian_window(dtype: type = np.float32) -> np.ndarray:
    """The normalised 1D window (11,) of the SSIM paper: sigma 1.5."""
    x = np.arange(2 * RADIUS + 1) - RADIUS
    w = np.exp(-(x**2) / (2 * SIGMA**2))
    return (w / w.sum()).astype(dtype)


# The weights are read into locals first: otherwise LLVM cannot prove that `out` does not alias them.
@njit(inline="always", fastmath=_FAST, error_model="numpy")
def _blur_row(padded, window, out, k, y):
    """Correlates a padded row (W+10,) with the symmetric window into out[k, y] of (K,H,W)."""
    a, b, c, d, e, m = window[0], window[1], window[2], window[3], window[4], window[5]
    for x in range(out.shape[2]):
        out[k, y, x] = (
            a * (padded[x] + padded[x + 10])
            + b * (padded[x + 1] + padded[x + 9])
            + c * (padded[x + 2] + padded[x + 8])
            + d * (padded[x + 3] + padded[x + 7])
            + e * (padded[x + 4] + padded[x + 6])
            + m * padded[x + 5]
        )


@njit(inline="always", fastmath=_FAST, error_model="numpy")
def _blur_column(rows, k, y, window, out, j):
    """Vertical window at row y of rows[k] (H,W) into out[j] of (J,W); rows outside count as zero."""
    _, height, width = rows.shape
    if y >= 5 and y < height - 5:
        a, b, c, d, e, m = window[0], window[1], window[2], window[3], window[4], window[5]
        for x in range(width):
            out[j, x] = (
                a * (rows[k, y - 5, x] + rows[k, y + 5, x])
                + b * (rows[k, y - 4, x] + rows[k, y + 4, x])
                + c * (rows[k, y - 3, x] + rows[k, y + 3, x])
                + d * (rows[k, y - 2, x] + rows[k, y + 2, x])
                + e * (rows[k, y - 1, x] + rows[k, y + 1, x])
                + m * rows[k, y, x]
            )
    else:
        for x in range(width):
            out[j, x] = 0
        for t in range(11):
            r = y + t - 5
            if r >= 0 and r < height:
                weight = window[t]
                for x in range(width):
                    out[j, x] += weight * rows[k, r, x]


@njit(parallel=True, cache=True, fastmath=_FAST, error_model="numpy")
def target_statistics(target, window, scratch, mean, variance):
    """Windowed mean and variance (3,H,W) of the planar target (3,H,W); scratch (6,H,W)."""
    _, height, width = target.shape
    for y in prange(height):
        padded = np.zeros(width + 10, target.dtype)
        for c in range(3):
            for x in range(width):
                padded[x + 5] = target[c, y, x]
            _blur_row(padded, window, scratch, 2 * c, y)
            for x in range(width):
                padded[x + 5] = target[c, y, x] * target[c, y, x]
            _blur_row(padded, window, scratch, 2 * c + 1, y)
    for y in prange(height):
        blurred = np.empty((2, width), target.dtype)
        for c in range(3):
            _blur_column(scratch, 2 * c, y, window, blurred, 0)
            _blur_column(scratch, 2 * c + 1, y, window, blurred, 1)
            for x in range(width):
                mean[c, y, x] = blurred[0, x]
                variance[c, y, x] = blurred[1, x] - blurred[0, x] * blurred[0, x]


@njit(parallel=True, cache=True, fastmath=_FAST, error_model="numpy")
def l1_ssim_forward(image, target, mean, variance, window, rows, partials, ssim_map, sums):
    """L1 and SSIM sums per row, and what the gradient of SSIM needs.

    image (H,W,3); target, mean, variance (3,H,W); rows (9,H,W) scratch; partials (9,H,W) receives d ssim / d
    (mean, second moment, cross moment) per channel; ssim_map (H,W), channel mean; sums (H,2).
    """
    f = image.dtype.type
    height, width, _ = image.shape
    c1, c2, two = f(C1), f(C2), f(2)
    for y in prange(height):
        padded = np.zeros(width + 10, image.dtype)
        for c in range(3):
            for x in range(width):
                padded[x + 5] = image[y, x, c]
            _blur_row(padded, window, rows, 3 * c, y)
            for x in range(width):
                padded[x + 5] = image[y, x, c] * image[y, x, c]
            _blur_row(padded, window, rows, 3 * c + 1, y)
            for x in range(width):
                padded[x + 5] = image[y, x, c] * target[c, y, x]
            _blur_row(padded, window, rows, 3 * c + 2, y)
    for y in prange(height):
        blurred = np.empty((3, width), image.dtype)
        absolute = f(0)
        total = f(0)
        for x in range(width):
            ssim_map[y, x] = 0
        for c in range(3):
            for k in range(3):
                _blur_column(rows, 3 * c + k, y, window, blurred, k)
            for x in range(width):
                a = blurred[0, x]
                b = mean[c, y, x]
                a1 = two * a * b + c1
                a2 = two * (blurred[2, x] - a * b) + c2
                b1 = a * a + b * b + c1
                b2 = (blurred[1, x] - a * a) + variance[c, y, x] + c2
                inverse = f(1) / (b1 * b2)
                s = a1 * a2 * inverse
                total += s
                ssim_map[y, x] += s / f(3)
                da1 = a2 * inverse
                da2 = a1 * inverse
                db1 = -s / b1
                db2 = -s / b2
                partials[3 * c, y, x] = two * (b * (da1 - da2) + a * (db1 - db2))
                partials[3 * c + 1, y, x] = db2
                partials[3 * c + 2, y, x] = two * da2
            for x in range(width):
                absolute += abs(image[y, x, c] - target[c, y, x])
        sums[y, 0] = absolute
        sums[y, 1] = total


@njit(parallel=True, cache=True, fastmath=_FAST, error_model="numpy")
def l1_ssim_backward(image, target, window, partials, rows, l1_scale, ssim_scale, gradient):
    """gradient (H,W,3) of l1_scale * sum|image - target| + ssim_scale * sum ssim; rows (9,H,W) scratch."""
    f = image.dtype.type
    height, width, _ = image.shape
    for y in prange(height):
        padded = np.zeros(width + 10, image.dtype)
        for k in range(9):
            for x in range(width):
                padded[x + 5] = partials[k, y, x]
            _blur_row(padded, window, rows, k, y)
    for y in prange(height):
        blurred = np.empty((3, width), image.dtype)
        for c in range(3):
            for k in range(3):
                _blur_column(rows, 3 * c + k, y, window, blurred, k)
            for x in range(width):
                value = image[y, x, c]
                other = target[c, y, x]
                sign = f(1) if value > other else (f(-1) if value < other else f(0))
                gradient[y, x, c] = l1_scale * sign + ssim_scale * (
                    blurred[0, x] + f(2) * value * blurred[1, x] + other * blurred[2, x]
                )


@njit(cache=True)
def hinge_norm(values, excess, active, length_mode, threshold, gradient):
    """Sum over active rows of a hinge, with its gradient; see `regularisers`.

    length_mode 1: relu(|v| - threshold) of values (N,3); 0: |relu(exp(v) - threshold)| of log values.
    excess: scratch (3,). Returns (sum, number of active rows); gradient (N,3) is for the sum.
    """
    total = 0.0
    count = 0
    for i in range(values.shape[0]):
        for k in range(3):
            gradient[i, k] = 0
        if not active[i]:
            continue
        count += 1
        square = 0.0
        for k in range(3):
            if length_mode == 1:
                excess[k] = values[i, k]
            else:
                excess[k] = max(math.exp(values[i, k]) - threshold, 0.0)
            square += excess[k] * excess[k]
        if square == 0.0:
            continue
        norm = math.sqrt(square)
        if length_mode == 1:
            if norm > threshold:
                total += norm - threshold
                for k in range(3):
                    gradient[i, k] = excess[k] / norm
        else:
            total += norm
            for k in range(3):
                gradient[i, k] = excess[k] / norm * math.exp(values[i, k])
    return total, count
