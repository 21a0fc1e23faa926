"""The meaning of the wire in plain numpy: decoded buffers, a frame and weights in, world-space splats out.

Slow and short on purpose: every client is tested against it. All in avatar space (metres, right-handed,
Y up, +Z out of the face), quaternions wxyz.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoga_protocol.deltas import Delta
from emoga_protocol.errors import ProtocolError
from emoga_protocol.frames import Frame
from emoga_protocol.heads import Rig
from emoga_protocol.mixing import blend_expression, normalize_weights
from emoga_protocol.splats import SplatTable

JAW = 2


@dataclass(slots=True, kw_only=True)
class WorldSplats:
    """Gaussians in avatar space: means (N, 3) m, quaternions (N, 4) wxyz unit, scales (N, 3) m, opacities
    (N,), sh (N, K, 3)."""

    means: np.ndarray
    quaternions: np.ndarray
    scales: np.ndarray
    opacities: np.ndarray
    sh: np.ndarray


@dataclass(slots=True, kw_only=True)
class Pose:
    """What a frame and the states come to: expression (E,), joints (5, 3) axis-angle, translation (3,),
    weights (K,) after normalisation."""

    expression: np.ndarray
    joints: np.ndarray
    translation: np.ndarray
    weights: np.ndarray


def blend_pose(frame: Frame, deltas: Sequence[Delta | None], rig: Rig) -> Pose:
    """Adds the states' expression and jaw to the motion's; a state whose blob is not here yet counts as 0."""
    count = len(frame.weights)
    if len(deltas) != count:
        raise ProtocolError(f"{len(deltas)} deltas for {count} weights")
    known = np.array([delta is not None for delta in deltas], bool)
    weights = normalize_weights(np.where(known, frame.weights, 0.0))
    offsets = np.zeros((count, len(frame.expression)))
    joints = np.array(frame.joints, np.float64).reshape(-1, 3)
    for k, delta in enumerate(deltas):
        if delta is not None:
            offsets[k] = delta.expression
            joints[JAW] += weights[k] * delta.jaw
    expression = blend_expression(frame.expression, weights, offsets, rig.expression_range)
    return Pose(expression=expression, joints=joints, translation=frame.translation, weights=weights)


def blend_sh(table: SplatTable, deltas: Sequence[Delta | None], weights: np.ndarray) -> np.ndarray:
    """SH0 + sum_k w_k D_k: (N, K, 3)."""
    sh = table.sh.astype(np.float64)
    for weight, delta in zip(weights, deltas, strict=True):
        if delta is not None and weight > 0:
            sh = sh + weight * delta.sh
    return sh


def rotation_matrices(axis_angle: np.ndarray) -> np.ndarray:
    """Rodrigues' formula: (J, 3) -> (J, 3, 3)."""
    angle = np.linalg.norm(axis_angle, axis=1)[:, None, None]
    axis = axis_angle / np.maximum(angle[:, 0], 1e-12)
    x, y, z = axis.T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def skin(rig: Rig, expression: np.ndarray, joints: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """Vertices (V, 3) by linear blend skinning.

    Expression moves vertices and rest joints; joint j turns about its rest position, the root too; pose
    correctives are weighted by the entries of R_1 - I .. R_(J-1) - I, row by row; translation comes last.
    """
    rotations = rotation_matrices(joints)
    shaped = rig.template + np.tensordot(expression, rig.expression_basis.astype(np.float64), 1)
    rest = rig.rest_joints + np.tensordot(expression, rig.joint_shifts.astype(np.float64), 1)
    if len(rig.pose_correctives):
        feature = (rotations[1:] - np.eye(3)).reshape(-1)
        shaped = shaped + np.tensordot(feature, rig.pose_correctives.astype(np.float64), 1)
    world, offsets = [], []
    for j, parent in enumerate(rig.parents):
        local = rest[j] - rotations[j] @ rest[j]  # turning about the joint = rotation, then this shift
        if parent < 0:
            world.append(rotations[j])
            offsets.append(local)
        else:
            world.append(world[parent] @ rotations[j])
            offsets.append(world[parent] @ local + offsets[parent])
    matrices = np.tensordot(rig.skin_weights.astype(np.float64), np.array(world), 1)
    shifts = rig.skin_weights.astype(np.float64) @ np.array(offsets)
    return np.einsum("vij,vj->vi", matrices, shaped) + shifts + translation


def triangle_frames(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres (F, 3), rotations (F, 3, 3) with columns edge, normal, edge x normal, scales (F,).

    Qian et al. 2024, GaussianAvatars; the scale is the mean of base and height. Every squared length is
    bounded below by 1e-20, so degenerate triangles stay finite.
    """
    v0, v1, v2 = (vertices[triangles[:, i]] for i in range(3))

    def normalize(v: np.ndarray) -> np.ndarray:
        return v / np.sqrt(np.maximum((v * v).sum(axis=1, keepdims=True), 1e-20))

    edge = normalize(v1 - v0)
    normal = normalize(np.cross(edge, v2 - v0))
    third = np.cross(edge, normal)
    base = np.sqrt(np.maximum(((v1 - v0) ** 2).sum(axis=1), 1e-20))
    height = np.abs((third * (v2 - v0)).sum(axis=1))
    return (v0 + v1 + v2) / 3, np.stack([edge, normal, third], axis=2), (base + height) / 2


def quaternions_from_matrices(matrices: np.ndarray) -> np.ndarray:
    """(F, 3, 3) rotations -> (F, 4) wxyz: the column of the largest of the four candidates."""
    m = matrices
    trace = m[:, 0, 0] + m[:, 1, 1] + m[:, 2, 2]
    squares = np.stack([trace, m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]], axis=1)
    symmetric = np.empty((len(m), 4, 4))
    symmetric[:, 0, 0] = 1 + trace
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        symmetric[:, 0, i + 1] = symmetric[:, i + 1, 0] = m[:, k, j] - m[:, j, k]
        symmetric[:, i + 1, i + 1] = 1 + 2 * m[:, i, i] - trace
        symmetric[:, i + 1, j + 1] = symmetric[:, j + 1, i + 1] = m[:, i, j] + m[:, j, i]
    q = symmetric[np.arange(len(m)), squares.argmax(axis=1)]
    return q / np.linalg.norm(q, axis=1, keepdims=True)


def multiply_quaternions(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton product of (N, 4) wxyz quaternions: first b, then a."""
    aw, ax, ay, az = a.T
    bw, bx, by, bz = b.T
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=1,
    )


def world_splats(rig: Rig, table: SplatTable, deltas: Sequence[Delta | None], frame: Frame) -> WorldSplats:
    """Everything a client computes for a frame, short of sorting and drawing.

    Args:
        deltas: one for each state slot; None where a client does not have the blob.

    Raises:
        ProtocolError: the buffers do not belong together.
    """
    if table.triangle_count != len(rig.triangles):
        raise ProtocolError(f"splats on {table.triangle_count} triangles, the head has {len(rig.triangles)}")
    if len(frame.expression) != len(rig.expression_basis):
        raise ProtocolError(f"{len(frame.expression)} expressions; the head has {len(rig.expression_basis)}")
    for delta in deltas:
        if delta is not None and delta.sh.shape != table.sh.shape:
            raise ProtocolError(f"delta for splats {delta.sh.shape}, the avatar has {table.sh.shape}")
    pose = blend_pose(frame, deltas, rig)
    vertices = skin(rig, pose.expression, pose.joints, pose.translation)
    centers, rotations, scales = triangle_frames(vertices, rig.triangles)
    parent = table.triangles
    offsets = np.einsum("nij,nj->ni", rotations[parent], table.positions.astype(np.float64))
    face_quaternions = quaternions_from_matrices(rotations)
    return WorldSplats(
        means=scales[parent, None] * offsets + centers[parent],
        quaternions=multiply_quaternions(face_quaternions[parent], table.quaternions.astype(np.float64)),
        scales=scales[parent, None] * np.exp(table.log_scales.astype(np.float64)),
        opacities=table.opacities.astype(np.float64),
        sh=blend_sh(table, deltas, pose.weights),
    )
