"""What filters of a picture have in common: pixels that were checked, a margin around them, and rows of lanes.

A filter takes the modality values of a picture, float32 [h, w], before they are windowed. `OUTSIDE` marks a pixel
without a sample: it enters no neighbourhood and stays what it is, and beyond the picture's edge there are no samples
either. Every pixel is computed alone, so that a result does not depend on the number of threads.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from kernels.arrays import on_device
from kernels.errors import InvalidParameter
from kernels.lane_memory import store
from kernels.lanes import LANES, PURE, f32
from kernels.picture import output
from kernels.window import OUTSIDE

SAMPLED = f32(-2.9e38)  # pixels above it have a sample
MOST = 1e12  # of a value, as of all values that a viewer names: its square is still a float32


def checked(values: NDArray[Any]) -> NDArray[np.float32]:
    """A picture that a filter takes: the array itself, or a copy of one that is read-only.

    What lies on a card is not searched for values out of range.

    Raises:
        InvalidParameter: it is no C-contiguous float32 [h, w] with pixels, or holds NaN or values beyond ±10¹².
        NoBackend: the array is neither numpy's nor on a card.
    """
    is_device = on_device(values)
    if values.ndim != 2 or values.size == 0 or values.dtype != np.float32 or not values.flags.c_contiguous:
        raise InvalidParameter("a picture to filter is a C-contiguous float32 array [h, w] with pixels")
    if is_device:
        return values
    lowest, highest = float(values.min()), float(values.max())
    if lowest == OUTSIDE:
        lowest = float(values.min(where=values != OUTSIDE, initial=np.inf))
    if not (lowest >= -MOST and highest <= MOST):
        raise InvalidParameter("the values of a picture to filter are finite and within ±1e12, or OUTSIDE")
    # Numba compiles again for read-only memory.
    return values if values.flags.writeable else values.copy()


def filtered(values: NDArray[Any], out: NDArray[Any] | None) -> NDArray[Any]:
    """`out`, or a new array for a filter's result.

    Raises:
        InvalidParameter: `out` does not fit, or is the picture itself, whose pixels are still being read.
    """
    result = output(out, values.shape, np.float32, values)
    if out is not None and (out is values or (not on_device(values) and np.may_share_memory(out, values))):
        raise InvalidParameter("out is another array than the picture")
    return result


def amount(value: float, least: float, most: float, what: str) -> float:
    """A number within its range.

    Raises:
        InvalidParameter: it is not; `what` begins the sentence.
    """
    if not (isinstance(value, int | float | np.number) and math.isfinite(value) and least <= value <= most):
        raise InvalidParameter(f"{what} is {least:g} to {most:g}, not {value}")
    return float(value)


def value_range(low: float, high: float) -> tuple[float, float]:
    """The values between which a filter works.

    Raises:
        InvalidParameter: they are not finite, beyond ±10¹², or `high` is not above `low` in float32.
    """
    low, high = (amount(value, -MOST, MOST, "an end of a range of values") for value in (low, high))
    if not f32(low) < f32(high):
        raise InvalidParameter(f"a range of values goes from a lower to a higher one, not from {low:g} to {high:g}")
    return low, high


def with_margin(values: NDArray[np.float32], radius: int, fill: float = float(OUTSIDE)) -> tuple[NDArray[Any], int]:
    """A flat copy with `radius` pixels of `fill` on all sides, and how far apart its rows begin.

    Rows have room for as many lanes again, so that the last packet of a row may be read whole.
    """
    height, width = values.shape
    stride = width + 2 * radius + LANES
    padded = np.full((height + 2 * radius, stride), fill, np.float32)
    padded[radius : radius + height, radius : radius + width] = values
    return padded.reshape(-1), stride


@njit(forceinline=True, **PURE)
def put_pixels(values, spare, out, row, column):
    """Write lanes into a row; those beyond its end are dropped. `spare` is room for them."""
    width = out.shape[1]
    flat = out.reshape(-1)
    at = row * width + column
    if column + LANES <= width:
        store(values, flat, at)
    else:
        store(values, spare, 0)
        for lane in range(width - column):
            flat[at + lane] = spare[lane]
