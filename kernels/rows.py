"""Slabs whose rows of pixels run along rows of voxels, as axial and coronal pictures of a straight stack do: the CPU's.

    row(x) = Σ w V(x, ·, ·)                   the four voxel rows around one sample of a row of pixels, whole
    I(u)   = max | min | mean of row(x₀ + u·Δx) over the samples

All samples of a row of pixels share place, weights and whether they are inside, so that voxels are read in order, 16
at a time, and interpolated along x last. Of a mean the rows are summed first.
Axes: see volume.py. The formula is that of `plane.py`, every position in float64.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from kernels.lane_memory import pair, pair_within, store, vector, voxel_run
from kernels.lanes import INNER, LANES, OPTIONS, PURE, any_lane, f32, lowest, maximum, splat
from kernels.samples import MEAN, MIN
from kernels.sampling import EDGE, FAR, shown, slice_at
from kernels.tiles import SHARES, take
from kernels.window import OUTSIDE

BAND = 8  # rows of pixels that a thread makes one after the other, from voxels it has still in its cache
SPAN = 30  # the farthest pair that `pair_within` reads


@njit(**PURE)
def _columns(x0, dx, nx, width, first, index, part):
    """For every column the voxel before it, counted from `first` of its 16 columns, and the way to the next.

    Returns the first column inside and the one after the last, the first and last voxel that columns need, and whether
    every 16 columns lie within SPAN voxels.
    """
    start, end = width, 0
    low, high = nx - 1, 0
    near = True
    for block in range(0, width, LANES):
        least = nx - 2
        most = 0
        for u in range(block, min(block + LANES, width)):
            x = x0 + u * dx
            if -EDGE <= x <= nx - 1 + EDGE:
                start = min(start, u)
                end = max(end, u + 1)
            x = min(max(x, 0.0), nx - 1.0)
            i = min(int(x), nx - 2)
            index[u] = i
            part[u] = f32(x - i)
            least = min(least, i)
            most = max(most, i)
        first[block // LANES] = least
        low = min(low, least)
        high = max(high, most + 1)
        near = near and most - least <= SPAN
        for u in range(block, block + LANES):
            index[u] = max(index[u] - least, 0) if u < width else 0
    return start, end, low // LANES * LANES, high, near


@njit(forceinline=True, **PURE)
def _cell(place, count):
    """The voxel before a place and the way to the next, both clamped to the volume."""
    p = min(max(place, 0.0), count - 1.0)
    i = min(int(p), count - 2)
    return i, f32(p - i)


@njit(**PURE)
def _gather_row(array, size, iy, fy, iz, fz, first, last, row, add):
    """The voxels first … last of the four rows about a place, weighted, to `row`; or added to it."""
    nx, ny, _ = size
    a = (np.int64(iz) * ny + iy) * nx
    plane = np.int64(ny) * nx
    whole = min(last + 1, nx // LANES * LANES)
    for x in range(whole, last + 1):  # what is less than LANES voxels before the end of a row
        p = f32(array[a + x])
        p = p + fy * (f32(array[a + nx + x]) - p)
        q = f32(array[a + plane + x])
        q = q + fy * (f32(array[a + plane + nx + x]) - q)
        p = p + fz * (q - p)
        row[x] = row[x] + p if add else p
    for x in range(first, whole, LANES):
        v = voxel_run(array, a + x)
        if fy > f32(0):
            v = v + fy * (voxel_run(array, a + nx + x) - v)
        if fz > f32(0):
            w = voxel_run(array, a + plane + x)
            if fy > f32(0):
                w = w + fy * (voxel_run(array, a + plane + nx + x) - w)
            v = v + fz * (w - v)
        if add:
            v = v + vector(row, x)
        store(v, row, x)


@njit(forceinline=True, **PURE)
def _between(row, first, index, part, u, near):
    i = vector(index, u)
    if near:
        a, b = pair_within(row, first[u // LANES], i)
    else:
        a, b = pair(row, first[u // LANES], i)
    return a + vector(part, u) * (b - a)


@njit(**PURE)
def _row_of_pixels(array, size, slices, y, z, dy, dz, count, middle, reach, mode, columns, scratch, best, out, out_row):
    first, index, part, start, end, low, high, near = columns
    _, ny, nz = size
    sign = f32(-1) if mode == MIN else f32(1)
    seen = 0
    before, behind = middle - reach, middle + reach
    k0, k1 = _inside_range(y, dy, ny - 1.0, before, behind)
    k0, k1 = _inside_range(z, dz, np.float64(slices.last), k0, k1)
    begin = start // LANES * LANES
    first_k, last_k = int(max(math.ceil(k0), 0.0)), int(min(math.floor(k1), count - 1.0))
    borders = 1 if reach < FAR else 0
    for i in range(first_k - borders, last_k + borders + 1):
        k = np.float64(i)
        if i < first_k:
            k = before
        elif i > last_k:
            k = behind
        if k < k0 or k > k1 or (i < first_k and k == first_k):
            continue
        py = y + k * dy
        pz = z + k * dz
        if slices.cells > 0:
            place = splat(f32(pz), vector(best, 0))
            if not any_lane(shown(slices, place)):
                continue
            pz = np.float64(lowest(slice_at(slices, place)))
        iy, fy = _cell(py, ny)
        iz, fz = _cell(pz, nz)
        if mode == MEAN:
            _gather_row(array, size, iy, fy, iz, fz, low, high, scratch, seen > 0)
        else:
            _gather_row(array, size, iy, fy, iz, fz, low, high, scratch, False)
            if seen == 0:
                for u in range(begin, end, LANES):
                    store(_between(scratch, first, index, part, u, near) * sign, best, u)
            elif near:
                for u in range(begin, end, LANES):
                    store(maximum(_between(scratch, first, index, part, u, True) * sign, vector(best, u)), best, u)
            else:
                for u in range(begin, end, LANES):
                    store(maximum(_between(scratch, first, index, part, u, False) * sign, vector(best, u)), best, u)
        seen += 1
    if seen == 0:
        start = end
    elif mode == MEAN:
        for u in range(begin, end, LANES):
            store(_between(scratch, first, index, part, u, near) / f32(seen), best, u)
        sign = f32(1)
    for u in range(start):
        out[out_row, u] = OUTSIDE
    for u in range(start, end):
        out[out_row, u] = best[u] * sign
    for u in range(end, out.shape[1]):
        out[out_row, u] = OUTSIDE


@njit(forceinline=True, **PURE)
def _inside_range(place, step, last, k0, k1):
    """The part of k0 … k1 in which −EDGE ≤ place + k·step ≤ last + EDGE."""
    if abs(step) < 1e-12:
        if -EDGE <= place <= last + EDGE:
            return k0, k1
        return 1.0, 0.0
    a = (-EDGE - place) / step
    b = (last + EDGE - place) / step
    return max(k0, min(a, b)), min(k1, max(a, b))


@njit(**INNER)
def _bands(array, size, slices, samples, mode, columns, counter, out):
    """What one thread makes."""
    height, width = out.shape
    grid = samples.grid
    index, start, end = columns[1], columns[3], columns[4]
    bands = (height + BAND - 1) // BAND
    band = take(counter)
    if band >= bands:
        return
    scratch = np.empty(size[0] + 3 * LANES, np.float32)
    best = np.empty(index.size, np.float32)
    while band < bands:
        for v in range(band * BAND, min(band * BAND + BAND, height)):
            if end <= start:
                for u in range(width):
                    out[v, u] = OUTSIDE
                continue
            y = grid[0, 1] + v * grid[2, 1]
            z = grid[0, 2] + v * grid[2, 2]
            middle = grid[4, 0] + v * grid[4, 2]
            _row_of_pixels(
                array, size, slices, y, z, grid[3, 1], grid[3, 2], samples.total, middle, samples.reach, mode, columns,
                scratch, best, out, v,
            )  # fmt: skip
        band = take(counter)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_rows(array, size, slices, samples, mode, out):
    width, grid = out.shape[1], samples.grid
    whole = (width + LANES - 1) // LANES * LANES
    first = np.empty(whole // LANES, np.int32)
    index = np.empty(whole, np.int32)
    part = np.zeros(whole, np.float32)
    start, end, low, high, near = _columns(grid[0, 0], grid[1, 0], size[0], width, first, index, part)
    counter = np.zeros(1, np.int64)
    for _ in prange(SHARES):
        columns = (first, index, part, start, end, low, high, near)
        _bands(array, size, slices, samples, mode, columns, counter, out)
