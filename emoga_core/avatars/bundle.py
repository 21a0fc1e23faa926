"""The `.emoga` bundle: an avatar as a folder on disk.

    NAME.emoga/
      avatar.json              header: format version, head, counts, states, motions, hashes of the files
      avatar.safetensors       neutral: local Gaussians, triangles, mask, identity, latents (f16), network
      states/NAME.safetensors  one emotion each
      states/history/          earlier versions of them, NAME.VERSION.safetensors
      motions/NAME.npz         fps, expression, joint_rotations, translation
      baked/                   wire buffers, opaque here
      preview.png

Every save replaces the folder in one step: a crash leaves the old avatar or the new one.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from emoga_core.avatars.appearance import EMBEDDING_SIZE, Appearance, ColorMLP, DirectSH
from emoga_core.avatars.avatar import Avatar, LocalGaussians
from emoga_core.avatars.binding import Binding
from emoga_core.avatars.bundle_edit import Rebake, put_file, read_bundle, write_bundle
from emoga_core.avatars.bundle_files import BundleError, bundle_lock
from emoga_core.avatars.errors import AvatarError
from emoga_core.avatars.header import TENSORS, Counts, Header, HeadInfo, MotionInfo, StateInfo, read_header
from emoga_core.avatars.motion import Motion
from emoga_core.avatars.states import EmotionState
from emoga_core.heads import Head, bundled_head
from emoga_core.npz import pack_npz, unpack_npz

_NETWORK = ("weight_latent", "weight_embedding", "bias", "weight_out", "bias_out")
_Shapes = dict[str, tuple[torch.dtype, tuple[int, ...]]]


def save_avatar(avatar: Avatar, path: str | os.PathLike[str], preview: bytes | None = None) -> None:
    """Writes the whole avatar, replacing what is at `path` in one step.

    Latents are stored as float16. Baked wire buffers and the preview already there stay while they still
    belong to the content. States and motions that exist only on disk are lost: to add one to a bundle that
    others may be changing, use `save_state` or `save_motion`.

    Args:
        preview: a PNG's bytes.

    Raises:
        AvatarError: parts that do not fit together, or numbers that are not finite.
        BundleError: `path` is something else than an avatar, or cannot be written (the old one is whole).
    """
    avatar.check()
    head, look = avatar.head, avatar.appearance
    tensors = _avatar_tensors(avatar)
    data = {TENSORS: _encode(tensors, f"avatar {avatar.name}")}
    states, motions = [], []
    for state in avatar.states.values():
        info, content = _encode_state(state)
        states.append(info)
        data[info.file] = content
    for motion in avatar.motions.values():
        info, content = _encode_motion(motion)
        motions.append(info)
        data[info.file] = content
    header = Header(
        name=avatar.name,
        head=HeadInfo(head.name, head.version, head.hash, head.licence, head.credit, head.redistributable),
        counts=Counts(
            gaussians=len(avatar.gaussians),
            latents=look.latent_size,
            hidden=len(look.bias) if isinstance(look, ColorMLP) else 0,
            identities=head.num_identities,
            expressions=head.num_expressions,
            vertices=head.num_vertices,
            triangles=head.num_triangles,
        ),
        appearance=look.kind,
        sh_degree=look.sh_degree,
        has_vertex_offset=avatar.vertex_offset is not None,
        states=tuple(states),
        motions=tuple(motions),
        provenance=avatar.provenance,
        files={},
    )
    with bundle_lock(path):
        write_bundle(path, header, data, preview=preview)


def save_state(path: str | os.PathLike[str], state: EmotionState, rebake: Rebake | None = None) -> None:
    """Adds or replaces one emotion in the bundle on disk; every other file stays as it is.

    What it replaces is kept: see `revert_state`.

    Args:
        rebake: see `edit_bundle`.

    Raises:
        AvatarError: the state was made for another avatar.
        BundleError: the bundle cannot be read or written; then nothing has changed.
    """
    counts = read_header(path).counts
    fits = (
        state.expression.numel() == counts.expressions
        and state.latent_values.shape[1] == counts.latents
        and (not len(state.latent_indices) or int(state.latent_indices[-1]) < counts.gaussians)
    )
    if not fits:
        raise AvatarError(
            f"{path}: state {state.name!r} was made for another avatar; make it again with this one"
        )
    put_file(path, *_encode_state(state), rebake=rebake)


def save_motion(path: str | os.PathLike[str], motion: Motion) -> None:
    """Adds or replaces one motion in the bundle on disk; every other file stays as it is.

    Raises:
        AvatarError: the motion was made for another head.
        BundleError: the bundle cannot be read or written; then nothing has changed.
    """
    expressions = read_header(path).counts.expressions
    if motion.expression.shape[1] != expressions:
        raise AvatarError(
            f"{path}: motion {motion.name!r} has {motion.expression.shape[1]} expression coefficients, "
            f"the avatar's head {expressions}; use a motion made for its head"
        )
    put_file(path, *_encode_motion(motion))


def load_avatar(path: str | os.PathLike[str], head: Head | None = None) -> Avatar:
    """Reads an avatar.

    Args:
        head: the head it was built on; not needed for the bundled one.

    Raises:
        BundleError: no avatar, damaged, of a newer format, or built on another head.
    """
    header, data = read_bundle(path)
    head = _require_head(header, head, path)
    counts = header.counts
    sizes = (head.num_identities, head.num_expressions, head.num_vertices, head.num_triangles)
    if sizes != (counts.identities, counts.expressions, counts.vertices, counts.triangles):
        raise BundleError(f"{path}: damaged: its counts are not its head's; restore the avatar from a copy")
    where = os.fspath(path)
    tensors = _decode(data[TENSORS], _avatar_shapes(header), f"{where}/{TENSORS}")
    try:
        return Avatar(
            name=header.name,
            head=head,
            identity=tensors["identity"],
            gaussians=LocalGaussians(
                *(tensors[key] for key in ("means", "quaternions", "log_scales", "opacity_logits"))
            ),
            binding=Binding(tensors["triangles"].long()),
            appearance=_appearance(header, tensors),
            mask=tensors["mask"],
            vertex_offset=tensors.get("vertex_offset"),
            states={s.name: _decode_state(s, data[s.file], counts, where) for s in header.states},
            motions={m.name: _decode_motion(m, data[m.file], where) for m in header.motions},
            provenance=header.provenance,
        )
    except BundleError:
        raise
    except AvatarError as error:
        raise BundleError(f"{path}: damaged: {error}; restore the avatar from a copy") from None


def _require_head(header: Header, head: Head | None, path: str | os.PathLike[str]) -> Head:
    info = header.head
    needed = f"{path}: built on the head {info.name!r} {info.version} ({info.hash[:12]})"
    if head is None:
        head = bundled_head()
        if head.hash != info.hash:
            raise BundleError(
                f"{needed}, which is not the bundled one ({head.hash[:12]}); name its file with "
                "--head (before serving: `emoga bake AVATAR --head FILE`)"
            )
    if head.hash != info.hash:
        raise BundleError(
            f"{needed}, but the head given is {head.name!r} {head.version} ({head.hash[:12]}); "
            "coefficients do not carry over, so give the head it was built on"
        )
    return head


def _avatar_tensors(avatar: Avatar) -> dict[str, Tensor]:
    local, look = avatar.gaussians, avatar.appearance
    tensors = {
        "means": local.means,
        "quaternions": local.quaternions,
        "log_scales": local.log_scales,
        "opacity_logits": local.opacity_logits,
        "triangles": avatar.binding.triangles.int(),
        "mask": avatar.mask,
        "identity": avatar.identity,
        "latents": look.latents.half(),
        "neutral_embedding": look.neutral_embedding,
    }
    if isinstance(look, ColorMLP):
        tensors |= {key: getattr(look, key) for key in _NETWORK}
    if avatar.vertex_offset is not None:
        tensors["vertex_offset"] = avatar.vertex_offset
    return {k: t.float() if t.dtype in (torch.float64, torch.bfloat16) else t for k, t in tensors.items()}


def _avatar_shapes(header: Header) -> _Shapes:
    c, real, half = header.counts, torch.float32, torch.float16
    n, channels = c.gaussians, 3 * (header.sh_degree + 1) ** 2
    shapes: _Shapes = {
        "means": (real, (n, 3)),
        "quaternions": (real, (n, 4)),
        "log_scales": (real, (n, 3)),
        "opacity_logits": (real, (n,)),
        "triangles": (torch.int32, (n,)),
        "mask": (real, (n,)),
        "identity": (real, (c.identities,)),
        "latents": (half, (n, c.latents if header.appearance == "mlp" else channels)),
        "neutral_embedding": (real, (EMBEDDING_SIZE,)),
    }
    if header.appearance == "mlp":
        shapes |= {
            "weight_latent": (real, (c.hidden, c.latents)),
            "weight_embedding": (real, (c.hidden, EMBEDDING_SIZE)),
            "bias": (real, (c.hidden,)),
            "weight_out": (real, (channels, c.hidden)),
            "bias_out": (real, (channels,)),
        }
    if header.has_vertex_offset:
        shapes["vertex_offset"] = (real, (c.vertices, 3))
    return shapes


def _appearance(header: Header, tensors: Mapping[str, Tensor]) -> Appearance:
    n, counts = header.counts.gaussians, header.counts
    if header.appearance == "sh":
        return DirectSH.from_coefficients(tensors["latents"].float().view(n, -1, 3))
    model = ColorMLP(n, counts.latents, header.sh_degree, counts.hidden)
    with torch.no_grad():
        model.z.copy_(tensors["latents"])
        for key in ("neutral_embedding", *_NETWORK):
            getattr(model, key).copy_(tensors[key])
    return model


def _encode_state(state: EmotionState) -> tuple[StateInfo, bytes]:
    tensors = {
        "embedding": state.embedding.float(),
        "latent_indices": state.latent_indices.int(),
        "latent_values": state.latent_values,
        "expression": state.expression.float(),
        "jaw": state.jaw.float(),
    }
    info = StateInfo(
        state.name, float(state.valence), float(state.arousal), len(state.latent_indices), state.provenance
    )
    return info, _encode(tensors, f"state {state.name}")


def _decode_state(info: StateInfo, data: bytes, counts: Counts, where: str) -> EmotionState:
    shapes: _Shapes = {
        "embedding": (torch.float32, (EMBEDDING_SIZE,)),
        "latent_indices": (torch.int32, (info.changed,)),
        "latent_values": (torch.float16, (info.changed, counts.latents)),
        "expression": (torch.float32, (counts.expressions,)),
        "jaw": (torch.float32, (3,)),
    }
    tensors = _decode(data, shapes, f"{where}/{info.file}")
    tensors["latent_indices"] = tensors["latent_indices"].long()
    return EmotionState(
        info.name, **tensors, valence=info.valence, arousal=info.arousal, provenance=info.provenance
    )


def _encode_motion(motion: Motion) -> tuple[MotionInfo, bytes]:
    arrays = {
        key: getattr(motion, key).detach().cpu().float().numpy()
        for key in ("expression", "joint_rotations", "translation")
    }
    return MotionInfo(motion.name, float(motion.fps), len(motion)), pack_npz(
        {"fps": np.array(float(motion.fps)), **arrays}
    )


def _decode_motion(info: MotionInfo, data: bytes, where: str) -> Motion:
    try:
        arrays = unpack_npz(io.BytesIO(data), ("expression", "joint_rotations", "translation"))
    except ValueError as error:
        raise BundleError(f"{where}/{info.file}: {error}; restore the avatar from a copy") from None
    if (
        any(array.dtype != np.float32 for array in arrays.values())
        or len(arrays["expression"]) != info.frames
    ):
        raise BundleError(
            f"{where}/{info.file}: not the motion of the header; restore the avatar from a copy"
        )
    return Motion(info.name, info.fps, **{key: torch.from_numpy(array) for key, array in arrays.items()})


def _encode(tensors: Mapping[str, Tensor], what: str) -> bytes:
    ready = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
    for key, tensor in ready.items():
        if not bool(tensor.isfinite().all()):
            raise AvatarError(f"{what}: {key} holds numbers that are not finite, or too large for its type")
    return save(ready)


def _decode(data: bytes, shapes: _Shapes, file: str) -> dict[str, Tensor]:
    """Exactly the tensors in `shapes`, finite."""
    remedy = "restore the avatar from a copy"
    try:
        tensors: dict[str, Any] = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError, OverflowError) as error:
        raise BundleError(f"{file}: damaged ({error}); {remedy}") from None
    if set(tensors) != set(shapes):
        raise BundleError(
            f"{file}: holds {', '.join(sorted(set(tensors) ^ set(shapes)))} too much or too little; {remedy}"
        )
    for key, (dtype, shape) in shapes.items():
        tensor = tensors[key]
        if tensor.dtype != dtype or tuple(tensor.shape) != shape:
            raise BundleError(
                f"{file}: {key} is {tensor.dtype} {tuple(tensor.shape)}, "
                f"but the header says {dtype} {shape}; {remedy}"
            )
        if not bool(tensor.isfinite().all()):
            raise BundleError(f"{file}: {key} holds numbers that are not finite; {remedy}")
    return tensors
