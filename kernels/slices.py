"""Where the slices of a stack lie, as kernels read it: from a place along the stack to a slice number.

Slice k lies at places[k], rising from 0. Between two slices the slice number runs linearly. A *section* is a run of
slices without a hole in it, seen as a volume of its own where rays are integrated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_CELLS = 2**15
NEVER = 1e9  # no place is as far


class Slices(NamedTuple):
    """The table of one volume. Of an even stack the arrays before the sections are empty, and slice z is place z."""

    last: np.float32  # the place of the last slice
    cells: np.int32  # of the guide; 0 for an even stack
    cells_per_place: np.float32
    search: np.int32  # how many slices beyond the one its cell names a place can lie
    holes: np.int32
    guide: NDArray[np.int32]  # [cells], the last slice at or before each cell
    start: NDArray[np.float32]  # [nz + 1], the place of each slice, then NEVER
    rate: NDArray[np.float32]  # [nz], slices per place after each slice; negative where a hole follows
    slope: NDArray[np.float32]  # [nz], see `slopes`
    section_first: NDArray[np.int32]  # slice numbers of sections of at least two slices
    section_last: NDArray[np.int32]
    section_start: NDArray[np.float32]  # and their places
    section_end: NDArray[np.float32]


def sections(count: int, holes: Sequence[int]) -> list[tuple[int, int]]:
    """First and last slice of every section, those of one slice included."""
    firsts = [0, *(k + 1 for k in holes)]
    lasts = [*holes, count - 1]
    return list(zip(firsts, lasts, strict=True))


def slices_of(places: NDArray[np.float64] | None, count: int, holes: Sequence[int]) -> Slices:
    """The table for `count` slices at these places; None: slice z at place z."""
    if places is None and holes:
        places = np.arange(count, dtype=np.float64)
    thick = [(first, last) for first, last in sections(count, holes) if last > first]
    firsts, lasts = np.array(thick, np.int32).reshape(-1, 2).T.copy()
    if places is None:
        nothing = np.empty(0, np.float32)
        table = (np.empty(0, np.int32), nothing, nothing, nothing)
        ends = (firsts, lasts, firsts.astype(np.float32), lasts.astype(np.float32))
        return Slices(np.float32(count - 1), np.int32(0), np.float32(0), np.int32(0), np.int32(0), *table, *ends)
    # Cells a little narrower than the narrowest interval hold one slice at most; so does a cell with the margin that
    # float32 needs to find the cell.
    cells = int(np.clip(np.ceil(places[-1] / np.diff(places).min() / 0.9), 1, MAX_CELLS))
    per_place = cells / places[-1]
    low = np.searchsorted(places, (np.arange(cells) - 0.01) / per_place, side="right") - 1
    high = np.searchsorted(places, (np.arange(cells) + 1.01) / per_place, side="right") - 1
    guide = np.clip(low, 0, count - 1)
    rate = np.append(1 / np.diff(places), 1.0)
    rate[list(holes)] *= -1
    return Slices(
        np.float32(places[-1]),
        np.int32(cells),
        np.float32(per_place),
        np.int32((high - guide).max()),
        np.int32(len(holes)),
        guide.astype(np.int32),
        np.append(places, NEVER).astype(np.float32),
        rate.astype(np.float32),
        slopes(places, holes).astype(np.float32),
        firsts,
        lasts,
        places[firsts].astype(np.float32),
        places[lasts].astype(np.float32),
    )


def slopes(places: NDArray[np.float64], holes: Sequence[int]) -> NDArray[np.float64]:
    """What turns V(k + 1) − V(k − 1) into a gradient per place.

    Where the neighbour is missing the slice itself stands for it: at the ends of the stack as far away as the other
    neighbour (as kernels do at every border), at a hole at the slice's own place, so that a slope goes on to its edge.
    """
    slope = np.zeros(len(places))
    for first, last in sections(len(places), holes):
        if last > first:
            part = places[first : last + 1]
            before = part[0] if first > 0 else 2 * part[0] - part[1]
            after = part[-1] if last < len(places) - 1 else 2 * part[-1] - part[-2]
            around = np.concatenate([[before], part, [after]])
            slope[first : last + 1] = 1 / (around[2:] - around[:-2])
    return slope
