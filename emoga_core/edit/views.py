"""The pictures that an editor is given: an avatar's neutral face at chosen moments from chosen angles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from emoga_core.avatars import Avatar, MotionFrame
from emoga_core.edit.errors import EditCancelled, EditError
from emoga_core.edit.frames import choose_frames as choose_frames
from emoga_core.edit.framing import face_box, face_cameras
from emoga_core.edit.masks import face_picture
from emoga_core.render import Cameras, rasterize

FRONTAL_WEIGHT, OTHER_WEIGHT, OBLIQUE_WEIGHT = 1.0, 0.4, 0.2
_FRONTAL = math.radians(10.0)


@dataclass(frozen=True, eq=False)
class EditView:
    """One neutral picture to be edited, and everything that belongs to it.

    Attributes:
        name: "f003_c02": the fourth frame from the third angle; also its file name.
        frame: the moment. frame_id, view_id: numbers of frame and angle.
        camera: one, square.
        azimuth, elevation: radians relative to the head; positive shows its left side, or looks from above.
        image: (H, W, 3) in [0, 1] the neutral avatar over white.
        mask: (H, W) in [0, 1], 1 where the picture may change: soft for the frontal view, hard for others.
        skin: (H, W) in [0, 1], 1 on skin whose tone may be compared (no lips, brows, eyes or mouth).
        frontal: whether the view is from the front.
        weight: how much it counts when an emotion is fitted.
    """

    name: str
    frame: MotionFrame
    frame_id: int
    view_id: int
    camera: Cameras
    azimuth: float
    elevation: float
    image: Tensor
    mask: Tensor
    skin: Tensor
    frontal: bool
    weight: float

    @property
    def size(self) -> int:
        """Height and width in pixels."""
        return self.image.shape[0]


def view_angles(count: int) -> list[tuple[float, float]]:
    """(azimuth, elevation) in radians of `count` views: the frontal one first, then ever more oblique pairs.

    None is more than 55 degrees from the front: beyond, half of the face is hidden and edits stop being
    believable.

    Raises:
        EditError: fewer than 1 or more than 32 views.
    """
    if not 1 <= count <= 32:
        raise EditError(f"{count} views: use 1 to 32")
    degrees = _ANGLES[count] if count in _ANGLES else _spread(count)
    return [(math.radians(azimuth), math.radians(elevation)) for azimuth, elevation in degrees]


def view_weights(angles: Sequence[tuple[float, float]]) -> list[float]:
    """Weight of each view in the fit: frontal 1.0, others 0.4, and of three or more the most oblique 0.2."""
    off = [_from_front(*angle) for angle in angles]
    weights = [FRONTAL_WEIGHT if angle <= _FRONTAL else OTHER_WEIGHT for angle in off]
    if len(angles) >= 3:
        last = max(range(len(off)), key=off.__getitem__)
        if off[last] > _FRONTAL:
            weights[last] = OBLIQUE_WEIGHT
    return weights


def make_views(
    avatar: Avatar,
    frames: Sequence[MotionFrame],
    angles: Sequence[tuple[float, float]],
    size: int,
    *,
    reach: tuple[Tensor, Tensor] | None = None,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> list[EditView]:
    """Draws every frame from every angle, frame by frame.

    Args:
        angles: see `view_angles`.
        size: pixels of the square pictures.
        reach: expression offset (E,) and jaw rotation (3,) of the expected change at its full strength: masks
            then also cover the face where it will be.
        progress: called with (views done, views in all).
        stop: asked before every frame.

    Raises:
        EditError: no frames or angles, or an impossible size. EditCancelled: `stop` said so.
    """
    if not frames or not angles:
        raise EditError("no views: choose at least one frame and one angle")
    if not 16 <= size <= 4096:
        raise EditError(f"pictures of {size} pixels: use 16 to 4096")
    weights, views = view_weights(angles), []
    white = torch.ones(3, device=avatar.identity.device)
    box = face_box(avatar)
    with torch.no_grad():
        sh = avatar.blended_sh({})
        for frame_id, frame in enumerate(frames):
            if stop is not None and stop():
                raise EditCancelled("cancelled while the views were drawn")
            vertices = avatar.pose(frame)
            target = None if reach is None else moved_vertices(avatar, frame, *reach)
            cameras = face_cameras(avatar, frame, angles, size, box=box)
            splats = avatar.bound(vertices, sh)
            pictures = rasterize(splats, cameras, white)[0].clamp(0, 1)
            for view_id, (azimuth, elevation) in enumerate(angles):
                frontal = _from_front(azimuth, elevation) <= _FRONTAL
                camera = cameras[view_id]
                face = face_picture(avatar, vertices, camera, reach=target, splats=splats, box=box)
                views.append(
                    EditView(
                        name=f"f{frame_id:03d}_c{view_id:02d}",
                        frame=frame,
                        frame_id=frame_id,
                        view_id=view_id,
                        camera=camera,
                        azimuth=azimuth,
                        elevation=elevation,
                        image=pictures[view_id],
                        mask=(face.soft() if frontal else face.hard()).to(white),
                        skin=face.skin().to(white),
                        frontal=frontal,
                        weight=weights[view_id],
                    )
                )
            if progress is not None:
                progress(len(views), len(frames) * len(angles))
    return views


def moved_vertices(avatar: Avatar, frame: MotionFrame, expression: Tensor, jaw: Tensor) -> Tensor:
    """(V, 3) vertices of a moment with an expression offset (E,) and a jaw rotation (3,) added."""
    joints = frame.joint_rotations.clone()
    joints[2] += jaw.to(joints)
    total = avatar.clamp_expression(frame.expression + expression.to(frame.expression))
    device = avatar.identity.device
    with torch.no_grad():
        return avatar.vertices(
            total[None].to(device), joints[None].to(device), frame.translation[None].to(device)
        )[0]


_ANGLES: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((0, 0),),
    2: ((0, 0), (35, 4)),
    3: ((0, 0), (35, 4), (-35, 4)),
    5: ((0, 0), (25, 6), (-25, -6), (45, -4), (-45, 4)),
    10: (
        (0, 0), (16, 10), (-16, 10), (16, -10), (-16, -10),
        (32, 0), (-32, 0), (46, 10), (-46, 10), (52, -4),
    ),
}  # fmt: skip
"""Degrees. Ten are those that the method keeps of the 16 cameras of a capture stage 90 degrees wide."""


def _spread(count: int) -> list[tuple[float, float]]:
    """Pairs to the left and the right, by turns from slightly above and below."""
    pairs = (count - 1 + 1) // 2
    views = [(0.0, 0.0)]
    for pair in range(pairs):
        azimuth = 12 + (50 - 12) * (pair / max(1, pairs - 1) if pairs > 1 else 0.5)
        elevation = (6.0, -6.0, 12.0, -12.0)[pair % 4] * (1 - pair / (2 * pairs))
        views += [(azimuth, elevation), (-azimuth, elevation)]
    return views[:count]


def _from_front(azimuth: float, elevation: float) -> float:
    """Angle between a line of sight and the frontal one, radians."""
    return math.acos(max(-1.0, min(1.0, math.cos(azimuth) * math.cos(elevation))))
