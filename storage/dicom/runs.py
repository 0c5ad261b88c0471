"""Slices whose numbers lead along the table more than once: scans between each other that nothing else tells apart.

Two contrast phases half a step apart look like one even scan of twice as many slices. But then the next number is not
at the next slice: it is two slices on, or more, or, where the second scan runs back, two slices away both ways.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

MOST_SCANS = 4
MIN_SLICES = 3  # of each scan, one after another: chance makes fewer where numbers mean nothing

Array = NDArray[np.float64]


def are_mixed(numbers: Array, can_be_packages: bool) -> bool:
    """Whether these are slices of several scans. numbers: in the order of places, NaN where one is not known.

    can_be_packages: one scan may well number its odd slices first, but no number twice.
    """
    known = np.unique(numbers)
    if np.isnan(numbers).any() or len(known) < 2 or (can_be_packages and len(known) == len(numbers)):
        return False
    next_one = float(np.median(np.diff(known)))
    for scans in range(2, MOST_SCANS + 1):
        is_next = np.abs(numbers[scans:] - numbers[:-scans]) == next_one
        longest = max((len(list(run)) for yes, run in groupby(is_next.tolist()) if yes), default=0)
        if longest >= (MIN_SLICES - 1) * scans:
            return True
    return False
