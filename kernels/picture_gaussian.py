"""A picture blurred by a Gaussian: normalised convolution, so that missing pixels do not count.

    g(p) = Σ w(q − p) m(q) v(q) / Σ w(q − p) m(q),   w(d) = exp(−|d|² / 2σ²) within ⌊4σ + ½⌋ pixels along each axis

m is 1 where there is a sample and 0 elsewhere, also beyond the picture's edge. Both sums are separable.
Source: "Normalized convolution: a tutorial" of CVonline; the cut at 4σ is scipy.ndimage's.
Axes: picture [row, column], σ in pixels. Outside: stays `OUTSIDE`.
Tolerance: 4e-6 of the largest value against `reference`; a constant picture stays the same within that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.arrays import driver, on_device
from kernels.lane_memory import store, vector
from kernels.lanes import LANES, OPTIONS, PURE
from kernels.pixels import SAMPLED, amount, checked, filtered
from kernels.window import OUTSIDE

LEAST_SIGMA, MOST_SIGMA = 0.3, 100.0  # pixels
CUT = 4.0  # σ
ABREAST = 4  # packets: a multiplication and addition takes four cycles, and a core begins one in each


def weights(sigma: float) -> NDArray[np.float64]:
    """Of the pixels −r … r; their sum is 1."""
    radius = int(CUT * sigma + 0.5)
    found = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.asarray(found / found.sum())


def reference(values: NDArray[np.float32], sigma: float) -> NDArray[np.float64]:
    """The formula in float64."""
    there = values != OUTSIDE
    sums = []
    for plane in (np.where(there, values, 0).astype(np.float64), there.astype(np.float64)):
        blurred = plane
        for axis in (0, 1):
            blurred = np.apply_along_axis(_along, axis, blurred, weights(sigma))
        sums.append(blurred)
    return np.where(there, sums[0] / np.where(there, sums[1], 1), float(OUTSIDE))


def _along(line: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.convolve(line, kernel)[len(kernel) // 2 :][: len(line)]


@njit(forceinline=True, **PURE)
def _in_a_row(plane, start, kernel, out, at):
    """ABREAST packets of a row, each pixel the weighted sum of those at plane[start …]."""
    weight = kernel[0]
    a, b = weight * vector(plane, start), weight * vector(plane, start + LANES)
    c, d = weight * vector(plane, start + 2 * LANES), weight * vector(plane, start + 3 * LANES)
    for k in range(1, kernel.size):
        weight = kernel[k]
        a = a + weight * vector(plane, start + k)
        b = b + weight * vector(plane, start + k + LANES)
        c = c + weight * vector(plane, start + k + 2 * LANES)
        d = d + weight * vector(plane, start + k + 3 * LANES)
    store(a, out, at)
    store(b, out, at + LANES)
    store(c, out, at + 2 * LANES)
    store(d, out, at + 3 * LANES)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_rows(plane, stride, kernel, rows, out, first, out_stride):
    """Sums along rows: row i reads plane[i·stride …] and fills out[first + i·out_stride …]."""
    for row in prange(rows):
        for column in range(0, out_stride - LANES, ABREAST * LANES):
            _in_a_row(plane, row * stride + column, kernel, out, first + row * out_stride + column)


@njit(forceinline=True, **PURE)
def _in_a_column(plane, at, stride, kernel, out):
    """A packet of each of ABREAST rows, which share what they read; the kernel begins and ends with as many zeros."""
    value = vector(plane, at)
    a = kernel[3] * value
    b, c, d = kernel[2] * value, kernel[1] * value, kernel[0] * value
    for k in range(4, kernel.size):
        value = vector(plane, at + (k - 3) * stride)
        a = a + kernel[k] * value
        b = b + kernel[k - 1] * value
        c = c + kernel[k - 2] * value
        d = d + kernel[k - 3] * value
    store(a, out, at)
    store(b, out, at + stride)
    store(c, out, at + 2 * stride)
    store(d, out, at + 3 * stride)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_columns(plane, stride, kernel, groups, out):
    """Sums along columns, ABREAST rows a group: row i reads rows i … of `plane`."""
    for group in prange(groups):
        for column in range(0, stride - LANES, LANES):
            _in_a_column(plane, group * ABREAST * stride + column, stride, kernel, out)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_quotient(values, total, share, stride, out):
    for row in prange(values.shape[0]):
        for column in range(values.shape[1]):
            at = row * stride + column
            there = values[row, column] > SAMPLED
            out[row, column] = total[at] / share[at] if there else OUTSIDE


def _blurred(plane: NDArray[Any], kernel: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """Both passes over a picture that is 0 where nothing counts: flat, and how far apart rows begin."""
    height, width = plane.shape
    radius = kernel.size // 2
    # Whole groups of packets, and one packet more: rows a power of two apart would share a few lines of the cache.
    stride = -(-width // (ABREAST * LANES)) * ABREAST * LANES + LANES
    room = np.zeros((height, stride + 2 * radius), np.float32)
    room[:, radius : radius + width] = plane
    # Rows of zeros above and below, which the second pass reads.
    groups = -(-height // ABREAST)
    along = np.zeros((groups * ABREAST + 2 * radius) * stride, np.float32)
    spread_rows(room.reshape(-1), room.shape[1], kernel, height, along, radius * stride, stride)
    both = np.empty(groups * ABREAST * stride, np.float32)
    spread_columns(along, stride, np.pad(kernel, ABREAST - 1), groups, both)
    return both, stride


def _edges(length: int, kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much of a kernel's weight lies within a line, for each of its pixels."""
    return _along(np.ones(length), kernel.astype(np.float64)).astype(np.float32)


def gaussian(values: NDArray[np.float32], sigma: float, out: NDArray[Any] | None = None) -> NDArray[np.float32]:
    """The blurred picture, float32 [h, w]; `sigma` in pixels, 0.3 to 100.

    Raises:
        InvalidParameter: a sigma out of range, a picture or `out` that a filter does not take (pixels.py).
    """
    picture = checked(values)
    kernel = weights(amount(sigma, LEAST_SIGMA, MOST_SIGMA, "sigma in pixels")).astype(np.float32)
    result = filtered(values, out)
    if on_device(picture):
        driver("picture_gaussian").spread(picture, kernel, result)
        return result
    there = picture != OUTSIDE
    height, width = picture.shape
    if there.all():
        total, stride = _blurred(picture, kernel)
        share = _edges(height, kernel)[:, None] * _edges(width, kernel)
        np.divide(total.reshape(-1, stride)[:height, :width], share, out=result)
    else:
        total, stride = _blurred(picture * there, kernel)
        share, _ = _blurred(there, kernel)
        spread_quotient(picture, total, share, stride, result)
    return result
