"""Sharpening: what a Gaussian takes away, added once more.

    out = V + a (V − G_σ ∗ V)          a: the amount; 0 leaves the volume as it is

Source: the unsharp mask, as skimage.filters.unsharp_mask has it (opened), but without cutting values to a range.
Axes: see volume.py. Border: the voxels at the edge go on.
On a card: correlations of cupyx.scipy.ndimage, not yet run on one.
Tolerance: (1 + a) · 1e-6 of the largest absolute voxel, against `reference` (float32 against float64).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels import gaussian
from kernels.arrays import driver, on_device
from kernels.box import Region, box_of, require_finite, spacing_of
from kernels.derivatives import DEPTH, taps
from kernels.errors import InvalidParameter
from kernels.gaussian import smooth
from kernels.lanes import OPTIONS, f32
from kernels.picture import output
from kernels.progress import Progress, pieces
from kernels.volume import Volume

MOST = 100.0  # amount


def reference(volume: Volume, sigma_mm: float, amount: float) -> NDArray[np.float64]:
    """The formula above in float64, of a whole volume."""
    values = volume.array.astype(np.float64)
    return values + amount * (values - gaussian.reference(volume, sigma_mm))


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(voxels, size, box, first, last, amount, out):
    """In place of what was smoothed."""
    nx, ny, _ = size
    height, width = box.y1 - box.y0, box.x1 - box.x0
    for number in prange((last - first) * height):
        z, y = first + number // height, box.y0 + number % height
        begin = (z * ny + y) * nx + box.x0
        old, new = voxels[begin : begin + width], out[z - box.z0, y - box.y0]
        for x in range(width):
            value = f32(old[x])
            new[x] = value + amount * (value - new[x])


def unsharp(
    volume: Volume,
    sigma_mm: float,
    amount: float = 1.0,
    *,
    region: Region | None = None,
    progress: Progress | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[np.float32]:
    """The sharpened volume, float32 [z, y, x], of the region's shape.

    Args:
        sigma_mm: of what counts as detail; see gaussian.py, also for the other arguments.
        amount: 0 … 100.

    Raises:
        InvalidVolume: slices lie unevenly, axes are sheared, voxels are not finite.
        InvalidParameter: an amount, sigma, region or `out` that will not do.
    """
    if not 0 <= amount <= MOST:
        raise InvalidParameter(f"an amount of sharpening is 0 … {MOST:g}, not {amount}")
    box = box_of(region, volume.array.shape)
    table = taps(spacing_of(volume), sigma_mm, 1)
    require_finite(volume, box.grown(table.reach, volume.array.shape))
    result = output(out, box.shape, np.float32, volume.array)
    spread = driver("unsharp").spread if on_device(volume.array) else spread_cpu
    for first, last in pieces(box.z0, box.z1, progress, DEPTH):
        smooth(volume, box, first, last, table, result)
        spread(volume.voxels, volume.size, box, first, last, np.float32(amount), result)
    return result
