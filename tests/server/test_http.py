"""HTTP on the WebSocket port: pages, blobs, ranges, health, metrics, and what it refuses."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoga_server.http import BadRequest, byte_range, parse_head
from emoga_server.pages import Pages, content_policy
from emoga_server.security import Security


async def request(hub, target: str, method: str = "GET", keep: tuple | None = None, **headers: str):
    """(status, headers, body) of one request; raw, so that nothing cleans up the path on the way."""
    if keep:
        reader, writer = keep
    else:
        reader, writer = await asyncio.open_connection("127.0.0.1", hub.transport.port)
    fields = {
        "Host": f"localhost:{hub.transport.port}",
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    writer.write("\r\n".join(lines).encode("latin-1"))
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    answer = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
    size = 0 if method == "HEAD" else int(answer.get("content-length", 0))
    body = await reader.readexactly(size)
    if not keep:
        writer.close()
    return int(head[0].split()[1]), answer, body


def test_page_blob_and_health_over_one_connection(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub:
            keep = await asyncio.open_connection("127.0.0.1", hub.transport.port)
            status, headers, body = await request(hub, "/", keep=keep)
            assert status == 200 and headers["content-type"].startswith("text/html") and b"<html" in body
            assert "default-src 'self'" in headers["content-security-policy"]
            status, again, body = await request(hub, "/", keep=keep, If_None_Match=headers["etag"])
            assert (status, body) == (304, b"") and again["etag"] == headers["etag"]
            status, headers, body = await request(hub, "/healthz", keep=keep)
            assert status == 200 and b'"status": "ok"' in body
            status, headers, _ = await request(hub, "/protocol/messages.js", keep=keep)
            assert status == 200 and headers["content-type"].startswith("text/javascript")
            keep[1].close()

    run(scenario)


def test_blob_whole_in_ranges_and_by_head(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub:
            info = hub.stage.current.info.splats_blob
            target = f"/blob/{info.sha256}"
            status, headers, body = await request(hub, target)
            assert status == 200 and hashlib.sha256(body).hexdigest() == info.sha256
            assert headers["etag"] == f'"{info.sha256}"' and "immutable" in headers["cache-control"]
            status, headers, none = await request(hub, target, "HEAD")
            assert (status, none, int(headers["content-length"])) == (200, b"", info.size)
            status, headers, part = await request(hub, target, Range="bytes=1000-1999")
            assert (status, part) == (206, body[1000:2000])
            assert headers["content-range"] == f"bytes 1000-1999/{info.size}"
            status, _, tail = await request(hub, target, Range="bytes=-10")
            assert (status, tail) == (206, body[-10:])
            status, headers, _ = await request(hub, target, Range=f"bytes={info.size}-")
            assert status == 416 and headers["content-range"] == f"bytes */{info.size}"
            status, _, whole = await request(hub, target, Range="bytes=0-9", If_Range='"other"')
            assert (status, len(whole)) == (200, info.size)
            status, _, _ = await request(hub, target, If_None_Match=f'"{info.sha256}"')
            assert status == 304

    run(scenario)


@pytest.mark.parametrize(
    "target",
    [
        "/../pages.py",
        "/%2e%2e/pages.py",
        "/..%2fpages.py",
        "/ui/../../pages.py",
        "//etc/passwd",
        "/%00index.html",
        "/.gitignore",
        "/..%5cpages.py",
        "/blob/../index.html",
        "/blob/" + "0" * 64,
        "/blob/%2e%2e%2favatar.json",
        "/blob/" + "A" * 64,
        "/nothing.html",
        "/ui",
        "pages.py",
    ],
)
def test_nothing_outside_the_folder_is_served(bundle, live, run, target):
    async def scenario():
        async with live(bundle) as hub:
            return await request(hub, target)

    status, _, body = run(scenario)
    assert status == 404
    assert len(body) < 100


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "web" / "link.txt").symlink_to(tmp_path / "secret.txt")
    request = parse_head(b"GET /link.txt HTTP/1.1\r\nHost: localhost")
    assert Pages(tmp_path / "web").respond(request).status == 404


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\n\r\n", 421),
        (b"GET http://[bad HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    ],
)
def test_odd_requests_get_one_answer_and_disturb_nobody(bundle, live, run, head, status):
    async def scenario():
        async with live(bundle) as hub:
            reader, writer = await asyncio.open_connection("127.0.0.1", hub.transport.port)
            writer.write(head)
            line = await reader.readline()
            writer.close()
            ok, _, _ = await request(hub, "/healthz")
            return int(line.split()[1]), ok

    assert run(scenario) == (status, 200)


def test_metrics_are_prometheus_text(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub:
            return await request(hub, "/metrics")

    status, headers, body = run(scenario)
    assert status == 200 and headers["content-type"].startswith("text/plain; version=0.0.4")
    names = [line.split()[0] for line in body.decode().splitlines() if not line.startswith("#")]
    assert len(names) == len(set(names)) and "emoga_clients" in names and "emoga_frames_sent_total" in names


def test_token_guards_blobs_and_metrics_but_not_the_page(bundle, live, run):
    async def scenario():
        async with live(bundle, security=Security(token="open-sesame")) as hub:
            blob = f"/blob/{hub.stage.current.info.head_blob.sha256}"
            good = "Bearer open-sesame"
            return [
                (await request(hub, blob))[0],
                (await request(hub, "/metrics"))[0],
                (await request(hub, blob, Authorization="Bearer open-sesamE"))[0],
                (await request(hub, blob, Authorization=good))[0],
                (await request(hub, blob + "?token=open-sesame"))[0],
                (await request(hub, "/"))[0],
                (await request(hub, "/healthz"))[0],
            ]

    assert run(scenario) == [401, 401, 401, 200, 200, 200, 200]


def test_a_download_that_is_never_read_costs_one_buffer(make_bundle, live, run):
    path = make_bundle(name="large", blob_bytes=30_000_000)

    async def scenario():
        async with live(path) as hub:
            blob = hub.stage.current.info.splats_blob.sha256
            _, writer = await asyncio.open_connection("127.0.0.1", hub.transport.port, limit=1024)
            writer.write(f"GET /blob/{blob} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            await asyncio.sleep(0.5)
            (connection,) = hub.transport._http
            assert connection.transport.get_write_buffer_size() < 1_000_000
            writer.close()

    run(scenario)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_a_bad_request(data):
    try:
        parse_head(data)
    except BadRequest as error:
        assert 400 <= error.status < 600


@given(st.text(max_size=40), st.integers(0, 2000))
def test_a_range_is_inside_the_body(header, size):
    try:
        span = byte_range(header, size)
    except BadRequest as error:
        assert error.status == 416
        return
    assert span is None or 0 <= span[0] < span[1] <= size


def test_content_policy_does_not_repeat_a_strange_host():
    assert "evil" not in content_policy("evil; script-src *")
