"""A parametric head: shape, expression and pose to vertices."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from emoga_core.errors import EmogaError
from emoga_core.heads.skinning import joint_transforms, pose_feature, require_shape, rotation_matrices, skin

JOINT_NAMES = ("root", "neck", "jaw", "left_eye", "right_eye")
PARENTS = (-1, 0, 1, 1, 1)
_HASHED = (
    "template", "triangles", "identity_basis", "expression_basis", "joint_regressor", "skin_weights",
    "pose_correctives",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Head:
    """A head model in metres, Y up, +Z out of the face. V vertices, F triangles, J = 5 joints.

    The joints are root, neck, jaw, left eye, right eye; rotations are axis-angle in that order.
    """

    name: str
    version: str
    licence: str
    credit: str
    redistributable: bool
    template: Tensor  # (V,3) float32
    triangles: Tensor  # (F,3) int64
    uv: Tensor  # (T,2) float32, v upwards; (0,2) when the head has none
    uv_triangles: Tensor  # (F,3) int64 into uv; (0,3) when the head has none
    identity_basis: Tensor  # (V,3,S) metres per standard deviation
    expression_basis: Tensor  # (V,3,E) metres per unit
    joint_regressor: Tensor  # (J,V)
    skin_weights: Tensor  # (V,J)
    parents: tuple[int, ...]
    pose_correctives: Tensor | None  # (V,3,9(J-1)) or None
    regions: Tensor  # (V,) int64 into region_names; (0,) when unlabelled
    region_names: tuple[str, ...]
    landmark_triangles: Tensor  # (68,) int64, iBUG order; (0,) when unknown
    landmark_barycentric: Tensor  # (68,3) float32
    expression_names: tuple[str, ...] | None  # ARKit names, or None for statistical bases
    expression_range: tuple[float, float] | None  # clamp of every coefficient, or None

    def __post_init__(self) -> None:
        v, joints = len(self.template), len(self.parents)
        require_shape("template", self.template, None, 3)
        require_shape("triangles", self.triangles, None, 3)
        require_shape("identity_basis", self.identity_basis, v, 3, None)
        require_shape("expression_basis", self.expression_basis, v, 3, None)
        require_shape("joint_regressor", self.joint_regressor, joints, v)
        require_shape("skin_weights", self.skin_weights, v, joints)
        if self.pose_correctives is not None:
            require_shape("pose_correctives", self.pose_correctives, v, 3, 9 * (joints - 1))
        if len(self.triangles) and not (int(self.triangles.min()) >= 0 and int(self.triangles.max()) < v):
            raise EmogaError(f"head {self.name}: triangles name vertices outside 0..{v - 1}")
        if self.expression_names is not None and len(self.expression_names) != self.num_expressions:
            raise EmogaError(
                f"head {self.name}: {len(self.expression_names)} names for {self.num_expressions} expressions"
            )

    @property
    def num_vertices(self) -> int:
        """V."""
        return self.template.shape[0]

    @property
    def num_triangles(self) -> int:
        """F."""
        return self.triangles.shape[0]

    @property
    def num_identities(self) -> int:
        """S, identity coefficients."""
        return self.identity_basis.shape[2]

    @property
    def num_expressions(self) -> int:
        """E, expression coefficients."""
        return self.expression_basis.shape[2]

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) over all arrays that decide geometry; equal hashes, equal meaning."""
        digest = hashlib.sha256()
        for field in _HASHED:
            tensor = getattr(self, field)
            if tensor is None:
                continue
            array = tensor.detach().cpu().contiguous().numpy()
            digest.update(f"{field} {array.dtype.str} {array.shape};".encode())
            digest.update(array.tobytes())
        return digest.hexdigest()

    def to(self, target: torch.device | str | torch.dtype) -> Head:
        """The same head with its tensors on a device, or with another floating-point type."""
        changed = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Tensor) and (
                not isinstance(target, torch.dtype) or value.is_floating_point()
            ):
                changed[field.name] = value.to(target)
        return dataclasses.replace(self, **changed)

    @cached_property
    def _flat_basis(self) -> Tensor:
        """(S+E, 3V): identity and expression in one matrix product."""
        both = torch.cat([self.identity_basis, self.expression_basis], 2)
        return both.flatten(0, 1).T.contiguous()

    @cached_property
    def _flat_correctives(self) -> Tensor | None:
        if self.pose_correctives is None:
            return None
        return self.pose_correctives.flatten(0, 1).T.contiguous()

    def rest(
        self, identity: Tensor, expression: Tensor, offset: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Shaped vertices and joints before posing: T + B_S identity + B_E expression + offset (FLAME eq. 3).

        Args:
            identity: (B,S) or (1,S), standard deviations.
            expression: (B,E) or (1,E); values outside `expression_range` are not clamped here.
            offset: (V,3) or (B,V,3) metres, added in rest pose.
        Returns:
            vertices (B,V,3) and joints (B,J,3), both differentiable. Joints come from the shaped vertices.
        """
        require_shape("identity", identity, None, self.num_identities)
        require_shape("expression", expression, None, self.num_expressions)
        batch = _batch({"identity": identity, "expression": expression})
        coefficients = torch.cat([identity.expand(batch, -1), expression.expand(batch, -1)], 1)
        shaped = self.template + (coefficients @ self._flat_basis).unflatten(1, (-1, 3))
        if offset is not None:
            require_shape("offset", offset, *([None] * (offset.ndim - 2)), self.num_vertices, 3)
            shaped = shaped + offset
        return shaped, self.joint_regressor @ shaped

    def pose(
        self,
        identity: Tensor,
        expression: Tensor,
        joint_rotations: Tensor,
        translation: Tensor,
        offset: Tensor | None = None,
    ) -> Tensor:
        """Posed vertices (B,V,3) in metres (FLAME eq. 1): rest shape, pose correctives, skinning,
        translation.

        Args:
            identity: (B,S) or (1,S).
            expression: (B,E) or (1,E).
            joint_rotations: (B,J,3) axis-angle, radians: root, neck, jaw, left eye, right eye.
            translation: (B,3) or (1,3) metres.
            offset: (V,3) or (B,V,3) metres in rest pose, or None.
        Raises:
            EmogaError: shapes that do not fit this head, or different batch sizes.
        """
        require_shape("joint_rotations", joint_rotations, None, len(self.parents), 3)
        require_shape("translation", translation, None, 3)
        batch = _batch({
            "identity": identity, "expression": expression, "joint_rotations": joint_rotations,
            "translation": translation,
        })  # fmt: skip
        shaped, joints = self.rest(identity, expression, offset)
        rotations = rotation_matrices(joint_rotations)
        if self._flat_correctives is not None:
            shaped = shaped + (pose_feature(rotations) @ self._flat_correctives).unflatten(1, (-1, 3))
        joints = joints.expand(batch, -1, -1)
        world, offsets = joint_transforms(rotations.expand(batch, -1, -1, -1), joints, self.parents)
        return skin(shaped.expand(batch, -1, -1), self.skin_weights, world, offsets) + translation[:, None]

    def clamp_expression(self, expression: Tensor) -> Tensor:
        """`expression` limited to `expression_range`; unchanged for heads without one."""
        return expression if self.expression_range is None else expression.clamp(*self.expression_range)


def _batch(tensors: dict[str, Tensor]) -> int:
    sizes = {name: len(t) for name, t in tensors.items() if len(t) != 1}
    if len(set(sizes.values())) > 1:
        raise EmogaError(f"batch sizes differ: {', '.join(f'{n} {s}' for n, s in sizes.items())}")
    return next(iter(sizes.values()), 1)
