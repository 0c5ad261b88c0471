"""Parallel images that stand side by side: the stations of a long scan, blocks of slices shifted against each other.

Stations share their distances along the normal, so they would look like phases; and no straight line leads through
blocks. Each is a Stack of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from storage.dicom.sources import FrameSource

SIDE_MM = 1.0  # slices of one station lie this close to each other, seen along the normal
MIN_SLICES = 3
MOST = 16

Array = NDArray[np.float64]


def stations_of(frames: Sequence[FrameSource], distances: Array) -> list[NDArray[np.int64]]:
    """The indices of each station's frames, most often of all in one. distances: along the normal, mm."""
    everything = [np.arange(len(frames))]
    first = frames[0].orientation
    assert first is not None
    positions = np.array([frame.position for frame in frames])
    beside = np.column_stack([positions @ first[:3], positions @ first[3:]])
    if np.ptp(beside, axis=0).max() <= SIDE_MM or is_straight(beside, distances):
        return everything
    centres: list[Array] = []
    members: list[list[int]] = []
    for i, place in enumerate(beside):
        for centre, own in zip(centres, members, strict=True):
            if np.abs(place - centre).max() <= SIDE_MM:
                own.append(i)
                break
        else:
            if len(centres) == MOST:
                return everything
            centres.append(place)
            members.append([i])
    # Fewer slices make no Volume: such images, of a long axis for one, are scrolled together.
    return [np.array(own) for own in members] if min(map(len, members)) >= MIN_SLICES else everything


def is_straight(beside: Array, distances: Array) -> bool:
    """Whether one line, leaning like a tilted gantry's or not, leads through all slices. beside: [n, 2], mm."""
    d = distances - distances.mean()
    spread = float(d @ d)
    lean = d @ (beside - beside.mean(axis=0)) / spread if spread else np.zeros(2)
    off = beside - beside.mean(axis=0) - d[:, None] * lean
    return bool(np.abs(off).max() <= SIDE_MM)
