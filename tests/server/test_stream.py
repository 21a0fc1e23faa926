"""A real client on a real socket: snapshot, frames, commands, latecomers, clocks."""

from __future__ import annotations

import asyncio
import itertools

import numpy as np
import pytest

from emoga_protocol.messages import (
    ChooseMotionCommand,
    ErrorCode,
    ListAvatarsCommand,
    ListMotionsCommand,
    ListStatesCommand,
    MessageType,
    PauseCommand,
    PlayCommand,
    SeekCommand,
    SelectAvatarCommand,
    SetIdleCommand,
    SetLoopCommand,
    SetWeightsCommand,
)
from emoga_server.client import Client, CommandFailed


def address(hub) -> str:
    return f"ws://localhost:{hub.transport.port}/ws"


def test_client_gets_snapshot_then_frames(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as client:
            await client.next_frame()
            return client

    client = run(scenario)
    first = [e.type for e in client.log][:3]
    assert first == [MessageType.WELCOME, MessageType.MANIFEST, MessageType.STATUS]
    assert client.avatar.name == "tiny"
    assert [s.name for s in client.avatar.states] == ["happy", "sad"]
    assert client.status.motion == "talk" and client.status.playing


def test_frames_rise_in_number_and_time_and_follow_the_motion(bundle, live, run):
    async def scenario():
        async with live(bundle, idle=False) as hub, Client.connect(address(hub)) as client:
            await client.until(lambda: len(client.frames) >= 40)
            return list(client.frames)[:40], client.status

    frames, status = run(scenario)
    assert all(a.seq < b.seq and a.time < b.time for a, b in itertools.pairwise(frames))
    for frame in frames:
        position = (status.position + (frame.time - status.time) * 1e-6) % 2.0
        if 0.3 < position < 1.9:  # away from the seam of the loop
            assert frame.expression[4] == pytest.approx(0.5 + 0.5 * np.sin(2 * np.pi * position), abs=0.02)
            assert frame.joints[1, 1] == pytest.approx(0.3 * np.sin(np.pi * position), abs=0.01)


def test_an_emotion_command_reaches_every_client(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as a, Client.connect(address(hub)) as b:
            await a.command(SetWeightsCommand(weights={"happy": 0.8}, duration=0.1))
            for client in (a, b):
                await client.until(lambda c=client: c.frames and abs(c.frames[-1].weights[0] - 0.8) < 1e-3)
                await client.until(lambda c=client: c.status.targets["happy"] == 0.8)

    run(scenario)


def test_weights_over_one_are_scaled_for_everybody(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as client:
            await client.command(SetWeightsCommand(weights={"happy": 1.0, "sad": 1.0}, duration=0.0))
            await client.until(lambda: client.frames and client.frames[-1].weights.sum() > 0.9)
            return client.frames[-1].weights

    np.testing.assert_allclose(run(scenario), [0.5, 0.5], atol=1e-4)


def test_latecomer_and_reconnect_see_the_same_state(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub:
            async with Client.connect(address(hub)) as first:
                await first.command(SetWeightsCommand(weights={"sad": 0.5}, duration=0.0))
                await first.command(PauseCommand())
                await first.command(SeekCommand(position=1.25))
                await first.until(lambda: first.status.position == pytest.approx(1.25))
                async with Client.connect(address(hub)) as late:
                    await first.until(lambda: len(first.frames) > 3)
                    a, b = await asyncio.gather(first.next_frame(), late.next_frame())
                    assert late.manifest == first.manifest
                    assert late.status.targets == first.status.targets
                    assert late.status.position == first.status.position
                    assert (a.seq, a.weights.tolist()) == (b.seq, b.weights.tolist())
                    session = first.welcome.session
            async with Client.connect(address(hub)) as again:
                assert again.welcome.session == session
                assert again.status.targets == {"happy": 0.0, "sad": 0.5}
                assert not again.status.playing

    run(scenario)


def test_motion_commands(bundle, live, run):
    async def scenario():
        async with live(bundle, idle=False) as hub, Client.connect(address(hub)) as client:
            await client.command(PauseCommand())
            await client.command(SeekCommand(position=0.25))
            await client.until(lambda: any(f.cut for f in client.frames))
            await client.until(lambda: client.frames[-1].expression[4] == pytest.approx(1.0, abs=5e-3))
            await client.command(SetLoopCommand(loop=False))
            await client.until(lambda: not client.status.loop and not client.status.playing)
            await client.command(PlayCommand(speed=-1.0))
            await client.until(lambda: not client.status.playing and client.status.position == 0.0)
            await client.command(ChooseMotionCommand(motion=None, blend=0.0))
            await client.until(lambda: client.status.motion is None)
            await client.until(lambda: not client.frames[-1].expression.any())
            assert await client.command(SetIdleCommand(gaze=0.5)) == {
                "enabled": False,
                "blinks": 1.0,
                "breathing": 1.0,
                "micro_motion": 1.0,
                "gaze": 0.5,
            }

    run(scenario)


def test_lists_and_avatar_choice(bundle, second_bundle, live, run):
    async def scenario():
        async with live(bundle, second_bundle) as hub, Client.connect(address(hub)) as client:
            avatars = await client.command(ListAvatarsCommand())
            assert [a["name"] for a in avatars] == ["tiny", "other"]
            states = await client.command(ListStatesCommand(avatar="other"))
            assert [s["name"] for s in states] == ["angry"]
            motions = await client.command(ListMotionsCommand())
            assert [m["name"] for m in motions] == ["talk"]
            await client.command(SelectAvatarCommand(avatar="other"))
            await client.until(lambda: client.status.avatar == 1 and client.frames[-1].avatar == 1)
            assert client.frames[-1].weights.shape == (1,)

    run(scenario)


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (SetWeightsCommand(weights={"hapy": 1.0}), ErrorCode.NOT_FOUND, "happy, sad"),
        (SetWeightsCommand(weights={"happy": 1.0}, duration=-1.0), ErrorCode.INVALID_ARGUMENT, "duration"),
        (ChooseMotionCommand(motion="walk"), ErrorCode.NOT_FOUND, "talk"),
        (PlayCommand(speed=100.0), ErrorCode.INVALID_ARGUMENT, "speed"),
        (SelectAvatarCommand(avatar="nobody"), ErrorCode.NOT_FOUND, "tiny"),
        (SetIdleCommand(blinks=9.0), ErrorCode.INVALID_ARGUMENT, "blinks"),
    ],
)
def test_a_bad_command_says_what_is_wrong_and_changes_nothing(bundle, live, run, command, code, words):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as client:
            with pytest.raises(CommandFailed, match=words) as caught:
                await client.command(command)
            assert caught.value.code == code
            assert client.status.targets == {"happy": 0.0, "sad": 0.0}
            await client.next_frame()

    run(scenario)


def test_clock_question(bundle, live, run):
    async def scenario():
        async with live(bundle) as hub, Client.connect(address(hub)) as client:
            sent, server = await client.ping()
            frame = await client.next_frame()
            assert 0 <= frame.time - server < 5_000_000
            assert sent > 0

    run(scenario)


def test_two_avatars_of_one_name_can_be_told_apart(bundle, live, run):
    async def scenario():
        async with live(bundle, bundle) as hub, Client.connect(address(hub)) as client:
            assert [a.name for a in client.manifest.avatars] == ["tiny", "tiny-2"]
            await client.command(SelectAvatarCommand(avatar="tiny-2"))
            await client.until(lambda: client.status.avatar == 1)

    run(scenario)
