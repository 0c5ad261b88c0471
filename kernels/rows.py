"""Slabs whose rows of pixels run along rows of voxels, as axial and coronal pictures of a straight stack do: the CPU's.

    I(u) = max | min | mean over the samples of Σ w V(x₀ + u·Δx, ·, ·)        over the four voxel rows around each

All samples of a row of pixels share place, weights and whether they are inside, and all rows their columns: 16 pixels
find the voxels of a row in one window of it, read at once.
Axes: see volume.py. The formula is that of `plane.py`, every position in float64.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from kernels.lane_memory import between, prefetch, store, vector
from kernels.lane_windows import WINDOW, between_within, packed
from kernels.lanes import INNER, LANES, OPTIONS, PURE, any_lane, f32, lowest, maximum, minimum, splat
from kernels.samples import MAX, MEAN, MIN
from kernels.sampling import EDGE, FAR, numbers_within, shown, slice_at, way_of
from kernels.tiles import take
from kernels.window import OUTSIDE

BAND = 8  # rows of pixels that a thread makes one after the other, from voxels it has still in its cache
BATCH = 4  # samples taken at once: so many rows of voxels a processor reads ahead


@njit(**PURE)
def _columns(array, x0, dx, nx, width, columns):
    """For every column the voxel before it, counted from `first` of its 16 columns, and the way to the next.

    Returns the first column inside and the one after the last, and whether every 16 columns lie within WINDOW voxels.
    """
    first, index, part, packed_index, packed_part = columns
    start, end = width, 0
    near = nx >= WINDOW
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
        least = max(min(least, nx - WINDOW), 0)  # no window ends after the row
        first[block // LANES] = least
        near = near and most - least <= WINDOW - 2
        for u in range(block, block + LANES):
            index[u] = index[u] - least if u < width else 0
        i, p = packed(array, vector(index, block), vector(part, block))
        store(i, packed_index, block)
        store(p, packed_part, block)
    return start, end, near


@njit(forceinline=True, **PURE)
def _cell(place, count):
    """The voxel before a place and the way to the next, both clamped to the volume."""
    p = min(max(place, 0.0), count - 1.0)
    i = min(int(p), count - 2)
    return i, f32(p - i)


@njit(forceinline=True, **PURE)
def _along(array, offset, columns, u, near):
    first, index, part, packed_index, packed_part = columns
    at = offset + first[u // LANES]
    if near:
        return between_within(array, at, vector(packed_index, u), vector(packed_part, u))
    return between(array, at, vector(index, u), vector(part, u))


@njit(forceinline=True, **PURE)
def _kind(fy, fz):
    """Which rows of a sample have weight: those of the next row along y (1), of the next slice (2), of both."""
    return (1 if fy > f32(0) else 0) + (2 if fz > f32(0) else 0)


@njit(forceinline=True, **PURE)
def _value(array, size, sample, kind, ahead, columns, u, near):
    """Between the four rows of a sample; those without weight are not read."""
    offset, fy, fz = sample
    row = np.int64(size[0])
    plane = row * size[1]
    v = _along(array, offset, columns, u, near)
    prefetch(array, offset + columns[0][u // LANES] + ahead)
    if kind & 1:
        prefetch(array, offset + columns[0][u // LANES] + row + ahead)
        v = v + fy * (_along(array, offset + row, columns, u, near) - v)
    if kind & 2:
        w = _along(array, offset + plane, columns, u, near)
        if kind & 1:
            w = w + fy * (_along(array, offset + plane + row, columns, u, near) - w)
        v = v + fz * (w - v)
    return v


@njit(forceinline=True, **PURE)
def _with(best, value, mode):
    if mode == MAX:
        return maximum(best, value)
    if mode == MIN:
        return minimum(best, value)
    return best + value


@njit(forceinline=True, **PURE)
def _straight(array, size, s0, s1, s2, s3, kind, ahead, columns, u, best, mode):
    """A whole BATCH of one kind, near: nothing is asked between reads."""
    v0 = _value(array, size, s0, kind, ahead, columns, u, True)
    v1 = _value(array, size, s1, kind, ahead, columns, u, True)
    v2 = _value(array, size, s2, kind, ahead, columns, u, True)
    v3 = _value(array, size, s3, kind, ahead, columns, u, True)
    return _with(best, _with(_with(v0, v1, mode), _with(v2, v3, mode), mode), mode)


@njit(forceinline=True, **PURE)
def _one_by_one(array, size, rows, parts, first, last, ahead, columns, u, near, best, mode):
    for k in range(first, last):
        sample = (rows[k], parts[k, 0], parts[k, 1])
        best = _with(best, _value(array, size, sample, _kind(sample[1], sample[2]), ahead, columns, u, near), mode)
    return best


@njit(forceinline=True, **PURE)
def _kind_of_batch(parts, first, last, near):
    """The kind of all its samples; 0: they differ, are fewer than BATCH, or are taken one by one for another reason."""
    if not near or last - first < BATCH:
        return 0
    kind = _kind(parts[first, 0], parts[first, 1])
    for k in range(first + 1, last):
        if _kind(parts[k, 0], parts[k, 1]) != kind:
            return 0
    return kind


@njit(**PURE)
def _row_of_pixels(array, size, rows, parts, ahead, seen, mode, columns, near, begin, end, out, at):
    """Columns begin … end − 1, whole LANES, to out[at + begin] …"""
    nothing = f32(0)
    if mode == MAX:
        nothing = f32(OUTSIDE)
    elif mode == MIN:
        nothing = f32(-OUTSIDE)
    for first in range(0, seen, BATCH):
        last = min(first + BATCH, seen)
        kind = _kind_of_batch(parts, first, last, near)
        s0 = (rows[first], parts[first, 0], parts[first, 1])
        s1 = (rows[first + 1], parts[first + 1, 0], parts[first + 1, 1])
        s2 = (rows[first + 2], parts[first + 2, 0], parts[first + 2, 1])
        s3 = (rows[first + 3], parts[first + 3, 0], parts[first + 3, 1])
        for u in range(begin, end, LANES):
            best = splat(nothing, vector(columns[2], u))
            if first > 0:
                best = vector(out, at + u)
            if kind == 1:
                best = _straight(array, size, s0, s1, s2, s3, 1, ahead, columns, u, best, mode)
            elif kind == 2:
                best = _straight(array, size, s0, s1, s2, s3, 2, ahead, columns, u, best, mode)
            elif kind == 3:
                best = _straight(array, size, s0, s1, s2, s3, 3, ahead, columns, u, best, mode)
            elif near:
                best = _one_by_one(array, size, rows, parts, first, last, ahead, columns, u, True, best, mode)
            else:
                best = _one_by_one(array, size, rows, parts, first, last, ahead, columns, u, False, best, mode)
            if mode == MEAN and last == seen:
                best = best / f32(seen)
            store(best, out, at + u)


@njit(**PURE)
def _clear(begin, end, out, at):
    """OUTSIDE to out[at + begin] … out[at + end − 1]."""
    nothing = splat(OUTSIDE, vector(out, 0))
    whole = begin + (end - begin) // LANES * LANES
    for u in range(begin, whole, LANES):
        store(nothing, out, at + u)
    for u in range(whole, end):
        out[at + u] = OUTSIDE


@njit(forceinline=True, **PURE)
def _number_between(slices, pz, nz, like):
    """The slice before a place and the way to the next, and whether the place is shown."""
    is_shown = True
    if slices.cells > 0:
        place = splat(f32(pz), like)
        is_shown = any_lane(shown(slices, place))
        pz = np.float64(lowest(slice_at(slices, place)))
    iz, fz = _cell(pz, nz)
    return iz, fz, is_shown


@njit(**PURE)
def _samples_of_row(size, slices, axis, y, z, dy, dz, count, middle, reach, rows, parts, like):
    """Where the four rows of each sample begin, to `rows`, and the ways to those after, to `parts`; how many count."""
    nx, ny, nz = size
    before, behind = middle - reach, middle + reach
    t0, t1 = _inside_range(y, dy, ny - 1.0, before, behind)
    t0, t1 = _inside_range(z, dz, np.float64(slices.last), t0, t1)
    on_places = axis == 2 and slices.cells > 0
    first, last = int(max(math.ceil(t0), 0.0)), int(min(math.floor(t1), count - 1.0))
    if on_places:
        first, last = numbers_within(slices, axis, f32(dz), f32(t0), f32(t1), count)
    borders = 1 if reach < FAR else 0
    seen = 0
    for i in range(first - borders, last + borders + 1):
        is_border = i < first or i > last
        t = before if i < first else behind
        if not is_border:
            t = np.float64(way_of(slices, axis, f32(dz), i, count))
        elif t < t0 or t > t1 or (first <= last and t == np.float64(way_of(slices, axis, f32(dz), first, count))):
            continue
        iz, fz, is_shown = _number_between(slices, z + t * dz, nz, like)
        if on_places and not is_border:
            iz, fz = _cell(np.float64(i if dz > 0 else count - 1 - i), nz)
        elif not is_shown:
            continue
        iy, fy = _cell(y + t * dy, ny)
        rows[seen] = (np.int64(iz) * ny + iy) * nx
        parts[seen, 0] = fy
        parts[seen, 1] = fz
        seen += 1
    return seen


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
def _bands(array, size, slices, samples, mode, top, columns, start, end, near, counter, out):
    """What one thread makes."""
    height, width = out.shape
    bands = (height + BAND - 1) // BAND
    band = take(counter)
    if band >= bands:
        return
    grid = samples.grid
    nx, ny, _ = size
    ahead = np.int64(nx) * (np.int64(2 * grid[2, 1]) + np.int64(2 * grid[2, 2]) * ny)
    flat = out.reshape(-1)
    rows = np.empty(samples.total + 2 + BATCH, np.int64)
    parts = np.empty((samples.total + 2 + BATCH, 2), np.float32)
    rest = np.empty(width + LANES, np.float32)
    like = vector(rest, 0)
    begin, whole = start // LANES * LANES, width // LANES * LANES
    while band < bands:
        for v in range(band * BAND, min(band * BAND + BAND, height)):
            seen = 0
            if start < end:
                y = grid[0, 1] + (top + v) * grid[2, 1]
                z = grid[0, 2] + (top + v) * grid[2, 2]
                middle = grid[4, 0] + (top + v) * grid[4, 2]
                seen = _samples_of_row(
                    size, slices, samples.axis, y, z, grid[3, 1], grid[3, 2], samples.total, middle, samples.reach,
                    rows, parts, like,
                )  # fmt: skip
            at = v * width
            _row_of_pixels(array, size, rows, parts, ahead, seen, mode, columns, near, begin, min(end, whole), flat, at)
            if end > whole:  # the last pixels of a row are fewer than LANES
                _row_of_pixels(array, size, rows, parts, ahead, seen, mode, columns, near, whole, width, rest, 0)
                for u in range(whole, end):
                    flat[at + u] = rest[u]
            _clear(0, start if seen > 0 else width, flat, at)
            _clear(end, width, flat, at)
        band = take(counter)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_rows(array, size, slices, samples, mode, made, out, shares):
    width, grid = out.shape[1], samples.grid
    whole = (width + LANES - 1) // LANES * LANES
    first = np.empty(whole // LANES, np.int32)
    index, packed_index, packed_part = (np.empty(whole, np.int32), np.empty(whole, np.int32), np.empty(whole, np.int32))
    part = np.zeros(whole, np.float32)
    columns = (first, index, part, packed_index, packed_part)
    start, end, near = _columns(array, grid[0, 0], grid[1, 0], size[0], width, columns)
    counter = np.zeros(1, np.int64)
    for _ in prange(shares):
        columns = (first, index, part, packed_index, packed_part)
        _bands(array, size, slices, samples, mode, made.top, columns, start, end, near, counter, out)
