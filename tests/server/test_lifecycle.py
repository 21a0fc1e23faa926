"""The command as a user starts it: start, first frame, signals, errors in one line, what it imports."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from emoga_server.client import Client
from emoga_server.errors import ServerError
from emoga_server.security import Security, is_loopback

HEAVY = ("torch", "numba", "cv2", "gsplat", "diffusers", "transformers", "scipy", "safetensors")


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    command = [str(Path(sys.executable).parent / "emoga"), *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )


def url_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if match := re.search(r"https?://\S+", line):
            return match[0]
    assert process.stderr is not None
    raise AssertionError(f"the server did not start: {process.stderr.read()}")


def websocket_of(url: str) -> str:
    return url.split("#")[0].replace("http", "ws", 1) + "ws"


def test_importing_the_hub_loads_nothing_heavy():
    code = (
        f"import sys, emoga_server.hub, emoga_server.serving; print([m for m in {HEAVY} if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_serve_streams_and_stops_in_order(bundle, run, name):
    process = start("serve", str(bundle), "--port", "0")
    url = url_of(process)

    async def scenario():
        async with Client.connect(websocket_of(url)) as client:
            await client.next_frame()
            children = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(name)
            await client.socket.wait_closed()
            assert client.socket.close_code == 1001
            assert client.log[-1].type.name == "BYE"
            return children

    children = run(scenario)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 0 and err == "" and "stopped" in out
    _, alive = psutil.wait_procs(children, timeout=10)  # the last ones end when they find their parent gone
    assert not alive


def test_kill_leaves_no_worker_behind(make_bundle):
    path = make_bundle(name="unbaked")
    (path / "baked" / "index.json").unlink()
    process = start("serve", str(path), "--port", "0")
    url_of(process)
    deadline = time.monotonic() + 10
    children: list[psutil.Process] = []
    while time.monotonic() < deadline and not children:
        children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert children and not alive


def test_a_bundle_that_cannot_be_baked_is_reported_while_the_server_goes_on(make_bundle, bundle, run):
    path = make_bundle(name="broken")
    (path / "baked" / "index.json").unlink()
    process = start("serve", str(path), str(bundle), "--port", "0")
    url = url_of(process)

    async def scenario():
        async with Client.connect(websocket_of(url)) as client:
            await client.next_frame()
            assert client.avatar.name == "tiny"
            failed = lambda e: e.type.name == "JOB_PROGRESS" and e.message.stage == "failed"  # noqa: E731
            await client.until(lambda: any(failed(e) for e in client.log), 30.0)
            await client.next_frame()

    run(scenario, 60.0)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert "broken.emoga is not served: " in out and "Traceback" not in out + err


def test_without_an_avatar_that_can_be_baked_the_server_ends_with_the_reason(make_bundle):
    path = make_bundle(name="broken")
    (path / "baked" / "index.json").unlink()
    process = start("serve", str(path), "--port", "0")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "Traceback" not in out
    assert err.startswith("error: ") and err.count("\n") == 1 and str(path) in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{bundle}", "--host", "0.0.0.0"], "--token"),
        (
            ["{bundle}", "--host", "203.0.113.1", "--token", "open-sesame", "--port", "0"],
            "not an address of this",
        ),
        (["{bundle}", "--token", "bad token"], "--token"),
        (["{bundle}", "--tls-cert", "x.pem"], "--tls-key"),
        (["{bundle}", "--tls-cert", "x.pem", "--tls-key", "y.pem"], "no such file"),
        (["{bundle}", "--fps", "0"], "--fps"),
        (["{bundle}", "--port", "99999"], "--port"),
        (["nothing.emoga"], "no such avatar"),
        ([str(Path(__file__).parent)], "not an avatar bundle"),
    ],
)
def test_mistakes_get_one_line(bundle, arguments, words):
    process = start("serve", *(a.replace("{bundle}", str(bundle)) for a in arguments))
    out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err.startswith("error: ") and err.count("\n") == 1 and words in err, err
    assert "http" not in out


def test_a_taken_port_suggests_another(bundle):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start("serve", str(bundle), "--port", str(taken.getsockname()[1]))
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1 and "is in use; choose another with --port" in err


def test_without_any_avatar_the_way_to_one_is_shown(monkeypatch, tmp_path):
    from emoga_server import serving

    monkeypatch.setattr(serving.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ServerError, match="emoga build"):
        serving.bundled_avatars()


def test_a_head_that_may_not_be_passed_on_stays_here(make_bundle, live, run):
    path = make_bundle(name="flame", redistributable=False)
    other = Security("0.0.0.0", "open-sesame")

    async def refused():
        async with live(path, security=other):
            pass

    async def accepted(security):
        async with live(path, security=security) as hub:
            address = f"ws://127.0.0.1:{hub.transport.port}/ws"
            async with Client.connect(address, token=security.token) as client:
                await client.next_frame()

    with pytest.raises(ServerError, match="--head-licence-accepted"):
        run(refused)
    run(lambda: accepted(dataclasses.replace(other, head_licence_accepted=True)))
    run(lambda: accepted(Security()))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda p: (p / "avatar.json").write_text("{"), "not valid JSON"),
        (
            lambda p: (p / "avatar.json").write_text('{"format": "emoga-avatar", "format_version": 2}'),
            "newer",
        ),
        (lambda p: (p / "avatar.json").write_text('{"format": "other"}'), "not an avatar"),
        (lambda p: (p / "avatar.json").unlink(), "not an avatar bundle"),
    ],
)
def test_a_damaged_bundle_is_named(make_bundle, live, run, damage, words):
    path = make_bundle(name="damaged")
    damage(path)

    async def scenario():
        async with live(path):
            pass

    with pytest.raises(ServerError, match=words) as caught:
        run(scenario)
    assert "damaged.emoga" in str(caught.value)


def test_a_blob_that_changed_on_disk_is_not_served(make_bundle, live, run):
    path = make_bundle(name="bent")
    blob = max((path / "baked").iterdir(), key=lambda p: p.stat().st_size)
    data = bytearray(blob.read_bytes())
    data[100] ^= 1
    blob.write_bytes(data)

    async def scenario():
        async with live(path):
            pass

    with pytest.raises(ServerError, match="damaged"):
        run(scenario)


def test_https_and_wss(bundle, live, run, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    command = ["openssl", *options.split(), "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    trust = ssl.create_default_context(cafile=str(certificate))

    async def scenario():
        security = Security(tls_certificate=certificate, tls_key=key)
        async with live(bundle, security=security) as hub:
            assert hub.url.startswith("https://localhost:")
            async with Client.connect(websocket_of(hub.url), ssl_context=trust) as client:
                await client.next_frame()
                info = client.avatar.splats_blob
                assert len(await client.blob(info.sha256)) == info.size
            reader, writer = await asyncio.open_connection("localhost", hub.transport.port, ssl=trust)
            writer.write(
                f"GET /blob/{info.sha256} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            )
            answer = await reader.read()
            assert answer.startswith(b"HTTP/1.1 200") and len(answer) > info.size
            writer.close()
            plain_reader, plain_writer = await asyncio.open_connection("127.0.0.1", hub.transport.port)
            plain_writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"HTTP" not in await plain_reader.read()
            plain_writer.close()

    run(scenario)


def test_a_wrong_key_is_an_error_in_words(tmp_path):
    (tmp_path / "c").write_text("nonsense")
    with pytest.raises(ServerError, match="matching PEM pair"):
        Security(tls_certificate=tmp_path / "c", tls_key=tmp_path / "c").ssl_context()


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("example.org", False),
        ("localhost.example.org", False),
        ("", False),
    ],
)
def test_what_counts_as_this_machine(host, local):
    assert is_loopback(host) is local
