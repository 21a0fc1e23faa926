"""Whole captures: layout, exact numbers, repeatable, resumable, clear errors."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from emoga_core.captures import read_capture
from emoga_core.captures.errors import CaptureError
from emoga_core.captures.studio import Settings, emotion_offset, synthesise
from emoga_core.captures.studio.subjects import SUBJECTS, find_subject, subject_of_seed
from emoga_core.captures.studio.synth import emotional_motion
from emoga_core.heads import bundled_head


def contents(path: Path) -> dict[str, bytes]:
    return {str(p.relative_to(path)): p.read_bytes() for p in sorted(path.rglob("*")) if p.is_file()}


def test_layout_is_that_of_an_export(tiny_capture: Path) -> None:
    names = set(contents(tiny_capture))
    numbers = [f"{t:05d}_{c:02d}" for t in range(3) for c in range(2)]
    pictures = {f"{folder}/{number}.png" for folder in ("images", "fg_masks") for number in numbers}
    parameters = {f"flame_param/{t:05d}.npz" for t in range(3)}
    tables = {f"transforms{s}.json" for s in ("", "_train", "_val", "_test")}
    extra = {"canonical_flame_param.npz", "emotion.json", "capture.json"}
    assert names == pictures | parameters | tables | extra
    head = bundled_head()
    table = json.loads((tiny_capture / "transforms.json").read_text())
    assert table["head"] == {"name": head.name, "hash": head.hash}
    with np.load(tiny_capture / "flame_param/00001.npz") as p:
        shapes = {k: p[k].shape for k in p.files}
    assert shapes == {
        "translation": (1, 3), "rotation": (1, 3), "neck_pose": (1, 3), "jaw_pose": (1, 3),
        "eyes_pose": (1, 6), "shape": (head.num_identities,), "expr": (1, 52),
    }  # fmt: skip


def test_parameters_are_the_motion_plus_the_emotion(tiny_capture: Path, tiny_settings: Settings) -> None:
    capture, motion = read_capture(tiny_capture), emotional_motion(tiny_settings)
    np.testing.assert_allclose(capture.parameters.expression, motion.expression, atol=1e-7)
    np.testing.assert_allclose(capture.parameters.joint_rotations, motion.joint_rotations, atol=1e-7)
    np.testing.assert_array_equal(capture.parameters.identity, SUBJECTS["kofi"].identity())
    assert capture.emotion is not None
    assert capture.emotion["weights"] == {"happy": 0.5} and capture.emotion["subject"] == "kofi"
    np.testing.assert_allclose(capture.emotion["expression"], emotion_offset({"happy": 0.5}))
    np.testing.assert_allclose(capture.parameters.expression[0], emotion_offset({"happy": 0.5}), atol=1e-7)


def test_pictures_are_white_outside_the_matte(tiny_capture: Path) -> None:
    for frame in read_capture(tiny_capture).frames:
        image, mask = frame.image(), frame.mask()
        assert mask is not None and (image[mask == 0] == 1).all() and mask.max() == 1
        assert image[mask > 0.99].mean() < 0.8


def test_same_settings_same_bytes_for_any_number_of_workers(
    tiny_capture: Path, tiny_settings: Settings, tmp_path: Path
) -> None:
    synthesise(tmp_path / "again", tiny_settings, workers=2)
    assert contents(tmp_path / "again") == contents(tiny_capture)


def test_an_interrupted_capture_continues(
    tiny_capture: Path, tiny_settings: Settings, tmp_path: Path
) -> None:
    out, seen = tmp_path / "c", []

    def stop(done: int, total: int) -> None:
        seen.append((done, total))
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesise(out, tiny_settings, progress=stop)
    assert not (out / "transforms.json").exists()
    with pytest.raises(CaptureError):
        read_capture(out)
    first = (out / "images/00000_00.png").stat().st_mtime_ns
    (out / "images/00000_01.png").unlink()  # as if the process had died between two pictures
    synthesise(out, tiny_settings, progress=lambda done, total: seen.append((done, total)))
    assert (out / "images/00000_00.png").stat().st_mtime_ns == first
    assert seen == [(0, 3), (1, 3), (0, 3), (1, 3), (2, 3), (3, 3)]
    assert contents(out) == contents(tiny_capture)


def test_other_settings_do_not_mix(tiny_capture: Path) -> None:
    with pytest.raises(CaptureError, match="other settings"):
        synthesise(tiny_capture, Settings("kofi", {}, cameras=2, frames=3, size=96, seed=4))


@pytest.mark.parametrize(
    "bad",
    [
        {"subject": "nobody"}, {"cameras": 0}, {"frames": 0}, {"size": 8}, {"size": 9999}, {"seed": -1},
        {"emotions": {"glad": 1.0}}, {"emotions": {"happy": 1.5}},
    ],
)  # fmt: skip
def test_bad_settings_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(CaptureError) as caught:
        Settings(**{"subject": "kofi", **bad})
    assert "\n" not in str(caught.value)


def test_bad_folders_and_workers_are_refused(tmp_path: Path, tiny_settings: Settings) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thing").write_text("x")
    for out in (tmp_path / "full", tmp_path / "full" / "thing"):
        with pytest.raises(CaptureError):
            synthesise(out, tiny_settings)
    with pytest.raises(CaptureError, match="workers"):
        synthesise(tmp_path / "x", tiny_settings, workers=-1)
    assert (tmp_path / "full" / "thing").read_text() == "x"


def test_subjects() -> None:
    assert len(SUBJECTS) >= 2
    identities = [s.identity() for s in SUBJECTS.values()]
    assert np.linalg.norm(identities[0] - identities[1]) > 3
    assert find_subject("12") == subject_of_seed(12) != subject_of_seed(13)
    for seed in range(20):
        subject = subject_of_seed(seed)
        assert np.abs(subject.identity()).max() < 8
        assert all(0 < c < 1 for c in (*subject.look.skin, *subject.look.hair, *subject.look.iris))


COMMAND = [sys.executable, "-c", "from emoga_server.cli import main; main()", "capture", "synth"]
SMALL = ["--frames", "3", "--cameras", "2", "--size", "96", "--seed", "4", "--emotion", "happy=0.5"]


@pytest.mark.parametrize(
    "arguments", [["--subject", "nobody"], ["--emotion", "glad"], ["--frames", "0"], ["--workers", "-2"]]
)
def test_the_command_prints_one_line_errors(tmp_path: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [*COMMAND, str(tmp_path / "c"), *arguments], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_command_resumes(tiny_capture: Path, tmp_path: Path, sent: signal.Signals) -> None:
    out = tmp_path / "c"
    process = subprocess.Popen(
        [*COMMAND, str(out), *SMALL, "--workers", "2"], start_new_session=True, stderr=subprocess.PIPE
    )
    for _ in range(1200):
        if (out / "images").exists() and any((out / "images").glob("*.png")):
            break
        time.sleep(0.1)
    os.killpg(process.pid, sent)
    process.communicate(timeout=60)
    assert process.returncode == (130 if sent == signal.SIGINT else -signal.SIGKILL)
    assert not (out / "transforms.json").exists()
    subprocess.run([*COMMAND, str(out), *SMALL, "--workers", "1"], check=True, timeout=240)
    assert contents(out) == contents(tiny_capture)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="needs SIGKILL")
def test_workers_do_not_outlive_a_killed_command(tmp_path: Path) -> None:
    out = tmp_path / "c"
    process = subprocess.Popen([*COMMAND, str(out), *SMALL, "--workers", "2"], start_new_session=True)
    for _ in range(1200):
        if any((out / "images").glob("*.png")):
            break
        time.sleep(0.1)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 2
    process.kill()  # this process alone, not its group
    process.wait(60)
    _, alive = psutil.wait_procs(children, timeout=60)
    for child in alive:
        child.kill()
    assert not alive
