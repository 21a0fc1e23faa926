"""Draws one picture with its new face.

What comes from where, chosen by looking at it and by distance from pictures of the true expression:

- *Mouth, eyes, lids, brows* are the avatar's own Gaussians, bound to the target mesh. They hold what no
  picture of a closed mouth or an open eye shows: teeth in their true place, the outside of a lid that was
  folded away, brow hairs that keep their distance from the skin. Warped pixels double the lips, stretch the
  iris and tear at the lash line (1 to 3 dB worse there).
- *Smooth skin* (cheeks, forehead, chin, nose) is the picture itself, carried by the dense flow: Gaussians
  that are pushed together show seams there, pixels do not.
- Wherever the picture differs from the neutral avatar, the *difference* is carried by the flow too and added
  to the re-drawn parts, where the point was visible before: detail that the avatar lacks goes along, and a
  hole shows the avatar, never a ghost.
- Then light and skin: the fitted light's ratio between new and old normals (bent by the wrinkles' slopes)
  and the dye of blood, pallor and creases, in linear light.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from emoga_core.edit.guided.flow import Flow, dense_flow
from emoga_core.edit.guided.light import to_linear, to_srgb
from emoga_core.edit.guided.paint import paint_pixels
from emoga_core.edit.guided.scene import Moment
from emoga_core.render import Cameras, Gaussians, rasterize

_MARGIN = 0.12
"""Border around the mask that is drawn too, as a share of the picture: pixels come from there."""
_SHADE = (0.45, 1.7)
"""Limits of the ratio of light."""
_TURN = 0.7
"""How much of the light's change with the turning normal is believed: 1 overdoes it on a coarse mesh."""
_PALE_GREEN = 0.28
"""Linear green of skin through which blood shows fully."""


_SKIN, _BARE, _SMOOTH, _TURNING = range(4)
_NOW, _THEN, _PLACE = slice(4, 7), slice(7, 10), slice(10, 13)
"""Columns of `Moment.attributes`."""


@dataclass(frozen=True)
class _Window:
    rows: slice
    columns: slice
    camera: Cameras


def draw_face(moment: Moment, image: np.ndarray, mask: np.ndarray, camera: Cameras) -> np.ndarray:
    """The picture with the target's face.

    Args:
        image: (H, W, 3) float32 in [0, 1], showing `moment.change.present` from `camera` (C = 1).
        mask: (H, W); only its surroundings are drawn.
    Returns:
        (H, W, 3) float32; `image` itself where nothing was drawn. Blending by the mask is left to the caller.
    """
    if moment.change.still:
        return image.copy()
    window = _window(mask, camera)
    here = np.ascontiguousarray(image[window.rows, window.columns])
    scene = moment.scene
    flow = dense_flow(moment.present, moment.target, scene.triangles, window.camera, scene.kinds)
    attributes = flow.target.interpolate(moment.attributes)[0].numpy()
    drawn = _moved(moment, here, window.camera, flow, attributes[..., _SMOOTH])
    out = image.copy()
    out[window.rows, window.columns] = _painted(moment, drawn, window.camera, flow, attributes)
    return out


def _window(mask: np.ndarray, camera: Cameras) -> _Window:
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    border = round(_MARGIN * max(height, width))
    top, bottom = max(0, int(rows[0]) - border), min(height, int(rows[-1]) + border + 1)
    left, right = max(0, int(columns[0]) - border), min(width, int(columns[-1]) + border + 1)
    crop = camera.crop(left, top, right - left, bottom - top)
    return _Window(slice(top, bottom), slice(left, right), crop)


def _moved(moment: Moment, image: np.ndarray, camera: Cameras, flow: Flow, smooth: np.ndarray) -> np.ndarray:
    """The new geometry with the old colours."""
    now, cover = _draw(moment.splats_now, camera)
    then, cover_then = _draw(_behind_lids(moment, camera), camera)
    empty = cover < 0.02
    background = np.median(image[empty], axis=0) if empty.sum() > 20 else np.ones(3, np.float32)
    now = now + (1 - cover[..., None]) * background
    then = then + (1 - cover_then[..., None]) * background
    seen = flow.visible & (flow.kinds >= 0)
    # Feathered inwards, so that nothing invisible is let in.
    share = cv2.blur(cv2.erode(seen.astype(np.float32), np.ones((3, 3), np.uint8)), (3, 3))[..., None]
    difference = flow.carry(image - now)
    base = then + share * difference
    carried = flow.carry(image)
    return base + (smooth[..., None] * share) * (carried - base)


def _behind_lids(moment: Moment, camera: Cameras) -> Gaussians:
    """The target's Gaussians; those of a closing eye a little farther away on their own line of sight.

    Their places in the picture stay, but the lids now cover them: a Gaussian is sorted by its centre alone,
    and a cornea's would show through a lid that comes down over it.
    """
    splats = moment.splats_then
    if not bool(moment.behind.any()):
        return splats
    centre = camera.centers[0].to(splats.means)
    rays = torch.nn.functional.normalize(splats.means - centre, dim=1)
    return dataclasses.replace(splats, means=splats.means + rays * moment.behind[:, None])


def _draw(splats: Gaussians, camera: Cameras) -> tuple[np.ndarray, np.ndarray]:
    """Premultiplied colours (H, W, 3) and cover (H, W)."""
    with torch.no_grad():
        colours, alphas, _ = rasterize(splats, camera.to(splats.means.device))
    return colours[0].cpu().numpy(), alphas[0, ..., 0].cpu().numpy()


def _painted(
    moment: Moment, drawn: np.ndarray, camera: Cameras, flow: Flow, attributes: np.ndarray
) -> np.ndarray:
    """Light and skin of the target on top of its geometry."""
    light = moment.scene.light
    if light is None:
        return drawn
    skin = attributes[..., _SKIN] * (flow.kinds == 0)
    # Half a pixel of softness at lids and lips, where the mesh ends more sharply than the picture.
    skin = np.minimum(skin, cv2.blur(skin, (3, 3)))
    rows, columns = np.nonzero(skin > 1e-3)
    if not len(rows):
        return drawn
    at = attributes[rows, columns].astype(np.float64)
    pixel = flow.target.depth[0].numpy()[rows, columns] / float(camera.intrinsics[0, 0, 0])
    before, after = _unit(at[:, _NOW]), _unit(at[:, _THEN])
    slope, dye = _skin_paint(moment, at[:, _PLACE], pixel.astype(np.float64), light.skin)
    tilted = slope @ moment.rotation.T
    along = (tilted * after).sum(1, keepdims=True)
    then = light.on(after)
    turn = (then / light.on(before)) ** (_TURN * at[:, _TURNING, None])
    shade = np.clip(light.on(_unit(after - tilted + along * after)) / then * turn, *_SHADE)
    factor = 1 + skin[rows, columns, None] * (shade * (1 + at[:, _BARE, None] * (dye - 1)) - 1)
    out = drawn.copy()
    out[rows, columns] = to_srgb(to_linear(np.clip(drawn[rows, columns], 0, 1)) * factor)
    return out


def _skin_paint(
    moment: Moment, points: np.ndarray, pixel: np.ndarray, skin: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Change of slope (n, 3) in the rest frame and dye (n, 3) at rest-pose points; none where unknown."""
    slope, dye = np.zeros((len(pixel), 3)), np.ones((len(pixel), 3))
    if not points.shape[1]:
        return slope, dye
    known = np.isfinite(points).all(1)
    some_slope, some_dye = slope[known], dye[known]
    now, then = moment.wrinkles
    colour = (float(skin[0]), float(skin[1]), float(skin[2]))
    shows = 0.62 + 0.38 * min(1.0, colour[1] / _PALE_GREEN)
    where = np.ascontiguousarray(points[known])
    paint_pixels(where, pixel[known], now, then, colour, shows, some_slope, some_dye)
    slope[known], dye[known] = some_slope, some_dye
    return slope, dye


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
