"""Where the skin of the face ends: a smooth weight per vertex, one half along its border."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from emoga_core.heads.head import Head
from emoga_core.heads.regions import FACE_SKIN

AROUND: tuple[str, ...] = ("left_ear", "right_ear", "scalp", "neck", "bust")
"""Skin and hair that border on the face."""
_FEATHER = 0.008  # metres


def face_weights(head: Head) -> Tensor:
    """(V,) in [0, 1]: one on the skin of the face, zero beyond, with a transition of some 16 mm towards ears,
    scalp and neck that is one half on the border. Zero on eyeballs, lashes and inside the mouth, without a
    transition. Ones for a head without regions."""
    if not len(head.regions):
        return torch.ones(head.num_vertices, device=head.template.device)
    skin = known_vertices(head, FACE_SKIN)
    around = known_vertices(head, AROUND)
    weight = skin.float()
    # Lips and lids border on the mouth and the eyes: no feathering there, so those are left out of the mean.
    a, b = edges(head)
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
    return weight


def known_vertices(head: Head, names: Iterable[str]) -> Tensor:
    """(V,) bool: vertices labelled with one of `names`; names that the head does not know are skipped, and a
    head without labels has none."""
    if not len(head.regions):
        return torch.zeros(head.num_vertices, dtype=torch.bool, device=head.template.device)
    known = [head.region_names.index(name) for name in names if name in head.region_names]
    return torch.isin(head.regions, torch.tensor(known, dtype=torch.int64, device=head.regions.device))


def edges(head: Head) -> tuple[Tensor, Tensor]:
    """Both ends of every edge once."""
    corners = head.triangles
    pairs = torch.cat([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    return tuple(torch.unique(pairs.sort(1).values, dim=0).unbind(1))  # type: ignore[return-value]
