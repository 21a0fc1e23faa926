"""One WebSocket client: what it may send us, what waits for it, and what it has not read yet.

Three kinds of outgoing data, none of which can grow without bound:

- reliable messages, in order; when too many wait, the client is disconnected and resyncs when it returns;
- latest-wins messages, where a newer one of the same key replaces one that still waits;
- bulk data, produced piece by piece as the client reads.

Frames are a fourth: they are never queued, see `credits`. Knows bytes, no message types.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import struct
from collections import deque
from collections.abc import Callable, Iterator

from websockets.asyncio.server import ServerConnection, broadcast
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from emoga_server.credits import FrameCredits
from emoga_server.limits import Limits, TokenBucket
from emoga_server.transport import Socket

_log = logging.getLogger("emoga.connection")

POLICY, INTERNAL, TRY_AGAIN = 1008, 1011, 1013
"""WebSocket close codes (RFC 6455 section 7.4, IANA registry)."""


def framed(data: bytes) -> bytes:
    """`data` as one WebSocket binary message from a server (RFC 6455 section 5.2): unmasked, whole."""
    size = len(data)
    if size < 126:
        return bytes((0x82, size)) + data
    if size < 65536:
        return struct.pack("!BBH", 0x82, 126, size) + data
    return struct.pack("!BBQ", 0x82, 127, size) + data


class Connection:
    """One client.

    Args:
        socket: the open WebSocket.
        fps: frames a second of the stream, for the credits.
        overflow: bytes of a last message to a client that falls too far behind.
        flood: bytes of a last message to a client that sends too much.
    """

    def __init__(
        self, socket: ServerConnection, limits: Limits, fps: float, overflow: bytes = b"", flood: bytes = b""
    ) -> None:
        self.socket = socket
        self.limits = limits
        self.credits = FrameCredits(fps, limits.min_frames_in_flight, limits.rtt_window_seconds)
        self.streaming = False
        """Whether frames are wanted; the owner sets it once the client knows what they mean."""
        self._overflow, self._flood = overflow, flood
        self._reliable: deque[bytes] = deque()
        self._reliable_bytes = 0
        self._latest: dict[str, bytes] = {}
        self._bulk: deque[Iterator[bytes]] = deque()
        self._wake = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._dropping: asyncio.Task[None] | None = None
        self._bucket = TokenBucket(limits.inbound_per_second, limits.inbound_burst, self._now())

    @property
    def is_open(self) -> bool:
        """Whether data can still be sent."""
        return self._dropping is None and self.socket.protocol.state is State.OPEN

    @property
    def dropped(self) -> bool:
        """Whether this side ended the connection."""
        return self._dropping is not None

    @property
    def backlog_bytes(self) -> int:
        """Bytes that wait here or in the socket's buffer."""
        return self._reliable_bytes + self.socket.transport.get_write_buffer_size()

    def send(self, data: bytes) -> None:
        """Sends reliably and in order; disconnects the client if too much is waiting already."""
        if not self.is_open:
            return
        if self._idle():
            broadcast([self.socket], data)
            return
        self._reliable.append(data)
        self._reliable_bytes += len(data)
        if len(
            self._reliable
        ) > self.limits.reliable_messages or self._reliable_bytes > self.limits.reliable_bytes + len(data):
            self.drop(TRY_AGAIN, "too far behind; reconnect", self._overflow)
            return
        self._start_sender()

    def send_latest(self, key: str, data: bytes) -> None:
        """Sends `data`, or replaces the unsent message of the same key by it."""
        if not self.is_open:
            return
        if self._idle():
            broadcast([self.socket], data)
            return
        self._latest[key] = data
        self._start_sender()

    def forget_latest(self, key: str) -> None:
        """Takes back what `send_latest` was given under `key` and has not sent yet."""
        self._latest.pop(key, None)

    def send_bulk(self, pieces: Iterator[bytes]) -> bool:
        """Sends messages from an iterator at the client's pace; False if too many such requests wait."""
        if len(self._bulk) >= self.limits.bulk_requests:
            return False
        self._bulk.append(pieces)
        self._start_sender()
        return True

    def drop(self, code: int, reason: str, last: bytes = b"") -> None:
        """Ends the connection soon, whether the client reads or not; `last` goes first if there is room."""
        if self._dropping is not None:
            return
        self._reliable.clear()
        self._latest.clear()
        self._bulk.clear()
        self._reliable_bytes = 0
        if (
            last
            and self.socket.protocol.state is State.OPEN
            and self.socket.transport.get_write_buffer_size() == 0
        ):
            broadcast([self.socket], last)
        _log.info("dropping %s: %s", self.socket.remote_address, reason)
        self._dropping = asyncio.get_running_loop().create_task(self._close(code, reason))

    def write(self, frame: bytes) -> None:
        """Puts an already framed message (see `framed`) on the socket: the same bytes for every client."""
        self.socket.transport.write(frame)

    def acknowledge(self, seq: int) -> None:
        """The client has seen every frame up to `seq`. Costs it nothing if such a frame was in flight."""
        if self.credits.acknowledge(seq, self._now()):
            self._bucket.put_back()

    async def run(self, receive: Callable[[bytes | str], None]) -> None:
        """Feeds received messages to `receive` until the connection ends; drops a client that floods.

        `receive` must not block; an exception out of it ends this connection only.
        """

        def admit(message: bytes | str) -> None:
            if self._dropping is not None:
                return
            if self._bucket.take(self._now()):
                try:
                    receive(message)
                except Exception:
                    _log.exception("a message could not be handled")
                    self.drop(INTERNAL, "the server failed; its log says why")
            else:
                self.drop(
                    POLICY, f"more than {self.limits.inbound_per_second:g} messages a second", self._flood
                )

        if isinstance(self.socket, Socket):
            self.socket.received = admit
        try:
            while self._dropping is None:
                admit(await self.socket.recv())  # what did not come whole: fragments, text
        except ConnectionClosed:
            pass
        finally:
            await self._finish()

    async def _finish(self) -> None:
        if self._sender:
            self._sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender
        if self._dropping:
            await self._dropping

    async def _close(self, code: int, reason: str) -> None:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self.socket.close(code, reason[:100]), 2.0)
        self.socket.transport.abort()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _idle(self) -> bool:
        """Nothing waits: data may go straight to the socket without overtaking anything."""
        waiting = self._reliable or self._latest or self._bulk
        return not waiting and self.socket.transport.get_write_buffer_size() < self.limits.write_buffer_bytes

    def _start_sender(self) -> None:
        self._wake.set()
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send_waiting())

    def _next(self) -> bytes | None:
        """What to send next: reliable before latest before bulk."""
        if self._reliable:
            data = self._reliable.popleft()
            self._reliable_bytes -= len(data)
            return data
        if self._latest:
            return self._latest.pop(next(iter(self._latest)))
        while self._bulk:
            piece = next(self._bulk[0], None)
            if piece is not None:
                return piece
            self._bulk.popleft()
        return None

    async def _send_waiting(self) -> None:
        try:
            while True:
                data = self._next()
                if data is None:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                async with asyncio.timeout(self.limits.stalled_seconds):
                    await self.socket.send(data)
        except TimeoutError:
            self.drop(TRY_AGAIN, "stopped reading")
        except ConnectionClosed:
            pass
