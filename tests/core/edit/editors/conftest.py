"""Pictures to edit, and editors on tiny models, built once and loaded as a user's weights would be."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from emoga_core.edit.editors import make_editor
from emoga_core.edit.editors.base import CheckedEditor, EditRequest


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny models run many times faster without a pool of threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def make_request() -> Callable[..., EditRequest]:
    """A smooth picture with a soft square to edit; any field may be given."""

    def make(height: int = 64, width: int = 64, **fields: Any) -> EditRequest:
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        image = np.stack([rows / height, columns / width, 0.5 + 0.3 * np.sin(rows / 7)], axis=2)
        mask = np.zeros((height, width), np.float32)
        mask[height // 4 : -height // 4, width // 4 : -width // 4] = 1
        mask[height // 4, width // 4 : -width // 4] = 0.5
        given = {"image": image.astype(np.float32), "mask": mask, "prompt": "a subtle smile", "seed": 3}
        return EditRequest(**{**given, "steps": 2, "name": "f000_c00", **fields})

    return make


@pytest.fixture(scope="session")
def tiny_models() -> Any:
    """The module that builds them; skips where the diffusion extra is not installed."""
    for package in ("diffusers", "transformers", "accelerate"):
        pytest.importorskip(package)
    from emoga_core.edit.editors.loading import quiet_libraries

    quiet_libraries()
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        import tiny_models
    finally:
        sys.path.remove(str(Path(__file__).parent))
    return tiny_models


@pytest.fixture(scope="session")
def tiny_weights(tiny_models: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Name of an editor -> folder with tiny weights for it."""
    folders: dict[str, Path] = {}

    def weights(name: str) -> Path:
        name = name.removesuffix("-inpaint")
        if name not in folders:
            folders[name] = tiny_models.save_tiny(name, tmp_path_factory.mktemp("tiny") / name)
        return folders[name]

    return weights


@pytest.fixture(scope="session")
def tiny_editor(tiny_weights: Callable[[str], Path]) -> Callable[[str], CheckedEditor]:
    """Name of an editor -> that editor, loaded from tiny weights, working at 64 x 64."""
    editors: dict[str, CheckedEditor] = {}

    def editor(name: str) -> CheckedEditor:
        if name not in editors:
            editors[name] = make_editor(name, model=str(tiny_weights(name)), device="cpu", size=64)
        return editors[name]

    return editor
