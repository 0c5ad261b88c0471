"""Samples of a packet of parallel rays: four at a time, from patches where they will do, or one at a border; the CPU's.

Source: own measurements, see docs/decisions/0006-marching.md.
Axes: index coordinates (x, y, place), see volume.py. mask: a layer that hides samples (layers.py), or None.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from kernels.lane_memory import prefetch
from kernels.lane_windows import PATCH
from kernels.lanes import PURE, any_lane, f32, maximum, splat, where
from kernels.layers import is_unmasked
from kernels.patches import FEW, MANY, SOME, on_patch
from kernels.runs import NOTHING, RUN
from kernels.sampling import (
    inner_cell,
    inside,
    on_slice,
    on_slice_inside,
    shown,
    slice_at,
    trilinear,
    trilinear_inside,
    way_of,
)
from kernels.window import OUTSIDE

HALF = RUN // 2  # samples whose reads are under way at once


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
def _ask_for_rows(array, size, axis, low, dx, dy, dz, k, last, rows):
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
def ask_for_half(array, size, axis, low, dx, dy, dz, k, last, patch):
    """The same, once for each kind; four rows are soon read."""
    if patch == SOME:
        _ask_for_rows(array, size, axis, low, dx, dy, dz, k, last, SOME)
    elif patch == MANY:
        _ask_for_rows(array, size, axis, low, dx, dy, dz, k, last, MANY)


@njit(forceinline=True, **PURE)
def _half_inside(array, size, slices, axis, x, y, z, low, patch, dx, dy, dz, k, last):
    # Once for each kind, so that no branch stands between reads.
    if patch == FEW:
        if axis == 1:
            return _half_patch(array, size, 1, x, y, z, low, dx, dy, dz, k, last, FEW)
        return _half_patch(array, size, 2, x, y, z, low, dx, dy, dz, k, last, FEW)
    if patch == SOME:
        if axis == 1:
            return _half_patch(array, size, 1, x, y, z, low, dx, dy, dz, k, last, SOME)
        return _half_patch(array, size, 2, x, y, z, low, dx, dy, dz, k, last, SOME)
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
def _unhidden(mask, size, slices, x, y, z, dx, dy, dz, t):
    """Whether samples at t are not hidden."""
    pz = z + t * dz
    if slices.cells > 0:
        pz = slice_at(slices, pz)
    return is_unmasked(mask, size, x + t * dx, y + t * dy, pz)


@njit(forceinline=True, **PURE)
def with_border(array, size, slices, mask, x, y, z, dx, dy, dz, t, is_inside, sign, best):
    """The greater of `best` and sign·V at t."""
    px, py, pz = x + t * dx, y + t * dy, z + t * dz
    if mask is None and is_inside and slices.cells == 0:
        return maximum(best, trilinear_inside(array, size, px, py, pz) * sign)
    if slices.cells > 0:
        pz = slice_at(slices, pz)
    v = trilinear(array, size, px, py, pz) * sign
    if mask is not None:
        v = where(is_unmasked(mask, size, px, py, pz), v, f32(NOTHING))
    return maximum(best, where(_is_shown(size, slices, x, y, z, dx, dy, dz, t), v, f32(NOTHING)))


@njit(forceinline=True, **PURE)
def _between(near, far, t, value):
    """The value of a sample where it lies between near and far."""
    return where((near <= t) & (far >= t), value, f32(NOTHING))


@njit(forceinline=True, **PURE)
def extreme(
    array, size, slices, mask, axis, x, y, z, low, patch, dx, dy, dz, first, last, near, far, inner, whole, sign, best,
    most,
):  # fmt: skip
    """The greatest of `best` and sign·V over the samples first … last that lie between near and far.

    The samples of `inner` are in the volume, those of `whole` between near and far, whatever the lane.
    """
    k = first
    while k <= last:
        if k >= inner[0] and k + HALF - 1 <= inner[1]:
            if k + HALF + HALF - 1 <= last:
                ask_for_half(array, size, axis, low, dx, dy, dz, k + HALF, most, patch)
            v0, v1, v2, v3 = _half_inside(array, size, slices, axis, x, y, z, low, patch, dx, dy, dz, k, most)
            v0, v1, v2, v3 = v0 * sign, v1 * sign, v2 * sign, v3 * sign
            t0, t3 = way_of(slices, axis, dz, k, most + 1), way_of(slices, axis, dz, k + 3, most + 1)
            if t0 < whole[0] or t3 > whole[1]:
                t1, t2 = way_of(slices, axis, dz, k + 1, most + 1), way_of(slices, axis, dz, k + 2, most + 1)
                v0, v1 = _between(near, far, t0, v0), _between(near, far, t1, v1)
                v2, v3 = _between(near, far, t2, v2), _between(near, far, t3, v3)
            # Only of what would be the greatest is it asked whether it is hidden.
            if mask is not None and any_lane(maximum(maximum(v0, v1), maximum(v2, v3)) > best):
                t1, t2 = way_of(slices, axis, dz, k + 1, most + 1), way_of(slices, axis, dz, k + 2, most + 1)
                v0 = where(_unhidden(mask, size, slices, x, y, z, dx, dy, dz, t0), v0, f32(NOTHING))
                v1 = where(_unhidden(mask, size, slices, x, y, z, dx, dy, dz, t1), v1, f32(NOTHING))
                v2 = where(_unhidden(mask, size, slices, x, y, z, dx, dy, dz, t2), v2, f32(NOTHING))
                v3 = where(_unhidden(mask, size, slices, x, y, z, dx, dy, dz, t3), v3, f32(NOTHING))
            best = maximum(best, maximum(maximum(v0, v1), maximum(v2, v3)))
            k += HALF
        else:
            v = _at(array, size, slices, axis, x, y, z, dx, dy, dz, k, most) * sign
            t = way_of(slices, axis, dz, k, most + 1)
            ok = _is_shown(size, slices, x, y, z, dx, dy, dz, splat(t, x))
            if mask is not None:
                ok = ok & _unhidden(mask, size, slices, x, y, z, dx, dy, dz, t)
            best = maximum(best, _between(near, far, t, where(ok, v, f32(NOTHING))))
            k += 1
    return best


@njit(forceinline=True, **PURE)
def mean(
    array, size, slices, mask, axis, x, y, z, low, patch, dx, dy, dz, near, far, first, last, inner_first, inner_last,
    most,
):  # fmt: skip
    total = splat(f32(0), x)
    seen = splat(f32(0), x)
    k = first
    while k <= last:
        if mask is None and k >= inner_first and k + HALF - 1 <= min(inner_last, last):
            v0, v1, v2, v3 = _half_inside(array, size, slices, axis, x, y, z, low, patch, dx, dy, dz, k, most)
            total = total + ((v0 + v1) + (v2 + v3))
            seen = seen + f32(HALF)
            k += HALF
        else:
            ok = _is_shown(size, slices, x, y, z, dx, dy, dz, splat(f32(k), x)) & (near <= f32(k)) & (far >= f32(k))
            if mask is not None:
                ok = ok & _unhidden(mask, size, slices, x, y, z, dx, dy, dz, f32(k))
            total = total + where(ok, _at(array, size, slices, axis, x, y, z, dx, dy, dz, k, most), f32(0))
            seen = seen + where(ok, f32(1), f32(0))
            k += 1
    some = seen > f32(0)
    return where(some, total / where(some, seen, f32(1)), OUTSIDE)
