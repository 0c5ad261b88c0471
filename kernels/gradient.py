"""Edges: how fast values change, per millimetre, whatever the direction.

    out = ‖∇ G_σ ∗ V‖          σ → 0: central differences; see derivatives.py

Source: own; as scipy.ndimage.gaussian_gradient_magnitude (opened) but for the weights.
Axes: see volume.py. Border: the voxels at the edge go on.
On a card: correlations of cupyx.scipy.ndimage, not yet run on one.
Tolerance: 2e-6 of the largest absolute voxel over the least spacing, against `reference` (float32 against float64).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels import derivatives
from kernels.arrays import driver, on_device
from kernels.box import Region, box_of, require_finite, spacing_of
from kernels.derivatives import DEPTH, fold_rows, fold_slices, put_row, room_for, taps, task_at, task_count
from kernels.lane_memory import store, vector
from kernels.lanes import INNER, LANES, OPTIONS, sqrt
from kernels.picture import output
from kernels.progress import Progress, pieces
from kernels.volume import Volume

COMPONENTS = ((0, 0, 1), (0, 1, 0), (1, 0, 0))  # orders along z, y, x


def reference(volume: Volume, sigma_mm: float) -> NDArray[np.float64]:
    """The formula above in float64, of a whole volume."""
    parts = (derivatives.reference(volume.array, spacing_of(volume), sigma_mm, orders) for orders in COMPONENTS)
    return np.asarray(np.sqrt(sum(part**2 for part in parts)))


@njit(**INNER)
def put_length(rows, length, out):
    """Of vectors whose components are in three rows; in lanes to the end, that roots are the same wherever rows end."""
    for i in range(0, length, LANES):
        x, y, z = vector(rows, i), vector(rows, length + i), vector(rows, 2 * length + i)
        store(sqrt(x * x + y * y + z * z), rows, i)
    put_row(rows, out)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(voxels, size, box, first, last, taps, out):
    ry = taps.y.shape[1] - 1
    for task in prange(task_count(box, first, last, taps)):
        z0, z1, y0, y1 = task_at(task, box, first, last, taps)
        room = room_for(taps, box.x1 - box.x0, 3)
        for ahead in range(y0 - ry, y1 + ry):
            fold_slices(voxels, size, z0, z1 - z0, ahead, box.x0, taps, room)
            y = ahead - ry
            if y >= y0:
                for z in range(z0, z1):
                    for number in range(3):
                        order_z, order_y, order_x = COMPONENTS[number]
                        fold_rows(z - z0, y, taps, order_z, order_y, order_x, room, number)
                    put_length(room.rows, room.wanted, out[z - box.z0, y - box.y0])


def gradient_magnitude(
    volume: Volume,
    sigma_mm: float = 0.0,
    *,
    region: Region | None = None,
    progress: Progress | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[np.float32]:
    """The length of the gradient in units of the values per mm, float32 [z, y, x], of the region's shape.

    Args:
        sigma_mm: of the Gaussian that smooths; see gaussian.py, also for the other arguments.

    Raises:
        InvalidVolume: slices lie unevenly, axes are sheared, voxels are not finite.
        InvalidParameter: a sigma, region or `out` that will not do.
    """
    box = box_of(region, volume.array.shape)
    table = taps(spacing_of(volume), sigma_mm, 2)
    require_finite(volume, box.grown(table.reach, volume.array.shape))
    result = output(out, box.shape, np.float32, volume.array)
    spread = driver("gradient").spread if on_device(volume.array) else spread_cpu
    for first, last in pieces(box.z0, box.z1, progress, DEPTH):
        spread(volume.voxels, volume.size, box, first, last, table, result)
    return result
