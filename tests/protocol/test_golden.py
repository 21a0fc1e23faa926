"""The committed vectors: bytes in, numbers out. JavaScript and C# are checked on the same files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoga_protocol import messages, reference
from emoga_protocol.codec import decode, encode, parse_command, struct_from_map
from emoga_protocol.deltas import decode_delta
from emoga_protocol.errors import ProtocolError
from emoga_protocol.fields import struct_from_wire, struct_to_wire
from emoga_protocol.frames import FrameEncoder, decode_frame
from emoga_protocol.heads import decode_head
from emoga_protocol.mixing import ease, normalize_weights
from emoga_protocol.splats import decode_splats

GOLDEN = Path(__file__).resolve().parents[2] / "protocol/golden"


def golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def named(cases: list[dict[str, Any]], key: str) -> list[Any]:
    return [pytest.param(case, id=str(case[key])) for case in cases]


def assert_numbers(value: Any, part: dict[str, Any], names: str, tolerance: float = 2e-7) -> None:
    for name in names.split():
        actual = np.asarray(getattr(value, name), np.float64).reshape(-1)
        np.testing.assert_allclose(actual, part[name], rtol=2e-6, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("case", named(golden("messages.json"), "name"))
def test_messages(case):
    envelope = decode(bytes.fromhex(case["hex"]))
    assert (envelope.type.name, envelope.seq, envelope.flags) == (case["name"], case["seq"], case["flags"])
    assert struct_to_wire(envelope.message, "test") == case["fields"]
    assert [bytes(buffer).hex() for buffer in envelope.buffers] == case["buffers"]
    message = struct_from_wire(messages.MESSAGES[envelope.type], case["fields"], "test")
    buffers = [bytes.fromhex(buffer) for buffer in case["buffers"]]
    assert encode(message, seq=case["seq"], flags=case["flags"], buffers=buffers).hex() == case["hex"]


def test_every_message_is_covered():
    covered = {case["name"] for case in golden("messages.json")} | {"FRAME", "FRAME_ACK"}
    assert covered == {kind.name for kind in messages.MessageType}
    assert {case["name"] for case in golden("commands.json")} == set(messages.COMMANDS)


@pytest.mark.parametrize("case", named(golden("commands.json"), "name"))
def test_commands(case):
    command = parse_command(decode(bytes.fromhex(case["hex"])).message)
    assert case["name"] == command.NAME
    assert struct_to_wire(command, "test") == case["arguments"]


@pytest.mark.parametrize("case", golden("frames.json"))
def test_frames(case):
    layout = struct_from_map(messages.FrameLayout, case["layout"])
    frame = decode_frame(decode(bytes.fromhex(case["hex"])), layout)
    expected = case["frame"]
    for name in ("seq", "time", "avatar", "state_revision", "cut"):
        assert getattr(frame, name) == expected[name]
    assert_numbers(frame, expected, "translation joints expression weights")
    encoder = FrameEncoder(layout)
    assert encoder.encode(frame).hex() == case["hex"]
    assert encoder.saturated == 0  # what was decoded fits


@pytest.mark.parametrize("case", named(golden("invalid.json"), "why"))
def test_invalid_messages(case):
    with pytest.raises(ProtocolError):
        decode(bytes.fromhex(case["hex"]))


def test_mixing():
    mixing = golden("mixing.json")
    for case in mixing["weights"]:
        assert normalize_weights(np.array(case["in"])).tolist() == case["out"]  # bit for bit
    assert set(mixing["easings"]) == set(messages.EASINGS)
    for name, points in mixing["easings"].items():
        assert [ease(name, point["t"]) for point in points] == [point["value"] for point in points]


@pytest.mark.parametrize("scene", named(golden("scenes.json"), "name"))
def test_scenes(scene):
    rig = decode_head((GOLDEN / scene["head"]["file"]).read_bytes())
    assert_numbers(
        rig, scene["head"], "template triangles parents rest_joints joint_shifts skin_weights regions"
    )
    assert_numbers(rig, scene["head"], "expression_basis pose_correctives")
    table = decode_splats((GOLDEN / scene["splats"]["file"]).read_bytes())
    assert_numbers(table, scene["splats"], "positions triangles quaternions log_scales opacities sh")
    deltas = []
    for case in scene["deltas"]:
        deltas.append(None if case is None else decode_delta((GOLDEN / case["file"]).read_bytes()))
        if case is not None:
            assert_numbers(deltas[-1], case, "expression jaw sh")
    layout = struct_from_map(messages.FrameLayout, scene["layout"])
    frame = decode_frame(decode(bytes.fromhex(scene["frame"])), layout)
    pose = reference.blend_pose(frame, deltas, rig)
    assert_numbers(pose, scene["pose"], "expression joints translation weights")
    world = reference.world_splats(rig, table, deltas, frame)
    assert_numbers(world, scene["world"], "means quaternions scales opacities sh")
