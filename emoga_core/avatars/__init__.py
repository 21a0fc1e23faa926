"""Avatars: Gaussians bound to a head, colours, emotion states, motions, and their `.emoga` bundle.

Names are imported when first used, so that reading a bundle's header does not load PyTorch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emoga_core.avatars.appearance import EMBEDDING_SIZE, Appearance, ColorMLP, DirectSH
    from emoga_core.avatars.avatar import Avatar, LocalGaussians
    from emoga_core.avatars.binding import Binding, TriangleFrames, bind, triangle_frames, unbind
    from emoga_core.avatars.blending import normalize_weights, parse_weights
    from emoga_core.avatars.bundle import load_avatar, save_avatar, save_motion, save_state
    from emoga_core.avatars.bundle_edit import (
        describe,
        remove_motion,
        remove_state,
        rename_state,
    )
    from emoga_core.avatars.bundle_files import BundleError
    from emoga_core.avatars.errors import AvatarError
    from emoga_core.avatars.header import Header, read_header
    from emoga_core.avatars.history import StateVersion, list_versions, revert_state
    from emoga_core.avatars.motion import Motion, MotionFrame
    from emoga_core.avatars.names import check_name, name_from_text
    from emoga_core.avatars.portrait import portrait_cameras, render_avatar
    from emoga_core.avatars.states import EmotionState

_HOMES = {
    "appearance": ("EMBEDDING_SIZE", "Appearance", "ColorMLP", "DirectSH"),
    "avatar": ("Avatar", "LocalGaussians"),
    "binding": ("Binding", "TriangleFrames", "bind", "triangle_frames", "unbind"),
    "blending": ("normalize_weights", "parse_weights"),
    "bundle": ("load_avatar", "save_avatar", "save_motion", "save_state"),
    "bundle_edit": (
        "describe",
        "remove_motion",
        "remove_state",
        "rename_state",
    ),
    "bundle_files": ("BundleError",),
    "errors": ("AvatarError",),
    "header": ("Header", "read_header"),
    "history": ("StateVersion", "list_versions", "revert_state"),
    "motion": ("Motion", "MotionFrame"),
    "names": ("check_name", "name_from_text"),
    "portrait": ("portrait_cameras", "render_avatar"),
    "states": ("EmotionState",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "EMBEDDING_SIZE",
    "Appearance",
    "Avatar",
    "AvatarError",
    "Binding",
    "BundleError",
    "ColorMLP",
    "DirectSH",
    "EmotionState",
    "Header",
    "LocalGaussians",
    "Motion",
    "MotionFrame",
    "StateVersion",
    "TriangleFrames",
    "bind",
    "check_name",
    "describe",
    "list_versions",
    "load_avatar",
    "name_from_text",
    "normalize_weights",
    "parse_weights",
    "portrait_cameras",
    "read_header",
    "remove_motion",
    "remove_state",
    "rename_state",
    "render_avatar",
    "revert_state",
    "save_avatar",
    "save_motion",
    "save_state",
    "triangle_frames",
    "unbind",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
