"""`emoga build` and `emoga state fit`, as people run them."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from emoga_core.avatars import load_avatar
from emoga_core.captures.images import write_png
from emoga_core.heads import Head, save_head

SIZE = 48
SMALL = ("--steps", "40", "--gaussians", "300", "--latent", "8")


@pytest.fixture
def head_file(tmp_path: Path, ball_head: Head) -> Path:
    save_head(ball_head, tmp_path / "ball.safetensors")
    return tmp_path / "ball.safetensors"


def test_build_with_a_state_then_fit_another(
    emoga, tmp_path, ball_capture, happy_ball_capture, head_file, ball_head
) -> None:
    out = tmp_path / "ball.emoga"
    code, text, _ = emoga(
        "build",
        ball_capture,
        "-o",
        out,
        "--head",
        head_file,
        *SMALL,
        "--state",
        f"happy={happy_ball_capture}",
    )
    assert code == 0
    for expected in ("held-out", "pyramid", "camera 4", "val", "test", "happy added", "geometry"):
        assert expected in text
    avatar = load_avatar(out, ball_head)
    assert avatar.states.keys() == {"happy"} and (out / "preview.png").exists()
    assert not out.with_name("ball.emoga.checkpoint").exists()
    before = (out / "avatar.safetensors").read_bytes()
    code, text, _ = emoga(
        "state", "fit", out, "glad", happy_ball_capture, "--head", head_file, "--steps", "5"
    )
    assert code == 0 and "glad added" in text
    assert load_avatar(out, ball_head).states.keys() == {"happy", "glad"}
    assert (out / "avatar.safetensors").read_bytes() == before
    code, _, error = emoga("build", ball_capture, "-o", out, "--head", head_file)
    assert code == 1 and "exists already" in error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-o", "x.safetensors"), "ends in .emoga"),
        (("-o", "x.emoga", "--resume"), "no checkpoint"),
        (("-o", "x.emoga", "--holdout-frames", "4-x"), "numbers and ranges"),
        (("-o", "x.emoga", "--holdout-cameras", "77"), "cannot hold out camera 77"),
        (("-o", "x.emoga", "--state", "happy"), "NAME=CAPTURE"),
        (("-o", "x.emoga", "--state", "happy=/nowhere"), "no such folder"),
        (("-o", "x.emoga", "--vgg-weights", "/nowhere.pth"), "no such file"),
        (("-o", "x.emoga", "--device", "tpu"), "tpu"),
        pytest.param(
            ("-o", "x.emoga", "--device", "cuda"),
            "needs a CUDA device",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is one"),
        ),
    ],
)
def test_mistakes_are_one_clear_line(
    emoga, tmp_path, monkeypatch, ball_capture, head_file, arguments, message
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, error = emoga("build", ball_capture, "--head", head_file, *SMALL, *arguments)
    assert code == 1 and message in error and error.count("\n") == 1 and error.startswith("error: ")
    assert not list(tmp_path.glob("x.*"))


def test_a_damaged_held_out_picture_is_found_before_the_work(
    emoga, tmp_path, ball_capture, head_file
) -> None:
    out = tmp_path / "x.emoga"
    copy = shutil.copytree(ball_capture, tmp_path / "capture")
    picture = copy / "images" / "00000_04.png"  # camera 4 is held out
    picture.write_bytes(picture.read_bytes()[:-40])
    code, _, error = emoga("build", copy, "-o", out, "--head", head_file, *SMALL)
    assert code == 1 and f"{picture}: not a picture, or damaged" in error and error.count("\n") == 1
    assert not list(tmp_path.glob("x.*"))


def blacken(mattes: list[Path]) -> None:
    for path in mattes:
        write_png(path, np.zeros((SIZE, SIZE), np.float32))


def test_pictures_without_anybody(emoga, tmp_path, ball_capture, head_file, ball_head) -> None:
    out = tmp_path / "x.emoga"
    copy = shutil.copytree(ball_capture, tmp_path / "capture")
    blacken(sorted((copy / "fg_masks").glob("*_04.png")))  # all that is held out of the training poses
    code, text, error = emoga("build", copy, "-o", out, "--head", head_file, *SMALL)
    assert code == 0 and error == "" and "nan" not in text and "inf" not in text
    scores = load_avatar(out, ball_head).provenance["build"]["scores"]
    assert scores["groups"]["val"]["psnr_db"] is None and scores["overall"]["psnr_db"] > 5
    blacken(sorted((copy / "fg_masks").glob("*.png")))
    code, _, error = emoga("build", copy, "-o", tmp_path / "y.emoga", "--head", head_file, *SMALL)
    assert code == 1 and "every matte is black" in error and not list(tmp_path.glob("y.*"))


@pytest.mark.parametrize("arguments", [("--steps", "0"), ("--size", "1")])
def test_impossible_choices_of_a_fit(emoga, tmp_path, happy_ball_capture, head_file, ball_head, arguments):
    out = tmp_path / "ball.emoga"
    assert emoga("build", happy_ball_capture, "-o", out, "--head", head_file, *SMALL, "--steps", "2")[0] == 0
    code, _, error = emoga("state", "fit", out, "glad", happy_ball_capture, "--head", head_file, *arguments)
    assert code == 1 and "give a number from" in error and error.count("\n") == 1
    assert not load_avatar(out, ball_head).states


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_is_in_the_way_is_seen_before_the_work(emoga, tmp_path, ball_capture, head_file, kind) -> None:
    out = tmp_path / "x.emoga"
    inside = out / "notes.txt" if kind == "folder" else out
    inside.parent.mkdir(exist_ok=True)
    inside.write_text("keep me")
    code, _, error = emoga("build", ball_capture, "-o", out, "--head", head_file, "--force", *SMALL)
    assert code == 1 and "give another name" in error and inside.read_text() == "keep me"
    assert not list(tmp_path.glob("*.checkpoint"))


def test_wrong_head_is_refused(emoga, tmp_path, ball_capture) -> None:
    code, _, error = emoga("build", ball_capture, "-o", tmp_path / "x.emoga")
    assert code == 1 and "tracked with head 'ball'" in error


@pytest.mark.slow
def test_interrupted_build_resumes_to_the_same_file(tmp_path, ball_capture, head_file) -> None:
    def command(name: str, *extra: str) -> list[str]:
        base = [sys.executable, "-c", "from emoga_server.cli import main; main()", "build", str(ball_capture)]
        steps = ["--steps", "800", "--gaussians", "300", "--latent", "8", "--head", str(head_file)]
        return [*base, "-o", str(tmp_path / name), *steps, *extra]

    subprocess.run(command("whole.emoga"), check=True, capture_output=True, timeout=300)
    process = subprocess.Popen(command("cut.emoga"), stdout=subprocess.PIPE, text=True)
    checkpoint = tmp_path / "cut.emoga.checkpoint"
    while not checkpoint.exists() and process.poll() is None:  # The first one follows the first step.
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    text, _ = process.communicate(timeout=120)
    assert process.returncode == 130 and "--resume" in text
    assert checkpoint.exists() and not (tmp_path / "cut.emoga").exists()
    again = subprocess.run(command("cut.emoga"), capture_output=True, text=True, timeout=120)
    assert again.returncode == 1 and "--resume continues it" in again.stderr
    subprocess.run(command("cut.emoga", "--resume"), check=True, capture_output=True, timeout=300)
    same = [(tmp_path / name / "avatar.safetensors").read_bytes() for name in ("whole.emoga", "cut.emoga")]
    assert same[0] == same[1]
