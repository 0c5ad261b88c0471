"""`kernels.vesselness` on a card: six second derivatives (derivatives.py), then one thread per voxel."""

from __future__ import annotations

from typing import Any

from numba import cuda

from kernels import vesselness
from kernels.arrays import module_of
from kernels.box import Box
from kernels.cuda.derivatives import derivatives
from kernels.cuda.device import kernel, launch_flat, variant
from kernels.derivatives import Taps
from kernels.vesselness import COMPONENTS, Shape

tubular = variant(vesselness.tubular)


@kernel
def spread_cuda(xx, yy, zz, xy, xz, yz, shape, out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = max(out[i], tubular(xx[i], yy[i], zz[i], xy[i], xz[i], yz[i], shape))


def spread(voxels: Any, size: Any, box: Box, first: int, last: int, taps: Taps, shape: Shape, out: Any) -> None:
    """The same arguments as the CPU's `spread_cpu`."""
    parts = derivatives(voxels, size, box, first, last, taps, COMPONENTS)
    best = out[first - box.z0 : last - box.z0].reshape(-1)
    flat = (module_of(out).ascontiguousarray(part).reshape(-1) for part in parts)
    launch_flat(spread_cuda, best.size, *flat, shape, best)
