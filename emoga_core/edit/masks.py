"""Which pixels of a face may be edited: regions of the tracked mesh, drawn with a z-buffer.

White is skin of the face, nose, brows, lips and lids; black is eyeballs, hair, ears, neck, clothes and the
background. The mouth seen between parted lips is white too: it moves with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import torch
from torch import Tensor

from emoga_core.avatars import Avatar, MotionFrame
from emoga_core.edit.errors import EditError
from emoga_core.edit.framing import face_height, pixels_per_metre
from emoga_core.heads import Head
from emoga_core.render import Cameras, Gaussians
from emoga_core.render.mesh_raster import rasterize_mesh

MaskKind = Literal["hard", "soft"]
GROWN_LIPS, FEATHER = 0.03, 0.015
"""Shares of the height of the face."""

OUTSIDE, SKIN, BROW, LIPS, LIDS, EYEBALL, MOUTH = range(7)
"""What a pixel shows: classes of `FacePicture.labels`."""
_CLASSES = {
    "face": SKIN, "forehead": SKIN, "nose": SKIN, "left_brow": BROW, "right_brow": BROW, "lips": LIPS,
    "left_eye_socket": LIDS, "right_eye_socket": LIDS, "left_eyeball": EYEBALL, "right_eyeball": EYEBALL,
    "mouth_interior": MOUTH, "tongue": MOUTH, "upper_teeth": MOUTH, "lower_teeth": MOUTH,
    "upper_gums": MOUTH, "lower_gums": MOUTH,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class FacePicture:
    """What every pixel of a picture shows of the face.

    Attributes:
        labels: (H, W) uint8 classes.
        target: the same where the face is expected after the edit, or None.
        face_pixels: height of the face in pixels.
    """

    labels: np.ndarray
    target: np.ndarray | None
    face_pixels: float

    def hard(self) -> Tensor:
        """(H, W) float32 of zeros and ones."""
        return torch.from_numpy(self._any(SKIN, BROW, LIPS, LIDS, MOUTH).astype(np.float32))

    def soft(self) -> Tensor:
        """(H, W) float32: hard, lips grown by 3 % of the height of the face and the whole eye sockets,
        feathered over 1.5 %."""
        face = self._any(SKIN, BROW, LIPS, LIDS, EYEBALL, MOUTH)
        face |= _grown(self._any(LIPS, MOUTH), GROWN_LIPS * self.face_pixels)
        return torch.from_numpy(_feathered(face, FEATHER * self.face_pixels))

    def skin(self) -> Tensor:
        """(H, W) float32 of zeros and ones: bare skin of the face as it is now."""
        return torch.from_numpy((self.labels == SKIN).astype(np.float32))

    def _any(self, *classes: int) -> np.ndarray:
        found = np.isin(self.labels, classes)
        return found if self.target is None else found | np.isin(self.target, classes)


def edit_mask(
    avatar: Avatar,
    pose: MotionFrame | Tensor,
    camera: Cameras,
    *,
    kind: MaskKind = "hard",
    reach: Tensor | None = None,
) -> Tensor:
    """(H, W) in [0, 1]: where a picture may change.

    Args:
        pose: the moment, or its posed vertices (V, 3).
        camera: one.
        kind: "hard" (zeros and ones) for oblique views, "soft" for the frontal one.
        reach: (V, 3) vertices after the edit, where known: the mask then also covers the face there.
    """
    if kind not in ("hard", "soft"):
        raise EditError(f"mask {kind!r}: there are hard and soft ones")
    picture = face_picture(avatar, pose, camera, reach=reach)
    return (picture.hard() if kind == "hard" else picture.soft()).to(camera.intrinsics.device)


def skin_mask(avatar: Avatar, pose: MotionFrame | Tensor, camera: Cameras) -> Tensor:
    """(H, W) zeros and ones: bare skin of the face, where skin tones are compared."""
    return face_picture(avatar, pose, camera).skin().to(camera.intrinsics.device)


def face_picture(
    avatar: Avatar,
    pose: MotionFrame | Tensor,
    camera: Cameras,
    *,
    reach: Tensor | None = None,
    splats: Gaussians | None = None,
) -> FacePicture:
    """Draws the regions of the mesh; arguments as of `edit_mask`.

    Args:
        splats: the avatar's Gaussians in that pose, if at hand.
    """
    with torch.no_grad():
        vertices = pose if isinstance(pose, Tensor) else avatar.pose(pose)
        scale = pixels_per_metre(avatar, camera, vertices.cpu())
        labels = _labels(avatar.head, vertices, camera)
        target = None if reach is None else _labels(avatar.head, reach, camera)
    return FacePicture(labels, target, face_height(avatar) * scale)


def _labels(head: Head, vertices: Tensor, camera: Cameras) -> np.ndarray:
    classes = torch.tensor([_CLASSES.get(name, OUTSIDE) for name in head.region_names], dtype=torch.uint8)
    drawn = torch.ones(head.num_triangles, dtype=torch.bool)
    if "lashes" in head.region_names:
        drawn = (head.regions != head.region_names.index("lashes"))[head.triangles].all(1).cpu()
    raster = rasterize_mesh(vertices, head.triangles.cpu()[drawn], camera)
    return raster.labels(classes[head.regions.cpu()], OUTSIDE)[0].numpy()


def _grown(area: np.ndarray, radius: float) -> np.ndarray:
    if not area.any():
        return area
    away = cv2.distanceTransform((~area).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return away <= radius


def _feathered(area: np.ndarray, width: float) -> np.ndarray:
    """A ramp of `width` pixels, one half on the border."""
    if not area.any() or area.all():
        return area.astype(np.float32)
    inside = cv2.distanceTransform(area.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~area).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    signed = np.where(area, inside - 0.5, 0.5 - outside)
    return np.clip(0.5 + signed / max(width, 1e-6), 0, 1).astype(np.float32)
