"""Slices whose numbers lead along the table more than once: scans between each other that nothing else tells apart.

Two contrast phases half a step apart look like one even scan of twice as many slices. Only few even runs are believed:
numbers that mean nothing make many, of any steps.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from storage.dicom.holes import HOLE

MOST_RUNS = 4
MIN_SLICES = 3
EVEN = 0.05  # of the step
MOST_UNEVEN = 0.2  # of the steps: some images may be missing
REACHES = 3  # so many slices of one run between those of another are more than an overlap

Array = NDArray[np.float64]


def are_mixed(heights: Array, ranks: Array) -> bool:
    """Whether these are several scans by their numbers. heights: mm, rising; ranks: of numbers, NaN if unknown."""
    if np.isnan(ranks).any() or len(np.unique(ranks)) < len(ranks):
        return False
    runs = [heights[np.sort(run)] for run in _runs(np.argsort(ranks))]
    if not 1 < len(runs) <= MOST_RUNS or not all(_is_even(run) for run in runs):
        return False
    return any(_between(a, b) >= REACHES and _between(b, a) >= REACHES for i, a in enumerate(runs) for b in runs[:i])


def _runs(places: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Places in the order of numbers, cut where they turn."""
    cuts, way = [0], 0
    for i, (a, b) in enumerate(pairwise(places.tolist()), 1):
        step = 1 if b > a else -1
        if way and step != way:
            cuts.append(i)
            way = 0
        else:
            way = step
    return np.split(places, cuts[1:])


def _is_even(heights: Array) -> bool:
    steps = np.diff(heights)
    if len(heights) < MIN_SLICES:
        return False
    step = float(np.median(steps))
    return bool((np.abs(steps - step) > EVEN * step).sum() <= max(1, MOST_UNEVEN * len(steps)))


def _between(a: Array, b: Array) -> int:
    """How many of a lie between neighbours of b that leave no room for them."""
    gaps = np.diff(b)
    after = np.searchsorted(b, a)
    after = after[(after > 0) & (after < len(b))]
    return int((gaps[after - 1] <= HOLE * np.median(gaps)).sum())
