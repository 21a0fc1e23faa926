"""What every vertex of a head is to an editor: skin, brow, lips, lids, eyeball, mouth, or not face at all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor

from emoga_core.edit.framing import EYES, chin_level
from emoga_core.heads import Head, landmarks
from emoga_core.heads.face_area import edges, face_weights, known_vertices

OUTSIDE, SKIN, BROW, LIPS, LIDS, EYEBALL, MOUTH = range(7)
_OF_REGION = {
    "face": SKIN, "forehead": SKIN, "nose": SKIN, "left_brow": BROW, "right_brow": BROW, "lips": LIPS,
    "left_eye_socket": LIDS, "right_eye_socket": LIDS, "left_eyeball": EYEBALL, "right_eyeball": EYEBALL,
    "mouth_interior": MOUTH, "tongue": MOUTH, "upper_teeth": MOUTH, "lower_teeth": MOUTH,
    "upper_gums": MOUTH, "lower_gums": MOUTH,
}  # fmt: skip
_EYEBALL_RADIUS = 0.02  # metres
_BEHIND = 0.008  # metres
_WIDER = 0.2


@dataclass(frozen=True, eq=False)
class FaceClasses:
    """Classes of a head's vertices, on the CPU.

    Attributes:
        classes: (V,) uint8.
        weights: (V,) float32, one half along the border between the face and what surrounds it.
        open_edge: (F,) bool: triangles on which that border may run.
        drawn: (F,) bool: triangles that hide what is behind them (lashes do not).
        hair: (F,) bool: triangles that carry hair.
        bare: (F,) bool: triangles of smooth skin, from which nothing but hair stands off.
        note: why the classes are only a guess; empty when the head's own regions give them.
    """

    classes: Tensor
    weights: Tensor
    open_edge: Tensor
    drawn: Tensor
    hair: Tensor
    bare: Tensor
    note: str


def mask_note(head: Head) -> str:
    """One sentence when masks of this head can only be guessed, else ""."""
    return face_classes(head).note


@lru_cache(maxsize=4)
def face_classes(head: Head) -> FaceClasses:
    """The classes of a head; of one without regions they are guessed from its landmarks, else from its shape.

    A guess tells eyeballs (loose parts around the eyes' joints), lips and lids (outlines of landmarks seen
    from the front) and takes the front of the head down to the chin for the face.
    """
    head = head.to("cpu")
    if len(head.regions):
        of_region = torch.tensor([_OF_REGION.get(name, OUTSIDE) for name in head.region_names])
        classes = of_region.to(torch.uint8)[head.regions]
        weights, note = _before_ears(head, face_weights(head)), ""
        lashes, hair = known_vertices(head, ("lashes",)), known_vertices(head, ("scalp",))
        bare = known_vertices(head, ("face", "forehead"))
    else:
        classes, weights, note = _guessed(head)
        lashes = hair = bare = torch.zeros(head.num_vertices, dtype=torch.bool)
    bordering = (classes != EYEBALL) & (classes != MOUTH) & ~lashes
    corners = head.triangles
    return FaceClasses(
        classes,
        weights,
        bordering[corners].all(1),
        ~lashes[corners].any(1),
        hair[corners].all(1),
        bare[corners].all(1),
        note,
    )


def _before_ears(head: Head, weights: Tensor) -> Tensor:
    """Weights that also end below the ears: skin behind them is neck, whatever its label."""
    ears = head.template[known_vertices(head, ("left_ear", "right_ear"))]
    if not len(ears):
        return weights
    front = ears[:, 2].quantile(0.9) - _BEHIND
    return torch.minimum(weights, (0.5 + (head.template[:, 2] - front) / 0.016).clamp(0, 1))


def _guessed(head: Head) -> tuple[Tensor, Tensor, str]:
    points = head.template.double()
    eyeballs, body = _eyeballs(head)
    if len(head.landmark_triangles):
        marks = landmarks(head, head.template).double().numpy()
        front, marks = float(marks[[0, 16], 2].mean()), marks[:, :2]
        brow = marks[17:27]
        rise = 0.62 * (brow[:, 1].mean() - marks[33, 1])
        outline = np.concatenate([marks[:17], (brow + np.array([0.0, rise]))[::-1]])
        outline[:, 0] += _WIDER * (outline[:, 0] - marks[27:31, 0].mean())  # the sides end in depth instead
        outline = cv2.convexHull(outline.astype(np.float32))[:, 0]
        inside = _signed_distance(outline, points[:, :2].numpy())
        note = f"head {head.name} has no regions: masks are guessed from its landmarks"
    else:
        marks, depth = None, points[body, 2]
        front = float(depth.amax() - 0.45 * (depth.amax() - depth.amin()))
        low, high = chin_level(head, head.template), float(points[body, 1].amax())
        inside = torch.minimum(points[:, 1] - low, low + 0.8 * (high - low) - points[:, 1])
        note = f"head {head.name} has neither regions nor landmarks: masks cover the front of the head"
    border = torch.minimum(inside, points[:, 2] - front)
    weights = (0.5 + border / 0.016).clamp(0, 1).float()
    classes = torch.where(weights >= 0.5, SKIN, OUTSIDE).to(torch.uint8)
    if marks is not None:
        for rows, name in ((slice(17, 22), BROW), (slice(22, 27), BROW), (slice(48, 60), LIPS)):
            near = _signed_distance(
                cv2.convexHull(marks[rows].astype(np.float32))[:, 0], points[:, :2].numpy()
            )
            classes[(near > (-0.003 if name == BROW else 0)) & (classes == SKIN)] = name
        for rows in (slice(36, 42), slice(42, 48)):
            near = _signed_distance(marks[rows], points[:, :2].numpy())
            classes[(near > -0.006) & (classes == SKIN)] = LIDS
    classes[eyeballs], weights[eyeballs] = EYEBALL, 0.0
    return classes, weights, note


def _signed_distance(outline: np.ndarray, points: np.ndarray) -> Tensor:
    """(V,) metres that points (V, 2) lie inside of a polygon; negative outside."""
    polygon = np.ascontiguousarray(outline, np.float32)[:, None]
    return torch.tensor(
        [cv2.pointPolygonTest(polygon, (float(x), float(y)), True) for x, y in points], dtype=torch.float64
    )


def _eyeballs(head: Head) -> tuple[Tensor, Tensor]:
    """(V,) bool each: loose parts close around the eyes' joints, and the largest part."""
    part = _parts(head)
    body = part == part.mode().values
    joints = (head.joint_regressor @ head.template)[list(EYES)]
    eyeballs = torch.zeros_like(body)
    for number in part[~body].unique():
        members = part == number
        centre = head.template[members].mean(0)
        if float((joints - centre).norm(dim=1).amin()) < _EYEBALL_RADIUS and members.sum() > 12:
            eyeballs |= members
    return eyeballs, body


def _parts(head: Head) -> Tensor:
    """(V,) number of the connected part of each vertex."""
    a, b = edges(head)
    part = torch.arange(head.num_vertices)
    while True:
        low = torch.minimum(part[a], part[b])
        spread = part.scatter_reduce(0, a, low, "amin").scatter_reduce(0, b, low, "amin")
        spread = spread[spread]
        if torch.equal(spread, part):
            return part
        part = spread
