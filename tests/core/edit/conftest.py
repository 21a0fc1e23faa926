"""The bundled avatar, which the tests of editing look at."""

from __future__ import annotations

from pathlib import Path

import pytest

import emoga_core
from emoga_core.avatars import Avatar, load_avatar


@pytest.fixture(scope="session")
def kofi() -> Avatar:
    """The bundled avatar; tests must not change it."""
    return load_avatar(Path(emoga_core.__file__).parent / "avatars" / "bundled" / "kofi.emoga")
