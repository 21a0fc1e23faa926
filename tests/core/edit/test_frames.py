"""Which moments are chosen, and that the choice repeats."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from emoga_core.avatars import Motion
from emoga_core.edit.errors import EditError
from emoga_core.edit.face_classes import MOUTH
from emoga_core.edit.frames import choose_frames
from emoga_core.edit.framing import face_cameras
from emoga_core.edit.masks import face_picture
from emoga_core.heads import landmarks


@pytest.fixture(scope="module")
def chosen(kofi):
    return choose_frames(kofi, 6)


def marks(avatar, frame):
    still = dataclasses.replace(
        frame, joint_rotations=frame.joint_rotations * torch.tensor([0, 0, 1, 0, 0])[:, None],
        translation=torch.zeros(3),
    )  # fmt: skip
    return landmarks(avatar.head, avatar.pose(still)).numpy()


def opening(points):
    return min(
        np.mean([np.linalg.norm(points[a] - points[b]) for a, b in pairs])
        for pairs in (((37, 41), (38, 40)), ((43, 47), (44, 46)))
    )


def test_the_same_seed_chooses_the_same_moments_and_another_others(kofi, chosen):
    again, other = choose_frames(kofi, 6), choose_frames(kofi, 6, seed=5)
    assert all(torch.equal(a.expression, b.expression) for a, b in zip(chosen, again, strict=True))
    assert not all(torch.equal(a.expression, b.expression) for a, b in zip(chosen, other, strict=True))


def test_eyes_are_open_in_all(kofi, chosen):
    rest = opening(marks(kofi, kofi.rest_frame()))
    assert min(opening(marks(kofi, frame)) for frame in chosen) >= 0.78 * rest
    blinks = kofi.motions["talk"].expression[:, kofi.head.expression_names.index("eyeBlinkLeft")]
    assert float(blinks.max()) > 0.9  # there was something to avoid


def test_mouths_differ_more_than_those_of_random_moments(kofi, chosen):
    def spread(frames):
        mouths = np.stack([marks(kofi, frame)[48:].ravel() for frame in frames])
        apart = np.linalg.norm(mouths[:, None] - mouths[None], axis=2)
        return apart[np.triu_indices(len(frames), 1)].min()

    rng = np.random.default_rng(0)
    motion = kofi.motions["talk"]
    random = [spread([motion.frame(int(k)) for k in rng.integers(0, len(motion), 6)]) for _ in range(5)]
    assert spread(chosen) > 1.5 * np.median(random)


def test_the_first_is_calm_and_one_of_the_next_bares_the_teeth(kofi, chosen):
    def mouth_pixels(frame):
        camera = face_cameras(kofi, frame, [(0.0, 0.0)], 256)
        return int((face_picture(kofi, frame, camera).labels == MOUTH).sum())

    shown = [mouth_pixels(frame) for frame in chosen]
    assert shown[0] < 10 and max(shown[1:3]) > 60
    rest = marks(kofi, kofi.rest_frame())[48:]
    away = [np.linalg.norm(marks(kofi, frame)[48:] - rest) for frame in chosen]
    assert away[0] == min(away)


def test_a_motion_can_be_named_or_given(kofi):
    named = choose_frames(kofi, 2, "rest")
    given = choose_frames(kofi, 2, kofi.motions["rest"])
    assert torch.equal(named[1].expression, given[1].expression)
    with pytest.raises(EditError, match="no motion 'walk'; it has: rest, talk"):
        choose_frames(kofi, 2, "walk")


def test_without_motions_arkit_heads_speak_and_others_rest(kofi, tiny_avatar):
    silent = dataclasses.replace(kofi, motions={})
    frames = choose_frames(silent, 3, seed=2)
    assert len(frames) == 3 and float(frames[2].expression.abs().max()) > 0.1
    again = choose_frames(silent, 3, seed=2)
    assert torch.equal(frames[2].expression, again[2].expression)
    tiny_avatar.motions.clear()
    assert [float(f.expression.abs().max()) for f in choose_frames(tiny_avatar, 4)] == [0.0]


def test_a_short_motion_gives_what_it_has(tiny_avatar):
    assert len(choose_frames(tiny_avatar, 9)) == 5
    single = Motion("one", 30.0, torch.rand(1, 4), torch.zeros(1, 5, 3), torch.zeros(1, 3))
    assert torch.equal(choose_frames(tiny_avatar, 3, single)[0].expression, single.expression[0])


@pytest.mark.parametrize("count", [0, 65])
def test_impossible_counts_are_refused(tiny_avatar, count):
    with pytest.raises(EditError, match="1 to 64"):
        choose_frames(tiny_avatar, count)
