"""Rest-pose coordinates: the place of every vertex of any head on the face in which wrinkles are painted."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from emoga_core.edit.face_classes import BROW, EYEBALL, LIDS, LIPS, MOUTH, SKIN, face_classes
from emoga_core.heads import Head, bundled_detail, bundled_head, landmarks

_REACH = 0.035
"""Metres from the nearest landmark beyond which a transferred coordinate is not trusted."""


def paint_coordinates(head: Head) -> np.ndarray | None:
    """(V, 3) float64 coordinates in the bundled head's painting frame; NaN where unknown.

    Exact for the bundled head. Another head is laid over it by its 68 landmarks: a similarity, then a
    thin-plate spline in space (kernel r; Bookstein 1989), which brings brows, eyes, nose and lips into place;
    it is kept near the landmarks only, and higher up on the forehead. None for a head without landmarks.
    """
    if head.hash == bundled_head().hash:
        return bundled_detail().base_positions.astype(np.float64)
    if not len(head.landmark_triangles):
        return None
    here = landmarks(head, head.template).cpu().double().numpy()
    base = torch.from_numpy(bundled_detail().base_positions).float()
    there = landmarks(bundled_head(), base).double().numpy()
    points = head.template.cpu().double().numpy()
    moved = _thin_plate(here, there, points)
    # Scaled as faces are, so that a head in other units of size keeps its reach.
    scale = np.linalg.norm(here - here.mean(0)) / np.linalg.norm(there - there.mean(0))
    nearest = np.linalg.norm(points[:, None] - here[None], axis=2).min(1)
    brows = here[17:27, 1].mean()
    reach = np.where(points[:, 1] > brows, 2.0, 1.0) * _REACH * scale
    moved[nearest > reach] = np.nan
    return moved


def paintable_skin(head: Head) -> np.ndarray:
    """(V,) float32: 1 on skin of the face (lips, lids and brows too), 0 elsewhere."""
    return _in(head, SKIN, BROW, LIPS, LIDS).float().numpy()


def bare_skin(head: Head) -> np.ndarray:
    """(V,) float32: 1 on skin of the face but the lips, where blood colours it."""
    return _in(head, SKIN, BROW, LIDS).float().numpy()


def turning_skin(head: Head, vertices: Tensor) -> np.ndarray:
    """(V,) float32 in [0, 1]: skin whose shade follows its normal.

    Lids roll out of folds, where they were never lit as their normals say: their own colours, learnt with
    the eye closed, already hold their shade. So 0 in the eye sockets, rising from 3 to 12 mm around them.
    """
    points, sockets = vertices.detach().cpu(), _in(head, LIDS)
    if not bool(sockets.any()):
        return np.ones(head.num_vertices, np.float32)
    away = torch.cdist(points, points[sockets]).amin(1)
    return ((away - 0.003) / 0.009).clamp(0, 1).numpy()


def smooth_skin(head: Head, vertices: Tensor) -> np.ndarray:
    """(V,) float32 in [0, 1]: bare skin away from lips, lids, brows and hair, where warped pixels serve best.

    Args:
        vertices: (V, 3) the person's rest pose; distances ramp over 4 to 12 mm.
    """
    points = vertices.detach().cpu()
    skin = _in(head, SKIN)
    edge = _in(head, BROW, LIPS, LIDS, EYEBALL, MOUTH)
    away = torch.zeros(len(points))
    away[skin] = torch.cdist(points[skin], points[edge]).amin(1) if bool(edge.any()) else 1.0
    t = ((away - 0.004) / 0.008).clamp(0, 1)
    return (t * t * (3 - 2 * t)).numpy()


def _in(head: Head, *classes: int) -> Tensor:
    """(V,) bool: vertices of these classes, which are guessed for a head without regions."""
    return torch.isin(face_classes(head).classes, torch.tensor(classes, dtype=torch.uint8))


def _thin_plate(source: np.ndarray, target: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Moves (n, 3) points as the spline does that takes `source` (m, 3) to `target`, slightly smoothed."""
    kernel = np.linalg.norm(source[:, None] - source[None], axis=2)
    count, affine = len(source), np.c_[np.ones(len(source)), source]
    system = np.zeros((count + 4, count + 4))
    system[:count, :count] = kernel - 1e-3 * kernel.mean() * np.eye(count)
    system[:count, count:], system[count:, :count] = affine, affine.T
    weights = np.linalg.solve(system, np.r_[target, np.zeros((4, 3))])
    distance = np.linalg.norm(points[:, None] - source[None], axis=2)
    return distance @ weights[:count] + np.c_[np.ones(len(points)), points] @ weights[count:]
