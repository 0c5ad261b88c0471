"""Planes of any direction, a packet of pixels at a time: the CPU's.

Neighbouring pixels of an oblique plane lie in rows and slices of their own, which no processor foresees: their voxels
are asked for a few tiles ahead. That took a fifth to a third off an oblique plane.
Source: own measurements.
Axes: index coordinates (x, y, place), see volume.py.
"""

from __future__ import annotations

from numba import njit

from kernels.lane_memory import prefetch_lanes
from kernels.lanes import PURE, TILE_HEIGHT, TILE_WIDTH, f32, i32, integer, maximum, minimum, splat, where
from kernels.patches import CRUMB, FURTHEST
from kernels.sampling import EDGE, inside, shown, slice_at, trilinear, trilinear_inside
from kernels.tiles import block_at, put_tile, steps_of, tile_at
from kernels.window import OUTSIDE

AHEAD = 4  # tiles
STEEP = 0.1  # voxels from a row or slice to another, from one pixel to the next: rows that run along are foreseen


@njit(forceinline=True, **PURE)
def plane_values(array, size, slices, x, y, z, low, high):
    """The values of a tile between `low` and `high`."""
    nx, ny, nz = size
    crumb, edge = f32(CRUMB), f32(2 * EDGE)
    if (
        high[0] < -edge or low[0] > f32(nx - 1) + edge
        or high[1] < -edge or low[1] > f32(ny - 1) + edge
        or high[2] < -edge or low[2] > slices.last + edge
    ):  # fmt: skip
        return splat(OUTSIDE, x)
    if (
        slices.cells == 0
        and max(nx, ny, nz) <= FURTHEST
        and low[0] > crumb and high[0] < f32(nx - 1) - crumb
        and low[1] > crumb and high[1] < f32(ny - 1) - crumb
        and low[2] > crumb and high[2] < slices.last - crumb
    ):  # fmt: skip
        return trilinear_inside(array, size, x, y, z)
    ok = inside(size, slices.last, x, y, z)
    if slices.cells > 0:
        ok = ok & shown(slices, z)
        z = slice_at(slices, z)
    return where(ok, trilinear(array, size, x, y, z), OUTSIDE)


@njit(forceinline=True, **PURE)
def _ask_for_tile(array, size, x, y, z):
    """Ask for the voxel before every pixel. Those after it are mostly before another one, and eight times as many."""
    nx, ny, nz = size
    ix = integer(minimum(maximum(x, f32(0)), f32(nx - 1)))
    iy = integer(minimum(maximum(y, f32(0)), f32(ny - 1)))
    iz = integer(minimum(maximum(z, f32(0)), f32(nz - 1)))
    prefetch_lanes(array, (iz * i32(ny) + iy) * i32(nx) + ix)


@njit(**PURE)
def block_of_plane(array, size, slices, grid, top, block, spare, flat, out):
    """One block of pixels; a function of its own, since that of slabs would crowd it out of the registers."""
    steps = steps_of(grid)
    row0, row1, column0, column1 = block_at(block, out.shape[0], out.shape[1])
    across = (column1 - column0 + TILE_WIDTH - 1) // TILE_WIDTH
    tiles = across * ((row1 - row0 + TILE_HEIGHT - 1) // TILE_HEIGHT)
    is_steep = slices.cells == 0 and abs(grid[1, 1]) + abs(grid[1, 2]) > STEEP
    for tile in range(-AHEAD if is_steep else 0, tiles):
        next_tile = tile + AHEAD
        if is_steep and next_tile < tiles:
            row, column = row0 + next_tile // across * TILE_HEIGHT, column0 + next_tile % across * TILE_WIDTH
            x, y, z, _, _ = tile_at(grid, steps, top + row, column)
            _ask_for_tile(array, size, x, y, z)
        if tile >= 0:
            row, column = row0 + tile // across * TILE_HEIGHT, column0 + tile % across * TILE_WIDTH
            x, y, z, low, high = tile_at(grid, steps, top + row, column)
            put_tile(plane_values(array, size, slices, x, y, z, low, high), spare, flat, out, row, column)
