"""A plane through a volume, a slab about it, and a projection through all of it.

    plane        I(u, v) = V(p),                      p = origin + u·right + v·down
    slab         I(u, v) = max | min | mean of V over samples within half the slab's thickness along the normal
    projection   the same through the whole volume

Where the samples lie is said in samples.py; trilinear interpolation as in sampling.py.
Axes: see volume.py. Outside: a sample outside the outermost voxel centres, or between the two slices at a hole, counts
in neither maximum, minimum nor mean; a ray with none is `OUTSIDE`. Of a projection that is cut the same holds for
samples outside the half-spaces.
Tolerance: against `reference` 1e-3 of the steepest step between neighbours (float32 positions); bit for bit where the
samples fall on voxel centres.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import get_num_threads, set_num_threads
from numpy.typing import ArrayLike, NDArray

from kernels.arrays import driver, on_device
from kernels.bricks import Bricks
from kernels.clip import TOUCHING_MM, half_spaces
from kernels.errors import InvalidParameter
from kernels.lanes import any_lane, f32, highest, lowest, maximum, minimum, shared, splat, where
from kernels.layers import HALF, Layers, is_unmasked
from kernels.packets import spread_cpu
from kernels.picture import Picture, Rows, band, output
from kernels.rows import spread_rows
from kernels.samples import MAX, MEAN, MODES, Projection, Samples, projection_samples, slab_samples, ways
from kernels.sampling import (
    FAR,
    box,
    inside,
    number_from,
    reference_samples,
    reference_value,
    shown,
    slice_at,
    trilinear,
    way_of,
)
from kernels.volume import Volume
from kernels.window import OUTSIDE

# Other threads take that long to wake up: what one finishes by then it does alone.
WAKING_US = 300
SAMPLE_US, ROW_SAMPLE_US = 4e-3, 5e-4
SHORT = 48  # samples: fewer are taken without asking what they can show


def reference(
    volume: Volume, picture: Picture, projection: Projection, thickness_mm: float, layers: Layers | None = None
) -> NDArray[np.float64]:
    """The slab in float64; a thickness of 0 is the plane."""
    samples = slab_samples(volume, picture, projection, thickness_mm)
    return _reference(volume, picture, projection, samples, None, layers)


def reference_projection(
    volume: Volume,
    picture: Picture,
    projection: Projection,
    clip: ArrayLike | None = None,
    layers: Layers | None = None,
) -> NDArray[np.float64]:
    """The projection in float64."""
    return _reference(volume, picture, projection, projection_samples(volume, picture, projection), clip, layers)


def _reference(
    volume: Volume,
    picture: Picture,
    projection: Projection,
    samples: Samples,
    clip: ArrayLike | None,
    layers: Layers | None,
) -> NDArray[np.float64]:
    grid, reach = samples.grid, samples.reach
    v, u = np.indices((picture.height, picture.width))
    plane = grid[4, 0] + u * grid[4, 1] + v * grid[4, 2]
    t = np.broadcast_to(ways(samples, volume)[:, None, None], (samples.total, *plane.shape))
    counts = np.abs(t - plane) <= reach
    if reach < FAR:
        t = np.concatenate([t, (plane - reach)[None], (plane + reach)[None]])
        counts = np.concatenate([counts, np.ones((2, *plane.shape), bool)])
    first = grid[0] + u[..., None] * grid[1] + v[..., None] * grid[2]
    points = first + t[..., None] * grid[3]
    values, ok = reference_samples(volume, points)
    ok = ok & counts
    for *normal, distance in half_spaces(clip):
        ok &= volume.to_patient(points) @ np.array(normal) >= distance - TOUCHING_MM
    if layers is not None and layers.mask is not None:
        index = points.copy()
        index[..., 2] = volume.slice_of(points[..., 2])
        ok &= reference_value(layers.mask.array, index) >= HALF
    if projection == "mean":
        result = np.where(ok, values, 0).sum(axis=0) / np.maximum(ok.sum(axis=0), 1)
    elif projection == "max":
        result = np.where(ok, values, -np.inf).max(axis=0)
    else:
        result = np.where(ok, values, np.inf).min(axis=0)
    return np.asarray(np.where(ok.any(axis=0), result, float(OUTSIDE)))


@shared
def _value(array, size, slices, mask, px, py, pz, ok, even):
    """Values where `ok`, and where they are shown; z is a place."""
    ok = ok & inside(size, slices.last, px, py, pz)
    if not even:
        ok = ok & shown(slices, pz)
        pz = slice_at(slices, pz)
    value = splat(f32(0), px)
    if any_lane(ok):
        value = trilinear(array, size, px, py, pz)
        if mask is not None:
            ok = ok & is_unmasked(mask, size, px, py, pz)
    return value, ok


@shared
def _counted(best, seen, value, ok, mode):
    """One sample more."""
    if mode == MEAN:
        best = best + where(ok, value, f32(0))
    elif mode == MAX:
        best = where(ok & ((seen < f32(1)) | (value > best)), value, best)
    else:
        best = where(ok & ((seen < f32(1)) | (value < best)), value, best)
    return best, seen + where(ok, f32(1), f32(0))


@shared
def _reduce(
    array, size, slices, mask, axis, x, y, z, dx, dy, dz, count, first, last, near, far, has_borders, mode, even
):
    best = splat(f32(0), x)
    seen = splat(f32(0), x)
    if has_borders:
        ok = near <= far
        value, shows = _value(array, size, slices, mask, x + near * dx, y + near * dy, z + near * dz, ok, even)
        best, seen = _counted(best, seen, value, shows, mode)
        value, shows = _value(array, size, slices, mask, x + far * dx, y + far * dy, z + far * dz, ok, even)
        best, seen = _counted(best, seen, value, shows, mode)
    for k in range(first, last + 1):
        t = way_of(slices, axis, dz, k, count)
        ok = (near <= t) & (far >= t)
        value, shows = _value(array, size, slices, mask, x + t * dx, y + t * dy, z + t * dz, ok, even)
        best, seen = _counted(best, seen, value, shows, mode)
    some = seen > f32(0)
    if mode == MEAN:
        best = best / where(some, seen, f32(1))
    return where(some, best, OUTSIDE)


@shared
def slab_ray(array, size, slices, mask, axis, x, y, z, dx, dy, dz, count, near, far, has_borders, mode):
    """Samples x + t·dx for k = 0 … count − 1, t their `way_of`, those between near and far, with or without two at
    these borders, reduced; z is a place. OUTSIDE where none is inside. mask: what is hidden (layers.py), or None.
    """
    directions = (splat(dx, x), splat(dy, x), splat(dz, x))
    start, end = box(size, f32(0), slices.last, x, y, z, *directions)
    start, end = maximum(start, near), minimum(end, far)
    # One sample more at either end: `inside` decides, this only keeps a ray from marching through empty space.
    first = max(0, number_from(slices, axis, dz, lowest(start), count) - 1)
    last = min(count - 1, number_from(slices, axis, dz, highest(end), count) + 1)
    # Once for each kind of stack, so that an even one pays nothing.
    if slices.cells == 0:
        return _reduce(
            array, size, slices, mask, axis, x, y, z, dx, dy, dz, count, first, last, near, far, has_borders, mode, True
        )
    return _reduce(
        array, size, slices, mask, axis, x, y, z, dx, dy, dz, count, first, last, near, far, has_borders, mode, False
    )


def along_rows(grid: NDArray[np.float64]) -> bool:
    """Whether rows of pixels run along rows of voxels, and all samples of a row of pixels along one."""
    return not (grid[1, 1] or grid[1, 2] or grid[2, 0] or grid[3, 0])


def plane(volume: Volume, picture: Picture, out: NDArray[Any] | None = None) -> NDArray[np.float32]:
    """The plane as float32 [h, w], `OUTSIDE` where it leaves the volume."""
    return slab(volume, picture, "max", 0.0, out)


def slab(
    volume: Volume,
    picture: Picture,
    projection: Projection,
    thickness_mm: float,
    out: NDArray[Any] | None = None,
    *,
    bricks: Bricks | None = None,
    layers: Layers | None = None,
    rows: Rows | None = None,
) -> NDArray[np.float32]:
    """Maximum, minimum or mean over a slab centred on the plane, float32 [h, w].

    bricks: the volume's, in this machine's memory: maxima and minima then skip what cannot count, and stay the same to
        the last bit. Cards and means make no use of them.
    layers: over this volume; what they hide does not count.
    rows: only these of the picture, see picture.py; the result has no others.

    Raises:
        InvalidParameter: the thickness is negative, not finite or above ten metres, the projection is unknown, or the
            picture has no such rows.
    """
    if not 0 <= thickness_mm <= 1e4:
        raise InvalidParameter(f"a slab is 0 to 10000 mm thick, not {thickness_mm}")
    _check(projection)
    samples = slab_samples(volume, picture, projection, thickness_mm)
    return _spread(volume, picture, projection, samples, out, bricks, layers, rows)


def project(
    volume: Volume,
    picture: Picture,
    projection: Projection,
    out: NDArray[Any] | None = None,
    *,
    bricks: Bricks | None = None,
    clip: ArrayLike | None = None,
    layers: Layers | None = None,
    rows: Rows | None = None,
) -> NDArray[np.float32]:
    """Maximum, minimum or mean through the whole volume along the picture's normal, float32 [h, w].

    Wherever the picture's plane lies. `bricks`, `layers` and `rows` as for `slab`; `clip` are half-spaces as in
    clip.py, outside of which samples do not count.

    Raises:
        InvalidParameter: the projection is unknown, the clip is none, or the picture has no such rows.
    """
    _check(projection)
    samples = projection_samples(volume, picture, projection, clip)
    return _spread(volume, picture, projection, samples, out, bricks, layers, rows)


def _check(projection: str) -> None:
    if projection not in MODES:
        raise InvalidParameter(f"a projection is one of {', '.join(MODES)}")


def _spread(
    volume: Volume,
    picture: Picture,
    projection: Projection,
    samples: Samples,
    out: NDArray[Any] | None,
    bricks: Bricks | None,
    layers: Layers | None,
    rows: Rows | None,
) -> NDArray[np.float32]:
    mask = None
    if layers is not None and layers.mask is not None:
        if layers.volume is not volume:
            raise InvalidParameter("layers lie over another volume")
        mask = layers.tables.mask
    made = band(picture, rows)
    result = output(out, (made.bottom - made.top, made.width), np.float32, volume.array)
    voxels = (volume.voxels, volume.size, volume.slices)
    how = (samples, MODES[projection], made, result)
    if on_device(volume.array):
        driver("plane").spread(*voxels, mask, *how)
        return result
    is_straight = along_rows(samples.grid) and len(samples.depths) == 0 and mask is None
    most = min(samples.total, 2 * samples.reach + 3)
    threads = get_num_threads()
    is_short = result.size * most * (ROW_SAMPLE_US if is_straight else SAMPLE_US) < WAKING_US
    shares = 1 if is_short else threads
    set_num_threads(shares)
    try:
        if is_straight:
            spread_rows(*voxels, *how, shares)
        elif bricks is None or projection == "mean" or most < SHORT:
            spread_cpu(
                *voxels, mask, np.empty(0, volume.array.dtype if mask is None else np.float32), f32(0), *how, shares
            )
        else:
            found = bricks if mask is None or layers is None else layers.masked(bricks)
            spread_cpu(*voxels, mask, *found.windows(highest=projection == "max"), *how, shares)
    finally:
        set_num_threads(threads)
    return result
