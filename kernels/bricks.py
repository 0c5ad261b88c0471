"""The min-max grid: what values lie in each neighbourhood, so that rays skip the empty ones.

    brick (c_x, c_y, c_z)   voxels 4c … 4c + 4 along each axis, ends included
    near                    whether a brick holds values that a transfer function shows
    window (c_x, c_y, c_z)  bricks c … c + 2 along each axis: its extremes, for projections
    far                     of a group of 2×2×2 bricks: how many groups away (Chebyshev) the nearest such one is

A ray that stands in a group with far = d may leap d − 1 groups beyond this one along every axis. `near` and `far` are
made anew for every transfer function.
Source: min-max blocks: Levoy, "Efficient ray tracing of volume data", 1990; leaps by a distance transform: Cohen and
Sheffer, "Proximity clouds", 1994, with the chamfer of Rosenfeld and Pfaltz, "Distance functions on digital pictures",
1968, eq. for the chessboard distance.
Axes: see volume.py. Exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.arrays import driver, module_of, on_device, to_host
from kernels.lanes import INNER, OPTIONS
from kernels.transfer import CELLS, Table
from kernels.volume import Size, Volume

STRIDE = 4
SHIFT = 2  # STRIDE = 1 << SHIFT
GROUP_SHIFT = SHIFT + 1
MOST_FAR = 60
WINDOW = 3  # bricks a side of a window
NEVER = 3.3e38  # of no value: rays do not look at such a run
KEPT = 4  # occupancies; a shift of the curve makes a new one at every frame


class Occupancy(NamedTuple):
    """Where a transfer function shows something: flat uint8, and how many there are along y and x."""

    near: NDArray[np.uint8]
    near_y: np.int32
    near_x: np.int32
    far: NDArray[np.uint8]
    far_y: np.int32
    far_x: np.int32


@dataclass(frozen=True, eq=False)
class Bricks:
    """Smallest and largest voxel of each brick, [bz, by, bx], in the volume's dtype."""

    lowest: NDArray[Any]
    highest: NDArray[Any]
    _known: dict[tuple[float, float, bytes], Occupancy] = field(default_factory=dict, repr=False)
    _windows: dict[bool, tuple[NDArray[Any], np.float32]] = field(default_factory=dict, repr=False)

    def occupancy(self, table: Table) -> Occupancy:
        """Where the table shows something; the last few are kept: a turn asks for the same one at every frame."""
        key = (float(table.low), float(table.scale), table.cumulated.tobytes())
        if key not in self._known:
            while len(self._known) >= KEPT:
                oldest = self._known.pop(next(iter(self._known)))
                if on_device(oldest.near):
                    oldest.near.fill(0)  # a card's memory goes to the next who asks, as it is
                    oldest.far.fill(0)
            self._known[key] = self._occupancy(table)
        return self._known[key]

    def windows(self, *, highest: bool) -> tuple[NDArray[Any], np.float32]:
        """The largest (or smallest) voxel of each window, flat like the bricks, and how far interpolation may round
        beyond it. The CPU's; kept.
        """
        if highest not in self._windows:
            extreme = np.maximum if highest else np.minimum
            found = self.highest if highest else self.lowest
            for axis in range(3):
                found = np.moveaxis(found, axis, 0)
                wider = found.copy()
                for shift in range(1, min(WINDOW, len(found))):
                    extreme(wider[:-shift], found[shift:], out=wider[:-shift])
                found = np.moveaxis(wider, 0, axis)
            # Three interpolations, each rounded twice, of values and differences.
            size = max(float(_size(extremes).max(initial=0)) for extremes in (self.lowest, self.highest))
            self._windows[highest] = np.ascontiguousarray(found).reshape(-1), np.float32(2e-6 * size)
        return self._windows[highest]

    def without(self, hidden: NDArray[np.bool_]) -> Bricks:
        """The same as if nothing were in the bricks that are `hidden` [bz, by, bx], as float32. The CPU's."""
        lowest, highest = np.where(hidden, NEVER, self.lowest), np.where(hidden, -NEVER, self.highest)
        return Bricks(lowest.astype(np.float32), highest.astype(np.float32))

    def arrays(self) -> Iterator[NDArray[Any]]:
        """All that was made from voxels, for whoever has to overwrite it."""
        yield self.lowest
        yield self.highest
        for occupancy in self._known.values():
            yield occupancy.near
            yield occupancy.far
        for values, _ in self._windows.values():
            yield values

    def _occupancy(self, table: Table) -> Occupancy:
        if on_device(self.lowest):
            near = driver("bricks").near(self.lowest, self.highest, table)
            return _occupancy(near, to_host(near), self.lowest)
        near = np.empty(self.lowest.shape, np.uint8)
        near_cpu(self.lowest, self.highest, table.low, table.scale, table.cumulated, near)
        return occupancy_of(near, self.lowest)


def _size(extremes: NDArray[Any]) -> NDArray[Any]:
    """How large values are, but for those of a brick without any."""
    sizes = np.abs(extremes.astype(np.float32))
    return sizes[sizes < NEVER]


def occupancy_of(near: NDArray[np.uint8], like: NDArray[Any]) -> Occupancy:
    """Where `near` [bz, by, bx], in this machine's memory, has something; in the memory where `like` lies."""
    if not on_device(like):
        return _occupancy(near, near, like)
    there = module_of(like).empty(near.shape, np.uint8)
    there.set(near)
    return _occupancy(there, near, like)


def _occupancy(near: NDArray[Any], host: NDArray[np.uint8], like: NDArray[Any]) -> Occupancy:
    groups = tuple(-(-n // 2) for n in near.shape)
    far = np.empty(groups, np.uint8)
    leaps(host, far)
    if on_device(like):
        there = module_of(like).empty(groups, np.uint8)
        there.set(far)
        far = there
    (near_y, near_x), (far_y, far_x) = (map(np.int32, counts[1:]) for counts in (near.shape, groups))
    return Occupancy(near.reshape(-1), near_y, near_x, far.reshape(-1), far_y, far_x)


def brick_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """How many bricks a volume of this shape has."""
    return tuple(max(1, -(-(n - 1) // STRIDE)) for n in shape)


def reference(volume: Volume) -> Bricks:
    """Each brick by slicing."""
    shape = brick_shape(volume.array.shape)
    lowest, highest = np.empty(shape, volume.array.dtype), np.empty(shape, volume.array.dtype)
    for brick in np.ndindex(*shape):
        region = volume.array[tuple(slice(c * STRIDE, (c + 1) * STRIDE + 1) for c in brick)]
        lowest[brick], highest[brick] = region.min(), region.max()
    return Bricks(lowest, highest)


def reference_near(bricks: Bricks, table: Table) -> NDArray[np.uint8]:
    """1 where the cumulated table changes between a brick's extremes, uint8 [bz, by, bx]."""
    low, high = (
        np.clip(np.rint((extreme.astype(np.float64) - table.low) * table.scale), 0, CELLS - 1).astype(np.int64)
        for extreme in (bricks.lowest, bricks.highest)
    )
    return (table.cumulated[high + 1] > table.cumulated[low]).astype(np.uint8)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(voxels, size, lowest, highest):
    """Whole rows are folded first: that is the part the compiler turns into SIMD."""
    nx, ny, nz = size
    for bz in prange(lowest.shape[0]):
        low = np.empty(nx, voxels.dtype)
        high = np.empty(nx, voxels.dtype)
        z0 = bz * STRIDE
        for by in range(lowest.shape[1]):
            y0 = by * STRIDE
            start = (z0 * ny + y0) * nx
            for i in range(nx):
                low[i] = voxels[start + i]
                high[i] = voxels[start + i]
            for z in range(z0, min(z0 + STRIDE + 1, nz)):
                for y in range(y0, min(y0 + STRIDE + 1, ny)):
                    row = (z * ny + y) * nx
                    for i in range(nx):
                        v = voxels[row + i]
                        low[i] = min(low[i], v)
                        high[i] = max(high[i], v)
            for bx in range(lowest.shape[2]):
                x0 = bx * STRIDE
                smallest = low[x0]
                largest = high[x0]
                for i in range(x0, min(x0 + STRIDE + 1, nx)):
                    smallest = min(smallest, low[i])
                    largest = max(largest, high[i])
                lowest[bz, by, bx] = smallest
                highest[bz, by, bx] = largest


@njit(parallel=True, cache=True, **OPTIONS)
def near_cpu(lowest, highest, low, scale, cumulated, near):
    """The cell of the highest value belongs to it: a flat interval counts as one cell."""
    for bz in prange(lowest.shape[0]):
        for by in range(lowest.shape[1]):
            for bx in range(lowest.shape[2]):
                first = _cell(lowest[bz, by, bx], low, scale)
                last = _cell(highest[bz, by, bx], low, scale)
                near[bz, by, bx] = cumulated[last + 1] > cumulated[first]


@njit(forceinline=True, **INNER)
def _cell(value, low, scale):
    place = (np.float32(value) - low) * scale + np.float32(0.5)
    # Cut before and after: a value that is not a number must not become an address.
    cell = np.int32(max(min(place, np.float32(CELLS - 1)), np.float32(0)))
    return min(max(cell, np.int32(0)), np.int32(CELLS - 1))


@njit(cache=True, **OPTIONS)
def leaps(near, far):
    """`far` from `near`: two sweeps, each taking one more than the nearest of the neighbours that were swept before.

    Rows whole, that the compiler makes SIMD of them, and one after the other within a row; a margin spares the edges.
    """
    gz, gy, gx = far.shape
    bz, by, bx = near.shape
    away = np.full((gz + 2, gy + 2, gx + 2), MOST_FAR, np.uint8)
    some = np.zeros(2 * gx, np.uint8)
    least = np.empty(gx + 2, np.uint8)
    for z in range(gz):
        for y in range(gy):
            some[:] = 0
            for k in range(2 * z, min(2 * z + 2, bz)):
                for j in range(2 * y, min(2 * y + 2, by)):
                    for i in range(bx):
                        some[i] |= near[k, j, i]
            row = away[z + 1, y + 1]
            for x in range(gx):
                if some[2 * x] | some[2 * x + 1]:
                    row[x + 1] = 0
            _nearer(away[z, y], away[z, y + 1], away[z, y + 2], away[z + 1, y], least, row)
            for x in range(1, gx + 1):
                row[x] = min(row[x], np.uint8(row[x - 1] + 1))
    for z in range(gz - 1, -1, -1):
        for y in range(gy - 1, -1, -1):
            row = away[z + 1, y + 1]
            _nearer(away[z + 2, y], away[z + 2, y + 1], away[z + 2, y + 2], away[z + 1, y + 2], least, row)
            for x in range(gx, 0, -1):
                row[x] = min(row[x], np.uint8(row[x + 1] + 1))
            far[z, y] = row[1:-1]


@njit(forceinline=True, **INNER)
def _nearer(a, b, c, d, least, row):
    """A row of groups takes one more than the nearest in four rows beside it, diagonals included."""
    for x in range(len(row)):
        least[x] = min(a[x], b[x], c[x], d[x])
    for x in range(1, len(row) - 1):
        row[x] = min(row[x], np.uint8(min(least[x - 1], least[x], least[x + 1]) + 1))


def bricks(volume: Volume) -> Bricks:
    """The grid of a volume; made once when the volume is loaded."""
    return _bricks(volume.voxels, volume.size, volume.array)


def bricks_of(layer: NDArray[Any]) -> Bricks:
    """The grid of a uint8 array [z, y, x] on a volume's grid, see layers.py."""
    nz, ny, nx = layer.shape
    return _bricks(layer.reshape(-1), (np.int32(nx), np.int32(ny), np.int32(nz)), layer)


def _bricks(voxels: NDArray[Any], size: Size, array: NDArray[Any]) -> Bricks:
    shape = brick_shape(array.shape)
    empty = module_of(array).empty
    lowest, highest = empty(shape, array.dtype), empty(shape, array.dtype)
    spread = driver("bricks").spread if on_device(array) else spread_cpu
    spread(voxels, size, lowest, highest)
    return Bricks(lowest, highest)
