"""Saves that are killed, or run out of disk, or meet other writers: the avatar on disk is always whole."""

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time

import pytest
import torch

from emoga_core.avatars import BundleError, bundle_files, load_avatar, read_header, save_avatar, save_state

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs fork, SIGKILL and resource limits")

KILLED_SAVES = """
    import os, random, signal, sys, time
    import torch
    torch.set_num_threads(1)
    sys.path.insert(0, sys.argv[1])
    from conftest import make_tiny_avatar, make_tiny_head
    from emoga_core.avatars import bundle_files, load_avatar, save_avatar

    if sys.argv[3] == "rename":
        bundle_files._exchange = lambda first, second: False
    path, head, randomly = sys.argv[2], make_tiny_head(), random.Random(7)
    versions = [make_tiny_avatar(head, seed=seed) for seed in (1, 2)]
    save_avatar(versions[0], path)
    started = time.perf_counter()
    for version in (versions[1], versions[0]):
        save_avatar(version, path)
    both = time.perf_counter() - started
    seen, interrupted = [0, 0], 0
    for attempt in range(10):
        child = os.fork()
        if not child:
            while True:
                for version in reversed(versions):
                    save_avatar(version, path)
        time.sleep(2 * both * randomly.random())
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        interrupted += len(os.listdir(os.path.dirname(path))) > 1
        means = load_avatar(path, head).gaussians.means
        matches = [bool(torch.equal(means, version.gaussians.means)) for version in versions]
        assert sum(matches) == 1, "neither the old nor the new avatar"
        seen[matches.index(True)] += 1
    save_avatar(versions[1], path)
    left = os.listdir(os.path.dirname(path))
    assert left == [os.path.basename(path)], left
    print(*seen, interrupted)
"""


@pytest.mark.parametrize("swap", ["exchange", "rename"])
def test_kill_in_the_middle_of_a_save(tmp_path, swap):
    tests = os.path.join(os.path.dirname(__file__), "..", "..")
    command = [sys.executable, "-c", textwrap.dedent(KILLED_SAVES), tests, str(tmp_path / "a.emoga"), swap]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    first, second, interrupted = map(int, done.stdout.split())
    assert first and second and interrupted, "kills must have hit saves, at different moments"


@pytest.mark.parametrize("limit", [200, 2_000, 8_000])
def test_full_disk(tmp_path, tiny_avatar, tiny_head, limit):
    path = tmp_path / "a.emoga"
    save_avatar(tiny_avatar, path)
    changed = load_avatar(path, tiny_head)
    changed.gaussians.means += 1
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(BundleError, match=r"cannot be written.*unchanged"):
            save_avatar(changed, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert torch.equal(load_avatar(path, tiny_head).gaussians.means, tiny_avatar.gaussians.means)
    assert os.listdir(tmp_path) == ["a.emoga"]


def test_a_stale_temporary_is_cleaned_up(tmp_path, tiny_avatar):
    stale = tmp_path / ".a.emoga.tmp-0123abcd"
    stale.mkdir()
    (stale / "avatar.safetensors").write_bytes(b"half")
    neighbour = tmp_path / ".b.emoga.tmp-0123abcd"
    neighbour.mkdir()
    save_avatar(tiny_avatar, tmp_path / "a.emoga")
    assert not stale.exists() and neighbour.exists()


def test_between_two_renames_the_old_avatar_is_still_found(tmp_path, tiny_avatar, tiny_head):
    path = tmp_path / "a.emoga"
    save_avatar(tiny_avatar, path)
    os.rename(path, tmp_path / ".a.emoga.old")  # where a crash without atomic exchange leaves it
    assert list(load_avatar(path, tiny_head).states) == ["happy", "sad"]
    save_state(path, tiny_avatar.neutral_state("calm"))
    assert [state.name for state in read_header(path).states] == ["happy", "sad", "calm"]
    assert os.listdir(tmp_path) == ["a.emoga"]


def test_a_swap_that_fails_puts_the_old_avatar_back(tmp_path, tiny_avatar, tiny_head, monkeypatch):
    path = tmp_path / "a.emoga"
    save_avatar(tiny_avatar, path)
    real = os.rename

    def rename(source, target):
        if ".tmp-" in str(source):
            raise OSError(5, "Input/output error")
        real(source, target)

    monkeypatch.setattr(bundle_files, "_exchange", lambda first, second: False)
    monkeypatch.setattr(bundle_files.os, "rename", rename)
    with pytest.raises(BundleError, match="Input/output error"):
        save_avatar(tiny_avatar, path)
    assert list(load_avatar(path, tiny_head).states) == ["happy", "sad"]
    assert os.listdir(tmp_path) == ["a.emoga"]


def _add_states(path, avatar, make, names):
    torch.set_num_threads(1)
    for number, name in enumerate(names):
        save_state(path, make(avatar, name, number))


def test_two_writers_do_not_undo_each_other(tmp_path, tiny, tiny_avatar, tiny_head):
    path = tmp_path / "a.emoga"
    save_avatar(tiny_avatar, path)
    groups = [[f"{letter}-{number}" for number in range(6)] for letter in "ab"]
    fork = multiprocessing.get_context("fork")
    writers = [
        fork.Process(target=_add_states, args=(path, tiny_avatar, tiny.state, names)) for names in groups
    ]
    for writer in writers:
        writer.start()
    loads = 0
    while any(writer.is_alive() for writer in writers):
        load_avatar(path, tiny_head)  # a reader in between never sees a mixture
        loads += 1
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert set(load_avatar(path, tiny_head).states) == {"happy", "sad", *groups[0], *groups[1]} and loads


def test_a_dead_writer_holds_no_lock(tmp_path, tiny_avatar):
    path = tmp_path / "a.emoga"
    child = os.fork()
    if not child:
        with bundle_files.bundle_lock(path):
            (tmp_path / "locked").touch()
            time.sleep(60)
        os._exit(0)
    while not (tmp_path / "locked").exists():
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    save_avatar(tiny_avatar, path)
    assert read_header(path).name == "Tiny"
