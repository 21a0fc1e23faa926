"""`emoga info`, `render`, `motion` and `state`, as people run them."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from emoga_core.avatars import load_avatar, read_header, save_avatar
from emoga_core.captures import CaptureCamera, CaptureWriter, HeadReference, read_png
from emoga_core.heads import bundled_head, save_head


@pytest.fixture
def bundle(tmp_path, tiny_avatar):
    path = tmp_path / "tiny.emoga"
    save_avatar(tiny_avatar, path)
    return path


def test_info_as_table_and_as_json(bundle, emoga, tiny_head, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    avatar = load_avatar(bundle, tiny_head)
    avatar.provenance = {"capture": {"name": "walk", "mean": [0.5]}, "psnr_db": 31.23456}
    save_avatar(avatar, bundle)
    code, out, _ = emoga("info", bundle)
    assert code == 0
    assert "capture.name walk, psnr_db 31.23" in out
    for text in ("Tiny", "ball", "CC0-1.0", "160 on 80 triangles", "happy", "sad", "nod", "seed 1"):
        assert text in out
    facts = json.loads(emoga("info", bundle, "--json")[1])
    assert facts["baked"] is False and facts["states"][1]["provenance"] == {"seed": 1}


def test_info_says_when_the_head_may_not_be_passed_on(tmp_path, tiny, emoga):
    import dataclasses

    head = dataclasses.replace(tiny.head(), licence="FLAME", redistributable=False)
    save_avatar(tiny.avatar(head, ()), tmp_path / "a.emoga")
    out = emoga("info", tmp_path / "a.emoga")[1]
    assert "may not be passed on" in out and "no emotions yet" in out


def test_info_does_not_load_torch(bundle):
    code = (
        "import sys; from emoga_server.cli import main; sys.argv = ['emoga', 'info', sys.argv[1]]\n"
        "try: main()\nexcept SystemExit as stop: assert not stop.code\n"
        "assert not {'torch', 'numba', 'cv2'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(bundle)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Tiny" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "none.emoga"], "none.emoga: no such avatar"),
        (["state", "remove", "{}", "bored"], "no emotion 'bored'"),
        (["state", "rename", "{}", "happy", "A B"], "not allowed"),
        (["motion", "remove", "{}", "jump"], "no motion 'jump'"),
        (["motion", "add", "{}", "talk"], "give either --synth"),
        (["motion", "add", "{}", "talk", "--synth", "speech"], "need the bundled head"),
        (["render", "{}", "-o", "x.png"], "not the bundled one"),
        (["render", "{}", "-o", "x.png", "--emotion", "happy=7"], "NAME=WEIGHT"),
        (["render", "{}", "-o", "x.png", "--camera", "1"], "AZIMUTH,ELEVATION"),
        (["render", "{}", "-o", "x.png", "--camera", "nan,0"], "AZIMUTH,ELEVATION"),
    ],
)
def test_mistakes_are_one_line(bundle, emoga, arguments, message):
    code, out, err = emoga(*(argument.format(bundle) for argument in arguments))
    assert code == 1 and out == "" and err.startswith("error: ") and err.count("\n") == 1
    assert message in err


def test_state_list_rename_remove(bundle, emoga):
    assert emoga("state", "list", bundle)[1].splitlines() == ["happy\t+0.00\t-0.50", "sad\t+0.25\t-0.50"]
    assert emoga("state", "rename", bundle, "happy", "joy")[0] == 0
    assert emoga("state", "remove", bundle, "sad")[0] == 0
    assert [state.name for state in read_header(bundle).states] == ["joy"]


def test_render_draws_emotions_poses_and_views(bundle, tiny_head, tmp_path, emoga):
    head = tmp_path / "ball.safetensors"
    save_head(tiny_head, head)

    def picture(*options):
        code, _, err = emoga(
            "render", bundle, "--head", head, "-o", tmp_path / "x.png", "--size", 64, *options
        )
        assert code == 0, err
        return read_png(tmp_path / "x.png")

    neutral = picture()
    assert neutral.shape == (64, 64, 3) and neutral[0, 0].tolist() == [1, 1, 1]
    assert 0.1 < (neutral < 0.9).any(-1).mean() < 0.9, "a head of middling size in a white picture"
    np.testing.assert_array_equal(neutral, picture())
    for options in (
        ["--emotion", "happy=0.6,sad=0.4"],
        ["--camera", "40,10"],
        ["--motion", "nod", "--frame", 3],
    ):
        assert np.abs(picture(*options) - neutral).mean() > 0.002
    np.testing.assert_array_equal(
        picture("--motion", "nod", "--frame", 1), picture("--motion", "nod", "--frame", 6)
    )
    code, _, err = emoga("render", bundle, "--head", head, "-o", tmp_path / "y.png", "--motion", "jump")
    assert code == 1 and "this avatar has: nod" in err


def test_generated_motion_for_an_avatar_on_the_bundled_head(tmp_path, tiny, emoga):
    save_avatar(tiny.avatar(bundled_head(), ()), tmp_path / "a.emoga")
    for kind in ("speech", "idle"):
        command = ["motion", "add", tmp_path / "a.emoga", f"my-{kind}", "--synth", kind, "--seconds", 1.5]
        assert emoga(*command, "--seed", 4)[0] == 0
    assert emoga("motion", "list", tmp_path / "a.emoga")[1].splitlines()[1] == "my-speech\t1.5\t30"
    motion = load_avatar(tmp_path / "a.emoga").motions["my-speech"]
    assert len(motion) == 45 and 0.05 < float(motion.expression.max()) <= 1
    assert float(motion.expression.diff(dim=0).abs().max()) > 0.01


def test_motion_of_a_capture(tmp_path, bundle, tiny_head, emoga):
    camera = CaptureCamera.from_opengl(np.eye(4), np.diag([9.0, 9, 1]), 4, 4)
    for name, hash_ in (("same", tiny_head.hash), ("other", "0" * 64)):
        writer = CaptureWriter(tmp_path / name, [camera], 3, head=HeadReference("ball", hash_))
        writer.begin({})
        for t in range(3):
            writer.write_picture(t, 0, np.ones((4, 4, 3)), np.ones((4, 4)))
            writer.write_parameters(
                t,
                translation=np.full(3, t),
                joint_rotations=np.zeros((5, 3)),
                expression=np.full(4, 0.1 * t),
                identity=np.zeros(3),
            )
        writer.finish()
    assert emoga("motion", "add", bundle, "tracked", "--capture", tmp_path / "same", "--fps", 12)[0] == 0
    motion = load_avatar(bundle, tiny_head).motions["tracked"]
    assert motion.fps == 12 and torch.equal(motion.translation[2], torch.full((3,), 2.0))
    code, _, err = emoga("motion", "add", bundle, "tracked", "--capture", tmp_path / "other")
    assert code == 1 and "use a capture of that head" in err
