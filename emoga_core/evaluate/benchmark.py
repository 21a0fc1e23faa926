"""What is edited and what is never shown: the fixed poses, views, emotions and prompts of the evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from emoga_core.captures.studio import EMOTIONS, capture_motion, speech_motion
from emoga_core.captures.studio.sitter import Parameters

CAPTURE_CAMERAS, CAPTURE_FRAMES, CAPTURE_SEED = 16, 12, 0
"""Of the neutral capture that the avatar is built from."""
SUBJECTS = ("kofi", "elena", "11", "12", "13", "14", "15", "16")
"""In the order in which `--subjects N` takes them."""

EDIT_FRAMES = (0, 2, 4, 6)
"""Timesteps of the capture: at rest, bared teeth, pressed lips, an open round mouth. Open eyes."""
EDIT_ANGLES = ((0.0, 0.0), (-20.0, 4.0), (20.0, -5.0), (-40.0, -3.0), (40.0, 5.0))
"""(azimuth, elevation) in degrees; the first is the frontal view."""
UNSEEN_FRAMES = (30, 78, 246, 510)
"""Frames of another speech than the capture's: spread, puckered, looking aside, wide open."""
UNSEEN_SPEECH_SEED, UNSEEN_SPEECH_LENGTH = 1, 600
UNSEEN_ANGLES = ((8.0, 5.0), (-12.0, -8.0), (29.0, 6.0), (-33.0, -2.0))
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


@dataclass(frozen=True)
class Pose:
    """A moment: its number, and the tracked parameters without any emotion."""

    number: int
    parameters: Parameters


def edit_poses() -> list[Pose]:
    """The moments whose pictures are edited; the build has seen them."""
    motion = capture_motion(CAPTURE_FRAMES, CAPTURE_SEED)
    return [Pose(t, _parameters(motion, t)) for t in EDIT_FRAMES]


def unseen_poses() -> list[Pose]:
    """Moments that neither the build nor the optimiser has seen."""
    motion = speech_motion(UNSEEN_SPEECH_LENGTH, UNSEEN_SPEECH_SEED)
    return [Pose(t, _parameters(motion, t)) for t in UNSEEN_FRAMES]


def _parameters(motion, t: int) -> Parameters:
    return Parameters(motion.expression[t], motion.joint_rotations[t], motion.translation[t])
