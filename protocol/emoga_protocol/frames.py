"""FRAME: one instant of an avatar as i16 coefficients, without msgpack (README, section Frames)."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from emoga_protocol.errors import ProtocolError
from emoga_protocol.header import pack_header
from emoga_protocol.messages import (
    FRAME_MAX_INTEGER,
    FRAME_PREFIX_SIZE,
    FRAME_RANGES,
    FrameField,
    FrameFlag,
    FrameLayout,
    Limits,
    MessageType,
)

if TYPE_CHECKING:
    from emoga_protocol.codec import Envelope

_PREFIX = struct.Struct("<QHHI")
assert _PREFIX.size == FRAME_PREFIX_SIZE
JOINTS = 5


@dataclass(slots=True, kw_only=True)
class Frame:
    """One instant of one avatar.

    seq: number of the frame in its stream.
    time: server clock, microseconds.
    avatar: slot.
    translation: (3,) metres.
    joints: (5, 3) axis-angle, rad: root, neck, jaw, left eye, right eye.
    expression: (E,) of the motion, without any emotion.
    weights: (K,) of the state slots.
    """

    seq: int
    time: int
    avatar: int
    translation: np.ndarray
    joints: np.ndarray
    expression: np.ndarray
    weights: np.ndarray
    state_revision: int = 0
    cut: bool = False


def make_layout(
    expressions: int, slots: int, revision: int = 1, ranges: dict[str, float] | None = None
) -> FrameLayout:
    """The layout for a head with `expressions` coefficients and `slots` emotion states.

    Args:
        ranges: field name -> largest magnitude to be sent; `FRAME_RANGES` for those left out.
    """
    counts = {"translation": 3, "joints": 3 * JOINTS, "expression": expressions, "weights": slots}
    ranges = FRAME_RANGES | (ranges or {})
    fields, offset = [], 0
    for name, count in counts.items():
        scale = ranges[name] / FRAME_MAX_INTEGER
        fields.append(FrameField(name=name, offset=offset, count=count, scale=scale))
        offset += count
    if offset > Limits.MAX_FRAME_COEFFICIENTS:
        raise ProtocolError(f"{offset} coefficients; a frame holds at most {Limits.MAX_FRAME_COEFFICIENTS}")
    return FrameLayout(revision=revision, fields=fields)


def check_layout(layout: FrameLayout) -> int:
    """Checks that the layout's fields tile a frame without gap or overlap; returns the coefficient count."""
    names = [field.name for field in layout.fields]
    if sorted(names) != sorted(FRAME_RANGES):
        raise ProtocolError(f"frame layout with fields {names}; expected {list(FRAME_RANGES)}")
    offset = 0
    for field in sorted(layout.fields, key=lambda f: (f.offset, f.count)):
        if field.offset != offset:
            raise ProtocolError(f"frame layout: field {field.name} starts at {field.offset}, not {offset}")
        if not field.scale > 0:
            raise ProtocolError(f"frame layout: field {field.name} has scale {field.scale}")
        offset += field.count
    if offset > Limits.MAX_FRAME_COEFFICIENTS:
        raise ProtocolError(f"frame layout: {offset} coefficients, at most {Limits.MAX_FRAME_COEFFICIENTS}")
    return offset


class FrameEncoder:
    """Encodes frames of one layout; `saturated` counts coefficients that had to be clamped so far."""

    def __init__(self, layout: FrameLayout) -> None:
        self.layout = layout
        self.count = check_layout(layout)
        self.saturated = 0
        self._slices = {f.name: slice(f.offset, f.offset + f.count) for f in layout.fields}
        self._inverse = np.empty(self.count)
        for field in layout.fields:
            self._inverse[self._slices[field.name]] = 1.0 / field.scale

    def encode(self, frame: Frame) -> bytes:
        """The bytes of FRAME. Raises ProtocolError for wrong sizes or values that are not finite."""
        values = np.empty(self.count)
        for name, part in self._slices.items():
            source = np.asarray(getattr(frame, name), dtype=np.float64)
            if name == "joints":
                source = canonical_rotations(source.reshape(-1, 3)).reshape(-1)
            if source.size != part.stop - part.start:
                raise ProtocolError(
                    f"FRAME: {source.size} values of {name}, the layout has {part.stop - part.start}"
                )
            values[part] = source.reshape(-1)
        steps = np.rint(values * self._inverse)
        if not np.isfinite(steps).all():
            raise ProtocolError("FRAME: a coefficient is not a finite number")
        clipped = np.clip(steps, -FRAME_MAX_INTEGER, FRAME_MAX_INTEGER)
        self.saturated += int(np.count_nonzero(clipped != steps))
        try:
            prefix = _PREFIX.pack(frame.time, frame.avatar, self.layout.revision, frame.state_revision)
        except struct.error as error:
            raise ProtocolError(f"FRAME: {error}") from None
        flags = FrameFlag.CUT if frame.cut else 0
        header = pack_header(MessageType.FRAME, FRAME_PREFIX_SIZE + 2 * self.count, frame.seq, flags)
        return header + prefix + clipped.astype("<i2").tobytes()


def decode_frame(envelope: Envelope, layout: FrameLayout) -> Frame:
    """Decodes a FRAME that `codec.decode` returned.

    Raises:
        ProtocolError: wrong message type, layout revision or length.
    """
    if envelope.type != MessageType.FRAME:
        raise ProtocolError(f"{envelope.type.name} is not a FRAME")
    body = envelope.buffers[0]
    count = check_layout(layout)
    if len(body) < FRAME_PREFIX_SIZE:
        raise ProtocolError("FRAME: the body is shorter than its prefix")
    time, avatar, revision, state_revision = _PREFIX.unpack_from(body)
    if revision != layout.revision:
        raise ProtocolError(f"FRAME: layout revision {revision}, expected {layout.revision}")
    if len(body) != FRAME_PREFIX_SIZE + 2 * count:
        raise ProtocolError(
            f"FRAME: body of {len(body)} bytes, the layout needs {FRAME_PREFIX_SIZE + 2 * count}"
        )
    steps = np.frombuffer(body, "<i2", offset=FRAME_PREFIX_SIZE)
    values = {f.name: steps[f.offset : f.offset + f.count] * f.scale for f in layout.fields}
    values["joints"] = values["joints"].reshape(-1, 3)
    cut = bool(envelope.flags & FrameFlag.CUT)
    return Frame(seq=envelope.seq, time=time, avatar=avatar, state_revision=state_revision, cut=cut, **values)


def canonical_rotations(rotations: np.ndarray) -> np.ndarray:
    """Axis-angle rotations (..., 3) with every angle in [0, pi]: the same rotations, the short way round."""
    angles = np.linalg.norm(rotations, axis=-1, keepdims=True)
    if not (angles > math.pi).any():
        return rotations
    wrapped = np.remainder(angles + math.pi, 2 * math.pi) - math.pi
    return np.where(angles > math.pi, rotations * (wrapped / np.maximum(angles, 1e-300)), rotations)
