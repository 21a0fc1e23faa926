import numpy as np
import pytest

from emoga_core.render import lanes
from emoga_core.render.lanes import (
    add_up,
    any_lane,
    exp_negative,
    fill,
    larger,
    load,
    lowest_bit,
    minus_magnitude,
    select,
    smaller,
    store,
)
from emoga_core.render.numba_kernels import kernel


@kernel()
def _arithmetic(a, b, scalar, out):
    x = load(a, 0)
    y = load(b, 0)
    store(out, 0, (x + scalar) * y - x / (scalar * y))
    store(out, 16, select((x > y) & (x >= scalar), x, y))
    store(out, 32, smaller(x, y) + fill(scalar))
    store(out, 48, minus_magnitude(larger(x, scalar)))
    x += y
    x -= scalar
    store(out, 64, x)
    return add_up(x), any_lane(y > scalar), any_lane(y < y)


@kernel()
def _exponential(a, out):
    for i in range(0, a.shape[0], 16):
        store(out, i, exp_negative(load(a, i)))


@kernel()
def _lowest_bits(values, out):
    for i in range(values.shape[0]):
        out[i] = lowest_bit(values[i])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lanes_compute_what_numpy_computes(dtype):
    rng = np.random.default_rng(3)
    a, b = rng.uniform(-2, 2, (2, lanes.COUNT)).astype(dtype)
    scalar = dtype(0.7)
    out = np.zeros(80, dtype)
    total, some, none = _arithmetic(a, b, scalar, out)
    expected = [
        (a + scalar) * b - a / (scalar * b),
        np.where((a > b) & (a >= scalar), a, b),
        np.minimum(a, b) + scalar,
        -np.abs(np.maximum(a, scalar)),
        a + b - scalar,
    ]
    np.testing.assert_allclose(out.reshape(5, 16), expected, rtol=1e-5 if dtype == np.float32 else 1e-12)
    assert total == pytest.approx(float((a + b - scalar).sum()), rel=1e-5)
    assert some == bool((b > scalar).any()) and not none


def test_exponential_errors():
    single = np.linspace(0, 80, 16 * 500, dtype=np.float32)
    out = np.empty_like(single)
    _exponential(single, out)
    np.testing.assert_allclose(out, np.exp(-single.astype(np.float64)), rtol=6e-6)  # grows with the argument
    np.testing.assert_allclose(out[:500], np.exp(-single[:500].astype(np.float64)), rtol=5e-7)
    double = np.linspace(0, 300, 16 * 100)
    out = np.empty_like(double)
    _exponential(double, out)
    np.testing.assert_allclose(out, np.exp(-double), rtol=1e-15)


def test_lowest_bit():
    values = np.array([1, 2, 3, 8, 0x8000, 1 << 40], np.int64)
    out = np.empty_like(values)
    _lowest_bits(values, out)
    assert out.tolist() == [0, 1, 0, 3, 15, 40]
