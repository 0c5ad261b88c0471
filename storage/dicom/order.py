"""In which order frames scroll: by place, else by number, else by what their headers say of table and time.

Numbers that are missing, or the same for several images, give no order. Then the slice location does where all have
another one, else the time; and where nothing does, the reader is told.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from storage.dicom.grid import SAME_PLACE_MM, distances_of
from storage.dicom.sets import said_by, values_of
from storage.dicom.sources import FrameSource

Array = NDArray[np.float64]


def ranks_of(frames: Sequence[FrameSource]) -> Array:
    """The rank of each frame by its number, the same for equal numbers; NaN where it has none."""
    numbers = [frame.number for frame in frames]
    ranks = {number: rank for rank, number in enumerate(sorted({number for number in numbers if number is not None}))}
    return np.array([np.nan if number is None else ranks[number] for number in numbers])


def sense_of(distances: Array, ranks: Array, sets: NDArray[np.int64] | None = None) -> int:
    """1 or -1: along or against the normal, as numbers grow; within each of `sets` where frames belong to several."""
    known = ~np.isnan(ranks)
    d, n = distances[known], ranks[known]
    groups = np.zeros(len(d), np.int64) if sets is None else sets[known]
    sizes = np.maximum(np.bincount(groups), 1)
    d = d - (np.bincount(groups, d) / sizes)[groups]
    n = n - (np.bincount(groups, n) / sizes)[groups]
    return -1 if float(d @ n) < 0 else 1


def order_of(frames: Sequence[FrameSource], distances: Array | None, ranks: Array, sense: int = 0) -> list[int]:
    """The order in which the frames lie: by distance in the sense given, or in the one in which numbers grow (0).

    Those without a place, and those of one place, by the first of number, location and time that tells all apart. What
    nothing tells apart follows the UIDs: the same after every arrival.
    """
    uids = np.unique([frame.sop_instance_uid for frame in frames], return_inverse=True)[1]
    own = np.array([frame.frame for frame in frames])
    keys = _keys(frames, ranks)
    telling = [key for key in keys if _tells(key)]
    behind = [*telling[:1], *keys]  # the first counts most
    if distances is not None and np.ptp(distances) >= SAME_PLACE_MM:
        turned = distances * (sense or sense_of(distances, ranks))
        behind = [np.round(turned, 3), *keys]
    return [int(i) for i in np.lexsort((own, uids, *behind[::-1]))]


def is_known(frames: Sequence[FrameSource]) -> bool:
    """Whether something says in which order these frames lie, which make no Volume."""
    distances = distances_of(frames)
    has_places = distances is not None and bool(np.ptp(distances) >= SAME_PLACE_MM)
    is_one = all(frame.header is frames[0].header for frame in frames)
    return has_places or is_one or any(_tells(key) for key in _keys(frames, ranks_of(frames)))


def _keys(frames: Sequence[FrameSource], ranks: Array) -> list[Array]:
    """Number, location, time of acquisition and time at which the image was made; infinite where one is silent."""
    said = [said_by(frame) for frame in frames]
    listed = [[frame.location_mm for frame in frames], values_of(said, "acquired"), values_of(said, "content")]
    known = [np.array([np.inf if value is None else value for value in values]) for values in listed]
    return [np.where(np.isnan(ranks), np.inf, ranks), *known]


def _tells(key: Array) -> bool:
    return bool(np.isfinite(key).all()) and len(np.unique(key)) == len(key)
