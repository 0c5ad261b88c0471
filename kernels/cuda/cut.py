"""`kernels.cut` on a card: one thread per voxel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from kernels import cut
from kernels.arrays import module_of
from kernels.cuda.device import device, kernel, launch_flat
from kernels.cuda.grid import reals
from kernels.lanes import f32

is_inside = device(cut.is_inside)


@kernel
def spread_cuda(
    labels, nx, ny, places, rows, edges, starts, numbers, low, per_mm, inside, only, label, first, voxels, changed
):
    i = cuda.grid(1)
    if i < voxels:
        at = first + i
        own = labels[at]
        if only < 0 or own == only:
            x, y, z = f32(at % nx), f32(at // nx % ny), places[at // nx // ny]
            w = rows[8] * x + rows[9] * y + rows[10] * z + rows[11]
            is_behind = False
            if w > f32(0):
                a = (rows[0] * x + rows[1] * y + rows[2] * z + rows[3]) / w
                b = (rows[4] * x + rows[5] * y + rows[6] * z + rows[7]) / w
                is_behind = is_inside(a, b, edges, starts, numbers, low, per_mm)
            if (1 if is_behind else 0) == inside and own != label:
                labels[at] = label
                changed[i] = 1


def spread(
    labels: Any,
    size: Any,
    places: NDArray[np.float64],
    rows: NDArray[np.float64],
    edges: Any,
    starts: Any,
    numbers: Any,
    low: Any,
    per_mm: Any,
    box: Any,
    inside: bool,
    only: int,
    label: Any,
    begin: int,
    end: int,
) -> int:
    """The same arguments as the CPU's `spread_cpu`, all but the labels in this machine's memory."""
    module, (nx, ny, _) = module_of(labels), size
    tables = [module.asarray(table) for table in (edges, starts, numbers)]
    there = (module.asarray(places.astype(np.float32)), reals(rows.reshape(-1)), *tables, low, per_mm)
    voxels = (end - begin) * int(nx) * int(ny)
    if voxels == 0:
        return 0
    changed = module.empty(voxels, np.uint8)
    changed.fill(0)
    what = (np.int32(inside), np.int32(only), label, np.int32(begin * int(nx) * int(ny)), np.int32(voxels), changed)
    launch_flat(spread_cuda, voxels, labels, nx, ny, *there, *what)
    return int(changed.sum())
