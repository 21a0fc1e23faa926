"""Writes the golden vectors: bytes in, numbers out, for every message, every blob and one posed scene.

    python protocol/make_golden.py

Run it only when the protocol changes on purpose: the committed files are what implementations are tested on.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from emoga_protocol import messages as m
from emoga_protocol import reference
from emoga_protocol.codec import decode, encode, make_command, struct_to_map
from emoga_protocol.deltas import Delta, decode_delta, encode_delta
from emoga_protocol.fields import struct_to_wire
from emoga_protocol.frames import Frame, FrameEncoder, decode_frame, make_layout
from emoga_protocol.heads import Rig, decode_head, encode_head
from emoga_protocol.mixing import ease, normalize_weights
from emoga_protocol.splats import SplatTable, decode_splats, encode_splats

OUT = Path(__file__).with_name("golden")
SHA = "0123456789abcdef" * 4


def main() -> None:
    """Writes every file."""
    OUT.mkdir(exist_ok=True)
    _write("messages.json", [_case(*case) for case in _messages()])
    _write("commands.json", [_command(i, c) for i, c in enumerate(_commands())])
    _write("frames.json", [_frame_case(f, layout) for f, layout in _frames()])
    _write("invalid.json", _invalid())
    _write("mixing.json", _mixing())
    _write_scene()


def _write(name: str, value: Any) -> None:
    (OUT / name).write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _case(message: Any, seq: int = 0, flags: int = 0, buffers: tuple[bytes, ...] = ()) -> dict[str, Any]:
    return {
        "name": message.TYPE.name,
        "seq": seq,
        "flags": flags,
        "fields": struct_to_wire(message, "golden"),
        "buffers": [buffer.hex() for buffer in buffers],
        "hex": encode(message, seq=seq, flags=flags, buffers=buffers).hex(),
    }


def _avatar_info() -> m.AvatarInfo:
    return m.AvatarInfo(
        slot=1,
        name="ada",
        title="Ada Łovelace",
        head=m.HeadInfo(
            name="h", version="1", hash="ab", licence="CC0-1.0", credit="nobody", redistributable=True,
            expression_names=["jawOpen", "browInnerUp"], expression_range=[0.0, 1.0],
        ),
        counts=m.Counts(splats=70000, vertices=5000, triangles=10000, expressions=2, joints=5, sh_degree=1),
        head_blob=m.BlobRef(sha256=SHA, size=500_000, kind="head"),
        splats_blob=m.BlobRef(sha256=SHA[::-1], size=2**31, kind="splats"),
        states=[_state()],
        motions=[m.MotionInfo(name="talk", fps=30, frames=90, duration=3)],
        layout=make_layout(2, 1),
        state_revision=4,
    )  # fmt: skip


def _state() -> m.StateInfo:
    blob = m.BlobRef(sha256=SHA, size=7, kind="delta")
    return m.StateInfo(
        slot=0, name="happy", valence=0.75, arousal=-0.25, revision=2, blob=blob,
        prompt="a subtle, tired smile", editor="guided",
    )  # fmt: skip


def _messages() -> list[tuple[Any, ...]]:
    return [
        (m.Hello(versions=[1, 2], client="golden 1.0", capabilities=3),),
        (m.Welcome(version=1, server="emoga", session="s-1", capabilities=1, time=2**53 - 1, fps=60),),
        (m.Manifest(revision=3, avatars=[_avatar_info()]),),
        (m.BlobGet(sha256=SHA, offset=262144, length=None, id=8),),
        (m.BlobChunk(sha256=SHA, offset=0, size=11), 0, 0, (b"hello world",)),
        (m.StatePut(avatar=1, state=_state(), provisional=True), 0, 0, (b"\x00\x01\x02\x03\x04\x05\x06",)),
        (m.StatePut(avatar=1, state=_state()),),
        (m.StateCommit(avatar=1, state=_state(), state_revision=70000),),
        (m.Command(id=9, name="pause", arguments={}), 5, 1),
        (m.Result(id=9, value={"list": [1, -1, 0.5, None, True], "text": "é"}),),
        (m.Error(id=None, code=m.ErrorCode.RATE_LIMITED, message="slow down", retryable=True),),
        (
            m.JobProgress(
                job=2, kind="edit", stage="optimising", progress=0.25, seconds_left=12.5, avatar=1,
                state="tears", prompt="crying with joy", done=20, total=20, step=7, steps=160, loss=0.125,
            ),
        ),
        (m.JobProgress(job=3, kind="edit", stage="queued", progress=0, state="joy", position=1),),
        (
            m.JobPicture(job=2, index=3, count=20, name="f000_c03", width=96, height=128),
            0, 0, (b"before", b"and after"),
        ),
        (m.Ping(time=123456789012),),
        (m.Pong(time=123456789012, peer_time=0),),
        (
            m.Status(
                avatar=1, motion="talk", playing=True, loop=False, speed=0.5, position=1.25, time=99,
                targets={"happy": 0.5}, idle=m.IdleSettings(blinks=0.5),
            ),
        ),
        (m.Bye(code=m.ErrorCode.RESYNC, message="too far behind"),),
    ]  # fmt: skip


def _commands() -> list[Any]:
    return [
        m.ListAvatarsCommand(),
        m.ListStatesCommand(avatar="ada"),
        m.ListMotionsCommand(),
        m.GetStatusCommand(),
        m.SelectAvatarCommand(avatar="ada"),
        m.SetWeightsCommand(
            weights={"happy": 1, "sad": 0.25}, duration=0.5, easing="cubic_out", exclusive=True
        ),
        m.PlayCommand(speed=2),
        m.PauseCommand(),
        m.SetLoopCommand(loop=False),
        m.SeekCommand(position=1.5),
        m.ChooseMotionCommand(motion=None),
        m.SetIdleCommand(blinks=0),
        m.EditCommand(prompt="crying with joy", state="tears", seed=7),
        m.CancelCommand(job=3),
        m.ReadPromptCommand(prompt="très fatigué"),
        m.ListEditorsCommand(),
        m.RenameStateCommand(state="tears", name="joy", avatar="ada"),
        m.DeleteStateCommand(state="joy"),
        m.ListHistoryCommand(state="happy"),
        m.RevertStateCommand(state="happy", version=2),
    ]


def _command(identifier: int, command: Any) -> dict[str, Any]:
    message = make_command(identifier, command)
    return {
        "id": identifier,
        "name": message.name,
        "arguments": message.arguments,
        "hex": encode(message).hex(),
    }


def _frames() -> list[tuple[Frame, m.FrameLayout]]:
    rng = np.random.default_rng(5)
    large = Frame(
        seq=123456, time=987654321012, avatar=2, state_revision=70000, cut=True,
        translation=rng.normal(0, 0.1, 3), joints=rng.normal(0, 0.3, (5, 3)),
        expression=rng.normal(0, 1, 100), weights=np.eye(16)[3] * 0.5,
    )  # fmt: skip
    # The root turned by more than pi, translation and expression beyond their ranges.
    joints = np.zeros((5, 3))
    joints[0] = [0, 4.0, 0]
    saturated = Frame(
        seq=1, time=0, avatar=0, translation=np.array([9.0, -9.0, 0]), joints=joints,
        expression=np.array([1.5, -3.0]), weights=np.array([1.0]),
    )  # fmt: skip
    return [
        (large, make_layout(100, 16, revision=7)),
        (saturated, make_layout(2, 1, ranges={"expression": 1.25})),
    ]


def _frame_case(frame: Frame, layout: m.FrameLayout) -> dict[str, Any]:
    encoder = FrameEncoder(layout)
    data = encoder.encode(frame)
    decoded = decode_frame(decode(data), layout)
    return {
        "hex": data.hex(),
        "layout": struct_to_map(layout),
        "saturated": encoder.saturated,
        "frame": {
            "seq": decoded.seq,
            "time": decoded.time,
            "avatar": decoded.avatar,
            "state_revision": decoded.state_revision,
            "cut": decoded.cut,
            **{k: _numbers(getattr(decoded, k)) for k in ("translation", "joints", "expression", "weights")},
        },
    }


def _invalid() -> list[dict[str, str]]:
    ping = bytearray(encode(m.Ping(time=5)))
    chunk = encode(m.BlobChunk(sha256=SHA, offset=0, size=11), buffers=[b"hello world"])

    def changed(at: int, value: int) -> bytes:
        return bytes(ping[:at] + bytes([value]) + ping[at + 1 :])

    def body(packed: bytes, kind: int = 14) -> bytes:
        return bytes([1, kind, 0, 0]) + len(packed).to_bytes(4, "little") + bytes(8) + packed

    cases = {
        "empty": b"",
        "shorter than a header": bytes(ping[:15]),
        "another version": changed(0, 2),
        "unknown type": changed(1, 99),
        "body longer than the message": changed(4, 255),
        "body shorter than the message": changed(4, ping[4] - 1),
        "bytes after the end": bytes(ping) + b"\0",
        "a required field is missing": body(b"\x80"),
        "not a map": body(b"\x01"),
        "wrong type of a field": body(b"\x81\xa4time\xa1x"),
        "negative where unsigned": body(b"\x81\xa4time\xff"),
        "beyond 53 bits": body(b"\x81\xa4time\xcf" + b"\xff" * 8),
        "the same key twice": body(b"\x82\xa4time\x01\xa4time\x02"),
        "map key is not text": body(b"\x81\x01\x01"),
        "invalid UTF-8": body(b"\x81\xa1\xff\x01"),
        "array longer than the message": body(b"\x81\xa4time\xdd\x7f\xff\xff\xff"),
        "bin is not used": body(b"\x81\xa4time\xc4\x01\x00"),
        "ext is not used": body(b"\x81\xa4time\xd4\x01\x00"),
        "nested too deeply": body(b"\x82\xa2id\x01\xa5value" + b"\x91" * 60 + b"\x01", 11),
        "not a number": body(b"\x82\xa3job\x00\xa8progress\xcb\x7f\xf8" + bytes(6), 13),
        "a buffer where none belongs": encode(m.StatePut(avatar=0, state=_state()), buffers=[b"x"]).replace(
            b"\x01\x06", b"\x01\x07", 1
        ),
        "a buffer is missing": chunk[: -len(b"hello world") - 5],
        "a buffer is cut short": chunk[:-8],
        "acknowledgement with a body": body(b"\x80", 9),
    }
    return [{"why": why, "hex": data.hex()} for why, data in cases.items()]


def _mixing() -> dict[str, Any]:
    weights = [[0.2, 0.3], [0.5, 0.6, 0.9], [-1, 2, 0.25], [1, 1, 1], [0, 0], [1 / 3, 1 / 3, 1 / 3 + 1e-12]]
    times = [-0.5, 0, 0.125, 0.3, 0.499999, 0.5, 0.7, 0.9375, 1, 2]
    return {
        "weights": [{"in": w, "out": normalize_weights(np.array(w)).tolist()} for w in weights],
        "easings": {name: [{"t": t, "value": ease(name, t)} for t in times] for name in m.EASINGS},
    }


def small_rig(correctives: bool) -> Rig:
    """An icosahedron with five joints, three expressions and, if asked for, pose correctives."""
    rng = np.random.default_rng(11)
    golden = (1 + 5**0.5) / 2
    points = [[0, a, b * golden] for a in (-1, 1) for b in (-1, 1)]
    vertices = np.array([np.roll(p, k) for k in range(3) for p in points]) * 0.06
    sides = np.linalg.norm(vertices[:, None] - vertices[None], axis=2)
    near = np.isclose(sides, 0.12)
    triangles = [
        (i, j, k) if np.linalg.det(vertices[[i, j, k]]) > 0 else (i, k, j)
        for i in range(12) for j in range(i + 1, 12) for k in range(j + 1, 12)
        if near[i, j] and near[j, k] and near[i, k]
    ]  # fmt: skip
    weights = rng.random((12, 5)) ** 3
    basis = rng.normal(0, 0.004, (3, 12, 3)) * (rng.random((3, 12, 1)) < 0.6)
    basis[1] *= 8  # coarse enough to need 16 bits
    regressor = rng.dirichlet(np.full(12, 0.5), 5)
    return Rig(
        template=vertices,
        triangles=np.array(triangles),
        parents=np.array([-1, 0, 1, 1, 1]),
        rest_joints=regressor @ vertices,
        joint_shifts=np.einsum("jv,evc->ejc", regressor, basis),
        skin_weights=weights / weights.sum(axis=1, keepdims=True),
        expression_basis=basis,
        pose_correctives=rng.normal(0, 0.002, (36, 12, 3)) if correctives else np.zeros((0, 12, 3)),
        regions=np.arange(12) % 2,
        region_names=["left", "right"],
        expression_range=(0.0, 1.0) if correctives else None,
        hash="golden",
    )


def _small_splats(coefficients: int) -> SplatTable:
    rng = np.random.default_rng(12)
    return SplatTable(
        positions=rng.normal(0, 0.3, (21, 3)),
        triangles=rng.integers(0, 20, 21),
        triangle_count=20,
        quaternions=rng.normal(size=(21, 4)),
        log_scales=rng.normal(-1, 0.5, (21, 3)),
        opacities=rng.random(21),
        sh=rng.normal(0, 0.4, (21, coefficients, 3)),
    )


def _small_delta(coefficients: int, seed: int) -> Delta:
    rng = np.random.default_rng(seed)
    changes = rng.normal(0, 0.2, (21, coefficients, 3)) * (rng.random((21, 1, 1)) < 0.5)
    return Delta(expression=rng.normal(0, 0.4, 3), jaw=rng.normal(0, 0.1, 3), sh=changes)


def _write_scene() -> None:
    scenes = []
    for name, coefficients, correctives in (("sh1", 4, True), ("sh0", 1, False)):
        blobs = {
            "head": encode_head(small_rig(correctives)),
            "splats": encode_splats(_small_splats(coefficients)),
            "delta_a": encode_delta(_small_delta(coefficients, 1), bytes_per_splat=3 * coefficients),
            "delta_b": encode_delta(
                _small_delta(coefficients, 2), bytes_per_splat=2 if coefficients == 1 else 5
            ),
        }
        for part, data in blobs.items():
            (OUT / f"{name}_{part}.bin").write_bytes(data)
        scenes.append(_scene(name, blobs))
    _write("scenes.json", scenes)


def _scene(name: str, blobs: dict[str, bytes]) -> dict[str, Any]:
    rig, table = decode_head(blobs["head"]), decode_splats(blobs["splats"])
    deltas = [decode_delta(blobs["delta_a"]), None, decode_delta(blobs["delta_b"])]
    rng = np.random.default_rng(13)
    layout = make_layout(3, 3)
    frame = Frame(
        seq=1, time=1000, avatar=0, translation=np.array([0.01, -0.02, 0.03]),
        joints=rng.normal(0, 0.3, (5, 3)), expression=np.array([0.4, 0.9, 0.1]),
        weights=np.array([0.7, 0.9, 0.6]),
    )  # fmt: skip
    data = FrameEncoder(layout).encode(frame)
    frame = decode_frame(decode(data), layout)
    pose = reference.blend_pose(frame, deltas, rig)
    vertices = reference.skin(rig, pose.expression, pose.joints, pose.translation)
    world = reference.world_splats(rig, table, deltas, frame)
    return {
        "name": name,
        "head": {
            "file": f"{name}_head.bin",
            **_fields(
                rig, "template triangles parents rest_joints joint_shifts skin_weights expression_basis"
            ),
            **_fields(rig, "pose_correctives regions"),
            "region_names": rig.region_names,
            "expression_range": rig.expression_range,
        },
        "splats": {
            "file": f"{name}_splats.bin",
            **_fields(table, "positions triangles quaternions log_scales opacities sh"),
        },
        "deltas": [
            None
            if d is None
            else {"file": f"{name}_delta_{'ab'[i // 2]}.bin", **_fields(d, "expression jaw sh")}
            for i, d in enumerate(deltas)
        ],
        "layout": struct_to_map(layout),
        "frame": data.hex(),
        "pose": _fields(pose, "expression joints translation weights"),
        "vertices": _numbers(vertices),
        "world": _fields(world, "means quaternions scales opacities sh"),
    }


def _fields(value: Any, names: str) -> dict[str, Any]:
    return {name: _numbers(getattr(value, name)) for name in names.split()}


def _numbers(values: np.ndarray) -> list[float]:
    """Flat, in C order, with nine significant digits."""
    return [float(f"{value:.9g}") for value in np.asarray(values, np.float64).reshape(-1)]


if __name__ == "__main__":
    main()
