"""The command line itself: version, errors of the system in one line, Ctrl-C and SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

EMOGA = Path(sys.executable).parent / "emoga"
SYNTH = ("--frames", "6", "--cameras", "2", "--size", "64")


def emoga(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(EMOGA), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_version() -> None:
    answer = emoga("--version")
    assert answer.returncode == 0 and answer.stdout.startswith("emoga ") and answer.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("capture", "synth", "{file}/capture", *SYNTH), "Not a directory; a part of the path is a file"),
        (("build", "x", "-o", "{file}"), "ends in .emoga"),
        (("render", "x", "-o", "x.jpg"), "written as PNG; give -o x.png"),
    ],
)
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, arguments, words) -> None:
    (tmp_path / "file").write_text("in the way")
    answer = emoga(*(a.replace("{file}", str(tmp_path / "file")) for a in arguments))
    assert answer.returncode == 1 and answer.stderr.count("\n") == 1, answer.stderr
    assert answer.stderr.startswith("error: ") and words in answer.stderr


@pytest.mark.parametrize(("name", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_synth_leaves_no_process_and_continues(tmp_path: Path, name, code) -> None:
    out = tmp_path / "capture"
    arguments = ("capture", "synth", str(out), *SYNTH, "--workers", "2")
    process = subprocess.Popen([str(EMOGA), *arguments], stderr=subprocess.PIPE, text=True)
    while not list(out.glob("images/*.png")) and process.poll() is None:
        time.sleep(0.01)
    children = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, name)
    _, error = process.communicate(timeout=60)  # Ends only when nobody holds the pipe any more.
    assert process.returncode == code and "Traceback" not in error
    assert len(children) >= 2 and not psutil.wait_procs(children, timeout=10)[1]
    assert not (out / "transforms.json").exists()
    (out / "images" / ".00000_00.png.tmp-01234567").write_bytes(b"what SIGKILL leaves")
    again = emoga(*arguments)
    assert again.returncode == 0 and (out / "transforms.json").exists()
    assert len(list(out.glob("images/*.png"))) == 12 and not list(out.glob("*/.*"))
