"""Which pixels of a face may be edited: regions of the tracked mesh, drawn with a z-buffer.

White is skin of the face, nose, brows, lips and lids; black is eyeballs, hair, ears, neck, clothes and the
background. The mouth seen between parted lips is white too: it moves with them. So is a narrow strip of the
background along the outline of the face, for the outline moves as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from emoga_core.avatars import Avatar, MotionFrame
from emoga_core.edit.errors import EditError
from emoga_core.edit.face_classes import BROW, EYEBALL, LIDS, LIPS, MOUTH, OUTSIDE, SKIN, face_classes
from emoga_core.edit.framing import FaceBox, face_box, pixels_per_metre
from emoga_core.edit.mask_shapes import distance_to, enclosed, softened, specks, touching
from emoga_core.render import Cameras, Gaussians, rasterize
from emoga_core.render.mesh_raster import MeshRaster, rasterize_mesh

MaskKind = Literal["hard", "soft"]
OUTLINE = 0.02
"""Share of the height of the face by which masks reach over its outline into the background."""
_IN_FRONT = 0.004  # metres
_HAIR_ALPHA = 0.5
_SPECK = 0.1  # of the height of the face: side of the smallest piece of skin between hair that counts


@dataclass(frozen=True, eq=False)
class FacePicture:
    """What every pixel of a picture shows of the face.

    Attributes:
        labels: (H, W) uint8 classes of `face_classes`.
        target: the same where the face is expected after the edit, or None.
        face_pixels: height of the face in pixels.
        empty: (H, W) bool: pixels where there is no mesh, neither now nor after the edit; or None.
    """

    labels: np.ndarray
    target: np.ndarray | None
    face_pixels: float
    empty: np.ndarray | None = None

    def hard(self) -> Tensor:
        """(H, W) float32 of zeros and ones."""
        face = self._any(SKIN, BROW, LIPS, LIDS, MOUTH)
        return torch.from_numpy(self._with_outline(face).astype(np.float32))

    def soft(self) -> Tensor:
        """(H, W) float32: hard, lips grown by 3 % of the height of the face and the whole eye sockets,
        feathered over 1.5 %."""
        face = self._any(SKIN, BROW, LIPS, LIDS, EYEBALL, MOUTH)
        soft = softened(face, self._any(LIPS, MOUTH), self.face_pixels)
        return torch.from_numpy(np.maximum(soft, self._with_outline(face) & ~face))

    def skin(self) -> Tensor:
        """(H, W) float32 of zeros and ones: bare skin of the face as it is now."""
        return torch.from_numpy((self.labels == SKIN).astype(np.float32))

    def _with_outline(self, face: np.ndarray) -> np.ndarray:
        """Joins the background along the face's outline: brow hairs stand out there, and the outline's
        half-covered pixels must not stay behind as a ghost when the outline moves. Not along ears, hair and
        neck, though: what lies next to those belongs to them."""
        if self.empty is None or not face.any():
            return face
        away = distance_to(face)
        near = self.empty & (away <= max(2.0, OUTLINE * self.face_pixels))
        return face | (near & (away < distance_to(~face & ~self.empty)))

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

    Raises:
        EditError: another kind of mask.
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
    box: FaceBox | None = None,
) -> FacePicture:
    """Draws the classes of the mesh, less the hair in front of it; arguments as of `edit_mask`.

    Args:
        splats, box: the avatar's Gaussians in that pose and its measures, if at hand.
    """
    with torch.no_grad():
        vertices = pose if isinstance(pose, Tensor) else avatar.pose(pose)
        scale = pixels_per_metre(avatar, camera, vertices)
        raster, labels = _drawn(avatar, vertices, camera)
        target, empty = None, ~raster.mask[0].numpy()
        if reach is not None:
            after, target = _drawn(avatar, reach, camera)
            empty &= ~after.mask[0].numpy()
        if splats is None:
            splats = avatar.bound(vertices, vertices.new_zeros(len(avatar.gaussians), 1, 3))
        hair = _hair(avatar, vertices, splats, raster, camera)
    face_pixels = (box or face_box(avatar)).face_height * scale
    if hair is not None:
        hair = touching(hair, labels == OUTSIDE)  # what hangs over the face comes from beyond it
        for picture in (labels,) if target is None else (labels, target):
            picture[hair] = OUTSIDE
            picture[specks(picture != OUTSIDE, (_SPECK * face_pixels) ** 2)] = OUTSIDE
    return FacePicture(labels, target, face_pixels, empty)


def _drawn(avatar: Avatar, vertices: Tensor, camera: Cameras) -> tuple[MeshRaster, np.ndarray]:
    """The z-buffer, and the classes (H, W) of its pixels with a smooth border of the face."""
    known = face_classes(avatar.head)
    drawn = avatar.head.triangles.cpu()[known.drawn]
    raster = rasterize_mesh(vertices, drawn, camera, cull_backfaces=True)
    shown = raster.mask[0]
    triangles = raster.triangle_ids[0][shown].long()
    barycentric = raster.barycentric[0][shown]
    corners = drawn[triangles]
    classes = known.classes[corners.gather(1, barycentric.argmax(1, keepdim=True))[:, 0]]
    # Labels change at vertices, in steps as large as triangles; the smooth weight draws a line instead.
    border = known.open_edge[known.drawn][triangles]
    inside = (barycentric * known.weights[corners]).sum(1) >= 0.5
    classes = torch.where(border & ~inside, torch.full_like(classes, OUTSIDE), classes)
    classes = torch.where(border & inside & (classes == OUTSIDE), torch.full_like(classes, SKIN), classes)
    labels = torch.full(shown.shape, OUTSIDE, dtype=torch.uint8)
    labels[shown] = classes
    return raster, _with_mouth(labels.numpy())


def _with_mouth(labels: np.ndarray) -> np.ndarray:
    """Labels what the face encloses as mouth: heads such as FLAME have nothing behind parted lips."""
    holes = enclosed(labels == OUTSIDE, np.isin(labels, (LIPS, SKIN)))
    return np.where(holes, np.uint8(MOUTH), labels)


def _hair(
    avatar: Avatar, vertices: Tensor, splats: Gaussians, raster: MeshRaster, camera: Cameras
) -> np.ndarray | None:
    """(H, W) bool: pixels where hair hides the mesh: Gaussians that grow on the scalp, or that stand off the
    smooth skin of the face. None without any."""
    known, parents = face_classes(avatar.head), avatar.binding.triangles
    device = parents.device
    height = avatar.gaussians.means[:, 1] * avatar.frames(vertices).scales[parents]  # along the normals
    is_hair = known.hair.to(device)[parents] | (known.bare.to(device)[parents] & (height > _IN_FRONT))
    if not bool(is_hair.any()):
        return None
    rows = is_hair.nonzero()[:, 0]
    pixels, depths = camera.project(splats.means[rows])
    x, y = pixels[0].floor().long().cpu().unbind(1)
    surface = raster.depth[0]
    inside = (x >= 0) & (y >= 0) & (x < camera.width) & (y < camera.height)
    at = surface[y.clamp(0, camera.height - 1), x.clamp(0, camera.width - 1)]
    front = inside & (at > 0) & (depths[0].cpu() < at - _IN_FRONT)
    if not bool(front.any()):
        return None
    rows = rows[front.to(rows.device)]
    alpha = rasterize(splats[rows], camera)[1][0, :, :, 0]
    return (alpha > _HAIR_ALPHA).cpu().numpy()
