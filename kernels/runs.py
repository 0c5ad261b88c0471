"""Runs of samples along a packet of rays, each with a bound that none of them is above: the CPU's.

A run's samples lie in one box of voxels; none is above the box's highest voxel, nor below its lowest
(`Bricks.windows`).
Source: bounds by a min-max grid, see bricks.py.
Axes: index coordinates (x, y, place), see volume.py.
"""

from __future__ import annotations

from numba import njit

from kernels.bricks import SHIFT, STRIDE, WINDOW
from kernels.lane_memory import first_lane, load, ramp, store, vector
from kernels.lanes import LANES, PURE, TILE_WIDTH, f32, highest, i32, integer, lowest, maximum, minimum, splat, where
from kernels.patches import CRUMB
from kernels.sampling import slice_at

RUN = 8  # samples
NOTHING = -3e38  # below every value
DONE = -3.3e38  # below NOTHING: a run that was visited


@njit(forceinline=True, **PURE)
def _cells(low, high, last):
    """First and last voxel before positions low … high."""
    return min(max(int(low - f32(CRUMB)), 0), last), min(max(int(high + f32(CRUMB)), 0), last)


@njit(**PURE)
def bound_of(size, slices, windows, low, high, dx, dy, dz, t0, t1, sign, like):
    """No sample from t0 to t1, of rays that begin between low and high, is above it."""
    nx, ny, nz = size
    x0, x1 = _cells(low[0] + min(t0 * dx, t1 * dx), high[0] + max(t0 * dx, t1 * dx), nx - 2)
    y0, y1 = _cells(low[1] + min(t0 * dy, t1 * dy), high[1] + max(t0 * dy, t1 * dy), ny - 2)
    z_low = low[2] + min(t0 * dz, t1 * dz)
    z_high = high[2] + max(t0 * dz, t1 * dz)
    if slices.cells > 0:
        z_low = lowest(slice_at(slices, splat(f32(z_low - f32(CRUMB)), like)))
        z_high = lowest(slice_at(slices, splat(f32(z_high + f32(CRUMB)), like)))
    z0, z1 = _cells(z_low, z_high, nz - 2)
    across = (nx + 2) >> SHIFT
    deep = (ny + 2) >> SHIFT
    bound = f32(NOTHING)
    for z in range(z0 >> SHIFT, (z1 >> SHIFT) + 1, WINDOW):
        for y in range(y0 >> SHIFT, (y1 >> SHIFT) + 1, WINDOW):
            for x in range(x0 >> SHIFT, (x1 >> SHIFT) + 1, WINDOW):
                bound = max(bound, f32(windows[(z * deep + y) * across + x]) * sign)
    return bound


@njit(forceinline=True, **PURE)
def _brick_before(low, step, k):
    """Along one axis, for lanes of runs that begin at k, the brick in which they begin; `step` is one sample's."""
    start = low + minimum(k * step, (k + f32(RUN - 1)) * step) - f32(CRUMB)
    return integer(maximum(start, f32(0)) * f32(1 / STRIDE))


@njit(forceinline=True, **PURE)
def further(low, high, step):
    """How many bricks a run may reach along an axis beyond the window in which it begins, wherever that is."""
    extent = high - low + abs(step) * f32(RUN - 1) + f32(2 * CRUMB)
    return max(int(extent * f32(1 / STRIDE)) + 2 - WINDOW, 0)


@njit(**PURE)
def even_bounds(size, windows, slack, low, high, dx, dy, dz, first, runs, sign, bounds):
    """`bound_of` of all runs in an even stack, LANES at a time."""
    nx, ny, nz = size
    across, deep = (nx + 2) >> SHIFT, (ny + 2) >> SHIFT
    last_x, last_y, last_z = (nx - 2) >> SHIFT, (ny - 2) >> SHIFT, (nz - 2) >> SHIFT
    more_x, more_y, more_z = further(low[0], high[0], dx), further(low[1], high[1], dy), further(low[2], high[2], dz)
    for run in range(0, runs, LANES):
        k = ramp(f32(first + run * RUN), f32(RUN), f32(RUN * TILE_WIDTH))
        bx, by, bz = _brick_before(low[0], dx, k), _brick_before(low[1], dy, k), _brick_before(low[2], dz, k)
        found = splat(f32(NOTHING), k)
        # Windows side by side; the last ends where the run may end.
        for z in range(0, more_z + WINDOW, WINDOW):
            layer = minimum(bz + i32(min(z, more_z)), i32(last_z)) * i32(deep)
            for y in range(0, more_y + WINDOW, WINDOW):
                row = (layer + minimum(by + i32(min(y, more_y)), i32(last_y))) * i32(across)
                for x in range(0, more_x + WINDOW, WINDOW):
                    column = minimum(bx + i32(min(x, more_x)), i32(last_x))
                    found = maximum(found, load(windows, 0, row + column) * sign)
        store(where(k < f32(first + runs * RUN), found + slack, f32(DONE)), bounds, run)


@njit(forceinline=True, **PURE)
def highest_bound(bounds, count):
    """The greatest of the first `count` bounds, rounded up to LANES, and which it is."""
    found = vector(bounds, 0)
    for i in range(LANES, count, LANES):
        found = maximum(found, vector(bounds, i))
    most = highest(found)
    for i in range(0, count, LANES):
        lane = first_lane(vector(bounds, i) >= most)
        if lane < LANES:
            return most, i + lane
    return f32(DONE), 0
