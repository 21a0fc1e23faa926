"""HTTP/1.1 on the WebSocket port: keep-alive, HEAD, byte ranges, bodies sent at the reader's pace.

Knows sockets and headers, not avatars. A request that asks to become a WebSocket is handed on with its
bytes, so that HTTP and WebSocket share one port.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, unquote, urlsplit

from emoga_server.limits import Limits

Body = bytes | memoryview


class BadRequest(Exception):
    """A request that cannot be answered as it stands."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True)
class Request:
    """One parsed request head. Header names are lower case; the path is decoded and has no query."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    keep_alive: bool

    @property
    def bearer(self) -> str | None:
        """The token of `Authorization: Bearer TOKEN` or of the query's `token`."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        return value.strip() if scheme.lower() == "bearer" else self.query.get("token")


@dataclass
class Response:
    """Status, headers and body; `Content-Length` and `Connection` are added when it is sent."""

    status: HTTPStatus
    body: Body = b""
    headers: dict[str, str] = field(default_factory=dict)


def text(status: HTTPStatus, message: str, content_type: str = "text/plain; charset=utf-8") -> Response:
    """A short answer in words."""
    return Response(status, message.encode(), {"Content-Type": content_type, "Cache-Control": "no-store"})


def parse_head(head: bytes) -> Request:
    """Parses a request line and headers (without the final empty line).

    Raises:
        BadRequest: not HTTP/1.x, an illegal header, a body, or more than one Host.
    """
    try:
        lines = head.decode("latin-1").split("\r\n")
        method, target, version = lines[0].split(" ")
    except ValueError:
        raise BadRequest(HTTPStatus.BAD_REQUEST, "malformed request line") from None
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise BadRequest(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 only")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or "\0" in value:
            raise BadRequest(HTTPStatus.BAD_REQUEST, "malformed header")
        name = name.lower()
        if name == "host" and name in headers:
            raise BadRequest(HTTPStatus.BAD_REQUEST, "two Host headers")
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise BadRequest(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "this server reads no request body",
        )
    try:
        parts = urlsplit(target)
    except ValueError:
        raise BadRequest(HTTPStatus.BAD_REQUEST, "malformed target") from None
    query = {name: values[0] for name, values in parse_qs(parts.query, max_num_fields=32).items()}
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection if version == "HTTP/1.1" else "keep-alive" in connection
    return Request(method, unquote(parts.path), query, headers, keep_alive)


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The half-open range [start, stop) that a Range header asks for, None for the whole body.

    Several ranges, other units and malformed values are ignored, as RFC 9110 section 14.2 allows.

    Raises:
        BadRequest: 416, the range lies beyond the end.

    >>> byte_range("bytes=2-5", 10), byte_range("bytes=-3", 10), byte_range(None, 10)
    ((2, 6), (7, 10), None)
    """
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", (header or "").replace(" ", ""))
    if not match or not (match[1] or match[2]):
        return None
    if not match[1]:
        length = int(match[2])
        if length == 0:
            raise BadRequest(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "empty range")
        return max(0, size - length), size
    start, stop = int(match[1]), min(size, int(match[2]) + 1) if match[2] else size
    if match[2] and int(match[2]) < start:
        return None
    if start >= size:
        raise BadRequest(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "range beyond the end")
    return start, stop


def with_validators(request: Request, body: Body, etag: str, headers: Mapping[str, str]) -> Response:
    """Answers a GET or HEAD for `body` with ETag, If-None-Match and one byte range (If-Range included)."""
    common = {**headers, "ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
    known = request.headers.get("if-none-match", "")
    if known.strip() == "*" or f'"{etag}"' in [part.strip().removeprefix("W/") for part in known.split(",")]:
        return Response(HTTPStatus.NOT_MODIFIED, b"", common)
    wanted = request.headers.get("range")
    if request.headers.get("if-range", f'"{etag}"') != f'"{etag}"':
        wanted = None
    try:
        span = byte_range(wanted, len(body))
    except BadRequest as error:
        return Response(
            error.status, error.message.encode(), {**common, "Content-Range": f"bytes */{len(body)}"}
        )
    if span is None:
        return Response(HTTPStatus.OK, body, common)
    start, stop = span
    common["Content-Range"] = f"bytes {start}-{stop - 1}/{len(body)}"
    return Response(HTTPStatus.PARTIAL_CONTENT, memoryview(body)[start:stop], common)


class HttpConnection(asyncio.Protocol):
    """One accepted socket until it closes or becomes a WebSocket.

    Args:
        handle: answers a request; called in the event loop, must not block.
        upgrade: makes the protocol that takes over a WebSocket request, or a Response that refuses it.
        opened, closed: told when the socket opens and ends as HTTP (not after an upgrade).
    """

    def __init__(
        self,
        handle: Callable[[Request], Response],
        upgrade: Callable[[Request], asyncio.Protocol | Response],
        limits: Limits,
        opened: Callable[[HttpConnection], None],
        closed: Callable[[HttpConnection], None],
    ) -> None:
        self._handle, self._upgrade, self._limits = handle, upgrade, limits
        self._opened, self._closed = opened, closed
        self._buffer = bytearray()
        self._writable = asyncio.Event()
        self._writable.set()
        self._answering: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=self._limits.write_buffer_bytes)
        self._wait(self._limits.request_seconds)
        self._opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        self._writable.set()
        if self._answering:
            self._answering.cancel()
        self._closed(self)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._answering is None:
            self._next()
        elif len(self._buffer) > self._limits.request_head_bytes:
            self.transport.pause_reading()

    def close(self) -> None:
        """Ends the connection without waiting for the rest of an answer."""
        self.transport.abort()

    def _wait(self, seconds: float | None) -> None:
        """The socket is closed unless something happens within `seconds`."""
        if self._deadline:
            self._deadline.cancel()
        self._deadline = None
        if seconds is not None:
            self._deadline = asyncio.get_running_loop().call_later(seconds, self.close)

    def _next(self) -> None:
        """Takes the next request out of the buffer, if a whole head has arrived."""
        end = self._buffer.find(b"\r\n\r\n", 0, self._limits.request_head_bytes)
        if end < 0:
            if len(self._buffer) >= self._limits.request_head_bytes:
                self._refuse(BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "request head too large"))
            return
        self._wait(None)
        try:
            request = parse_head(bytes(self._buffer[:end]))
            if "websocket" in request.headers.get("upgrade", "").lower():
                refusal = self._hand_over(request)
                if refusal is None:
                    return
                self._answer(request, refusal, last=True)
                return
        except (BadRequest, ValueError) as error:
            bad = (
                error
                if isinstance(error, BadRequest)
                else BadRequest(HTTPStatus.BAD_REQUEST, "malformed request")
            )
            self._refuse(bad)
            return
        del self._buffer[: end + 4]
        self._answer(request, self._handle(request), last=not request.keep_alive)

    def _hand_over(self, request: Request) -> Response | None:
        """Gives socket and bytes to a WebSocket protocol; returns the answer if it refuses."""
        protocol = self._upgrade(request)
        if isinstance(protocol, Response):
            return protocol
        self._closed(self)
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        protocol.data_received(bytes(self._buffer))
        return None

    def _refuse(self, error: BadRequest) -> None:
        self._wait(None)
        request = Request("GET", "/", {}, {}, False)
        self._answer(request, text(error.status, f"{error.message}\n"), last=True)

    def _answer(self, request: Request, response: Response, *, last: bool) -> None:
        self._answering = asyncio.get_running_loop().create_task(self._send(request, response, last))

    async def _send(self, request: Request, response: Response, last: bool) -> None:
        """Writes head and body in pieces, waiting for the reader; then takes the next request or closes."""
        headers = {"X-Content-Type-Options": "nosniff", **response.headers}
        if response.status != HTTPStatus.NOT_MODIFIED:
            headers["Content-Length"] = str(len(response.body))
        headers["Connection"] = "close" if last else "keep-alive"
        lines = [f"HTTP/1.1 {response.status.value} {response.status.phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.transport.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        if request.method != "HEAD":
            body, step = memoryview(response.body), self._limits.chunk_bytes
            for start in range(0, len(body), step):
                if not await self._drained():
                    return
                self.transport.write(body[start : start + step])
        if not await self._drained():
            return
        self._answering = None
        if last:
            self.transport.close()
            self._wait(self._limits.stalled_seconds)
            return
        self._wait(self._limits.keep_alive_seconds)
        self.transport.resume_reading()
        self._next()

    async def _drained(self) -> bool:
        """Waits until the socket takes more; gives up on a reader that has stopped."""
        try:
            await asyncio.wait_for(self._writable.wait(), self._limits.stalled_seconds)
        except TimeoutError:
            self.close()
        return not self.transport.is_closing()
