"""`kernels.labelmap` on a card: one thread per pixel, which looks at sample after sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from kernels import labelmap, sampling
from kernels.arrays import module_of
from kernels.cuda.device import device, kernel, launch, variant
from kernels.cuda.grid import from_middle, reals
from kernels.cuda.plane import from_middle_depths
from kernels.cuda.tables import on_card
from kernels.lanes import f32
from kernels.picture import Picture
from kernels.sampling import EDGE

slice_of, kept, inside = variant(sampling.slice_at), variant(sampling.kept), variant(sampling.inside)
shown = variant(sampling.shown)
nearest = device(labelmap.nearest)
assert EDGE == 1e-3  # `inside` allows it


@kernel
def spread_cuda(
    labels, size, slices, counts, counted, middle, right, down, step, plane_at, times, samples, depths, cuts, reach,
    has_borders, top, out,
):  # fmt: skip
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        across = f32(u - counted[0])
        along = f32(v + top - counted[1])
        x = middle[0] + across * right[0] + along * down[0]
        y = middle[1] + across * right[1] + along * down[1]
        z = middle[2] + across * right[2] + along * down[2]
        k = plane_at[0] + across * plane_at[1] + along * plane_at[2]
        near, far = f32(k - reach), f32(k + reach)
        for i in range(cuts):
            near, far = kept(depths[i, 0] + across * depths[i, 1] + along * depths[i, 2], depths[i, 3], near, far)
        found = np.uint8(0)
        first = -1 if has_borders else 0
        for i in range(first, samples - first):
            t = far
            if i < 0:
                t = near
            elif i < samples:
                t = times[i]
            px, py, pz = x + t * step[0], y + t * step[1], z + t * step[2]
            counts_here = found == 0 and t >= near and t <= far and inside(size, slices.last, px, py, pz)
            if counts_here and (slices.cells == 0 or shown(slices, pz)):
                ix, iy, iz = nearest(size, slices, px, py, pz, slice_of)
                label = labels[(iz * size[1] + iy) * size[0] + ix]
                if counts[label]:
                    found = label
        out[v, u] = found


def spread(
    labels: Any,
    size: Any,
    slices: Any,
    counts: Any,
    grid: NDArray[np.float64],
    times: Any,
    reach: float,
    depths: Any,
    top: int,
    out: Any,
    picture: Picture,
) -> None:
    """The same arguments as the CPU's `spread_cpu` without its bricks, and the whole picture."""
    module = module_of(labels)
    counted, *rays = from_middle(grid[0], grid[1], grid[2], picture.width, picture.height)
    plane_at = reals((grid[4] @ (1, *counted), grid[4, 1], grid[4, 2]))
    cuts = from_middle_depths(depths, picture.width, picture.height, labels)
    tables = (module.asarray(times), np.int32(len(times)), cuts, np.int32(len(depths)))
    there = (on_card(slices, labels), module.asarray(counts), counted, *rays, reals(grid[3]), plane_at, *tables)
    border = f32(reach), np.int32(reach < sampling.FAR)
    launch(spread_cuda, out.shape[1], out.shape[0], labels, size, *there, *border, np.int32(top), out)
