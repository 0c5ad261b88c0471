"""Between which slices images are missing, by the gaps, the thicknesses and the numbers of images.

Where numbers grow in proportion to the gaps, what they leave out is missing, however much it is: a scan that lost every
other image would otherwise look like one that was scanned in wider steps. Why holes are never bridged:
docs/decisions/0003.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from storage.dicom.sources import FrameSource

HOLE = 1.5  # times the step
RUN = 4  # so many equal gaps one after another are meant
FEW_HOLES = 2
MOST_HOLES = 0.25  # of the gaps, or half of the millimetres: shreds show no anatomy, and may be several scans in one
BELIEVED = 0.9  # of the gaps, at least, are in proportion to the numbers
PROPORTIONAL = 0.05  # of the gap
ROUNDED_MM = 0.11  # both ends of a gap, to a tenth of a millimetre
MOST_ROUNDED = 0.2  # of the step

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def steps_of(frames: Sequence[FrameSource]) -> Array:
    """By how much the number grows from slice to slice; NaN where that says nothing."""
    steps: list[float] = []
    in_stack = [frame.separators.get("in_stack") for frame in frames]
    for (a, b), (m, n) in zip(pairwise(frames), pairwise(in_stack), strict=True):
        if m is not None and n is not None and m != n:
            steps.append(abs(n - m))
        elif a.header is b.header:
            steps.append(abs((b.frame + (b.tile or 0)) - (a.frame + (a.tile or 0))))
        elif a.header.frames == b.header.frames == 1 and a.number and b.number:
            steps.append(abs(b.number[0] - a.number[0]) or abs(b.number[1] - a.number[1]) or math.nan)
        else:
            steps.append(math.nan)
    return np.array(steps, float)


def holes_of(gaps: Array, thicknesses: Sequence[float | None], steps: Array) -> tuple[int, ...]:
    """After which slices images are missing. gaps: mm; steps: by how much the number grows over each gap.

    A gap half as wide again as the median, or as both its neighbours, is a hole, unless the slices there are thicker by
    as much, or it is one of several equal gaps over which no number is left out: those were scanned so.
    """
    left_out = _left_out(gaps, steps)
    step = float(np.median(gaps))
    padded = np.concatenate([gaps[1:2], gaps, gaps[-2:-1]])
    neighbours = np.maximum(padded[:-2], padded[2:])
    wide = (gaps >= HOLE * step) | (gaps >= HOLE * neighbours) | left_out
    if not wide.any():
        return ()
    thick = np.array([math.nan if t is None else t for t in thicknesses], float)
    ratios = np.maximum(thick[1:], thick[:-1]) / gaps  # NaN where unknown
    usual = np.median(ratios[~left_out])
    thicker = ratios >= 0.75 * usual  # False where unknown
    numbered = steps <= HOLE * np.median(steps)
    meant = _in_runs(gaps) & numbered & ~left_out
    return tuple(int(i) for i in np.flatnonzero(wide & ~thicker & ~meant))


def are_shreds(gaps: Array, holes: Sequence[int]) -> bool:
    """Whether more is missing than can be left out of a Volume."""
    if len(holes) <= FEW_HOLES:
        return False
    return len(holes) > MOST_HOLES * len(gaps) or float(gaps[list(holes)].sum()) > gaps.sum() / 2


def _left_out(gaps: Array, steps: Array) -> Flags:
    """Over which gaps numbers are left out, where numbers grow with the gaps; by the gaps alone where none is known."""
    if np.isnan(steps).all():
        steps, believed = np.rint(gaps / gaps.min()), 1.0
    else:
        believed = BELIEVED
    known = steps >= 1
    if not known.any():
        return known
    ratios = gaps[known] / steps[known]
    middle = np.sort(ratios)[len(ratios) // 2]
    near = np.abs(ratios - middle) <= MOST_ROUNDED * middle
    unit = float(gaps[known][near].sum() / steps[known][near].sum())  # that of small gaps is rounded most
    with np.errstate(invalid="ignore"):
        off = np.abs(gaps - steps * unit)
        agree = known & (off <= np.maximum(PROPORTIONAL * gaps, min(ROUNDED_MM, MOST_ROUNDED * float(gaps.min()))))
    if agree.sum() < believed * len(gaps) or not agree.any():
        return np.zeros(len(gaps), bool)
    return np.asarray(agree & (steps >= HOLE * steps[agree].min()))


def _in_runs(gaps: Array) -> Flags:
    """Which gaps are among at least RUN equal ones in a row."""
    edges = np.flatnonzero(np.abs(np.diff(gaps)) > 0.05 * np.minimum(gaps[1:], gaps[:-1])) + 1
    bounds = [0, *edges.tolist(), len(gaps)]
    out = np.zeros(len(gaps), bool)
    for start, end in pairwise(bounds):
        out[start:end] = end - start >= RUN
    return out
