"""What waits to be lit."""

from __future__ import annotations

import numpy as np

from kernels.lanes import LANES
from kernels.queue import DEPTH, _fill, _forget


def queue(columns: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    return rng.random(columns * DEPTH).astype(np.float32), rng.integers(0, 900, DEPTH).astype(np.int32)


def test_lanes_that_a_batch_has_too_many_repeat_its_first() -> None:
    for at, count in ((0, 1), (0, LANES), (2 * LANES, 2 * LANES + 5), (DEPTH - LANES, DEPTH - 1), (0, 3 * LANES)):
        values, rays = queue(3)
        before, rays_before = values.reshape(3, DEPTH).copy(), rays.copy()
        _fill.py_func(values, rays, at, count)
        after, more = values.reshape(3, DEPTH), slice(count, max(at + LANES, count))
        assert (after[:, more] == before[:, at : at + 1]).all() and (rays[more] == rays_before[at]).all()
        others = np.delete(np.arange(DEPTH), np.arange(DEPTH)[more])
        assert np.array_equal(after[:, others], before[:, others]) and np.array_equal(rays[others], rays_before[others])


def test_what_is_left_moves_to_the_front_in_its_order() -> None:
    values, rays = queue(5)
    before, rays_before = values.reshape(5, DEPTH).copy(), rays.copy()
    assert _forget.py_func(values, rays, 480, 493) == 13
    assert np.array_equal(values.reshape(5, DEPTH)[:, :13], before[:, 480:493])
    assert np.array_equal(rays[:13], rays_before[480:493])
