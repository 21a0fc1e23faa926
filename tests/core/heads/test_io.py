"""Heads on disk come back the same, or not at all."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from emoga_core.errors import EmogaError
from emoga_core.heads import Head, bundled_head, load_head, save_head


def contents(path):
    with safe_open(path, framework="pt") as file:
        return {n: file.get_tensor(n) for n in file.keys()}, json.loads(file.metadata()["emoga"])  # noqa: SIM118


def test_round_trip(tmp_path, flame_head):
    for head in (bundled_head(), flame_head[0]):
        save_head(head, tmp_path / "sub" / "head.safetensors")
        back = load_head(tmp_path / "sub" / "head.safetensors")
        assert back.hash == head.hash
        for field in dataclasses.fields(Head):
            a, b = getattr(head, field.name), getattr(back, field.name)
            assert torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b, field.name
    assert [p.name for p in (tmp_path / "sub").iterdir()] == ["head.safetensors"]


def test_changed_contents_are_noticed(tmp_path, flame_head):
    path = tmp_path / "head.safetensors"
    save_head(flame_head[0], path)
    tensors, about = contents(path)
    tensors["template"][0, 0] += 1
    save_file(tensors, path, metadata={"emoga": json.dumps(about)})
    with pytest.raises(EmogaError, match="are not those that were saved"):
        load_head(path)
    tensors["template"][0, 0] = torch.nan
    save_file(tensors, path, metadata={"emoga": json.dumps(about)})
    with pytest.raises(EmogaError, match="template holds values that are not finite"):
        load_head(path)
    del tensors["template"]
    save_file(tensors, path, metadata={"emoga": json.dumps(about)})
    with pytest.raises(EmogaError, match="lacks template"):
        load_head(path)
    save_file(tensors, path, metadata={"emoga": json.dumps({**about, "format_version": 99})})
    with pytest.raises(EmogaError, match="format version 99, this program reads 1"):
        load_head(path)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(EmogaError, match="no such file"):
        load_head(path)
    path.write_bytes(b"\x00" * 40)
    with pytest.raises(EmogaError, match="not a readable head file"):
        load_head(path)
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(EmogaError, match="not a head file"):
        load_head(path)
    save_file({"a": torch.zeros(1)}, path, metadata={"emoga": "{broken"})
    with pytest.raises(EmogaError, match="not a head file"):
        load_head(path)


def test_truncated_file(tmp_path, flame_head):
    path = tmp_path / "head.safetensors"
    save_head(flame_head[0], path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(EmogaError, match="not a readable head file"):
        load_head(path)


def test_unwritable_place(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EmogaError, match="cannot be written"):
        save_head(bundled_head(), tmp_path / "file" / "head.safetensors")
