"""`kernels.bilateral` on a card: one thread per voxel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels import bilateral
from kernels.arrays import module_of
from kernels.box import Box
from kernels.cuda.device import kernel, launch_flat, variant
from kernels.lanes import f32, i32

counted = variant(bilateral.counted)


@kernel
def spread_cuda(voxels, nx, ny, nz, x0, y0, z0, across, deep, offsets, far, steep, out):
    i = cuda.grid(1)
    if i < out.size:
        x, y, z = x0 + i % across, y0 + i // across % deep, z0 + i // across // deep
        centre = f32(voxels[(z * ny + y) * nx + x])
        total, share = f32(0), f32(0)
        for n in range(far.size):
            k = min(max(z + offsets[3 * n], 0), nz - 1)
            j = min(max(y + offsets[3 * n + 1], 0), ny - 1)
            value = f32(voxels[(k * ny + j) * nx + min(max(x + offsets[3 * n + 2], 0), nx - 1)])
            total, share = counted(total, share, value, centre, far[n], steep)
        out[i] = centre + total / share


def spread(
    voxels: Any,
    size: Any,
    box: Box,
    first: int,
    last: int,
    offsets: Any,
    far: Any,
    reach: tuple[int, int, int],
    steep: np.float32,
    out: Any,
) -> None:
    """The same arguments as the CPU's `spread_cpu`."""
    asarray = module_of(out).asarray
    part = out[first - box.z0 : last - box.z0].reshape(-1)
    begin = (i32(box.x0), i32(box.y0), i32(first), i32(box.x1 - box.x0), i32(box.y1 - box.y0))
    there = (asarray(offsets.reshape(-1).astype(np.int32)), asarray(far))
    launch_flat(spread_cuda, part.size, voxels, *size, *begin, *there, steep, part)
