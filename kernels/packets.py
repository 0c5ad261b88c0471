"""Slabs and projections of any direction, a packet of rays at a time, and the driver of planes too: the CPU's.

Samples are taken in runs (runs.py). Of a maximum the run with the highest bound comes first, then the next highest,
until no bound is above what every ray has found. The maximum is over the same samples, and so the same.
Half-spaces cut the part of each ray that counts, as the volume's box does.
Source: the order of the runs is our own.
Axes: index coordinates (x, y, place), see volume.py. Exact: skipping changes no bit. Voxels are numbers.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from kernels.lane_memory import ramp
from kernels.lanes import (
    INNER,
    LANES,
    OPTIONS,
    PURE,
    TILE_HEIGHT,
    TILE_WIDTH,
    f32,
    highest,
    lowest,
    maximum,
    minimum,
    splat,
    where,
)
from kernels.oblique import block_of_plane
from kernels.packet_values import ask_for_half, extreme, mean, with_border
from kernels.patches import CRUMB, FURTHEST, patch_rows
from kernels.runs import DONE, NOTHING, RUN, bound_of, even_bounds, further, highest_bound
from kernels.samples import MEAN, MIN
from kernels.sampling import EDGE, FAR, cut_between, kept, numbers_within, way_of
from kernels.tiles import block_at, block_count, put_tile, steps_of, take, tile_at
from kernels.window import OUTSIDE

WIDEST = 9  # bricks beyond a window, of all axes together


@njit(forceinline=True, **PURE)
def _while_between(low, high, step, least, most, start, end):
    """Cut the numbers start … end to those k for which low + k·step ≥ least and high + k·step ≤ most."""
    if abs(step) < f32(1e-7):
        if low < least or high > most:
            return f32(FAR), f32(-FAR)
        return start, end
    inverse = f32(1) / step
    a, b = (least - low) * inverse, (most - high) * inverse
    return max(start, a if step > f32(0) else b), min(end, b if step > f32(0) else a)


@njit(forceinline=True, **PURE)
def _in_volume(size, slices, low, high, dx, dy, dz, margin):
    """The numbers of the samples for which `low` is above the volume's lower faces and `high` below its upper ones."""
    nx, ny, _ = size
    start, end = f32(-FAR), f32(FAR)
    start, end = _while_between(low[0], high[0], dx, margin, f32(nx - 1) - margin, start, end)
    start, end = _while_between(low[1], high[1], dy, margin, f32(ny - 1) - margin, start, end)
    return _while_between(low[2], high[2], dz, margin, slices.last - margin, start, end)


@njit(forceinline=True, **PURE)
def _whole_from(t):
    """The first whole number not below t."""
    k = int(t)
    return k + 1 if f32(k) < t else k


@njit(forceinline=True, **PURE)
def _numbers(slices, axis, dz, start, end, count):
    """The first sample that is not before start and the last that is not behind end."""
    if axis == 2 and slices.cells > 0:
        return numbers_within(slices, axis, dz, start, end, count)
    return _whole_from(start), int(end)


@njit(forceinline=True, **PURE)
def _missed(size, slices, x, y, z, dx, dy, dz):
    """Lanes whose rays meet no part of the volume."""
    nx, ny, _ = size
    edge = f32(2 * EDGE)
    start, end = splat(f32(-FAR), x), splat(f32(FAR), x)
    start, end = cut_between(x, splat(dx, x), f32(0) - edge, f32(nx - 1) + edge, start, end)
    start, end = cut_between(y, splat(dy, x), f32(0) - edge, f32(ny - 1) + edge, start, end)
    start, end = cut_between(z, splat(dz, x), f32(0) - edge, slices.last + edge, start, end)
    return start > end


@njit(forceinline=True, **PURE)
def _packet(
    array, size, slices, mask, windows, slack, axis, x, y, z, low, high, dx, dy, dz, near, far, count, middle, reach,
    mode, bounds,
):  # fmt: skip
    """What the samples within near … far of a packet's rays show; `middle` is where they meet the picture's plane.

    The rays begin between `low` and `high`.
    """
    # A little more than `inside`: no sample that counts is before `start` or after `end`.
    start, end = _in_volume(size, slices, high, low, dx, dy, dz, f32(-2 * EDGE))
    if start > end:
        return splat(OUTSIDE, x)
    near = maximum(maximum(middle - reach, f32(0)), near)
    far = minimum(minimum(middle + reach, way_of(slices, axis, dz, count - 1, count)), far)
    whole = (highest(near), lowest(far))
    first, last = _numbers(slices, axis, dz, max(start, lowest(near)), min(end, highest(far)), count)
    within = (f32(FAR), f32(-FAR))
    if slices.holes == 0 and max(size[0], size[1], size[2]) <= FURTHEST:
        within = _in_volume(size, slices, low, high, dx, dy, dz, f32(CRUMB))
    inner = _numbers(slices, axis, dz, within[0], within[1], count)
    height = high[1] - low[1] if axis == 2 else high[2] - low[2]
    # Among uneven slices a sample's number is no way.
    patch = patch_rows(array, size, slices, axis, high[0] - low[0], height) if slices.cells == 0 else 0
    if mode == MEAN:
        inner_first, inner_last = max(inner[0], _whole_from(whole[0])), min(inner[1], int(whole[1]))
        return mean(
            array, size, slices, mask, axis, x, y, z, low, patch, dx, dy, dz, near, far, first, last,
            inner_first, inner_last, count - 1,
        )  # fmt: skip
    sign = f32(-1) if mode == MIN else f32(1)
    best = splat(f32(NOTHING), x)
    if reach < f32(FAR):
        before, behind = middle - reach, middle + reach
        is_inside = within[0] <= lowest(before) and highest(before) <= within[1]
        best = with_border(array, size, slices, mask, x, y, z, dx, dy, dz, before, is_inside, sign, best)
        is_inside = within[0] <= lowest(behind) and highest(behind) <= within[1]
        best = with_border(array, size, slices, mask, x, y, z, dx, dy, dz, behind, is_inside, sign, best)
    if first > last:
        return where(best > f32(NOTHING), best * sign, OUTSIDE)
    # Without bounds all samples are one run.
    length, runs = last - first + 1, 1
    bounds[0] = f32(0)
    wide = further(low[0], high[0], dx) + further(low[1], high[1], dy) + further(low[2], high[2], dz)
    # Runs of far apart rays reach over so much of the volume that asking costs more than it can save.
    is_bounded = windows.size > 0 and wide <= WIDEST
    least = splat(f32(NOTHING), x)
    if is_bounded:
        least = where(_missed(size, slices, x, y, z, dx, dy, dz), f32(3e38), least)
        length = RUN
        runs = (last - first) // RUN + 1
        if slices.cells == 0:
            even_bounds(size, windows, slack, low, high, dx, dy, dz, first, runs, sign, bounds)
        else:
            for run in range(runs):
                k = first + run * RUN
                end_k = min(k + RUN - 1, last)
                t0, t1 = way_of(slices, axis, dz, k, count), way_of(slices, axis, dz, end_k, count)
                bounds[run] = slack + bound_of(size, slices, windows, low, high, dx, dy, dz, t0, t1, sign, x)
    for run in range(runs, (runs + LANES - 1) // LANES * LANES):
        bounds[run] = f32(DONE)
    run, most = 0, f32(0)
    if is_bounded:
        _, run = highest_bound(bounds, runs)
    while True:
        bounds[run] = f32(DONE)
        k = first + run * length
        end_k = min(k + length - 1, last)
        if is_bounded:
            # What comes next is known before this run is: its voxels are asked for while this one's are on their way.
            most, run = highest_bound(bounds, runs)
            if most > lowest(maximum(best, least)):
                ask_for_half(array, size, axis, low, dx, dy, dz, first + run * length, count - 1, patch)
        best = extreme(
            array, size, slices, mask, axis, x, y, z, low, patch, dx, dy, dz, k, end_k, near, far, inner, whole, sign,
            best, count - 1,
        )  # fmt: skip
        if not is_bounded or most <= lowest(maximum(best, least)):
            break
    return where(best > f32(NOTHING), best * sign, OUTSIDE)


@njit(**PURE)
def _block(array, size, slices, mask, windows, slack, samples, mode, top, block, bounds, flat, out):
    grid, depths, count, reach = samples.grid, samples.depths, samples.total, f32(samples.reach)
    steps = steps_of(grid)
    row0, row1, column0, column1 = block_at(block, out.shape[0], out.shape[1])
    dx, dy, dz = f32(grid[3, 0]), f32(grid[3, 1]), f32(grid[3, 2])
    right, down = f32(grid[4, 1]), f32(grid[4, 2])
    for row in range(row0, row1, TILE_HEIGHT):
        v = top + row
        for column in range(column0, column1, TILE_WIDTH):
            x, y, z, low, high = tile_at(grid, steps, v, column)
            near, far = splat(f32(-FAR), x), splat(f32(FAR), x)
            for i in range(depths.shape[0]):
                corner = f32(depths[i, 0] + column * depths[i, 1] + v * depths[i, 2])
                depth = ramp(corner, f32(depths[i, 1]), f32(depths[i, 2]))
                near, far = kept(depth, f32(depths[i, 3]), near, far)
            middle = ramp(f32(grid[4, 0] + column * grid[4, 1] + v * grid[4, 2]), right, down)
            values = _packet(
                array, size, slices, mask, windows, slack, samples.axis, x, y, z, low, high, dx, dy, dz, near, far,
                count, middle, reach, mode, bounds,
            )  # fmt: skip
            put_tile(values, bounds, flat, out, row, column)


@njit(**INNER)
def _blocks(array, size, slices, mask, windows, slack, samples, mode, top, counter, out):
    """What one thread makes."""
    block = take(counter)
    if block >= block_count(out.shape[0], out.shape[1]):
        return
    flat = out.reshape(-1)
    bounds = np.empty(samples.total // RUN + 2 * LANES, np.float32)
    is_plane = samples.total == 1 and samples.depths.shape[0] == 0 and mask is None
    while block < block_count(out.shape[0], out.shape[1]):
        if is_plane:
            block_of_plane(array, size, slices, samples.grid, top, block, bounds, flat, out)
        else:
            _block(array, size, slices, mask, windows, slack, samples, mode, top, block, bounds, flat, out)
        block = take(counter)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(array, size, slices, mask, windows, slack, samples, mode, made, out, shares):
    """mask: what is hidden (layers.py), or None, which is a kernel of its own."""
    counter = np.zeros(1, np.int64)
    for _ in prange(shares):
        _blocks(array, size, slices, mask, windows, slack, samples, mode, made.top, counter, out)
