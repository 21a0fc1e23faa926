"""Remakes the README's pictures: python .github/pictures/make.py [CAPTURE]

CAPTURE is the folder that the bundled avatar was built from (`make bundled-avatar`); without it, the picture
that compares capture and avatar stays as it is.
"""

from __future__ import annotations

import dataclasses
import math
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from emoga_core.avatars import load_avatar
from emoga_core.avatars.motion import MotionFrame
from emoga_core.avatars.portrait import portrait_cameras, render_avatar
from emoga_core.captures import read_capture
from emoga_core.captures.images import write_png
from emoga_core.edit.sheets import contact_sheet
from emoga_core.emote import EmotionRequest, make_emotion
from emoga_core.render import Cameras
from emoga_server.bench.page import browser, served, wait_for_picture

HERE = Path(__file__).parent
BUNDLE = next((HERE.parents[1] / "emoga_core" / "avatars" / "bundled").glob("*.emoga"))
FACES = ("", "happy", "sad", "angry", "surprised", "disgust", "fear")
EDIT_SHOWN = ((0, 0), (0, 1), (0, 4), (1, 0), (1, 3))
"""Moment and view of the pictures of an edit that are shown."""
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
    """The page as a visitor sees it while a feeling is being made, the wipe between before and after."""
    with tempfile.TemporaryDirectory() as folder:
        own = shutil.copytree(BUNDLE, Path(folder) / BUNDLE.name)
        with served(own) as address, browser() as chromium:
            page = chromium.new_page(viewport={"width": 1280, "height": 800})
            page.goto(address)
            wait_for_picture(page)
            page.wait_for_function("() => window.emoga.editing.editors.length > 0")
            page.get_by_role("textbox", name="Describe a feeling").fill("furious, with bared teeth")
            page.wait_for_function("() => document.querySelectorAll('.unit').length > 0")
            page.keyboard.press("Control+Enter")
            stage = "window.emoga.editing.jobs.visible().some((j) => j.stage === 'optimising' && j.step > 60)"
            page.wait_for_function(f"() => {stage}", timeout=600_000)
            page.evaluate("() => window.emoga.setWipe({ on: true, position: 0.42 })")
            page.wait_for_timeout(2500)
            page.screenshot(path=HERE / "viewer.png")


def edit() -> None:
    """What an edit sees and makes."""
    avatar = load_avatar(BUNDLE)
    request = EmotionRequest("a subtle, tired smile", views=5, frames=4, size=384)
    result = make_emotion(avatar, request)
    shown = dataclasses.replace(avatar, states={result.state.name: result.state})
    chosen = [k for k, view in enumerate(result.views) if (view.frame_id, view.view_id) in EDIT_SHOWN]
    rows = [[], [], []]
    for k in chosen:
        view = result.views[k]
        after = render_avatar(shown, view.camera, {result.state.name: 1.0}, view.frame)[0].numpy()
        for row, picture in zip(rows, (view.image.numpy(), result.edits[k], after), strict=True):
            row.append(picture[10:350, 62:322])
    labels = ("avatar", "edited", "avatar after")
    sheet = contact_sheet(rows, row_labels=labels, title=f'"{request.prompt}"')
    write_png(HERE / "edit.png", torch.from_numpy(sheet))


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
    edit()
    viewer()
    if len(sys.argv) > 1:
        capture_and_avatar(Path(sys.argv[1]))
