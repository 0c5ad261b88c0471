"""Where the rays of a picture run through a volume, in float64; for masks and for counting samples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.picture import Picture
from kernels.volume import Volume

LINE_VOXELS = 32  # int16 voxels in a cache line of 64 bytes


class Work(NamedTuple):
    """Samples of one frame, and the bytes of the cache lines they read, each line once."""

    samples: float
    touched: float


def span_mm(volume: Volume, picture: Picture) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each ray enters and leaves the box of voxel centres, mm behind the picture's plane; leaving first: never.

    Both [h, w]. Of an even stack.
    """
    start, direction = _index_rays(volume, picture)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.stack([-start, volume.last - start]) / direction
    beside = (start < 0) | (start > volume.last)
    along = np.broadcast_to(np.abs(direction) < 1e-12, start.shape)
    entry = np.where(along, np.where(beside, np.inf, -np.inf), t.min(axis=0)).max(axis=-1)
    leave = np.where(along, np.where(beside, -np.inf, np.inf), t.max(axis=0)).min(axis=-1)
    return entry, leave


def _index_rays(volume: Volume, picture: Picture) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Index points of the pixel centres [h, w, 3], and the direction of all rays per mm."""
    v, u = np.mgrid[: picture.height, : picture.width]
    points = picture.origin + u[..., None] * picture.right + v[..., None] * picture.down
    return volume.to_index(points), volume.inverse @ picture.normal


def inside(volume: Volume, picture: Picture, half_mm: float) -> NDArray[np.bool_]:
    """The pixels [h, w] whose rays stay in the volume from `half_mm` before the plane to `half_mm` behind it."""
    entry, leave = span_mm(volume, picture)
    return np.asarray((entry <= -half_mm) & (leave >= half_mm))


def work(volume: Volume, picture: Picture, step_mm: float, half_mm: float = np.inf) -> Work:
    """What a picture reads whose rays take a sample every `step_mm` within `half_mm` of the plane and skip none."""
    entry, leave = span_mm(volume, picture)
    entry, leave = np.maximum(entry, -half_mm), np.minimum(leave, half_mm)
    length = leave - entry
    samples = float((length[length >= 0] / step_mm + 1).sum())
    start, direction = _index_rays(volume, picture)
    touched = np.zeros(volume.array.size // LINE_VOXELS + 1, np.uint8)
    _touch(touched, volume.array.shape, start, direction, entry, leave, step_mm)
    return Work(samples, float(np.count_nonzero(touched)) * LINE_VOXELS * volume.array.itemsize)


@njit(parallel=True, cache=True)
def _touch(touched, shape, start, direction, entry, leave, step_mm):
    nz, ny, nx = shape
    for row in prange(start.shape[0]):
        for column in range(start.shape[1]):
            t = entry[row, column]
            while t <= leave[row, column]:
                x = min(max(int(start[row, column, 0] + t * direction[0]), 0), nx - 2)
                y = min(max(int(start[row, column, 1] + t * direction[1]), 0), ny - 2)
                z = min(max(int(start[row, column, 2] + t * direction[2]), 0), nz - 2)
                index = (z * ny + y) * nx + x
                for corner in (index, index + nx, index + nx * ny, index + nx * ny + nx):
                    touched[corner // LINE_VOXELS] = 1
                    touched[(corner + 1) // LINE_VOXELS] = 1
                t += step_mm
