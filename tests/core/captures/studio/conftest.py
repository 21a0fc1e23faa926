"""A tiny capture that several tests look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from emoga_core.captures.studio import Settings, synthesise
from emoga_core.captures.studio.sitter import Sitter
from emoga_core.captures.studio.subjects import SUBJECTS
from emoga_core.captures.studio.synth import make_sitter

TINY = Settings("kofi", {"happy": 0.5}, cameras=2, frames=3, size=96, seed=4)


@pytest.fixture(scope="session")
def tiny_settings() -> Settings:
    """What `tiny_capture` was made with."""
    return TINY


@pytest.fixture(scope="session")
def tiny_capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cameras, three timesteps, 96 pixels."""
    path = tmp_path_factory.mktemp("studio") / "tiny"
    synthesise(path, TINY)
    return path


@pytest.fixture(scope="session")
def kofi() -> Sitter:
    """The first named subject."""
    return make_sitter(SUBJECTS["kofi"])
