"""Blobs: sizes are checked before anything is read, damage raises ProtocolError only, accuracy is kept."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from emoga_protocol.blobs import blob_ref, unpack_blob
from emoga_protocol.deltas import Delta, decode_delta, encode_delta
from emoga_protocol.errors import ProtocolError
from emoga_protocol.heads import decode_head, encode_head, quantise_skin_weights
from emoga_protocol.splats import SplatTable, decode_splats, encode_splats

GOLDEN = Path(__file__).resolve().parents[2] / "protocol/golden"
DECODERS = {"head": decode_head, "splats": decode_splats, "delta_a": decode_delta}
FILES = [f"{scene}_{part}.bin" for scene in ("sh0", "sh1") for part in DECODERS]


def decode_file(name: str, data: bytes) -> object:
    return DECODERS[name.removesuffix(".bin").split("_", 1)[1]](data)


def splats(count: int, coefficients: int, seed: int = 0) -> SplatTable:
    rng = np.random.default_rng(seed)
    return SplatTable(
        positions=rng.normal(0, 0.4, (count, 3)),
        triangles=rng.integers(0, 10_000, count),
        triangle_count=10_000,
        quaternions=rng.normal(size=(count, 4)) * rng.uniform(0.1, 9, (count, 1)),
        log_scales=rng.normal(-1, 0.6, (count, 3)),
        opacities=rng.random(count),
        sh=rng.normal(0, 0.5, (count, coefficients, 3)),
    )


@pytest.mark.parametrize("name", FILES)
def test_truncated_and_extended(name):
    data = (GOLDEN / name).read_bytes()
    for end in [*range(0, 200), *range(200, len(data), 97), len(data) - 1]:
        if end < len(data):
            with pytest.raises(ProtocolError):
                decode_file(name, data[:end])
    with pytest.raises(ProtocolError):
        decode_file(name, data + bytes(8))


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged(name, data):
    blob = bytearray((GOLDEN / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ProtocolError):
        decode_file(name, bytes(blob))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=64))
def test_random_bytes(data):
    for kind in ("head", "splats", "delta"):
        with pytest.raises(ProtocolError):
            unpack_blob(data, kind)
        with pytest.raises(ProtocolError):
            unpack_blob(b"EMGB\x01\x02\x00\x00" + data, kind)


def test_huge_counts_are_refused_before_allocation():
    data = (GOLDEN / "sh0_splats.bin").read_bytes()
    small, huge = b"\xa1N\x15", b"\xa1N\xce\x00\x40\x00\x00"  # N = 21 -> 2^22, within the limit
    assert data.count(small) == 1
    header_length = int.from_bytes(data[8:12], "little")
    header = data[16 : 16 + header_length].replace(small, huge)
    arrays = data[16 + header_length + -header_length % 8 :]
    forged = (
        data[:8] + len(header).to_bytes(4, "little") + data[12:16] + header + bytes(-len(header) % 8) + arrays
    )
    with pytest.raises(ProtocolError, match=r"need 79\d{6} bytes"):
        decode_splats(forged)


def test_kinds_are_not_confused():
    with pytest.raises(ProtocolError, match="blob of kind head, expected splats"):
        decode_splats((GOLDEN / "sh1_head.bin").read_bytes())


def test_reference_names_the_bytes():
    ref = blob_ref("splats", b"abc")
    assert ref.size == 3
    assert ref.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(("coefficients", "size"), [(1, 19), (4, 28)])
def test_splat_size_and_accuracy(coefficients, size):
    table = splats(5000, coefficients)
    data = encode_splats(table)
    per_splat = (len(data) - 4 * 256 * 3 * coefficients) / 5000
    assert size <= per_splat <= size + 0.1
    decoded = decode_splats(data)
    spread = np.ptp(table.positions, axis=0) / 65535
    assert (np.abs(decoded.positions - table.positions) <= 0.5 * spread + 1e-6).all()
    assert (decoded.triangles == table.triangles).all()
    unit = table.quaternions / np.linalg.norm(table.quaternions, axis=1, keepdims=True)
    cosines = np.abs((unit * decoded.quaternions).sum(axis=1)).clip(0, 1)
    assert np.degrees(2 * np.arccos(cosines)).max() < 0.25
    assert np.abs(decoded.log_scales - table.log_scales).max() <= np.ptp(table.log_scales) / 255
    assert np.abs(decoded.opacities - table.opacities).max() <= 0.5 / 255 + 1e-6
    # 256 levels placed by density: a root mean square error below one 8-bit step of colour
    color_error = 0.2821 * np.sqrt(((decoded.sh - table.sh) ** 2).mean())
    assert color_error < 0.5 / 255


def test_outliers_do_not_cost_the_others_accuracy():
    table = splats(5000, 1)
    calm = np.sqrt(((decode_splats(encode_splats(table)).sh - table.sh) ** 2).mean())
    table.sh[7, 0] = 60.0
    decoded = decode_splats(encode_splats(table)).sh
    rest = np.arange(5000) != 7
    assert np.sqrt(((decoded[rest] - table.sh[rest]) ** 2).mean()) < 2.5 * calm
    assert abs(decoded[7, 0, 0] - 60) < 0.5


@pytest.mark.parametrize("count", [0, 1])
def test_tiny_tables(count):
    table = splats(count, 4)
    decoded = decode_splats(encode_splats(table))
    np.testing.assert_allclose(decoded.positions, table.positions, atol=1e-6)
    np.testing.assert_allclose(decoded.sh, table.sh, atol=1e-6)


@pytest.mark.parametrize("field", ["positions", "quaternions", "log_scales", "opacities", "sh"])
def test_values_that_are_not_finite(field):
    table = splats(10, 1)
    getattr(table, field)[3] = np.nan
    with pytest.raises(ProtocolError, match=f"{field} of splat 3 is not finite"):
        encode_splats(table)


def test_parents_must_exist():
    table = splats(10, 1)
    table.triangles[2] = 70_000
    with pytest.raises(ProtocolError):
        encode_splats(table)
    data = bytearray(encode_splats(splats(10, 1)))
    table = splats(10, 1)
    table.triangles[:] = 9_999
    table.triangle_count = 10_000
    data = encode_splats(table).replace(b"\xa1F\xcd\x27\x10", b"\xa1F\xcd\x27\x0f")
    with pytest.raises(ProtocolError, match="parent triangle 9999 of 9999"):
        decode_splats(data)


def correlated_delta(count: int, moving: int, coefficients: int, rank: int, seed: int = 0) -> Delta:
    rng = np.random.default_rng(seed)
    sh = np.zeros((count, 3 * coefficients))
    rows = rng.choice(count, moving, replace=False)
    sh[rows] = rng.normal(0, 0.1, (moving, rank)) @ rng.normal(0, 0.5, (rank, 3 * coefficients))
    return Delta(
        expression=rng.normal(size=52), jaw=rng.normal(size=3), sh=sh.reshape(count, coefficients, 3)
    )


@pytest.mark.parametrize("coefficients", [1, 4])
def test_delta_size_and_accuracy(coefficients):
    delta = correlated_delta(20_000, 8_000, coefficients, 3)
    data = encode_delta(delta)
    assert len(data) / 8_000 <= 6
    decoded = decode_delta(data)
    np.testing.assert_array_equal(decoded.expression, delta.expression.astype(np.float32))
    np.testing.assert_array_equal(decoded.jaw, delta.jaw.astype(np.float32))
    assert 0.2821 * np.sqrt(((decoded.sh - delta.sh) ** 2).mean()) < 0.25 / 255
    untouched = ~delta.sh.any(axis=(1, 2))
    assert not decoded.sh[untouched].any()


def test_a_delta_of_nothing():
    delta = Delta(expression=np.zeros(4), jaw=np.zeros(3), sh=np.zeros((9, 4, 3)))
    decoded = decode_delta(encode_delta(delta))
    assert decoded.sh.shape == (9, 4, 3)
    assert not decoded.sh.any()


def test_more_bytes_a_splat_are_more_accurate():
    delta = correlated_delta(3000, 1500, 4, 12)
    errors = [
        float(((decode_delta(encode_delta(delta, bytes_per_splat=budget)).sh - delta.sh) ** 2).mean())
        for budget in range(1, 13)
    ]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-3 * float((delta.sh**2).mean())


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float64, (6, 5), elements=st.floats(0, 1)))
def test_skin_weights_sum_exactly(weights):
    weights[:, 0] += 1e-3
    integers = quantise_skin_weights(weights).astype(np.int64)
    assert (integers.sum(axis=1) == 65535).all()
    exact = weights / weights.sum(axis=1, keepdims=True)
    assert np.abs(integers / 65535 - exact).max() <= 1 / 65535


def test_bundled_head_is_accurate_and_small():
    from emoga_core.heads import bundled_head
    from emoga_server.baking import head_rig

    head = bundled_head()
    rig = head_rig(head, np.zeros(head.num_identities, np.float32))
    data = encode_head(rig)
    decoded = decode_head(data)
    assert len(data) < 1_500_000
    assert np.abs(decoded.expression_basis - rig.expression_basis).max() < 2e-5  # metres
    np.testing.assert_array_equal(decoded.template, rig.template.astype(np.float32))
    np.testing.assert_array_equal(decoded.triangles, rig.triangles)
    assert np.abs(decoded.skin_weights - rig.skin_weights).max() < 2e-5
