"""An avatar that is not baked yet: a real worker bakes it while clients watch the progress."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emoga_protocol.messages import JobProgress, Manifest
from emoga_server.baking import is_current
from emoga_server.client import Client


@pytest.fixture
def unbaked(tmp_path: Path) -> Path:
    from emoga_server.bench.synthetic_avatar import write_synthetic_bundle

    path = write_synthetic_bundle(tmp_path / "fresh.emoga", splats=2000, motion_seconds=1.0)
    index = path / "baked" / "index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"source": "of an older avatar"}))
    assert not is_current(path)
    return path


@pytest.mark.slow
def test_a_stale_avatar_is_baked_while_clients_wait(unbaked, live, run):
    async def scenario():
        async with live(unbaked) as hub:
            async with Client.connect(f"ws://localhost:{hub.transport.port}/ws") as client:
                assert client.manifest.avatars == []
                await client.next_frame(60.0)
                stages = [e.message for e in client.log if isinstance(e.message, JobProgress)]
                assert stages[0].kind == "bake" and stages[-1].stage == "done" and stages[-1].progress == 1.0
                assert [e.progress for e in stages] == sorted(e.progress for e in stages)
                assert sum(isinstance(e.message, Manifest) for e in client.log) == 2
                assert client.avatar.name == "fresh"
                assert len(client.avatar.states) == 6
                for blob in (client.avatar.head_blob, client.avatar.splats_blob):
                    assert len(await client.blob(blob.sha256)) == blob.size
            async with Client.connect(f"ws://localhost:{hub.transport.port}/ws") as late:
                assert not any(isinstance(e.message, JobProgress) for e in late.log)
                await late.next_frame()

    run(scenario, 90.0)
    assert is_current(unbaked)
