"""`kernels.curved` on a card: one thread per pixel, which walks the slab of its row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels import plane
from kernels.arrays import module_of
from kernels.cuda.device import device, kernel, launch, variant
from kernels.cuda.tables import on_card
from kernels.curved_picture import LineSamples
from kernels.lanes import f32
from kernels.sampling import FAR
from kernels.slices import Slices

slab_ray = variant(plane.slab_ray)


@device
def value(u, v, array, size, slices, counted, rows, kinds, mode):
    """What one pixel shows."""
    across = f32(u - counted)
    x = rows[v, 0] + across * rows[v, 3]
    y = rows[v, 1] + across * rows[v, 4]
    z = rows[v, 2] + across * rows[v, 5]
    k = rows[v, 9] + across * rows[v, 10]
    reach = rows[v, 11]
    near, far = f32(k - reach), f32(k + reach)
    dx, dy, dz = rows[v, 6], rows[v, 7], rows[v, 8]
    axis, count = kinds[v, 0], kinds[v, 1]
    return slab_ray(array, size, slices, None, axis, x, y, z, dx, dy, dz, count, near, far, reach < f32(FAR), mode)


@kernel
def spread_cuda(array, size, slices, counted, rows, kinds, mode, out):
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        out[v, u] = value(u, v, array, size, slices, counted, rows, kinds, mode)


def spread(array: Any, size: Any, slices: Slices, lines: LineSamples, mode: int, out: Any) -> None:
    """The same arguments as the CPU's `spread_cpu`. Pixels are counted from the middle of each row, see grid.py."""
    height, width = out.shape
    counted = width // 2
    grid, meets = lines.grid, lines.plane
    rows = np.empty((height, 12), np.float32)
    rows[:, :3] = grid[:, 0] + counted * grid[:, 1]
    rows[:, 3:9] = grid[:, 1:].reshape(height, 6)
    rows[:, 9] = meets[:, 0] + counted * meets[:, 1]
    rows[:, 10], rows[:, 11] = meets[:, 1], lines.reach
    module = module_of(array)
    there = module.asarray(rows), module.asarray(np.stack([lines.axes, lines.totals], axis=1))
    volume = (array, size, on_card(slices, array))
    launch(spread_cuda, width, height, *volume, np.int32(counted), *there, np.int32(mode), out)
    for table in there:
        table.fill(0)  # the pool hands its memory on
