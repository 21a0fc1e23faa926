"""Models of FLAME's format with random contents, and pickles as Python 2 with chumpy and scipy wrote them."""

from __future__ import annotations

import pickle
import sys
import types

import numpy as np
import pytest


class _Ch:
    """What chumpy pickles: an object of class `chumpy.ch.Ch` whose state holds the array `x`."""

    def __init__(self, x):
        self.x = x
        self._dirty_vars = set()
        self._itr = None


class _Csc:
    def __init__(self, dense):
        rows, columns = np.nonzero(dense.T)[::-1]
        order = np.lexsort((rows, columns))
        self.data = dense[rows[order], columns[order]]
        self.indices = rows[order].astype(np.int32)
        self.indptr = np.concatenate([[0], np.cumsum(np.bincount(columns, minlength=dense.shape[1]))]).astype(
            np.int32
        )
        self._shape = dense.shape
        self.maxprint = 50


_Ch.__module__, _Ch.__qualname__, _Ch.__name__ = "chumpy.ch", "Ch", "Ch"
_Csc.__module__, _Csc.__qualname__, _Csc.__name__ = "scipy.sparse.csc", "csc_matrix", "csc_matrix"


@pytest.fixture
def pickled(monkeypatch):
    """`pickled(model, protocol)`: bytes in which chumpy and scipy objects name their real classes."""

    def write(model: object, protocol: int = 2) -> bytes:
        with monkeypatch.context() as patch:
            for parent in ("chumpy", "scipy", "scipy.sparse"):
                patch.setitem(sys.modules, parent, types.ModuleType(parent))
            for name, attribute, cls in (("chumpy.ch", "Ch", _Ch), ("scipy.sparse.csc", "csc_matrix", _Csc)):
                module = types.ModuleType(name)
                setattr(module, attribute, cls)
                patch.setitem(sys.modules, name, module)
            return pickle.dumps(model, protocol=protocol)

    return write


@pytest.fixture(scope="session")
def flame_model():
    """`flame_model(vertices, faces)`: FLAME's keys, types and shapes; numbers are random."""

    def make(vertices: int = 60, faces: int = 100, seed: int = 0) -> dict:
        rng = np.random.default_rng(seed)
        regressor = np.where(rng.random((5, vertices)) < 0.2, rng.random((5, vertices)), 0.0)
        regressor[:, 0] += 0.1
        return {
            "v_template": rng.normal(0, 0.1, (vertices, 3)),
            "shapedirs": _Ch(rng.normal(0, 0.002, (vertices, 3, 400))),
            "posedirs": rng.normal(0, 0.002, (vertices, 3, 36)),
            "J_regressor": _Csc(regressor / regressor.sum(1, keepdims=True)),
            "weights": _Ch(rng.dirichlet([1.0] * 5, vertices)),
            "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.int64),
            "f": rng.integers(0, vertices, (faces, 3)).astype(np.uint32),
            "J": rng.normal(size=(5, 3)),
            "bs_style": "lbs",
            "bs_type": "lrotmin",
        }

    return make


@pytest.fixture
def flame_head(tmp_path, flame_model, pickled):
    """A small head converted from a FLAME-format file, and the arrays that went into it."""
    from emoga_core.heads import convert_flame

    model = flame_model()
    path = tmp_path / "generic_model.pkl"
    path.write_bytes(pickled(model))
    return convert_flame(path), model
