"""Front-to-back compositing of splats, tile by tile, and its gradient (Kerbl et al. 2023, section 6).

A pixel skips a splat whose alpha is below 1/255 and stops before its transmittance would fall to 1e-4; alpha is
clamped to 0.999. The sixteen pixels of a 4x4 block are the lanes of one vector operation. Each tile is one task
and every sum has a fixed order, so results do not depend on the number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from emoga_core.render.numba_kernels import kernel
from emoga_core.render.splat_projection import MIN_ALPHA
from emoga_core.render.splat_tiles import BLOCK, TILE

MAX_ALPHA = 0.999
MIN_TRANSMITTANCE = 1e-4
LANES = BLOCK * BLOCK
GRADIENTS = 9  # per entry: means2d 2, conic 3, opacity 1, colour 3


@kernel(inline="always")
def _lowest_bit(mask):
    b = np.int64(0)
    while (mask >> b) & np.int64(1) == 0:
        b += np.int64(1)
    return b


@kernel(inline="always")
def _exp_negative(s, f):
    y = s * f(-0.0625)
    p = f(1) + y * (f(0.99999999) + y * (f(0.4999995) + y * (f(0.16666) + y * (f(0.04159) + y * f(0.0079)))))
    p = p * p
    p = p * p
    p = p * p
    return p * p


@kernel(parallel=True)
def blend_forward(
    means2d,
    conics,
    opacities,
    colors,
    offsets,
    members,
    masks,
    width,
    height,
    background,
    image,
    transmittance,
):
    f = means2d.dtype.type
    columns = -(-width // TILE)
    for t in prange(offsets.shape[0] - 1):
        x0 = (t % columns) * TILE
        y0 = (t // columns) * TILE
        S = np.zeros((5, 16, LANES), means2d.dtype)
        S[:2] = f(1)
        P = np.empty((2, LANES), means2d.dtype)
        for x in range(LANES):
            P[0, x] = f(x % BLOCK) + f(0.5)
            P[1, x] = f(x // BLOCK) + f(0.5)
        for k in range(offsets[t], offsets[t + 1]):
            g = members[k]
            A = f(0.5) * conics[g, 0]
            B = conics[g, 1]
            C = f(0.5) * conics[g, 2]
            o = opacities[g]
            mask = np.int64(masks[k])
            r = colors[g, 0]
            gr = colors[g, 1]
            b = colors[g, 2]
            while mask:
                q = _lowest_bit(mask)
                mask = mask & (mask - np.int64(1))
                mx = means2d[g, 0] - f(x0 + (q % 4) * BLOCK)
                my = means2d[g, 1] - f(y0 + (q // 4) * BLOCK)
                for x in range(LANES):
                    dx = mx - P[0, x]
                    dy = my - P[1, x]
                    s = (A * dx + B * dy) * dx + C * dy * dy
                    al = min(f(MAX_ALPHA), o * _exp_negative(min(max(s, f(0)), f(8)), f))
                    lv = S[1, q, x]
                    Tp = S[0, q, x]
                    al = al * lv if (al >= f(MIN_ALPHA) and s >= f(0)) else f(0)
                    w = al * Tp
                    dead = Tp - w <= f(MIN_TRANSMITTANCE)
                    S[1, q, x] = f(0) if dead else lv
                    w = f(0) if dead else w
                    S[2, q, x] += w * r
                    S[3, q, x] += w * gr
                    S[4, q, x] += w * b
                    S[0, q, x] = Tp - w
        for y in range(min(TILE, height - y0)):
            for x in range(min(TILE, width - x0)):
                q = (y // 4) * 4 + x // 4
                lane = (y % 4) * 4 + x % 4
                tt = S[0, q, lane]
                transmittance[y0 + y, x0 + x] = tt
                for c in range(3):
                    image[y0 + y, x0 + x, c] = S[2 + c, q, lane] + tt * background[c]


@kernel(parallel=True)
def blend_backward(
    means2d, conics, opacities, colors, offsets, members, masks, width, height, image, transmittance,
    grad_image, grad_alphas, entries,
):  # fmt: skip
    f = means2d.dtype.type
    columns = -(-width // TILE)
    for t in prange(offsets.shape[0] - 1):
        x0 = (t % columns) * TILE
        y0 = (t // columns) * TILE
        S = np.zeros((15, 16, LANES), means2d.dtype)
        S[0] = f(1)
        P = np.empty((2, LANES), means2d.dtype)
        for x in range(LANES):
            P[0, x] = f(x % BLOCK) + f(0.5)
            P[1, x] = f(x // BLOCK) + f(0.5)
        for y in range(min(TILE, height - y0)):
            for x in range(min(TILE, width - x0)):
                q = (y // 4) * 4 + x // 4
                lane = (y % 4) * 4 + x % 4
                S[1, q, lane] = f(1)
                d = -grad_alphas[y0 + y, x0 + x] * transmittance[y0 + y, x0 + x]
                for c in range(3):
                    v = grad_image[y0 + y, x0 + x, c]
                    S[3 + c, q, lane] = v
                    d += v * image[y0 + y, x0 + x, c]
                S[2, q, lane] = d
        for k in range(offsets[t], offsets[t + 1]):
            g = members[k]
            A = f(0.5) * conics[g, 0]
            B = conics[g, 1]
            C = f(0.5) * conics[g, 2]
            o = opacities[g]
            mask = np.int64(masks[k])
            r = colors[g, 0]
            gr = colors[g, 1]
            b = colors[g, 2]
            g0 = f(0)
            g1 = f(0)
            g2 = f(0)
            w0 = f(0)
            wx = f(0)
            wy = f(0)
            wxx = f(0)
            wxy = f(0)
            wyy = f(0)
            while mask:
                q = _lowest_bit(mask)
                mask = mask & (mask - np.int64(1))
                mx = means2d[g, 0] - f(x0 + (q % 4) * BLOCK)
                my = means2d[g, 1] - f(y0 + (q // 4) * BLOCK)
                for x in range(LANES):
                    dx = mx - P[0, x]
                    dy = my - P[1, x]
                    s = (A * dx + B * dy) * dx + C * dy * dy
                    ev = o * _exp_negative(min(max(s, f(0)), f(8)), f)
                    al = min(f(MAX_ALPHA), ev)
                    lv = S[1, q, x]
                    Tp = S[0, q, x]
                    al = al * lv if (al >= f(MIN_ALPHA) and s >= f(0)) else f(0)
                    dead = Tp - al * Tp <= f(MIN_TRANSMITTANCE)
                    S[1, q, x] = f(0) if dead else lv
                    al = f(0) if dead else al
                    w = al * Tp
                    v0 = S[3, q, x]
                    v1 = S[4, q, x]
                    v2 = S[5, q, x]
                    gc = v0 * r + v1 * gr + v2 * b
                    g0 += w * v0
                    g1 += w * v1
                    g2 += w * v2
                    D = S[2, q, x] - w * gc
                    S[2, q, x] = D
                    S[0, q, x] = Tp - w
                    vs = (Tp * gc - D / (f(1) - al)) * ev
                    vs = vs if (al > f(0) and ev <= f(MAX_ALPHA)) else f(0)
                    w0 += vs
                    wx += vs * dx
                    wy += vs * dy
                    wxx += vs * dx * dx
                    wxy += vs * dx * dy
                    wyy += vs * dy * dy
            entries[k, 0] = -(f(2) * A * wx + B * wy)
            entries[k, 1] = -(B * wx + f(2) * C * wy)
            entries[k, 2] = -f(0.5) * wxx
            entries[k, 3] = -wxy
            entries[k, 4] = -f(0.5) * wyy
            entries[k, 5] = w0 / o
            entries[k, 6] = g0
            entries[k, 7] = g1
            entries[k, 8] = g2


@kernel(parallel=True)
def gather_gradients(slots, places, entries, grad_means2d, grad_conics, grad_opacities, grad_colors):
    """Sums the entries of each splat, tile after tile, in a fixed order."""
    f = entries.dtype.type
    for i in prange(slots.shape[0] - 1):
        x = f(0)
        y = f(0)
        xx = f(0)
        xy = f(0)
        yy = f(0)
        o = f(0)
        r = f(0)
        g = f(0)
        b = f(0)
        for s in range(slots[i], slots[i + 1]):
            p = places[s]
            if p < 0:
                continue
            x += entries[p, 0]
            y += entries[p, 1]
            xx += entries[p, 2]
            xy += entries[p, 3]
            yy += entries[p, 4]
            o += entries[p, 5]
            r += entries[p, 6]
            g += entries[p, 7]
            b += entries[p, 8]
        grad_means2d[i, 0] = x
        grad_means2d[i, 1] = y
        grad_conics[i, 0] = xx
        grad_conics[i, 1] = xy
        grad_conics[i, 2] = yy
        grad_opacities[i] = o
        grad_colors[i, 0] = r
        grad_colors[i, 1] = g
        grad_colors[i, 2] = b
