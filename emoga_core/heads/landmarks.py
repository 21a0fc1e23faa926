"""The 68 facial landmarks of iBUG 300-W on a head's surface.

Sagonas et al., 300 Faces in-the-Wild Challenge (2013). Order, as the viewer sees the face from the left to
the right of the picture: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, outer lips 48-59, inner lips 60-67.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from emoga_core.errors import EmogaError

if TYPE_CHECKING:
    from emoga_core.heads.head import Head

GROUPS: dict[str, range] = {
    "jaw": range(0, 17), "right_brow": range(17, 22), "left_brow": range(22, 27), "nose": range(27, 36),
    "right_eye": range(36, 42), "left_eye": range(42, 48), "outer_lips": range(48, 60),
    "inner_lips": range(60, 68),
}  # fmt: skip
"""Left and right are the subject's."""

MIRROR: tuple[int, ...] = (
    *range(16, -1, -1), *range(26, 16, -1), 27, 28, 29, 30, 35, 34, 33, 32, 31,
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65,
)  # fmt: skip
"""Index of each landmark's mirror image."""


def landmarks(head: Head, vertices: Tensor) -> Tensor:
    """Positions of the 68 landmarks on posed vertices.

    Args:
        head: the head that `vertices` belong to.
        vertices: (..., V, 3) metres.
    Returns:
        (..., 68, 3), differentiable.
    Raises:
        EmogaError: the head has no landmarks (convert it together with a landmark file).
    """
    if not len(head.landmark_triangles):
        raise EmogaError(f"head {head.name} has no landmarks; convert it with --landmarks FILE")
    corners = vertices[..., head.triangles[head.landmark_triangles], :]  # (..., 68, 3 corners, 3)
    return (head.landmark_barycentric[:, :, None] * corners).sum(-2)
