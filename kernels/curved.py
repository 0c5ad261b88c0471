"""Curved planar reformats: the values along the lines of a picture, each in its own direction, and slabs about them.

    I(u, v) = max | min | mean of V over samples within half the slab's thickness of origin[v] + u·right[v], along
              normal[v]

Every row is a row of `plane.slab` with that normal: where the samples lie is said in samples.py, of the lines in
curved_picture.py, of the surfaces they belong to in curved_layouts.py.
Axes: see volume.py. Outside: a sample outside the outermost voxel centres, or between the two slices at a hole, counts
in neither maximum, minimum nor mean; a pixel with none, and a row beyond the curve, is `OUTSIDE`.
Source: docs/ARCHITECTURE.md, "Stacks, volumes, kernels" (the slab rule).
Tolerance: against `reference` 1e-3 of the steepest step between neighbours (float32 positions); of a straight curve
the plane, to the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels import plane
from kernels.arrays import driver, on_device
from kernels.curved_picture import CurvedPicture, line_samples
from kernels.errors import InvalidParameter
from kernels.lane_memory import ramp, store
from kernels.lanes import INNER, LANES, OPTIONS, PURE, TILE_WIDTH, f32
from kernels.oblique import plane_values
from kernels.picture import output
from kernels.plane import slab_ray
from kernels.samples import MODES, Projection
from kernels.sampling import FAR
from kernels.tiles import SHARES, block_at, block_count, take
from kernels.volume import Volume
from kernels.window import OUTSIDE


def reference(
    volume: Volume, picture: CurvedPicture, projection: Projection, thickness_mm: float
) -> NDArray[np.float64]:
    """Row by row the slab in float64; a thickness of 0 is the surface."""
    nothing = np.full(picture.width, float(OUTSIDE))
    return np.stack(
        [
            plane.reference(volume, picture.row(v), projection, thickness_mm)[0] if shown else nothing
            for v, shown in enumerate(picture.shown)
        ]
    )


@njit(forceinline=True, **PURE)
def _lanes(begin, step, column):
    """LANES pixels of a row from `column` on, counted in float64 up to the first; and the least and the highest."""
    right = f32(step)
    first = f32(begin + column * step)
    last = first + f32(LANES - 1) * right
    return ramp(first, right, f32(TILE_WIDTH) * right), min(first, last), max(first, last)


@njit(**PURE)
def _block(array, size, slices, lines, mode, block, spare, flat, out):
    height, width = out.shape
    row0, row1, column0, column1 = block_at(block, height, width)
    for row in range(row0, row1):
        grid, meets, count = lines.grid[row], lines.plane[row], lines.totals[row]
        if count == 0:
            out[row, column0:column1] = OUTSIDE
            continue
        axis, reach = lines.axes[row], lines.reach[row]
        dx, dy, dz = f32(grid[2, 0]), f32(grid[2, 1]), f32(grid[2, 2])
        for column in range(column0, column1, LANES):
            x, x0, x1 = _lanes(grid[0, 0], grid[1, 0], column)
            y, y0, y1 = _lanes(grid[0, 1], grid[1, 1], column)
            z, z0, z1 = _lanes(grid[0, 2], grid[1, 2], column)
            if count == 1:
                values = plane_values(array, size, slices, x, y, z, (x0, y0, z0), (x1, y1, z1))
            else:
                middle, _, _ = _lanes(meets[0], meets[1], column)
                near, far = middle - reach, middle + reach
                borders = reach < f32(FAR)
                values = slab_ray(array, size, slices, None, axis, x, y, z, dx, dy, dz, count, near, far, borders, mode)
            if column + LANES <= width:
                store(values, flat, row * width + column)
            else:
                store(values, spare, 0)
                for lane in range(width - column):
                    out[row, column + lane] = spare[lane]


@njit(**INNER)
def _blocks(array, size, slices, lines, mode, counter, out):
    """What one thread makes."""
    flat = out.reshape(-1)
    spare = np.empty(LANES, np.float32)
    block = take(counter)
    while block < block_count(out.shape[0], out.shape[1]):
        _block(array, size, slices, lines, mode, block, spare, flat, out)
        block = take(counter)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(array, size, slices, lines, mode, out):
    counter = np.zeros(1, np.int64)
    for _ in prange(SHARES):
        _blocks(array, size, slices, lines, mode, counter, out)


def reformat(
    volume: Volume,
    picture: CurvedPicture,
    projection: Projection = "mean",
    thickness_mm: float = 0.0,
    out: NDArray[Any] | None = None,
) -> NDArray[np.float32]:
    """The values along the lines, or maximum, minimum or mean over slabs centred on them, float32 [h, w].

    Raises:
        InvalidParameter: the thickness is negative, not finite or above ten metres, the projection is unknown, or `out`
            does not fit.
    """
    if not 0 <= thickness_mm <= 1e4:
        raise InvalidParameter(f"a slab is 0 to 10000 mm thick, not {thickness_mm}")
    if projection not in MODES:
        raise InvalidParameter(f"a projection is one of {', '.join(MODES)}")
    lines = line_samples(volume, picture, projection, thickness_mm)
    result = output(out, (picture.height, picture.width), np.float32, volume.array)
    spread = driver("curved").spread if on_device(volume.array) else spread_cpu
    spread(volume.voxels, volume.size, volume.slices, lines, MODES[projection], result)
    return result
