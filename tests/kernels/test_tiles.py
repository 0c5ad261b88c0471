from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numba import get_num_threads, njit, prange

from kernels.lanes import OPTIONS
from kernels.tiles import block_at, block_count, take


@given(height=st.integers(1, 700), width=st.integers(1, 700))
def test_blocks_cover_every_pixel_once(height, width):
    seen = np.zeros((height, width), int)
    for number in range(block_count.py_func(height, width)):
        row0, row1, column0, column1 = block_at.py_func(number, height, width)
        seen[row0:row1, column0:column1] += 1
    assert (seen == 1).all()


@njit(**OPTIONS)
def take_all(counter, counts):
    block = take(counter)
    while block < counts.size:
        counts[block] += 1
        block = take(counter)


@njit(parallel=True, **OPTIONS)
def share(counter, counts):
    for _ in prange(4 * get_num_threads()):
        take_all(counter, counts)


def test_threads_take_every_block_once():
    counter, counts = np.zeros(1, np.int64), np.zeros(100_000, np.int64)
    share(counter, counts)
    assert (counts == 1).all()
    assert counter[0] == counts.size + 4 * get_num_threads()  # each finds once that nothing is left
