"""The unpickler runs nothing from the file, and fails with one kind of error."""

from __future__ import annotations

import os
import pickle
import subprocess

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_core.errors import EmogaError
from emoga_core.heads.unpickle import UnsafePickleError, load_npy_object, loads


class Payload:
    """Pickles as a call of `function(*arguments)`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    "payload",
    [
        Payload(os.system, "touch {canary}"),
        Payload(eval, "open('{canary}', 'w')"),
        Payload(exec, "open('{canary}', 'w')"),
        Payload(subprocess.Popen, ["touch", "{canary}"]),
        Payload(getattr, Payload(__import__, "os"), "system"),
        Payload(open, "{canary}", "w"),
        Payload(np.load, "{canary}"),
    ],
)
def test_calls_are_refused(tmp_path, protocol, payload):
    canary = tmp_path / "canary"
    function, arguments = payload.call
    ready = Payload(function, *(a.format(canary=canary) if isinstance(a, str) else a for a in arguments))
    data = pickle.dumps({"v_template": np.zeros(3), "inner": [(ready,)]}, protocol=protocol)
    with pytest.raises(UnsafePickleError, match="refused"):
        loads(data)
    assert not canary.exists()


def test_what_was_asked_for_is_quoted_as_it_is():
    with pytest.raises(UnsafePickleError, match=r"asks for os\.system; a file of arrays"):
        loads(b"cos\nsystem\n(S'true'\ntR.", "a.pkl")


@pytest.mark.parametrize(
    "data",
    [
        b"cbuiltins\neval\n(S'1+1'\ntR.",
        b"c__builtin__\ngetattr\n(c__builtin__\nobject\nS'__subclasses__'\ntR.",
        b"(S'id'\nios\nsystem\n.",  # INST
        b"(cos\nsystem\nS'id'\no.",  # OBJ
        b"Pos.system\n.",  # persistent id
        b"c_codecs\nencode\n(Vabc\nVrot13\ntR.",
        b"cnumpy\nndarray\n)\x81.",  # an array that never gets contents
        b"ccopy_reg\n_reconstructor\n(cnumpy\ndtype\nc__builtin__\nobject\nNtR.",
        # BUILD on a function of the table, to change its defaults for the next file
        b"c_codecs\nencode\nN}V__defaults__\n(Vx\ntS'' \ns\x86b.",
        b"c_codecs\nencode\n}Vx\nNsb.",
    ],
)
def test_hand_made_tricks_are_refused(data):
    with pytest.raises(EmogaError):
        loads(data)
    assert loads(pickle.dumps(np.arange(3), protocol=2)).tolist() == [0, 1, 2]


def test_numbers_in_every_layout():
    arrays = [
        np.arange(6).astype(d).reshape(2, 3, order=o)
        for d in ("<f4", ">f8", "<i8", ">u2", "?", "<f2")
        for o in ("C", "F")
    ]
    for protocol in range(6):
        for got, want in zip(loads(pickle.dumps(arrays, protocol=protocol)), arrays, strict=True):
            np.testing.assert_array_equal(got, want)
            assert got.dtype.kind == want.dtype.kind and got.dtype.itemsize == want.dtype.itemsize
    assert loads(pickle.dumps(np.float32(2.5), protocol=2)) == 2.5


@pytest.mark.parametrize(
    "array", [np.array(["a"]), np.zeros(2, "M8[s]"), np.zeros(2, "c16"), np.zeros(2, "V3")]
)
def test_other_types_of_array_are_refused(array):
    with pytest.raises(UnsafePickleError):
        loads(pickle.dumps(array, protocol=2))


def test_python_2_byte_strings():
    raw = np.arange(4, dtype="<f8").tobytes()
    data = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x04\x85cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U" + bytes([len(raw)]) + raw + b"tb."
    )
    np.testing.assert_array_equal(loads(data), np.arange(4.0))


def test_forged_sizes_do_not_allocate():
    good = pickle.dumps(np.zeros(4), protocol=2)
    forged = good.replace(b"K\x04\x85", b"J\xff\xff\xff\x7f\x85")
    assert forged != good
    with pytest.raises(UnsafePickleError, match="do not fit its shape"):
        loads(forged)
    with pytest.raises(EmogaError):
        loads(b"\x80\x04N r\xff\xff\xff\xff.")
    with pytest.raises(EmogaError):
        loads(b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x0fabc.")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_truncated_and_flipped_bytes_fail_with_our_error_only(data):
    protocol = data.draw(st.sampled_from([0, 2, 4]))
    good = pickle.dumps({"a": np.arange(12.0).reshape(3, 4), "b": [1, "x", np.int64(3)]}, protocol=protocol)
    bad = bytearray(good[: data.draw(st.integers(0, len(good)))])
    for _ in range(data.draw(st.integers(0, 3))):
        if bad:
            bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    try:
        loads(bytes(bad))
    except EmogaError as error:
        assert "\n" not in str(error)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_fails_with_our_error_only(data):
    try:
        loads(data)
    except EmogaError as error:
        assert "\n" not in str(error)


def test_npy_with_an_object(tmp_path):
    path = tmp_path / "table.npy"
    np.save(path, np.array({"x": np.arange(3)}, dtype=object), allow_pickle=True)
    assert load_npy_object(path)["x"].tolist() == [0, 1, 2]
    np.save(path, np.array([Payload(os.system, "true")], dtype=object), allow_pickle=True)
    with pytest.raises(UnsafePickleError):
        load_npy_object(path)
    path.write_bytes(b"not an array")
    with pytest.raises(EmogaError, match=r"not a \.npy file"):
        load_npy_object(path)
