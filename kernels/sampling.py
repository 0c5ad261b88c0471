"""Values between voxels, and where a ray meets the volume's box; shared by every kernel that follows rays.

    V(p) = Σ w V(i),  w = Π (1 − |p − i|)  over the eight voxels around p        trilinear
    ∇V(p) = the same sum over voxel gradients  (V(i + e) − V(i − e)) / 2         central differences

Axes: index coordinates (x, y, slice), voxel centres at integers. `size` is (nx, ny, nz) as int32. Rays run in (x, y,
place) and turn places into slice numbers where they take a sample, see slices.py.
Outside the volume the nearest border value counts, in a hole the nearer slice; kernels decide themselves what is
outside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.lane_memory import between, has_quads, load, pair, quad
from kernels.lanes import (
    absolute,
    any_lane,
    apart,
    f32,
    floor,
    i32,
    integer,
    maximum,
    minimum,
    real,
    shared,
    splat,
    where,
)
from kernels.volume import Volume

# A sample this close outside the outermost voxel centre still counts as inside: float32 positions end in such crumbs.
EDGE = 1e-3
FAR = 1e9  # samples: beyond every end of a ray
PARALLEL = 1e-7  # millimetres: a ray that comes no deeper with a sample runs along a half-space's face


def reference_value(array: NDArray[np.generic], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Trilinear values at index points [..., 3] in float64, the border continued outside. Reads only their corners."""
    last = np.array(array.shape[::-1]) - 1
    p = np.clip(points, 0, last)
    low = np.minimum(np.floor(p).astype(np.int64), last - 1)
    f = p - low
    total = np.zeros(points.shape[:-1])
    for corner in np.ndindex(2, 2, 2):
        weight = np.prod(np.where(np.array(corner) == 1, f, 1 - f), axis=-1)
        x, y, z = np.moveaxis(low + corner, -1, 0)
        total += weight * array[z, y, x].astype(np.float64)
    return total


def reference_gradient(
    array: NDArray[np.generic], points: NDArray[np.float64], slope: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolated central differences at index points: per voxel along x and y, along z by `slope` per place."""
    padded = np.pad(array.astype(np.float64), 1, mode="edge")
    inner = slice(1, -1)
    gx = (padded[inner, inner, 2:] - padded[inner, inner, :-2]) / 2
    gy = (padded[inner, 2:, inner] - padded[inner, :-2, inner]) / 2
    gz = (padded[2:, inner, inner] - padded[:-2, inner, inner]) * slope[:, None, None]
    return np.stack([reference_value(g, points) for g in (gx, gy, gz)], axis=-1)


def reference_samples(volume: Volume, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Values at points (x, y, place) [..., 3], and where they are shown: inside the volume and in no hole."""
    visible = np.asarray(((points >= -EDGE) & (points <= volume.last + EDGE)).all(axis=-1))
    place = points[..., 2]
    for k in volume.holes:
        before, after = volume.place_of([k, k + 1])
        visible &= (place <= before + EDGE) | (place >= after - EDGE)
    index = points.copy()
    index[..., 2] = volume.slice_of(place)
    return reference_value(volume.array, index), visible


def reference_box(
    low: NDArray[np.float64], high: NDArray[np.float64], points: NDArray[np.float64], step: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At which step rays from points [..., 3] enter and leave the box low … high; leaving first where they miss it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.stack([low - points, high - points]) / step
    # A ray along a face divides 0 by 0: there the axis sets no limit if the ray is inside.
    along = np.broadcast_to(step == 0, points.shape)
    within = (points >= low) & (points <= high)
    entry = np.where(along, np.where(within, -1e9, 1e9), t.min(axis=0)).max(axis=-1)
    leave = np.where(along, np.where(within, 1e9, -1e9), t.max(axis=0)).min(axis=-1)
    return entry, leave


@shared
def _slice_before(slices, place):
    """The last slice at or before lanes of places within the stack."""
    cell = minimum(integer(place * slices.cells_per_place), i32(slices.cells - 1))
    k = integer(load(slices.guide, 0, cell))
    for _ in range(slices.search):
        k = k + where(place >= load(slices.start, 1, k), i32(1), i32(0))
    return k


@apart
def _uneven_slice(slices, place):
    p = minimum(maximum(place, f32(0)), slices.last)
    k = _slice_before(slices, p)
    rate = load(slices.rate, 0, k)
    part = minimum((p - load(slices.start, 0, k)) * absolute(rate), f32(1))
    if slices.holes > 0:
        part = where(rate < f32(0), floor(part + f32(0.5)), part)
    return real(k) + part


@shared
def slice_at(slices, place):
    """Slice numbers, as fractions, at lanes of places; the nearer slice in a hole and outside."""
    if slices.cells == 0:
        return place
    return _uneven_slice(slices, place)


@apart
def shown(slices, place):
    """Whether lanes of places within the stack lie in no hole, with the crumbs of EDGE beyond its two slices."""
    p = minimum(maximum(place, f32(0)), slices.last)
    k = _slice_before(slices, p)
    near = f32(EDGE)
    before = p - load(slices.start, 0, k)
    after = load(slices.start, 1, k) - p
    return (load(slices.rate, 0, k) > f32(0)) | (before <= near) | (after <= near)


@shared
def way_of(slices, axis, dz, k, count):
    """The t of sample k of `count`, see samples.py: k itself, or the place of a slice of an uneven stack."""
    if axis != 2 or slices.cells == 0:
        return f32(k)
    if dz > f32(0):
        return slices.start[k]
    return f32(slices.last - slices.start[count - 1 - k])


@shared
def number_from(slices, axis, dz, t, count):
    """The first k of `count` whose `way_of` is not below t; `count` where none is."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if way_of(slices, axis, dz, middle, count) < t:
            low = middle + 1
        else:
            high = middle
    return low


@shared
def numbers_within(slices, axis, dz, start, end, count):
    """The first k of `count` whose `way_of` is not before start, and the last whose is not behind end."""
    last = number_from(slices, axis, dz, end, count)
    if last == count or way_of(slices, axis, dz, last, count) > end:
        last -= 1
    return number_from(slices, axis, dz, start, count), last


@shared
def cell(x, count):
    """The voxel before lanes of positions along an axis of `count` voxels, clamped to it, and the part beyond."""
    x = minimum(maximum(x, f32(0)), f32(count - 1))
    # A pair read at the last but one voxel of a row ends exactly with the row, so the array's last element is safe.
    i = minimum(integer(x), i32(count - 2))
    return i, x - real(i)


@shared
def inner_cell(x):
    """`cell` where no lane is outside."""
    i = integer(x)
    return i, x - real(i)


@shared
def _of_eight(array, size, ix, fx, iy, fy, iz, fz):
    nx, ny, _ = size
    row = i32(nx)
    plane = i32(nx * ny)
    index = ix + iy * row + iz * plane
    a = between(array, 0, index, fx)
    b = between(array, row, index, fx)
    c = between(array, plane, index, fx)
    d = between(array, plane + row, index, fx)
    a = a + fy * (b - a)
    c = c + fy * (d - c)
    return a + fz * (c - a)


@shared
def trilinear(array, size, x, y, z):
    """V at lanes of index positions: four pair reads. Never leaves the array: positions are clamped to it."""
    nx, ny, nz = size
    ix, fx = cell(x, nx)
    iy, fy = cell(y, ny)
    iz, fz = cell(z, nz)
    return _of_eight(array, size, ix, fx, iy, fy, iz, fz)


@shared
def trilinear_inside(array, size, x, y, z):
    """`trilinear` where no lane is outside, nor on a border: every position is above 0 and below the last voxel."""
    ix, fx = inner_cell(x)
    iy, fy = inner_cell(y)
    iz, fz = inner_cell(z)
    return _of_eight(array, size, ix, fx, iy, fy, iz, fz)


@shared
def _of_four(array, offset, across, ix, fx, row, part):
    index = ix + row * i32(across)
    a = between(array, offset, index, fx)
    b = between(array, offset + across, index, fx)
    return a + part * (b - a)


@shared
def on_slice(array, offset, columns, rows, across, x, other):
    """V on the slice that begins at `offset`, of `columns` voxels along x and `rows`, `across` apart, along the other
    axis: half the reads of `trilinear`. Positions are clamped to the slice.
    """
    ix, fx = cell(x, columns)
    row, part = cell(other, rows)
    return _of_four(array, offset, across, ix, fx, row, part)


@shared
def on_slice_inside(array, offset, across, x, other):
    """`on_slice` where no lane is outside, nor on a border."""
    ix, fx = inner_cell(x)
    row, part = inner_cell(other)
    return _of_four(array, offset, across, ix, fx, row, part)


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
def _inner_row(array, offset, index, fx):
    """`_row` where no lane is in a border cell."""
    am, a0, a1, a2 = quad(array, offset, index)
    step = a1 - am
    return a0 + fx * (a1 - a0), step + fx * ((a2 - a0) - step)


@shared
def _along(array, offset, index, fx):
    """Along one row: the value at fx."""
    a, b = pair(array, offset, index)
    return a + fx * (b - a)


@shared
def value_and_gradient(array, size, slices, ends, x, y, z):
    """V, and the gradient per voxel along x and y, per place along z, in the section with these first and last slices.

    From 16 reads, of int16 inside a volume 12 (where `has_quads`), instead of the 28 pairs of seven separate samples.
    """
    nx, ny, _ = size
    first_z, last_z = ends
    x = minimum(maximum(x, f32(0)), f32(nx - 1))
    y = minimum(maximum(y, f32(0)), f32(ny - 1))
    z = minimum(maximum(z, f32(first_z)), f32(last_z))
    ix = minimum(integer(x), i32(nx - 2))
    iy = minimum(integer(y), i32(ny - 2))
    iz = minimum(integer(z), i32(last_z - 1))
    fx = x - real(ix)
    fy = y - real(iy)
    fz = z - real(iz)
    row = i32(nx)
    plane = i32(nx * ny)
    index = ix + iy * row + iz * plane

    first = ix < i32(1)
    last = ix > i32(nx - 3)
    aside = first | last | (iy < i32(1)) | (iy > i32(ny - 3)) | (iz < i32(first_z + 1)) | (iz > i32(last_z - 2))
    if not has_quads(array) or any_lane(aside):
        # At the border the neighbour outside is the border voxel itself: no read leaves the array, even for two voxels.
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
        back = index + where(iz < i32(first_z + 1), i32(0), i32(-plane))
        forth = index + where(iz > i32(last_z - 2), plane, i32(2 * plane))
        zm0 = _along(array, 0, back, fx)
        zm1 = _along(array, row, back, fx)
        zp0 = _along(array, 0, forth, fx)
        zp1 = _along(array, row, forth, fx)
    else:
        c00, g00 = _inner_row(array, 0, index, fx)
        c10, g10 = _inner_row(array, row, index, fx)
        c01, g01 = _inner_row(array, plane, index, fx)
        c11, g11 = _inner_row(array, plane + row, index, fx)
        ym0 = _along(array, -row, index, fx)
        ym1 = _along(array, plane - row, index, fx)
        yp0 = _along(array, 2 * row, index, fx)
        yp1 = _along(array, plane + 2 * row, index, fx)
        zm0 = _along(array, -plane, index, fx)
        zm1 = _along(array, row - plane, index, fx)
        zp0 = _along(array, 2 * plane, index, fx)
        zp1 = _along(array, 2 * plane + row, index, fx)

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
    half = f32(0.5)
    if slices.cells == 0:
        gz = (step + fz * ((q - near) - step)) * half
    else:
        here, there = pair(slices.slope, 0, iz)
        step = step * here
        gz = step + fz * ((q - near) * there - step)
    return near + fz * (far - near), gx * half, gy * half, gz


@shared
def cut_between(origin, direction, low, high, start, end):
    """Cut [start, end] to where low ≤ origin + t·direction ≤ high."""
    along = absolute(direction) < f32(1e-7)
    inverse = f32(1) / where(along, f32(1), direction)
    t0 = (low - origin) * inverse
    t1 = (high - origin) * inverse
    outside = (origin < low - f32(EDGE)) | (origin > high + f32(EDGE))
    start = where(along, where(outside, f32(1e9), start), maximum(start, minimum(t0, t1)))
    return start, where(along, end, minimum(end, maximum(t0, t1)))


@shared
def kept(depth, step, near, far):
    """Cut near … far, numbers of samples, to those in a half-space, where they lie `depth` + k·`step` deep."""
    if step > f32(PARALLEL):
        near = maximum(near, depth * f32(f32(-1) / step))
    elif step < f32(-PARALLEL):
        far = minimum(far, depth * f32(f32(-1) / step))
    else:
        near = where(depth < f32(0), f32(FAR), near)
    return near, far


@shared
def box(size, first_place, last_place, x, y, z, dx, dy, dz):
    """The part start … end of rays between the outermost voxel centres; start > end where they miss them."""
    nx, ny, _ = size
    start = splat(f32(-1e9), x)
    end = splat(f32(1e9), x)
    start, end = cut_between(x, dx, f32(0), f32(nx - 1), start, end)
    start, end = cut_between(y, dy, f32(0), f32(ny - 1), start, end)
    return cut_between(z, dz, first_place, last_place, start, end)


@shared
def inside(size, last_place, x, y, z):
    """Whether samples at (x, y, place) are shown: within the outermost voxel centres and in no hole."""
    nx, ny, _ = size
    low = f32(-EDGE)
    return (
        (x >= low)
        & (x <= f32(f32(nx - 1) + f32(EDGE)))
        & (y >= low)
        & (y <= f32(f32(ny - 1) + f32(EDGE)))
        & (z >= low)
        & (z <= f32(last_place + f32(EDGE)))
    )


@shared
def exp_minus(t):
    """exp(−t) for t ≥ 0, relative error below 1e-4 up to t = 4 (absolute below 2e-6 everywhere)."""
    x = minimum(t, f32(16)) * f32(0.125)
    q = f32(1 / 24) - x * (f32(1 / 120) - x * f32(1 / 720))
    p = f32(1) - x * (f32(1) - x * (f32(1 / 2) - x * (f32(1 / 6) - x * q)))
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
