import numpy as np

from emoga_core.render.numba_kernels import kernel


def test_a_kernel_whose_cache_has_no_place_is_compiled_all_the_same():
    """numba finds no cache for a function without a source file, as for one in a folder that is read-only."""
    namespace: dict = {}
    exec("def double(a):\n    return a * 2", namespace)
    assert kernel()(namespace["double"])(21) == 42


def test_nothing_is_compiled_before_the_first_call():
    @kernel()
    def total(values):
        result = values.dtype.type(0)
        for value in values:
            result += value
        return result

    assert not total.signatures
    assert total(np.arange(5.0)) == 10.0
    assert len(total.signatures) == 1


def test_values_that_are_not_finite_are_still_recognised():
    """The fast-math set must not let the compiler assume that there are none."""

    @kernel()
    def finite(x):
        return x == x and abs(x) < np.inf

    assert finite(1.0) and not finite(np.nan) and not finite(np.inf)
