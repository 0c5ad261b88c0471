"""What the pixels of a picture, or of a region of it, add up to: histogram, area, mean, SD, extremes, median.

    mean = Σ v / N     SD = √(Σ (v − mean)² / (N − 1)), that of a sample     area = N · area of a pixel

Which pixels belong to a region is said in regions.py.

Source: own.
Axes: picture [row, column]. Outside: `OUTSIDE` counts nowhere; nothing counted is None.
Tolerance: 1e-9 of the largest value (sums in float64) of pixels as they are, nothing is interpolated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.arrays import to_host
from kernels.errors import InvalidParameter
from kernels.image import DTYPES
from kernels.pixels import amount, value_range
from kernels.regions import Region, mask
from kernels.window import OUTSIDE

MOST_BINS = 65536


@dataclass(frozen=True)
class Statistics:
    """Of the pixels that have a sample. What `n` pixels do not have is None: an SD takes two, everything else one."""

    n: int
    area_mm2: float | None  # None: nobody knows how large a pixel is
    mean: float | None
    sd: float | None
    least: float | None
    most: float | None
    median: float | None


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many values lie in each of equal bins from `low` to `high`, and beyond.

    A bin has its lower border and not its upper one; the last has both.
    """

    low: float
    high: float
    counts: NDArray[np.int64]
    below: int
    above: int


def _checked(values: NDArray[Any]) -> NDArray[Any]:
    if values.ndim != 2 or values.dtype.newbyteorder("=") not in DTYPES:
        raise InvalidParameter(f"no picture of shape {values.shape} and type {values.dtype} can be measured")
    return values


def _sampled(values: NDArray[Any]) -> NDArray[np.float64]:
    """The values that have a sample, in float64."""
    if values.dtype.kind != "f":
        return np.asarray(values, np.float64)
    found: NDArray[np.float64] = values[values != OUTSIDE].astype(np.float64)
    if not np.isfinite(found).all():
        raise InvalidParameter("the values of a picture to measure are finite, or OUTSIDE")
    return found


def measure(values: NDArray[Any], region: Region, pixel_mm: tuple[float, float] | None = None) -> Statistics:
    """The statistics of a region, from the pixels as they are.

    values: a picture [h, w] of float32, int16, uint16 or uint8, a part of a larger array or read-only too. One on a
        card is brought to the host; not yet run on a card.
    pixel_mm: how far centres are apart, right and down; None where nobody knows.

    Raises:
        InvalidParameter: an array of another shape or type, one with values that are not finite, or a pixel whose size
            is not 1e-6 to 1e4 mm.
    """
    picture = _checked(values)
    size = None if pixel_mm is None else [amount(length, 1e-6, 1e4, "a pixel's size in mm") for length in pixel_mm]
    part, belongs = mask(region, *picture.shape)
    found = _sampled(to_host(picture[part])[belongs])
    area = None if size is None else len(found) * size[0] * size[1]
    if not len(found):
        return Statistics(0, area, None, None, None, None, None)
    sd = float(found.std(ddof=1)) if len(found) > 1 else None
    return Statistics(
        len(found), area, float(found.mean()), sd, float(found.min()), float(found.max()), float(np.median(found))
    )


def histogram(values: NDArray[Any], low: float, high: float, bins: int = 256) -> Histogram:
    """The histogram of a picture's values; arrays as for `measure`.

    Raises:
        InvalidParameter: no range of values, a number of bins that is not 1 to 65536, an array that cannot be measured.
    """
    picture = _checked(values)
    low, high = value_range(low, high)
    if bins not in range(1, MOST_BINS + 1):
        raise InvalidParameter(f"a histogram has 1 to {MOST_BINS} bins, not {bins}")
    found = _sampled(to_host(picture).reshape(-1))
    counts, _ = np.histogram(found, int(bins), (low, high))
    return Histogram(low, high, counts, int((found < low).sum()), int((found > high).sum()))
