import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from emoga_core.render.buffers import SMALL, empty, zeros


def test_a_buffer_is_used_again_once_free():
    first = empty((SMALL, 3), np.float32)
    address = first.ctypes.data
    tensor = torch.from_numpy(first[10:]).view(-1)
    del first
    other = empty((SMALL, 3), np.float32)
    assert other.ctypes.data != address  # the tensor still looks into it
    del tensor
    assert empty((SMALL, 3), np.float32).ctypes.data == address


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300_000), st.booleans()), max_size=30))
def test_live_arrays_never_share_memory(steps: list[tuple[int, bool]]):
    live: list[np.ndarray] = []
    for index, (size, drop) in enumerate(steps):
        array = zeros(size, np.float64 if index % 2 else np.uint8)
        assert not array.any()
        array.fill(index % 250)
        live.append(array)
        if drop:
            live.pop(0)
    for a, one in enumerate(live):
        assert all(not np.shares_memory(one, other) for other in live[a + 1 :])
        assert one.size == 0 or (one == one[0]).all()


def test_shapes_and_types():
    array = empty((7, 5, 4000), np.int32)
    assert array.shape == (7, 5, 4000) and array.dtype == np.int32 and array.flags.c_contiguous
    assert empty(0, np.float32).shape == (0,)
