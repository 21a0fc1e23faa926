"""The list of editors."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from emoga_core.edit.editors import DEFAULT_EDITOR, EDITORS, editor_info, editor_names, make_editor
from emoga_core.edit.editors.base import CheckedEditor
from emoga_core.edit.errors import EditError


def test_default_comes_first_and_needs_nothing() -> None:
    assert editor_names()[0] == DEFAULT_EDITOR == "guided"
    assert not EDITORS[DEFAULT_EDITOR].needs_weights


@pytest.mark.parametrize("name", EDITORS)
def test_every_entry_names_a_class(name: str) -> None:
    module, _, kind = EDITORS[name].target.partition(":")
    found = getattr(importlib.import_module(f"emoga_core.edit.editors.{module}"), kind)
    assert issubclass(found, CheckedEditor)


def test_entries_tell_size_and_licence() -> None:
    for info in EDITORS.values():
        assert info.title and info.licence and info.summary.endswith(".")
        assert info.needs_weights == (info.download_gb is not None)


@pytest.mark.parametrize(
    ("name", "says"), [("ultra-edit", "mean 'ultraedit'"), ("x" * 500, "there are: guided")]
)
def test_unknown_editor(name: str, says: str) -> None:
    with pytest.raises(EditError, match=says) as caught:
        make_editor(name)
    assert len(str(caught.value)) < 400
    with pytest.raises(EditError):
        editor_info("")


def test_listing_loads_nothing_heavy() -> None:
    code = (
        "import sys; from emoga_core.edit.editors import editor_names\n"
        "from emoga_core.edit.editors.weights import readiness\n"
        "[readiness(name) for name in editor_names()]\n"
        "print(sorted({'torch', 'cv2', 'numba', 'diffusers', 'transformers'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
