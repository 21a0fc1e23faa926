"""What is edited and what is never shown: the fixed poses, views, emotions and prompts of the evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from emoga_core.captures.studio import EMOTIONS, HeadMotion, capture_motion, speech_motion
from emoga_core.captures.studio.sitter import Parameters

SUBJECTS = ("kofi", "elena", "11", "12", "13", "14", "15", "16")
"""In the order in which `--subjects N` takes them."""

FRONTAL_WEIGHT, OTHER_WEIGHT = 1.0, 0.4
"""Weights of the views, as in the EMO-GA thesis, section 4.6."""

PROMPTS = {
    "happy": "a happy smiling face",
    "sad": "a very sad face",
    "angry": "an angry face",
    "surprised": "a surprised face with wide open eyes and raised eyebrows",
    "disgust": "a disgusted face",
    "fear": "a frightened face",
}
"""What a user would ask for; read for the optimiser's start and prior."""
assert PROMPTS.keys() == EMOTIONS.keys()


Angles = tuple[tuple[float, float], ...]
"""(azimuth, elevation) in degrees."""


@dataclass(frozen=True)
class Pose:
    """A moment: its number, and the tracked parameters without any emotion."""

    number: int
    parameters: Parameters


@dataclass(frozen=True)
class Layout:
    """Which pictures there are. The defaults are the benchmark; others are for trials.

    Attributes:
        cameras, frames: of the neutral capture that the avatar is built from.
        edit_frames: timesteps of the capture whose pictures are edited: at rest, bared teeth, pressed lips,
            an open round mouth; eyes open. edit_angles: from where; the first is the frontal view.
        unseen_frames: frames of another speech: spread, puckered, looking aside, wide open.
        unseen_angles: other views.
    """

    cameras: int = 16
    frames: int = 12
    edit_frames: tuple[int, ...] = (0, 2, 4, 6)
    edit_angles: Angles = ((0.0, 0.0), (-20.0, 4.0), (20.0, -5.0), (-40.0, -3.0), (40.0, 5.0))
    unseen_frames: tuple[int, ...] = (30, 78, 246, 510)
    unseen_angles: Angles = ((8.0, 5.0), (-12.0, -8.0), (29.0, 6.0), (-33.0, -2.0))

    def edit_poses(self) -> list[Pose]:
        """The moments whose pictures are edited; the build has seen them."""
        motion = capture_motion(self.frames, CAPTURE_SEED)
        return [_pose(motion, t) for t in self.edit_frames]

    def unseen_poses(self) -> list[Pose]:
        """Moments that neither the build nor the optimiser has seen."""
        motion = speech_motion(_UNSEEN_SPEECH_LENGTH, _UNSEEN_SPEECH_SEED)
        return [_pose(motion, t) for t in self.unseen_frames]


STANDARD = Layout()
CAPTURE_SEED = 0
_UNSEEN_SPEECH_SEED, _UNSEEN_SPEECH_LENGTH = 1, 600


def _pose(motion: HeadMotion, t: int) -> Pose:
    return Pose(t, Parameters(motion.expression[t], motion.joint_rotations[t], motion.translation[t]))
