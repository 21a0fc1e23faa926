"""An avatar: a head of one person, Gaussians that ride on it, their colours, emotions and motions."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from emoga_core.avatars.appearance import EMBEDDING_SIZE, Appearance
from emoga_core.avatars.binding import Binding, TriangleFrames, bind, triangle_frames
from emoga_core.avatars.blending import active_states, blend_geometry, blend_latents
from emoga_core.avatars.errors import AvatarError
from emoga_core.avatars.motion import JAW, Motion, MotionFrame
from emoga_core.avatars.states import EmotionState
from emoga_core.heads import Head
from emoga_core.render import Gaussians


@dataclass
class LocalGaussians:
    """N Gaussians in the frames of their triangles; lengths in units of the triangle's size.

    Attributes:
        means: (N, 3); quaternions: (N, 4) wxyz, any length; log_scales: (N, 3); opacity_logits: (N,).
    """

    means: Tensor
    quaternions: Tensor
    log_scales: Tensor
    opacity_logits: Tensor

    def __len__(self) -> int:
        return self.means.shape[0]

    def __getitem__(self, index: Tensor) -> LocalGaussians:
        return LocalGaussians(
            self.means[index], self.quaternions[index], self.log_scales[index], self.opacity_logits[index]
        )


@dataclass
class Avatar:
    """A person's avatar. Its states and motions may be replaced freely; they share nothing.

    Attributes:
        name: what people call it.
        head: the parametric head it stands on.
        identity: (S,) coefficients.
        gaussians: N, local.
        binding: their triangles.
        appearance: their colours.
        mask: (N,) m in [0, 1]: how much emotions may recolour each Gaussian.
        vertex_offset: (V, 3) metres in the rest pose, or None.
        states, motions: by name.
        provenance: JSON object: how the avatar was made.
    """

    name: str
    head: Head
    identity: Tensor
    gaussians: LocalGaussians
    binding: Binding
    appearance: Appearance
    mask: Tensor
    vertex_offset: Tensor | None = None
    states: dict[str, EmotionState] = field(default_factory=dict)
    motions: dict[str, Motion] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raises AvatarError when the parts do not fit together."""
        if not isinstance(self.name, str) or not re.fullmatch(r"[^\x00-\x1f\x7f]{1,100}", self.name):
            raise AvatarError(f"avatar name {str(self.name)[:60]!r}: use 1 to 100 printable characters")
        count, head = len(self.gaussians), self.head
        expected = {
            "identity": (self.identity, (head.num_identities,)),
            "means": (self.gaussians.means, (count, 3)),
            "quaternions": (self.gaussians.quaternions, (count, 4)),
            "log_scales": (self.gaussians.log_scales, (count, 3)),
            "opacity_logits": (self.gaussians.opacity_logits, (count,)),
            "binding": (self.binding.triangles, (count,)),
            "mask": (self.mask, (count,)),
            "latents": (self.appearance.latents, (count, self.appearance.latent_size)),
        }
        if self.vertex_offset is not None:
            expected["vertex_offset"] = (self.vertex_offset, (head.num_vertices, 3))
        for what, (tensor, shape) in expected.items():
            if tuple(tensor.shape) != shape:
                raise AvatarError(
                    f"avatar {self.name}: {what} has shape {tuple(tensor.shape)}, expected {shape}"
                )
        if not count:
            raise AvatarError(f"avatar {self.name}: has no Gaussians")
        bound = self.binding.triangles
        if bound.dtype != torch.int64 or bound.min() < 0 or bound.max() >= head.num_triangles:
            raise AvatarError(
                f"avatar {self.name}: Gaussians must name triangles 0..{head.num_triangles - 1} in int64"
            )
        if not 0 <= float(self.mask.min()) <= float(self.mask.max()) <= 1:
            raise AvatarError(f"avatar {self.name}: its mask leaves [0, 1]")
        for key, state in self.states.items():
            self.check_state(state, key)
        for key, motion in self.motions.items():
            self.check_motion(motion, key)

    def check_state(self, state: EmotionState, name: str | None = None) -> None:
        """Raises AvatarError when `state` does not fit this avatar (or is filed under another name)."""
        fits = (
            state.expression.numel() == self.head.num_expressions
            and state.embedding.numel() == EMBEDDING_SIZE
            and state.latent_values.shape[1] == self.appearance.latent_size
            and (not len(state.latent_indices) or int(state.latent_indices[-1]) < len(self.gaussians))
            and name in (None, state.name)
        )
        if not fits:
            raise AvatarError(
                f"state {state.name!r} was made for another avatar than {self.name!r} "
                f"({len(self.gaussians)} Gaussians, {self.appearance.latent_size} latents, "
                f"{self.head.num_expressions} expressions); make it again with this one"
            )

    def check_motion(self, motion: Motion, name: str | None = None) -> None:
        """Raises AvatarError when `motion` was made for another head (or is filed under another name)."""
        if motion.expression.shape[1] != self.head.num_expressions or name not in (None, motion.name):
            raise AvatarError(
                f"motion {motion.name!r} has {motion.expression.shape[1]} expression coefficients, "
                f"avatar {self.name!r} needs {self.head.num_expressions}; use a motion made for its head"
            )

    @property
    def head_hash(self) -> str:
        """The hash of the head's geometry."""
        return self.head.hash

    def add_state(self, state: EmotionState) -> None:
        """Adds a state, or replaces the one of the same name."""
        self.check_state(state)
        self.states[state.name] = state

    def add_motion(self, motion: Motion) -> None:
        """Adds a motion, or replaces the one of the same name."""
        self.check_motion(motion)
        self.motions[motion.name] = motion

    def neutral_state(self, name: str) -> EmotionState:
        """A new state that changes nothing yet: where fitting an emotion starts (not added)."""
        rows = self.mask.gt(0).nonzero().squeeze(1)
        device = self.mask.device
        return EmotionState(
            name,
            embedding=self.appearance.neutral_embedding.detach().clone(),
            latent_indices=rows,
            latent_values=torch.zeros(
                len(rows), self.appearance.latent_size, dtype=torch.float16, device=device
            ),
            expression=torch.zeros(self.head.num_expressions, device=device),
            jaw=torch.zeros(3, device=device),
        )

    def blend(self, weights: Mapping[str, float]) -> tuple[Tensor, Tensor, Tensor]:
        """Mixes emotions: expression offset (E,), jaw offset (3,), spherical harmonics (N, K, 3).

        Weights are normalised first (`normalize_weights`); {} is neutral.

        Raises:
            AvatarError: a weight for a state that does not exist.
        """
        active = active_states(self.states, weights)
        expression, jaw = blend_geometry(active, self.head.num_expressions)
        return expression.to(self.mask.device), jaw.to(self.mask.device), self.blended_sh(weights)

    def blended_sh(self, weights: Mapping[str, float]) -> Tensor:
        """(N, K, 3) sh_i = f(z_i + m_i sum_k w_k dz_ik, e0 + m_i sum_k w_k (e_k - e0))."""
        active = active_states(self.states, weights)
        mixture = blend_latents(active, len(self.gaussians), self.appearance.neutral_embedding)
        if mixture is None:
            return self.appearance.sh()
        return self.appearance.sh(mixture.latent_offset, mixture.embedding, self.mask)

    def pose(self, frame: MotionFrame, weights: Mapping[str, float] | None = None) -> Tensor:
        """(V, 3) vertices of a moment with a mixture of emotions, metres.

        expression = motion + sum_k w_k psi_k, clamped where the head has a range; jaw rotations add up as
        axis-angle vectors.
        """
        expression, jaw = blend_geometry(active_states(self.states, weights or {}), self.head.num_expressions)
        device = self.identity.device
        joints = frame.joint_rotations.to(device).clone()
        joints[JAW] += jaw.to(device)
        expression = self.clamp_expression(frame.expression.to(device) + expression.to(device))
        return self.vertices(expression[None], joints[None], frame.translation.to(device)[None])[0]

    def clamp_expression(self, expression: Tensor) -> Tensor:
        """Limits coefficients (..., E) to the head's range; unchanged for heads without one (FLAME)."""
        return self.head.clamp_expression(expression)

    def vertices(self, expression: Tensor, joint_rotations: Tensor, translation: Tensor) -> Tensor:
        """(B, V, 3) this person's posed head: expression (B, E), joints (B, 5, 3), translation (B, 3).

        Differentiable; nothing is clamped.
        """
        return self.head.pose(
            self.identity[None], expression, joint_rotations, translation, offset=self.vertex_offset
        )

    def frames(self, vertices: Tensor) -> TriangleFrames:
        """The triangle frames of posed vertices ([B,] V, 3)."""
        return triangle_frames(vertices, self.head.triangles)

    def bound(self, vertices: Tensor, sh: Tensor) -> Gaussians:
        """World Gaussians on posed vertices (V, 3) with colours `sh` (N, K, 3)."""
        means, quaternions, scales = bind(self.gaussians, self.binding.triangles, self.frames(vertices))
        return Gaussians(means, quaternions, scales.log(), self.gaussians.opacity_logits, sh)

    def splats(self, frame: MotionFrame, weights: Mapping[str, float] | None = None) -> Gaussians:
        """World Gaussians of a moment with a mixture of emotions: what a renderer draws."""
        weights = weights or {}
        return self.bound(self.pose(frame, weights), self.blended_sh(weights))

    def to(self, device: torch.device | str) -> Avatar:
        """The same avatar on another device; motions, which are read frame by frame, stay where they are."""
        offset = self.vertex_offset
        return dataclasses.replace(
            self,
            head=self.head.to(device),
            identity=self.identity.to(device),
            gaussians=LocalGaussians(
                **{key: value.to(device) for key, value in vars(self.gaussians).items()}
            ),
            binding=Binding(self.binding.triangles.to(device)),
            appearance=copy.deepcopy(self.appearance).to(device),
            mask=self.mask.to(device),
            vertex_offset=None if offset is None else offset.to(device),
            states={name: state.to(device) for name, state in self.states.items()},
        )

    def rest_frame(self) -> MotionFrame:
        """The rest pose."""
        return MotionFrame.rest(self.head.num_expressions)
