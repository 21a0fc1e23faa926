"""The 16-byte header in front of every message."""

from __future__ import annotations

import struct
from typing import NamedTuple

from emoga_protocol.errors import ProtocolError
from emoga_protocol.messages import HEADER_SIZE, PROTOCOL_VERSION

_HEADER = struct.Struct("<BBHIQ")
assert _HEADER.size == HEADER_SIZE


class Header(NamedTuple):
    """Fields of the header; `body_length` excludes padding and raw buffers."""

    version: int
    type: int
    flags: int
    body_length: int
    seq: int


def pack_header(kind: int, body_length: int, seq: int = 0, flags: int = 0) -> bytes:
    """The header's bytes. Raises ProtocolError where a value does not fit its field."""
    try:
        return _HEADER.pack(PROTOCOL_VERSION, kind, flags, body_length, seq)
    except struct.error as error:
        raise ProtocolError(f"header field out of range: {error}") from None


def unpack_header(data: bytes | memoryview) -> Header:
    """Reads the header. Raises ProtocolError for short data or a version other than ours."""
    if len(data) < HEADER_SIZE:
        raise ProtocolError(f"message of {len(data)} bytes is shorter than its {HEADER_SIZE}-byte header")
    header = Header._make(_HEADER.unpack_from(data))
    if header.version != PROTOCOL_VERSION:
        raise ProtocolError(f"protocol version {header.version}; this side speaks {PROTOCOL_VERSION}")
    return header
