"""Where diffusion weights lie on this machine, and what to do when they do not; no torch, no network."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from emoga_core.edit.editors.registry import EditorInfo, editor_info
from emoga_core.edit.errors import EditError

INSTALL = 'pip install "emoga[diffusion]"'
_NEEDED = ("diffusers", "transformers", "accelerate")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class Readiness:
    """Whether an editor can be used now; `note` says why not, or names the licence."""

    ready: bool
    note: str


def readiness(name: str, *, model: str | None = None, folder: Path | None = None) -> Readiness:
    """Looks, without loading anything, whether `make_editor` would find what it needs.

    Raises:
        EditError: no editor has that name.
    """
    info = editor_info(name)
    try:
        if info.needs_weights:
            check_installed(info)
            find_weights(info, model)
        elif name == "folder" and (folder is None or not folder.is_dir()):
            return Readiness(False, "needs a folder of edited pictures")
    except EditError as error:
        return Readiness(False, str(error))
    return Readiness(True, f"licence: {info.licence}")


def check_installed(info: EditorInfo) -> None:
    """Raises EditError when diffusers or what it stands on is not installed."""
    missing = [package for package in _NEEDED if importlib.util.find_spec(package) is None]
    if missing:
        raise EditError(
            f"the editor {info.name!r} needs {', '.join(missing)}; install with: {INSTALL},"
            " or use the editor 'guided', which needs nothing"
        )


def hub_cache() -> Path:
    """The user's Hugging Face cache, by the same environment variables as the hub's own tools."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(variable):
            return Path(os.environ[variable]).expanduser()
    home = os.environ.get("HF_HOME")
    if not home:
        home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(home).expanduser() / "hub"


def find_weights(info: EditorInfo, model: str | None = None) -> Path:
    """The folder with the weights of an editor: a folder of the user, or a snapshot in the hub cache.

    Args:
        model: a folder, or a hub id ("owner/name"); None = the editor's own.
    Raises:
        EditError: they are not here, or not complete; says what to run. Nothing is ever downloaded.
    """
    chosen = model or info.model
    if chosen is None:
        raise EditError(f"the editor {info.name!r} has no weights")
    folder = Path(chosen).expanduser()
    if folder.is_dir():
        return _complete(info, folder, f"give another folder, or download with: {download_command(info)}")
    if not _HUB_ID.fullmatch(chosen) or model == info.name:
        raise EditError(f"the editor {info.name!r}: {chosen!r} is neither a folder nor a hub id (owner/name)")
    snapshot = _snapshot(chosen)
    if snapshot is None:
        raise EditError(missing_weights(info, chosen))
    return _complete(info, snapshot, f"finish the download with: {download_command(info, chosen)}")


def download_command(info: EditorInfo, model: str | None = None) -> str:
    """The command with which a user fetches the weights, without the files that are not needed."""
    chosen = model or info.model
    without = info.exclude if chosen == info.model else ()
    return " ".join(["hf download", str(chosen), *(f'--exclude "{pattern}"' for pattern in without)])


def missing_weights(info: EditorInfo, model: str) -> str:
    """One line: what is missing, how large it is, under which licence, and how to get it."""
    if model != info.model:
        return (
            f"the editor {info.name!r}: the weights {model} are not in the hub cache {hub_cache()};"
            f" download them with: {download_command(info, model)}"
        )
    gate = f"; first accept the licence at https://huggingface.co/{model} and run: hf auth login"
    return (
        f"the editor {info.name!r} needs the weights {model} (about {info.download_gb:g} GB,"
        f" licence: {info.licence}), which are not in the hub cache {hub_cache()}; download them with:"
        f" {download_command(info)}{gate if info.gated else ''}"
    )


def _snapshot(model: str) -> Path | None:
    """The newest snapshot of a hub repository that the main branch points to, or else any that is there."""
    repository = hub_cache() / f"models--{model.replace('/', '--')}"
    snapshots = repository / "snapshots"
    try:
        revision = (repository / "refs" / "main").read_text("utf-8").strip()
    except OSError:
        revision = ""
    if revision and (snapshots / revision / "model_index.json").is_file():
        return snapshots / revision
    found = [index.parent for index in snapshots.glob("*/model_index.json")]
    return max(found, key=lambda folder: folder.stat().st_mtime, default=None)


def _complete(info: EditorInfo, folder: Path, advice: str) -> Path:
    """Returns `folder` when every part of the pipeline in it has its files."""
    where = f"the editor {info.name!r}: {folder}"
    try:
        index = json.loads((folder / "model_index.json").read_text("utf-8"))
        parts = {name: kind for name, kind in index.items() if isinstance(kind, list) and kind[:1] != [None]}
    except OSError:
        raise EditError(f"{where} has no model_index.json: it is no diffusers model; {advice}") from None
    except (ValueError, AttributeError):
        raise EditError(f"{where}/model_index.json is damaged; {advice}") from None
    for part in parts:
        if part in info.unused:
            continue
        if not any(file.is_file() for file in (folder / part).glob("*")):
            raise EditError(f"{where} lacks the part {part!r}; {advice}")
        for shards in (folder / part).glob("*.safetensors.index.json"):
            absent = _absent_shards(shards)
            if absent:
                more = f" and {len(absent) - 1} more" if absent[1:] else ""
                raise EditError(f"{where} lacks {part}/{absent[0]}{more}; {advice}")
    return folder


def _absent_shards(index: Path) -> list[str]:
    try:
        files = set(json.loads(index.read_text("utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [index.name]
    return sorted(name for name in files if not (index.parent / str(name)).is_file())
