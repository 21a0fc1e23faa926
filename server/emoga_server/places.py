"""Where emoga keeps things on this machine (the XDG base directories)."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """For what can be made again; may be deleted at any time."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "emoga"


def data_folder() -> Path:
    """For what belongs to the user."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "emoga"
