"""How much an emotion may recolour: the feathered skin of the face, per triangle of the head."""

from __future__ import annotations

import torch
from torch import Tensor

from emoga_core.heads import FACE_SKIN, Head
from emoga_core.heads.face_area import face_weights, known_vertices


def face_mask(head: Head) -> Tensor:
    """(F,) in [0,1]: one on the skin of the face, falling to zero over some 8 mm towards ears, scalp
    and neck; zero on those, on eyeballs, lashes and inside the mouth. Ones for a head without regions."""
    if not len(head.regions):
        return torch.ones(head.num_triangles, device=head.template.device)
    # About one half at the border: nothing leaks across it.
    inside = (2 * face_weights(head) - 1).clamp(0, 1) * known_vertices(head, FACE_SKIN)
    return inside[head.triangles].amin(1)


def face_points(head: Head) -> Tensor:
    """Vertices around which patches are compared: face, eyes, teeth; all of a head without regions."""
    if not len(head.regions):
        return torch.arange(head.num_vertices)
    names = (*FACE_SKIN, "left_eyeball", "right_eyeball", "upper_teeth", "lower_teeth", "lashes")
    return torch.where(known_vertices(head, names))[0].cpu()
