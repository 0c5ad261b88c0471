"""Which label is seen at each pixel of a plane, a slab or a projection: the first that counts along its ray.

    L(u, v) = label of the first sample of the ray whose nearest voxel has a label that counts, 0 where there is none

The samples are those of a maximum (samples.py), so that labels lie where their voxels are seen: of a plane one, of a
slab its two borders and those on slices between them, of a projection those on slices, front to back. In a hole of the
stack nothing is seen.
Source: our own. Axes: see volume.py; a voxel reaches half way to its neighbours.
Tolerance: exact, but for pixels within float32's rounding of the border between two voxels.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from kernels.arrays import driver, module_of, on_device
from kernels.bricks import SHIFT, STRIDE, brick_shape, bricks_of
from kernels.errors import InvalidParameter
from kernels.lanes import OPTIONS, PURE, f32
from kernels.picture import Picture, Rows, output
from kernels.samples import Samples, projection_samples, slab_samples, ways
from kernels.sampling import EDGE, FAR, reference_samples, shown, slice_at
from kernels.scalars import scalar_variant
from kernels.volume import Volume

LABELS = 256


def samples_of(volume: Volume, picture: Picture, thickness_mm: float | None, clip: ArrayLike | None) -> Samples:
    """Where labels are looked for: within a slab, of 0 mm the plane; None: through the whole volume."""
    if thickness_mm is None:
        return projection_samples(volume, picture, "max", clip)
    return slab_samples(volume, picture, "max", thickness_mm)


def reference(
    volume: Volume,
    labels: NDArray[np.uint8],
    picture: Picture,
    counts: NDArray[np.bool_],
    thickness_mm: float | None = 0.0,
    clip: ArrayLike | None = None,
) -> NDArray[np.uint8]:
    """The formula in float64, sample by sample."""
    samples = samples_of(volume, picture, thickness_mm, clip)
    v, u = np.indices((picture.height, picture.width)).astype(np.float64)
    grid, found = samples.grid, np.zeros(u.shape, np.uint8)
    plane, last = grid[4, 0] + u * grid[4, 1] + v * grid[4, 2], np.array(labels.shape[::-1]) - 1
    slices = [np.full(u.shape, t) for t in ways(samples, volume)]
    borders = [] if samples.reach == FAR else [plane - samples.reach, plane + samples.reach]
    for t in [*borders[:1], *slices, *borders[1:]]:
        p = grid[0] + u[..., None] * grid[1] + v[..., None] * grid[2] + t[..., None] * grid[3]
        _, seen = reference_samples(volume, p)
        seen &= np.abs(t - plane) <= samples.reach * (1 + 1e-9)
        for depth in samples.depths:
            seen &= depth[0] + u * depth[1] + v * depth[2] + t * depth[3] >= 0
        p[..., 2] = volume.slice_of(p[..., 2])
        x, y, z = np.moveaxis(np.clip(np.floor(p + 0.5).astype(int), 0, last), -1, 0)
        label = labels[z, y, x]
        found = np.where((found == 0) & seen & counts[label], label, found)
    return found


@njit(parallel=True, cache=True, **OPTIONS)
def spread_table_cpu(labels, table, out):
    share = 1 << 16
    for i in prange((labels.size + share - 1) // share):
        for j in range(i * share, min(i * share + share, labels.size)):
            out[j] = table[labels[j]]


def mask_of(labels: NDArray[Any], shown: NDArray[np.bool_], out: NDArray[Any] | None = None) -> NDArray[np.uint8]:
    """Which voxels of a labelmap have labels that are `shown`, bool [256]: uint8 255 or 0; see layers.py."""
    result = output(out, labels.shape, np.uint8, labels)
    table = np.where(shown, 255, 0).astype(np.uint8)
    if on_device(labels):
        result[...] = module_of(labels).asarray(table)[labels]
    else:
        spread_table_cpu(labels.reshape(-1), table, result.reshape(-1))
    return result


def nearest(size, slices, x, y, z, slice_of):
    """The voxel nearest to an index point (x, y, place)."""
    nx, ny, nz = size
    if slices.cells != 0:
        z = slice_of(slices, z)
    ix = min(max(int(x + f32(0.5)), 0), nx - 1)
    iy = min(max(int(y + f32(0.5)), 0), ny - 1)
    iz = min(max(int(z + f32(0.5)), 0), nz - 1)
    return ix, iy, iz


nearest_cpu = njit(nearest, forceinline=True, **PURE)
slice_of_cpu, shown_cpu = (scalar_variant(function, njit(**PURE)) for function in (slice_at, shown))


@njit(forceinline=True, **PURE)
def _leave(position, rate, first):
    """In how many samples a ray leaves the brick whose first voxel is this one; voxels reach half way.

    rate: samples that it takes to go one voxel on; 0 if it never does.
    """
    if rate == f32(0):
        return f32(1e6)
    border = f32(first) - f32(0.5)
    if rate > f32(0):
        border += f32(STRIDE)
    return (border - position) * rate


@njit(**PURE)
def _rate(step):
    return f32(1) / step if abs(step) > f32(1e-6) else f32(0)


@njit(forceinline=True, **PURE)
def _voxel(size, slices, x, y, z):
    """The voxel nearest to a sample, its number along x below 0 where nothing is shown; z is a place."""
    nx, ny, _ = size
    edge = f32(EDGE)
    if (
        x < -edge or x > f32(nx - 1) + edge or y < -edge or y > f32(ny - 1) + edge
        or z < -edge or z > slices.last + edge or (slices.cells != 0 and not shown_cpu(slices, z))
    ):  # fmt: skip
        return -1, 0, 0
    return nearest_cpu(size, slices, x, y, z, slice_of_cpu)


@njit(forceinline=True, **PURE)
def _label(labels, size, slices, counts, x, y, z):
    """The label of one sample, 0 where none that counts is seen."""
    ix, iy, iz = _voxel(size, slices, x, y, z)
    if ix < 0:
        return np.uint8(0)
    label = labels[(np.int64(iz) * size[1] + iy) * size[0] + ix]
    return label if counts[label] else np.uint8(0)


@njit(forceinline=True, **PURE)
def _seen(labels, size, slices, bricks, tall, deep, across, counts, x, y, z, dx, dy, dz, times, first, last):
    """The first label that counts of samples first … last."""
    even = slices.cells == 0
    rx, ry, rz = _rate(dx), _rate(dy), _rate(dz)
    k = first
    while k <= last:
        t = times[k]
        px, py, pz = x + t * dx, y + t * dy, z + t * dz
        ix, iy, iz = _voxel(size, slices, px, py, pz)
        if ix >= 0:
            bx, by, bz = ix >> SHIFT, iy >> SHIFT, iz >> SHIFT
            brick = (min(bz, tall - 1) * deep + min(by, deep - 1)) * across
            if bricks[brick + min(bx, across - 1)] == 0:
                if even:
                    way = min(_leave(px, rx, bx << SHIFT), _leave(py, ry, by << SHIFT))
                    k += max(int(min(way, _leave(pz, rz, bz << SHIFT))), 1)
                else:
                    k += 1
                continue
            label = labels[(np.int64(iz) * size[1] + iy) * size[0] + ix]
            if counts[label]:
                return label
        k += 1
    return np.uint8(0)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(labels, size, slices, bricks, across, deep, counts, grid, times, reach, depths, top, out):
    tall, has_borders = bricks.size // (across * deep), reach < FAR
    dx, dy, dz = f32(grid[3, 0]), f32(grid[3, 1]), f32(grid[3, 2])
    for row in prange(out.shape[0]):
        v = top + row
        for u in range(out.shape[1]):
            x = f32(grid[0, 0] + u * grid[1, 0] + v * grid[2, 0])
            y = f32(grid[0, 1] + u * grid[1, 1] + v * grid[2, 1])
            z = f32(grid[0, 2] + u * grid[1, 2] + v * grid[2, 2])
            middle = grid[4, 0] + u * grid[4, 1] + v * grid[4, 2]
            near, far = middle - reach, middle + reach
            for i in range(depths.shape[0]):
                depth = depths[i, 0] + u * depths[i, 1] + v * depths[i, 2]
                step = depths[i, 3]
                if step > 1e-7:
                    near = max(near, -depth / step)
                elif step < -1e-7:
                    far = min(far, -depth / step)
                elif depth < 0:
                    far = -FAR
            if slices.cells == 0:  # sample k lies at k
                first, last = math.ceil(max(near, 0.0)), math.floor(min(far, times.size - 1.0))
            else:
                first = np.searchsorted(times, f32(max(near, -FAR)))
                last = np.searchsorted(times, f32(min(far, FAR)), side="right") - 1
            label = np.uint8(0)
            if has_borders:
                t = f32(near)
                label = _label(labels, size, slices, counts, x + t * dx, y + t * dy, z + t * dz)
            if label == 0:
                label = _seen(
                    labels, size, slices, bricks, tall, deep, across, counts, x, y, z, dx, dy, dz, times, first, last
                )
            if label == 0 and has_borders:
                t = f32(far)
                label = _label(labels, size, slices, counts, x + t * dx, y + t * dy, z + t * dz)
            out[row, u] = label


def labels_seen(
    volume: Volume,
    labels: NDArray[Any],
    picture: Picture,
    counts: NDArray[np.bool_],
    thickness_mm: float | None = 0.0,
    *,
    highest: NDArray[np.uint8] | None = None,
    clip: ArrayLike | None = None,
    rows: Rows | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[np.uint8]:
    """The label at each pixel, uint8 [h, w]; 0 where none that counts is seen.

    Args:
        labels: uint8 [z, y, x] on the volume's grid, where its voxels lie.
        counts: bool [256], which labels are looked for; 0 never is.
        thickness_mm: of the slab; 0: the plane; None: through the whole volume, as far as `clip` leaves it.
        highest: the largest label of each brick (`layers.Layer.highest`), when that is known.
        rows: any rows of the picture; the result has no others.

    Raises:
        InvalidParameter: labels of another shape, type or layout, a thickness or rows that are none.
    """
    if labels.shape != volume.array.shape or labels.dtype != np.uint8 or not labels.flags.c_contiguous:
        raise InvalidParameter(f"a labelmap is C-contiguous uint8 of the volume's shape {volume.array.shape}")
    if counts.shape != (LABELS,):
        raise InvalidParameter(f"whether a label counts is said of {LABELS} labels")
    if thickness_mm is not None and not 0 <= thickness_mm <= 1e4:
        raise InvalidParameter(f"a slab is 0 to 10000 mm thick, not {thickness_mm}")
    top, bottom = rows or (0, picture.height)
    if not 0 <= top < bottom <= picture.height:
        raise InvalidParameter(f"a picture of {picture.height} rows has no rows {top} to {bottom}")
    result = output(out, (bottom - top, picture.width), np.uint8, labels)
    samples = samples_of(volume, picture, thickness_mm, clip)
    times = ways(samples, volume).astype(np.float32)
    counted = counts.astype(np.uint8)
    counted[0] = 0
    how = (counted, samples.grid, times, samples.reach, samples.depths, top, result)
    if on_device(labels):
        driver("labelmap").spread(labels.reshape(-1), volume.size, volume.slices, *how, picture)
        return result
    highest = bricks_of(labels).highest if highest is None else highest
    if highest.shape != brick_shape(labels.shape):
        raise InvalidParameter("`highest` is not of these labels' bricks")
    _, deep, across = highest.shape
    flat = labels.reshape(-1)
    spread_cpu(flat, volume.size, volume.slices, highest.reshape(-1), across, deep, *how)
    return result
