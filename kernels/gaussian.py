"""Smoothing: a volume convolved with a Gaussian of a given sigma in millimetres.

    out = G_σ ∗ V          truncated at 4σ, see derivatives.py

Source: own; the weights are those of scipy.ndimage.gaussian_filter (opened).
Axes: see volume.py. Border: the voxels at the edge go on.
On a card: correlations of cupyx.scipy.ndimage, not yet run on one.
Tolerance: 1e-6 of the largest absolute voxel up to a sigma of 24 voxels, 2e-6 above, against `reference` and scipy's
(float32 against float64).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels import derivatives
from kernels.arrays import driver, on_device
from kernels.box import Box, Region, box_of, require_finite, spacing_of
from kernels.derivatives import DEPTH, Taps, fold_rows, fold_slices, put_row, room_for, taps, task_at, task_count
from kernels.lanes import OPTIONS
from kernels.picture import output
from kernels.progress import Progress, pieces
from kernels.volume import Volume


def reference(volume: Volume, sigma_mm: float) -> NDArray[np.float64]:
    """The weighted mean in float64, of a whole volume."""
    return derivatives.reference(volume.array, spacing_of(volume), sigma_mm, (0, 0, 0))


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(voxels, size, box, first, last, taps, out):
    ry = taps.y.shape[1] - 1
    for task in prange(task_count(box, first, last, taps)):
        z0, z1, y0, y1 = task_at(task, box, first, last, taps)
        room = room_for(taps, box.x1 - box.x0, 1)
        for ahead in range(y0 - ry, y1 + ry):
            fold_slices(voxels, size, z0, z1 - z0, ahead, box.x0, taps, room)
            y = ahead - ry
            if y >= y0:
                for z in range(z0, z1):
                    fold_rows(z - z0, y, taps, 0, 0, 0, room, 0)
                    put_row(room.rows, out[z - box.z0, y - box.y0])


def smooth(volume: Volume, box: Box, first: int, last: int, table: Taps, out: NDArray[Any]) -> None:
    """Slices `first` to before `last` of the box, into `out`, which has the box's shape."""
    spread = driver("gaussian").spread if on_device(volume.array) else spread_cpu
    spread(volume.voxels, volume.size, box, first, last, table, out)


def gaussian(
    volume: Volume,
    sigma_mm: float,
    *,
    region: Region | None = None,
    progress: Progress | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[np.float32]:
    """The smoothed volume, float32 [z, y, x], of the region's shape; with a sigma of 0 the volume as it is.

    Args:
        sigma_mm: at most 128 voxels.
        region: see box.py.
        progress: see progress.py.
        out: filled and returned, if given: float32, C-contiguous.

    Raises:
        InvalidVolume: slices lie unevenly, axes are sheared, voxels are not finite.
        InvalidParameter: a sigma, region or `out` that will not do.
    """
    box = box_of(region, volume.array.shape)
    table = taps(spacing_of(volume), sigma_mm, 1)
    require_finite(volume, box.grown(table.reach, volume.array.shape))
    result = output(out, box.shape, np.float32, volume.array)
    for first, last in pieces(box.z0, box.z1, progress, DEPTH):
        smooth(volume, box, first, last, table, result)
    return result
