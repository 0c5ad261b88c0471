"""Filtered volumes: what a reader's filter makes of all voxels, made in portions, see derived.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kernels.bricks import Bricks, bricks
from kernels.volume import Volume
from renderd.assemble import Assembly
from renderd.cache import Key
from renderd.derived import Beside, Derived, Part
from renderd.filters import volume_filter
from renderd.protocol import Filter
from storage.dicom.stacks import Stack

TOGETHER = 8  # slices of a portion at least, but
MOST_VOXELS = 1 << 22  # no more because of that


def dtype_of(chosen: Filter, source: Any) -> np.dtype[Any]:
    """A median is one of the values that were there; everything else lies between them."""
    return np.dtype(source) if chosen.name == "median" else np.dtype(np.float32)


def filtered_part(key: Key, stack: Stack, voxels: int, chosen: Filter) -> Part:
    """The filtered volume of a stack.

    Raises:
        FilterNeedsPicture, InvalidFilter: as `filters.volume_filter`.
    """
    volume_filter(chosen)  # a reader should know at once
    size = dtype_of(chosen, stack.dtype).itemsize * voxels
    return Part(("filtered", *key, chosen), size, (key,), lambda assembly: Filtered(assembly, chosen))


class Filtered(Derived):
    """A volume like another one, with its bricks."""

    volume: Volume

    def __init__(self, assembly: Assembly, chosen: Filter) -> None:
        assert assembly.volume is not None
        source = assembly.volume
        self._dtype = dtype_of(chosen, source.array.dtype)
        super().__init__(self._dtype.itemsize * source.array.size)
        self.bricks: Bricks | None = None
        self._source: Volume | None = source
        self._filter = chosen

    def make(self) -> Iterator[Beside | None]:
        source = self._source
        assert source is not None
        run, (nz, ny, nx) = volume_filter(self._filter), source.array.shape
        array = np.zeros(source.array.shape, self._dtype)
        # A filter reads the slices about its own, and works on some of those anew for each portion.
        for first, last in self.portions(nz, max(1, min(TOGETHER, MOST_VOXELS // (ny * nx)))):
            run(source, (slice(first, last), slice(0, ny), slice(0, nx)), array[first:last])
            yield None
        self.volume = Volume(array, source.affine, source.places, source.holes)
        self._source = None
        self.bricks = bricks(self.volume)
