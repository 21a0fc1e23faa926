"""`emoga head` on real files."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from typer.testing import CliRunner

from emoga_core.errors import EmogaError
from emoga_core.heads import bundled_head, load_head
from emoga_server.cli import make_app


def run(*arguments: str):
    return CliRunner().invoke(make_app(), ["head", *arguments], catch_exceptions=True)


def test_info_describes_the_bundled_head():
    result = run("info")
    assert result.exit_code == 0
    assert "CC0-1.0, may be passed on" in result.output and bundled_head().hash in result.output


def test_convert_then_info(tmp_path):
    rng = np.random.default_rng(0)
    model = {
        "v_template": rng.normal(size=(20, 3)),
        "shapedirs": rng.normal(size=(20, 3, 400)),
        "posedirs": rng.normal(size=(20, 3, 36)),
        "J_regressor": rng.dirichlet([1.0] * 20, 5),
        "weights": rng.dirichlet([1.0] * 5, 20),
        "kintree_table": np.array([[-1, 0, 1, 1, 1], [0, 1, 2, 3, 4]]),
        "f": rng.integers(0, 20, (30, 3)),
    }
    source, target = tmp_path / "flame2023_Open.pkl", tmp_path / "flame.safetensors"
    source.write_bytes(pickle.dumps(model, protocol=2))
    result = run("convert", str(source), "-o", str(target))
    assert result.exit_code == 0, result.output
    assert load_head(target).version == "2023-open"
    result = run("info", str(target))
    assert "20 vertices, 30 triangles" in result.output and "CC-BY-4.0" in result.output


def test_bad_files_are_clear_errors(tmp_path):
    (tmp_path / "bad.pkl").write_bytes(b"garbage")
    result = run("convert", str(tmp_path / "bad.pkl"), "-o", str(tmp_path / "x"))
    assert isinstance(result.exception, EmogaError) and "bad.pkl" in str(result.exception)
    assert not (tmp_path / "x").exists()
    with pytest.raises(EmogaError, match="no such file"):
        raise run("info", str(tmp_path / "missing")).exception or AssertionError
