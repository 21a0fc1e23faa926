"""Blobs: the content-addressed buffers that a client fetches once (README, section Blobs).

A blob is a 16-byte prefix, a msgpack header and the arrays that the schema lists for its kind. Sizes are
checked against the header before any array is touched; decoded arrays are views of the received bytes.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgpack
import numpy as np

from emoga_protocol.codec import unpack_map
from emoga_protocol.errors import ProtocolError
from emoga_protocol.fields import from_wire, parse_type, to_wire
from emoga_protocol.messages import (
    BLOB_MAGIC,
    BLOB_PREFIX_SIZE,
    BLOB_VERSION,
    BLOBS,
    BlobRef,
    Limits,
)
from emoga_protocol.spec import ArraySpec, BlobSpec

_PREFIX = struct.Struct("<4sBBHII")
assert _PREFIX.size == BLOB_PREFIX_SIZE
_DTYPES = {"u8": "<u1", "i8": "<i1", "u16": "<u2", "i16": "<i2", "u32": "<u4", "i32": "<i4", "f32": "<f4"}
_KINDS = {spec.number: spec for spec in BLOBS.values()}


class Blob(NamedTuple):
    """A decoded blob: `dimensions` by name, checked `header` fields, `arrays` by name."""

    kind: str
    dimensions: dict[str, int]
    header: dict[str, Any]
    arrays: dict[str, np.ndarray]


def blob_ref(kind: str, data: bytes) -> BlobRef:
    """The reference under which a manifest names this blob."""
    return BlobRef(sha256=hashlib.sha256(data).hexdigest(), size=len(data), kind=kind)


def array_dtype(array: ArraySpec, dimensions: Mapping[str, int]) -> np.dtype:
    """Element type of an array; an `index` is u16 where it can address its dimension, else u32."""
    if array.type == "index":
        return np.dtype("<u2" if dimensions[array.of] <= 65536 else "<u4")
    return np.dtype(_DTYPES[array.type])


def array_shape(array: ArraySpec, dimensions: Mapping[str, int]) -> tuple[int, ...]:
    """Shape of an array with its dimensions filled in."""
    return tuple(dimensions[d] if isinstance(d, str) else d for d in array.shape)


def pack_blob(
    kind: str,
    dimensions: Mapping[str, int],
    arrays: Mapping[str, np.ndarray],
    header: Mapping[str, Any] | None = None,
) -> bytes:
    """Encodes a blob.

    Args:
        kind: "head", "splats" or "delta".
        dimensions: every dimension of the kind.
        arrays: every array of the kind; integers must be in range, shapes must agree.
        header: further header fields.

    Raises:
        ProtocolError: a name is missing, a shape or a value does not fit.
    """
    spec = BLOBS[kind]
    fields = {"dimensions": {name: int(size) for name, size in dimensions.items()}} | dict(header or {})
    checked = {
        f.name: to_wire(fields.get(f.name), parse_type(f.type), f"{kind}.{f.name}")
        for f in spec.header
        if f.required or f.name in fields
    }
    _check_dimensions(spec, fields["dimensions"])
    parts = [_array_bytes(spec, array, dimensions, arrays) for array in spec.arrays]
    packed: bytes = msgpack.packb(checked)  # type: ignore[assignment]
    body = b"".join(parts)
    prefix = _PREFIX.pack(BLOB_MAGIC, BLOB_VERSION, spec.number, 0, len(packed), len(body))
    return b"".join((prefix, packed, bytes(-len(packed) % 8), body))


def unpack_blob(data: bytes | memoryview, kind: str) -> Blob:
    """Decodes a blob of the given kind. Raises ProtocolError for anything wrong with the bytes."""
    view = memoryview(data).cast("B")
    if not BLOB_PREFIX_SIZE <= len(view) <= Limits.MAX_BLOB_BYTES:
        raise ProtocolError(f"{kind} blob of {len(view)} bytes: too short or too long")
    magic, version, number, _, header_length, arrays_length = _PREFIX.unpack_from(view)
    if magic != BLOB_MAGIC or version != BLOB_VERSION:
        raise ProtocolError(f"{kind} blob: magic {magic!r}, version {version}; expected {BLOB_MAGIC!r}, 1")
    spec = _KINDS.get(number)
    if spec is None or spec.name != kind:
        raise ProtocolError(f"blob of kind {spec.name if spec else number}, expected {kind}")
    start = BLOB_PREFIX_SIZE + header_length + -header_length % 8
    if start + arrays_length != len(view):
        raise ProtocolError(f"{kind} blob: {start + arrays_length} bytes announced, {len(view)} received")
    fields = unpack_map(view[BLOB_PREFIX_SIZE : BLOB_PREFIX_SIZE + header_length], f"{kind} blob")
    header = _check_header(spec, fields)
    dimensions = header.pop("dimensions")
    return Blob(kind, dimensions, header, _array_views(spec, dimensions, view[start:]))


def _array_bytes(
    spec: BlobSpec, array: ArraySpec, dimensions: Mapping[str, int], arrays: Mapping[str, np.ndarray]
) -> bytes:
    where = f"{spec.name}.{array.name}"
    if array.name not in arrays:
        raise ProtocolError(f"{where}: array is missing")
    value = np.asarray(arrays[array.name])
    shape = array_shape(array, dimensions)
    if value.shape != shape:
        raise ProtocolError(f"{where}: shape {value.shape}, expected {shape}")
    dtype = array_dtype(array, dimensions)
    if dtype.kind != "f" and value.size:
        bounds = np.iinfo(dtype)
        if value.dtype.kind not in "iu" or value.min() < bounds.min or value.max() > bounds.max:
            raise ProtocolError(f"{where}: values do not fit {dtype.name}")
    elif not np.isfinite(value).all():
        raise ProtocolError(f"{where}: a value is not finite")
    raw = np.ascontiguousarray(value, dtype).tobytes()
    return raw + bytes(-len(raw) % 8)


def _check_header(spec: BlobSpec, fields: dict[str, Any]) -> dict[str, Any]:
    header = {}
    for f in spec.header:
        if f.name in fields:
            header[f.name] = from_wire(fields[f.name], parse_type(f.type), f"{spec.name}.{f.name}")
        elif f.required:
            raise ProtocolError(f"{spec.name} blob: header field {f.name!r} is missing")
    _check_dimensions(spec, header["dimensions"])
    return header


def _check_dimensions(spec: BlobSpec, dimensions: Mapping[str, int]) -> None:
    if dimensions.keys() != spec.dimensions.keys():
        raise ProtocolError(
            f"{spec.name} blob: dimensions {sorted(dimensions)}, not {sorted(spec.dimensions)}"
        )
    for name, limit in spec.dimensions.items():
        if not 0 <= dimensions[name] <= limit:
            raise ProtocolError(f"{spec.name} blob: {name} = {dimensions[name]}, at most {limit}")


def _array_views(spec: BlobSpec, dimensions: dict[str, int], view: memoryview) -> dict[str, np.ndarray]:
    layout, position = [], 0
    for array in spec.arrays:
        dtype, shape = array_dtype(array, dimensions), array_shape(array, dimensions)
        size = dtype.itemsize
        for extent in shape:
            size *= extent  # Python integers: no overflow
        layout.append((array.name, dtype, shape, position, size))
        position += size + -size % 8
    if position != len(view):
        raise ProtocolError(f"{spec.name} blob: its arrays need {position} bytes, {len(view)} are there")
    arrays = {}
    for name, dtype, shape, start, size in layout:
        values = np.frombuffer(view[start : start + size], dtype).reshape(shape)
        if dtype.kind == "f" and not np.isfinite(values).all():
            raise ProtocolError(f"{spec.name} blob: {name} holds a value that is not finite")
        arrays[name] = values
    return arrays
