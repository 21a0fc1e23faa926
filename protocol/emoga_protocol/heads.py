"""The head blob: the rig that moves one avatar, with its identity baked in."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from emoga_protocol.blobs import pack_blob, unpack_blob
from emoga_protocol.errors import ProtocolError
from emoga_protocol.quantise import pack_mask, unpack_mask

_STILL = 2e-6  # metres per unit: vertices that move less are left out of a component
_FINEST_STEP = 3e-5  # metres: where i8 steps would be coarser (error 15 micrometres), i16 is used


@dataclass(slots=True, kw_only=True)
class Rig:
    """A head with the identity of one avatar.

    template: (V, 3) metres; triangles: (F, 3); parents: (J,), -1 for the root; rest_joints: (J, 3) metres.
    joint_shifts: (E, J, 3) metres per unit of expression; skin_weights: (V, J).
    expression_basis: (E, V, 3) metres per unit.
    pose_correctives: (P, V, 3) metres per unit of the pose feature, P = 9 (J - 1), or P = 0.
    regions: (V,) index into region_names.
    expression_range: bounds of the blended expression, or None.
    """

    template: np.ndarray
    triangles: np.ndarray
    parents: np.ndarray
    rest_joints: np.ndarray
    joint_shifts: np.ndarray
    skin_weights: np.ndarray
    expression_basis: np.ndarray
    pose_correctives: np.ndarray
    regions: np.ndarray
    region_names: list[str] = field(default_factory=list)
    expression_range: tuple[float, float] | None = None
    hash: str = ""


def encode_head(rig: Rig) -> bytes:
    """The head blob. Raises ProtocolError for wrong shapes or values that are not finite."""
    vertices, joints = len(rig.template), len(rig.parents)
    expressions = len(rig.expression_basis)
    components = [*rig.expression_basis, *rig.pose_correctives]
    if len(components) not in (expressions, expressions + 9 * (joints - 1)):
        raise ProtocolError(f"head: {len(rig.pose_correctives)} pose correctives for {joints} joints")
    scales, wide, masks = [], [], []
    values: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for component in components:
        scale, is_wide, moves, steps = _quantise_component(component)
        scales.append(scale)
        wide.append(is_wide)
        masks.append(pack_mask(moves))
        values[is_wide].append(steps)
    values8 = np.concatenate([np.zeros((0, 3), np.int8), *values[0]])
    values16 = np.concatenate([np.zeros((0, 3), np.int16), *values[1]])
    mask_bytes = (vertices + 7) // 8
    return pack_blob(
        "head",
        {
            "V": vertices,
            "F": len(rig.triangles),
            "J": joints,
            "E": expressions,
            "C": len(components),
            "VB": mask_bytes,
            "M8": len(values8),
            "M16": len(values16),
        },
        {
            "template": rig.template,
            "triangles": rig.triangles,
            "parents": rig.parents,
            "rest_joints": rig.rest_joints,
            "joint_shifts": rig.joint_shifts,
            "skin_weights": quantise_skin_weights(rig.skin_weights),
            "regions": rig.regions,
            "component_scales": np.array(scales, np.float32),
            "component_wide": np.array(wide, np.uint8),
            "component_masks": np.array(masks, np.uint8).reshape(len(components), mask_bytes),
            "values8": values8,
            "values16": values16,
        },
        {
            "hash": rig.hash,
            "expression_range": None if rig.expression_range is None else list(rig.expression_range),
            "region_names": list(rig.region_names),
        },
    )


def decode_head(data: bytes | memoryview) -> Rig:
    """Inverse of `encode_head`, up to quantisation. Raises ProtocolError."""
    blob = unpack_blob(data, "head")
    sizes, arrays, header = blob.dimensions, blob.arrays, blob.header
    components, expressions, vertices = sizes["C"], sizes["E"], sizes["V"]
    if components not in (expressions, expressions + 9 * (sizes["J"] - 1)):
        raise ProtocolError(f"head blob: {components} components for {expressions} expressions")
    triangles = arrays["triangles"].astype(np.int64)
    if triangles.size and triangles.max() >= vertices:
        raise ProtocolError(f"head blob: a triangle names vertex {triangles.max()} of {vertices}")
    parents = arrays["parents"].astype(np.int64)
    if sizes["J"] and not (parents[0] == -1 and all(0 <= p < j for j, p in enumerate(parents) if j)):
        raise ProtocolError("head blob: parents do not form a tree rooted at joint 0")
    expression_range = header.get("expression_range")
    if expression_range is not None and len(expression_range) != 2:
        raise ProtocolError("head blob: expression_range must be two numbers")
    basis = _decode_components(arrays, components, vertices)
    return Rig(
        template=arrays["template"],
        triangles=triangles,
        parents=parents,
        rest_joints=arrays["rest_joints"],
        joint_shifts=arrays["joint_shifts"],
        skin_weights=arrays["skin_weights"].astype(np.float32) / np.float32(65535),
        expression_basis=basis[:expressions],
        pose_correctives=basis[expressions:],
        regions=arrays["regions"].astype(np.int64),
        region_names=header.get("region_names", []),
        expression_range=None if expression_range is None else (expression_range[0], expression_range[1]),
        hash=header["hash"],
    )


def quantise_skin_weights(weights: np.ndarray) -> np.ndarray:
    """Rows of (V, J) weights as integers that sum to exactly 65535: largest remainders are rounded up."""
    weights = np.maximum(np.asarray(weights, np.float64), 0)
    totals = weights.sum(axis=1, keepdims=True)
    if not (totals > 0).all():
        raise ProtocolError(f"head: vertex {int(np.argmin(totals))} has no skin weight")
    exact = weights / totals * 65535
    floor = np.floor(exact)
    missing = np.rint(65535 - floor.sum(axis=1)).astype(np.int64)
    order = np.argsort(floor - exact, axis=1, kind="stable")  # largest remainder first
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(weights.shape[1])[None, :].repeat(len(weights), 0), axis=1)
    return (floor + (rank < missing[:, None])).astype(np.uint16)


def _quantise_component(component: np.ndarray) -> tuple[float, int, np.ndarray, np.ndarray]:
    """Scale, 0 for i8 or 1 for i16, which vertices move (V,), their steps (M, 3)."""
    component = np.asarray(component, np.float64)
    moves = np.abs(component).max(axis=1) > _STILL
    moving = component[moves]
    largest = float(np.abs(moving).max()) if len(moving) else 0.0
    if not np.isfinite(largest):
        raise ProtocolError("head: an expression component is not finite")
    wide = int(largest / 127 > _FINEST_STEP)
    scale = float(np.float32(max(largest, 1e-12) / (32767 if wide else 127)))
    limit = 32767 if wide else 127
    steps = np.clip(np.rint(moving / scale), -limit, limit)
    return scale, wide, moves, steps.astype(np.int16 if wide else np.int8)


def _decode_components(arrays: dict[str, np.ndarray], components: int, vertices: int) -> np.ndarray:
    masks = unpack_mask(arrays["component_masks"], vertices, "head blob: component_masks")
    wide = arrays["component_wide"]
    counts = masks.sum(axis=1)
    if (wide > 1).any():
        raise ProtocolError("head blob: component_wide holds a value other than 0 and 1")
    for name, flag in (("values8", 0), ("values16", 1)):
        marked = int(counts[wide == flag].sum())
        if marked != len(arrays[name]):
            raise ProtocolError(
                f"head blob: masks mark {marked} rows of {name}, {len(arrays[name])} are there"
            )
    basis = np.zeros((components, vertices, 3), np.float32)
    starts = [0, 0]
    for c in range(components):
        flag = int(wide[c])
        values = arrays["values16" if flag else "values8"]
        rows = values[starts[flag] : starts[flag] + counts[c]]
        basis[c, masks[c]] = rows * arrays["component_scales"][c]
        starts[flag] += int(counts[c])
    return basis
