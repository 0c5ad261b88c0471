"""How steep a picture is: the magnitude of Sobel's gradient.

    e(p) = √(e_x² + e_y²),   e_x = Σ_j w_j d_x(row j) / Σ_j w_j,   w = 1, 2, 1 for the rows above, through and below p

d_x is half the difference of the right and the left neighbour. Where one of them has no sample it is the difference
between the other and the one in the middle; a row that has neither does not count, and where none does e_x is 0. e_y is
the same along columns. So a ramp has its own slope everywhere, at borders too.
Source: Sobel's operator with scikit-image's weights; one-sided differences at borders are our own.
Axes: picture [row, column]; values per pixel, or per millimetre. Outside: stays `OUTSIDE`.
Tolerance: 1e-6 of the steepest step between neighbours against `reference`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.arrays import driver, on_device
from kernels.lane_memory import vector
from kernels.lanes import LANES, OPTIONS, PURE, f32, shared, sqrt, where
from kernels.pixels import SAMPLED, amount, checked, filtered, put_pixels, with_margin
from kernels.window import OUTSIDE


def reference(values: NDArray[np.float32], pixel_mm: float = 1.0) -> NDArray[np.float64]:
    """The formula in float64, row by row of its nine pixels."""
    there = np.pad(values != OUTSIDE, 1)
    value = np.where(there, np.pad(values.astype(np.float64), 1), 0)
    squares = np.zeros(values.shape)
    for axis in (0, 1):
        total, share = np.zeros(values.shape), np.zeros(values.shape)
        for across, weight in ((-1, 1.0), (0, 2.0), (1, 1.0)):
            before, middle, after = (_moved(value, axis, across, along) for along in (-1, 0, 1))
            has_before, has_middle, has_after = (_moved(there, axis, across, along) for along in (-1, 0, 1))
            both, ahead, back = has_before & has_after, has_middle & has_after, has_before & has_middle
            slope = np.select([both, ahead, back], [(after - before) / 2, after - middle, middle - before], 0.0)
            total += weight * slope
            share += weight * (both | ahead | back)
        squares += (total / np.maximum(share, 1)) ** 2
    return np.where(values == OUTSIDE, float(OUTSIDE), np.sqrt(squares) / pixel_mm)


def _moved(padded: NDArray[Any], axis: int, across: int, along: int) -> NDArray[Any]:
    down, right = (along, across) if axis == 0 else (across, along)
    height, width = padded.shape
    return padded[1 + down : height - 1 + down, 1 + right : width - 1 + right]


@shared
def difference(before, middle, after):
    """How much a value changes from one pixel to the next, and 1 where that is known."""
    has_before, has_middle, has_after = before > SAMPLED, middle > SAMPLED, after > SAMPLED
    first = where(has_before, before, middle)
    last = where(has_after, after, middle)
    both = has_before & has_after
    known = both | (has_middle & (has_before | has_after))
    slope = (last - first) * where(both, f32(0.5), f32(1))
    return where(known, slope, f32(0)), where(known, f32(1), f32(0))


@shared
def along(before, middle, after):
    """One part of the gradient, of three rows of three pixels."""
    a, has_a = difference(before[0], middle[0], after[0])
    b, has_b = difference(before[1], middle[1], after[1])
    c, has_c = difference(before[2], middle[2], after[2])
    share = has_a + has_b + has_b + has_c
    return (a + b + b + c) / where(share > f32(0), share, f32(1))


@shared
def steepness(above, through, below, per_mm):
    """Of the pixel in the middle of three times three."""
    right = along((above[0], through[0], below[0]), (above[1], through[1], below[1]), (above[2], through[2], below[2]))
    down = along(above, through, below)
    return where(through[1] > SAMPLED, sqrt(right * right + down * down) * per_mm, OUTSIDE)


@njit(forceinline=True, **PURE)
def _three(padded, at):
    return vector(padded, at), vector(padded, at + 1), vector(padded, at + 2)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(padded, stride, per_mm, out):
    for row in prange(out.shape[0]):
        spare = np.empty(LANES, np.float32)
        for column in range(0, out.shape[1], LANES):
            at = row * stride + column
            above, through, below = _three(padded, at), _three(padded, at + stride), _three(padded, at + 2 * stride)
            put_pixels(steepness(above, through, below, per_mm), spare, out, row, column)


def edge(
    values: NDArray[np.float32], pixel_mm: float | None = None, out: NDArray[Any] | None = None
) -> NDArray[np.float32]:
    """The magnitude of the gradient, float32 [h, w]: values per pixel, or per millimetre of pixels of that size.

    Raises:
        InvalidParameter: a size of a pixel that is not 1e-6 to 1e4 mm, a picture or `out` that a filter does not take
            (pixels.py).
    """
    picture = checked(values)
    per_mm = np.float32(1 / amount(1.0 if pixel_mm is None else pixel_mm, 1e-6, 1e4, "a pixel's size in mm"))
    result = filtered(values, out)
    if on_device(picture):
        driver("picture_edge").spread(picture, per_mm, result)
    else:
        spread_cpu(*with_margin(picture, 1), per_mm, result)
    return result
