"""Where the rays of a picture run through a volume, in float64; for masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.picture import Picture
from kernels.volume import Volume


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
