"""States that appear or change while clients watch: slots, layouts, order, latecomers."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from emoga_protocol.messages import BlobRef, Capability, MessageType, SetWeightsCommand, StateInfo
from emoga_server.client import Client


def address(hub) -> str:
    return f"ws://localhost:{hub.transport.port}/ws"


def publish(hub, name: str, data: bytes) -> BlobRef:
    """Puts a state of the streamed avatar on stage, as a finished job does."""
    blob = BlobRef(sha256=hashlib.sha256(data).hexdigest(), size=len(data), kind="delta")
    hub.publish_state(0, StateInfo(slot=0, name=name, valence=0.5, arousal=-0.25, blob=blob), data)
    return blob


@pytest.mark.parametrize("inline", [False, True])
def test_a_new_state_reaches_watchers_and_latecomers_alike(bundle, live, run, inline):
    capabilities = Capability.INLINE_STATES if inline else 0

    async def scenario():
        async with (
            live(bundle) as hub,
            Client.connect(address(hub), capabilities=capabilities) as watcher,
        ):
            old_layout = watcher.avatar.layout.revision
            blob = publish(hub, "proud", b"delta of proud")
            await watcher.until(lambda: any(e.type is MessageType.STATE_COMMIT for e in watcher.log))
            kinds = [e.type for e in watcher.log]
            assert kinds[-3:] == [MessageType.MANIFEST, MessageType.STATE_PUT, MessageType.STATE_COMMIT]
            put = watcher.log[-2]
            assert [bytes(b) for b in put.buffers] == ([b"delta of proud"] if inline else [])
            async with Client.connect(address(hub)) as late:
                assert late.manifest == watcher.manifest
                assert [(s.slot, s.name) for s in late.avatar.states] == [
                    (0, "happy"),
                    (1, "sad"),
                    (2, "proud"),
                ]
                assert late.avatar.layout.revision == old_layout + 1
                assert await late.blob(blob.sha256) == b"delta of proud"
                await late.command(SetWeightsCommand(weights={"proud": 0.5}, duration=0.0))
                for client in (watcher, late):
                    await client.until(lambda c=client: c.frames and c.frames[-1].weights.shape == (3,))
                    await client.until(lambda c=client: abs(c.frames[-1].weights[2] - 0.5) < 1e-3)

    run(scenario)


def test_a_changed_state_keeps_slot_and_weight_and_raises_revisions(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as client:
            await client.command(SetWeightsCommand(weights={"sad": 0.7}, duration=0.0))
            before = client.avatar.state_revision
            layout = client.avatar.layout.revision
            publish(hub, "sad", b"another delta")
            await client.until(lambda: client.avatar.state_revision == before + 1)
            state = next(s for s in client.avatar.states if s.name == "sad")
            assert (state.slot, state.revision) == (1, 2)
            assert state.blob.sha256 == hashlib.sha256(b"another delta").hexdigest()
            assert client.avatar.layout.revision == layout
            await client.until(lambda: client.frames and client.frames[-1].state_revision == before + 1)
            np.testing.assert_allclose(client.frames[-1].weights, [0, 0.7], atol=1e-4)

    run(scenario)


def test_blobs_over_the_websocket_come_in_chunks_beside_the_stream(make_bundle, live, run):
    path = make_bundle(name="wide", blob_bytes=3_000_001)

    async def scenario():
        async with live(path) as hub, Client.connect(address(hub)) as client:
            info = client.avatar.splats_blob
            seen = len(client.frames)
            data = await client.blob(info.sha256)
            assert len(data) == info.size
            await client.until(lambda: len(client.frames) > seen)
            assert await client.blob(client.avatar.head_blob.sha256)

    run(scenario)
