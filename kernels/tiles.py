"""How a picture is cut for the CPU: packets of 4×4 pixels in blocks of 32×32, which threads take one after the other.

A body fills the middle of a picture and an encoder may have one of the cores: whoever is done takes the next block, so
that nobody waits for the slowest share. Which thread makes a block changes nothing in it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types

from kernels.lane_memory import ramp, store, store_tile
from kernels.lanes import INNER, LANES, PURE, TILE_HEIGHT, TILE_WIDTH, f32, intrinsic

SHARES = 256  # more than there are threads: each works off all that is left in the first share it gets
BLOCK = 32  # pixels a side: its rays share voxels in a core's second-level cache


@intrinsic
def take(typing: Any, counter: Any) -> Any:
    """counter[0] as it was, an int64, and one more is left there, whoever else takes at the same time."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        one = ir.Constant(ir.IntType(64), 1)
        return builder.atomic_rmw("add", data, one, "monotonic")

    return types.int64(counter), generate


@njit(forceinline=True, **PURE)
def block_count(height, width):
    return ((height + BLOCK - 1) // BLOCK) * ((width + BLOCK - 1) // BLOCK)


@njit(forceinline=True, **PURE)
def block_at(number, height, width):
    """Rows and columns first … last + 1 of a block."""
    across = (width + BLOCK - 1) // BLOCK
    row = (number // across) * BLOCK
    column = (number % across) * BLOCK
    return row, min(row + BLOCK, height), column, min(column + BLOCK, width)


@njit(forceinline=True, **INNER)
def put(values, buffer, offset, out, row, column):
    """Write one tile of a picture; lanes beyond the right and lower edge are dropped."""
    store(values, buffer, offset)
    height, width = out.shape
    for lane in range(LANES):
        r = row + lane // TILE_WIDTH
        c = column + lane % TILE_WIDTH
        if r < height and c < width:
            out[r, c] = buffer[offset + lane]


@njit(forceinline=True, **PURE)
def _ends(right, down):
    """How far a tile reaches beyond its first pixel, below and above."""
    across, along = f32(TILE_WIDTH - 1) * right, f32(TILE_HEIGHT - 1) * down
    return min(across, f32(0)) + min(along, f32(0)), max(across, f32(0)) + max(along, f32(0))


@njit(forceinline=True, **PURE)
def steps_of(grid):
    """From a pixel to the next, right and down, and how far tiles reach, of x, y and z: once for a block."""
    right = (f32(grid[1, 0]), f32(grid[1, 1]), f32(grid[1, 2]))
    down = (f32(grid[2, 0]), f32(grid[2, 1]), f32(grid[2, 2]))
    return right, down, (_ends(right[0], down[0]), _ends(right[1], down[1]), _ends(right[2], down[2]))


@njit(forceinline=True, **PURE)
def tile_at(grid, steps, row, column):
    """Where the rays of a tile begin, x, y, z, and between which points."""
    right, down, ends = steps
    # The tile's corner in float64: within a tile float32 is then good to 1e-4 of a voxel.
    x0 = f32(grid[0, 0] + column * grid[1, 0] + row * grid[2, 0])
    y0 = f32(grid[0, 1] + column * grid[1, 1] + row * grid[2, 1])
    z0 = f32(grid[0, 2] + column * grid[1, 2] + row * grid[2, 2])
    x, y, z = ramp(x0, right[0], down[0]), ramp(y0, right[1], down[1]), ramp(z0, right[2], down[2])
    low = (x0 + ends[0][0], y0 + ends[1][0], z0 + ends[2][0])
    high = (x0 + ends[0][1], y0 + ends[1][1], z0 + ends[2][1])
    return x, y, z, low, high


@njit(forceinline=True, **PURE)
def put_tile(values, spare, flat, out, row, column):
    """Write a tile; `spare` is room for its lanes."""
    height, width = out.shape
    if row + TILE_HEIGHT <= height and column + TILE_WIDTH <= width:
        store_tile(values, flat, row * width + column, width)
    else:
        put(values, spare, 0, out, row, column)
