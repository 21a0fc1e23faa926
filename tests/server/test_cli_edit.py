"""`emoga edit`, as people run it, with the real editors and optimiser on a small painted avatar."""

import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from emoga_core.avatars import list_versions, read_header
from emoga_core.captures import read_png
from emoga_server.baking import is_current
from emoga_server.bench.synthetic_avatar import write_synthetic_bundle

QUICK = ("--views", "2", "--frames", "1", "--size", "96", "--steps", "8")


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_bundle(tmp_path_factory.mktemp("ada") / "ada.emoga", splats=3000)


@pytest.fixture
def bundle(baked: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(baked, tmp_path / "ada.emoga"))


@pytest.fixture
def edit(emoga: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable:
    """Runs `emoga edit` with a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return functools.partial(emoga, "edit")


def files(bundle: Path) -> dict[str, bytes]:
    return {str(p.relative_to(bundle)): p.read_bytes() for p in bundle.rglob("*") if p.is_file()}


def test_a_feeling_becomes_a_state_that_can_be_made_again(bundle, edit):
    code, out, err = edit(bundle, "--prompt", "a subtle, tired smile", *QUICK)
    assert (code, err) == (0, "")
    assert "read as: " in out and "AU 12" in out
    state = read_header(bundle).state("subtle-tired-smile")
    assert state.provenance["prompt"] == "a subtle, tired smile" and is_current(bundle)
    sheet = read_png(bundle.with_name("ada_subtle-tired-smile.png"))
    assert sheet.shape[0] > 3 * 96 and sheet.shape[1] > 2 * 96
    again = ("-p", "broad grin", "--name", "subtle-tired-smile", "--sheet", bundle.parent / "g.png")
    code, *_ = edit(bundle, *again, *QUICK)
    assert code == 0 and (bundle.parent / "g.png").exists()
    assert len(list_versions(bundle, "subtle-tired-smile")) == 2


def test_views_for_another_tool_and_back(bundle, edit, tmp_path):
    views, masks = tmp_path / "views", tmp_path / "masks.png"
    before = files(bundle)
    code, out, _ = edit(bundle, "-p", "happy", "--export-views", views, "--mask-preview", masks, *QUICK)
    assert code == 0 and masks.exists() and "--editor folder" in out
    assert sorted(p.name for p in views.glob("*.png")) == ["f000_c00.png", "f000_c01.png"]
    assert files(bundle) == before
    code, _, err = edit(bundle, "-p", "happy", "--editor", "folder", "--folder", tmp_path / "none", *QUICK)
    assert code == 1 and "no folder" in err and files(bundle) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--prompt", ""], "--prompt"),
        (["--prompt", "x" * 501], "500"),
        (["--prompt", "zxcvb qwrtp"], "ultraedit"),
        (["--prompt", "sad", "--editor", "gided"], "guided"),
        (["--prompt", "sad", "--editor", "ultraedit", "--model", "/no/such/folder"], "/no/such/folder"),
        (["--prompt", "sad", "--name", "a/b"], "a/b"),
        (["--prompt", "sad", "--views", "0"], "views"),
        (["--prompt", "sad", "--intensity", "9"], "intensity"),
        (["--prompt", "sad", "--sheet", "sheet.jpg"], "PNG"),
        (["--prompt", "sad", "--masks", "/no/masks"], "/no/masks"),
    ],
)
def test_bad_wishes_get_one_line_and_change_nothing(bundle, edit, arguments, words):
    before = files(bundle)
    code, _, err = edit(bundle, *arguments)
    assert code == 1 and err.startswith("error: ") and err.count("\n") == 1 and words in err
    assert files(bundle) == before


def test_reading_and_list_need_no_avatar_to_change(bundle, edit):
    before = files(bundle)
    assert "AU 4" in edit(bundle, "-p", "angry", "--dry-run")[1]
    assert "ultraedit" in edit("--list-editors")[1]
    assert files(bundle) == before


def test_interrupted_it_leaves_the_avatar_as_it_was(bundle, tmp_path):
    before = files(bundle)
    command = [sys.executable, "-c", "from emoga_server.cli import main; main()", "edit", str(bundle),
               "--prompt", "sad", *QUICK[:-1], "100000"]  # fmt: skip
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None and "read as" in process.stdout.readline()
    time.sleep(3)  # the work begins right after that line; any moment of it will do
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert ("Traceback" not in err and "as it was" in out + err) or "interrupted" in err
    assert files(bundle) == before
