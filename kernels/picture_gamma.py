"""A picture whose values within a window follow a power: the dark or the bright part gets more of the greys.

    c(v) = low + (high − low) · ((v − low) / (high − low))^γ   where low < v < high,   else v

The ends stay where they are, so the window means what it did; γ < 1 brightens, γ > 1 darkens.
Source: own; the power law is common.
Axes: picture [row, column]. Outside: stays `OUTSIDE`.
Tolerance: 1e-5 of the range, and 5e-7 of the largest of its ends, against `reference`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.arrays import driver, on_device
from kernels.lanes import INNER, OPTIONS, f32
from kernels.pixels import amount, checked, filtered, value_range

LEAST_POWER, MOST_POWER = 0.1, 10.0


def reference(values: NDArray[np.float32], low: float, high: float, power: float) -> NDArray[np.float64]:
    """The formula in float64."""
    value = values.astype(np.float64)
    part = np.clip((value - low) / (high - low), 0, 1)
    return np.where((value > low) & (value < high), low + (high - low) * part**power, value)


@njit(**INNER)
def bent(value, low, width, scale, power):
    part = (value - low) * scale
    return low + width * part**power if (part > f32(0)) & (part < f32(1)) else value


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(values, low, width, scale, power, out):
    for i in prange(values.size):
        out[i] = bent(values[i], low, width, scale, power)


def gamma(
    values: NDArray[np.float32], low: float, high: float, power: float, out: NDArray[Any] | None = None
) -> NDArray[np.float32]:
    """The picture with its values from `low` to `high` bent, float32 [h, w]; `power` is γ, 0.1 to 10.

    Raises:
        InvalidParameter: no range of values, a power out of range, a picture or `out` that a filter does not take
            (pixels.py).
    """
    picture = checked(values)
    low, high = value_range(low, high)
    power = amount(power, LEAST_POWER, MOST_POWER, "gamma")
    result = filtered(values, out)
    spread = driver("picture_gamma").spread if on_device(picture) else spread_cpu
    numbers = (np.float32(number) for number in (low, high - low, 1 / (high - low), power))
    spread(picture.reshape(-1), *numbers, result.reshape(-1))
    return result
