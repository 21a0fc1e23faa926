"""The baseline of the raster benchmark: the same rasteriser, tile by tile, in ordinary torch operations.

Splats are sorted into 16x16 tiles and tiles of similar length are blended together as padded batches, so
that all work is in large tensor operations; gradients come from autograd.
"""

from __future__ import annotations

import torch
from torch import Tensor

from emoga_core.render.reference import project_reference
from emoga_core.render.splat_blend import MAX_ALPHA, MIN_TRANSMITTANCE
from emoga_core.render.splat_projection import MIN_ALPHA, NEAR
from emoga_core.render.splat_tiles import TILE

BATCH = 400_000  # alphas per batch; 0.2 to 0.8 million are equally fast, more is slower


def rasterize_torch_tiles(
    means: Tensor,
    quaternions: Tensor,
    scales: Tensor,
    opacities: Tensor,
    colors: Tensor,
    view: Tensor,
    intrinsics: Tensor,
    width: int,
    height: int,
    background: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """As `rasterize_splats`; the third result (H, W) counts the splats composited in each pixel."""
    means2d, conics, depths = project_reference(means, quaternions, scales, view, intrinsics, width, height)
    members, lengths, columns = _sort_into_tiles(means2d, conics, depths, opacities, width, height)
    features = torch.cat([means2d, conics, opacities[:, None], colors], -1)
    begins = torch.cumsum(lengths, 0) - lengths
    by_length = torch.argsort(lengths)
    by_length = by_length[lengths[by_length] > 0]
    sizes = lengths[by_length].tolist()
    empty = torch.cat([background, background.new_zeros(2)])
    tiles = empty.expand(len(lengths), TILE * TILE, 5).clone()
    first = 0
    while first < len(sizes):
        last = first + 1
        while (
            last < len(sizes)
            and (last + 1 - first) * sizes[last] * TILE * TILE <= BATCH
            and sizes[last] <= max(16, 2 * sizes[first])
        ):
            last += 1
        chosen = by_length[first:last]
        slot = torch.arange(sizes[last - 1])
        valid = slot < lengths[chosen][:, None]
        entry = (begins[chosen][:, None] + slot).clamp_max(len(members) - 1)
        tiles[chosen] = _blend(features[members[entry]], valid, chosen, columns, background)
        first = last
    picture = tiles.reshape(-1, columns, TILE, TILE, 5).permute(0, 2, 1, 3, 4)
    picture = picture.reshape(-1, columns * TILE, 5)[:height, :width]
    return picture[..., :3], picture[..., 3], picture[..., 4]


@torch.no_grad()
def _sort_into_tiles(
    means2d: Tensor, conics: Tensor, depths: Tensor, opacities: Tensor, width: int, height: int
) -> tuple[Tensor, Tensor, int]:
    """-> splats of all tiles one after the other, nearest first; how many each tile has; tile columns."""
    columns, rows = -(-width // TILE), -(-height // TILE)
    xx, xy, yy = conics.unbind(-1)
    determinant = xx * yy - xy * xy
    reach = 2 * torch.log((opacities / MIN_ALPHA).clamp_min(1 + 1e-6))
    extent = torch.stack([(reach * yy / determinant).sqrt(), (reach * xx / determinant).sqrt()], -1)
    limit = torch.tensor([columns, rows])
    low = ((means2d - extent - 0.5) / TILE).floor().long().clamp_min(0).minimum(limit)
    high = (((means2d + extent - 0.5) / TILE).floor().long() + 1).clamp_min(0).minimum(limit)
    size = (high - low).clamp_min(0)
    counts = torch.where((depths > NEAR) & (opacities >= MIN_ALPHA), size.prod(-1), 0)
    order = torch.argsort(depths, stable=True)
    counts = counts[order]
    members = torch.repeat_interleave(order, counts)
    begins = torch.cumsum(counts, 0) - counts
    index = torch.arange(len(members)) - torch.repeat_interleave(begins, counts)
    across = size[members, 0]
    tile = (low[members, 1] + index // across) * columns + low[members, 0] + index % across
    tile, order = torch.sort(tile, stable=True)
    return members[order], torch.bincount(tile, minlength=columns * rows), columns


def _blend(features: Tensor, valid: Tensor, tiles: Tensor, columns: int, background: Tensor) -> Tensor:
    """features (T, K, 9) of the splats of T tiles -> (T, 256, 5): colour, alpha, number composited."""
    lane = torch.arange(TILE * TILE)
    x = (lane % TILE) + 0.5 + (tiles % columns * TILE)[:, None, None]
    y = (lane // TILE) + 0.5 + (tiles // columns * TILE)[:, None, None]
    mean_x, mean_y, xx, xy, yy, opacity = features[..., :6, None].unbind(2)
    dx, dy = mean_x - x, mean_y - y
    sigma = 0.5 * (xx * dx * dx + yy * dy * dy) + xy * dx * dy
    alpha = (opacity * torch.exp(-sigma)).clamp_max(MAX_ALPHA)
    alpha = torch.where((sigma >= 0) & (alpha >= MIN_ALPHA) & valid[..., None], alpha, 0.0)
    with torch.no_grad():
        stopped = torch.cumprod(1 - alpha, 1) <= MIN_TRANSMITTANCE
    alpha = torch.where(stopped, 0.0, alpha)
    after = torch.exp(torch.cumsum(torch.log1p(-alpha), 1))
    before = torch.cat([torch.ones_like(after[:, :1]), after[:, :-1]], 1)
    colors = torch.bmm((alpha * before).transpose(1, 2), features[..., 6:9])
    left = after[:, -1, :, None]
    count = (alpha > 0).sum(1)[..., None]
    return torch.cat([colors + left * background, 1 - left, count], -1)
