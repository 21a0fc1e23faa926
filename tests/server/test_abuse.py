"""Clients that break the rules are dropped, and a well-behaved one beside them notices nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from emoga_protocol.codec import decode, encode, encode_ack, make_command
from emoga_protocol.header import pack_header
from emoga_protocol.messages import (
    PROTOCOL_VERSION,
    BlobGet,
    ErrorCode,
    Hello,
    ListAvatarsCommand,
    MessageType,
    Ping,
    SetWeightsCommand,
    StatePut,
)
from emoga_server.client import Client, CommandFailed
from emoga_server.limits import Limits
from emoga_server.security import Security

HELLO = encode(Hello(versions=[PROTOCOL_VERSION]))


def address(hub) -> str:
    return f"ws://localhost:{hub.transport.port}/ws"


def plain(hub):
    """A WebSocket without manners."""
    return connect(address(hub), compression=None, proxy=None, max_size=2**26)


async def closed(socket, seconds: float = 5.0) -> tuple[int, str]:
    """(close code, reason), once the server has ended the connection."""
    async with asyncio.timeout(seconds):
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.recv()
    return socket.close_code, socket.close_reason


async def streams_on(client: Client) -> None:
    for _ in range(3):
        await client.next_frame(2.0)


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"\x00" * 16,
        b"\xff" * 100,
        "text",
        pack_header(MessageType.COMMAND, 2**32 - 1),
        pack_header(MessageType.COMMAND, 3) + b"\xc1\xc1\xc1",
        pack_header(MessageType.FRAME, 0),
        encode(Ping(time=1)) + b"tail",
        bytes([PROTOCOL_VERSION + 1]) + HELLO[1:],
    ],
)
@pytest.mark.parametrize("greeted", [False, True])
def test_garbage_ends_that_connection_only(bundle, live, run, garbage, greeted):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as good:
            async with plain(hub) as bad:
                if greeted:
                    await bad.send(HELLO)
                await bad.send(garbage)
                assert (await closed(bad))[0] == 1008
            await streams_on(good)

    run(scenario)


def test_any_bytes_at_all_leave_the_hub_alive(bundle, live, run):
    """Random messages against a live hub, each on a connection of its own or after a proper greeting."""
    loop = asyncio.new_event_loop()
    context = live(bundle)
    hub = loop.run_until_complete(context.__aenter__())
    valid = [
        HELLO,
        encode(BlobGet(sha256="0" * 64)),
        encode(make_command(1, ListAvatarsCommand())),
        encode_ack(3),
    ]

    async def throw(messages: list[bytes]) -> None:
        async with plain(hub) as bad:
            with contextlib.suppress(ConnectionClosed):
                for message in messages:
                    await bad.send(message)
            with contextlib.suppress(ConnectionClosed, TimeoutError):
                await asyncio.wait_for(bad.recv(), 0.05)
        assert not [task for task in hub._tasks if task.done()]

    mangled = st.tuples(st.sampled_from(valid), st.integers(0, 60), st.integers(0, 255)).map(
        lambda t: t[0][: t[1]] + bytes([t[2]]) + t[0][t[1] + 1 :]
    )

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.one_of(st.binary(max_size=200), mangled, st.sampled_from(valid)), max_size=6))
    def fuzz(messages):
        loop.run_until_complete(throw(messages))

    async def still_alive():
        async with Client.connect(address(hub)) as client:
            await streams_on(client)

    try:
        fuzz()
        loop.run_until_complete(still_alive())
    finally:
        loop.run_until_complete(context.__aexit__(None, None, None))
        loop.close()


def test_a_flood_is_dropped(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as good:
            async with plain(hub) as bad:
                await bad.send(HELLO)
                with contextlib.suppress(ConnectionClosed):
                    for _ in range(1000):
                        await bad.send(encode(Ping(time=1)))
                code, reason = await closed(bad)
                assert code == 1008 and "messages a second" in reason
            await streams_on(good)

    run(scenario)


def test_acknowledging_a_fast_stream_is_no_flood_but_acknowledging_nothing_is(bundle, live, run):
    async def scenario():
        few = Limits(inbound_per_second=2.0, inbound_burst=5)
        async with live(bundle, fps=120.0, limits=few) as hub, Client.connect(address(hub)) as client:
            await client.until(lambda: client.frames_received > 100)  # some 25 acknowledgements
            assert client.socket.close_code is None
            with contextlib.suppress(ConnectionClosed):
                for _ in range(50):
                    await client.socket.send(encode_ack(2**40))
            await client.socket.wait_closed()
            assert client.socket.close_code == 1008

    run(scenario)


def test_nobody_hears_of_the_stage_before_the_greeting(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as good, plain(hub) as mute:
            for weight in (0.25, 0.5):
                await good.command(SetWeightsCommand(weights={"happy": weight}))
                await good.until(lambda weight=weight: good.status.targets["happy"] == weight)
            await mute.send(HELLO)
            assert decode(await mute.recv(decode=False)).type is MessageType.WELCOME

    run(scenario)


def test_an_oversized_message_is_dropped(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as good:
            async with plain(hub) as bad:
                await bad.send(HELLO)
                with contextlib.suppress(ConnectionClosed):
                    await bad.send(bytes(70_000))
                assert (await closed(bad))[0] == 1009
            await streams_on(good)

    run(scenario)


def test_nobody_may_stay_without_greeting(bundle, live, run):
    async def scenario():
        async with live(bundle, limits=Limits(hello_seconds=0.2)) as hub, plain(hub) as bad:
            assert (await closed(bad))[0] == 1008

    run(scenario)


def test_a_client_of_another_version_is_told(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub, plain(hub) as client:
            await client.send(encode(Hello(versions=[200])))
            code, reason = await closed(client)
            assert code == 1008 and "version" in reason

    run(scenario)


def test_a_client_that_never_reads_costs_little_and_is_dropped(bundle, live, run):
    """Frames stop at the credits, reliable messages at the queue's bound; then the connection ends."""
    limits = Limits(reliable_messages=32, stalled_seconds=0.5)

    async def scenario():
        async with live(bundle, limits=limits) as hub, Client.connect(address(hub)) as good:
            raw = socket.create_connection(("127.0.0.1", hub.transport.port))
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(raw, _handshake())
            await asyncio.sleep(0.1)
            await loop.sock_sendall(raw, _masked(HELLO))
            blob = encode(BlobGet(sha256=hub.stage.current.info.splats_blob.sha256))
            for _ in range(30):
                await loop.sock_sendall(raw, _masked(blob))
            await good.until(lambda: good.frames)
            port = raw.getsockname()[1]
            (silent,) = [c for c in hub.audience.members if c.socket.remote_address[1] == port]
            peak = 0
            while silent in hub.audience.members:
                peak = max(peak, silent.backlog_bytes)
                await good.next_frame(2.0)
            assert peak < 1_500_000
            assert silent.credits.in_flight <= 4
            await streams_on(good)
            raw.close()

    run(scenario)


def test_overflow_of_reliable_messages_disconnects(bundle, live, run):
    async def scenario():
        async with (
            live(bundle, limits=Limits(reliable_messages=8)) as hub,
            Client.connect(address(hub)) as good,
        ):
            raw = socket.create_connection(("127.0.0.1", hub.transport.port))
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(raw, _handshake())
            await asyncio.sleep(0.1)
            await loop.sock_sendall(raw, _masked(HELLO))
            await good.until(lambda: sum(c.streaming for c in hub.audience.members) == 2)
            port = raw.getsockname()[1]
            (silent,) = [c for c in hub.audience.members if c.socket.remote_address[1] == port]
            state = good.avatar.states[0]
            data = encode(StatePut(avatar=0, state=state), buffers=[bytes(60_000)])
            for i in range(400):
                hub.audience.send(data)
                await good.until(lambda n=i: sum(e.type is MessageType.STATE_PUT for e in good.log) > n)
                if silent.dropped:
                    break
            assert silent.dropped
            await streams_on(good)
            raw.close()

    run(scenario)


def test_connections_are_capped(bundle, live, run):
    async def scenario():
        async with live(bundle, limits=Limits(connections=3)) as hub:
            async with Client.connect(address(hub)) as a, plain(hub), plain(hub):
                with pytest.raises(InvalidStatus) as caught:
                    await plain(hub)
                assert caught.value.response.status_code == 503
                await streams_on(a)
            async with Client.connect(address(hub)) as client:
                await streams_on(client)

    run(scenario)


@pytest.mark.parametrize(
    ("token", "origin", "status"),
    [
        ("open-sesame", None, None),
        (None, None, 401),
        ("open-sesamE", None, 401),
        ("open-sesame", "http://evil.example", 403),
        ("open-sesame", "http://localhost:{port}", None),
        ("open-sesame", "https://studio.example", None),
        ("open-sesame", "null", 403),
    ],
)
def test_token_and_origin_of_a_websocket(bundle, live, run, token, origin, status):
    security = Security(token="open-sesame", allowed_origins=("https://studio.example",))

    async def scenario():
        async with live(bundle, security=security) as hub:
            where = origin.format(port=hub.transport.port) if origin else None
            if status is None:
                async with Client.connect(address(hub), token=token, origin=where) as client:
                    await client.next_frame()
                    assert client.socket.subprotocol == "emoga.v1"
                return
            with pytest.raises(InvalidStatus) as caught:
                async with Client.connect(address(hub), token=token, origin=where):
                    pass
            assert caught.value.response.status_code == status

    run(scenario)


def test_slider_drags_are_not_a_flood(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as client:
            for i in range(40):
                await client.command(SetWeightsCommand(weights={"happy": i / 40}, duration=0.1))
                await asyncio.sleep(0.025)
            await client.next_frame()
            errors = [e for e in client.log if e.type is MessageType.ERROR]
            assert not errors

    run(scenario)


def test_an_unknown_blob_and_command_are_answered(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as client:
            await client.socket.send(encode(BlobGet(sha256="0" * 64)))
            await client.until(lambda: client.log[-1].type is MessageType.ERROR)
            assert client.log[-1].message.code == ErrorCode.NOT_FOUND
            with pytest.raises(CommandFailed, match="no blob"):
                await client.blob("0" * 64)
            command = make_command(7, ListAvatarsCommand())
            command.name = "dance"
            await client.socket.send(encode(command))
            await client.until(lambda: client.log[-1].message.id == 7)
            assert client.log[-1].message.code == ErrorCode.INVALID_ARGUMENT
            await streams_on(client)

    run(scenario)


def test_a_client_that_never_acknowledges_soon_gets_nothing(bundle, live, run):
    async def scenario():
        async with (
            live(bundle) as hub,
            Client.connect(address(hub)) as good,
            Client.connect(address(hub), acknowledge=False, name="mute") as mute,
        ):
            await good.until(lambda: len(good.frames) > 30)
            assert 0 < len(mute.frames) <= 4
            (window,) = [c.credits for c, session in hub.audience.members.items() if session.client == "mute"]
            assert window.skipped > 20

    run(scenario)


@pytest.mark.parametrize(
    ("limits", "sent", "answer"),
    [
        (Limits(request_seconds=0.2), b"GET / HTTP/1.1\r\nHost: loc", b""),
        (
            Limits(keep_alive_seconds=0.2),
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"HTTP/1.1 200",
        ),
    ],
    ids=["half a request", "an idle connection"],
)
def test_http_connections_are_not_waited_for(bundle, live, run, limits, sent, answer):
    async def scenario():
        async with live(bundle, limits=limits) as hub:
            reader, writer = await asyncio.open_connection("127.0.0.1", hub.transport.port)
            writer.write(sent)
            with contextlib.suppress(ConnectionResetError):
                received = await reader.read()
                assert received.startswith(answer) and bool(received) == bool(answer)
            writer.close()
            assert hub.transport.connections == 0

    run(scenario)


def test_an_error_of_ours_ends_one_connection_and_is_logged(bundle, live, run, caplog):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as good:
            async with Client.connect(address(hub)) as unlucky:
                session = next(
                    session
                    for connection, session in hub.audience.members.items()
                    if connection.socket.remote_address == unlucky.socket.local_address
                )
                session._host = None  # whatever it asks for next breaks
                await unlucky.socket.send(encode(make_command(1, ListAvatarsCommand())))
                await unlucky.socket.wait_closed()
                assert unlucky.socket.close_code == 1011
            await streams_on(good)

    run(scenario)
    assert "could not be handled" in caplog.text


def _handshake() -> bytes:
    return (
        b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )


def _masked(data: bytes) -> bytes:
    """A client's binary frame with a mask of zeros."""
    assert len(data) < 126
    return bytes([0x82, 0x80 | len(data), 0, 0, 0, 0]) + data
