"""Slabs of any direction, a packet of rays at a time: the CPU's.

Samples are taken in *runs* of RUN. A run's samples lie in one box of voxels; no sample is above the box's highest
voxel, nor below its lowest (`Bricks.windows`). Of a maximum the run with the highest bound comes first, then the next
highest, until no bound is above what every ray has found. The maximum is over the same samples, and so the same.
Half-spaces cut the part of each ray that counts, as the volume's box does.
Source: bounds by a min-max grid, see bricks.py; the order of the runs is our own.
Axes: index coordinates (x, y, place), see volume.py. Exact: skipping changes no bit. Voxels are numbers.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from kernels.bricks import SHIFT, STRIDE, WINDOW
from kernels.lane_memory import first_lane, load, prefetch, ramp, store, store_tile, vector
from kernels.lane_windows import PATCH
from kernels.lanes import (
    INNER,
    LANES,
    OPTIONS,
    PURE,
    TILE_HEIGHT,
    TILE_WIDTH,
    f32,
    highest,
    i32,
    integer,
    lowest,
    maximum,
    minimum,
    splat,
    where,
)
from kernels.patches import CRUMB, FEW, MANY, on_patch, patch_rows
from kernels.samples import MEAN, MIN
from kernels.sampling import (
    EDGE,
    FAR,
    cut_between,
    inner_cell,
    inside,
    kept,
    numbers_within,
    on_slice,
    on_slice_inside,
    shown,
    slice_at,
    trilinear,
    trilinear_inside,
    way_of,
)
from kernels.tiles import block_at, block_count, put, take
from kernels.window import OUTSIDE

RUN = 8  # samples
HALF = RUN // 2
NOTHING = -3e38  # below every value
DONE = -3.3e38  # below NOTHING: a run that was visited
WIDEST = 9  # bricks beyond a window, of all axes together


@njit(forceinline=True, **PURE)
def _at(array, size, slices, axis, x, y, z, dx, dy, dz, k, last):
    """Sample k. Where samples lie on the slices of an axis, 1 or 2, half the reads will do."""
    nx, ny, nz = size
    t = way_of(slices, axis, dz, k, last + 1)
    px, py, pz = x + t * dx, y + t * dy, z + t * dz
    if axis == 2:
        number = k if dz > f32(0) else last - k
        return on_slice(array, np.int64(number) * nx * ny, nx, ny, nx, px, py)
    if slices.cells > 0:
        pz = slice_at(slices, pz)
    if axis == 1:
        number = k if dy > f32(0) else last - k
        return on_slice(array, np.int64(number) * nx, nx, nz, nx * ny, px, pz)
    return trilinear(array, size, px, py, pz)


@njit(forceinline=True, **PURE)
def _at_inside(array, size, axis, x, y, z, dx, dy, dz, k, last):
    """Sample k where it is inside the volume in every lane, and on none of its faces."""
    nx, ny, _ = size
    t = f32(k)
    px, py, pz = x + t * dx, y + t * dy, z + t * dz
    if axis == 2:
        number = k if dz > f32(0) else last - k
        return on_slice_inside(array, np.int64(number) * nx * ny, nx, px, py)
    if axis == 1:
        number = k if dy > f32(0) else last - k
        return on_slice_inside(array, np.int64(number) * nx, nx * ny, px, pz)
    return trilinear_inside(array, size, px, py, pz)


@njit(forceinline=True, **PURE)
def _half(array, size, slices, axis, x, y, z, dx, dy, dz, k, last, even):
    """HALF samples straight through, so that the processor has their reads under way at once."""
    if even:
        v0 = _at_inside(array, size, axis, x, y, z, dx, dy, dz, k, last)
        v1 = _at_inside(array, size, axis, x, y, z, dx, dy, dz, k + 1, last)
        v2 = _at_inside(array, size, axis, x, y, z, dx, dy, dz, k + 2, last)
        v3 = _at_inside(array, size, axis, x, y, z, dx, dy, dz, k + 3, last)
    else:
        v0 = _at(array, size, slices, axis, x, y, z, dx, dy, dz, k, last)
        v1 = _at(array, size, slices, axis, x, y, z, dx, dy, dz, k + 1, last)
        v2 = _at(array, size, slices, axis, x, y, z, dx, dy, dz, k + 2, last)
        v3 = _at(array, size, slices, axis, x, y, z, dx, dy, dz, k + 3, last)
    return v0, v1, v2, v3


@njit(forceinline=True, **PURE)
def _at_patch(array, size, axis, x, y, z, low, dx, dy, dz, k, last, rows):
    """`_at_inside` on slices of which a patch of this many rows holds what all lanes need."""
    nx, ny, nz = size
    t = f32(k)
    ix, fx = inner_cell(x + t * dx)
    left = low[0] + t * dx
    if axis == 2:
        number = k if dz > f32(0) else last - k
        iy, fy = inner_cell(y + t * dy)
        top = low[1] + t * dy
        return on_patch(array, np.int64(number) * nx * ny, nx, ny, nx, ix, fx, iy, fy, left, top, rows)
    number = k if dy > f32(0) else last - k
    iz, fz = inner_cell(z + t * dz)
    top = low[2] + t * dz
    return on_patch(array, np.int64(number) * nx, nx, nz, nx * ny, ix, fx, iz, fz, left, top, rows)


@njit(forceinline=True, **PURE)
def _half_patch(array, size, axis, x, y, z, low, dx, dy, dz, k, last, rows):
    v0 = _at_patch(array, size, axis, x, y, z, low, dx, dy, dz, k, last, rows)
    v1 = _at_patch(array, size, axis, x, y, z, low, dx, dy, dz, k + 1, last, rows)
    v2 = _at_patch(array, size, axis, x, y, z, low, dx, dy, dz, k + 2, last, rows)
    v3 = _at_patch(array, size, axis, x, y, z, low, dx, dy, dz, k + 3, last, rows)
    return v0, v1, v2, v3


@njit(forceinline=True, **PURE)
def _ask_for_half(array, size, axis, low, dx, dy, dz, k, last, rows):
    """Ask for the patches of HALF samples: a run is nowhere near the one before, so that no processor foresees it."""
    nx, ny, nz = size
    for number in range(k, k + HALF):
        t = f32(number)
        first = min(max(int(low[0] + t * dx), 0), nx - PATCH)
        if axis == 2:
            slice_number = number if dz > f32(0) else last - number
            across = np.int64(nx)
            at = (np.int64(slice_number) * ny + min(max(int(low[1] + t * dy), 0), ny - rows)) * nx + first
        else:
            slice_number = number if dy > f32(0) else last - number
            across = np.int64(nx) * ny
            at = (np.int64(min(max(int(low[2] + t * dz), 0), nz - rows)) * ny + slice_number) * nx + first
        for row in range(rows):
            prefetch(array, at + row * across)


@njit(forceinline=True, **PURE)
def _half_inside(array, size, slices, axis, x, y, z, low, patch, dx, dy, dz, k, last):
    # Once for each kind, so that no branch stands between reads.
    if patch == FEW:
        if axis == 1:
            return _half_patch(array, size, 1, x, y, z, low, dx, dy, dz, k, last, FEW)
        return _half_patch(array, size, 2, x, y, z, low, dx, dy, dz, k, last, FEW)
    if patch == MANY:
        if axis == 1:
            return _half_patch(array, size, 1, x, y, z, low, dx, dy, dz, k, last, MANY)
        return _half_patch(array, size, 2, x, y, z, low, dx, dy, dz, k, last, MANY)
    if slices.cells > 0:
        return _half(array, size, slices, axis, x, y, z, dx, dy, dz, k, last, False)
    if axis == 1:
        return _half(array, size, slices, 1, x, y, z, dx, dy, dz, k, last, True)
    if axis == 2:
        return _half(array, size, slices, 2, x, y, z, dx, dy, dz, k, last, True)
    return _half(array, size, slices, -1, x, y, z, dx, dy, dz, k, last, True)


@njit(forceinline=True, **PURE)
def _is_shown(size, slices, x, y, z, dx, dy, dz, t):
    """Whether the point at t is in the volume, and not in a hole."""
    pz = z + t * dz
    ok = inside(size, slices.last, x + t * dx, y + t * dy, pz)
    if slices.cells > 0:
        ok = ok & shown(slices, pz)
    return ok


@njit(forceinline=True, **PURE)
def _with_border(array, size, slices, x, y, z, dx, dy, dz, t, is_inside, sign, best):
    """The greater of `best` and sign·V at t."""
    px, py, pz = x + t * dx, y + t * dy, z + t * dz
    if is_inside and slices.cells == 0:
        return maximum(best, trilinear_inside(array, size, px, py, pz) * sign)
    if slices.cells > 0:
        pz = slice_at(slices, pz)
    v = trilinear(array, size, px, py, pz) * sign
    return maximum(best, where(_is_shown(size, slices, x, y, z, dx, dy, dz, t), v, f32(NOTHING)))


@njit(forceinline=True, **PURE)
def _between(near, far, t, value):
    """The value of a sample where it lies between near and far."""
    return where((near <= t) & (far >= t), value, f32(NOTHING))


@njit(forceinline=True, **PURE)
def _extreme(
    array, size, slices, axis, x, y, z, low, patch, dx, dy, dz, first, last, near, far, inner, whole, sign, best, most
):
    """The greatest of `best` and sign·V over the samples first … last that lie between near and far.

    The samples of `inner` are in the volume, those of `whole` between near and far, whatever the lane.
    """
    k = first
    while k <= last:
        if k >= inner[0] and k + HALF - 1 <= inner[1]:
            if patch == MANY and k + HALF + HALF - 1 <= last:
                _ask_for_half(array, size, axis, low, dx, dy, dz, k + HALF, most, MANY)
            v0, v1, v2, v3 = _half_inside(array, size, slices, axis, x, y, z, low, patch, dx, dy, dz, k, most)
            v0, v1, v2, v3 = v0 * sign, v1 * sign, v2 * sign, v3 * sign
            t0, t3 = way_of(slices, axis, dz, k, most + 1), way_of(slices, axis, dz, k + 3, most + 1)
            if t0 < whole[0] or t3 > whole[1]:
                t1, t2 = way_of(slices, axis, dz, k + 1, most + 1), way_of(slices, axis, dz, k + 2, most + 1)
                v0, v1 = _between(near, far, t0, v0), _between(near, far, t1, v1)
                v2, v3 = _between(near, far, t2, v2), _between(near, far, t3, v3)
            best = maximum(best, maximum(maximum(v0, v1), maximum(v2, v3)))
            k += HALF
        else:
            v = _at(array, size, slices, axis, x, y, z, dx, dy, dz, k, most) * sign
            t = way_of(slices, axis, dz, k, most + 1)
            ok = _is_shown(size, slices, x, y, z, dx, dy, dz, splat(t, x))
            best = maximum(best, _between(near, far, t, where(ok, v, f32(NOTHING))))
            k += 1
    return best


@njit(forceinline=True, **PURE)
def _mean(
    array, size, slices, axis, x, y, z, low, patch, dx, dy, dz, near, far, first, last, inner_first, inner_last, most
):
    total = splat(f32(0), x)
    seen = splat(f32(0), x)
    k = first
    while k <= last:
        if k >= inner_first and k + HALF - 1 <= min(inner_last, last):
            v0, v1, v2, v3 = _half_inside(array, size, slices, axis, x, y, z, low, patch, dx, dy, dz, k, most)
            total = total + ((v0 + v1) + (v2 + v3))
            seen = seen + f32(HALF)
            k += HALF
        else:
            ok = _is_shown(size, slices, x, y, z, dx, dy, dz, splat(f32(k), x)) & (near <= f32(k)) & (far >= f32(k))
            total = total + where(ok, _at(array, size, slices, axis, x, y, z, dx, dy, dz, k, most), f32(0))
            seen = seen + where(ok, f32(1), f32(0))
            k += 1
    some = seen > f32(0)
    return where(some, total / where(some, seen, f32(1)), OUTSIDE)


@njit(forceinline=True, **PURE)
def _cells(low, high, last):
    """First and last voxel before positions low … high."""
    return min(max(int(low - f32(CRUMB)), 0), last), min(max(int(high + f32(CRUMB)), 0), last)


@njit(**PURE)
def _bound(size, slices, windows, low, high, dx, dy, dz, t0, t1, sign, like):
    """No sample from t0 to t1, of rays that begin between low and high, is above it."""
    nx, ny, nz = size
    x0, x1 = _cells(low[0] + min(t0 * dx, t1 * dx), high[0] + max(t0 * dx, t1 * dx), nx - 2)
    y0, y1 = _cells(low[1] + min(t0 * dy, t1 * dy), high[1] + max(t0 * dy, t1 * dy), ny - 2)
    z_low = low[2] + min(t0 * dz, t1 * dz)
    z_high = high[2] + max(t0 * dz, t1 * dz)
    if slices.cells > 0:
        z_low = lowest(slice_at(slices, splat(f32(z_low - f32(CRUMB)), like)))
        z_high = lowest(slice_at(slices, splat(f32(z_high + f32(CRUMB)), like)))
    z0, z1 = _cells(z_low, z_high, nz - 2)
    across = (nx + 2) >> SHIFT
    deep = (ny + 2) >> SHIFT
    bound = f32(NOTHING)
    for z in range(z0 >> SHIFT, (z1 >> SHIFT) + 1, WINDOW):
        for y in range(y0 >> SHIFT, (y1 >> SHIFT) + 1, WINDOW):
            for x in range(x0 >> SHIFT, (x1 >> SHIFT) + 1, WINDOW):
                bound = max(bound, f32(windows[(z * deep + y) * across + x]) * sign)
    return bound


@njit(forceinline=True, **PURE)
def _brick_before(low, step, k):
    """Along one axis, for lanes of runs that begin at k, the brick in which they begin; `step` is one sample's."""
    start = low + minimum(k * step, (k + f32(RUN - 1)) * step) - f32(CRUMB)
    return integer(maximum(start, f32(0)) * f32(1 / STRIDE))


@njit(forceinline=True, **PURE)
def _further(low, high, step):
    """How many bricks a run may reach along an axis beyond the window in which it begins, wherever that is."""
    extent = high - low + abs(step) * f32(RUN - 1) + f32(2 * CRUMB)
    return max(int(extent * f32(1 / STRIDE)) + 2 - WINDOW, 0)


@njit(**PURE)
def _even_bounds(size, windows, slack, low, high, dx, dy, dz, first, runs, sign, bounds):
    """`_bound` of all runs in an even stack, LANES at a time."""
    nx, ny, nz = size
    across, deep = (nx + 2) >> SHIFT, (ny + 2) >> SHIFT
    last_x, last_y, last_z = (nx - 2) >> SHIFT, (ny - 2) >> SHIFT, (nz - 2) >> SHIFT
    more_x, more_y, more_z = _further(low[0], high[0], dx), _further(low[1], high[1], dy), _further(low[2], high[2], dz)
    for run in range(0, runs, LANES):
        k = ramp(f32(first + run * RUN), f32(RUN), f32(RUN * TILE_WIDTH))
        bx, by, bz = _brick_before(low[0], dx, k), _brick_before(low[1], dy, k), _brick_before(low[2], dz, k)
        found = splat(f32(NOTHING), k)
        # Windows side by side; the last ends where the run may end.
        for z in range(0, more_z + WINDOW, WINDOW):
            layer = minimum(bz + i32(min(z, more_z)), i32(last_z)) * i32(deep)
            for y in range(0, more_y + WINDOW, WINDOW):
                row = (layer + minimum(by + i32(min(y, more_y)), i32(last_y))) * i32(across)
                for x in range(0, more_x + WINDOW, WINDOW):
                    column = minimum(bx + i32(min(x, more_x)), i32(last_x))
                    found = maximum(found, load(windows, 0, row + column) * sign)
        store(where(k < f32(first + runs * RUN), found + slack, f32(DONE)), bounds, run)


@njit(forceinline=True, **PURE)
def _highest_bound(bounds, count):
    """The greatest of the first `count` bounds, rounded up to LANES, and which it is."""
    found = vector(bounds, 0)
    for i in range(LANES, count, LANES):
        found = maximum(found, vector(bounds, i))
    most = highest(found)
    for i in range(0, count, LANES):
        lane = first_lane(vector(bounds, i) >= most)
        if lane < LANES:
            return most, i + lane
    return f32(DONE), 0


@njit(forceinline=True, **PURE)
def _ends(right, down):
    """How far a tile reaches beyond its first pixel, below and above."""
    across, along = f32(TILE_WIDTH - 1) * right, f32(TILE_HEIGHT - 1) * down
    return min(across, f32(0)) + min(along, f32(0)), max(across, f32(0)) + max(along, f32(0))


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
    array, size, slices, windows, slack, axis, x, y, z, low, high, dx, dy, dz, near, far, count, middle, reach, mode,
    bounds,
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
    if slices.holes == 0:
        within = _in_volume(size, slices, low, high, dx, dy, dz, f32(CRUMB))
    inner = _numbers(slices, axis, dz, within[0], within[1], count)
    height = high[1] - low[1] if axis == 2 else high[2] - low[2]
    # Among uneven slices a sample's number is no way.
    patch = patch_rows(array, size, slices, axis, high[0] - low[0], height) if slices.cells == 0 else 0
    if mode == MEAN:
        inner_first, inner_last = max(inner[0], _whole_from(whole[0])), min(inner[1], int(whole[1]))
        return _mean(
            array, size, slices, axis, x, y, z, low, patch, dx, dy, dz, near, far, first, last,
            inner_first, inner_last, count - 1,
        )  # fmt: skip
    sign = f32(-1) if mode == MIN else f32(1)
    best = splat(f32(NOTHING), x)
    if reach < f32(FAR):
        before, behind = middle - reach, middle + reach
        is_inside = within[0] <= lowest(before) and highest(before) <= within[1]
        best = _with_border(array, size, slices, x, y, z, dx, dy, dz, before, is_inside, sign, best)
        is_inside = within[0] <= lowest(behind) and highest(behind) <= within[1]
        best = _with_border(array, size, slices, x, y, z, dx, dy, dz, behind, is_inside, sign, best)
    if first > last:
        return where(best > f32(NOTHING), best * sign, OUTSIDE)
    # Without bounds all samples are one run.
    length, runs = last - first + 1, 1
    bounds[0] = f32(0)
    wide = _further(low[0], high[0], dx) + _further(low[1], high[1], dy) + _further(low[2], high[2], dz)
    # Runs of far apart rays reach over so much of the volume that asking costs more than it can save.
    is_bounded = windows.size > 0 and wide <= WIDEST
    least = splat(f32(NOTHING), x)
    if is_bounded:
        least = where(_missed(size, slices, x, y, z, dx, dy, dz), f32(3e38), least)
        length = RUN
        runs = (last - first) // RUN + 1
        if slices.cells == 0:
            _even_bounds(size, windows, slack, low, high, dx, dy, dz, first, runs, sign, bounds)
        else:
            for run in range(runs):
                k = first + run * RUN
                end_k = min(k + RUN - 1, last)
                t0, t1 = way_of(slices, axis, dz, k, count), way_of(slices, axis, dz, end_k, count)
                bounds[run] = slack + _bound(size, slices, windows, low, high, dx, dy, dz, t0, t1, sign, x)
    for run in range(runs, (runs + LANES - 1) // LANES * LANES):
        bounds[run] = f32(DONE)
    run, most = 0, f32(0)
    if is_bounded:
        _, run = _highest_bound(bounds, runs)
    while True:
        bounds[run] = f32(DONE)
        k = first + run * length
        end_k = min(k + length - 1, last)
        if is_bounded:
            # What comes next is known before this run is: its voxels are asked for while this one's are on their way.
            most, run = _highest_bound(bounds, runs)
            if patch == MANY and most > lowest(maximum(best, least)):
                _ask_for_half(array, size, axis, low, dx, dy, dz, first + run * length, count - 1, MANY)
        best = _extreme(
            array, size, slices, axis, x, y, z, low, patch, dx, dy, dz, k, end_k, near, far, inner, whole, sign, best,
            count - 1,
        )  # fmt: skip
        if not is_bounded or most <= lowest(maximum(best, least)):
            break
    return where(best > f32(NOTHING), best * sign, OUTSIDE)


@njit(forceinline=True, **PURE)
def _plane(array, size, slices, x, y, z, low, high):
    """The values of a tile between `low` and `high`."""
    nx, ny, _ = size
    crumb, edge = f32(CRUMB), f32(2 * EDGE)
    if (
        high[0] < -edge or low[0] > f32(nx - 1) + edge
        or high[1] < -edge or low[1] > f32(ny - 1) + edge
        or high[2] < -edge or low[2] > slices.last + edge
    ):  # fmt: skip
        return splat(OUTSIDE, x)
    if (
        slices.cells == 0
        and low[0] > crumb and high[0] < f32(nx - 1) - crumb
        and low[1] > crumb and high[1] < f32(ny - 1) - crumb
        and low[2] > crumb and high[2] < slices.last - crumb
    ):  # fmt: skip
        return trilinear_inside(array, size, x, y, z)
    ok = inside(size, slices.last, x, y, z)
    if slices.cells > 0:
        ok = ok & shown(slices, z)
        z = slice_at(slices, z)
    return where(ok, trilinear(array, size, x, y, z), OUTSIDE)


@njit(forceinline=True, **PURE)
def _steps(grid):
    """From a pixel to the next, right and down, and how far tiles reach, of x, y and z: once for a block."""
    right = (f32(grid[1, 0]), f32(grid[1, 1]), f32(grid[1, 2]))
    down = (f32(grid[2, 0]), f32(grid[2, 1]), f32(grid[2, 2]))
    return right, down, (_ends(right[0], down[0]), _ends(right[1], down[1]), _ends(right[2], down[2]))


@njit(forceinline=True, **PURE)
def _tile(grid, steps, row, column):
    """Where the rays of a tile begin, x, y, z, and between which points."""
    right, down, ends = steps
    # The tile's corner in float64: within a tile float32 is then good to 1e-4 of a voxel.
    x0 = f32(grid[0, 0] + column * grid[1, 0] + row * grid[2, 0])
    y0 = f32(grid[0, 1] + column * grid[1, 1] + row * grid[2, 1])
    z0 = f32(grid[0, 2] + column * grid[1, 2] + row * grid[2, 2])
    x, y, z = ramp(x0, right[0], down[0]), ramp(y0, right[1], down[1]), ramp(z0, right[2], down[2])
    low = (x0 + ends[0][0], y0 + ends[1][0], z0 + ends[2][0])
    high = (x0 + ends[0][1], y0 + ends[1][1], z0 + ends[2][1])
    return x, y, z, low, high


@njit(forceinline=True, **PURE)
def _put_tile(values, spare, flat, out, row, column):
    """Write a tile; `spare` is room for its lanes."""
    height, width = out.shape
    if row + TILE_HEIGHT <= height and column + TILE_WIDTH <= width:
        store_tile(values, flat, row * width + column, width)
    else:
        put(values, spare, 0, out, row, column)


@njit(**PURE)
def _block_of_plane(array, size, slices, samples, top, block, spare, flat, out):
    """Apart from `_block`, whose many variables would crowd this one's out of the processor's registers."""
    grid, steps = samples.grid, _steps(samples.grid)
    row0, row1, column0, column1 = block_at(block, out.shape[0], out.shape[1])
    for row in range(row0, row1, TILE_HEIGHT):
        for column in range(column0, column1, TILE_WIDTH):
            x, y, z, low, high = _tile(grid, steps, top + row, column)
            _put_tile(_plane(array, size, slices, x, y, z, low, high), spare, flat, out, row, column)


@njit(**PURE)
def _block(array, size, slices, windows, slack, samples, mode, top, block, bounds, flat, out):
    grid, depths, count, reach = samples.grid, samples.depths, samples.total, f32(samples.reach)
    steps = _steps(grid)
    row0, row1, column0, column1 = block_at(block, out.shape[0], out.shape[1])
    dx, dy, dz = f32(grid[3, 0]), f32(grid[3, 1]), f32(grid[3, 2])
    right, down = f32(grid[4, 1]), f32(grid[4, 2])
    for row in range(row0, row1, TILE_HEIGHT):
        v = top + row
        for column in range(column0, column1, TILE_WIDTH):
            x, y, z, low, high = _tile(grid, steps, v, column)
            near, far = splat(f32(-FAR), x), splat(f32(FAR), x)
            for i in range(depths.shape[0]):
                corner = f32(depths[i, 0] + column * depths[i, 1] + v * depths[i, 2])
                depth = ramp(corner, f32(depths[i, 1]), f32(depths[i, 2]))
                near, far = kept(depth, f32(depths[i, 3]), near, far)
            middle = ramp(f32(grid[4, 0] + column * grid[4, 1] + v * grid[4, 2]), right, down)
            values = _packet(
                array, size, slices, windows, slack, samples.axis, x, y, z, low, high, dx, dy, dz, near, far, count,
                middle, reach, mode, bounds,
            )  # fmt: skip
            _put_tile(values, bounds, flat, out, row, column)


@njit(**INNER)
def _blocks(array, size, slices, windows, slack, samples, mode, top, counter, out):
    """What one thread makes."""
    block = take(counter)
    if block >= block_count(out.shape[0], out.shape[1]):
        return
    flat = out.reshape(-1)
    bounds = np.empty(samples.total // RUN + 2 * LANES, np.float32)
    is_plane = samples.total == 1 and samples.depths.shape[0] == 0
    while block < block_count(out.shape[0], out.shape[1]):
        if is_plane:
            _block_of_plane(array, size, slices, samples, top, block, bounds, flat, out)
        else:
            _block(array, size, slices, windows, slack, samples, mode, top, block, bounds, flat, out)
        block = take(counter)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(array, size, slices, windows, slack, samples, mode, made, out, shares):
    counter = np.zeros(1, np.int64)
    for _ in prange(shares):
        _blocks(array, size, slices, windows, slack, samples, mode, made.top, counter, out)
