"""The dialogue with one client: HELLO first, then acknowledgements, blobs, commands and clock questions."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Awaitable, Iterator
from inspect import isawaitable
from typing import Any, Protocol

from emoga_protocol.codec import Envelope, decode, encode, parse_command
from emoga_protocol.errors import ProtocolError
from emoga_protocol.messages import (
    PROTOCOL_VERSION,
    BlobChunk,
    BlobGet,
    Bye,
    Capability,
    Command,
    Error,
    ErrorCode,
    Hello,
    MessageType,
    Ping,
    Pong,
    Result,
    Welcome,
)
from emoga_server.blobs import BlobStore
from emoga_server.connection import POLICY, Connection
from emoga_server.director import CommandError
from emoga_server.metrics import Metrics
from emoga_server.stage import clock, microseconds
from emoga_server.version import VERSION

_log = logging.getLogger("emoga.session")
_ACK = struct.Struct("<BBHIQ")
_ACK_START = _ACK.pack(PROTOCOL_VERSION, MessageType.FRAME_ACK, 0, 0, 0)[:2]

RETRYABLE = {ErrorCode.RATE_LIMITED, ErrorCode.BUSY, ErrorCode.JOB_FAILED, ErrorCode.RESYNC}
TOO_FAR_BEHIND = encode(Bye(code=ErrorCode.RESYNC, message="too far behind; reconnect for a fresh snapshot"))


def error_message(code: ErrorCode, message: str, identifier: int | None = None) -> bytes:
    """ERROR, encoded."""
    return encode(Error(id=identifier, code=code, message=message[:500], retryable=code in RETRYABLE))


TOO_MANY_MESSAGES = error_message(ErrorCode.RATE_LIMITED, "too many messages a second; slow down")


class Host(Protocol):
    """What a session needs of the server that it belongs to."""

    fps: float
    blobs: BlobStore
    metrics: Metrics

    @property
    def session(self) -> str:
        """Identifies this run of the server: slots of another one mean nothing."""
        ...

    @property
    def capabilities(self) -> int:
        """What the server can do, as WELCOME says it."""
        ...

    def snapshot(self, pictures: bool) -> Iterator[bytes]:
        """The messages that a client must have to follow the stream from here on."""
        ...

    def execute(self, command: Any, client: object) -> Any | Awaitable[Any]:
        """Carries out a client's command and returns its result, or what to wait for; raises CommandError."""
        ...


class Session:
    """One client from its first message to its last.

    Args:
        host: whose state the client sees and changes.
        connection: the client's connection; frames start once HELLO has been answered.
    """

    def __init__(self, host: Host, connection: Connection) -> None:
        self._host, self._connection = host, connection
        self._greeted = False
        self.client = ""
        self.inline_states = False
        """Whether the client takes delta blobs inside STATE_PUT."""
        self.pictures = False
        """Whether the client takes JOB_PICTURE."""
        self._pending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Talks until the connection ends."""
        limit = asyncio.get_running_loop().call_later(self._connection.limits.hello_seconds, self._too_late)
        try:
            await self._connection.run(self.receive)
        finally:
            limit.cancel()

    def _too_late(self) -> None:
        if not self._greeted:
            self._refuse(ErrorCode.BAD_MESSAGE, "no HELLO in time")

    def receive(self, data: bytes | str) -> None:
        """Handles one message; anything that is not the protocol ends the connection."""
        self._host.metrics.add("messages_received_total")
        if len(data) == _ACK.size and isinstance(data, bytes) and data[:2] == _ACK_START and self._greeted:
            self._connection.acknowledge(_ACK.unpack(data)[4])
            return
        try:
            if isinstance(data, str):
                raise ProtocolError("text messages are not part of the protocol")
            envelope = decode(data, max_bytes=self._connection.limits.inbound_message_bytes)
            self._handle(envelope)
        except ProtocolError as error:
            self._host.metrics.add("malformed_total")
            self._refuse(ErrorCode.BAD_MESSAGE, str(error))

    def _handle(self, envelope: Envelope) -> None:
        message = envelope.message
        if not self._greeted:
            if not isinstance(message, Hello):
                raise ProtocolError(f"expected HELLO first, got {envelope.type.name}")
            self._greet(message)
        elif isinstance(message, Command):
            self._command(message)
        elif isinstance(message, BlobGet):
            self._blob(message)
        elif isinstance(message, Ping):
            self._connection.send(encode(Pong(time=message.time, peer_time=microseconds(clock()))))
        elif isinstance(message, Bye):
            self._connection.drop(1000, "goodbye")
        elif envelope.type not in (MessageType.PONG, MessageType.FRAME_ACK):
            raise ProtocolError(f"{envelope.type.name} is not for clients to send here")

    def _greet(self, hello: Hello) -> None:
        if PROTOCOL_VERSION not in hello.versions:
            spoken = ", ".join(map(str, hello.versions)) or "none"
            message = f"this server speaks protocol version {PROTOCOL_VERSION}, the client {spoken}"
            self._refuse(ErrorCode.UNSUPPORTED_VERSION, message)
            return
        self._greeted = True
        self.client = hello.client[:80]
        self.inline_states = bool(hello.capabilities & Capability.INLINE_STATES)
        self.pictures = bool(hello.capabilities & Capability.JOB_PICTURES)
        self._connection.send(
            encode(
                Welcome(
                    version=PROTOCOL_VERSION,
                    server=f"emoga {VERSION}",
                    session=self._host.session,
                    capabilities=self._host.capabilities,
                    time=microseconds(clock()),
                    fps=self._host.fps,
                )
            )
        )
        # one go without awaiting: every change from here on reaches this client as a message of its own
        for snapshot in self._host.snapshot(self.pictures):
            self._connection.send(snapshot)
        self._connection.streaming = True

    def _command(self, message: Command) -> None:
        try:
            try:
                command: Any = parse_command(message)
            except ProtocolError as error:
                raise CommandError(ErrorCode.INVALID_ARGUMENT, str(error)) from None
            if len(self._pending) >= self._connection.limits.pending_commands:
                raise CommandError(ErrorCode.BUSY, "too many commands without an answer yet; wait for some")
            value = self._host.execute(command, self)
            if isawaitable(value):
                task = asyncio.ensure_future(self._answer(message, value))
                self._pending.add(task)
                task.add_done_callback(self._pending.discard)
            else:
                self._connection.send(encode(Result(id=message.id, value=value)))
        except CommandError as error:
            self._fail(message, error.code, str(error))

    async def _answer(self, message: Command, value: Awaitable[Any]) -> None:
        """Answers a command that takes a while; the client may be gone by then."""
        try:
            self._connection.send(encode(Result(id=message.id, value=await value)))
        except CommandError as error:
            self._fail(message, error.code, str(error))
        except Exception:
            _log.exception("command %s failed", message.name)
            self._fail(message, ErrorCode.INTERNAL, "the server failed; its log says why")

    def _blob(self, message: BlobGet) -> None:
        data = self._host.blobs.get(message.sha256)
        if data is None:
            self._fail(message, ErrorCode.NOT_FOUND, f"no blob {message.sha256}")
        elif message.offset > len(data):
            text = f"blob {message.sha256} has {len(data)} bytes, offset {message.offset} is beyond"
            self._fail(message, ErrorCode.INVALID_ARGUMENT, text)
        elif not self._connection.send_bulk(self._chunks(message, data)):
            self._fail(message, ErrorCode.BUSY, "too many blobs asked for at once; wait for some")

    def _fail(self, request: Command | BlobGet, code: ErrorCode, message: str) -> None:
        self._connection.send(error_message(code, message, request.id))

    def _chunks(self, message: BlobGet, data: bytes) -> Iterator[bytes]:
        stop = len(data) if message.length is None else min(len(data), message.offset + message.length)
        step, view = self._connection.limits.chunk_bytes, memoryview(data)
        for start in range(message.offset, max(stop, message.offset + 1), step):
            chunk = BlobChunk(sha256=message.sha256, offset=start, size=len(data))
            yield encode(chunk, buffers=[view[start : min(start + step, stop)]])

    def _refuse(self, code: ErrorCode, message: str) -> None:
        self._connection.drop(POLICY, message, error_message(code, message))
