"""Filtered volumes: what a reader's filter makes of all voxels, made in portions, see derived.py."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kernels.bricks import Bricks, bricks
from kernels.volume import Volume
from renderd.assemble import Assembly
from renderd.derived import PORTION_VOXELS, Beside, Derived
from renderd.filters import volume_filter
from renderd.protocol import Filter


class Filtered(Derived):
    """A volume like another one, with its bricks."""

    def __init__(self, assembly: Assembly, chosen: Filter) -> None:
        assert assembly.volume is not None
        source = assembly.volume
        # A median is one of the values that were there; everything else lies between them.
        dtype = source.array.dtype if chosen.name == "median" else np.dtype(np.float32)
        super().__init__((assembly.key,), dtype.itemsize * source.array.size)
        self.volume = Volume(np.zeros(source.array.shape, dtype), source.affine, source.places, source.holes)
        self.bricks: Bricks | None = None
        self._source: Volume | None = source
        self._filter = chosen

    def make(self) -> Iterator[Beside | None]:
        source = self._source
        assert source is not None
        run, (nz, ny, nx) = volume_filter(self._filter), source.array.shape
        at_once = max(1, PORTION_VOXELS // (ny * nx))
        for first in range(0, nz, at_once):
            last = min(first + at_once, nz)
            run(source, (slice(first, last), slice(0, ny), slice(0, nx)), self.volume.array[first:last])
            yield None
        self._source = None
        self.bricks = bricks(self.volume)
