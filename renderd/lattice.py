"""Samples of a plane or a slab on a grid that belongs to the volume: moving, zooming or turning a picture changes none.

    plane              the stored value of the nearest voxel; so of a slab of one sample
    maximum, minimum   that of the stored values nearest to the slab's samples along the normal: nothing of an extreme
                       is interpolated away
    mean               that of the slab's samples, interpolated

In a plane along two axes of the volume the grid's points are voxel centres, as far apart as the volume's finest
spacing. In an oblique one they lie along those two axes laid into it, half as far apart: rays that cross slices
slantwise would else pass by voxels. One of them is where the third axis, through the first voxel, meets the plane.
Where samples lie along a ray is said in kernels/samples.py; outside the outermost centres, in holes and where something
is hidden is no value.
Plain numpy in small tiles, so any thread may ask and memory stays bounded.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kernels.errors import InvalidParameter
from kernels.layers import HALF, Layers
from kernels.picture import Picture, snap
from kernels.samples import Projection, Samples, slab_samples, ways
from kernels.sampling import FAR, reference_samples, reference_value
from kernels.volume import Volume
from kernels.window import OUTSIDE

MOST_SAMPLES = 1 << 23  # of a region, those along its normal counted: some seconds
AT_ONCE = 1 << 18  # some 200 bytes each
STRAIGHT = 1e-5  # a sine: planes this little oblique lie along axes
PLANE_TILE, SLAB_TILE = 256, 16  # pixels: the rays of a small tile take nearly the same samples


class Lattice:
    """The grid of a picture's plane: coordinates (a, b), points at whole numbers."""

    def __init__(self, volume: Volume, picture: Picture) -> None:
        axes, normal = volume.affine[:3, :3] / volume.spacing_mm, picture.normal
        # Rounded, so that of equal ones the first is taken however the picture's axes were rounded.
        slants = np.abs(normal @ axes).round(6)
        *flat, through = np.argsort(slants, kind="stable")
        first, second = axes[:, sorted(flat)].T
        across = first - (first @ normal) * normal
        across /= np.linalg.norm(across)
        along = np.cross(normal, across)
        along *= 1 if along @ second >= 0 else -1
        corner = volume.affine[:3, 3]
        away = (picture.origin - corner) @ normal / (axes[:, through] @ normal)
        self.step_mm = float(volume.spacing_mm.min()) / (1 if slants[flat].max() < STRAIGHT else 2)
        self._anchor = corner + away * axes[:, through]
        self._axes = np.stack([across, along])
        self._picture = picture

    def of_pixels(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels (u, v) [n, 2] of the picture on the grid, rounded so that another zoom finds the very same."""
        picture = self._picture
        return self._of(picture.origin + pixels @ np.stack([picture.right, picture.down])).round(6)

    def within(self, volume: Volume, corners: NDArray[np.float64]) -> tuple[Picture, NDArray[np.float64]] | None:
        """The part of the grid that holds a region with these corners, and the first of its points; None: it is empty.

        Raises:
            InvalidParameter: it has too many points.
        """
        there = self._of(volume.corners_mm)
        low = np.floor(np.maximum(corners.min(axis=0), there.min(axis=0) - 1))
        high = np.ceil(np.minimum(corners.max(axis=0), there.max(axis=0) + 1))
        if (high < low).any():
            return None
        width, height = (int(number) for number in high - low + 1)
        if width * height > MOST_SAMPLES:
            raise InvalidParameter("the region holds too many samples")
        right, down = self._axes * self.step_mm
        return Picture(self._anchor + low[0] * right + low[1] * down, right, down, width, height), low

    def _of(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((points - self._anchor) @ self._axes.T / self.step_mm)


def values(
    volume: Volume, grid: Picture, projection: Projection, thickness_mm: float, layers: Layers | None
) -> NDArray[np.float32]:
    """The samples of a part of the grid, [h, w]; a thickness of 0 is the plane.

    Raises:
        InvalidParameter: they are too many.
    """
    samples = slab_samples(volume, grid, projection, thickness_mm)
    most = _most(volume, samples)
    if grid.width * grid.height * most > MOST_SAMPLES:
        raise InvalidParameter("the region holds too many samples")
    side = min(SLAB_TILE, max(1, math.isqrt(AT_ONCE // most))) if most > 1 else PLANE_TILE
    out = np.empty((grid.height, grid.width), np.float32)
    for v in range(0, grid.height, side):
        for u in range(0, grid.width, side):
            part = out[v : v + side, u : u + side]
            origin = grid.origin + u * grid.right + v * grid.down
            tile = replace(grid, origin=origin, width=part.shape[1], height=part.shape[0])
            part[:] = _tile(volume, tile, projection, thickness_mm, layers)
    return out


def _most(volume: Volume, samples: Samples) -> int:
    """How many samples a ray takes at most, with those of the other rays of its tile."""
    if samples.reach >= FAR:
        return samples.total
    reach = 2 * samples.reach + SLAB_TILE * float(np.abs(samples.grid[4, 1:]).sum())
    return min(samples.total, math.ceil(reach / (volume.finest if samples.axis == 2 else 1)) + 1) + 2


def _tile(
    volume: Volume, tile: Picture, projection: Projection, thickness_mm: float, layers: Layers | None
) -> NDArray[np.float64]:
    samples = slab_samples(volume, tile, projection, thickness_mm)
    grid, reach = samples.grid, samples.reach
    v, u = np.indices((tile.height, tile.width))
    plane = grid[4, 0] + u * grid[4, 1] + v * grid[4, 2]
    t = ways(samples, volume)
    t = t[(t >= plane.min() - reach) & (t <= plane.max() + reach)]
    t = np.broadcast_to(t[:, None, None], (len(t), *plane.shape))
    counts = np.abs(t - plane) <= reach
    if reach < FAR:
        t = np.concatenate([t, (plane - reach)[None], (plane + reach)[None]])
        counts = np.concatenate([counts, np.ones((2, *plane.shape), bool)])
    points = grid[0] + u[..., None] * grid[1] + v[..., None] * grid[2] + t[..., None] * grid[3]
    found, shown = reference_samples(volume, points)
    index = np.concatenate([points[..., :2], volume.slice_of(points[..., 2:])], axis=-1)
    if samples.total == 1 or projection != "mean":
        index = np.floor(snap(np.clip(index, 0, np.array(volume.array.shape[::-1]) - 1)) + 0.5)
        x, y, z = np.moveaxis(index.astype(int), -1, 0)
        found = volume.array[z, y, x]
    ok = shown & counts
    if layers is not None and layers.mask is not None:
        ok &= reference_value(layers.mask.array, index) >= HALF
    if projection == "mean":
        result = np.where(ok, found, 0).sum(axis=0, dtype=np.float64) / np.maximum(ok.sum(axis=0), 1)
    elif projection == "max":
        result = np.where(ok, found, -np.inf).max(axis=0)
    else:
        result = np.where(ok, found, np.inf).min(axis=0)
    return np.asarray(np.where(ok.any(axis=0), result, float(OUTSIDE)))
