from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.tiles import block_at, block_count


@given(height=st.integers(1, 700), width=st.integers(1, 700))
def test_blocks_cover_every_pixel_once(height, width):
    seen = np.zeros((height, width), int)
    for number in range(block_count.py_func(height, width)):
        row0, row1, column0, column1 = block_at.py_func(number, height, width)
        seen[row0:row1, column0:column1] += 1
    assert (seen == 1).all()


def test_two_threads_get_equal_shares_of_the_middle():
    """Blocks in the middle half of 512² pixels, where a body is, among the first and the last half of the numbers."""
    blocks = [block_at.py_func(number, 512, 512) for number in range(block_count.py_func(512, 512))]
    middle = [128 <= row < 384 and 128 <= column < 384 for row, _, column, _ in blocks]
    assert abs(sum(middle[:128]) - sum(middle[128:])) <= 8
