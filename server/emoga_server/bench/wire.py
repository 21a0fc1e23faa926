"""`emoga bench wire`: bytes on the wire, and what quantisation costs in picture quality.

Measured on the bundled avatar where it is installed, else on a synthetic one of 40,000 splats.
"""

from __future__ import annotations

import math

import numpy as np
import torch

from emoga_core.avatars import Avatar, load_avatar
from emoga_core.errors import EmogaError
from emoga_core.render import Cameras, Gaussians, rasterize
from emoga_protocol.deltas import decode_delta
from emoga_protocol.frames import Frame, FrameEncoder, make_layout
from emoga_protocol.heads import decode_head
from emoga_protocol.reference import WorldSplats, world_splats
from emoga_protocol.splats import SplatTable, decode_splats, encode_splats
from emoga_server.baking import BakedAvatar, bake_avatar, splat_table
from emoga_server.bench import Row
from emoga_server.bench.synthetic_avatar import synthetic_avatar
from emoga_server.serving import bundled_avatars

VIEWS = 5
SIZE = 512


def run() -> list[Row]:
    """Sizes of a FLAME-sized frame, of splats and deltas, and PSNR of decoded against float splats."""
    avatar = _avatar()
    baked = bake_avatar(avatar)
    table = splat_table(avatar)
    count = len(table.positions)
    deltas = [
        (baked.blobs[state.blob.sha256], decode_delta(baked.blobs[state.blob.sha256]))
        for state in baked.info.states
    ]
    per_change = [len(data) / max(int(delta.sh.any(axis=(1, 2)).sum()), 1) for data, delta in deltas]
    neutral, worst_neutral = _psnr(avatar, baked, None)
    emotional = [_psnr(avatar, baked, state.name) for state in baked.info.states]
    total = sum(len(data) for data in baked.blobs.values())
    return [
        Row("frame_bytes", _frame_bytes(), "B", "<= 300"),
        Row("splat_bytes_sh0", _splat_bytes(table, 1), "B", "19"),
        Row("splat_bytes_sh1", _splat_bytes(table, 4), "B", "28"),
        Row("delta_bytes", max(per_change), "B/changed splat, worst state", "<= 6"),
        Row(
            "delta_bytes_per_splat", sum(len(d) for d, _ in deltas) / len(deltas) / count, "B, mean of states"
        ),
        Row("quantised_psnr_db", neutral, f"dB, mean of {VIEWS} views, neutral", ">= 45"),
        Row("quantised_psnr_worst_db", worst_neutral, "dB, worst view, neutral", ">= 45"),
        Row(
            "emotion_psnr_db",
            float(np.mean([mean for mean, _ in emotional])),
            "dB, mean of states at weight 1",
        ),
        Row("emotion_psnr_worst_db", min(worst for _, worst in emotional), "dB, worst state and view"),
        Row("client_megabytes", total / 1e6, f"MB, {count} splats, {len(deltas)} states", "<= 6"),
    ]


def _avatar() -> Avatar:
    try:
        bundles = bundled_avatars()
    except EmogaError:
        return synthetic_avatar("wire", splats=40_000)
    return load_avatar(bundles[0])


def _frame_bytes() -> float:
    layout = make_layout(expressions=100, slots=16)
    return float(len(FrameEncoder(layout).encode(_rest_frame(100, np.zeros(16)))))


def _rest_frame(expressions: int, weights: np.ndarray) -> Frame:
    return Frame(
        seq=1,
        time=1,
        avatar=0,
        translation=np.zeros(3),
        joints=np.zeros((5, 3)),
        expression=np.zeros(expressions),
        weights=weights,
    )


def _splat_bytes(table: SplatTable, coefficients: int) -> float:
    """Bytes that one more splat adds (the header and the table of colour levels are there once)."""
    sh = table.sh
    if sh.shape[1] < coefficients:
        sh = np.concatenate([sh, np.zeros((len(sh), coefficients - sh.shape[1], 3), sh.dtype)], axis=1)
    half, count = len(sh) // 2 // 8 * 8, len(sh) // 8 * 8

    def size(rows: int) -> int:
        part = SplatTable(
            positions=table.positions[:rows],
            triangles=table.triangles[:rows],
            triangle_count=table.triangle_count,
            quaternions=table.quaternions[:rows],
            log_scales=table.log_scales[:rows],
            opacities=table.opacities[:rows],
            sh=sh[:rows, :coefficients],
        )
        return len(encode_splats(part))

    return (size(count) - size(half)) / (count - half)


def _psnr(avatar: Avatar, baked: BakedAvatar, state: str | None) -> tuple[float, float]:
    """Mean and worst PSNR over views on the matte, decoded wire buffers against the float avatar."""
    weights = {} if state is None else {state: 1.0}
    exact = avatar.splats(avatar.rest_frame(), weights)
    decoded = _gaussians(_decoded(baked, state))
    cameras = _cameras(exact.means)
    with torch.no_grad():
        wanted, alphas, _ = rasterize(_float32(exact), cameras)
        got, _, _ = rasterize(decoded, cameras)
    results = []
    for view in range(VIEWS):
        matte = alphas[view, ..., 0] > 0.01
        error = ((wanted[view] - got[view])[matte] ** 2).mean()
        results.append(-10 * math.log10(max(float(error), 1e-12)))
    return float(np.mean(results)), min(results)


def _decoded(baked: BakedAvatar, state: str | None) -> WorldSplats:
    info = baked.info
    weights = np.array([float(s.name == state) for s in info.states])
    return world_splats(
        decode_head(baked.blobs[info.head_blob.sha256]),
        decode_splats(baked.blobs[info.splats_blob.sha256]),
        [decode_delta(baked.blobs[s.blob.sha256]) for s in info.states],
        _rest_frame(info.counts.expressions, weights),
    )


def _gaussians(world: WorldSplats) -> Gaussians:
    opacities = np.clip(world.opacities, 1e-6, 1 - 1e-6)
    values = (
        world.means,
        world.quaternions,
        np.log(np.maximum(world.scales, 1e-12)),
        np.log(opacities / (1 - opacities)),
        world.sh,
    )
    return Gaussians(*(torch.tensor(value, dtype=torch.float32) for value in values))


def _float32(gaussians: Gaussians) -> Gaussians:
    values = (
        gaussians.means,
        gaussians.quaternions,
        gaussians.log_scales,
        gaussians.opacity_logits,
        gaussians.sh,
    )
    return Gaussians(*(value.detach().to(torch.float32) for value in values))


def _cameras(means: torch.Tensor) -> Cameras:
    """Views from 60 degrees left to 60 right, the splats filling most of the picture's height."""
    low, high = means.detach().min(0).values, means.detach().max(0).values
    target = (low + high) / 2
    height = float(high[1] - low[1])
    distance = 1.2
    field = 2 * math.atan(0.5 * height / distance / 0.85)
    views = []
    for yaw in np.radians(np.linspace(-60, 60, VIEWS)):
        offset = torch.tensor([math.sin(yaw), 0.15, math.cos(yaw)], dtype=torch.float32) * distance
        views.append(Cameras.look_at(target + offset, target, vertical_fov=field, width=SIZE, height=SIZE))
    return Cameras.cat(views)
