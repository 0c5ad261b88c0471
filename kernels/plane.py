"""A plane through a volume, and a slab about it.

    plane   I(u, v) = V(p),                      p = origin + u·right + v·down
    slab    I(u, v) = max | min | mean over k of V(p + (k − (n − 1)/2)·Δ·n̂),   k = 0 … n − 1

    whole   the same over all of the volume, where the ray p + t·n̂ crosses the slices of the axis it follows most

    Δ = 1 / ‖M⁻¹ n̂‖ (one voxel along the normal n̂, M the affine's 3×3, whatever the places of its slices),
    n = max(1, round(T / Δ))

A projection through all of the volume takes half the reads of a slab as thick, and comes closer to one with samples a
tenth of a millimetre apart (maxima of a body, 8 bits of a window of 1000: 41 and 45 dB oblique, 37 and 34 the slab):
the greatest values lie on slices. Along an uneven stack it takes whole places.
Source: docs/ARCHITECTURE.md, "Stacks, volumes, kernels" (the slab rule); trilinear interpolation as in sampling.py.
Axes: see volume.py. Outside: a sample outside the outermost voxel centres, or between the two slices at a hole, counts
in neither maximum, minimum nor mean; a ray with none is `OUTSIDE`. Of a projection that is cut the same holds for
samples outside the half-spaces.
Tolerance: against `reference` 1e-3 of the steepest step between neighbours (float32 positions); bit for bit where the
samples fall on voxel centres.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numba import get_num_threads, set_num_threads
from numpy.typing import ArrayLike, NDArray

from kernels.arrays import driver, on_device
from kernels.bricks import Bricks
from kernels.clip import TOUCHING_MM, along_grid, half_spaces
from kernels.errors import InvalidParameter
from kernels.lanes import (
    any_lane,
    f32,
    highest,
    lowest,
    maximum,
    minimum,
    shared,
    splat,
    where,
)
from kernels.packets import spread_cpu
from kernels.picture import Picture, index_grid, output, reference_points, snap, spacing_along
from kernels.rows import spread_rows
from kernels.sampling import box, inside, reference_samples, shown, slice_at, trilinear
from kernels.volume import Volume
from kernels.window import OUTSIDE

Projection = Literal["max", "min", "mean"]
MAX, MIN, MEAN = 0, 1, 2
# Other threads take that long to wake up: what one finishes by then it does alone.
WAKING_US = 300
SAMPLE_US, ROW_SAMPLE_US = 5e-3, 1e-3
SHORT = 48  # samples: fewer are taken without asking what they can show
MODES = {"max": MAX, "min": MIN, "mean": MEAN}


def sample_count(volume: Volume, picture: Picture, thickness_mm: float) -> int:
    """The slab rule: how many samples a slab of this thickness has along its normal."""
    return max(1, round(thickness_mm / spacing_along(volume, picture.normal)))


def reference(volume: Volume, picture: Picture, projection: Projection, thickness_mm: float) -> NDArray[np.float64]:
    """The slab in float64; a thickness of 0 is the plane."""
    return _reference(volume, picture, projection, *_slab_grid(volume, picture, thickness_mm), None)


def reference_projection(
    volume: Volume, picture: Picture, projection: Projection, clip: ArrayLike | None = None
) -> NDArray[np.float64]:
    """The projection in float64."""
    grid, count, _ = projection_grid(volume, picture)
    return _reference(volume, picture, projection, grid, count, clip)


def _reference(
    volume: Volume,
    picture: Picture,
    projection: Projection,
    grid: NDArray[np.float64],
    count: int,
    clip: ArrayLike | None,
) -> NDArray[np.float64]:
    points = reference_points(grid, picture) + np.arange(count)[:, None, None, None] * grid[3]
    v, ok = reference_samples(volume, points)
    for *normal, distance in half_spaces(clip):
        ok &= volume.to_patient(points) @ np.array(normal) >= distance - TOUCHING_MM
    if projection == "mean":
        result = np.where(ok, v, 0).sum(axis=0) / np.maximum(ok.sum(axis=0), 1)
    elif projection == "max":
        result = np.where(ok, v, -np.inf).max(axis=0)
    else:
        result = np.where(ok, v, np.inf).min(axis=0)
    return np.asarray(np.where(ok.any(axis=0), result, float(OUTSIDE)))


def _slab_grid(volume: Volume, picture: Picture, thickness_mm: float) -> tuple[NDArray[np.float64], int]:
    """First sample, steps right, down and to the next sample, [4, 3]; how many samples."""
    count = sample_count(volume, picture, thickness_mm) if thickness_mm else 1
    grid = index_grid(volume, picture)
    grid[0] -= (count - 1) / 2 * grid[3]
    return grid, count


def projection_grid(volume: Volume, picture: Picture) -> tuple[NDArray[np.float64], int, int]:
    """The same for a projection, and on the slices of which axis its samples lie; −1 where places are no slices."""
    origin, right, down, step = index_grid(volume, picture)
    axis = int(np.abs(step).argmax())
    step = step / abs(step[axis])
    begin = 0.0 if step[axis] > 0 else float(np.floor(volume.last[axis]))
    origin = origin + (begin - origin[axis]) * step[axis] * step
    right, down = (vector - vector[axis] * step[axis] * step for vector in (right, down))
    grid = snap(np.stack([origin, right, down, step]))
    grid[0, axis], grid[1, axis], grid[2, axis] = begin, 0.0, 0.0
    is_places = axis == 2 and volume.places is not None
    return grid, int(volume.last[axis]) + 1, -1 if is_places else axis


@shared
def _reduce(array, size, slices, x, y, z, dx, dy, dz, near, far, first, last, mode, even):
    best = splat(f32(0), x)
    seen = splat(f32(0), x)
    for k in range(first, last + 1):
        t = f32(k)
        px = x + t * dx
        py = y + t * dy
        pz = z + t * dz
        ok = inside(size, slices.last, px, py, pz) & (near <= t) & (far >= t)
        if not even:
            ok = ok & shown(slices, pz)
            pz = slice_at(slices, pz)
        if any_lane(ok):
            v = trilinear(array, size, px, py, pz)
            if mode == MEAN:
                best = best + where(ok, v, f32(0))
            elif mode == MAX:
                best = where(ok & ((seen < f32(1)) | (v > best)), v, best)
            else:
                best = where(ok & ((seen < f32(1)) | (v < best)), v, best)
            seen = seen + where(ok, f32(1), f32(0))
    some = seen > f32(0)
    if mode == MEAN:
        best = best / where(some, seen, f32(1))
    return where(some, best, OUTSIDE)


@shared
def slab_ray(array, size, slices, x, y, z, dx, dy, dz, near, far, count, mode):
    """Samples x + k·dx for k = 0 … count − 1 within near … far, reduced, z a place; OUTSIDE where none is inside."""
    directions = (splat(dx, x), splat(dy, x), splat(dz, x))
    start, end = box(size, f32(0), slices.last, x, y, z, *directions)
    start, end = maximum(start, near), minimum(end, far)
    # One sample more at either end: `inside` decides, this only keeps a ray from marching through empty space.
    first = max(0, int(max(lowest(start), f32(-1))) - 1)
    last = min(count - 1, int(max(highest(end), f32(-9))) + 1) if count > 1 else 0
    # Once for each kind of stack, so that an even one pays nothing.
    if slices.cells == 0:
        return _reduce(array, size, slices, x, y, z, dx, dy, dz, near, far, first, last, mode, True)
    return _reduce(array, size, slices, x, y, z, dx, dy, dz, near, far, first, last, mode, False)


def along_rows(grid: NDArray[np.float64]) -> bool:
    """Whether rows of pixels run along rows of voxels, and all samples of a row of pixels along one."""
    return bool((grid[1, 1:] == 0).all() and grid[2, 0] == 0 and grid[3, 0] == 0)


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
) -> NDArray[np.float32]:
    """Maximum, minimum or mean over a slab centred on the plane, float32 [h, w].

    bricks: the volume's, in this machine's memory: maxima and minima then skip what cannot count, and stay the same to
        the last bit. Cards and means make no use of them.

    Raises:
        InvalidParameter: the thickness is negative, not finite or above ten metres, or the projection is unknown.
    """
    if not 0 <= thickness_mm <= 1e4:
        raise InvalidParameter(f"a slab is 0 to 10000 mm thick, not {thickness_mm}")
    grid, count = _slab_grid(volume, picture, thickness_mm)
    return _spread(volume, picture, projection, grid, count, -1, half_spaces(None), out, bricks)


def project(
    volume: Volume,
    picture: Picture,
    projection: Projection,
    out: NDArray[Any] | None = None,
    *,
    bricks: Bricks | None = None,
    clip: ArrayLike | None = None,
) -> NDArray[np.float32]:
    """Maximum, minimum or mean through the whole volume along the picture's normal, float32 [h, w].

    Wherever the picture's plane lies. `bricks` as for `slab`; `clip` are half-spaces as in clip.py, outside of which
    samples do not count.

    Raises:
        InvalidParameter: the projection is unknown, or the clip is none.
    """
    return _spread(volume, picture, projection, *projection_grid(volume, picture), half_spaces(clip), out, bricks)


def _spread(
    volume: Volume,
    picture: Picture,
    projection: Projection,
    grid: NDArray[np.float64],
    count: int,
    axis: int,
    planes: NDArray[np.float64],
    out: NDArray[Any] | None,
    bricks: Bricks | None,
) -> NDArray[np.float32]:
    if projection not in MODES:
        raise InvalidParameter(f"a projection is one of {', '.join(MODES)}")
    result = output(out, (picture.height, picture.width), np.float32, volume.array)
    voxels = (volume.voxels, volume.size, volume.slices)
    samples = (grid, count, MODES[projection], result)
    depths = along_grid(planes, volume.affine, grid)
    if on_device(volume.array):
        driver("plane").spread(*voxels, depths, *samples)
        return result
    is_straight = along_rows(grid) and len(depths) == 0
    threads = get_num_threads()
    if result.size * count * (ROW_SAMPLE_US if is_straight else SAMPLE_US) < WAKING_US:
        set_num_threads(1)
    try:
        if is_straight:
            spread_rows(*voxels, *samples)
        elif bricks is None or projection == "mean" or count < SHORT:
            spread_cpu(*voxels, np.empty(0, volume.array.dtype), f32(0), axis, depths, *samples)
        else:
            spread_cpu(*voxels, *bricks.windows(highest=projection == "max"), axis, depths, *samples)
    finally:
        set_num_threads(threads)
    return result
