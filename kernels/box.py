"""Where in a volume a filter works, and what it demands of the volume.

A region is three slices, as numpy takes them: `filter(volume, region=r)` is `filter(volume)[r]`, voxel for voxel, since
a filter reads beyond the region as far as it needs. At the border of the volume the voxels at the edge go on.
Axes: see volume.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange

from kernels.arrays import module_of, on_device
from kernels.errors import InvalidParameter, InvalidVolume
from kernels.lanes import OPTIONS
from kernels.volume import Volume

Region = tuple[slice, slice, slice]  # z, y, x; steps of one

EVEN = 0.01  # of a step: how far a slice may lie from where a regular grid has it
SQUARE = 0.01  # the cosine between two axes: half a degree from a right angle
EXPONENT = 0x7F800000  # all of its bits are set in what is no finite float32


class Box(NamedTuple):
    """From voxel z0, y0, x0 to before z1, y1, x1."""

    z0: int
    z1: int
    y0: int
    y1: int
    x0: int
    x1: int

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.z1 - self.z0, self.y1 - self.y0, self.x1 - self.x0

    @property
    def region(self) -> Region:
        return slice(self.z0, self.z1), slice(self.y0, self.y1), slice(self.x0, self.x1)

    def grown(self, reach: tuple[int, ...], shape: tuple[int, ...]) -> Box:
        """The box with as many voxels more on both sides along z, y and x, cut at the borders."""
        starts = (max(start - r, 0) for start, r in zip(self[::2], reach, strict=True))
        stops = (min(stop + r, n) for stop, r, n in zip(self[1::2], reach, shape, strict=True))
        return Box(*(end for ends in zip(starts, stops, strict=True) for end in ends))

    def within(self, other: Box) -> Box:
        """The same voxels, counted from the first one of a larger box."""
        return Box(*(end - first for end, first in zip(self, np.repeat(other[::2], 2).tolist(), strict=True)))

    def common(self, other: Box) -> Box:
        """What lies in both; with a side of 0 or less where nothing does."""
        starts = map(max, self[::2], other[::2])
        stops = map(min, self[1::2], other[1::2])
        return Box(*(end for ends in zip(starts, stops, strict=True) for end in ends))


def box_of(region: Region | None, shape: tuple[int, ...]) -> Box:
    """The box of a region, or all of an array of this shape.

    Raises:
        InvalidParameter: not three slices, a step other than one, no voxel, or voxels that are not there.
    """
    if region is None:
        region = (slice(None),) * 3
    if not isinstance(region, tuple) or len(region) != 3 or not all(isinstance(one, slice) for one in region):
        raise InvalidParameter("a region is three slices, along z, y and x")
    ends = []
    for one, n in zip(region, shape, strict=True):
        start, stop = one.start or 0, n if one.stop is None else one.stop
        if one.step not in (None, 1) or not 0 <= start < stop <= n:
            raise InvalidParameter(f"a region's slices hold voxels 0 … {n} in steps of one, not {one}")
        ends += [int(start), int(stop)]
    return Box(*ends)


def spacing_of(volume: Volume) -> tuple[float, float, float]:
    """The spacing of a volume along x, y and z, mm, if that says where its voxels lie.

    Raises:
        InvalidVolume: slices are missing or lie unevenly, or the axes are not at right angles.
    """
    sx, sy, sz = volume.spacing_mm.tolist()
    if volume.holes:
        raise InvalidVolume("a filter needs every slice: images are missing here, resample the volume first")
    if volume.places is not None:
        step = volume.places[-1] / (len(volume.places) - 1)
        if np.abs(volume.places - step * np.arange(len(volume.places))).max() > EVEN * step:
            raise InvalidVolume("a filter needs slices at even distances: resample the volume first")
        sz *= float(step)
    axes = volume.affine[:3, :3] / volume.spacing_mm
    if np.abs(axes.T @ axes - np.eye(3)).max() > SQUARE:
        raise InvalidVolume("a filter needs axes at right angles: resample the sheared volume first")
    return sx, sy, sz


def require_finite(volume: Volume, box: Box) -> None:
    """Of NaN a filter makes more NaN, or, in fast arithmetic, anything.

    Raises:
        InvalidVolume: a voxel of the box is NaN or infinite.
    """
    if volume.array.dtype != np.float32:
        return
    part: Any = volume.array[box.region]
    if on_device(part):
        finite = bool(module_of(part).isfinite(part).all())
    else:
        finite = not not_finite(volume.voxels.view(np.int32), volume.size, *box)
    if not finite:
        raise InvalidVolume("a filter needs finite values: some voxels here are NaN or infinite")


@njit(parallel=True, cache=True, **OPTIONS)
def not_finite(bits, size, z0, z1, y0, y1, x0, x1):
    """How many voxels of a box are no finite float32, given as their bits."""
    nx, ny, _ = size
    found = 0
    for z in prange(z0, z1):
        for y in range(y0, y1):
            row = (z * ny + y) * nx
            here = 0
            for x in range(x0, x1):
                here += (bits[row + x] & EXPONENT) == EXPONENT
            found += here
    return found
