"""A picture of the values within a range, or of those outside it; the others become `OUTSIDE`.

    inside    v where low ≤ v ≤ high
    outside   v where v < low or v > high

Source: a definition; the ends are compared as float32.
Axes: picture [row, column]. Outside: stays `OUTSIDE`.
Exact.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.arrays import driver, on_device
from kernels.errors import InvalidParameter
from kernels.lanes import INNER, OPTIONS
from kernels.pixels import checked, filtered, value_range
from kernels.window import OUTSIDE

Kept = Literal["inside", "outside"]


def reference(values: NDArray[np.float32], low: float, high: float, kept: Kept = "inside") -> NDArray[np.float64]:
    """The definition in numpy."""
    within = (values >= np.float32(low)) & (values <= np.float32(high))
    return np.where(within == (kept == "inside"), values, OUTSIDE).astype(np.float64)


@njit(**INNER)
def cut(value, low, high, keeps_inside):
    within = (value >= low) & (value <= high)
    return value if within == keeps_inside else OUTSIDE


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(values, low, high, keeps_inside, out):
    for i in prange(values.size):
        out[i] = cut(values[i], low, high, keeps_inside)


def threshold(
    values: NDArray[np.float32], low: float, high: float, kept: Kept = "inside", out: NDArray[Any] | None = None
) -> NDArray[np.float32]:
    """The picture with all but the kept values `OUTSIDE`, float32 [h, w].

    Raises:
        InvalidParameter: no range of values, another word than inside or outside, a picture or `out` that a filter does
            not take (pixels.py).
    """
    picture = checked(values)
    low, high = value_range(low, high)
    if kept not in ("inside", "outside"):
        raise InvalidParameter(f"a threshold keeps what is inside or outside, not {kept}")
    result = filtered(values, out)
    spread = driver("picture_threshold").spread if on_device(picture) else spread_cpu
    spread(picture.reshape(-1), np.float32(low), np.float32(high), kept == "inside", result.reshape(-1))
    return result
