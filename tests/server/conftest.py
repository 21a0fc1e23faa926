"""Small real avatars on disk and a live hub on a free port."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoga_protocol.codec import struct_to_map
from emoga_protocol.frames import make_layout
from emoga_protocol.messages import AvatarInfo, BlobRef, Counts, HeadInfo, MotionInfo, StateInfo
from emoga_server.baking import source_fingerprint
from emoga_server.hub import Hub, HubOptions

NAMES = ["eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "jawOpen", "mouthSmileLeft"]
FRAMES, FPS = 60, 30.0


def write_bundle(
    folder: Path,
    name: str = "tiny",
    states: tuple[str, ...] = ("happy", "sad"),
    blob_bytes: int = 700_000,
    redistributable: bool = True,
    seed: int = 0,
) -> Path:
    """A bundle as the hub reads it: header, motions, and a baked folder with buffers of random bytes.

    The hub passes buffers on without looking into them, so that random ones exercise all it does with them.
    """
    rng = np.random.default_rng(seed)
    path = folder / f"{name}.emoga"
    (path / "baked").mkdir(parents=True)
    (path / "motions").mkdir()

    def blob(kind: str, size: int) -> BlobRef:
        data = rng.bytes(size)
        sha256 = hashlib.sha256(data).hexdigest()
        (path / "baked" / sha256).write_bytes(data)
        return BlobRef(sha256=sha256, size=size, kind=kind)

    time = np.arange(FRAMES) / FPS
    joints = np.zeros((FRAMES, 5, 3))
    joints[:, 1, 1] = 0.3 * np.sin(2 * np.pi * time / 2)
    np.savez(
        path / "motions" / "talk.npz",
        fps=FPS,
        expression=np.outer(0.5 + 0.5 * np.sin(2 * np.pi * time), np.arange(len(NAMES)) == 4),
        joint_rotations=joints,
        translation=np.zeros((FRAMES, 3)),
    )
    head = HeadInfo(
        name="test head",
        version="1",
        hash="0" * 64,
        licence="CC0-1.0",
        credit="nobody",
        redistributable=redistributable,
        expression_names=NAMES,
        expression_range=[0.0, 1.0],
    )
    info = AvatarInfo(
        slot=0,
        name=name,
        title=name.title(),
        head=head,
        counts=Counts(splats=10, vertices=8, triangles=12, expressions=len(NAMES), joints=5, sh_degree=0),
        head_blob=blob("head", 5000),
        splats_blob=blob("splats", blob_bytes),
        states=[StateInfo(slot=i, name=state, blob=blob("delta", 999)) for i, state in enumerate(states)],
        motions=[MotionInfo(name="talk", fps=FPS, frames=FRAMES, duration=FRAMES / FPS)],
        layout=make_layout(len(NAMES), len(states)),
    )
    header = {"format": "emoga-avatar", "format_version": 1, "head": struct_to_map(head)}
    (path / "avatar.json").write_text(json.dumps(header))
    (path / "avatar.safetensors").write_bytes(b"the hub never opens this")
    index = struct_to_map(info) | {"source": source_fingerprint(path)}
    (path / "baked" / "index.json").write_text(json.dumps(index))
    return path


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small avatar with a baked folder; tests must not change it."""
    return write_bundle(tmp_path_factory.mktemp("avatars"))


@pytest.fixture(scope="session")
def second_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another one."""
    return write_bundle(tmp_path_factory.mktemp("avatars"), "other", ("angry",), seed=1)


@pytest.fixture
def make_bundle(tmp_path: Path) -> Callable[..., Path]:
    """Writes a bundle of the test's own."""
    return lambda **options: write_bundle(tmp_path, **options)


@contextlib.asynccontextmanager
async def live_hub(*bundles: Path, **options: Any) -> AsyncIterator[Hub]:
    """A hub on a free port of this machine."""
    hub = Hub(HubOptions(list(bundles), port=0, **options))
    try:
        await hub.start()
        yield hub
    finally:
        await hub.close()


@pytest.fixture
def live() -> Callable[..., Any]:
    """`async with live(bundle, ...) as hub`."""
    return live_hub


@pytest.fixture
def run() -> Callable[..., Any]:
    """Runs a coroutine function to its end, with a limit so that a hanging server fails the test."""

    def go(scenario: Callable[[], Any], seconds: float = 30.0) -> Any:
        async def limited() -> Any:
            async with asyncio.timeout(seconds):
                return await scenario()

        return asyncio.run(limited())

    return go
