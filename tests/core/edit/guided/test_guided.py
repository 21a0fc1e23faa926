"""The guided editor on the bundled avatar: exact where nothing changes, true where something does."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
import torch

from emoga_core.avatars import MotionFrame, render_avatar
from emoga_core.captures import CaptureCamera
from emoga_core.captures.studio.renderer import render_view
from emoga_core.captures.studio.sitter import Parameters
from emoga_core.captures.studio.synth import find_subject, make_sitter
from emoga_core.edit.editors import make_editor
from emoga_core.edit.editors.base import EditCancelled, EditRequest
from emoga_core.edit.editors.guided import GuidedEditor
from emoga_core.edit.errors import EditError
from emoga_core.edit.guided.flow import MOUTH_INSIDE, dense_flow
from emoga_core.edit.guided.scene import Moment, Scene
from emoga_core.edit.prompts import PromptReading, read_prompt
from emoga_core.heads import landmarks
from emoga_core.losses.metrics import psnr

EDITOR = GuidedEditor()


def edit(request: EditRequest) -> np.ndarray:
    return EDITOR.edit([request])[0]


def moment(request: EditRequest) -> Moment:
    geometry = request.geometry
    assert geometry is not None
    return Scene(geometry.avatar).moment(geometry.frame, geometry.reading, geometry.intensity)


def around(request: EditRequest, points: list[int], radius: int = 3, target: bool = True) -> tuple:
    """Rows and columns (slices) around the middle of landmarks, then or now."""
    assert request.geometry is not None
    vertices = moment(request).target if target else moment(request).present
    camera = request.geometry.camera
    middle = landmarks(request.geometry.avatar.head, vertices)[points].mean(0, keepdim=True)
    x, y = camera.project(middle)[0][0, 0].int().tolist()
    return slice(y - radius, y + radius + 1), slice(x - radius, x + radius + 1)


@pytest.mark.parametrize("azimuth", [0.0, 50.0])
@pytest.mark.parametrize("units", [{}, {12: 1.0}])
def test_nothing_asked_gives_the_picture_bit_for_bit(make_request, talking, azimuth, units):
    reading = PromptReading("neutral", units)
    request = make_request(reading, talking, azimuth, intensity=0.0 if units else 1.0)
    np.testing.assert_array_equal(edit(request), request.image)


@pytest.mark.parametrize("azimuth", [0.0, -55.0])
def test_outside_the_mask_nothing_changes_and_inside_something_does(make_request, talking, azimuth):
    request = make_request("very surprised", talking, azimuth)
    drawn = edit(request)
    outside = request.mask == 0
    np.testing.assert_array_equal(drawn[outside], request.image[outside])
    assert np.abs(drawn - request.image)[request.mask > 0.9].mean() > 0.02


def test_the_same_request_gives_the_same_picture_in_any_company(make_request, talking):
    first, second = make_request("angry", talking), make_request("angry", None, 35.0)
    alone = edit(first)
    np.testing.assert_array_equal(edit(dataclasses.replace(first, seed=7)), alone)
    together = EDITOR.edit([second, first, second])
    np.testing.assert_array_equal(together[1], alone)
    np.testing.assert_array_equal(together[0], together[2])


def test_a_brow_raise_wrinkles_the_forehead(make_request):
    raised = make_request(PromptReading("raised brows", {1: 1.0, 2: 1.0}), size=256)
    drawn = edit(raised).mean(-1)
    rows, columns = around(raised, [19, 24], 9)
    above = slice(rows.start - 24, rows.stop - 24)

    def stripes(picture: np.ndarray) -> float:
        patch = picture[above, columns]
        return float(np.abs(patch - cv2.GaussianBlur(patch, (0, 0), 3)).mean())

    assert stripes(drawn) > 2 * stripes(raised.image.mean(-1))


def test_a_mouth_that_opens_shows_no_source_lips_inside(make_request):
    """Lips painted blue in the picture: where the mouth opens, none of the blue may be left."""
    request = make_request(PromptReading("open mouth", {26: 1.0, 25: 0.6}))
    scene = moment(request).scene
    flow = dense_flow(
        moment(request).present, moment(request).target, scene.triangles, request.geometry.camera, scene.kinds
    )
    inner = cv2.erode((flow.kinds >= MOUTH_INSIDE).astype(np.uint8), np.ones((3, 3))) > 0
    assert inner.sum() > 60 and not flow.visible[inner].any()
    image = request.image.copy()
    points = landmarks(request.geometry.avatar.head, moment(request).present)
    outline = request.geometry.camera.project(points[48:60])[0][0].numpy()
    cv2.fillPoly(image, [np.round(outline).astype(np.int32)], (0.0, 0.0, 1.0))
    drawn = edit(dataclasses.replace(request, image=image))
    blueness = drawn[..., 2] - drawn[..., :2].max(-1)
    assert blueness[inner].max() < 0.15
    lower = around(request, [57, 66], 1)
    assert blueness[lower].mean() > 0.5  # while the lips took their new paint along


def test_closing_lids_cover_the_eyes(make_request):
    request = make_request(PromptReading("eyes closed", {43: 1.0}), size=256)
    drawn = edit(request)
    for eye, cheek in ((range(36, 42), [31, 36]), (range(42, 48), [35, 45])):
        iris = around(request, list(eye), 2, target=False)
        skin = drawn[around(request, cheek, 4)]
        assert request.image[iris].min() < 0.2  # it was open
        assert np.abs(drawn[iris].mean((0, 1)) - skin.mean((0, 1))).max() < 0.2
        assert drawn[iris].mean(-1).min() > request.image[iris].mean(-1).min() + 0.1


def test_marks_that_the_avatar_lacks_go_with_the_skin(make_request, kofi):
    """A scar in the picture alone stays on its vertex of the cheek."""
    request = make_request(PromptReading("smile", {12: 1.0, 6: 1.0}))
    then, now = moment(request).target, moment(request).present
    cheek = landmarks(kofi.head, now)[[48, 2]].mean(0)
    skin = (kofi.head.regions == kofi.head.region_names.index("face")).nonzero()[:, 0]
    vertex = int(skin[(now[skin] - cheek).norm(dim=1).argmin()])
    pixels = [request.geometry.camera.project(v[vertex][None])[0][0, 0].numpy() for v in (now, then)]
    assert np.hypot(*(pixels[1] - pixels[0])) > 2
    image = request.image.copy()
    column, row = np.floor(pixels[0]).astype(int)
    image[row - 1 : row + 2, column - 1 : column + 2] = (0.0, 0.6, 0.0)
    change = np.abs(edit(dataclasses.replace(request, image=image)) - edit(request)).sum(-1)
    rows, columns = np.nonzero(change > 0.5 * change.max())
    assert np.hypot(columns.mean() + 0.5 - pixels[1][0], rows.mean() + 0.5 - pixels[1][1]) < 1


@pytest.mark.slow
@pytest.mark.parametrize("prompt", ["happy", "angry", "surprised"])
def test_it_is_closer_to_the_true_face_than_the_neutral_one_and_than_geometry(make_request, prompt, kofi):
    request = make_request(prompt, size=256)
    change = moment(request).change
    camera = request.geometry.camera
    sitter = make_sitter(find_subject("kofi"))
    pose = change.target
    parameters = Parameters(pose.expression.numpy(), pose.joint_rotations.numpy(), pose.translation.numpy())
    view = CaptureCamera(
        camera.world_to_camera[0].double().numpy(), camera.intrinsics[0].double().numpy(), 256, 256
    )
    colours, matte = render_view(sitter, sitter.shoot(parameters), view)
    truth, mask = torch.from_numpy(colours + 1 - matte[..., None]), torch.from_numpy(request.mask)
    neutral, edited = torch.from_numpy(request.image), torch.from_numpy(edit(request))
    geometry = render_avatar(kofi, camera, frame=pose)[0]
    assert psnr(edited, truth, mask) > psnr(neutral, truth, mask) + 2
    assert psnr(edited, truth, mask) > psnr(geometry, truth, mask)


def test_heads_without_arkit_move_and_wrinkle_too(make_request, statistical):
    request = make_request("very happy", avatar=statistical)
    drawn = edit(request)
    assert np.isfinite(drawn).all() and not EDITOR.unsupported(request)
    points = landmarks(statistical.head, moment(request).target) - landmarks(
        statistical.head, moment(request).present
    )
    assert points[[48, 54], 1].mean() > 0.002  # the corners of the mouth rise
    assert np.abs(drawn - request.image)[request.mask > 0.9].mean() > 0.01


def test_a_head_without_landmarks_reports_what_it_lacks(make_request, kofi, bare):
    request = make_request(PromptReading("smile", {12: 1.0}), avatar=bare)
    notes = EDITOR.unsupported(request)
    assert len(notes) == 1 and "no landmarks" in notes[0] and "wrinkles" in notes[0]
    assert np.abs(edit(request) - request.image).max() > 0.1


def test_knobs_and_words_without_effect_are_reported(make_request):
    reading = read_prompt("happy")
    reading = dataclasses.replace(reading, unknown=("flabbergastic",))
    request = make_request(reading, negative="teeth", steps=5)
    notes = " | ".join(EDITOR.unsupported(request))
    assert "a negative prompt" in notes and "a number of steps" in notes and "flabbergastic" in notes
    assert EDITOR.unsupported(make_request("happy")) == []


def test_a_prompt_of_unknown_words_names_them_and_another_editor(make_request):
    request = make_request(PromptReading("xyzzy plugh", {}, unknown=("xyzzy", "plugh")))
    with pytest.raises(EditError, match=r"'xyzzy', 'plugh'.*--editor ultraedit"):
        edit(request)


def test_requests_that_do_not_fit_are_refused(make_request):
    request = make_request("happy")
    with pytest.raises(EditError, match="needs the avatar"):
        edit(dataclasses.replace(request, geometry=None))
    geometry = dataclasses.replace(request.geometry, camera=request.geometry.camera.scaled(0.5))
    with pytest.raises(EditError, match="expected one of its size"):
        edit(dataclasses.replace(request, geometry=geometry))


def test_it_is_made_by_name_and_takes_neither_weights_nor_folder(tmp_path):
    assert isinstance(make_editor("guided"), GuidedEditor)
    with pytest.raises(EditError, match="no weights"):
        make_editor("guided", model="some/model")
    with pytest.raises(EditError, match="folder"):
        make_editor("guided", folder=tmp_path)


def test_it_stops_between_pictures_and_keeps_nothing(make_request):
    request = make_request("happy")
    asked = []
    with pytest.raises(EditCancelled):
        EDITOR.edit([request, request], stop=lambda: len(asked) > 2 or asked.append(1) is not None)
    assert EDITOR._scene is None and not EDITOR._moments


def test_a_face_out_of_the_picture_is_no_problem(make_request, kofi):
    frame = MotionFrame(torch.zeros(52), torch.zeros(5, 3), torch.tensor([0.5, 0.0, 0.0]))
    request = make_request("happy")
    geometry = dataclasses.replace(request.geometry, frame=frame)
    drawn = edit(dataclasses.replace(request, geometry=geometry))
    assert np.isfinite(drawn).all()
