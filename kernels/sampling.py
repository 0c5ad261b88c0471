"""Values between voxels, and where a ray meets the volume's box; shared by every kernel that follows rays.

    V(p) = Σ w V(i),  w = Π (1 − |p − i|)  over the eight voxels around p        trilinear
    ∇V(p) = the same sum over voxel gradients  (V(i + e) − V(i − e)) / 2         central differences

Axes: index coordinates (x, y, z), voxel centres at integers. `size` is (nx, ny, nz) as int32.
Outside the volume the nearest border value counts; kernels decide themselves what is outside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.lanes import f32, i32, integer, maximum, minimum, pair, real, shared, splat, where

# A sample this close outside the outermost voxel centre still counts as inside: float32 positions end in such crumbs.
EDGE = 1e-3


def reference_value(array: NDArray[np.generic], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Trilinear values at index points [..., 3] in float64, the border continued outside."""
    volume = array.astype(np.float64)
    last = np.array(array.shape[::-1]) - 1
    p = np.clip(points, 0, last)
    low = np.minimum(np.floor(p).astype(np.int64), last - 1)
    f = p - low
    total = np.zeros(points.shape[:-1])
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(np.array(corner) == 1, f, 1 - f), axis=-1)
        x, y, z = np.moveaxis(low + corner, -1, 0)
        total += weight * volume[z, y, x]
    return total


def reference_gradient(array: NDArray[np.generic], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Interpolated central differences at index points, per voxel, in the order (x, y, z)."""
    padded = np.pad(array.astype(np.float64), 1, mode="edge")
    inner = slice(1, -1)
    gx = (padded[inner, inner, 2:] - padded[inner, inner, :-2]) / 2
    gy = (padded[inner, 2:, inner] - padded[inner, :-2, inner]) / 2
    gz = (padded[2:, inner, inner] - padded[:-2, inner, inner]) / 2
    return np.stack([reference_value(g, points) for g in (gx, gy, gz)], axis=-1)


@shared
def trilinear(array, size, x, y, z):
    """V at lanes of index positions: four pair reads. Never leaves the array: positions are clamped to it."""
    nx, ny, nz = size
    x = minimum(maximum(x, f32(0)), f32(nx - 1))
    y = minimum(maximum(y, f32(0)), f32(ny - 1))
    z = minimum(maximum(z, f32(0)), f32(nz - 1))
    # A pair read at the last but one voxel of a row ends exactly with the row, so the array's last element is safe.
    ix = minimum(integer(x), i32(nx - 2))
    iy = minimum(integer(y), i32(ny - 2))
    iz = minimum(integer(z), i32(nz - 2))
    fx = x - real(ix)
    fy = y - real(iy)
    fz = z - real(iz)
    row = i32(nx)
    plane = i32(nx * ny)
    index = ix + iy * row + iz * plane
    a, a1 = pair(array, 0, index)
    b, b1 = pair(array, row, index)
    c, c1 = pair(array, plane, index)
    d, d1 = pair(array, plane + row, index)
    a = a + fx * (a1 - a)
    b = b + fx * (b1 - b)
    c = c + fx * (c1 - c)
    d = d + fx * (d1 - d)
    a = a + fy * (b - a)
    c = c + fy * (d - c)
    return a + fz * (c - a)


@shared
def _row(array, offset, index, before, after, first, last, fx):
    """Along one row: the value at fx and its central difference (twice the gradient), from two pair reads.

    `before` and `after` step to the outer pairs, zero at the border; `first` and `last` mark the border cells.
    """
    am, hi = pair(array, offset, index + before)
    lo, a2 = pair(array, offset, index + after)
    a0 = where(first, am, hi)
    a1 = where(last, a2, lo)
    step = a1 - am
    return a0 + fx * (a1 - a0), step + fx * ((a2 - a0) - step)


@shared
def _along(array, offset, index, fx):
    """Along one row: the value at fx."""
    a, b = pair(array, offset, index)
    return a + fx * (b - a)


@shared
def value_and_gradient(array, size, x, y, z):
    """V and the index-space gradient from 16 pair reads instead of the 28 of seven separate samples."""
    nx, ny, nz = size
    x = minimum(maximum(x, f32(0)), f32(nx - 1))
    y = minimum(maximum(y, f32(0)), f32(ny - 1))
    z = minimum(maximum(z, f32(0)), f32(nz - 1))
    ix = minimum(integer(x), i32(nx - 2))
    iy = minimum(integer(y), i32(ny - 2))
    iz = minimum(integer(z), i32(nz - 2))
    fx = x - real(ix)
    fy = y - real(iy)
    fz = z - real(iz)
    row = i32(nx)
    plane = i32(nx * ny)
    index = ix + iy * row + iz * plane

    # At the border the neighbour outside is the border voxel itself: no read leaves the array, even for two voxels.
    first = ix < i32(1)
    last = ix > i32(nx - 3)
    before = where(first, i32(0), i32(-1))
    after = where(last, i32(0), i32(1))
    c00, g00 = _row(array, 0, index, before, after, first, last, fx)
    c10, g10 = _row(array, row, index, before, after, first, last, fx)
    c01, g01 = _row(array, plane, index, before, after, first, last, fx)
    c11, g11 = _row(array, plane + row, index, before, after, first, last, fx)
    up = index + where(iy < i32(1), i32(0), i32(-row))
    down = index + where(iy > i32(ny - 3), row, i32(2 * row))
    ym0 = _along(array, 0, up, fx)
    ym1 = _along(array, plane, up, fx)
    yp0 = _along(array, 0, down, fx)
    yp1 = _along(array, plane, down, fx)
    back = index + where(iz < i32(1), i32(0), i32(-plane))
    forth = index + where(iz > i32(nz - 3), plane, i32(2 * plane))
    zm0 = _along(array, 0, back, fx)
    zm1 = _along(array, row, back, fx)
    zp0 = _along(array, 0, forth, fx)
    zp1 = _along(array, row, forth, fx)

    p = g00 + fy * (g10 - g00)
    q = g01 + fy * (g11 - g01)
    gx = p + fz * (q - p)
    p = c10 - ym0
    p = p + fy * ((yp0 - c00) - p)
    q = c11 - ym1
    q = q + fy * ((yp1 - c01) - q)
    gy = p + fz * (q - p)
    near = c00 + fy * (c10 - c00)
    far = c01 + fy * (c11 - c01)
    p = zm0 + fy * (zm1 - zm0)
    q = zp0 + fy * (zp1 - zp0)
    step = far - p
    gz = step + fz * ((q - near) - step)
    half = f32(0.5)
    return near + fz * (far - near), gx * half, gy * half, gz * half


@shared
def _between(origin, direction, count, start, end):
    """Cut [start, end] to where 0 ≤ origin + t·direction ≤ count − 1."""
    last = f32(count - 1)
    if abs(direction) < f32(1e-7):
        outside = (origin < f32(-EDGE)) | (origin > last + f32(EDGE))
        return where(outside, f32(1e9), start), end
    inverse = f32(1) / direction
    t0 = (f32(0) - origin) * inverse
    t1 = (last - origin) * inverse
    return maximum(start, minimum(t0, t1)), minimum(end, maximum(t0, t1))


@shared
def box(size, x, y, z, dx, dy, dz):
    """The part start … end of a ray between the outermost voxel centres; start > end where it misses them."""
    nx, ny, nz = size
    start = splat(f32(-1e9), x)
    end = splat(f32(1e9), x)
    start, end = _between(x, dx, nx, start, end)
    start, end = _between(y, dy, ny, start, end)
    return _between(z, dz, nz, start, end)


@shared
def inside(size, x, y, z):
    nx, ny, nz = size
    low = f32(-EDGE)
    return (
        (x >= low)
        & (x <= f32(f32(nx - 1) + f32(EDGE)))
        & (y >= low)
        & (y <= f32(f32(ny - 1) + f32(EDGE)))
        & (z >= low)
        & (z <= f32(f32(nz - 1) + f32(EDGE)))
    )


@shared
def exp_minus(t):
    """exp(−t) for t ≥ 0, relative error below 1e-4 up to t = 4 (absolute below 2e-6 everywhere)."""
    x = minimum(t, f32(16)) * f32(0.125)
    series = f32(1) + x * (f32(1) + x * (f32(1 / 2) + x * (f32(1 / 6) + x * (f32(1 / 24) + x * f32(1 / 120)))))
    p = f32(1) / series
    p = p * p
    p = p * p
    return p * p


@shared
def power20(x):
    """x²⁰."""
    x2 = x * x
    x4 = x2 * x2
    x8 = x4 * x4
    return x8 * x8 * x4
