"""`kernels.plane` on a card: one thread per pixel, which walks the slab."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from kernels import plane, sampling
from kernels.arrays import module_of
from kernels.cuda.device import device, kernel, launch, variant
from kernels.cuda.grid import from_middle, reals
from kernels.cuda.tables import on_card
from kernels.lanes import f32
from kernels.picture import Band
from kernels.samples import Samples
from kernels.sampling import FAR
from kernels.slices import Slices

slab_ray = variant(plane.slab_ray)
kept = variant(sampling.kept)


@device
def value(
    u, v, array, size, slices, mask, counted, middle, right, down, step, plane_at, depths, cuts, axis, count,
    reach, borders, mode,
):  # fmt: skip
    """What one pixel shows."""
    across = f32(u - counted[0])
    along = f32(v - counted[1])
    x = middle[0] + across * right[0] + along * down[0]
    y = middle[1] + across * right[1] + along * down[1]
    z = middle[2] + across * right[2] + along * down[2]
    k = plane_at[0] + across * plane_at[1] + along * plane_at[2]
    near, far = f32(k - reach), f32(k + reach)
    for i in range(cuts):
        depth = depths[i, 0] + across * depths[i, 1] + along * depths[i, 2]
        near, far = kept(depth, depths[i, 3], near, far)
    return slab_ray(
        array, size, slices, mask, axis, x, y, z, step[0], step[1], step[2], count, near, far, borders, mode
    )


@kernel
def spread_cuda(
    array, size, slices, counted, middle, right, down, step, plane_at, depths, cuts, axis, count, reach,
    borders, mode, top, out,
):  # fmt: skip
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        out[v, u] = value(
            u, v + top, array, size, slices, None, counted, middle, right, down, step, plane_at, depths, cuts, axis,
            count, reach, borders, mode,
        )  # fmt: skip


@kernel
def spread_masked_cuda(
    array, size, slices, mask, counted, middle, right, down, step, plane_at, depths, cuts, axis, count, reach,
    borders, mode, top, out,
):  # fmt: skip
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        out[v, u] = value(
            u, v + top, array, size, slices, mask, counted, middle, right, down, step, plane_at, depths, cuts,
            axis, count, reach, borders, mode,
        )  # fmt: skip


def spread(array: Any, size: Any, slices: Slices, mask: Any, samples: Samples, mode: int, made: Band, out: Any) -> None:
    """The same arguments as the CPU's `spread_rows`, and what is hidden (kernels/layers.py), or None."""
    grid = samples.grid
    volume = (array, size, on_card(slices, array))
    counted, *rays = from_middle(grid[0], grid[1], grid[2], made.width, made.height)
    plane_at = reals((grid[4] @ (1, *counted), grid[4, 1], grid[4, 2]))
    cuts = from_middle_depths(samples.depths, made.width, made.height, array)
    numbers = (np.int32(len(samples.depths)), np.int32(samples.axis), np.int32(samples.total))
    ends = (f32(samples.reach), np.int32(samples.reach < FAR), np.int32(mode), np.int32(made.top))
    how = (counted, *rays, reals(grid[3]), plane_at, cuts, *numbers, *ends, out)
    if mask is None:
        launch(spread_cuda, made.width, made.bottom - made.top, *volume, *how)
    else:
        launch(spread_masked_cuda, made.width, made.bottom - made.top, *volume, mask, *how)
    cuts.fill(0)  # the pool hands its memory on


def from_middle_depths(depths: NDArray[np.float64], width: int, height: int, array: Any) -> Any:
    """Depths counted from the middle pixel, as rays are, where `array` lies; a row more, since nothing may be empty."""
    counted = np.zeros((len(depths) + 1, 4), np.float32)
    counted[:-1] = depths
    counted[:-1, 0] = depths @ (1, width // 2, height // 2, 0)
    return module_of(array).asarray(counted)
