"""A live server with a real worker and a small real avatar, shared by the tests of a module.

Starting a worker costs seconds, so the server runs in a thread of its own, and each test uses other states.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from emoga_protocol.messages import Capability
from emoga_server.client import Client
from emoga_server.editing.options import EditOptions
from emoga_server.hub import Hub, HubOptions

QUICK = EditOptions(views=2, frames=1, size=64, steps=4)


class Served:
    """A hub in its own thread."""

    def __init__(self, bundle: Path, options: EditOptions) -> None:
        self.bundle = bundle
        self.lines: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.hub = self.run(self._make(options))

    async def _make(self, options: EditOptions) -> Hub:
        hub = Hub(HubOptions([self.bundle], port=0, edit=options), self.lines.append)
        await hub.start()
        return hub

    def run(self, coroutine: Coroutine[Any, Any, Any], seconds: float = 240.0) -> Any:
        """The result of a coroutine that runs in the hub's loop."""

        async def limited() -> Any:
            async with asyncio.timeout(seconds):
                return await coroutine

        return asyncio.run_coroutine_threadsafe(limited(), self._loop).result()

    def client(self, **options: Any) -> Any:
        """`async with served.client() as client`, for clients that take all there is."""
        everything: dict[str, Any] = {"capabilities": Capability.INLINE_STATES | Capability.JOB_PICTURES}
        url = f"ws://localhost:{self.hub.transport.port}/ws"
        return Client.connect(url, **(everything | options))

    def close(self) -> None:
        """Stops the hub and its thread."""
        self.run(self.hub.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture(scope="module")
def avatar_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baked avatar on the bundled head, with six emotions; the tests of a module change it."""
    from emoga_server.bench.synthetic_avatar import write_synthetic_bundle

    return write_synthetic_bundle(tmp_path_factory.mktemp("edit") / "ann.emoga", 2000, motion_seconds=1.0)


@pytest.fixture(scope="module")
def served(avatar_path: Path) -> Iterator[Served]:
    """The module's server."""
    server = Served(avatar_path, QUICK)
    yield server
    server.close()
