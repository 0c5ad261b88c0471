"""Directions and scales: what looks the same way is one group, in whatever time so many frames take."""

from __future__ import annotations

import copy
import time
from typing import Any

import numpy as np

from storage.dicom.groups import MOST
from storage.dicom.stacks import Stack, stacks_of
from storage.dicom.write import write_series
from tests.storage.dicom.pictures import Stored, instances

(ONE,) = instances(list(write_series(np.zeros((1, 4, 4), np.int16), np.eye(4))))


def frames(orientations: list[list[float]], **said: Any) -> list[Stack]:
    """The Stacks of one enhanced instance whose frames look these ways."""
    header = copy.deepcopy(ONE.header)
    header["pixels"]["frames"] = len(orientations)
    header["per_frame"] = [
        {"position": [0.0, 0.0, float(i)], "orientation": orientation, "spacing": [1.0, 1.0], **said}
        for i, orientation in enumerate(orientations)
    ]
    return stacks_of([Stored("1.2.3", "0" * 64, header)])


def any_way(count: int) -> list[list[float]]:
    rng = np.random.default_rng(1)
    return [np.linalg.qr(rng.normal(size=(3, 3)))[0][:, :2].T.ravel().tolist() for _ in range(count)]


def test_many_directions_cost_no_more_than_their_number() -> None:
    begun = time.process_time()
    (stack,) = frames(any_way(4000))
    assert (len(stack.frames), stack.refusal) == (4000, "no_geometry")
    assert time.process_time() - begun < 4  # 0.3 s; each compared with every other one took 12


def test_what_comes_after_too_many_directions_is_shown_all_the_same() -> None:
    ways = any_way(MOST + 1)
    stacks = frames([way for way in ways[:MOST] for _ in range(2)] + ways[MOST:])
    assert sum(len(stack.frames) for stack in stacks) == 2 * MOST + 1
    assert len(stacks) == MOST + 1


def test_a_frame_joins_the_first_group_that_it_is_close_to() -> None:
    ways = [[1.0, turn, 0.0, -turn, 1.0, 0.0] for turn in (0.0, 0.03, 0.0005, 0.0305, -0.0005, 0.0295)]
    assert [[frame.frame for frame in stack.frames] for stack in frames(ways)] == [[0, 2, 4], [1, 3, 5]]
