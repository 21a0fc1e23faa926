"""Properties of the codec: what is encoded is decoded, and no bytes raise anything but ProtocolError."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_protocol import codec
from emoga_protocol import messages as m
from emoga_protocol.errors import ProtocolError
from emoga_protocol.fields import parse_type

GOLDEN = Path(__file__).resolve().parents[2] / "protocol/golden"
VALID = [bytes.fromhex(case["hex"]) for case in json.loads((GOLDEN / "messages.json").read_text())]
BODY_TYPES = [cls for kind, cls in m.MESSAGES.items() if kind not in codec.BINARY_TYPES]
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**53 - 1) | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
SCALARS = {
    "u8": st.integers(0, 2**8 - 1),
    "u16": st.integers(0, 2**16 - 1),
    "u32": st.integers(0, 2**32 - 1),
    "u64": st.integers(0, 2**53 - 1),
    "i32": st.integers(-(2**31), 2**31 - 1),
    "f32": st.floats(allow_nan=False, allow_infinity=False),
    "f64": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "str": st.text(max_size=12),
    "sha256": st.text("0123456789abcdef", min_size=64, max_size=64),
    "easing": st.sampled_from(sorted(m.EASINGS)),
    "any": ANY,
}


def values(text: str) -> st.SearchStrategy:
    kind = parse_type(text)
    if kind.optional:
        return st.none() | values(text.removesuffix("?"))
    if kind.kind in ("list", "map"):
        item = values(text[text.index("<") + 1 : -1])
        if kind.kind == "list":
            return st.lists(item, max_size=2)
        return st.dictionaries(st.text(max_size=4), item, max_size=2)
    return structs(m.STRUCTS[kind.kind]) if kind.kind in m.STRUCTS else SCALARS[kind.kind]


def structs(cls: type) -> st.SearchStrategy:
    return st.builds(cls, **{field.name: values(field.type) for field in cls.FIELDS})  # type: ignore[attr-defined]


@pytest.mark.parametrize("cls", BODY_TYPES, ids=lambda cls: cls.TYPE.name)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_round_trip(cls, data):
    message = data.draw(structs(cls))
    low, high = cls.BUFFERS
    buffers = data.draw(st.lists(st.binary(max_size=20), min_size=low, max_size=high))
    seq, flags = data.draw(st.integers(0, 2**53)), data.draw(st.integers(0, 2**16 - 1))
    packed = codec.encode(message, seq=seq, flags=flags, buffers=buffers)
    envelope = codec.decode(packed)
    assert envelope.message == message
    assert (envelope.seq, envelope.flags) == (seq, flags)
    assert [bytes(buffer) for buffer in envelope.buffers] == buffers


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes(data):
    with pytest.raises(ProtocolError):
        codec.decode(data)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(m.MESSAGES)), ANY)
def test_any_body_decodes_or_is_refused(kind, body):
    packed = msgpack.packb(body)
    assert packed is not None
    data = bytes([1, kind, 0, 0]) + len(packed).to_bytes(4, "little") + bytes(8) + packed
    try:
        envelope = codec.decode(data)
        if isinstance(envelope.message, m.Command):
            codec.parse_command(envelope.message)
    except ProtocolError:
        pass


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(VALID), st.data())
def test_damaged_messages(packed, data):
    position = data.draw(st.integers(0, len(packed) - 1))
    if data.draw(st.booleans()):
        damaged = packed[:position]
    else:
        damaged = packed[:position] + bytes([data.draw(st.integers(0, 255))]) + packed[position + 1 :]
    try:
        codec.decode(damaged)
    except ProtocolError:
        return
    assert len(damaged) == len(packed)  # a cut message is never accepted


def test_truncation_is_always_noticed():
    for packed in VALID:
        for end in range(len(packed)):
            with pytest.raises(ProtocolError):
                codec.decode(packed[:end])


def test_size_limit():
    packed = codec.encode(m.Bye(message="x" * 1000))
    assert codec.decode(packed, max_bytes=len(packed)).message.message == "x" * 1000
    with pytest.raises(ProtocolError, match="limit"):
        codec.decode(packed, max_bytes=len(packed) - 1)


def test_unknown_fields_are_ignored():
    body = msgpack.packb({"time": 5, "colour": "blue"})
    assert body is not None
    data = bytes([1, m.MessageType.PING, 0, 0]) + len(body).to_bytes(4, "little") + bytes(8) + body
    assert codec.decode(data).message == m.Ping(time=5)


@pytest.mark.parametrize(
    "message",
    [
        m.Ping(time=-1),
        m.Ping(time=2**53),
        m.Ping(time=1.5),  # type: ignore[arg-type]
        m.JobProgress(job=1, progress=math.nan),
        m.Bye(message="\ud800"),
        m.BlobGet(sha256="A" * 64),
        m.Hello(versions=[1] * 5000),
        m.Result(id=1, value=2**70),
        m.Result(id=1, value=object()),
        dataclasses.replace(m.StatePut(avatar=0, state=None)),  # type: ignore[arg-type]
    ],
    ids=lambda message: type(message).__name__,
)
def test_unsendable_values_are_refused(message):
    with pytest.raises(ProtocolError):
        codec.encode(message)


def test_binary_messages_have_their_own_encoders():
    with pytest.raises(ProtocolError, match="Frame"):
        codec.encode(m.Frame())
    envelope = codec.decode(codec.encode_ack(77))
    assert (envelope.type, envelope.seq, envelope.message) == (m.MessageType.FRAME_ACK, 77, None)


def test_buffers_are_aligned_and_not_copied():
    chunk = m.BlobChunk(sha256="0" * 64, offset=0, size=3)
    packed = codec.encode(chunk, buffers=[b"abc"])
    assert len(packed) % 8 == 0
    start = packed.index(b"abc")
    assert start % 8 == 0
    assert codec.decode(packed).buffers[0].obj is packed


def test_commands_with_bad_arguments():
    with pytest.raises(ProtocolError, match="unknown command"):
        codec.parse_command(m.Command(id=1, name="explode"))
    with pytest.raises(ProtocolError, match="'position' is missing"):
        codec.parse_command(m.Command(id=1, name="seek"))
    with pytest.raises(ProtocolError, match="unknown easing"):
        codec.parse_command(
            m.Command(id=1, name="set_weights", arguments={"weights": {}, "easing": "bounce"})
        )
