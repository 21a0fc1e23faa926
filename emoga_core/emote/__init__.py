"""From words to an emotion state: draws the avatar, has the pictures edited, optimises the emotion to them.

Puts `edit` (phase a of EMO-GA) and `optimize` (phase c) together; the command line, the server's jobs and the
evaluation all go through `make_emotion`. Names are imported when first used: a request needs no PyTorch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emoga_core.emote.making import make_emotion, plan_views, scale_state
    from emoga_core.emote.request import MAX_FRAMES, MAX_INTENSITY, MAX_VIEWS, SIZES, EmotionRequest
    from emoga_core.emote.result import EmoteProgress, EmotionResult

_HOMES = {
    "making": ("make_emotion", "plan_views", "scale_state"),
    "request": ("MAX_FRAMES", "MAX_INTENSITY", "MAX_VIEWS", "SIZES", "EmotionRequest"),
    "result": ("EmoteProgress", "EmotionResult"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "MAX_FRAMES",
    "MAX_INTENSITY",
    "MAX_VIEWS",
    "SIZES",
    "EmoteProgress",
    "EmotionRequest",
    "EmotionResult",
    "make_emotion",
    "plan_views",
    "scale_state",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
