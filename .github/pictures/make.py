"""Remakes the README's pictures: python .github/pictures/make.py [CAPTURE]

CAPTURE is the folder that the bundled avatar was built from (`make bundled-avatar`); without it, the picture
that compares capture and avatar stays as it is.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import torch

from emoga_core.avatars import load_avatar
from emoga_core.avatars.motion import MotionFrame
from emoga_core.avatars.portrait import portrait_cameras, render_avatar
from emoga_core.captures import read_capture
from emoga_core.captures.images import write_png
from emoga_core.render import Cameras
from emoga_server.bench.page import browser, served, wait_for_picture

HERE = Path(__file__).parent
BUNDLE = next((HERE.parents[1] / "emoga_core" / "avatars" / "bundled").glob("*.emoga"))
FACES = ("", "happy", "sad", "angry", "surprised", "disgust", "fear")
BACKDROP = (0.13, 0.145, 0.175)


def emotions() -> None:
    """Every state at full strength, in one row, alternately from the front and the side."""
    avatar = load_avatar(BUNDLE)
    faces = []
    for i, name in enumerate(FACES):
        cameras = portrait_cameras(avatar, math.radians((0, 24, -18, 12, 0, -24, 14)[i]), 0.03, 420)
        picture = render_avatar(avatar, cameras, {name: 1.0} if name else {}, background=BACKDROP)[0]
        faces.append(picture[20:400, 55:365])
    write_png(HERE / "emotions.png", torch.cat(faces, 1))


def viewer() -> None:
    """The page as a visitor sees it, with two emotions mixed."""
    with served(BUNDLE) as address, browser() as chromium:
        page = chromium.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        wait_for_picture(page)
        page.evaluate("() => window.emoga.setWeights({ happy: 0.75, surprised: 0.2 })")
        page.wait_for_timeout(4000)
        page.screenshot(path=HERE / "viewer.png")


def capture_and_avatar(folder: Path) -> None:
    """A picture that the optimiser never saw, beside the avatar's."""
    avatar, capture = load_avatar(BUNDLE), read_capture(folder)
    parameters = capture.parameters_for(avatar.head)
    pairs = []
    for timestep, camera in ((23, 3), (3, 3)):
        shown = next(f for f in capture.frames if (f.timestep, f.camera_index) == (timestep, camera))
        moment = MotionFrame(
            torch.from_numpy(parameters.expression[timestep]),
            torch.from_numpy(parameters.joint_rotations[timestep]),
            torch.from_numpy(parameters.translation[timestep]),
        )
        view = Cameras(
            torch.from_numpy(shown.camera.world_to_camera)[None].float(),
            torch.from_numpy(shown.camera.intrinsics)[None].float(),
            shown.camera.width,
            shown.camera.height,
        )
        drawn = render_avatar(avatar, view, frame=moment)[0].numpy()
        height, width = drawn.shape[:2]
        cut = np.s_[: int(height * 0.8), int(width * 0.1) : int(width * 0.9)]
        pairs.append(np.concatenate([shown.image()[cut], drawn[cut]], 1))
    write_png(HERE / "capture_and_avatar.png", torch.from_numpy(np.concatenate(pairs, 1)))


if __name__ == "__main__":
    emotions()
    viewer()
    if len(sys.argv) > 1:
        capture_and_avatar(Path(sys.argv[1]))
