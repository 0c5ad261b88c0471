"""A picture smoothed within regions and not across their borders: the bilateral filter.

    b(p) = v(p) + Σ w (v(q) − v(p)) / Σ w,   w = exp(−|q − p|² / 2σ² − (v(q) − v(p))² / 2τ²)

over the pixels q that have a sample, within r = ⌈5σ / 2⌉ pixels along each axis. Above σ = 1.6, where those would be
too many, along the rows and then, of the result, along the columns.
Source: Tomasi and Manduchi, "Bilateral filtering for gray and color images", 1998; in two passes Pham and van Vliet,
"Separable bilateral filtering for fast video preprocessing", 2005; written as a mean of differences, which keeps a
constant exactly. The cut at 2.5σ is that of ITK's BilateralImageFilter.
Axes: picture [row, column], σ in pixels, τ in values. Outside: stays `OUTSIDE`.
Tolerance: 2e-4 of the largest difference within a neighbourhood against `reference` (a quick exponential), in each
pass.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.arrays import driver, on_device
from kernels.lane_memory import vector
from kernels.lanes import LANES, OPTIONS, PURE, f32, shared, splat, where
from kernels.pixels import amount, checked, filtered, put_pixels, with_margin
from kernels.sampling import exp_minus
from kernels.window import OUTSIDE

LEAST_SIGMA, MOST_SIGMA = 0.3, 100.0  # pixels
LEAST_VALUE, MOST_VALUE = 1e-6, 1e9
CUT = 2.5  # σ
FULL = 1.6  # the largest σ that is done in one pass
MISSING = f32(-1e13)  # below all values; over the least τ its square is still a float32
ABSENT = f32(0.5) * MISSING


class Taps(NamedTuple):
    """The neighbours of a pass: −down … down rows and −across … across columns; `near`: 1 / 2σ²."""

    down: int
    across: int
    near: np.float32


def passes(sigma: float) -> list[Taps]:
    """What is done one after the other for a σ in pixels."""
    reach, near = math.ceil(CUT * sigma), np.float32(1 / (2 * sigma**2))
    return [Taps(reach, reach, near)] if sigma <= FULL else [Taps(0, reach, near), Taps(reach, 0, near)]


def reference(values: NDArray[np.float32], sigma: float, sigma_value: float) -> NDArray[np.float64]:
    """The formula in float64."""
    missing, found = values == OUTSIDE, values.astype(np.float64)
    height, width = values.shape
    for down, across, _ in passes(sigma):
        padded = np.pad(found, ((down, down), (across, across)), constant_values=float(OUTSIDE))
        total, share = np.zeros(values.shape), np.zeros(values.shape)
        for j, i in np.ndindex(2 * down + 1, 2 * across + 1):
            neighbour = padded[j : j + height, i : i + width]
            there = (neighbour != OUTSIDE) & ~missing
            apart = np.where(there, neighbour - found, 0)
            square = (j - down) ** 2 + (i - across) ** 2
            weight = np.where(there, np.exp(-square / (2 * sigma**2) - apart**2 / (2 * sigma_value**2)), 0)
            total += weight * apart
            share += weight
        found = np.where(missing, float(OUTSIDE), found + total / np.where(share > 0, share, 1))
    return found


@shared
def counted(total, share, value, centre, far, steep):
    """One neighbour more. Its distance is `far` of the exponent, its difference the square of `steep` times that."""
    apart = value - centre
    unlike = apart * steep
    weight = where(value > ABSENT, exp_minus(far + unlike * unlike), f32(0))
    return total + weight * apart, share + weight


@shared
def smoothed(total, share, centre):
    return where(centre > ABSENT, centre + total / where(share > f32(0), share, f32(1)), OUTSIDE)


@njit(forceinline=True, **PURE)
def _packet(padded, stride, middle, down, across, near, steep):
    centre = vector(padded, middle)
    total, share = splat(f32(0), centre), splat(f32(0), centre)
    for j in range(-down, down + 1):
        for i in range(-across, across + 1):
            far = f32(j * j + i * i) * near
            total, share = counted(total, share, vector(padded, middle + j * stride + i), centre, far, steep)
    return smoothed(total, share, centre)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(padded, stride, margin, down, across, near, steep, out):
    for row in prange(out.shape[0]):
        spare = np.empty(LANES, np.float32)
        for column in range(0, out.shape[1], LANES):
            middle = (row + margin) * stride + column + margin
            put_pixels(_packet(padded, stride, middle, down, across, near, steep), spare, out, row, column)


def bilateral(
    values: NDArray[np.float32], sigma: float, sigma_value: float, out: NDArray[Any] | None = None
) -> NDArray[np.float32]:
    """The smoothed picture, float32 [h, w]; `sigma` in pixels, 0.3 to 100, `sigma_value` in values, 1e-6 to 1e9.

    Raises:
        InvalidParameter: an amount out of range, a picture or `out` that a filter does not take (pixels.py).
    """
    picture = checked(values)
    sigma = amount(sigma, LEAST_SIGMA, MOST_SIGMA, "sigma in pixels")
    sigma_value = amount(sigma_value, LEAST_VALUE, MOST_VALUE, "sigma in values")
    steep = np.float32(1 / (math.sqrt(2) * sigma_value))
    result = filtered(values, out)
    for taps in passes(sigma):
        if on_device(picture):
            driver("picture_bilateral").spread(picture, *taps, steep, result)
        else:
            margin = max(taps.down, taps.across)
            padded, stride = with_margin(np.maximum(picture, MISSING), margin, float(MISSING))
            spread_cpu(padded, stride, margin, *taps, steep, result)
        picture = result
    return result
