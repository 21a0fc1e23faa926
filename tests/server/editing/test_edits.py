"""Edits from end to end, as clients see them: order, progress, pictures, previews, commit, undoing."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from emoga_core.avatars import list_versions, load_avatar, read_header
from emoga_protocol.deltas import decode_delta
from emoga_protocol.messages import (
    Capability,
    ErrorCode,
    JobPicture,
    JobProgress,
    Manifest,
    SetWeightsCommand,
    StateCommit,
    StatePut,
)
from emoga_server.baking import is_current
from emoga_server.client import CommandFailed
from emoga_server.client_editing import JobEnded

SMILE = "a subtle, tired smile"


def messages(client, kind) -> list[Any]:
    return [envelope.message for envelope in client.log if isinstance(envelope.message, kind)]


def state(client, name) -> Any:
    return next((s for s in client.avatar.states if s.name == name), None)


def files(path):
    return {f.relative_to(path).as_posix(): f.read_bytes() for f in path.rglob("*") if f.is_file()}


def test_everybody_watches_an_emotion_come_into_being(served):
    async def scenario():
        async with served.client() as author, served.client(capabilities=0) as plain:
            assert author.welcome.capabilities & Capability.EDIT
            layout = author.avatar.layout.revision
            await author.command(SetWeightsCommand(weights={"sad": 0.8}, duration=0.0))
            job = await author.edit(SMILE, "weary", seed=3)
            assert (job.state, job.position) == ("weary", 0)
            assert "AU 12" in job.reading
            await author.until(lambda: state(author, "weary"), 120.0)
            async with served.client() as late:
                assert state(late, "weary") is not None
                await late.until(lambda: job.job in late.jobs, 60.0)
                assert late.jobs[job.job].prompt == SMILE
                done = await author.wait(job.job)
                await plain.wait(job.job)
            check_progress(author, job.job, done)
            check_pictures(author, job.job)
            assert job.job not in plain.pictures
            check_states(author, layout)
            check_states(plain, layout)
            await author.until(
                lambda: author.frames and author.frames[-1].weights[author.avatar.states[-1].slot] > 0.95
            )
            assert author.status.targets == {s.name: float(s.name == "weary") for s in author.avatar.states}
            final = state(author, "weary")
            assert (final.prompt, final.editor) == (SMILE, "guided")
            assert decode_delta(await plain.blob(final.blob.sha256)).expression.any()
            async with served.client() as late:
                assert late.manifest.avatars == author.manifest.avatars
                assert job.job not in late.jobs and not late.pictures

    served.run(scenario())
    assert is_current(served.bundle)  # without anything having been baked again
    provenance = read_header(served.bundle).state("weary").provenance
    assert (provenance["prompt"], provenance["seed"], provenance["editor"]) == (SMILE, 3, "guided")
    assert any(load_avatar(served.bundle).states["weary"].expression)


def check_progress(client, job, done):
    told = [p for p in messages(client, JobProgress) if p.job == job]
    stages = list(dict.fromkeys(p.stage for p in told))
    assert stages[0] == "queued" and stages[-2:] == ["saving", "done"]
    assert {"views", "editing", "optimising"} <= set(stages)
    assert done.progress == 1.0
    assert [p.progress for p in told] == sorted(p.progress for p in told)
    optimising = [p for p in told if p.stage == "optimising"]
    assert optimising[-1].steps == 4 and optimising[-1].loss is not None
    assert {(p.avatar, p.state, p.kind) for p in told} == {(0, "weary", "edit")}


def check_pictures(client, job):
    import cv2

    assert sorted(client.pictures[job]) == [0, 1]
    for picture, before, after in client.pictures[job].values():
        assert isinstance(picture, JobPicture) and (picture.count, picture.width, picture.height) == (
            2,
            64,
            64,
        )
        pixels: list[Any] = [
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) for data in (before, after)
        ]
        assert pixels[0].shape == pixels[1].shape == (64, 64, 3)
        assert np.abs(pixels[0].astype(int) - pixels[1]).max() > 8  # something was edited


def check_states(client, layout):
    log: list[Any] = [
        e.message for e in client.log if isinstance(e.message, Manifest | StatePut | StateCommit)
    ]
    new = next(
        i for i, m in enumerate(log) if isinstance(m, Manifest) and m.avatars[0].layout.revision > layout
    )
    puts = [m for m in log[new:] if isinstance(m, StatePut)]
    assert puts[0].provisional and not puts[-1].provisional and isinstance(log[-1], StateCommit)
    revisions = [m.state.revision for m in puts]
    assert revisions == sorted(set(revisions)) and len({m.state.slot for m in puts}) == 1
    assert log[-1].state == puts[-1].state


def test_editing_again_keeps_the_version_before_and_revert_brings_it_back(served):
    async def scenario():
        async with served.client() as client:
            first = state(client, "happy")
            await client.wait((await client.edit("laughing, eyes closed", "happy")).job)
            second = state(client, "happy")
            assert second.slot == first.slot and second.revision > first.revision
            assert second.blob != first.blob and second.prompt == "laughing, eyes closed"
            versions = await client.history("happy")
            assert [(v.version, v.current, v.prompt) for v in versions] == [
                (2, True, "laughing, eyes closed"),
                (1, False, ""),
            ]
            assert versions[0].time > 1_600_000_000 and versions[0].editor == "guided"
            commits = len(messages(client, StateCommit))
            await client.revert("happy", 1)
            await client.until(lambda: len(messages(client, StateCommit)) > commits)
            back = state(client, "happy")
            assert back.blob == first.blob and back.slot == first.slot and back.revision > second.revision
            assert await client.blob(back.blob.sha256)
            assert [v.current for v in await client.history("happy")] == [False, True]
            with pytest.raises(CommandFailed, match="no version 9"):
                await client.revert("happy", 9)

    served.run(scenario())
    assert is_current(served.bundle)
    assert [v.current for v in list_versions(served.bundle, "happy")] == [False, True]


def test_renaming_and_deleting(served):
    async def scenario():
        async with served.client() as client, served.client() as other:
            old = state(client, "fear")
            await client.command(SetWeightsCommand(weights={"fear": 0.5}, duration=0.0, exclusive=True))
            await client.rename("fear", "dread")
            await other.until(lambda: state(other, "dread"))
            assert state(other, "dread").slot == old.slot and state(other, "fear") is None
            await other.until(lambda: other.frames and abs(other.frames[-1].weights[old.slot] - 0.5) < 0.01)
            for name, words in (("No!", "not allowed"), ("sad", "already a state"), ("neutral", "neutral")):
                with pytest.raises(CommandFailed, match=words) as caught:
                    await client.rename("dread", name)
                assert caught.value.code == ErrorCode.INVALID_ARGUMENT
            layout = client.avatar.layout
            await client.delete("dread")
            await other.until(lambda: state(other, "dread") is None)
            assert other.avatar.layout == layout
            seen = other.frames_received
            await other.until(lambda: other.frames_received > seen + 2)
            assert other.frames[-1].weights[old.slot] == 0.0
            for command in (client.delete("dread"), client.history("dread"), client.rename("dread", "x")):
                with pytest.raises(CommandFailed, match="no state named 'dread'") as caught:
                    await command
                assert caught.value.code == ErrorCode.NOT_FOUND

    served.run(scenario())
    assert "dread" not in {s.name for s in read_header(served.bundle).states} and is_current(served.bundle)


@pytest.mark.parametrize("stage", ["views", "editing", "optimising"])
@pytest.mark.parametrize("name", ["brand-new", "angry"])
def test_a_cancelled_edit_leaves_everything_as_it_was(served, stage, name):
    async def scenario():
        async with served.client() as client:
            await client.command(SetWeightsCommand(weights={"sad": 0.6}, duration=0.0, exclusive=True))
            await client.until(lambda: client.status.targets.get("sad") == pytest.approx(0.6))
            before, disk = state(client, name), files(served.bundle)
            job = (await client.edit("furious", name)).job
            await client.until(lambda: job in client.jobs and client.jobs[job].stage == stage, 120.0)
            await client.cancel(job)
            with pytest.raises(JobEnded) as caught:
                await client.wait(job)
            assert caught.value.progress.stage == "cancelled"
            if before is None:
                await client.until(lambda: state(client, name) is None)
            else:
                await client.until(lambda: state(client, name).blob == before.blob)
                assert state(client, name).prompt == before.prompt
            await client.until(lambda: client.status.targets.get("sad") == pytest.approx(0.6))
            await client.until(
                lambda: (
                    client.frames and np.abs(client.frames[-1].weights).sum() == pytest.approx(0.6, abs=1e-3)
                )
            )
            assert files(served.bundle) == disk
            with pytest.raises(CommandFailed, match="no job"):
                await client.cancel(job)

    served.run(scenario())


def test_sliders_that_are_moved_during_an_edit_stay_where_they_were_put(served):
    async def scenario():
        async with served.client() as client:
            job = (await client.edit("astonished", "agape")).job
            await client.until(lambda: state(client, "agape"), 120.0)
            await client.command(SetWeightsCommand(weights={"disgusted": 0.3, "agape": 0.2}, duration=0.0))
            await client.cancel(job)
            with pytest.raises(JobEnded):
                await client.wait(job)
            await client.until(lambda: state(client, "agape") is None)
            await client.until(lambda: client.status.targets.get("disgusted") == pytest.approx(0.3))

    served.run(scenario())


def test_edits_wait_in_a_visible_line(served):
    async def scenario():
        async with served.client() as client, served.client() as other:
            jobs = [
                await client.edit("happy", "one"),
                await client.edit("sad", "two"),
                await other.edit("angry", "three"),
            ]
            assert [job.position for job in jobs] == [0, 1, 2]
            with pytest.raises(CommandFailed, match=r"'two' has an edit already \(job \d+\)") as caught:
                await other.edit("furious", "two")
            assert caught.value.code == ErrorCode.BUSY
            for busy in (other.rename("one", "uno"), other.delete("two"), other.revert("three", 1)):
                with pytest.raises(CommandFailed, match="has an edit already"):
                    await busy
            await client.edit("fearful", "four")
            with pytest.raises(CommandFailed, match="you have 3 edits in the queue") as caught:
                await client.edit("bored", "five")
            assert caught.value.code == ErrorCode.BUSY
            async with served.client() as late:
                await late.until(lambda: len(late.jobs) == 4)
                assert [late.jobs[job.job].position for job in jobs] == [0, 1, 2]
            await client.cancel(jobs[1].job)
            await other.until(lambda: other.jobs[jobs[2].job].position == 1)
            for job in (jobs[0].job, client.jobs and max(client.jobs)):
                await client.cancel(job)
            await other.wait(jobs[2].job)
            assert {"three"} == {s.name for s in other.avatar.states} & {"one", "two", "three", "four"}
            await other.delete("three")

    served.run(scenario())


def test_a_worker_that_is_killed_fails_its_edit_only(served):
    async def scenario():
        import os
        import signal

        async with served.client() as client:
            disk = files(served.bundle)
            before = state(client, "sad")
            job = (await client.edit("weeping", "sad")).job
            waiting = (await client.edit("glad", "glad")).job
            await client.until(lambda: client.jobs[job].stage == "optimising", 120.0)
            (pid,) = served.hub.workers.pids
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(JobEnded, match=r"out of memory.*fewer views") as caught:
                await client.wait(job)
            assert caught.value.progress.stage == "failed"
            await client.until(lambda: state(client, "sad").blob == before.blob)
            assert files(served.bundle) == disk
            seen = client.frames_received
            await client.until(lambda: client.frames_received > seen + 3)
            async with served.client() as late:
                await late.until(lambda: late.jobs[job].stage == "failed")
            await client.wait(waiting)  # the next one has a fresh worker
            await client.delete("glad")

    served.run(scenario())
    assert json.loads((served.bundle / "avatar.json").read_text())["format"] == "emoga-avatar"


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"prompt": ""}, ErrorCode.INVALID_ARGUMENT, "prompt"),
        ({"prompt": " \n "}, ErrorCode.INVALID_ARGUMENT, "prompt"),
        ({"prompt": "smile " * 200}, ErrorCode.INVALID_ARGUMENT, "500"),
        ({"prompt": "a\x00smile"}, ErrorCode.INVALID_ARGUMENT, "control"),
        ({"state": "../../evil"}, ErrorCode.INVALID_ARGUMENT, "not allowed"),
        ({"state": "Très Content"}, ErrorCode.INVALID_ARGUMENT, "not allowed"),
        ({"state": "neutral"}, ErrorCode.INVALID_ARGUMENT, "neutral"),
        ({"state": "con"}, ErrorCode.INVALID_ARGUMENT, "not allowed"),
        ({"editor": "photoshop"}, ErrorCode.NOT_FOUND, "no editor is called 'photoshop'"),
        ({"editor": "ultraedit"}, ErrorCode.UNSUPPORTED, "20 GB.*hf download"),
        ({"editor": "folder"}, ErrorCode.UNSUPPORTED, "folder"),
        ({"avatar": "nobody"}, ErrorCode.NOT_FOUND, "no avatar named 'nobody'"),
        ({"intensity": 0}, ErrorCode.INVALID_ARGUMENT, "intensity"),
        ({"intensity": 9}, ErrorCode.INVALID_ARGUMENT, "up to 1.5"),
        ({"views": 0}, ErrorCode.INVALID_ARGUMENT, "views"),
        ({"frames": 1000}, ErrorCode.INVALID_ARGUMENT, "frames"),
        ({"negative": "x" * 5000}, ErrorCode.INVALID_ARGUMENT, "negative"),
    ],
)
def test_what_cannot_be_edited_is_refused_at_once(served, monkeypatch, tmp_path, fields, code, words):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))

    async def scenario():
        async with served.client() as client:
            with pytest.raises(CommandFailed, match=f"(?i){words}") as caught:
                await client.edit(**({"prompt": "smile"} | fields))
            assert caught.value.code == code
            assert not len(served.hub.desk.edits.line)

    served.run(scenario())


def test_prompts_and_editors_are_told(served):
    async def scenario():
        async with served.client() as client:
            info = await client.read_prompt(SMILE)
            assert "12" in info.action_units and info.name and info.valence > 0
            for odd in ("ein müdes Lächeln", "微笑み", "zxqv"):
                assert (await client.read_prompt(odd)).unknown
            with pytest.raises(CommandFailed):
                await client.read_prompt("")
            editors = {e.name: e for e in await client.list_editors()}
            assert editors["guided"].ready and editors["guided"].default
            assert not editors["folder"].ready

    served.run(scenario())


def test_a_full_disk_at_the_commit_leaves_the_avatar_as_it_was(served):
    import resource

    async def scenario():
        async with served.client() as client:
            job = (await client.edit("smile", "warmer")).job
            await client.wait(job)  # there is a worker now
            disk, blob = files(served.bundle), state(client, "disgusted").blob
            (pid,) = served.hub.workers.pids
            # room for what is handed over on the way, but not for the header and the index
            room = 400 + max(len(before + after) for _, before, after in client.pictures[job].values())
            assert room < len(disk["baked/index.json"])
            limits = resource.prlimit(pid, resource.RLIMIT_FSIZE, (room, -1))
            job = (await client.edit("disgusted", "disgusted")).job
            with pytest.raises(JobEnded, match=r"ann\.emoga: cannot be written .*free space") as caught:
                await client.wait(job)
            assert caught.value.progress.stage == "failed"
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)
            await client.until(lambda: state(client, "disgusted").blob == blob)
            assert files(served.bundle) == disk
            assert {p.name for p in served.bundle.parent.iterdir()} == {"ann.emoga"}
            await client.wait((await client.edit("disgusted", "disgusted")).job)
            assert served.hub.workers.pids == [pid]

    served.run(scenario())
