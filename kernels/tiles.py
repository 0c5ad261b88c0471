"""How a picture is cut for the CPU: packets of 4×4 pixels in blocks of 32×32, which threads take one after the other.

A body fills the middle of a picture and an encoder may have one of the cores: whoever is done takes the next block, so
that nobody waits for the slowest share. Which thread makes a block changes nothing in it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types

from kernels.lane_memory import store
from kernels.lanes import INNER, LANES, PURE, TILE_WIDTH, intrinsic

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
