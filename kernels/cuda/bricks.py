"""`kernels.bricks` on a card: one thread per brick.

A thread reads the 5³ voxels of its brick, twice as many as there are: it happens once per volume.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels import light
from kernels.arrays import module_of
from kernels.bricks import STRIDE
from kernels.cuda.device import kernel, launch_flat, variant
from kernels.cuda.tables import Scale, on_card
from kernels.lanes import f32, i32
from kernels.transfer import Table

cell_of = variant(light.cell_of)


@kernel
def spread_cuda(voxels, nx, ny, nz, across, deep, lowest, highest):
    i = cuda.grid(1)
    if i < lowest.size:
        x0 = i % across * STRIDE
        y0 = i // across % deep * STRIDE
        z0 = i // across // deep * STRIDE
        low = voxels[(z0 * ny + y0) * nx + x0]
        high = low
        for z in range(z0, min(z0 + STRIDE + 1, nz)):
            for y in range(y0, min(y0 + STRIDE + 1, ny)):
                row = (z * ny + y) * nx
                for x in range(x0, min(x0 + STRIDE + 1, nx)):
                    value = voxels[row + x]
                    low = min(low, value)
                    high = max(high, value)
        lowest[i] = low
        highest[i] = high


@kernel
def spread_near_cuda(lowest, highest, low, scale, cumulated, out):
    """See `kernels.bricks`: whether the table changes between the smallest and the largest value of a brick."""
    i = cuda.grid(1)
    if i < out.size:
        table = Scale(low, scale)
        first = i32(cell_of(f32(lowest[i]), table))
        last = i32(cell_of(f32(highest[i]), table))
        out[i] = np.uint8(1) if cumulated[last + 1] > cumulated[first] else np.uint8(0)


def spread(voxels: Any, size: Any, lowest: Any, highest: Any) -> None:
    """The same arguments as the CPU's `spread_cpu`, but the grid comes out whole."""
    _, deep, across = lowest.shape
    launch_flat(
        spread_cuda,
        lowest.size,
        voxels,
        *size,
        np.int32(across),
        np.int32(deep),
        lowest.reshape(-1),
        highest.reshape(-1),
    )


def near(lowest: Any, highest: Any, table: Table) -> Any:
    """`near` of `Bricks.occupancy`, on the card."""
    out = module_of(lowest).empty(lowest.shape, np.uint8)
    cumulated = on_card(table, lowest).cumulated
    flat = (lowest.reshape(-1), highest.reshape(-1), table.low, table.scale, cumulated, out.reshape(-1))
    launch_flat(spread_near_cuda, out.size, *flat)
    return out
