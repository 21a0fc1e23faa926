"""The synthetic studio: renders believable heads, with exact parameters, as multi-view captures."""

from .emotions import EMOTIONS, Emotion, emotion_offset, parse_emotions
from .motion import HeadMotion, capture_motion, idle_motion, range_of_motion, speech_motion
from .subjects import SUBJECTS, Subject, find_subject, subject_of_seed
from .synth import Settings, default_workers, synthesise

__all__ = [
    "EMOTIONS",
    "SUBJECTS",
    "Emotion",
    "HeadMotion",
    "Settings",
    "Subject",
    "capture_motion",
    "default_workers",
    "emotion_offset",
    "find_subject",
    "idle_motion",
    "parse_emotions",
    "range_of_motion",
    "speech_motion",
    "subject_of_seed",
    "synthesise",
]
