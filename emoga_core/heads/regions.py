"""Names of the face regions with which every vertex of a head is labelled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from emoga_core.errors import EmogaError

if TYPE_CHECKING:
    from emoga_core.heads.head import Head

REGION_NAMES: tuple[str, ...] = (
    "face", "forehead", "left_brow", "right_brow", "nose", "lips", "left_eye_socket", "right_eye_socket",
    "left_ear", "right_ear", "scalp", "neck", "bust", "mouth_interior",
    "left_eyeball", "right_eyeball", "tongue", "upper_teeth", "lower_teeth", "upper_gums", "lower_gums",
    "lashes",
)  # fmt: skip
"""Left and right are the subject's. `face` is what remains of the skin: cheeks, chin, upper lip, temples."""

FACE_SKIN: tuple[str, ...] = (
    "face", "forehead", "left_brow", "right_brow", "nose", "lips", "left_eye_socket", "right_eye_socket",
)  # fmt: skip
"""Skin that shows an emotion; hair, ears, neck, clothes and eyeballs do not belong to it."""


def vertices_in(head: Head, names: Iterable[str]) -> Tensor:
    """Whether each vertex of `head` carries one of the labels `names`: (V,) bool.

    Raises:
        EmogaError: `head` has no region of that name.
    """
    wanted = [_index(head, name) for name in names]
    return torch.isin(head.regions, torch.tensor(wanted, dtype=torch.int64, device=head.regions.device))


def triangle_regions(head: Head) -> Tensor:
    """Label of each triangle (F,) int64: the label that two of its corners share, else the first corner's."""
    a, b, c = head.regions[head.triangles].unbind(1)
    return torch.where(b == c, b, a)


def _index(head: Head, name: str) -> int:
    try:
        return head.region_names.index(name)
    except ValueError:
        known = ", ".join(head.region_names) or "none"
        raise EmogaError(f"head {head.name} has no region {name!r}; it has: {known}") from None
