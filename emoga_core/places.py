"""Where emoga keeps things on this machine (the XDG base directories)."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """For what can be made again; may be deleted at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emoga"


def data_folder() -> Path:
    """Where a program keeps a user's files on this system (on Linux: XDG Base Directory Specification)."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "emoga"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "emoga"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "emoga"
