"""Reads pickles of numeric arrays (FLAME and its companion files) without running anything that they name.

A pickle is a program: it may ask for any importable callable. This reader answers from a closed table of
stand-ins written here. Neither numpy's nor scipy's nor chumpy's unpickling code runs, and none of them need
be installed:

- `numpy` arrays, scalars and dtypes of plain numbers (and object arrays of already built values),
- `chumpy.ch.Ch`, of which only the array `x` is kept,
- `scipy.sparse` CSC matrices, densified,
- Python's containers.

Everything else is refused. The interpreter is the pure-Python one of the standard library: its memo is a
dictionary, so forged indices cannot make it allocate.
"""

from __future__ import annotations

import io
import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from emoga_core.errors import EmogaError


class UnsafePickleError(EmogaError):
    """The pickle asks for something that a file of arrays has no business asking for."""


class _Refused(Exception):
    """Raised by the stand-ins; becomes an `EmogaError` that names the file."""


_NUMERIC = re.compile(r"[<>|=]?(b1|\?|[iu][1248]|f[248])")


class _Dtype:
    """Stand-in for `numpy.dtype`: plain numbers and objects only."""

    def __init__(self, spec: object, *_: object) -> None:
        if isinstance(spec, bytes):
            spec = spec.decode("latin1")
        if isinstance(spec, str) and spec in ("O", "O8", "O4", "|O"):
            self.dtype = np.dtype(object)
        elif isinstance(spec, str) and _NUMERIC.fullmatch(spec):
            self.dtype = np.dtype(spec)
        else:
            raise _Refused(f"an array of type {str(spec)[:40]!r}")

    def __setstate__(self, state: tuple) -> None:
        order = state[1].decode("latin1") if isinstance(state[1], bytes) else state[1]
        if order in ("<", ">") and self.dtype != object:
            self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """Stand-in for `numpy.ndarray`."""

    value: np.ndarray | None = None

    def __setstate__(self, state: tuple) -> None:
        _, shape, kind, fortran, raw = state
        self.value = _array(shape, kind, "F" if fortran else "C", raw)


class _Chumpy:
    """Stand-in for `chumpy.ch.Ch`: an automatic-differentiation wrapper round the array `x`."""

    state: dict | None = None

    def __setstate__(self, state: object) -> None:
        self.state = _as_dict(state)


class _Csc:
    """Stand-in for `scipy.sparse.csc_matrix`."""

    state: dict | None = None

    def __setstate__(self, state: object) -> None:
        self.state = _as_dict(state)


class _Call:
    """A callable of the table; opaque, so that a pickle cannot alter it."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    def __call__(self, *arguments: object) -> object:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        raise _Refused("a change to a function")


def _as_dict(state: object) -> dict:
    if isinstance(state, tuple) and len(state) == 2:
        state = {**(state[0] or {}), **(state[1] or {})}
    if not isinstance(state, dict):
        raise _Refused("an object whose state is not a dictionary")
    return state


def _array(shape: object, kind: object, order: str, raw: object) -> np.ndarray:
    if not isinstance(kind, _Dtype) or not isinstance(shape, tuple):
        raise _Refused("an array without a shape or type")
    if not all(isinstance(n, int) and 0 <= n < 2**40 for n in shape):
        raise _Refused(f"an array of shape {shape}")
    count = math.prod(shape)
    if kind.dtype == object:
        if not isinstance(raw, list) or len(raw) != count:
            raise _Refused("an object array whose contents do not fit its shape")
        out = np.empty(count, object)
        for i, item in enumerate(raw):
            out[i] = item
        return out.reshape(shape, order=order)  # type: ignore[call-overload]
    if isinstance(raw, str):
        raw = raw.encode("latin1")
    if not isinstance(raw, bytes | bytearray) or len(raw) != count * kind.dtype.itemsize:
        raise _Refused(f"an array whose bytes do not fit its shape {shape}")
    return np.frombuffer(raw, kind.dtype).reshape(shape, order=order).copy()  # type: ignore[call-overload]


def _reconstruct(cls: object, *_: object) -> _Array:
    if cls is not _Array:
        raise _Refused("an array subclass")
    return _Array()


def _scalar(kind: object, raw: object) -> Any:
    return _array((), kind, "C", raw)[()]


def _frombuffer(raw: object, kind: object, shape: object, order: object) -> _Array:
    out = _Array()
    out.value = _array(shape, kind, "F" if order == "F" else "C", raw)
    return out


def _encode(text: object, encoding: object = "latin1") -> bytes:
    if not isinstance(text, str) or encoding != "latin1":
        raise _Refused("a text encoding other than latin1")
    return text.encode("latin1")


def _reconstructor(cls: object, base: object, state: object) -> object:
    if cls not in (_Chumpy, _Csc) or base is not _OBJECT or state is not None:
        raise _Refused("an object of a foreign class")
    return cls()  # type: ignore[operator]


def _bytes(*arguments: object) -> bytes:
    if arguments:
        raise _Refused("bytes built from an object")
    return b""


def _set(items: object = ()) -> frozenset:
    if not isinstance(items, list | tuple):
        raise _Refused("a set built from an object")
    return frozenset(items)


_OBJECT = _Call(lambda *_: _refuse("a bare object"))


def _refuse(what: str) -> None:
    raise _Refused(what)


def _table() -> dict[tuple[str, str], object]:
    table: dict[tuple[str, str], object] = {
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Dtype,
        ("_codecs", "encode"): _Call(_encode),
        ("chumpy.ch", "Ch"): _Chumpy,
    }
    for core in ("numpy.core", "numpy._core"):
        table[f"{core}.multiarray", "_reconstruct"] = _Call(_reconstruct)
        table[f"{core}.multiarray", "scalar"] = _Call(_scalar)
        table[f"{core}.numeric", "_frombuffer"] = _Call(_frombuffer)
    for module in ("scipy.sparse.csc", "scipy.sparse._csc"):
        table[module, "csc_matrix"] = _Csc
        table[module, "csc_array"] = _Csc
    for module in ("copy_reg", "copyreg"):
        table[module, "_reconstructor"] = _Call(_reconstructor)
    for module in ("__builtin__", "builtins"):
        table[module, "object"] = _OBJECT
        table[module, "bytes"] = _Call(_bytes)
        table[module, "set"] = _Call(_set)
        table[module, "frozenset"] = _Call(_set)
    return table


_TABLE = _table()


class _ArrayUnpickler(pickle._Unpickler):
    """The standard library's interpreter with a closed table of names and no persistent objects."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        try:
            return _TABLE[module_name, global_name]
        except KeyError:
            name = f"{module_name}.{global_name}"  # the file's words: escape them before printing
            raise _Refused(ascii(name)[1:-1][:80]) from None

    def persistent_load(self, pid: object) -> Any:
        raise _Refused("a persistent object")


def loads(data: bytes, source: str = "pickle") -> Any:
    """The value in a pickle of arrays (protocols 0 to 5), with arrays as numpy arrays.

    Args:
        data: the whole file.
        source: what to call it in error messages.
    Raises:
        UnsafePickleError: the pickle names anything outside the closed table.
        EmogaError: damaged or truncated data.
    """
    try:
        # Python 2 wrote arrays as byte strings; latin1 maps every byte to the character of the same code.
        value = _ArrayUnpickler(io.BytesIO(data), encoding="latin1").load()
        return _plain(value, 0)
    except _Refused as error:
        raise UnsafePickleError(
            f"{source}: refused, because it asks for {error}; a file of arrays does not need that. "
            "Download it again from its publisher"
        ) from None
    except Exception as error:  # a damaged pickle fails in any way an interpreter of nonsense can
        reason = ascii(" ".join(str(error).split()))[1:-1][:120] or type(error).__name__
        raise EmogaError(f"{source}: not a readable pickle ({reason}); is the download complete?") from None


def load(path: str | Path) -> Any:
    """`loads` for a file."""
    return loads(Path(path).read_bytes(), str(path))


def load_npy_object(path: str | Path) -> Any:
    """The object inside a `.npy` file that holds one pickled object (landmark embeddings are stored so)."""
    data = Path(path).read_bytes()
    file = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        _, _, dtype = read(file)
    except (ValueError, EOFError) as error:
        raise EmogaError(f"{path}: not a .npy file ({error})") from None
    if dtype.kind != "O":
        return np.load(io.BytesIO(data), allow_pickle=False)
    value = loads(data[file.tell() :], str(path))
    return value.reshape(-1)[0] if isinstance(value, np.ndarray) and value.size == 1 else value


def _plain(value: Any, depth: int) -> Any:
    """Stand-ins to arrays, through containers."""
    if depth > 20:
        raise _Refused("containers nested more than 20 deep")
    if isinstance(value, _Array):
        if value.value is None:
            raise _Refused("an array without contents")
        return _plain(value.value, depth + 1)
    if isinstance(value, np.ndarray) and value.dtype == object:
        out = np.empty(value.shape, object)
        for i, item in enumerate(value.flat):
            out.flat[i] = _plain(item, depth + 1)
        return out
    if isinstance(value, _Chumpy):
        if value.state is None or "x" not in value.state:
            raise _Refused("a chumpy object without its array")
        return _plain(value.state["x"], depth + 1)
    if isinstance(value, _Csc):
        return _dense(_plain(value.state or {}, depth + 1))
    if isinstance(value, dict):
        return {key: _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(item, depth + 1) for item in value)
    if value is None or isinstance(
        value, str | bytes | bool | int | float | np.generic | np.ndarray | frozenset
    ):
        return value
    raise _Refused(f"a {type(value).__name__}")


def _dense(state: dict) -> np.ndarray:
    """A CSC matrix as a dense array; entries of column c are indptr[c]..indptr[c+1]."""
    rows, columns = (int(n) for n in state["_shape" if "_shape" in state else "shape"])
    data, indices, starts = (np.asarray(state[k]) for k in ("data", "indices", "indptr"))
    if (
        not (0 <= rows * columns <= 50_000_000)
        or starts.shape != (columns + 1,)
        or data.shape != indices.shape
    ):
        raise ValueError(f"sparse matrix of shape ({rows}, {columns}) does not fit its own index")
    counts = np.diff(starts.astype(np.int64))
    if starts[0] != 0 or starts[-1] != len(data) or (counts < 0).any():
        raise ValueError("sparse matrix with a damaged column index")
    if len(indices) and not (indices.min() >= 0 and indices.max() < rows):
        raise ValueError("sparse matrix with row numbers outside its shape")
    out = np.zeros((rows, columns), data.dtype)
    np.add.at(out, (indices, np.repeat(np.arange(columns), counts)), data)
    return out
