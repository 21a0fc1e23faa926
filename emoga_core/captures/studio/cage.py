"""What the studio needs to know of the bundled head beyond `Head`: quads, parts, rest coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from emoga_core.heads import bundled_detail, bundled_head

from .eyes import fit_sphere


@dataclass(frozen=True)
class Cage:
    """The bundled head's mesh as quads.

    `canonical` (V, 3) are the vertices of the MakeHuman base mesh, metres: the coordinates in which
    everything is
    painted and modelled, the same for every identity.
    """

    canonical: np.ndarray
    quads: np.ndarray
    quad_uv: np.ndarray
    """(Q, 4, 2) texture coordinates per corner."""
    quad_parts: np.ndarray
    vertex_parts: np.ndarray
    part_names: tuple[str, ...]

    def _number(self, name: str) -> int:
        return self.part_names.index(name)

    def quads_of(self, *names: str) -> np.ndarray:
        """Rows of the quads of the parts."""
        return np.flatnonzero(np.isin(self.quad_parts, [self._number(n) for n in names]))

    def quad_is(self, rows: np.ndarray, name: str) -> np.ndarray:
        """Whether each of the quads belongs to the part."""
        return self.quad_parts[rows] == self._number(name)

    def vertices_of(self, name: str) -> np.ndarray:
        """Vertex indices of a part."""
        return np.flatnonzero(self.vertex_parts == self._number(name))

    def eyeball(self, name: str) -> tuple[np.ndarray, float]:
        """Centre (3,) and radius (m) of an eyeball at rest, without its cornea."""
        points = self.canonical[self.vertices_of(name)]
        # The back of the ball is a plain sphere; the front bulges over the cornea.
        back = points[points[:, 2] < np.quantile(points[:, 2], 0.6)]
        return fit_sphere(back)


@cache
def bundled_cage() -> Cage:
    """The cage of `emoga_core.heads.bundled_head()`."""
    head, detail = bundled_head(), bundled_detail()
    return Cage(
        canonical=detail.base_positions.astype(np.float64),
        quads=detail.quads,
        quad_uv=head.uv.numpy()[detail.quad_uv].astype(np.float64),
        quad_parts=detail.quad_parts,
        vertex_parts=detail.vertex_parts,
        part_names=detail.part_names,
    )
