"""How much an emotion may recolour: the feathered skin of the face, per triangle of the head."""

from __future__ import annotations

import torch
from torch import Tensor

from emoga_core.heads import FACE_SKIN, Head

_AROUND = ("left_ear", "right_ear", "scalp", "neck", "bust")
_FEATHER = 0.008  # metres


def face_mask(head: Head) -> Tensor:
    """(F,) in [0,1]: one on the skin of the face, falling to zero over some 8 mm towards ears, scalp
    and neck; zero on those, on eyeballs, lashes and inside the mouth. Ones for a head without regions."""
    if not len(head.regions):
        return torch.ones(head.num_triangles, device=head.template.device)
    skin = _vertices(head, FACE_SKIN)
    around = _vertices(head, _AROUND)
    weight = skin.float()
    # Lips and lids border on the mouth and the eyes: no feathering there, so those are left out of the mean.
    a, b = _edges(head)
    both = (skin | around)[a] & (skin | around)[b]
    a, b = a[both], b[both]
    edge = (head.template[a] - head.template[b]).norm(dim=1).mean()
    # Averaging with the neighbours spreads by about 0.7 edges a round, and by its root over rounds.
    for _ in range(min(50, round(2 * (_FEATHER / float(edge)) ** 2))):
        total, count = weight.clone(), torch.ones_like(weight)
        for here, there in ((a, b), (b, a)):
            total.index_add_(0, here, weight[there])
            count.index_add_(0, here, torch.ones_like(weight[there]))
        weight = total / count
    # About one half at the border: nothing leaks across it.
    inside = (2 * weight - 1).clamp(0, 1) * skin
    return inside[head.triangles].amin(1)


def face_points(head: Head) -> Tensor:
    """Vertices around which patches are compared: face, eyes, teeth; all of a head without regions."""
    if not len(head.regions):
        return torch.arange(head.num_vertices)
    names = (*FACE_SKIN, "left_eyeball", "right_eyeball", "upper_teeth", "lower_teeth", "lashes")
    return torch.where(_vertices(head, names))[0].cpu()


def _vertices(head: Head, names: tuple[str, ...]) -> Tensor:
    """(V,) bool; names that the head does not know are skipped."""
    known = [head.region_names.index(name) for name in names if name in head.region_names]
    return torch.isin(head.regions, torch.tensor(known, device=head.regions.device))


def _edges(head: Head) -> tuple[Tensor, Tensor]:
    """Both ends of every edge once."""
    corners = head.triangles
    pairs = torch.cat([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    return tuple(torch.unique(pairs.sort(1).values, dim=0).unbind(1))  # type: ignore[return-value]
