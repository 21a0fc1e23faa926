"""Image editors behind one interface; loading one loads no other, and the list loads none."""

from __future__ import annotations

import importlib
from pathlib import Path

from emoga_core.edit.editors.base import CheckedEditor, EditorOptions
from emoga_core.edit.editors.registry import DEFAULT_EDITOR, EDITORS, EditorInfo, editor_info, editor_names


def make_editor(
    name: str,
    *,
    model: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    offload: str = "none",
    size: int | None = None,
    folder: Path | None = None,
) -> CheckedEditor:
    """Makes the editor called `name`; diffusion editors load their weights here.

    Args:
        model: hub id or local folder of other weights of the same kind; never fetched from the network.
        device: "cpu", "cuda", "cuda:1", ...; None = the best there is.
        dtype: "float32", "bfloat16" or "float16"; None = float32 on the CPU, bfloat16 elsewhere.
        offload: "none"; "model" keeps one part at a time on the device; "sequential" one layer at a time.
        size: side in pixels of the square whose area it works at; None = the editor's own.
        folder: of the `folder` editor's pictures.
    Raises:
        EditError: unknown editor, options that do not fit it, or weights that are not on this machine.
    """
    info = editor_info(name)
    module, _, kind = info.target.partition(":")
    editor = getattr(importlib.import_module(f"{__name__}.{module}"), kind)
    return editor.make(info, EditorOptions(model, device, dtype, offload, size, folder))


__all__ = ["DEFAULT_EDITOR", "EDITORS", "EditorInfo", "editor_info", "editor_names", "make_editor"]
