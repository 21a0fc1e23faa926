"""Which moments of an avatar are edited: mouth shapes that differ, some with bared teeth, all with open eyes.

Bared teeth matter: an emotion fitted without having seen them leaves fragments of lip on them later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emoga_core.avatars import Avatar, Motion, MotionFrame
from emoga_core.avatars.motion import JAW
from emoga_core.edit.errors import EditError
from emoga_core.edit.framing import face_box, face_cameras
from emoga_core.heads import ARKIT_NAMES
from emoga_core.heads.face_area import known_vertices
from emoga_core.heads.skinning import joint_transforms, rotation_matrices, skin
from emoga_core.render.mesh_raster import rasterize_mesh

_AT_MOST = 240
_KEPT = 0.75
_OPEN = 0.8
_SPEECH_FRAMES = 300
_TEETH_TRIED, _TEETH_PIXELS = 16, 128
_BROW_LIMIT = 0.002  # metres
_MOUTH, _BROWS = slice(48, 68), slice(17, 27)
_LIPS_APART = ((61, 67), (62, 66), (63, 65))
_LIDS_APART = (((37, 41), (38, 40)), ((43, 47), (44, 46)))


def choose_frames(
    avatar: Avatar, count: int, motion: Motion | str | None = None, seed: int = 0
) -> list[MotionFrame]:
    """Moments to edit, the one nearest to rest first; the same ones for the same seed.

    Args:
        motion: take them from this one; None means from all of the avatar's own. Without any, heads with
            ARKit actions speak random syllables and others stay at rest.
        seed: other seeds choose among other moments.

    Returns:
        `count` moments, fewer where the motion has no more.

    Raises:
        EditError: fewer than 1 or more than 64, or a motion that the avatar does not have.
    """
    if not 1 <= count <= 64:
        raise EditError(f"{count} frames: use 1 to 64")
    available = _candidates(avatar, motion, seed)
    if len(available) == 1:
        return available
    shapes = _shapes(avatar, available)
    usable = _usable(avatar, available, shapes, count)
    rng = np.random.default_rng([seed, 17])
    kept = max(count, round(_KEPT * len(usable)))
    usable = np.sort(rng.permutation(usable)[:kept])
    mouths = shapes.mouth[usable]
    first = int(np.linalg.norm(mouths - shapes.mouth_at_rest, axis=1).argmin())
    chosen = [first]
    if count > 1:
        bared = _most_teeth(avatar, available, shapes, usable, max(1, count // 4))
        chosen += [k for k in bared if k != first][: count - 1]
    order = _farthest(mouths, chosen, count)
    return [available[int(usable[k])] for k in order]


@dataclass(frozen=True, eq=False)
class _Shapes:
    """Shapes of T moments without the head's movement, metres.

    mouth (T, 3 P) and mouth_at_rest (3 P,); teeth_gap (T,) between the lips; lids (T, 2) relative to rest;
    brows (T,) distance from rest. The last three are None for a head without landmarks.
    """

    mouth: np.ndarray
    mouth_at_rest: np.ndarray
    teeth_gap: np.ndarray | None
    lids: np.ndarray | None
    brows: np.ndarray | None


def _candidates(avatar: Avatar, motion: Motion | str | None, seed: int) -> list[MotionFrame]:
    """At most 240 moments, evenly spaced."""
    if isinstance(motion, str):
        if motion not in avatar.motions:
            known = ", ".join(sorted(avatar.motions)) or "none"
            raise EditError(f"avatar {avatar.name} has no motion {motion!r}; it has: {known}")
        motion = avatar.motions[motion]
    if motion is not None:
        avatar.check_motion(motion)
        motions = [motion]
    else:
        motions = [avatar.motions[name] for name in sorted(avatar.motions)]
    if not motions and avatar.head.expression_names == ARKIT_NAMES:
        from emoga_core.captures.studio.motion import speech_motion

        motions = [speech_motion(_SPEECH_FRAMES, seed).as_motion()]
    if not motions:
        return [avatar.rest_frame()]
    ends = np.cumsum([len(one) for one in motions])
    total = int(ends[-1])
    picked = np.unique(np.linspace(0, total - 1, min(total, _AT_MOST)).round().astype(int))
    frames = []
    for k in picked:
        which = int(np.searchsorted(ends, k, side="right"))
        frames.append(motions[which].frame(int(k - (ends[which] - len(motions[which])))))
    return frames


def _shapes(avatar: Avatar, frames: list[MotionFrame]) -> _Shapes:
    head = avatar.head
    rest = avatar.rest_frame()
    frames = [rest, *frames]
    expression = torch.stack([frame.expression.cpu() for frame in frames])
    jaw = torch.stack([frame.joint_rotations[JAW].cpu() for frame in frames])
    if len(head.landmark_triangles):
        corners = head.triangles[head.landmark_triangles]  # (68, 3)
        points = _points(avatar, corners.flatten(), expression, jaw).unflatten(1, (68, 3))
        marks = (head.landmark_barycentric.cpu()[:, :, None] * points).sum(2).numpy()
        moved = np.linalg.norm(marks[:, _BROWS] - marks[:1, _BROWS], axis=2).mean(1)
        lids = np.stack([_apart(marks, pairs) for pairs in _LIDS_APART], 1)
        mouth = marks[:, _MOUTH].reshape(len(frames), -1)
        return _Shapes(
            mouth[1:],
            mouth[0],
            _apart(marks, _LIPS_APART)[1:],
            lids[1:] / np.maximum(lids[0], 1e-6),
            moved[1:],
        )
    rows = known_vertices(head, ("lips",)).nonzero()[:, 0]
    if not len(rows):
        rows = torch.arange(0, head.num_vertices, max(1, head.num_vertices // 400))
    mouth = _points(avatar, rows, expression, jaw).flatten(1).numpy()
    return _Shapes(mouth[1:], mouth[0], None, None, None)


def _points(avatar: Avatar, rows: Tensor, expression: Tensor, jaw: Tensor) -> Tensor:
    """(T, P, 3) vertices `rows` of the head held still, without pose correctives: close enough to compare."""
    head, rows = avatar.head, rows.to(avatar.identity.device)
    with torch.no_grad():
        still = torch.zeros(1, head.num_expressions, device=avatar.identity.device)
        rest, joints = head.rest(avatar.identity[None], still, avatar.vertex_offset)
        expression = avatar.clamp_expression(expression.to(still))
        shaped = rest[:, rows] + (expression @ head.expression_basis[rows].flatten(0, 1).T).unflatten(
            1, (-1, 3)
        )
        rotations = torch.zeros(len(jaw), len(head.parents), 3, device=still.device)
        rotations[:, JAW] = jaw.to(still)
        joints = joints.expand(len(jaw), -1, -1)
        world, offsets = joint_transforms(rotation_matrices(rotations), joints, head.parents)
        return skin(shaped, head.skin_weights[rows], world, offsets).cpu()


def _apart(marks: np.ndarray, pairs: tuple[tuple[int, int], ...]) -> np.ndarray:
    """(T,) mean distance of pairs of landmarks."""
    return np.mean([np.linalg.norm(marks[:, a] - marks[:, b], axis=1) for a, b in pairs], 0)


def _usable(avatar: Avatar, frames: list[MotionFrame], shapes: _Shapes, count: int) -> np.ndarray:
    """Moments with open eyes and calm brows, as far as the head can tell; the most open ones if too few."""
    everything = np.arange(len(frames))
    if shapes.lids is not None and shapes.brows is not None:
        openness = shapes.lids.min(1)
        calm = shapes.brows <= max(_BROW_LIMIT, 2 * float(np.median(shapes.brows)))
        good = (openness >= _OPEN) & calm
    elif avatar.head.expression_names == ARKIT_NAMES:
        blink = [ARKIT_NAMES.index(f"eyeBlink{side}") for side in ("Left", "Right")]
        openness = 1 - np.array([float(frame.expression[blink].max()) for frame in frames])
        good = openness >= _OPEN
    else:
        return everything
    if good.sum() >= count:
        return everything[good]
    return np.sort(np.argsort(-openness, kind="stable")[:count])


def _most_teeth(
    avatar: Avatar, frames: list[MotionFrame], shapes: _Shapes, usable: np.ndarray, count: int
) -> list[int]:
    """Rows of `usable` that show most teeth, none of them nearly the same mouth."""
    head = avatar.head
    teeth = known_vertices(head, ("upper_teeth", "lower_teeth"))
    if shapes.teeth_gap is None:
        return []
    tried = np.argsort(-shapes.teeth_gap[usable], kind="stable")
    if not bool(teeth.any()):
        return [int(k) for k in tried[:1]]
    # Wide open is not bared: between the two lie most candidates, so they are spread over the wider half.
    tried = tried[np.unique(np.linspace(0, (len(tried) - 1) // 2, _TEETH_TRIED).round().astype(int))]
    seen = []
    shown = teeth[head.triangles.cpu()].all(1)
    lips, box = known_vertices(head, ("lips",)).cpu(), face_box(avatar)
    with torch.no_grad():
        for k in tried:
            frame = frames[int(usable[k])]
            vertices = avatar.pose(frame).cpu()
            camera = face_cameras(avatar, frame, [(0.0, 0.0)], 2 * _TEETH_PIXELS, box=box).to("cpu")
            at = camera.project(vertices[lips] if bool(lips.any()) else vertices)[0][0].mean(0)
            half = _TEETH_PIXELS // 4
            camera = camera.crop(int(at[0]) - half, int(at[1]) - half, 2 * half, 2 * half)
            raster = rasterize_mesh(vertices, head.triangles, camera)
            seen.append(int(shown[raster.triangle_ids[raster.mask].long()].sum()))
    order = np.argsort(-np.array(seen), kind="stable")
    best = [int(tried[k]) for k in order if seen[k] > 0]
    if not best:
        return []
    distance = shapes.mouth[usable]
    typical = np.linalg.norm(distance - distance.mean(0), axis=1).mean()
    chosen = [best[0]]
    for k in best[1:]:
        if len(chosen) == count:
            break
        if min(np.linalg.norm(distance[k] - distance[other]) for other in chosen) > 0.5 * typical:
            chosen.append(k)
    return chosen


def _farthest(points: np.ndarray, chosen: list[int], count: int) -> list[int]:
    """Adds rows of `points`, each the farthest from those before it (Gonzalez 1985), up to `count`."""
    chosen = list(chosen)
    distance = np.min([np.linalg.norm(points - points[k], axis=1) for k in chosen], 0)
    while len(chosen) < min(count, len(points)):
        distance[chosen] = -1
        k = int(distance.argmax())
        chosen.append(k)
        distance = np.minimum(distance, np.linalg.norm(points - points[k], axis=1))
    return chosen
