"""Front-to-back compositing of splats, tile by tile, and its gradient (Kerbl et al. 2023, section 6).

A pixel skips a splat whose alpha is below 1/255 and stops before its transmittance would fall to 1e-4; alpha
is clamped to 0.999. The sixteen pixels of a 4x4 block are the lanes of one vector. Each tile is one task and
every sum has a fixed order, so results do not depend on the number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from emoga_core.render.lanes import (
    add_up,
    any_lane,
    exp_negative,
    fill,
    larger,
    load,
    lowest_bit,
    minus_magnitude,
    select,
    smaller,
    store,
)
from emoga_core.render.numba_kernels import kernel
from emoga_core.render.splat_tiles import BLOCK, TILE

MAX_ALPHA = 0.999
MIN_TRANSMITTANCE = 1e-4
PIXELS = BLOCK * BLOCK  # the lanes
PLANE = TILE * TILE  # a tile's buffer holds planes of 16 blocks x 16 lanes
GRADIENTS = 9  # per entry: means2d 2, conic 3, opacity 1, colour 3


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
    """Fills image (H, W, 3) and transmittance (H, W); offsets, members and masks are those of `Tiles`."""
    columns = (width + TILE - 1) // TILE
    for t in prange(offsets.shape[0] - 1):
        _forward_tile(
            means2d, conics, opacities, colors, members[offsets[t] : offsets[t + 1]],
            masks[offsets[t] : offsets[t + 1]], (t % columns) * TILE, (t // columns) * TILE,
            background, image, transmittance,
        )  # fmt: skip


@kernel(parallel=True)
def blend_backward(
    means2d, conics, opacities, colors, offsets, members, masks, image, transmittance, grad_image,
    grad_alphas, entries,
):  # fmt: skip
    """Fills entries (P, 9): each entry's part in the gradients of its splat's screen-space parameters."""
    columns = (image.shape[1] + TILE - 1) // TILE
    for t in prange(offsets.shape[0] - 1):
        if offsets[t + 1] > offsets[t]:
            _backward_tile(
                means2d, conics, opacities, colors, members[offsets[t] : offsets[t + 1]],
                masks[offsets[t] : offsets[t + 1]], (t % columns) * TILE, (t // columns) * TILE,
                image, transmittance, grad_image, grad_alphas, entries[offsets[t] : offsets[t + 1]],
            )  # fmt: skip


@kernel()
def _pixel_centers(f, dtype):
    """(32,) x, then y of the sixteen pixels of a block, from its corner."""
    centers = np.empty(2 * PIXELS, dtype)
    for lane in range(PIXELS):
        centers[lane] = f(lane % BLOCK) + f(0.5)
        centers[PIXELS + lane] = f(lane // BLOCK) + f(0.5)
    return centers


@kernel()
def _buffer_index(x, y):
    """Where pixel (x, y) of a tile lies in a plane of its buffer."""
    return ((y // BLOCK) * BLOCK + x // BLOCK) * PIXELS + (y % BLOCK) * BLOCK + x % BLOCK


@kernel()
def _forward_tile(
    means2d, conics, opacities, colors, members, masks, x0, y0, background, image, transmittance
):
    f = means2d.dtype.type
    rows = min(TILE, image.shape[0] - y0)
    columns = min(TILE, image.shape[1] - x0)
    if members.shape[0] == 0:
        for y in range(y0, y0 + rows):
            for x in range(x0, x0 + columns):
                transmittance[y, x] = f(1)
                for c in range(3):
                    image[y, x, c] = background[c]
        return
    # planes: transmittance (negative once the pixel has stopped, or outside the picture), red, green, blue
    state = np.zeros(4 * PLANE, means2d.dtype)
    state[:PLANE] = f(-1)
    alive = 0
    for y in range(rows):
        for x in range(columns):
            state[_buffer_index(x, y)] = f(1)
            alive |= 1 << ((y // BLOCK) * BLOCK + x // BLOCK)
    centers = _pixel_centers(f, means2d.dtype)
    center_x = load(centers, 0)
    center_y = load(centers, PIXELS)
    for k in range(members.shape[0]):
        todo = np.int64(masks[k]) & alive
        if todo == 0:
            if alive == 0:
                break
            continue
        g = members[k]
        mx = means2d[g, 0] - f(x0)
        my = means2d[g, 1] - f(y0)
        a = f(0.5) * conics[g, 0]
        b = conics[g, 1]
        c = f(0.5) * conics[g, 2]
        opacity = opacities[g]
        reach = math.log(opacity * f(255))
        red = colors[g, 0]
        green = colors[g, 1]
        blue = colors[g, 2]
        while todo != 0:
            block = lowest_bit(todo)
            todo &= todo - 1
            dx = (mx - f((block % 4) * BLOCK)) - center_x
            dy = (my - f((block // 4) * BLOCK)) - center_y
            sigma = larger((a * dx + b * dy) * dx + (c * dy) * dy, f(0))
            alpha = smaller(opacity * exp_negative(sigma), f(MAX_ALPHA))
            alpha = select(sigma <= reach, alpha, f(0))
            p = block * PIXELS
            before = load(state, p)
            weight = alpha * before
            after = before - weight
            going = after > f(MIN_TRANSMITTANCE)
            weight = select(going, weight, f(0))
            store(state, p, select(going, after, minus_magnitude(before)))
            store(state, p + PLANE, load(state, p + PLANE) + weight * red)
            store(state, p + 2 * PLANE, load(state, p + 2 * PLANE) + weight * green)
            store(state, p + 3 * PLANE, load(state, p + 3 * PLANE) + weight * blue)
            if not any_lane(going):
                alive &= ~(np.int64(1) << block)
    for y in range(rows):
        for x in range(columns):
            p = _buffer_index(x, y)
            left = abs(state[p])
            transmittance[y0 + y, x0 + x] = left
            image[y0 + y, x0 + x, 0] = state[p + PLANE] + left * background[0]
            image[y0 + y, x0 + x, 1] = state[p + 2 * PLANE] + left * background[1]
            image[y0 + y, x0 + x, 2] = state[p + 3 * PLANE] + left * background[2]


@kernel()
def _backward_tile(
    means2d, conics, opacities, colors, members, masks, x0, y0, image, transmittance, grad_image, grad_alphas,
    entries,
):  # fmt: skip
    """Fills one tile's entries, front to back again: what lies behind a splat is the finished pixel minus
    what has been composited so far, kept as one running product with the pixel's gradient."""
    f = means2d.dtype.type
    rows = min(TILE, image.shape[0] - y0)
    columns = min(TILE, image.shape[1] - x0)
    # planes: transmittance, behind, gradient of red, green, blue
    state = np.zeros(5 * PLANE, means2d.dtype)
    state[:PLANE] = f(-1)
    alive = 0
    for y in range(rows):
        for x in range(columns):
            p = _buffer_index(x, y)
            alive |= 1 << ((y // BLOCK) * BLOCK + x // BLOCK)
            behind = -grad_alphas[y0 + y, x0 + x] * transmittance[y0 + y, x0 + x]
            for c in range(3):
                grad = grad_image[y0 + y, x0 + x, c]
                state[p + (2 + c) * PLANE] = grad
                behind += grad * image[y0 + y, x0 + x, c]
            state[p] = f(1)
            state[p + PLANE] = behind
    centers = _pixel_centers(f, means2d.dtype)
    center_x = load(centers, 0)
    center_y = load(centers, PIXELS)
    zero = fill(f(0))
    for k in range(members.shape[0]):
        todo = np.int64(masks[k]) & alive
        if todo == 0:
            for j in range(GRADIENTS):
                entries[k, j] = f(0)
            continue
        g = members[k]
        mx = means2d[g, 0] - f(x0)
        my = means2d[g, 1] - f(y0)
        a = f(0.5) * conics[g, 0]
        b = conics[g, 1]
        c = f(0.5) * conics[g, 2]
        opacity = opacities[g]
        reach = math.log(opacity * f(255))
        red = colors[g, 0]
        green = colors[g, 1]
        blue = colors[g, 2]
        sum_red = zero
        sum_green = zero
        sum_blue = zero
        sum_1 = zero
        sum_x = zero
        sum_y = zero
        sum_xx = zero
        sum_xy = zero
        sum_yy = zero
        while todo != 0:
            block = lowest_bit(todo)
            todo &= todo - 1
            dx = (mx - f((block % 4) * BLOCK)) - center_x
            dy = (my - f((block // 4) * BLOCK)) - center_y
            sigma = larger((a * dx + b * dy) * dx + (c * dy) * dy, f(0))
            unclamped = opacity * exp_negative(sigma)
            alpha = smaller(unclamped, f(MAX_ALPHA))
            alpha = select(sigma <= reach, alpha, f(0))
            p = block * PIXELS
            before = load(state, p)
            weight = alpha * before
            after = before - weight
            going = after > f(MIN_TRANSMITTANCE)
            weight = select(going, weight, f(0))
            store(state, p, select(going, after, minus_magnitude(before)))
            grad_red = load(state, p + 2 * PLANE)
            grad_green = load(state, p + 3 * PLANE)
            grad_blue = load(state, p + 4 * PLANE)
            own = grad_red * red + grad_green * green + grad_blue * blue
            behind = load(state, p + PLANE) - weight * own
            store(state, p + PLANE, behind)
            sum_red = sum_red + weight * grad_red
            sum_green = sum_green + weight * grad_green
            sum_blue = sum_blue + weight * grad_blue
            # -dL/dsigma = alpha dL/dalpha, nothing where alpha is clamped or the splat was skipped
            counts = (weight > f(0)) & (unclamped <= f(MAX_ALPHA))
            grad = select(counts, (before * own - behind / (f(1) - alpha)) * alpha, f(0))
            grad_x = grad * dx
            grad_y = grad * dy
            sum_1 = sum_1 + grad
            sum_x = sum_x + grad_x
            sum_y = sum_y + grad_y
            sum_xx = sum_xx + grad_x * dx
            sum_xy = sum_xy + grad_x * dy
            sum_yy = sum_yy + grad_y * dy
            if not any_lane(going):
                alive &= ~(np.int64(1) << block)
        total_x = add_up(sum_x)
        total_y = add_up(sum_y)
        entries[k, 0] = -(f(2) * a * total_x + b * total_y)
        entries[k, 1] = -(b * total_x + f(2) * c * total_y)
        entries[k, 2] = -f(0.5) * add_up(sum_xx)
        entries[k, 3] = -add_up(sum_xy)
        entries[k, 4] = -f(0.5) * add_up(sum_yy)
        entries[k, 5] = add_up(sum_1) / opacity
        entries[k, 6] = add_up(sum_red)
        entries[k, 7] = add_up(sum_green)
        entries[k, 8] = add_up(sum_blue)


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
