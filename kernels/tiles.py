"""How a picture is cut for the CPU: packets of 4×4 pixels in blocks of 32×32, blocks dealt out to threads."""

from __future__ import annotations

from numba import njit

from kernels.lane_memory import store
from kernels.lanes import INNER, LANES, TILE_WIDTH

BLOCK = 32  # pixels a side: its rays share voxels in a core's second-level cache


@njit(forceinline=True, **INNER)
def block_count(height, width):
    return ((height + BLOCK - 1) // BLOCK) * ((width + BLOCK - 1) // BLOCK)


@njit(forceinline=True, **INNER)
def block_at(number, height, width):
    """Rows and columns first … last + 1 of the block that comes at `number`.

    Threads get equal, consecutive shares of the numbers, but a body fills the middle of a picture: taking every
    eighth block gives each of up to eight threads a share of everything.
    """
    across = (width + BLOCK - 1) // BLOCK
    count = block_count(height, width)
    share = (count + 7) // 8
    long = count - (share - 1) * 8  # how many of the eight strides have `share` blocks, the others one less
    if number < long * share:
        block = (number % share) * 8 + number // share
    else:
        rest = number - long * share
        block = (rest % (share - 1)) * 8 + long + rest // (share - 1)
    row = (block // across) * BLOCK
    column = (block % across) * BLOCK
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
