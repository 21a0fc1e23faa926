"""A client in Python: follows a hub's stream and steers it. For scripts, tests and measurements.

async with Client.connect("ws://localhost:8765/ws") as client:
    await client.command(SetWeightsCommand(weights={"happy": 1.0}))
    frame = await client.next_frame()
    job = await client.edit("a subtle, tired smile")
    await client.wait(job.job)
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import ssl
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from emoga_protocol.codec import Envelope, decode, encode, encode_ack, make_command
from emoga_protocol.errors import ProtocolError
from emoga_protocol.frames import Frame, decode_frame
from emoga_protocol.messages import (
    PROTOCOL_VERSION,
    SUBPROTOCOL,
    TOKEN_SUBPROTOCOL_PREFIX,
    AvatarInfo,
    BlobGet,
    Hello,
    JobPicture,
    JobProgress,
    Limits,
    Manifest,
    MessageType,
    Ping,
    Pong,
    StateCommit,
    StateInfo,
    Status,
    Welcome,
)
from emoga_server.client_editing import EditingClient

_KEPT = 4096


class CommandFailed(Exception):
    """The server answered a command or a request for a blob with ERROR; `code` is one of ErrorCode."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Client(EditingClient):
    """One connection to a hub. Use `Client.connect`.

    Args:
        socket: an open WebSocket.
        acknowledge: whether to acknowledge frames, as every client should.
    """

    def __init__(self, socket: ClientConnection, acknowledge: bool = True) -> None:
        self.socket = socket
        self.acknowledge = acknowledge
        self._latest: dict[type, Any] = {}
        self.frames: deque[Frame] = deque(maxlen=_KEPT)
        """The last frames, the newest at the end."""
        self.frames_received = 0
        self.log: deque[Envelope] = deque(maxlen=_KEPT)
        """The last messages but FRAME and BLOB_CHUNK, in order of arrival."""
        self.jobs = {}
        self.pictures = {}
        self._changed = asyncio.Condition()
        self._ids = itertools.count(1)
        self._replies: dict[int, asyncio.Future[Any]] = {}
        self._blobs: dict[str, tuple[int, bytearray]] = {}
        self._since_ack = 0
        self._ack_at = 0.0
        self._reader: asyncio.Task[None] | None = None

    @staticmethod
    @contextlib.asynccontextmanager
    async def connect(
        url: str,
        token: str | None = None,
        origin: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        acknowledge: bool = True,
        name: str = "emoga python client",
        capabilities: int = 0,
    ) -> AsyncIterator[Client]:
        """Connects, says HELLO and waits for WELCOME and MANIFEST; reads in the background until the end."""
        protocols = [Subprotocol(SUBPROTOCOL)]
        if token is not None:
            protocols.append(Subprotocol(TOKEN_SUBPROTOCOL_PREFIX + token))
        async with connect(
            url,
            subprotocols=protocols,
            origin=Origin(origin) if origin else None,
            ssl=ssl_context,
            compression=None,
            max_size=Limits.MAX_MESSAGE_BYTES,
            proxy=None,
        ) as socket:
            client = Client(socket, acknowledge)
            client._reader = asyncio.create_task(client._read())
            try:
                await socket.send(
                    encode(Hello(versions=[PROTOCOL_VERSION], client=name, capabilities=capabilities))
                )
                await client.until(lambda: client.has(Manifest))
                yield client
            finally:
                client._reader.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionClosed):
                    await client._reader

    def has(self, kind: type) -> bool:
        """Whether a message of this class (Welcome, Manifest, Status, Pong) has arrived."""
        return kind in self._latest

    @property
    def welcome(self) -> Welcome:
        """The server's greeting."""
        return self._newest(Welcome)

    @property
    def manifest(self) -> Manifest:
        """The newest manifest, with the states committed since."""
        return self._newest(Manifest)

    @property
    def status(self) -> Status:
        """What is playing, as last heard."""
        return self._newest(Status)

    def _newest(self, kind: type) -> Any:
        if kind not in self._latest:
            raise ProtocolError(f"no {kind.__name__.upper()} has arrived yet")
        return self._latest[kind]

    @property
    def avatar(self) -> AvatarInfo:
        """The avatar that is streamed."""
        return next(avatar for avatar in self.manifest.avatars if avatar.slot == self.status.avatar)

    async def until(self, condition: Any, timeout: float = 10.0) -> None:
        """Waits until `condition()` holds; it is asked after every message.

        Raises:
            ConnectionClosed: the connection ended first.
            TimeoutError: it did not happen in time.
        """
        async with asyncio.timeout(timeout), self._changed:
            while not condition():
                if self._reader is not None and self._reader.done():
                    self._reader.result()
                await self._changed.wait()

    async def next_frame(self, timeout: float = 10.0) -> Frame:
        """The next frame to arrive."""
        count = self.frames_received
        await self.until(lambda: self.frames_received > count, timeout)
        return self.frames[count - self.frames_received]

    async def command(self, command: Any) -> Any:
        """Sends a command and returns its result.

        Raises:
            CommandFailed: the server answered with an error.
        """
        number = next(self._ids)
        return await self._answer(number, make_command(number, command), 10.0)

    async def blob(self, sha256: str, timeout: float = 30.0) -> bytes:
        """Fetches a blob over the WebSocket and checks its hash.

        Raises:
            CommandFailed: the server does not have it, or too many are on their way.
            ProtocolError: it arrived damaged.
        """
        number = next(self._ids)
        self._blobs[sha256] = (number, bytearray())
        try:
            data = await self._answer(number, BlobGet(sha256=sha256, id=number), timeout)
        finally:
            del self._blobs[sha256]
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ProtocolError(f"blob {sha256} arrived damaged")
        return data

    async def _answer(self, number: int, request: Any, timeout: float) -> Any:
        """Sends a request and waits for what `_replies` is told of its number."""
        self._replies[number] = reply = asyncio.get_running_loop().create_future()
        try:
            await self.socket.send(encode(request))
            return await asyncio.wait_for(reply, timeout)
        finally:
            del self._replies[number]

    async def ping(self) -> tuple[int, int]:
        """(our time as sent, server clock in microseconds)."""
        sent = int(asyncio.get_running_loop().time() * 1e6)
        await self.socket.send(encode(Ping(time=sent)))
        await self.until(lambda: self.has(Pong) and self._newest(Pong).time == sent)
        return sent, self._newest(Pong).peer_time

    async def _read(self) -> None:
        try:
            async for data in self.socket:
                if isinstance(data, str):
                    raise ProtocolError("the server sent text")
                await self._handle(decode(data))
        finally:
            for reply in self._replies.values():
                reply.cancel()
            async with self._changed:
                self._changed.notify_all()

    async def _handle(self, envelope: Envelope) -> None:
        message = envelope.message
        if envelope.type is MessageType.FRAME:
            await self._frame(envelope)
        elif envelope.type is MessageType.BLOB_CHUNK:
            self._chunk(message, envelope.buffers[0])
            return
        else:
            self.log.append(envelope)
        if isinstance(message, Welcome | Manifest | Status | Pong):
            self._latest[type(message)] = message
        elif isinstance(message, JobProgress):
            self.heard_of_job(message)
        elif isinstance(message, JobPicture):
            self.saw_picture(message, *map(bytes, envelope.buffers))
        elif isinstance(message, StateCommit):
            self._commit(message)
        elif envelope.type in (MessageType.RESULT, MessageType.ERROR):
            self._reply(message)
        async with self._changed:
            self._changed.notify_all()

    async def _frame(self, envelope: Envelope) -> None:
        for avatar in self.manifest.avatars if self.has(Manifest) else ():
            with contextlib.suppress(ProtocolError):
                frame = decode_frame(envelope, avatar.layout)
                if frame.avatar == avatar.slot:
                    self.frames.append(frame)
                    self.frames_received += 1
                    break
        self._since_ack += 1
        now = asyncio.get_running_loop().time()
        due = self._since_ack >= Limits.ACK_EVERY_FRAMES or now - self._ack_at >= Limits.ACK_EVERY_MS / 1000
        if self.acknowledge and due:
            self._since_ack, self._ack_at = 0, now
            with contextlib.suppress(ConnectionClosed):
                await self.socket.send(encode_ack(envelope.seq))

    def _commit(self, message: StateCommit) -> None:
        """Applies a committed state to the manifest, so that it stays the server's."""
        for avatar in self.manifest.avatars:
            if avatar.slot == message.avatar:
                others: list[StateInfo] = [s for s in avatar.states if s.slot != message.state.slot]
                avatar.states = sorted([*others, message.state], key=lambda s: s.slot)
                avatar.state_revision = message.state_revision

    def _reply(self, message: Any) -> None:
        reply = self._replies.get(message.id)
        if reply is None or reply.done():
            return
        if hasattr(message, "code"):
            reply.set_exception(CommandFailed(message.code, message.message))
        else:
            reply.set_result(message.value)

    def _chunk(self, message: Any, data: memoryview) -> None:
        entry = self._blobs.get(message.sha256)
        if entry is None:
            return
        number, received = entry
        if message.offset != len(received):
            raise ProtocolError(f"a piece of blob {message.sha256} is missing at byte {len(received)}")
        received += data
        reply = self._replies.get(number)
        if len(received) >= message.size and reply and not reply.done():
            reply.set_result(bytes(received))
