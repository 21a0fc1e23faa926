# Generated from protocol/schema.json by protocol/generate.py. Do not edit.
# ruff: noqa: E501
# fmt: off
"""Definitions of the wire protocol: numbers, limits, message and blob layouts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Any, ClassVar

from emoga_protocol.spec import ArraySpec, BlobSpec, FieldSpec

PROTOCOL_VERSION = 1
SUBPROTOCOL = "emoga.v1"
TOKEN_SUBPROTOCOL_PREFIX = "emoga.token."
HEADER_SIZE = 16
FRAME_PREFIX_SIZE = 16
FRAME_MAX_INTEGER = 32767
BLOB_MAGIC = b"EMGB"
BLOB_VERSION = 1
BLOB_PREFIX_SIZE = 16
# Name -> half of the range that one field's i16 coefficients cover by default.
FRAME_RANGES: dict[str, float] = {
    "translation": 2.0,
    "joints": 3.2,
    "expression": 8.0,
    "weights": 1.0,
}
# Name -> polynomial (lowest power first) below one half, and from there on.
EASINGS: dict[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "linear": ((0.0, 1.0), (0.0, 1.0)),
    "smoothstep": ((0.0, 0.0, 3.0, -2.0), (0.0, 0.0, 3.0, -2.0)),
    "smootherstep": ((0.0, 0.0, 0.0, 10.0, -15.0, 6.0), (0.0, 0.0, 0.0, 10.0, -15.0, 6.0)),
    "ease_in": ((0.0, 0.0, 1.0), (0.0, 0.0, 1.0)),
    "ease_out": ((0.0, 2.0, -1.0), (0.0, 2.0, -1.0)),
    "cubic_in": ((0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0)),
    "cubic_out": ((0.0, 3.0, -3.0, 1.0), (0.0, 3.0, -3.0, 1.0)),
    "cubic_in_out": ((0.0, 0.0, 0.0, 4.0), (-3.0, 12.0, -12.0, 4.0)),
}


class MessageType(IntEnum):
    """Message numbers."""

    HELLO = 1
    WELCOME = 2
    MANIFEST = 3
    BLOB_GET = 4
    BLOB_CHUNK = 5
    STATE_PUT = 6
    STATE_COMMIT = 7
    FRAME = 8
    FRAME_ACK = 9
    COMMAND = 10
    RESULT = 11
    ERROR = 12
    JOB_PROGRESS = 13
    PING = 14
    PONG = 15
    STATUS = 16
    BYE = 17
    JOB_PICTURE = 18


class ErrorCode(IntEnum):
    """Codes of ERROR and BYE."""

    BAD_MESSAGE = 1
    UNSUPPORTED_VERSION = 2
    UNAUTHORIZED = 3
    NOT_FOUND = 4
    INVALID_ARGUMENT = 5
    RATE_LIMITED = 6
    TOO_LARGE = 7
    BUSY = 8
    UNSUPPORTED = 9
    INTERNAL = 10
    JOB_FAILED = 11
    CANCELLED = 12
    RESYNC = 13


class Capability(IntFlag):
    """Bits of HELLO and WELCOME."""

    HTTP_BLOBS = 1
    INLINE_STATES = 2
    EDIT = 4
    JOB_PICTURES = 8


class FrameFlag(IntFlag):
    """Bits in the header of FRAME."""

    CUT = 1


class Limits:
    """Bounds that every implementation checks before it allocates."""

    MAX_INBOUND_BYTES = 65536
    MAX_MESSAGE_BYTES = 67108864
    MAX_BLOB_BYTES = 268435456
    BLOB_CHUNK_BYTES = 262144
    MAX_ITEMS = 4096
    MAX_DEPTH = 16
    MAX_BUFFERS = 16
    MAX_SPLATS = 4194304
    MAX_VERTICES = 1048576
    MAX_TRIANGLES = 2097152
    MAX_COMPONENTS = 1024
    MAX_JOINTS = 64
    MAX_STATES = 256
    MAX_FRAME_COEFFICIENTS = 2048
    ACK_EVERY_FRAMES = 4
    ACK_EVERY_MS = 50
    MAX_MESSAGES_PER_SECOND = 50
    MAX_MESSAGE_BURST = 100


@dataclass(slots=True, kw_only=True)
class BlobRef:
    """A content-addressed blob.

    sha256: Hash of the bytes, lower-case hex.
    size: Bytes.
    kind: Name of the blob layout: head, splats or delta.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("sha256", "sha256", True),
        FieldSpec("size", "u32", True),
        FieldSpec("kind", "str", True),
    )
    sha256: str
    size: int
    kind: str


@dataclass(slots=True, kw_only=True)
class HeadInfo:
    """Which parametric head moves the avatar, and under what terms.

    hash: sha256 of the head's geometry, hex.
    expression_names: One per expression coefficient, where they have names (ARKit).
    expression_range: [low, high] to which the blended expression is clamped; null: never clamped.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("name", "str", True),
        FieldSpec("version", "str", True),
        FieldSpec("hash", "str", True),
        FieldSpec("licence", "str", True),
        FieldSpec("credit", "str", True),
        FieldSpec("redistributable", "bool", True),
        FieldSpec("expression_names", "list<str>?", False),
        FieldSpec("expression_range", "list<f32>?", False),
    )
    name: str
    version: str
    hash: str
    licence: str
    credit: str
    redistributable: bool
    expression_names: list[str] | None = None
    expression_range: list[float] | None = None


@dataclass(slots=True, kw_only=True)
class Counts:
    """Sizes, to prepare buffers before the blobs arrive.

    sh_degree: 0 or 1, of the wire.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("splats", "u32", True),
        FieldSpec("vertices", "u32", True),
        FieldSpec("triangles", "u32", True),
        FieldSpec("expressions", "u32", True),
        FieldSpec("joints", "u32", True),
        FieldSpec("sh_degree", "u8", True),
    )
    splats: int
    vertices: int
    triangles: int
    expressions: int
    joints: int
    sh_degree: int


@dataclass(slots=True, kw_only=True)
class FrameField:
    """A run of i16 coefficients.

    name: translation, joints, expression or weights.
    offset: First coefficient, counted in coefficients after the prefix.
    scale: Value of one step.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("name", "str", True),
        FieldSpec("offset", "u16", True),
        FieldSpec("count", "u16", True),
        FieldSpec("scale", "f64", True),
    )
    name: str
    offset: int
    count: int
    scale: float


@dataclass(slots=True, kw_only=True)
class FrameLayout:
    """How to read the coefficients of FRAME for one avatar.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("revision", "u16", True),
        FieldSpec("fields", "list<FrameField>", True),
    )
    revision: int
    fields: list[FrameField]


@dataclass(slots=True, kw_only=True)
class StateInfo:
    """One emotion state. Neutral is the origin and has no entry.

    slot: Index of its weight in FRAME; never reused in a session.
    valence: -1 unpleasant .. 1 pleasant.
    arousal: -1 calm .. 1 excited.
    revision: Rises with every change of this state.
    blob: Its delta blob.
    prompt: The words it was made from; empty where it was not made from words.
    editor: The editor that it was made with, if any.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("slot", "u16", True),
        FieldSpec("name", "str", True),
        FieldSpec("valence", "f32", False),
        FieldSpec("arousal", "f32", False),
        FieldSpec("revision", "u32", False),
        FieldSpec("blob", "BlobRef", True),
        FieldSpec("prompt", "str", False),
        FieldSpec("editor", "str", False),
    )
    slot: int
    name: str
    valence: float = 0.0
    arousal: float = 0.0
    revision: int = 1
    blob: BlobRef
    prompt: str = ""
    editor: str = ""


@dataclass(slots=True, kw_only=True)
class MotionInfo:
    """A motion that the server can play.

    duration: Seconds.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("name", "str", True),
        FieldSpec("fps", "f32", True),
        FieldSpec("frames", "u32", True),
        FieldSpec("duration", "f32", True),
    )
    name: str
    fps: float
    frames: int
    duration: float


@dataclass(slots=True, kw_only=True)
class AvatarInfo:
    """All that a client needs to know of one avatar.

    slot: Index of the avatar in FRAME.
    title: For people.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("slot", "u16", True),
        FieldSpec("name", "str", True),
        FieldSpec("title", "str", False),
        FieldSpec("head", "HeadInfo", True),
        FieldSpec("counts", "Counts", True),
        FieldSpec("head_blob", "BlobRef", True),
        FieldSpec("splats_blob", "BlobRef", True),
        FieldSpec("states", "list<StateInfo>", True),
        FieldSpec("motions", "list<MotionInfo>", True),
        FieldSpec("layout", "FrameLayout", True),
        FieldSpec("state_revision", "u32", False),
    )
    slot: int
    name: str
    title: str = ""
    head: HeadInfo
    counts: Counts
    head_blob: BlobRef
    splats_blob: BlobRef
    states: list[StateInfo]
    motions: list[MotionInfo]
    layout: FrameLayout
    state_revision: int = 0


@dataclass(slots=True, kw_only=True)
class EditStarted:
    """A job that makes or changes a state has been accepted.

    job: Its number in JOB_PROGRESS, JOB_PICTURE and cancel.
    state: Name of the state that it makes or changes.
    reading: What the prompt was understood to ask of the face, for people.
    position: Jobs before it; 0: it runs now.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("job", "u32", True),
        FieldSpec("state", "str", True),
        FieldSpec("reading", "str", True),
        FieldSpec("position", "u16", False),
    )
    job: int
    state: str
    reading: str
    position: int = 0


@dataclass(slots=True, kw_only=True)
class PromptInfo:
    """How the server reads a prompt.

    reading: For people: the action units found, and words not understood.
    action_units: Number of a FACS action unit, as text -> strength 0..1.
    unknown: Words that the reading leaves out.
    name: The name that a state made from it gets if none is given.
    valence: -1 unpleasant .. 1 pleasant.
    arousal: -1 calm .. 1 excited.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("reading", "str", True),
        FieldSpec("action_units", "map<f32>", True),
        FieldSpec("unknown", "list<str>", True),
        FieldSpec("name", "str", True),
        FieldSpec("valence", "f32", True),
        FieldSpec("arousal", "f32", True),
    )
    reading: str
    action_units: dict[str, float]
    unknown: list[str]
    name: str
    valence: float
    arousal: float


@dataclass(slots=True, kw_only=True)
class EditorInfo:
    """An editor that can change pictures by words.

    title: For people.
    ready: Whether this server can use it now.
    default: Whether it is used when none is named.
    note: Why it is not ready and what to do, or its licence.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("name", "str", True),
        FieldSpec("title", "str", True),
        FieldSpec("ready", "bool", True),
        FieldSpec("default", "bool", True),
        FieldSpec("note", "str", False),
    )
    name: str
    title: str
    ready: bool
    default: bool
    note: str = ""


@dataclass(slots=True, kw_only=True)
class StateVersion:
    """One version of a state that the server keeps.

    version: Rises with every version of the state; never given twice.
    time: When it was saved: seconds since 1970 (UTC); 0: not known.
    prompt: The words it was made from; may be empty.
    editor: The editor it was made with, if any.
    current: Whether this is the version in use.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("version", "u32", True),
        FieldSpec("time", "u64", True),
        FieldSpec("prompt", "str", False),
        FieldSpec("editor", "str", False),
        FieldSpec("current", "bool", True),
    )
    version: int
    time: int
    prompt: str = ""
    editor: str = ""
    current: bool


@dataclass(slots=True, kw_only=True)
class IdleSettings:
    """What the avatar does by itself. Amounts: 0 off, 1 natural, up to 2.
    """

    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("enabled", "bool", False),
        FieldSpec("blinks", "f32", False),
        FieldSpec("breathing", "f32", False),
        FieldSpec("micro_motion", "f32", False),
        FieldSpec("gaze", "f32", False),
    )
    enabled: bool = True
    blinks: float = 1.0
    breathing: float = 1.0
    micro_motion: float = 1.0
    gaze: float = 1.0


@dataclass(slots=True, kw_only=True)
class Hello:
    """First message of a client.

    versions: Protocol versions the client speaks.
    client: Name and version of the program.
    """

    TYPE: ClassVar[MessageType] = MessageType.HELLO
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("versions", "list<u8>", True),
        FieldSpec("client", "str", False),
        FieldSpec("capabilities", "u32", False),
    )
    versions: list[int]
    client: str = ""
    capabilities: int = 0


@dataclass(slots=True, kw_only=True)
class Welcome:
    """Answer to HELLO; MANIFEST follows.

    version: The version both will speak.
    session: Changes when the server restarts: slots of another session mean nothing.
    time: Server clock, microseconds.
    fps: Frames a second of the stream.
    """

    TYPE: ClassVar[MessageType] = MessageType.WELCOME
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("version", "u8", True),
        FieldSpec("server", "str", False),
        FieldSpec("session", "str", False),
        FieldSpec("capabilities", "u32", False),
        FieldSpec("time", "u64", True),
        FieldSpec("fps", "f32", True),
    )
    version: int
    server: str = ""
    session: str = ""
    capabilities: int = 0
    time: int
    fps: float


@dataclass(slots=True, kw_only=True)
class Manifest:
    """Every avatar that is ready, perhaps none yet; replaces any earlier manifest.
    """

    TYPE: ClassVar[MessageType] = MessageType.MANIFEST
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("revision", "u32", True),
        FieldSpec("avatars", "list<AvatarInfo>", True),
    )
    revision: int
    avatars: list[AvatarInfo]


@dataclass(slots=True, kw_only=True)
class BlobGet:
    """Asks for a range of a blob; answered by BLOB_CHUNKs.

    length: Null: to the end.
    id: Comes back in the ERROR if the blob cannot be sent; shares its numbers with COMMAND.
    """

    TYPE: ClassVar[MessageType] = MessageType.BLOB_GET
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("sha256", "sha256", True),
        FieldSpec("offset", "u32", False),
        FieldSpec("length", "u32?", False),
        FieldSpec("id", "u32?", False),
    )
    sha256: str
    offset: int = 0
    length: int | None = None
    id: int | None = None


@dataclass(slots=True, kw_only=True)
class BlobChunk:
    """A piece of a blob in one raw buffer, in order of offset.

    size: Bytes of the whole blob.
    """

    TYPE: ClassVar[MessageType] = MessageType.BLOB_CHUNK
    BUFFERS: ClassVar[tuple[int, int]] = (1, 1)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("sha256", "sha256", True),
        FieldSpec("offset", "u32", True),
        FieldSpec("size", "u32", True),
    )
    sha256: str
    offset: int
    size: int


@dataclass(slots=True, kw_only=True)
class StatePut:
    """A state is new or changed. With a raw buffer: its delta blob. Provisional ones may be skipped by the server when newer ones exist.
    """

    TYPE: ClassVar[MessageType] = MessageType.STATE_PUT
    BUFFERS: ClassVar[tuple[int, int]] = (0, 1)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("avatar", "u16", True),
        FieldSpec("state", "StateInfo", True),
        FieldSpec("provisional", "bool", False),
    )
    avatar: int
    state: StateInfo
    provisional: bool = False


@dataclass(slots=True, kw_only=True)
class StateCommit:
    """The state is final at this revision. Reliable and ordered.

    state_revision: The avatar's, as in FRAME from now on.
    """

    TYPE: ClassVar[MessageType] = MessageType.STATE_COMMIT
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("avatar", "u16", True),
        FieldSpec("state", "StateInfo", True),
        FieldSpec("state_revision", "u32", True),
    )
    avatar: int
    state: StateInfo
    state_revision: int


@dataclass(slots=True, kw_only=True)
class Frame:
    """One instant of one avatar; binary body, see `frame`. Lossy.
    """

    TYPE: ClassVar[MessageType] = MessageType.FRAME
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
    )


@dataclass(slots=True, kw_only=True)
class FrameAck:
    """Header only: seq is the highest frame applied or superseded.
    """

    TYPE: ClassVar[MessageType] = MessageType.FRAME_ACK
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
    )


@dataclass(slots=True, kw_only=True)
class Command:
    """Asks the server to do something; answered by RESULT or ERROR with the same id.
    """

    TYPE: ClassVar[MessageType] = MessageType.COMMAND
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("id", "u32", True),
        FieldSpec("name", "str", True),
        FieldSpec("arguments", "map<any>", False),
    )
    id: int
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Result:
    """A command succeeded.

    value: See the command's `result`.
    """

    TYPE: ClassVar[MessageType] = MessageType.RESULT
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("id", "u32", True),
        FieldSpec("value", "any", False),
    )
    id: int
    value: Any = None


@dataclass(slots=True, kw_only=True)
class Error:
    """A command or BLOB_GET failed (its id), or the connection has a problem (no id).

    message: One sentence for people.
    """

    TYPE: ClassVar[MessageType] = MessageType.ERROR
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("id", "u32?", False),
        FieldSpec("code", "u16", True),
        FieldSpec("message", "str", True),
        FieldSpec("retryable", "bool", False),
    )
    id: int | None = None
    code: int
    message: str
    retryable: bool = False


@dataclass(slots=True, kw_only=True)
class JobProgress:
    """How far a long job is.

    stage: queued, running, done, failed, cancelled, or a stage of the job.
    progress: 0..1.
    avatar: Slot of the avatar it works on.
    state: Edits: name of the state that is made or changed.
    prompt: Edits: the words it is made from.
    position: Jobs before it; 0: it runs.
    done: Pictures edited so far.
    total: Pictures to edit; 0: not known yet.
    step: Step of the optimiser.
    steps: Steps that the optimiser will take; 0: not known yet.
    loss: What the optimiser minimises, as of that step.
    """

    TYPE: ClassVar[MessageType] = MessageType.JOB_PROGRESS
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("job", "u32", True),
        FieldSpec("kind", "str", False),
        FieldSpec("stage", "str", False),
        FieldSpec("progress", "f32", True),
        FieldSpec("message", "str", False),
        FieldSpec("seconds_left", "f32?", False),
        FieldSpec("avatar", "u16?", False),
        FieldSpec("state", "str", False),
        FieldSpec("prompt", "str", False),
        FieldSpec("position", "u16", False),
        FieldSpec("done", "u32", False),
        FieldSpec("total", "u32", False),
        FieldSpec("step", "u32", False),
        FieldSpec("steps", "u32", False),
        FieldSpec("loss", "f32?", False),
    )
    job: int
    kind: str = ""
    stage: str = ""
    progress: float
    message: str = ""
    seconds_left: float | None = None
    avatar: int | None = None
    state: str = ""
    prompt: str = ""
    position: int = 0
    done: int = 0
    total: int = 0
    step: int = 0
    steps: int = 0
    loss: float | None = None


@dataclass(slots=True, kw_only=True)
class Ping:
    """Asks for the other's clock.

    time: Sender's clock, microseconds.
    """

    TYPE: ClassVar[MessageType] = MessageType.PING
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("time", "u64", True),
    )
    time: int


@dataclass(slots=True, kw_only=True)
class Pong:
    """Answer to PING.

    time: Copied from PING.
    peer_time: Answerer's clock, microseconds.
    """

    TYPE: ClassVar[MessageType] = MessageType.PONG
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("time", "u64", True),
        FieldSpec("peer_time", "u64", True),
    )
    time: int
    peer_time: int


@dataclass(slots=True, kw_only=True)
class Status:
    """What is playing now; sent whenever it changes, and after MANIFEST once an avatar is ready.

    avatar: Slot of the avatar being streamed.
    motion: Null: idle behaviour only.
    position: Seconds into the motion at `time`.
    time: Server clock, microseconds.
    targets: State name -> weight it is moving to, before the sum is limited to 1.
    """

    TYPE: ClassVar[MessageType] = MessageType.STATUS
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("avatar", "u16", True),
        FieldSpec("motion", "str?", False),
        FieldSpec("playing", "bool", True),
        FieldSpec("loop", "bool", False),
        FieldSpec("speed", "f32", False),
        FieldSpec("position", "f32", False),
        FieldSpec("time", "u64", True),
        FieldSpec("targets", "map<f32>", False),
        FieldSpec("idle", "IdleSettings", True),
    )
    avatar: int
    motion: str | None = None
    playing: bool
    loop: bool = True
    speed: float = 1.0
    position: float = 0.0
    time: int
    targets: dict[str, float] = field(default_factory=dict)
    idle: IdleSettings


@dataclass(slots=True, kw_only=True)
class Bye:
    """The connection is about to be closed on purpose.

    code: 0, or an error code.
    """

    TYPE: ClassVar[MessageType] = MessageType.BYE
    BUFFERS: ClassVar[tuple[int, int]] = (0, 0)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("code", "u16", False),
        FieldSpec("message", "str", False),
    )
    code: int = 0
    message: str = ""


@dataclass(slots=True, kw_only=True)
class JobPicture:
    """One edited picture of a job, small: the raw buffers are it before and after, each a PNG or JPEG file.

    index: From 0.
    count: Pictures of the job.
    name: Which frame and view it shows.
    width: Pixels, at most 128.
    height: Pixels, at most 128.
    """

    TYPE: ClassVar[MessageType] = MessageType.JOB_PICTURE
    BUFFERS: ClassVar[tuple[int, int]] = (2, 2)
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("job", "u32", True),
        FieldSpec("index", "u32", True),
        FieldSpec("count", "u32", True),
        FieldSpec("name", "str", False),
        FieldSpec("width", "u16", True),
        FieldSpec("height", "u16", True),
    )
    job: int
    index: int
    count: int
    name: str = ""
    width: int
    height: int


@dataclass(slots=True, kw_only=True)
class ListAvatarsCommand:
    """Avatars on this server.
    """

    NAME: ClassVar[str] = "list_avatars"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
    )


@dataclass(slots=True, kw_only=True)
class ListStatesCommand:
    """Emotion states of an avatar.

    avatar: Null: the one being streamed.
    """

    NAME: ClassVar[str] = "list_states"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("avatar", "str?", False),
    )
    avatar: str | None = None


@dataclass(slots=True, kw_only=True)
class ListMotionsCommand:
    """Motions of an avatar.
    """

    NAME: ClassVar[str] = "list_motions"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("avatar", "str?", False),
    )
    avatar: str | None = None


@dataclass(slots=True, kw_only=True)
class GetStatusCommand:
    """What is playing.
    """

    NAME: ClassVar[str] = "get_status"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
    )


@dataclass(slots=True, kw_only=True)
class SelectAvatarCommand:
    """Stream this avatar.
    """

    NAME: ClassVar[str] = "select_avatar"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("avatar", "str", True),
    )
    avatar: str


@dataclass(slots=True, kw_only=True)
class SetWeightsCommand:
    """Move emotion weights to new values.

    weights: State name -> 0..1.
    duration: Seconds.
    exclusive: States not named move to 0; otherwise they stay.
    """

    NAME: ClassVar[str] = "set_weights"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("weights", "map<f32>", True),
        FieldSpec("duration", "f32", False),
        FieldSpec("easing", "easing", False),
        FieldSpec("exclusive", "bool", False),
    )
    weights: dict[str, float]
    duration: float = 0.4
    easing: str = "smoothstep"
    exclusive: bool = False


@dataclass(slots=True, kw_only=True)
class PlayCommand:
    """Play, from where it stands.

    loop: Whether the motion repeats; null: as it is.
    speed: 1 is real time.
    """

    NAME: ClassVar[str] = "play"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("loop", "bool?", False),
        FieldSpec("speed", "f32?", False),
    )
    loop: bool | None = None
    speed: float | None = None


@dataclass(slots=True, kw_only=True)
class PauseCommand:
    """Hold the motion where it is.
    """

    NAME: ClassVar[str] = "pause"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
    )


@dataclass(slots=True, kw_only=True)
class SetLoopCommand:
    """Choose whether the motion repeats; it plays on or stays paused as it was.
    """

    NAME: ClassVar[str] = "set_loop"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("loop", "bool", True),
    )
    loop: bool


@dataclass(slots=True, kw_only=True)
class SeekCommand:
    """Jump within the motion.

    position: Seconds.
    """

    NAME: ClassVar[str] = "seek"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("position", "f32", True),
    )
    position: float


@dataclass(slots=True, kw_only=True)
class ChooseMotionCommand:
    """Play another motion from its start.

    motion: Null: none, idle behaviour only.
    blend: Seconds of cross-fade.
    """

    NAME: ClassVar[str] = "choose_motion"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("motion", "str?", True),
        FieldSpec("loop", "bool", False),
        FieldSpec("blend", "f32", False),
    )
    motion: str | None
    loop: bool = True
    blend: float = 0.3


@dataclass(slots=True, kw_only=True)
class SetIdleCommand:
    """Change the idle behaviour; null leaves a setting as it is.
    """

    NAME: ClassVar[str] = "set_idle"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("enabled", "bool?", False),
        FieldSpec("blinks", "f32?", False),
        FieldSpec("breathing", "f32?", False),
        FieldSpec("micro_motion", "f32?", False),
        FieldSpec("gaze", "f32?", False),
    )
    enabled: bool | None = None
    blinks: float | None = None
    breathing: float | None = None
    micro_motion: float | None = None
    gaze: float | None = None


@dataclass(slots=True, kw_only=True)
class EditCommand:
    """Make or change an emotion state from words. Needs the EDIT capability.

    state: Name of the state to make or change; null: made from the prompt.
    avatar: Null: the one being streamed.
    editor: Null: the server's choice.
    negative: What pictures must not show, for editors that take it.
    intensity: How strongly the prompt is meant: above 0, up to 1.5.
    views: Cameras around the head; null: the server's choice.
    frames: Instants of the motion; null: the server's choice.
    """

    NAME: ClassVar[str] = "edit"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("prompt", "str", True),
        FieldSpec("state", "str?", False),
        FieldSpec("avatar", "str?", False),
        FieldSpec("editor", "str?", False),
        FieldSpec("negative", "str", False),
        FieldSpec("intensity", "f32", False),
        FieldSpec("seed", "u32", False),
        FieldSpec("views", "u16?", False),
        FieldSpec("frames", "u16?", False),
    )
    prompt: str
    state: str | None = None
    avatar: str | None = None
    editor: str | None = None
    negative: str = ""
    intensity: float = 1.0
    seed: int = 0
    views: int | None = None
    frames: int | None = None


@dataclass(slots=True, kw_only=True)
class CancelCommand:
    """Stop a job that waits or runs. Needs the EDIT capability.
    """

    NAME: ClassVar[str] = "cancel"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("job", "u32", True),
    )
    job: int


@dataclass(slots=True, kw_only=True)
class ReadPromptCommand:
    """Read a prompt without doing anything. Needs the EDIT capability.
    """

    NAME: ClassVar[str] = "read_prompt"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("prompt", "str", True),
    )
    prompt: str


@dataclass(slots=True, kw_only=True)
class ListEditorsCommand:
    """Editors of this server. Needs the EDIT capability.
    """

    NAME: ClassVar[str] = "list_editors"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
    )


@dataclass(slots=True, kw_only=True)
class RenameStateCommand:
    """Give a state another name; it keeps its slot. Needs the EDIT capability.

    name: The new name.
    """

    NAME: ClassVar[str] = "rename_state"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("state", "str", True),
        FieldSpec("name", "str", True),
        FieldSpec("avatar", "str?", False),
    )
    state: str
    name: str
    avatar: str | None = None


@dataclass(slots=True, kw_only=True)
class DeleteStateCommand:
    """Remove a state and its earlier versions. Needs the EDIT capability.
    """

    NAME: ClassVar[str] = "delete_state"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("state", "str", True),
        FieldSpec("avatar", "str?", False),
    )
    state: str
    avatar: str | None = None


@dataclass(slots=True, kw_only=True)
class ListHistoryCommand:
    """Versions of a state, the newest first. Needs the EDIT capability.
    """

    NAME: ClassVar[str] = "list_history"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("state", "str", True),
        FieldSpec("avatar", "str?", False),
    )
    state: str
    avatar: str | None = None


@dataclass(slots=True, kw_only=True)
class RevertStateCommand:
    """Put an earlier version of a state in use again; the present one is kept. Needs the EDIT capability.
    """

    NAME: ClassVar[str] = "revert_state"
    FIELDS: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec("state", "str", True),
        FieldSpec("version", "u32", True),
        FieldSpec("avatar", "str?", False),
    )
    state: str
    version: int
    avatar: str | None = None


STRUCTS: dict[str, type] = {
    "BlobRef": BlobRef,
    "HeadInfo": HeadInfo,
    "Counts": Counts,
    "FrameField": FrameField,
    "FrameLayout": FrameLayout,
    "StateInfo": StateInfo,
    "MotionInfo": MotionInfo,
    "AvatarInfo": AvatarInfo,
    "EditStarted": EditStarted,
    "PromptInfo": PromptInfo,
    "EditorInfo": EditorInfo,
    "StateVersion": StateVersion,
    "IdleSettings": IdleSettings,
}

MESSAGES: dict[int, type] = {
    1: Hello,
    2: Welcome,
    3: Manifest,
    4: BlobGet,
    5: BlobChunk,
    6: StatePut,
    7: StateCommit,
    8: Frame,
    9: FrameAck,
    10: Command,
    11: Result,
    12: Error,
    13: JobProgress,
    14: Ping,
    15: Pong,
    16: Status,
    17: Bye,
    18: JobPicture,
}

COMMANDS: dict[str, type] = {
    "list_avatars": ListAvatarsCommand,
    "list_states": ListStatesCommand,
    "list_motions": ListMotionsCommand,
    "get_status": GetStatusCommand,
    "select_avatar": SelectAvatarCommand,
    "set_weights": SetWeightsCommand,
    "play": PlayCommand,
    "pause": PauseCommand,
    "set_loop": SetLoopCommand,
    "seek": SeekCommand,
    "choose_motion": ChooseMotionCommand,
    "set_idle": SetIdleCommand,
    "edit": EditCommand,
    "cancel": CancelCommand,
    "read_prompt": ReadPromptCommand,
    "list_editors": ListEditorsCommand,
    "rename_state": RenameStateCommand,
    "delete_state": DeleteStateCommand,
    "list_history": ListHistoryCommand,
    "revert_state": RevertStateCommand,
}

BLOBS: dict[str, BlobSpec] = {
    "head": BlobSpec(
        name="head",
        number=1,
        dimensions={
            "V": 1048576,
            "F": 2097152,
            "J": 64,
            "E": 1024,
            "C": 1024,
            "VB": 1048576,
            "M8": 268435456,
            "M16": 268435456,
        },
        header=(
            FieldSpec("dimensions", "map<u32>", True),
            FieldSpec("hash", "str", True),
            FieldSpec("expression_range", "list<f32>?", False),
            FieldSpec("region_names", "list<str>", False),
        ),
        arrays=(
            ArraySpec("template", "f32", "", ("V", 3)),
            ArraySpec("triangles", "index", "V", ("F", 3)),
            ArraySpec("parents", "i32", "", ("J",)),
            ArraySpec("rest_joints", "f32", "", ("J", 3)),
            ArraySpec("joint_shifts", "f32", "", ("E", "J", 3)),
            ArraySpec("skin_weights", "u16", "", ("V", "J")),
            ArraySpec("regions", "u8", "", ("V",)),
            ArraySpec("component_scales", "f32", "", ("C",)),
            ArraySpec("component_wide", "u8", "", ("C",)),
            ArraySpec("component_masks", "u8", "", ("C", "VB")),
            ArraySpec("values8", "i8", "", ("M8", 3)),
            ArraySpec("values16", "i16", "", ("M16", 3)),
        ),
    ),
    "splats": BlobSpec(
        name="splats",
        number=2,
        dimensions={
            "N": 4194304,
            "F": 2097152,
            "K": 1024,
        },
        header=(
            FieldSpec("dimensions", "map<u32>", True),
            FieldSpec("position_min", "list<f32>", True),
            FieldSpec("position_step", "list<f32>", True),
            FieldSpec("log_scale_min", "list<f32>", True),
            FieldSpec("log_scale_step", "list<f32>", True),
        ),
        arrays=(
            ArraySpec("position", "u16", "", ("N", 3)),
            ArraySpec("triangle", "index", "F", ("N",)),
            ArraySpec("rotation", "u32", "", ("N",)),
            ArraySpec("log_scale", "u8", "", ("N", 3)),
            ArraySpec("opacity", "u8", "", ("N",)),
            ArraySpec("color", "u8", "", ("N", "K", 3)),
            ArraySpec("color_levels", "f32", "", ("K", 3, 256)),
        ),
    ),
    "delta": BlobSpec(
        name="delta",
        number=3,
        dimensions={
            "N": 4194304,
            "NB": 4194304,
            "M": 4194304,
            "R": 1024,
            "R8": 1024,
            "H": 1024,
            "K": 1024,
            "E": 1024,
        },
        header=(
            FieldSpec("dimensions", "map<u32>", True),
        ),
        arrays=(
            ArraySpec("expression", "f32", "", ("E",)),
            ArraySpec("jaw", "f32", "", (3,)),
            ArraySpec("basis", "f32", "", ("R", "K", 3)),
            ArraySpec("mask", "u8", "", ("NB",)),
            ArraySpec("values8", "i8", "", ("M", "R8")),
            ArraySpec("values4", "u8", "", ("M", "H")),
        ),
    ),
}
