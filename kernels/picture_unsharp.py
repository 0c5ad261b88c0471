"""A picture sharpened by what a blur takes away: the unsharp mask.

    s(p) = v(p) + a (v(p) − g(p)),   g the Gaussian of picture_gaussian.py

Source: scikit-image's example "Unsharp masking", which has the formula.
Axes: picture [row, column], σ in pixels. Outside: stays `OUTSIDE`.
Tolerance: (1 + a) times that of the Gaussian.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels import picture_gaussian
from kernels.arrays import driver, on_device
from kernels.lanes import INNER, OPTIONS
from kernels.picture_gaussian import gaussian
from kernels.pixels import SAMPLED, amount, checked, filtered
from kernels.window import OUTSIDE

MOST_AMOUNT = 10.0


def reference(values: NDArray[np.float32], sigma: float, strength: float) -> NDArray[np.float64]:
    """The formula in float64."""
    value = values.astype(np.float64)
    sharp = value + strength * (value - picture_gaussian.reference(values, sigma))
    return np.where(values == OUTSIDE, float(OUTSIDE), sharp)


@njit(**INNER)
def sharpened(value, smooth, strength):
    return value + strength * (value - smooth) if value > SAMPLED else OUTSIDE


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(values, strength, out):
    """`out` holds the blurred picture."""
    for i in prange(values.size):
        out[i] = sharpened(values[i], out[i], strength)


def unsharp(
    values: NDArray[np.float32], sigma: float, strength: float, out: NDArray[Any] | None = None
) -> NDArray[np.float32]:
    """The sharpened picture, float32 [h, w]; `sigma` in pixels, 0.3 to 100, `strength` 0 to 10.

    Raises:
        InvalidParameter: an amount out of range, a picture or `out` that a filter does not take (pixels.py).
    """
    picture = checked(values)
    strength = amount(strength, 0, MOST_AMOUNT, "the strength of an unsharp mask")
    result = gaussian(picture, sigma, filtered(values, out))
    spread = driver("picture_unsharp").spread if on_device(picture) else spread_cpu
    spread(picture.reshape(-1), np.float32(strength), result.reshape(-1))
    return result
