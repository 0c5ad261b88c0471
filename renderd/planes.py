"""The images of a reformat: parallel pictures through a Volume, made one after another in small portions.

Only the compute thread may call `step`. By the CPU alone, card or not: what is stored comes from one formula, rounded
one way.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kernels.picture import SNAP, Picture, spacing_along
from kernels.plane import SHORT, slab
from kernels.samples import sample_count
from kernels.tiles import BLOCK
from kernels.window import OUTSIDE
from renderd.camera import Vector, axes
from renderd.errors import ReformatTooLarge
from renderd.protocol import Reformat
from renderd.sources import VolumeSource
from storage.dicom.sources import FrameSource

MAX_COUNT = 2000  # images
MAX_SIDE = 2048  # pixels
MAX_BYTES = 512 << 20  # of all images, which are in memory until the last one is made
PIXEL_BYTES = 2
POINTS = 256  # along each side of an image that are asked whether it crosses a hole
PORTION_S = 0.01  # a portion takes about this long: a picture that somebody drags waits for no more


def check(request: Reformat) -> int:
    """How many bytes its images have.

    Raises:
        ReformatTooLarge: that is more than are made at once.
    """
    size = request.width * request.height * PIXEL_BYTES * request.count
    if request.count > MAX_COUNT:
        raise ReformatTooLarge(f"{request.count} images: at most {MAX_COUNT} are made at once")
    if max(request.width, request.height) > MAX_SIDE:
        raise ReformatTooLarge(f"{request.width} × {request.height} pixels: at most {MAX_SIDE} a side")
    if size > MAX_BYTES:
        raise ReformatTooLarge(f"{size >> 20} MiB of pixels: at most {MAX_BYTES >> 20} are made at once")
    return size


class Planes:
    """The images of one request, numbered from 0."""

    def __init__(self, request: Reformat, source: VolumeSource) -> None:
        self._request, self._source = request, source
        self.right, self.down = axes(request.right, request.down)
        self.normal: Vector = np.cross(self.right, self.down)
        voxel_mm = spacing_along(source.volume, self.normal)
        self.samples = sample_count(source.volume, self.picture(0), request.thickness_mm)
        # A plane is as thick as the voxels that it is interpolated from.
        self.thickness_mm = request.thickness_mm or voxel_mm
        self.projection = request.projection if request.thickness_mm and self.samples > 1 else None
        self._values = np.empty((request.height, request.width), np.float32)
        self._picture = self.picture(0)
        self._row = 0
        self._band = BLOCK

    def position(self, k: int) -> Vector:
        """The centre of the first pixel of image k."""
        return np.asarray(np.array(self._request.origin) + k * self._request.spacing_mm * self.normal)

    def picture(self, k: int) -> Picture:
        """Image k's grid of pixels."""
        request = self._request
        steps = (self.right * request.pixel_mm, self.down * request.pixel_mm)
        return Picture(self.position(k), *steps, request.width, request.height)

    def begin(self, k: int) -> None:
        """Go on with image k."""
        self._picture, self._row = self.picture(k), 0
        self._values = np.empty((self._request.height, self._request.width), np.float32)

    def step(self) -> bool:
        """The next portion of the image that was begun; True when it is whole."""
        request, begun = self._request, time.perf_counter()
        first, last = self._row, min(request.height, self._row + self._band)
        grid = self._source.bricks if self.samples >= SHORT and request.projection != "mean" else None
        how = (request.projection, request.thickness_mm, self._values[first:last])
        slab(self._source.volume, self._picture, *how, bricks=grid, rows=(first, last))
        fit = int((last - first) * PORTION_S / max(time.perf_counter() - begun, 1e-6))
        self._band = max(1, min(fit, 2 * self._band) // BLOCK) * BLOCK
        self._row = last
        return last == request.height

    def taken(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The values of the image that is whole, and where they are samples."""
        return self._values, self._values != OUTSIDE

    def crosses_hole(self, k: int) -> bool:
        """Whether images are missing where image k lies, by every so many pixels and all that is between them."""
        volume, picture = self._source.volume, self.picture(k)
        if not volume.holes:
            return False
        apart = [max(1, side // POINTS) for side in (picture.width, picture.height)]
        across, down = np.arange(0, picture.width, apart[0]), np.arange(0, picture.height, apart[1])
        half_mm = (self.samples - 1) / 2 * spacing_along(volume, self.normal)
        middle = picture.origin + across[:, None] * picture.right + down[:, None, None] * picture.down
        x, y, place = np.moveaxis(volume.to_index(middle), -1, 0)
        along = np.abs([self.normal, picture.right, picture.down] @ volume.inverse[2])
        reach = float(along @ (half_mm, (apart[0] - 1) / 2, (apart[1] - 1) / 2))
        meets = (x >= 0) & (x <= volume.last[0]) & (y >= 0) & (y <= volume.last[1])
        gaps = [volume.place_of((hole, hole + 1)) for hole in volume.holes]
        low, high = place - reach + SNAP, place + reach - SNAP
        return any(bool((meets & (high > before) & (low < after)).any()) for before, after in gaps)

    def used(self, k: int, inside: NDArray[np.bool_]) -> Sequence[FrameSource]:
        """The frames that image k was computed from, whose samples lie `inside`."""
        rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return []
        volume, picture = self._source.volume, self.picture(k)
        half_mm = (self.samples - 1) / 2 * spacing_along(volume, self.normal)
        points = [
            picture.origin + u * picture.right + v * picture.down + way * self.normal
            for u in columns[[0, -1]]
            for v in rows[[0, -1]]
            for way in (-half_mm, half_mm)
        ]
        slices = volume.slice_of(volume.to_index(points)[:, 2])
        first, last = np.floor(slices.min() + 1e-6), np.ceil(slices.max() - 1e-6)
        return self._source.stack.frames[max(0, int(first)) : int(last) + 1]
