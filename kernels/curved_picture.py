"""A picture whose rows are lines of a patient, each in its own direction, and where the samples of their slabs lie.

    centre of pixel (row v, column u) = origin[v] + u·right[v]        LPS, millimetres
    its slab lies along normal[v]

A row is one of an ordinary picture with that normal, and has the samples that samples.py gives it.
Source: docs/ARCHITECTURE.md, "Stacks, volumes, kernels" (the slab rule).
Axes: patient points (x, y, z), index points (x, y, place), see volume.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.errors import InvalidPicture
from kernels.picture import MAX_DISTANCE_MM, SNAP, Picture, check_size, snap
from kernels.samples import Projection
from kernels.sampling import FAR
from kernels.volume import Volume


@dataclass(frozen=True, eq=False)
class CurvedPicture:
    """The lines of a picture of len(origin) rows and `width` columns.

    Args:
        origin: float64 [h, 3], the centre of each row's first pixel.
        right: float64 [h, 3], millimetres per pixel step.
        normal: float64 [h, 3], the unit vector along which a row's slab lies, across `right`, away from the viewer.
        shown: bool [h]; the others are background, and their numbers mean nothing.
        is_isometric: whether lengths along the curve are true in the picture.

    Raises:
        InvalidPicture: a size out of range, or lines that are not finite, too far away, without a length or not across
            their normals.
    """

    origin: NDArray[np.float64]
    right: NDArray[np.float64]
    normal: NDArray[np.float64]
    shown: NDArray[np.bool_]
    width: int
    is_isometric: bool = True

    def __post_init__(self) -> None:
        shown = np.array(self.shown, bool)
        check_size(self.width, shown.size)
        lines = [np.array(values, np.float64) for values in (self.origin, self.right, self.normal)]
        if shown.ndim != 1 or any(values.shape != (shown.size, 3) for values in lines):
            raise InvalidPicture("a curved picture has an origin, a step, a normal and a mark for each row")
        origin, right, normal = (values[shown] for values in lines)
        if not all((np.abs(values) <= MAX_DISTANCE_MM).all() for values in (origin, right, normal)):
            raise InvalidPicture("a point or vector is three finite numbers within a kilometre")
        lengths = np.linalg.norm(right, axis=1)
        if (lengths < 1e-6).any() or (lengths > 1e4).any():
            raise InvalidPicture("a pixel step is 1e-6 to 1e4 mm")
        leaning = np.abs((right * normal).sum(axis=1)) > 1e-6 * lengths
        if leaning.any() or (np.abs(np.linalg.norm(normal, axis=1) - 1) > 1e-6).any():
            raise InvalidPicture("a row's normal is a unit vector across it")
        for name, values in zip(("origin", "right", "normal", "shown"), (*lines, shown), strict=True):
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        object.__setattr__(self, "width", int(self.width))

    @property
    def height(self) -> int:
        """How many rows."""
        return len(self.shown)

    def row(self, v: int) -> Picture:
        """Row v as a picture of its own."""
        right, normal = self.right[v], self.normal[v]
        return Picture(self.origin[v], right, np.cross(normal, right), self.width, 1)


class LineSamples(NamedTuple):
    """What `samples.Samples` is to a picture, row by row: sample k of pixel u of row v lies at
    grid[v, 0] + u · grid[v, 1] + t · grid[v, 2], t = `ways`[k], its plane at t = plane[v, 0] + u · plane[v, 1].
    """

    grid: NDArray[np.float64]  # [h, 3, 3]
    plane: NDArray[np.float64]  # [h, 2]
    reach: NDArray[np.float32]  # [h]
    totals: NDArray[np.int32]  # [h]; 0: the row is background
    axes: NDArray[np.int32]  # [h]


def line_samples(volume: Volume, picture: CurvedPicture, projection: Projection, thickness_mm: float) -> LineSamples:
    """Those of slabs centred on the lines; a thickness of 0 is the surface."""
    shown = picture.shown
    vectors = np.stack([picture.origin - volume.affine[:3, 3], picture.right, picture.normal], axis=1)
    # Of a row without a line any numbers will do.
    grid = np.where(shown[:, None, None], vectors @ volume.inverse.T, 1.0)
    per_mm = np.linalg.norm(grid[:, 2] / (1, 1, volume.finest), axis=1)
    totals = np.where(shown, np.maximum(np.rint(thickness_mm * per_mm), 1), 1).astype(np.int32)
    grid[:, 2] /= per_mm[:, None]
    grid = snap(grid)
    if volume.places is not None:
        places = grid[:, 0, 2]
        nearest = volume.places[np.abs(volume.places - places[:, None]).argmin(axis=1)]
        grid[:, 0, 2] = np.where(np.abs(nearest - places) < SNAP, nearest, places)
    half = (totals - 1) / 2
    axes = np.full(len(totals), -1, np.int32)
    if projection != "mean":
        axes = np.where(totals > 1, _slices_along(volume, grid[:, 2]), axes)
    along = np.take_along_axis(np.abs(grid[:, 2]), np.maximum(axes, 0)[:, None], axis=1)[:, 0]
    reach = np.where(axes >= 0, half * along, FAR)
    plane = np.stack([half, np.zeros_like(half)], axis=1)
    grid[:, 0] -= np.where(axes < 0, half, 0)[:, None] * grid[:, 2]
    for axis in range(3):
        rows = axes == axis
        if rows.any():
            grid[rows], plane[rows] = _on_slices(volume, grid[rows], axis)
            totals[rows] = volume.array.shape[2 - axis]
    return LineSamples(grid, plane, reach.astype(np.float32), np.where(shown, totals, 0).astype(np.int32), axes)


def _slices_along(volume: Volume, step: NDArray[np.float64]) -> NDArray[np.int32]:
    """For each row the axis on whose slices extremes are sampled, as `samples._slices_along` says; −1: on none."""
    x, y, place = np.abs(step).T
    gaps = np.diff(volume.places) if volume.places is not None else np.ones(1)
    aside = np.maximum(x, y)
    on_places = np.where(aside * gaps.max() <= place, 2, -1)
    return np.where(place <= aside * gaps.min(), (y > x).astype(int), on_places).astype(np.int32)


def _on_slices(volume: Volume, grid: NDArray[np.float64], axis: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The grid and plane of rows whose samples lie on the slices of an axis, from the face that rays meet first."""
    step = grid[:, 2] / np.abs(grid[:, 2, axis])[:, None]
    begin = np.where(step[:, axis] > 0, 0.0, volume.last[axis])
    plane = np.stack([grid[:, 0, axis] - begin, grid[:, 1, axis]], axis=1) / step[:, axis, None]
    moved = snap(np.concatenate([grid[:, :2] - plane[..., None] * step[:, None], step[:, None]], axis=1))
    moved[:, 0, axis], moved[:, 1, axis] = begin, 0.0
    return moved, plane
