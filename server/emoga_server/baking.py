"""Baking: an avatar's tensors to the wire buffers that clients fetch, kept in the bundle's `baked/`.

`baked/` holds one file a blob, named by the sha256 of its bytes, and `index.json`: the avatar's part of the
manifest (AvatarInfo) and the `source` it was made from. Importing this module loads no tensors; baking does.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emoga_core.avatars.header import forget_past
from emoga_protocol.blobs import blob_ref
from emoga_protocol.codec import struct_to_map
from emoga_protocol.deltas import Delta, encode_delta
from emoga_protocol.frames import make_layout
from emoga_protocol.heads import Rig, encode_head
from emoga_protocol.messages import (
    FRAME_RANGES,
    AvatarInfo,
    BlobRef,
    Counts,
    FrameLayout,
    HeadInfo,
    MotionInfo,
    StateInfo,
)
from emoga_protocol.sh import reduce_degree, viewing_directions
from emoga_protocol.splats import SplatTable, encode_splats

if TYPE_CHECKING:
    from torch import Tensor

    from emoga_core.avatars import Avatar, EmotionState
    from emoga_core.heads import Head

BAKE_VERSION = 1
"""Goes up when the same avatar would bake to other bytes."""
INDEX = "index.json"
_SH_COEFFICIENTS = 4  # degree 1
_MARGIN = 1.25  # of a frame's range over the largest value of the avatar's motions

Progress = Callable[[str, float], None]


@dataclass
class BakedAvatar:
    """An avatar as clients get it: what the manifest says of it, and its blobs by sha256."""

    info: AvatarInfo
    blobs: dict[str, bytes]


def source_fingerprint(bundle: Path) -> str:
    """Hash of what a bundle's header says of its content, and of the baker's version.

    The header holds the hashes of all the other files; where the avatar comes from does not count, nor do
    earlier versions of its states.

    Raises:
        OSError, ValueError: the header cannot be read.
    """
    return fingerprint((bundle / "avatar.json").read_bytes())


def fingerprint(header_json: bytes) -> str:
    """`source_fingerprint`, given the bytes of `avatar.json`. Raises ValueError."""
    header = json.loads(header_json)
    header.pop("provenance", None)
    forget_past(header)
    content = json.dumps(header, sort_keys=True)
    return hashlib.sha256(f"bake {BAKE_VERSION} {content}".encode()).hexdigest()


def origin(provenance: dict[str, Any]) -> tuple[str, str]:
    """Prompt and editor that a state was made with; empty where it was made in another way."""
    prompt, editor = (provenance.get(key) for key in ("prompt", "editor"))
    return prompt if isinstance(prompt, str) else "", editor if isinstance(editor, str) else ""


def is_current(bundle: Path) -> bool:
    """Whether `baked/` belongs to the bundle as it is now and all its blobs are there. Loads no tensors."""
    try:
        index = json.loads((bundle / "baked" / INDEX).read_text(encoding="utf-8"))
        blobs = [index["head_blob"], index["splats_blob"], *(state["blob"] for state in index["states"])]
        complete = all((bundle / "baked" / blob["sha256"]).stat().st_size == blob["size"] for blob in blobs)
        return complete and index["source"] == source_fingerprint(bundle)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def bake_bundle(path: str | Path, progress: Progress | None = None, head: Head | None = None) -> None:
    """Writes `baked/` of the bundle at `path`; leaves it alone where it is up to date.

    Blobs are written before the index that names them, each in one step, so that a reader or a crash never
    meets an index without its blobs. Blobs that the new index does not name are removed last.

    Args:
        progress: called with a stage in words and the fraction done.
        head: the head that the avatar was built on; not needed for the bundled one.

    Raises:
        EmogaError: the bundle cannot be read, or `baked/` cannot be written.
    """
    from emoga_core.avatars import load_avatar
    from emoga_core.avatars.bundle_files import bundle_lock
    from emoga_core.errors import EmogaError

    bundle = Path(path)
    report = progress or (lambda stage, done: None)
    try:
        while not is_current(bundle):
            report("reading the avatar", 0.0)
            source = source_fingerprint(bundle) if (bundle / "avatar.json").is_file() else ""
            avatar = load_avatar(bundle, head)
            baked = bake_avatar(avatar, lambda stage, done: report(stage, 0.2 + 0.7 * done))
            report("writing", 0.9)
            with bundle_lock(bundle):
                if source_fingerprint(bundle) == source:  # else somebody changed the bundle: once more
                    _write(bundle / "baked", baked, source)
    except OSError as error:
        folder, reason = bundle / "baked", error.strerror or error
        raise EmogaError(f"{folder}: cannot be written ({reason}); free space or check permissions") from None
    report("done", 1.0)


def _write(folder: Path, baked: BakedAvatar, source: str) -> None:
    from emoga_core.files import write_atomic

    index = struct_to_map(baked.info) | {"source": source}
    folder.mkdir(exist_ok=True)
    for name, data in baked.blobs.items():
        write_atomic(folder / name, data)
    write_atomic(folder / INDEX, json.dumps(index, indent=1, allow_nan=False).encode())
    for old in folder.iterdir():
        if old.name != INDEX and old.name not in baked.blobs:
            old.unlink()


def bake_avatar(avatar: Avatar, progress: Progress | None = None) -> BakedAvatar:
    """Encodes an avatar. Its slot in the manifest is 0; state slots follow the order of `avatar.states`.

    Raises:
        EmogaError: the avatar holds values that cannot be sent.
    """
    import torch

    from emoga_core.errors import EmogaError
    from emoga_protocol.errors import ProtocolError

    report = progress or (lambda stage, done: None)
    blobs: dict[str, bytes] = {}

    def keep(kind: str, data: bytes) -> BlobRef:
        ref = blob_ref(kind, data)
        blobs[ref.sha256] = data
        return ref

    try:
        with torch.inference_mode():
            report("encoding the head", 0.0)
            head_blob = keep("head", encode_head(_rig(avatar)))
            report("encoding the splats", 0.2)
            table = splat_table(avatar)
            splats_blob = keep("splats", encode_splats(table))
            states = []
            for slot, (name, state) in enumerate(avatar.states.items()):
                report(f"encoding {name}", 0.4 + 0.6 * slot / len(avatar.states))
                blob = keep("delta", encode_delta(state_delta(avatar, name, table.sh)))
                prompt, editor = origin(state.provenance)
                states.append(
                    StateInfo(
                        slot=slot,
                        name=name,
                        valence=state.valence,
                        arousal=state.arousal,
                        blob=blob,
                        prompt=prompt,
                        editor=editor,
                    )
                )
    except ProtocolError as error:
        raise EmogaError(f"avatar {avatar.name}: cannot be sent ({error}); build it again") from error
    info = AvatarInfo(
        slot=0,
        name=avatar.name,
        title=avatar.name,
        head=_head_info(avatar),
        counts=_counts(avatar, table),
        head_blob=head_blob,
        splats_blob=splats_blob,
        states=states,
        motions=[
            MotionInfo(name=name, fps=motion.fps, frames=len(motion), duration=len(motion) / motion.fps)
            for name, motion in avatar.motions.items()
        ],
        layout=_layout(avatar, len(states)),
    )
    return BakedAvatar(info, blobs)


def head_rig(head: Head, identity: np.ndarray, vertex_offset: np.ndarray | None = None) -> Rig:
    """A head with one identity baked in, as the wire carries it.

    Args:
        identity: (S,) standard deviations.
        vertex_offset: (V, 3) metres in the rest pose, or None.
    """
    basis = _array(head.expression_basis).transpose(2, 0, 1)
    regressor = _array(head.joint_regressor).astype(np.float64)
    template = _array(head.template) + _array(head.identity_basis) @ identity
    if vertex_offset is not None:
        template = template + vertex_offset
    correctives = np.zeros((0, *template.shape), np.float32)
    if head.pose_correctives is not None:
        correctives = _array(head.pose_correctives).transpose(2, 0, 1)
    return Rig(
        template=template,
        triangles=_array(head.triangles),
        parents=np.array(head.parents),
        rest_joints=regressor @ template,
        joint_shifts=np.einsum("jv,evc->ejc", regressor, basis, optimize=True),
        skin_weights=_array(head.skin_weights),
        expression_basis=basis,
        pose_correctives=correctives,
        regions=_array(head.regions) if len(head.regions) else np.zeros(len(template), np.int64),
        region_names=list(head.region_names),
        expression_range=head.expression_range,
        hash=head.hash,
    )


def splat_table(avatar: Avatar) -> SplatTable:
    """The neutral avatar's local Gaussians, their colours reduced to the wire's SH degree."""
    gaussians = avatar.gaussians
    return SplatTable(
        positions=_array(gaussians.means),
        triangles=_array(avatar.binding.triangles),
        triangle_count=avatar.head.num_triangles,
        quaternions=_array(gaussians.quaternions),
        log_scales=_array(gaussians.log_scales),
        opacities=_array(gaussians.opacity_logits.sigmoid()),
        sh=_wire_sh(avatar.blended_sh({})),
    )


def state_delta(avatar: Avatar, name: str, neutral: np.ndarray) -> Delta:
    """What state `name` at weight 1 adds to the `neutral` SH (N, K, 3) of `splat_table`."""
    state = avatar.states[name]
    return Delta(
        expression=_array(state.expression),
        jaw=_array(state.jaw),
        sh=_wire_sh(avatar.blended_sh({name: 1.0})) - neutral,
    )


def state_blob(avatar: Avatar, state: EmotionState, neutral: np.ndarray | None = None) -> bytes:
    """The delta blob of a state, which `avatar` need not hold.

    Args:
        neutral: SH (N, K, 3) of `splat_table`, if at hand.
    """
    import torch

    trial = dataclasses.replace(avatar, states={state.name: state}, motions={})
    with torch.inference_mode():
        before = splat_table(avatar).sh if neutral is None else neutral
        return encode_delta(state_delta(trial, state.name, before))


def _rig(avatar: Avatar) -> Rig:
    offset = avatar.vertex_offset
    return head_rig(avatar.head, _array(avatar.identity), None if offset is None else _array(offset))


def _wire_sh(sh: Tensor) -> np.ndarray:
    values = _array(sh)
    return reduce_degree(values, _SH_COEFFICIENTS if values.shape[1] > 1 else 1, viewing_directions())


def _head_info(avatar: Avatar) -> HeadInfo:
    head = avatar.head
    return HeadInfo(
        name=head.name,
        version=head.version,
        hash=head.hash,
        licence=head.licence,
        credit=head.credit,
        redistributable=head.redistributable,
        expression_names=None if head.expression_names is None else list(head.expression_names),
        expression_range=None if head.expression_range is None else list(head.expression_range),
    )


def _counts(avatar: Avatar, table: SplatTable) -> Counts:
    head = avatar.head
    return Counts(
        splats=len(table.positions),
        vertices=head.num_vertices,
        triangles=head.num_triangles,
        expressions=head.num_expressions,
        joints=len(head.parents),
        sh_degree=0 if table.sh.shape[1] == 1 else 1,
    )


def _layout(avatar: Avatar, slots: int) -> FrameLayout:
    motions: list[Any] = list(avatar.motions.values())
    ranges = {}
    for name in ("translation", "expression"):
        largest = max((float(getattr(motion, name).abs().max()) for motion in motions), default=0.0)
        ranges[name] = max(FRAME_RANGES[name], _MARGIN * largest)
    if avatar.head.expression_range is not None:
        low, high = avatar.head.expression_range
        ranges["expression"] = _MARGIN * max(abs(low), abs(high))
    return make_layout(avatar.head.num_expressions, slots, ranges=ranges)


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
