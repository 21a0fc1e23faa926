"""The hub: one asyncio process that streams what the director decides to every client.

Loads numpy and the protocol only, never torch, numba or OpenCV: a busy thread in this process would raise the
stream's 99th percentile of latency tenfold. Heavy work goes to worker processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection

from emoga_protocol.codec import encode
from emoga_protocol.messages import (
    SUBPROTOCOL,
    TOKEN_SUBPROTOCOL_PREFIX,
    Bye,
    Capability,
    ErrorCode,
    SetWeightsCommand,
    StateInfo,
)
from emoga_server.audience import Audience
from emoga_server.bakes import Bakes
from emoga_server.baking import is_current
from emoga_server.blobs import BlobStore
from emoga_server.connection import Connection, framed
from emoga_server.director import CommandError
from emoga_server.editing.desk import EditDesk
from emoga_server.editing.options import EditOptions
from emoga_server.errors import ServerError
from emoga_server.http import Request, Response, text
from emoga_server.jobboard import JobBoard
from emoga_server.library import check_bundle, open_baked, read_head
from emoga_server.limits import Limits
from emoga_server.live_states import LiveStates
from emoga_server.metrics import CONTENT_TYPE, Metrics
from emoga_server.pages import Pages
from emoga_server.security import Security
from emoga_server.session import TOO_FAR_BEHIND, TOO_MANY_MESSAGES, Session
from emoga_server.stage import Stage, clock
from emoga_server.transport import Transport
from emoga_server.version import VERSION
from emoga_server.workers import Workers

_log = logging.getLogger("emoga.hub")

STATUS_INTERVAL = 0.05
"""Seconds between two STATUS messages: a slider that is dragged changes the status far more often."""


@dataclass(frozen=True)
class HubOptions:
    """How to serve.

    Args:
        bundles: avatar bundles; the first one is streamed at first.
        port: 0 picks a free one.
        fps: frames a second, 1 to 240.
        idle: whether idle behaviour is on at first.
        seed: of the idle behaviour.
        edit: how emotions are made from words; None: not at all.
    """

    bundles: Sequence[Path]
    port: int = 8765
    fps: float = 60.0
    security: Security = field(default_factory=Security)
    limits: Limits = field(default_factory=Limits)
    idle: bool = True
    seed: int = 0
    edit: EditOptions | None = field(default_factory=EditOptions)

    def __post_init__(self) -> None:
        if not 1.0 <= self.fps <= 240.0:
            raise ServerError(f"--fps {self.fps:g}: choose 1 to 240")
        if not 0 <= self.port <= 65535:
            raise ServerError(f"--port {self.port}: choose 0 to 65535")


class Hub:
    """Serves avatars until `close`.

    Args:
        options: what and how.
        say: told in one line what happens (bakes, failures); prints nothing by itself.

    Attributes:
        hopeless: set when every avatar has failed to bake; `bakes.last_failure` says why the last one did.
    """

    def __init__(self, options: HubOptions, say: Callable[[str], None] = lambda line: None) -> None:
        self.options = options
        self.fps = options.fps
        self.stage = Stage(options.seed, options.idle)
        self.blobs = BlobStore()
        self.workers = Workers()
        self.metrics = Metrics()
        self.audience = Audience()
        self.board = JobBoard(self.audience)
        self.states = LiveStates(self.stage, self.blobs, self.audience)
        self.bakes = Bakes(self.board, self.workers, say)
        self.desk: EditDesk | None = None
        if options.edit is not None:
            self.desk = EditDesk(
                options.edit, self.stage, self.states, self.board, self.workers, self._status_changed, say
            )
        self._say = say
        self._pages = Pages()
        self._tasks: set[asyncio.Task[None]] = set()
        self.hopeless = asyncio.Event()
        self._status_due = False
        self._status_sent = 0.0
        self.transport = Transport(
            options.limits, options.security, self._route, self._serve, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX
        )
        self._declare_metrics()

    # life

    async def start(self) -> None:
        """Opens the bundles, listens and streams. Bundles that are not baked are baked meanwhile.

        Raises:
            ServerError: a bundle cannot be opened, a head may not be sent there, or the port is taken.
        """
        bundles = [check_bundle(Path(path)) for path in self.options.bundles]
        self.options.security.check_heads([read_head(path) for path in bundles])
        unbaked = []
        for slot, path in enumerate(bundles):
            if is_current(path):
                self.stage.add(open_baked(path, slot, self.blobs), clock())
            else:
                unbaked.append((slot, path))
        await self.transport.start(self.options.port)
        self._start(self._stream())
        if self.desk is not None:
            self._start(self.desk.run())
        for slot, path in unbaked:
            self._start(self._bake(slot, path))

    async def close(self) -> None:
        """Stops in order: stream, clients, sockets, workers."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.audience.send(encode(Bye(message="the server is stopping")))
        await self.transport.close()
        await self.workers.close()

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the viewer."""
        security = self.options.security
        scheme = "https" if security.tls_certificate else "http"
        host = security.host.strip("[]")
        if security.loopback or host in ("0.0.0.0", "::", ""):
            host = "localhost" if host != "::1" else "[::1]"
        elif ":" in host:
            host = f"[{host}]"
        # after '#' it stays in the browser: no log and no referrer shows it
        token = f"#token={security.token}" if security.token else ""
        return f"{scheme}://{host}:{self.transport.port}/{token}"

    def _start(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("a task of the hub failed", exc_info=task.exception())
            self._say(f"internal error: {task.exception()!r}")

    # the stream

    async def _stream(self) -> None:
        """One frame per tick on the monotonic clock; ticks that were missed are not made up for."""
        period = 1.0 / self.fps
        due = clock()
        while True:
            due += period
            wait = due - clock()
            if wait > 0.0:
                await asyncio.sleep(wait)
            else:
                self.metrics.add("late_ticks_total")
                due = clock()
                await asyncio.sleep(0)
            self._tick(clock())

    def _tick(self, now: float) -> None:
        viewers = list(self.audience.viewers())
        if not viewers:
            return
        frame = self.stage.frame(now)
        if frame is not None:
            seq, data, changed = frame
            self._status_due |= changed
            targets = [connection for connection in viewers if connection.credits.admit(seq, now)]
            message = framed(data)
            for connection in targets:
                connection.write(message)
            self.metrics.add("frames_total")
            self.metrics.add("frames_sent_total", len(targets))
            self.metrics.add("frames_skipped_total", len(viewers) - len(targets))
            self.metrics.add("frame_bytes_total", len(data) * len(targets))
        if self._status_due and now - self._status_sent >= STATUS_INTERVAL:
            self._status_due, self._status_sent = False, now
            status = encode(self.stage.status(now))
            for connection in viewers:
                connection.send_latest("status", status)

    def _status_changed(self) -> None:
        self._status_due = True

    def publish_state(self, slot: int, state: StateInfo, delta: bytes) -> None:
        """Shows everybody a new or changed state of avatar `slot`; see `LiveStates.commit`."""
        self.states.commit(slot, state, delta)

    # clients

    async def _serve(self, socket: ServerConnection) -> None:
        connection = Connection(socket, self.options.limits, self.fps, TOO_FAR_BEHIND, TOO_MANY_MESSAGES)
        session = Session(self, connection)
        self.audience.join(connection, session)
        self.metrics.add("clients_total")
        try:
            await session.run()
        finally:
            self.audience.leave(connection)
            if connection.dropped:
                self.metrics.add("clients_dropped_total")

    @property
    def session(self) -> str:
        """Identifies this run of the server."""
        return self.stage.session

    @property
    def capabilities(self) -> int:
        """Bits of WELCOME."""
        edit = 0 if self.desk is None else Capability.EDIT
        return Capability.HTTP_BLOBS | Capability.INLINE_STATES | edit

    def snapshot(self, pictures: bool) -> Iterator[bytes]:
        """What a client must know to follow the stream from here on. pictures: whether it takes any."""
        yield self.stage.manifest()
        if self.stage.current is not None:
            yield encode(self.stage.status(clock()))
        yield from self.board.snapshot(pictures)

    def execute(self, command: Any, client: object) -> Any | Awaitable[Any]:
        """Carries out a client's command for everybody; what takes a while returns an awaitable.

        Raises:
            CommandError: it cannot be carried out.
        """
        try:
            if self.desk is not None and self.desk.offers(command):
                return self.desk.execute(command, client)
            value, changed = self.stage.execute(command, clock())
            if self.desk is not None and isinstance(command, SetWeightsCommand) and self.stage.current:
                self.desk.edits.weights_set(self.stage.current.info.slot)
        except CommandError:
            raise
        except Exception as error:
            _log.exception("command %s failed", command.NAME)
            raise CommandError(ErrorCode.INTERNAL, "the server failed; its log says why") from error
        self._status_due |= changed
        return value

    # HTTP

    def _route(self, request: Request) -> Response:
        self.metrics.add("http_requests_total")
        if request.method not in ("GET", "HEAD"):
            response = text(HTTPStatus.METHOD_NOT_ALLOWED, "GET and HEAD only\n")
            response.headers["Allow"] = "GET, HEAD"
            return response
        if request.path == "/healthz":
            return self._health()
        if request.path == "/metrics" or request.path.startswith("/blob/"):
            if not self.options.security.token_accepted(request.bearer):
                response = text(HTTPStatus.UNAUTHORIZED, "the token is missing or wrong\n")
                response.headers["WWW-Authenticate"] = "Bearer"
                return response
            if request.path == "/metrics":
                return text(HTTPStatus.OK, self.metrics.text(), CONTENT_TYPE)
            return self.blobs.respond(request)
        return self._pages.respond(request)

    def _health(self) -> Response:
        ready = self.stage.current is not None
        body = {
            "status": "ok" if ready else "baking" if self.bakes.running else "no avatar",
            "version": VERSION,
            "avatars": len(self.stage.actors),
            "clients": len(self.audience),
            "token_required": self.options.security.token is not None,
        }
        return text(HTTPStatus.OK, json.dumps(body) + "\n", "application/json")

    # jobs

    async def _bake(self, slot: int, path: Path) -> None:
        """Has a worker encode an avatar, then puts it on stage."""

        def ready() -> None:
            self.stage.add(open_baked(path, slot, self.blobs), clock())

        if await self.bakes.bake(path, ready):
            self.audience.send(self.stage.manifest())
            self._status_due = True
            self._say(f"{path.name}: ready")
        elif not self.bakes.running and not self.stage.actors:
            self.metrics.add("jobs_failed_total")
            self.hopeless.set()
        else:
            self.metrics.add("jobs_failed_total")
            self._say(f"{path.name} is not served: {self.bakes.last_failure}")

    def _declare_metrics(self) -> None:
        for name, words in {
            "clients_total": "WebSocket clients that have connected.",
            "clients_dropped_total": "Clients disconnected for breaking the rules or falling too far behind.",
            "messages_received_total": "Messages from clients.",
            "malformed_total": "Messages that could not be decoded.",
            "http_requests_total": "HTTP requests.",
            "frames_total": "Frames made.",
            "frames_sent_total": "Frames sent, over all clients.",
            "frames_skipped_total": "Frames not sent because a client had too many in flight.",
            "frame_bytes_total": "Bytes of frames sent.",
            "late_ticks_total": "Frames that began after their time.",
            "jobs_failed_total": "Jobs that ended with an error.",
        }.items():
            self.metrics.counter(name, words)
        self.metrics.gauge("clients", "WebSocket clients now.", lambda: len(self.audience))
        self.metrics.gauge("connections", "Open sockets now.", lambda: self.transport.connections)
        self.metrics.gauge("refused", "Connections turned away.", lambda: self.transport.refused)
        self.metrics.gauge("avatars", "Avatars ready to be streamed.", lambda: len(self.stage.actors))
        self.metrics.gauge("blob_bytes", "Bytes of blobs in memory.", self.blobs.total_bytes)
        self.metrics.gauge(
            "frame_values_clamped", "Frame coefficients out of range.", lambda: self.stage.saturated
        )
        self.metrics.gauge("worker_deaths", "Worker processes that died.", lambda: self.workers.deaths)


async def serve_until(
    options: HubOptions,
    stop: asyncio.Event,
    started: Callable[[Hub], None] = lambda hub: None,
    say: Callable[[str], None] = lambda line: None,
) -> None:
    """Starts a hub, reports it through `started`, and closes it in order once `stop` is set.

    Raises:
        ServerError: see `Hub.start`; or none of the avatars could be baked.
    """
    hub = Hub(options, say)
    try:
        await hub.start()
        started(hub)
        waits = [asyncio.ensure_future(event.wait()) for event in (stop, hub.hopeless)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if hub.hopeless.is_set():
            raise ServerError(hub.bakes.last_failure)
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await hub.close()
