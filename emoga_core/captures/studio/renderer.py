"""Renders one view of a shot: z-buffer, paint and light per pixel, strands, matte."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numba import njit

from emoga_core.captures.cameras import CaptureCamera

from .eyes import paint_eye
from .hairshadow import HairShadow, through_hair
from .landmarks import above_cut
from .lighting import LightMap, Triple, lit_share
from .masks import load_masks
from .mouth import paint_gum, paint_tongue, paint_tooth
from .noise import resolved, smoothstep, value_noise_gradient
from .parts import Part
from .raster import raster_surface, splat_strands
from .shading import normalise, radiance, tone_curve, wet_reflection
from .sitter import Shot, Sitter
from .skin import Material, Paint, paint_skin
from .strands import strand_radiance
from .wrinkles import Wrinkles, wrinkle_height

_SKIN, _LEFT, _RIGHT = int(Part.SKIN), int(Part.LEFT_EYE), int(Part.RIGHT_EYE)
_TONGUE, _UPPER, _LOWER = int(Part.TONGUE), int(Part.UPPER_TEETH), int(Part.LOWER_TEETH)
_FADE = 0.020
"""Width (m) of the soft lower edge of the bust."""
_BUMP, _RELIEF = 0.075, 1.0


@njit(inline="always")
def _interpolate(values: np.ndarray, a: int, b: int, c: int, u: float, v: float) -> Triple:
    w = 1 - u - v
    return (
        u * values[a, 0] + v * values[b, 0] + w * values[c, 0],
        u * values[a, 1] + v * values[b, 1] + w * values[c, 1],
        u * values[a, 2] + v * values[b, 2] + w * values[c, 2],
    )


@njit(cache=True)
def _bumped(n: Triple, p: Triple, w: Wrinkles, rotation: np.ndarray, px: float) -> Triple:
    """Normal tilted by pores (two scales of noise) and by the slopes of the wrinkles; p in rest
    coordinates."""
    gx, gy, gz = 0.0, 0.0, 0.0
    for frequency, strength, shift in (
        (700.0, 1.0, 0.0),
        (1400.0, 0.5, 17.3),
        (170.0, 0.6, 3.0),
        (340.0, 0.3, 20.3),
    ):
        keep = resolved(frequency, px) * strength * 0.0006 * frequency
        if keep > 0:
            a, b, c = value_noise_gradient(
                p[0] * frequency + shift, p[1] * frequency + shift, p[2] * frequency + shift
            )
            gx, gy, gz = gx + keep * a, gy + keep * b, gz + keep * c
    gx, gy, gz = gx * _BUMP, gy * _BUMP, gz * _BUMP
    # Finite differences no finer than a third of a pixel, so that distant wrinkles do not sparkle.
    e = max(0.0004, 0.35 * px)
    here = wrinkle_height(p[0], p[1], p[2], w)
    sx = (wrinkle_height(p[0] + e, p[1], p[2], w) - here) / e * _RELIEF
    sy = (wrinkle_height(p[0], p[1] + e, p[2], w) - here) / e * _RELIEF
    gx, gy = gx + sx, gy + sy
    wx = rotation[0, 0] * gx + rotation[0, 1] * gy + rotation[0, 2] * gz
    wy = rotation[1, 0] * gx + rotation[1, 1] * gy + rotation[1, 2] * gz
    wz = rotation[2, 0] * gx + rotation[2, 1] * gy + rotation[2, 2] * gz
    along = wx * n[0] + wy * n[1] + wz * n[2]
    return normalise(n[0] - wx + along * n[0], n[1] - wy + along * n[1], n[2] - wz + along * n[2])


@njit(cache=True)
def _inner_material(part: int, p: Triple, d: Triple, paint: Paint, px: float) -> Material:
    if part in (_LEFT, _RIGHT):
        nasal = -1.0 if part == _LEFT else 1.0
        r, g, b = paint_eye(d[0], d[1], d[2], nasal, paint.iris[0], paint.iris[1], paint.iris[2], px)
        return Material(r, g, b, 0.08, 0.03, 0.0)
    if part in (_UPPER, _LOWER):
        return paint_tooth(p[2], d[0], d[1], d[2])
    if part == _TONGUE:
        return paint_tongue(p[0], p[1], p[2], px)
    return paint_gum(p[0], p[1], p[2], px)


@njit(cache=True)
def _inner_light(part: int, ambient: float, key: float) -> tuple[float, float]:
    """The mouth is lit a little by what its dark bag would swallow: teeth stay white when it opens wide."""
    if part in (_LEFT, _RIGHT):
        return ambient, key
    if part in (_UPPER, _LOWER):
        return 0.16 + 0.95 * ambient, 0.34 + 0.60 * key
    return 0.26 + 0.70 * ambient, 0.30 + 0.60 * key


@njit(cache=True)
def shade_pixels(
    ids: np.ndarray,
    barycentric: np.ndarray,
    nearness: np.ndarray,
    triangles: np.ndarray,
    parts: np.ndarray,
    uv: np.ndarray,
    canonical: np.ndarray,
    detail: np.ndarray,
    eye_centre: np.ndarray,
    points: np.ndarray,
    normals: np.ndarray,
    ambient: np.ndarray,
    key: np.ndarray,
    key_map: LightMap,
    shadow: HairShadow,
    masks: np.ndarray,
    paint: Paint,
    wrinkles: Wrinkles,
    rotation: np.ndarray,
    viewer: np.ndarray,
    focal: float,
    out: np.ndarray,
    cover: np.ndarray,
) -> None:
    """Light (premultiplied) into out (H, W, 3) and matte into cover (H, W) for every pixel the surface
    fills."""
    for row in range(ids.shape[0]):
        for column in range(ids.shape[1]):
            f = ids[row, column]
            if f < 0:
                continue
            a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
            u, v = barycentric[row, column, 0], barycentric[row, column, 1]
            w = 1 - u - v
            p = _interpolate(canonical, a, b, c, u, v)
            part = int(parts[f])
            fade = 1.0
            if p[1] < 0.62 and part == _SKIN:
                cut = above_cut(p[0], p[1])
                if cut < 0.005:
                    nearness[row, column] = 0.0
                fade = smoothstep(0.0, _FADE, cut)
                if fade <= 0:
                    continue
            x = _interpolate(points, a, b, c, u, v)
            n = _interpolate(normals, a, b, c, u, v)
            n = normalise(n[0], n[1], n[2])
            view = (viewer[0] - x[0], viewer[1] - x[1], viewer[2] - x[2])
            distance = math.sqrt(view[0] ** 2 + view[1] ** 2 + view[2] ** 2)
            view = (view[0] / distance, view[1] / distance, view[2] / distance)
            px = distance / focal
            around = u * ambient[a] + v * ambient[b] + w * ambient[c]
            direct = u * key[a] + v * key[b] + w * key[c]
            if part == _SKIN:
                s = u * uv[f, 0, 0] + v * uv[f, 1, 0] + w * uv[f, 2, 0]
                t = u * uv[f, 0, 1] + v * uv[f, 1, 1] + w * uv[f, 2, 1]
                ex, ey, ez = abs(p[0]) - eye_centre[0], p[1] - eye_centre[1], p[2] - eye_centre[2]
                eye = math.sqrt(ex * ex + ey * ey + ez * ez)
                m = paint_skin(p[0], p[1], p[2], s, t, eye, masks, paint, wrinkles, px)
                n = _bumped(n, p, wrinkles, rotation, px)
                direct = lit_share(key_map, x[0], x[1], x[2], 24, 4.6, 0.0045, 0.006)
                direct *= through_hair(shadow, key_map, x[0], x[1], x[2])
            else:
                d = _interpolate(detail, a, b, c, u, v)
                m = _inner_material(part, p, d, paint, px)
                around, direct = _inner_light(part, around, direct)
                # Thin shells (gums, tongue) may be seen from behind.
                if n[0] * view[0] + n[1] * view[1] + n[2] * view[2] < 0:
                    n = (-n[0], -n[1], -n[2])
            r, g, blue = radiance(m, n, view, around, direct)
            if part in (_LEFT, _RIGHT):
                glint = wet_reflection(n, view, direct)
                r, g, blue = r + glint, g + 0.98 * glint, blue + 0.95 * glint
            out[row, column, 0] = r * fade
            out[row, column, 1] = g * fade
            out[row, column, 2] = blue * fade
            cover[row, column] = fade


def _hidden_faces(sitter: Sitter, shot: Shot, viewer: np.ndarray) -> np.ndarray:
    """Faces that must not be drawn: below the bust's cut, and the inside of the bust seen through it."""
    surface = sitter.surface
    corners = surface.triangles
    low = surface.canonical[corners[:, 0], 1] < 0.60
    hidden = np.zeros(len(corners), bool)
    rows = np.flatnonzero(low & (surface.parts == _SKIN))
    a, b, c = (shot.points[corners[rows, k]] for k in range(3))
    hidden[rows] = (np.cross(b - a, c - a) * (a - viewer)).sum(1) > 0
    return hidden


def render_view(
    sitter: Sitter, shot: Shot, camera: CaptureCamera, samples: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Renders one picture.

    Args:
        camera: square pixels, principal point in the middle. samples: per pixel and axis.

    Returns:
        rgb (H, W, 3) float32, sRGB-coded, premultiplied by the matte; matte (H, W) float32. The picture over
        a
        background B is rgb + (1 - matte) B.
    """
    surface = sitter.surface
    width, height = camera.width * samples, camera.height * samples
    focal = float(camera.intrinsics[0, 0]) * samples
    turn, shift, viewer = camera.world_to_camera[:3, :3], camera.world_to_camera[:3, 3], camera.center
    local = shot.points @ turn.T + shift
    screen = np.empty_like(local)
    screen[:, 0] = focal * local[:, 0] / local[:, 2] + width / 2
    screen[:, 1] = focal * local[:, 1] / local[:, 2] + height / 2
    screen[:, 2] = 1 / (local[:, 2] + surface.depth_bias)
    nearness, ids = np.zeros((height, width)), np.full((height, width), -1, np.int32)
    barycentric = np.zeros((height, width, 2), np.float32)
    hidden = _hidden_faces(sitter, shot, viewer)
    raster_surface(screen, surface.triangles, hidden, nearness, ids, barycentric)
    light, cover = np.zeros((height, width, 3)), np.zeros((height, width))
    shade_pixels(
        ids, barycentric, nearness, surface.triangles, surface.parts, surface.uv, surface.canonical,
        surface.detail,
        surface.eye_centre, shot.points, shot.normals, shot.ambient, shot.key, shot.key_map, shot.shadow,
        load_masks().values, sitter.paint, shot.wrinkles, shot.rotation, viewer, focal, light, cover,
    )  # fmt: skip
    through = _draw_strands(shot, turn, shift, viewer, focal, nearness, light)
    # `light` now holds strands over nothing; the surface lies behind what they let through.
    premultiplied, matte = light, 1 - (1 - cover) * through
    rgb = tone_curve(premultiplied / np.maximum(matte, 1e-4)[..., None]) * matte[..., None]
    both = np.concatenate([rgb, matte[..., None]], -1).astype(np.float32)
    if samples > 1:
        both = cv2.resize(both, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(both[..., :3]), np.ascontiguousarray(both[..., 3])


def _draw_strands(
    shot: Shot,
    turn: np.ndarray,
    shift: np.ndarray,
    viewer: np.ndarray,
    focal: float,
    nearness: np.ndarray,
    light: np.ndarray,
) -> np.ndarray:
    """Puts strands over `light` (H, W, 3) in place; returns what they let through (H, W)."""
    strands = shot.strands
    colour = strand_radiance(
        strands.start, strands.end, strands.colour, strands.light, strands.normals, viewer
    )
    start, end = strands.start @ turn.T + shift, strands.end @ turn.T + shift
    over, through = np.zeros_like(light), np.ones(light.shape[:2])
    order = np.argsort(start[:, 2] + end[:, 2], kind="stable")
    splat_strands(start, end, strands.radius, colour, strands.opacity, order, focal, nearness, over, through)
    light *= through[..., None]
    light += over
    return through
