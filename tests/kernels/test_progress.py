from __future__ import annotations

from itertools import pairwise

import pytest

from kernels.errors import Cancelled
from kernels.progress import part, pieces


class Clock:
    """Moves on by what each unit of work takes."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def worked(first, last, each_s, **how):
    clock, found = Clock(), []
    for start, end in pieces(first, last, clock=clock, **how):
        found.append((start, end))
        clock.now += each_s * (end - start)
    return found


@pytest.mark.parametrize("each_s", [0.0, 1e-9, 0.004, 0.03, 5.0])
@pytest.mark.parametrize("first, last, step", [(0, 300, 8), (7, 8, 8), (3, 131, 1), (0, 7, 16)])
def test_pieces_cover_everything_once_in_whole_steps(first, last, step, each_s):
    found = worked(first, last, each_s, step=step)
    assert found[0][0] == first and found[-1][1] == last
    assert all(a[1] == b[0] for a, b in pairwise(found))
    assert all((end - start) % step == 0 for start, end in found[:-1])


def test_a_piece_takes_about_its_time_whatever_the_work():
    sizes = [end - start for start, end in worked(0, 2000, 0.004, step=1)]
    assert sizes[:5] == [1, 2, 4, 8, 16]
    assert set(sizes[5:-1]) <= {24, 25}  # of 4 ms each, to rounding
    assert {end - start for start, end in worked(0, 100, 5.0, step=4)} == {4}


def test_pieces_grow_slowly_and_to_a_limit():
    sizes = [end - start for start, end in worked(0, 1000, 1e-9, step=2, most=64)]
    assert sizes[:6] == [2, 4, 8, 16, 32, 64] and max(sizes) == 64


def test_a_step_may_be_more_than_the_limit():
    assert worked(0, 250, 0.0, step=100, most=64) == [(0, 100), (100, 200), (200, 250)]


def test_progress_is_told_after_every_piece_and_may_end_the_work():
    told = []

    def progress(done, total):
        told.append((done, total))
        if done >= 30:
            raise Cancelled

    with pytest.raises(Cancelled):
        for _ in pieces(10, 100, progress, step=10, clock=Clock()):
            pass
    assert told == [(10, 90), (30, 90)]


def test_a_part_of_the_work_is_a_part_of_the_progress():
    told = []
    for number in range(3):
        share = part(lambda done, total: told.append(done / total), number, 3)
        share(1, 2)
        share(2, 2)
    assert told == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6, 1])
    assert part(None, 0, 2) is None
