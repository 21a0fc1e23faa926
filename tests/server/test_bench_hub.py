"""The benchmark's clients count what really happened."""

from __future__ import annotations

import asyncio

from emoga_server.bench.hub_clients import follow


def test_clients_count_frames_and_the_slow_one_is_slow(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub:
            seen = await asyncio.to_thread(follow, hub.transport.port, 3, 1.5, 10.0, 0.1)
            return seen, hub.metrics.value("frames_total")

    seen, made = run(scenario)
    assert 3 < seen["frames"] <= 3 * made
    assert 2 <= seen["slow_frames"] <= 17
    assert 0 <= seen["age_p50_ms"] <= seen["age_p99_ms"] < 1500
