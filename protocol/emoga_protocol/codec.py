"""Messages to bytes and back: header, msgpack body, raw buffers aligned to 8 bytes.

Decoding is strict: every length is checked before anything is built from it, and whatever is wrong
raises `ProtocolError`, never another exception.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import msgpack

from emoga_protocol.errors import ProtocolError
from emoga_protocol.fields import struct_from_wire, struct_to_wire
from emoga_protocol.header import Header, pack_header, unpack_header
from emoga_protocol.messages import COMMANDS, HEADER_SIZE, MESSAGES, Command, Limits, MessageType

BINARY_TYPES = frozenset({MessageType.FRAME, MessageType.FRAME_ACK})
_BUFFERS_KEY = "buffers"

Buffer = bytes | bytearray | memoryview
_T = TypeVar("_T")


class Envelope(NamedTuple):
    """A decoded message.

    message: dataclass of `MESSAGES[type]`; None for FRAME (see `frames.decode_frame`) and FRAME_ACK.
    buffers: views into the received bytes, not copies. For FRAME: its binary body.
    """

    type: MessageType
    flags: int
    seq: int
    message: Any
    buffers: tuple[memoryview, ...]


def encode(message: Any, *, seq: int = 0, flags: int = 0, buffers: Sequence[Buffer] = ()) -> bytes:
    """The bytes of a message: encode once, send to all.

    Args:
        message: an instance of one of the generated message classes.
        seq, flags: for the header.
        buffers: raw buffers, as many as the message type allows.

    Raises:
        ProtocolError: a field does not fit its type, or the number of buffers is wrong.
    """
    cls = type(message)
    kind = getattr(cls, "TYPE", None)
    if kind is None or kind in BINARY_TYPES:
        raise ProtocolError(f"{cls.__name__} is not a message with a msgpack body")
    _check_buffer_count(cls, len(buffers))
    fields = struct_to_wire(message, kind.name)
    if buffers:
        fields[_BUFFERS_KEY] = [_byte_length(buffer) for buffer in buffers]
    try:
        body = msgpack.packb(fields, use_bin_type=True)
    except (ValueError, OverflowError) as error:  # lone surrogates in text, integers beyond 64 bits
        raise ProtocolError(f"{kind.name}: {error}") from None
    assert body is not None
    parts: list[Buffer] = [pack_header(kind, len(body), seq, flags), body]
    if buffers:
        parts.append(bytes(-len(body) % 8))
        for buffer in buffers:
            parts += [buffer, bytes(-_byte_length(buffer) % 8)]
    return b"".join(parts)


def decode(data: Buffer, *, max_bytes: int = Limits.MAX_MESSAGE_BYTES) -> Envelope:
    """Decodes one message.

    Args:
        data: the whole binary WebSocket message.
        max_bytes: refuse anything longer (servers pass `Limits.MAX_INBOUND_BYTES`).

    Raises:
        ProtocolError: anything at all is wrong with the bytes.
    """
    view = memoryview(data).cast("B")
    if len(view) > max_bytes:
        raise ProtocolError(f"message of {len(view)} bytes; the limit is {max_bytes}")
    header = unpack_header(view)
    if header.type not in MESSAGES:
        raise ProtocolError(f"unknown message type {header.type}")
    if header.body_length > len(view) - HEADER_SIZE:
        raise ProtocolError(
            f"body of {header.body_length} bytes announced, {len(view) - HEADER_SIZE} bytes received"
        )
    kind = MessageType(header.type)
    body = view[HEADER_SIZE : HEADER_SIZE + header.body_length]
    rest = view[HEADER_SIZE + header.body_length :]
    if kind in BINARY_TYPES:
        return _binary(kind, header, body, rest)
    cls = MESSAGES[kind]
    fields = unpack_map(body, kind.name)
    lengths = fields.pop(_BUFFERS_KEY, [])
    buffers = _split_buffers(rest, lengths, header.body_length, kind.name)
    _check_buffer_count(cls, len(buffers))
    return Envelope(kind, header.flags, header.seq, struct_from_wire(cls, fields, kind.name), buffers)


def encode_ack(seq: int) -> bytes:
    """FRAME_ACK: `seq` is the highest frame number applied or superseded."""
    return pack_header(MessageType.FRAME_ACK, 0, seq)


def make_command(identifier: int, command: Any) -> Command:
    """The COMMAND that carries a generated command object, such as `SetWeightsCommand(...)`."""
    arguments = struct_to_wire(command, command.NAME)
    return Command(id=identifier, name=command.NAME, arguments=arguments)


def parse_command(message: Command) -> Any:
    """The typed command inside a COMMAND. Raises ProtocolError for an unknown name or bad arguments."""
    cls = COMMANDS.get(message.name)
    if cls is None:
        raise ProtocolError(f"unknown command {message.name[:40]!r}; known: {', '.join(COMMANDS)}")
    return struct_from_wire(cls, message.arguments, message.name)


def struct_to_map(value: Any) -> dict[str, Any]:
    """A generated struct as plain maps and lists (for RESULT values and JSON files)."""
    return struct_to_wire(value, type(value).__name__)


def struct_from_map(cls: type[_T], value: Any) -> _T:
    """The inverse of `struct_to_map`. Raises ProtocolError."""
    return struct_from_wire(cls, value, cls.__name__)


def unpack_map(body: Buffer, where: str) -> dict[str, Any]:
    """Unpacks a msgpack map with string keys, each once. Raises ProtocolError."""
    try:
        fields = msgpack.unpackb(
            body,
            raw=False,
            strict_map_key=True,
            object_pairs_hook=_unique_keys,
            max_str_len=Limits.MAX_INBOUND_BYTES,
            max_bin_len=0,
            max_ext_len=0,
            max_array_len=Limits.MAX_ITEMS,
            max_map_len=Limits.MAX_ITEMS,
        )
    except ProtocolError:
        raise
    except Exception as error:  # msgpack raises ValueError, its subclasses, TypeError, RecursionError
        raise ProtocolError(f"{where}: the body is not valid msgpack ({error})") from None
    if not isinstance(fields, dict):
        raise ProtocolError(f"{where}: the body is not a map")
    return fields


def _unique_keys(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if not all(isinstance(key, str) for key in result):
        raise ProtocolError("map keys must be text")
    if len(result) != len(pairs):
        raise ProtocolError("a map holds the same key twice")
    return result


def _binary(kind: MessageType, header: Header, body: memoryview, rest: memoryview) -> Envelope:
    if len(rest):
        raise ProtocolError(f"{kind.name}: {len(rest)} bytes after the end")
    if kind is MessageType.FRAME_ACK and len(body):
        raise ProtocolError("FRAME_ACK has no body")
    buffers = (body,) if kind is MessageType.FRAME else ()
    return Envelope(kind, header.flags, header.seq, None, buffers)


def _split_buffers(rest: memoryview, lengths: Any, body_length: int, where: str) -> tuple[memoryview, ...]:
    if lengths == [] or lengths is None:
        if len(rest):
            raise ProtocolError(f"{where}: {len(rest)} bytes after the end")
        return ()
    if not isinstance(lengths, list) or len(lengths) > Limits.MAX_BUFFERS:
        raise ProtocolError(f"{where}: bad list of buffer lengths")
    if not all(type(length) is int and 0 <= length <= len(rest) for length in lengths):
        raise ProtocolError(f"{where}: a raw buffer is longer than the message")
    position = -body_length % 8
    expected = position + sum(length + -length % 8 for length in lengths)
    if expected != len(rest):
        raise ProtocolError(f"{where}: raw buffers need {expected} bytes, {len(rest)} received")
    buffers = []
    for length in lengths:
        buffers.append(rest[position : position + length])
        position += length + -length % 8
    return tuple(buffers)


def _check_buffer_count(cls: Any, count: int) -> None:
    low, high = cls.BUFFERS
    if not low <= count <= high:
        raise ProtocolError(f"{cls.TYPE.name}: {count} raw buffers, expected {low} to {high}")


def _byte_length(buffer: Buffer) -> int:
    return memoryview(buffer).nbytes
