"""Which splats touch which 16x16 tile, and which of the tile's sixteen 4x4 blocks, sorted by depth."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numba import prange

from emoga_core.errors import EmogaError
from emoga_core.render.buffers import empty, zeros
from emoga_core.render.numba_kernels import kernel

TILE = 16
BLOCK = 4  # a tile holds 4 x 4 blocks of 4 x 4 pixels; bit 4 * row + column of a mask stands for a block
SLACK = 1e-3  # px, so that rounding never drops a pixel that the alpha test would keep
ROUNDING = 2.0**-12  # px, less than SLACK; see `_first_pixel`


@dataclasses.dataclass
class Tiles:
    """Splats per tile, nearest first.

    Attributes:
        offsets: (tiles + 1,) int64; tile t owns entries offsets[t]:offsets[t + 1]. Tiles are in row order.
        members: (P,) int32 splat of each entry.
        masks: (P,) uint16 blocks of the tile that the splat touches.
        slots: (N + 1,) int32; splat i owns places[slots[i]:slots[i + 1]].
        places: entry that belongs to each slot, or -1 where the splat's box meets a tile but the splat does
        not.
    """

    offsets: np.ndarray
    members: np.ndarray
    masks: np.ndarray
    slots: np.ndarray
    places: np.ndarray


def bin_splats(
    means2d: np.ndarray, extents: np.ndarray, depths: np.ndarray, width: int, height: int
) -> Tiles:
    """Sorts projected splats (see `project_forward`) into tiles."""
    columns, rows = -(-width // TILE), -(-height // TILE)
    boxes = empty((len(depths), 4), np.int16)
    slots = empty(len(depths) + 1, np.int32)
    _boxes(means2d, extents, width, height, boxes, slots)
    total, visible = _prefix_sum(slots)
    if total >= 2**31:
        raise EmogaError(
            f"rasterize: {visible} splats cover {total} tiles, too many to draw; their scales are too large."
        )
    covered = zeros(total, np.uint16)
    _cover_blocks(means2d, extents, width, height, boxes, slots, covered)
    order = empty(visible, np.int32)
    _visible(slots, order)
    if depths.dtype == np.float32:
        order = _radix_argsort(depths.view(np.uint32), order)
    else:
        order = order[np.argsort(depths[order], kind="stable")]
    offsets = np.zeros(columns * rows + 1, np.int64)
    places = empty(total, np.int32)
    count = _count_tiles(boxes, slots, covered, columns, offsets)
    members, masks = empty(count, np.int32), empty(count, np.uint16)
    _fill_tiles(order, boxes, slots, covered, columns, offsets, members, masks, places)
    return Tiles(offsets, members, masks, slots, places)


@kernel(inline="always")
def _first_pixel(x, f):
    """The first pixel, from 0 on, whose centre is not left of x; ceil(x - 1/2) without a call to ceil."""
    return np.int64(max(x + f(0.5 - ROUNDING), f(0)))


@kernel(inline="always")
def _last_pixel(x, f):
    """The last pixel whose centre is not right of x, or a negative number; floor(x - 1/2)."""
    return np.int64(x + f(0.5)) - 1


@kernel(parallel=True)
def _boxes(means2d, extents, width, height, boxes, slots):
    """boxes (N, 4): first and last tile column + 1, first and last tile row + 1; slots[i + 1]: how many."""
    f = means2d.dtype.type
    slack = f(SLACK)
    slots[0] = 0
    for i in prange(means2d.shape[0]):
        slots[i + 1] = 0
        rx = extents[i, 0]
        if not rx > f(0):
            continue
        rx += slack
        ry = extents[i, 1] + slack
        x0 = _first_pixel(means2d[i, 0] - rx, f)
        y0 = _first_pixel(means2d[i, 1] - ry, f)
        x1 = min(width - 1, _last_pixel(means2d[i, 0] + rx, f))
        y1 = min(height - 1, _last_pixel(means2d[i, 1] + ry, f))
        if x1 < x0 or y1 < y0:
            continue
        boxes[i, 0] = x0 >> 4
        boxes[i, 1] = (x1 >> 4) + 1
        boxes[i, 2] = y0 >> 4
        boxes[i, 3] = (y1 >> 4) + 1
        slots[i + 1] = ((x1 >> 4) + 1 - (x0 >> 4)) * ((y1 >> 4) + 1 - (y0 >> 4))


@kernel()
def _prefix_sum(slots):
    total = np.int64(0)
    visible = 0
    for i in range(1, slots.shape[0]):
        if slots[i] > 0:
            visible += 1
        total += slots[i]
        slots[i] = total
    return total, visible


@kernel()
def _visible(slots, order):
    count = 0
    for i in range(slots.shape[0] - 1):
        if slots[i + 1] > slots[i]:
            order[count] = i
            count += 1


@kernel(parallel=True)
def _cover_blocks(means2d, extents, width, height, boxes, slots, covered):
    """Marks the 4x4 blocks that meet each splat's ellipse, row of blocks by row of blocks."""
    f = means2d.dtype.type
    slack = f(SLACK)
    half = f(0.5)
    for i in prange(means2d.shape[0]):
        if slots[i + 1] == slots[i]:
            continue
        mx = means2d[i, 0]
        my = means2d[i, 1]
        rx = extents[i, 0]
        ry = extents[i, 1]
        slope = extents[i, 2]
        cut = extents[i, 3]
        inverse = f(1) / ry
        widest = slope * ry * ry / rx  # the ellipse is widest to the right this far below its centre
        left = np.int64(boxes[i, 0])
        top = np.int64(boxes[i, 2])
        across = np.int64(boxes[i, 1]) - left
        bound0 = left << 2
        bound1 = min((np.int64(boxes[i, 1]) << 2) - 1, np.int64(width - 1) >> 2)
        first = _first_pixel(my - ry - slack, f) >> 2
        last = min(height - 1, _last_pixel(my + ry + slack, f)) >> 2
        for row in range(first, last + 1):
            low = max(f(row << 2) + half - my, -ry)
            high = min(f(row << 2) + f(BLOCK - 0.5) - my, ry)
            d0 = min(max(-widest, low), high)
            d1 = min(max(widest, low), high)
            e0 = d0 * inverse
            e1 = d1 * inverse
            x0 = mx + slope * d0 - cut * math.sqrt(max(f(1) - e0 * e0, f(0))) - slack
            x1 = mx + slope * d1 + cut * math.sqrt(max(f(1) - e1 * e1, f(0))) + slack
            c0 = max(bound0, _first_pixel(x0, f) >> 2)
            c1 = min(bound1, _last_pixel(x1, f) >> 2)
            base = slots[i] + ((row >> 2) - top) * across - left
            shift = (row & 3) << 2
            t0 = c0 >> 2
            t1 = c1 >> 2
            if c0 > c1:
                continue
            if t0 == t1:
                covered[base + t0] |= np.uint16(((2 << (c1 & 3)) - (1 << (c0 & 3))) << shift)
                continue
            covered[base + t0] |= np.uint16((16 - (1 << (c0 & 3))) << shift)
            for tile in range(t0 + 1, t1):
                covered[base + tile] |= np.uint16(15 << shift)
            covered[base + t1] |= np.uint16(((2 << (c1 & 3)) - 1) << shift)


@kernel()
def _count_tiles(boxes, slots, covered, columns, offsets):
    for i in range(boxes.shape[0]):
        s = slots[i]
        if slots[i + 1] > s:
            for y in range(boxes[i, 2], boxes[i, 3]):
                for x in range(boxes[i, 0], boxes[i, 1]):
                    if covered[s] != 0:
                        offsets[y * columns + x + 1] += 1
                    s += 1
    for t in range(offsets.shape[0] - 1):
        offsets[t + 1] += offsets[t]
    return offsets[-1]


@kernel()
def _fill_tiles(order, boxes, slots, covered, columns, offsets, members, masks, places):
    cursors = offsets[:-1].copy()
    for k in range(order.shape[0]):
        i = order[k]
        s = slots[i]
        for y in range(boxes[i, 2], boxes[i, 3]):
            for x in range(boxes[i, 0], boxes[i, 1]):
                places[s] = -1
                if covered[s] != 0:
                    t = y * columns + x
                    p = cursors[t]
                    cursors[t] = p + 1
                    members[p] = i
                    masks[p] = covered[s]
                    places[s] = p
                s += 1


@kernel()
def _radix_argsort(keys, items):
    """Sorts `items` (indices into `keys`, overwritten) by uint32 key: stable, three passes of 11 bits."""
    count = items.shape[0]
    other = np.empty_like(items)
    histogram = np.zeros((3, 2048), np.int64)
    for i in range(count):
        key = keys[items[i]]
        histogram[0, key & 2047] += 1
        histogram[1, (key >> 11) & 2047] += 1
        histogram[2, key >> 22] += 1
    for digit in range(3):
        total = 0
        for b in range(2048):
            here = histogram[digit, b]
            histogram[digit, b] = total
            total += here
    source = items
    target = other
    for digit in range(3):
        for i in range(count):
            item = source[i]
            b = (keys[item] >> (11 * digit)) & 2047
            target[histogram[digit, b]] = item
            histogram[digit, b] += 1
        source, target = target, source
    return source
