"""What is seen at one pixel of a picture: the patient point and its value.

    plane       the point itself
    slab        max, min: the sample that the picture shows, of equal ones the nearest to the plane; mean: the middle
    projection  max, min: the sample that the picture shows, of equal ones the nearest; mean: the middle one
    surface     where the opacity gathered along the ray, 1 − exp(−∫ τ(V) ds), first reaches a half

One ray in float64, with the same samples, tables and borders as plane.py and rendering.py; only the voxels around its
samples are read. Plain numpy, so any thread may ask. A pixel is (u, v) with centres at whole numbers, as in a Picture.
Tolerance: a surface is found within a quarter of a voxel where values run linearly between voxels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.clip import half_spaces, interval
from kernels.errors import InvalidParameter
from kernels.layers import HALF, Layers, reference_layers
from kernels.picture import Picture
from kernels.samples import Projection, projection_samples, slab_samples, ways_at
from kernels.sampling import reference_box, reference_samples, reference_value
from kernels.slices import sections
from kernels.transfer import CELLS, Table, TransferFunction
from kernels.volume import Volume

HALF_DEPTH = float(np.log(2))  # the optical depth that halves the light
PER_VOXEL = 2  # samples along a ray per voxel of its steepest axis
FINER = 32  # parts of the step in which the surface lies
MOST_PER_STEP = 4  # slices in one step of the stack that samples keep up with


class Seen(NamedTuple):
    """A patient point (LPS, mm) and the value there."""

    point: NDArray[np.float64]
    value: float


def plane_point(volume: Volume, picture: Picture, u: float, v: float) -> Seen | None:
    """The point of a plane; None outside the volume and in a hole."""
    return slab_point(volume, picture, "max", 0.0, u, v)


def slab_point(
    volume: Volume,
    picture: Picture,
    projection: Projection,
    thickness_mm: float,
    u: float,
    v: float,
    layers: Layers | None = None,
) -> Seen | None:
    """The point that a slab shows, its value that of the slab; None where no sample is in the volume and not hidden."""
    samples = slab_samples(volume, picture, projection, thickness_mm)
    t, plane = ways_at(samples, volume, u, v)
    first, step = (1, u, v) @ samples.grid[:3], samples.grid[3]
    points = first + t[:, None] * step
    values, shown = _samples_of(volume, points, layers)
    if not shown.any():
        return None
    if projection == "mean":
        return Seen(volume.to_patient(first + plane * step), float(values[shown].mean()))
    rank = np.where(shown, values if projection == "max" else -values, -np.inf)
    best = np.flatnonzero(rank == rank.max())
    best = best[np.abs(t[best] - plane).argmin()]
    return Seen(volume.to_patient(points[best]), float(values[best]))


def projection_point(
    volume: Volume,
    picture: Picture,
    projection: Projection,
    u: float,
    v: float,
    clip: ArrayLike | None = None,
    layers: Layers | None = None,
) -> Seen | None:
    """The point that a projection shows, its value that of the projection; None where no sample counts.

    Raises:
        InvalidParameter: the clip is none.
    """
    samples = projection_samples(volume, picture, projection, clip)
    t, _ = ways_at(samples, volume, u, v)
    points = (1, u, v) @ samples.grid[:3] + t[:, None] * samples.grid[3]
    values, shown = _samples_of(volume, points, layers)
    points, values = points[shown], values[shown]
    if len(values) == 0:
        return None
    if projection == "mean":
        return Seen(volume.to_patient(points[len(points) // 2]), float(values.mean()))
    best = values.argmax() if projection == "max" else values.argmin()
    return Seen(volume.to_patient(points[best]), float(values[best]))


def surface_point(
    volume: Volume,
    picture: Picture,
    transfer: TransferFunction,
    u: float,
    v: float,
    eye: ArrayLike | None = None,
    clip: ArrayLike | None = None,
    layers: Layers | None = None,
) -> Seen | None:
    """Where a volume rendering first covers half of what is behind; None where it stays below to the ray's end.

    A second volume covers nothing here: what is picked is a place in the first.

    Args:
        eye: in patient millimetres, before the picture's plane; rays begin there. None: they are parallel.
        clip: half-spaces as in clip.py; what one of them cuts away covers nothing.
        layers: what they hide covers nothing either.

    Raises:
        InvalidParameter: a relative transfer function that was not scaled, an eye that is not before the plane, a clip
            that is none.
    """
    table = transfer.table()
    start, direction = _ray(picture, u, v, eye)
    first_mm, last_mm = interval(half_spaces(clip), start, direction)
    reach = (first_mm if eye is None else max(first_mm, 0.0), last_mm)
    origin = volume.to_index(start)
    step = volume.inverse @ direction  # one millimetre
    step = np.where(np.abs(step) < 1e-7, 0.0, step)
    depth = 0.0
    parts = sections(volume.array.shape[0], volume.holes)
    for first, last in parts if step[2] >= 0 else parts[::-1]:
        t = _samples(volume, origin, step, reach, first, last)
        if len(t) < 2:
            continue
        reached = depth + _depths(volume, table, origin + t[:, None] * step, t, layers)
        after = int(np.searchsorted(reached, HALF_DEPTH))
        if after == len(t):
            depth = float(reached[-1])
            continue
        # The step that crosses is walked again in small ones: an opaque surface takes up a small part of it.
        t = np.linspace(t[max(after - 1, 0)], t[after], FINER + 1)
        reached = reached[max(after - 1, 0)] + _depths(volume, table, origin + t[:, None] * step, t, layers)
        point = origin + float(np.interp(HALF_DEPTH, reached, t)) * step
        value, _ = reference_samples(volume, point)
        return Seen(volume.to_patient(point), float(value))
    return None


def _ray(
    picture: Picture, u: float, v: float, eye: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A point of the ray through a pixel, where it begins if it begins anywhere, and its unit direction."""
    pixel = picture.origin + u * picture.right + v * picture.down
    if eye is None:
        return pixel, picture.normal
    start = np.array(eye, np.float64)
    if start.shape != (3,) or not np.isfinite(start).all() or (picture.origin - start) @ picture.normal <= 0:
        raise InvalidParameter("an eye is a point before the plane of the picture")
    away = pixel - start
    return start, away / np.linalg.norm(away)


def _samples(
    volume: Volume,
    origin: NDArray[np.float64],
    step: NDArray[np.float64],
    reach: tuple[float, float],
    first: int,
    last: int,
) -> NDArray[np.float64]:
    """Millimetres along the ray, from where it enters slices first … last to where it leaves them, within `reach`."""
    low, high = volume.place_of([first, last])
    here, there = np.array([0, 0, low]), np.array([*volume.last[:2], high])
    box = reference_box(here, there, origin, step)
    entry, leave = max(float(box[0]), reach[0]), min(float(box[1]), reach[1])
    if last == first or leave <= entry:
        return np.empty(0)
    densest = 1.0 if volume.places is None else 1 / np.diff(volume.places[first : last + 1]).min()
    per_mm = PER_VOXEL * (np.abs(step) * (1, 1, min(densest, MOST_PER_STEP))).max()
    return np.linspace(entry, leave, int(np.ceil((leave - entry) * per_mm)) + 1)


def _samples_of(
    volume: Volume, points: NDArray[np.float64], layers: Layers | None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Values at points (x, y, place) [..., 3], and which of them count."""
    values, shown = reference_samples(volume, points)
    if layers is not None and layers.mask is not None:
        shown &= reference_value(layers.mask.array, _index(volume, points)) >= HALF
    return values, shown


def _index(volume: Volume, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (x, y, place) as (x, y, slice)."""
    return np.concatenate([points[..., :2], volume.slice_of(points[..., 2:])], axis=-1)


def _depths(
    volume: Volume, table: Table, points: NDArray[np.float64], t: NDArray[np.float64], layers: Layers | None
) -> NDArray[np.float64]:
    """Optical depth from the first of these points on a ray to each; `t` are their millimetres."""
    values, _ = reference_samples(volume, points)
    cells = np.clip(np.rint((values - table.low) * table.scale), 0, CELLS - 1).astype(np.int64)
    # As `march` takes it: the mean extinction of all values between two samples, a flat interval counting as one cell.
    before, after = cells[:-1], np.where(cells[1:] == cells[:-1], cells[1:] + 1, cells[1:])
    cumulated = table.cumulated.astype(np.float64)
    extinction = (cumulated[after] - cumulated[before]) / (after - before)
    if layers is not None and layers.mask is not None:
        part, _, _ = reference_layers(layers, _index(volume, (points[:-1] + points[1:]) / 2))
        extinction *= part
    return np.concatenate([[0.0], np.cumsum(extinction * np.diff(t))])
