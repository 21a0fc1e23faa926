"""Sockets: one port for HTTP and WebSocket, who may come in, how many, and how all of it ends."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket as socketlib
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.frames import Frame, Opcode
from websockets.protocol import Event
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from emoga_server.errors import ServerError
from emoga_server.http import HttpConnection, Request, Response, text
from emoga_server.limits import Limits
from emoga_server.security import Security

_log = logging.getLogger("emoga.transport")
_quiet = logging.getLogger("emoga.websockets")
_quiet.setLevel(logging.CRITICAL)  # a stranger's broken handshake is not our error


class Socket(ServerConnection):
    """A WebSocket that hands whole binary messages on at once and says when it is gone.

    The usual way, a queue and a task that waits on it, costs three times as much per message; hundreds of
    clients that acknowledge frames twenty times a second make that the hub's largest expense. Messages in
    several fragments and text still go through the queue.
    """

    received: Callable[[bytes], None] | None = None
    """Called with each binary message; must not raise."""
    lost: Callable[[Socket], None]

    def process_event(self, event: Event) -> None:
        if (
            self.received is not None
            and isinstance(event, Frame)
            and event.opcode is Opcode.BINARY
            and event.fin
        ):
            self.received(bytes(event.data))
        else:
            super().process_event(event)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.lost(self)


class Transport:
    """Listens on one port.

    Args:
        routes: answers HTTP requests that have passed the host check.
        session: runs one WebSocket client until it ends.
        subprotocol: the WebSocket subprotocol this server speaks.
        token_prefix: a client presents its token as another subprotocol, this prefix and the token.
        websocket_path: the only path that becomes a WebSocket.
    """

    def __init__(
        self,
        limits: Limits,
        security: Security,
        routes: Callable[[Request], Response],
        session: Callable[[ServerConnection], Awaitable[None]],
        subprotocol: str,
        token_prefix: str,
        websocket_path: str = "/ws",
    ) -> None:
        self._limits, self._security = limits, security
        self._routes, self._session = routes, session
        self._subprotocol, self._token_prefix, self._path = subprotocol, token_prefix, websocket_path
        self._http: set[HttpConnection] = set()
        self._sockets: set[Socket] = set()
        self._server: Server | None = None
        self.refused = 0
        """Connections and WebSocket requests turned away."""

    @property
    def connections(self) -> int:
        """Open sockets, HTTP and WebSocket together."""
        return len(self._http) + len(self._sockets)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        assert self._server is not None
        return self._server.sockets[0].getsockname()[1]

    async def start(self, port: int) -> None:
        """Begins to listen on the security's host; port 0 picks a free one.

        Raises:
            ServerError: the port is taken, forbidden, or the host is not one of this machine.
        """
        host = self._security.host.strip("[]")
        try:
            self._server = await serve(
                self._session,
                host,
                port,
                ssl=self._security.ssl_context(),
                compression=None,
                server_header=None,
                max_size=self._limits.inbound_message_bytes,
                max_queue=self._limits.inbound_queued,
                write_limit=self._limits.write_buffer_bytes,
                open_timeout=self._limits.request_seconds,
                close_timeout=2.0,
                logger=_quiet,
                create_connection=self._accept,  # type: ignore[arg-type]
            )
        except OSError as error:
            raise ServerError(_listen_error(host, port, error)) from error

    async def close(self) -> None:
        """Stops listening, closes WebSockets with 1001 (going away), waits until all sockets are closed."""
        for connection in list(self._http):
            connection.close()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _accept(self, protocol: ServerProtocol, server: Server, **options: Any) -> HttpConnection:
        """Every socket starts as HTTP."""

        def upgrade(request: Request) -> asyncio.Protocol | Response:
            refusal = self._refusal(request)
            if refusal is not None:
                self.refused += 1
                return refusal
            protocol.select_subprotocol = self._select  # type: ignore[method-assign]
            socket = Socket(protocol, server, **options)
            socket.lost = self._sockets.discard
            self._sockets.add(socket)
            return socket

        return HttpConnection(self._respond, upgrade, self._limits, self._opened, self._http.discard)

    def _opened(self, connection: HttpConnection) -> None:
        self._http.add(connection)
        if self.connections > self._limits.connections:
            self.refused += 1
            connection.transport.write(
                b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\n"
                b"Connection: close\r\n\r\n"
            )
            connection.transport.close()

    def _respond(self, request: Request) -> Response:
        if not self._security.host_accepted(request.headers.get("host")):
            return text(HTTPStatus.MISDIRECTED_REQUEST, "this server answers to localhost only\n")
        return self._routes(request)

    def _refusal(self, request: Request) -> Response | None:
        """Why a request may not become a WebSocket, None if it may."""
        host, security = request.headers.get("host"), self._security
        if not security.host_accepted(host):
            return text(HTTPStatus.MISDIRECTED_REQUEST, "this server answers to localhost only\n")
        if not security.origin_accepted(request.headers.get("origin"), host):
            return text(HTTPStatus.FORBIDDEN, "pages of other origins may not connect\n")
        if request.path != self._path:
            return text(HTTPStatus.NOT_FOUND, f"the WebSocket is at {self._path}\n")
        if not security.token_accepted(self._token(request)):
            return text(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong\n")
        return None

    def _select(self, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        """Ours if it is offered; a client that offers none still has to say HELLO in our language."""
        return Subprotocol(self._subprotocol) if self._subprotocol in offered else None

    def _token(self, request: Request) -> str | None:
        offered = [part.strip() for part in request.headers.get("sec-websocket-protocol", "").split(",")]
        tokens = [
            part.removeprefix(self._token_prefix) for part in offered if part.startswith(self._token_prefix)
        ]
        return tokens[0] if tokens else request.bearer


def _listen_error(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use; choose another with --port (0 picks a free one)"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights; choose one above 1023 with --port"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socketlib.gaierror):
        return f"--host {host}: not an address of this machine ({error.strerror})"
    return f"cannot listen on {host}:{port}: {error.strerror or error}"
