"""What frames say of themselves beyond their place, compared: which of them say the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.dicom.sources import FrameSource

THICKNESS_TOLERANCE = 0.05  # 0.625 is also written 0.62 or 0.63
PAUSE_S = 5.0  # a scan may begin so long after another one's last image
PAUSE = 10  # times the usual time from image to image
DAY_S = 86400.0
TIMES = {"acquired": "acquired", "bout": "acquired", "content": "content", "content_bout": "content"}

Codes = NDArray[np.int64]
Array = NDArray[np.float64]
Said = dict[str, Any]


def said_by(frame: FrameSource) -> Said:
    """Its separators, its thickness, and how its image was made (ORIGINAL PRIMARY)."""
    made = " ".join(frame.header.image_type[:2])
    return {**frame.separators, "thickness": frame.thickness_mm, "made": made}


def values_of(frames: Sequence[Said], name: str) -> list[Any]:
    """What each frame says under a name, hashable; None where it says nothing. Of thicknesses and bouts a number.

    gradient: with its b-value. echo: number and time. bout, content_bout: the scan it belongs to, by pauses between
    acquisitions or between the times at which images were made.
    """
    if name == "gradient":
        return [None if (b := said.get("b_value")) is None else (b, *said.get("gradient", ())) for said in frames]
    if name == "echo":
        return [
            None if (echo := (said.get("echo"), said.get("echo_time"))) == (None, None) else echo for said in frames
        ]
    if name in TIMES:
        times = _of_one_night([said.get(TIMES[name]) for said in frames])
        return _clustered(times, _pauses) if name.endswith("bout") else times
    if name == "thickness":
        return _clustered([said.get(name) for said in frames], lambda numbers: numbers * THICKNESS_TOLERANCE)
    return [tuple(value) if isinstance(value := said.get(name), list) else value for said in frames]


def codes_of(values: Sequence[Any]) -> Codes:
    """A number for each different value, in the order in which they come."""
    known: dict[Any, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], np.int64)


def sets_of(codes: Codes) -> list[Codes]:
    """The indices that have each code."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


def _of_one_night(times: list[float | None]) -> list[float | None]:
    """Times of which only the hour is known (those of 1970): over midnight, what comes after it is of the next day."""
    known = sorted({time for time in times if time is not None and time < DAY_S})
    gaps = [b - a for a, b in pairwise(known)]
    if not gaps or max(gaps) <= DAY_S / 2:
        return times
    before = known[gaps.index(max(gaps)) + 1]
    return [time + DAY_S if time is not None and time < before else time for time in times]


def _pauses(times: Array) -> float:
    return max(PAUSE_S, PAUSE * float(np.median(np.diff(times))))


def _clustered(numbers: Sequence[float | None], least: Callable[[Array], Array | float]) -> list[Any]:
    """The smallest number of the cluster that each belongs to. least(sorted numbers): gaps that part clusters."""
    known = np.unique([number for number in numbers if number is not None])
    if len(known) < 2:
        return list(numbers)
    apart = np.diff(known) > np.broadcast_to(least(known), known.shape)[:-1]
    firsts = known[np.concatenate([[True], apart])]
    return [
        None if number is None else float(firsts[np.searchsorted(firsts, number, "right") - 1]) for number in numbers
    ]
