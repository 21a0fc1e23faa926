"""The generated definitions under their public name: numbers, limits, structs, messages, commands."""

from emoga_protocol._generated import (
    BLOB_MAGIC as BLOB_MAGIC,
)
from emoga_protocol._generated import (
    BLOB_PREFIX_SIZE as BLOB_PREFIX_SIZE,
)
from emoga_protocol._generated import (
    BLOB_VERSION as BLOB_VERSION,
)
from emoga_protocol._generated import (
    BLOBS as BLOBS,
)
from emoga_protocol._generated import (
    COMMANDS as COMMANDS,
)
from emoga_protocol._generated import (
    EASINGS as EASINGS,
)
from emoga_protocol._generated import (
    FRAME_MAX_INTEGER as FRAME_MAX_INTEGER,
)
from emoga_protocol._generated import (
    FRAME_PREFIX_SIZE as FRAME_PREFIX_SIZE,
)
from emoga_protocol._generated import (
    FRAME_RANGES as FRAME_RANGES,
)
from emoga_protocol._generated import (
    HEADER_SIZE as HEADER_SIZE,
)
from emoga_protocol._generated import (
    MESSAGES as MESSAGES,
)
from emoga_protocol._generated import (
    PROTOCOL_VERSION as PROTOCOL_VERSION,
)
from emoga_protocol._generated import (
    STRUCTS as STRUCTS,
)
from emoga_protocol._generated import (
    SUBPROTOCOL as SUBPROTOCOL,
)
from emoga_protocol._generated import (
    TOKEN_SUBPROTOCOL_PREFIX as TOKEN_SUBPROTOCOL_PREFIX,
)
from emoga_protocol._generated import (
    AvatarInfo as AvatarInfo,
)
from emoga_protocol._generated import (
    BlobChunk as BlobChunk,
)
from emoga_protocol._generated import (
    BlobGet as BlobGet,
)
from emoga_protocol._generated import (
    BlobRef as BlobRef,
)
from emoga_protocol._generated import (
    Bye as Bye,
)
from emoga_protocol._generated import (
    CancelCommand as CancelCommand,
)
from emoga_protocol._generated import (
    Capability as Capability,
)
from emoga_protocol._generated import (
    ChooseMotionCommand as ChooseMotionCommand,
)
from emoga_protocol._generated import (
    Command as Command,
)
from emoga_protocol._generated import (
    Counts as Counts,
)
from emoga_protocol._generated import (
    EditCommand as EditCommand,
)
from emoga_protocol._generated import (
    Error as Error,
)
from emoga_protocol._generated import (
    ErrorCode as ErrorCode,
)
from emoga_protocol._generated import (
    Frame as Frame,
)
from emoga_protocol._generated import (
    FrameAck as FrameAck,
)
from emoga_protocol._generated import (
    FrameField as FrameField,
)
from emoga_protocol._generated import (
    FrameFlag as FrameFlag,
)
from emoga_protocol._generated import (
    FrameLayout as FrameLayout,
)
from emoga_protocol._generated import (
    GetStatusCommand as GetStatusCommand,
)
from emoga_protocol._generated import (
    HeadInfo as HeadInfo,
)
from emoga_protocol._generated import (
    Hello as Hello,
)
from emoga_protocol._generated import (
    IdleSettings as IdleSettings,
)
from emoga_protocol._generated import (
    JobProgress as JobProgress,
)
from emoga_protocol._generated import (
    Limits as Limits,
)
from emoga_protocol._generated import (
    ListAvatarsCommand as ListAvatarsCommand,
)
from emoga_protocol._generated import (
    ListMotionsCommand as ListMotionsCommand,
)
from emoga_protocol._generated import (
    ListStatesCommand as ListStatesCommand,
)
from emoga_protocol._generated import (
    Manifest as Manifest,
)
from emoga_protocol._generated import (
    MessageType as MessageType,
)
from emoga_protocol._generated import (
    MotionInfo as MotionInfo,
)
from emoga_protocol._generated import (
    PauseCommand as PauseCommand,
)
from emoga_protocol._generated import (
    Ping as Ping,
)
from emoga_protocol._generated import (
    PlayCommand as PlayCommand,
)
from emoga_protocol._generated import (
    Pong as Pong,
)
from emoga_protocol._generated import (
    Result as Result,
)
from emoga_protocol._generated import (
    SeekCommand as SeekCommand,
)
from emoga_protocol._generated import (
    SelectAvatarCommand as SelectAvatarCommand,
)
from emoga_protocol._generated import (
    SetIdleCommand as SetIdleCommand,
)
from emoga_protocol._generated import (
    SetWeightsCommand as SetWeightsCommand,
)
from emoga_protocol._generated import (
    StateCommit as StateCommit,
)
from emoga_protocol._generated import (
    StateInfo as StateInfo,
)
from emoga_protocol._generated import (
    StatePut as StatePut,
)
from emoga_protocol._generated import (
    Status as Status,
)
from emoga_protocol._generated import (
    Welcome as Welcome,
)
