"""A second volume as a layer over the first: its place in the window, on the first one's grid; see kernels/layers.py.

Planes and projections sample the second volume where it lies. Rays of a volume rendering read both at once, and for
them it is brought onto one grid, as 255 steps of its window.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from kernels.layers import Layer
from kernels.picture import Picture
from kernels.plane import plane
from kernels.volume import Volume
from kernels.window import window
from renderd.assemble import Assembly
from renderd.cache import Key
from renderd.derived import Beside, Derived, Part
from renderd.palettes import colours_of
from renderd.protocol import Fusion

# In a volume rendering so much of the window's upper end is as opaque as the reader asks; a place half way up absorbs
# half as much. At 1 nearly nothing is seen behind it.
REACH_MM = 10.0
MOST_OPAQUE = 0.999


def moved(volume: Volume, fusion: Fusion) -> Volume:
    """The second volume in the first one's patient space: the same voxels elsewhere."""
    return Volume(volume.array, rigid(fusion) @ volume.affine, volume.places, volume.holes)


def rigid(fusion: Fusion) -> NDArray[np.float64]:
    """The 4×4 transform, its rotation exact: what came may be rounded."""
    matrix = np.vstack([fusion.move, [0, 0, 0, 1]]).astype(np.float64)
    u, _, v = np.linalg.svd(matrix[:3, :3])
    matrix[:3, :3] = u @ v
    return matrix


def heats_of(fusion: Fusion) -> NDArray[np.float32]:
    """Colour and extinction of each place in the window, float32 [256, 4]."""
    table = np.zeros((256, 4), np.float32)
    table[:, :3] = colours_of(fusion.palette) / np.float32(255)
    extinction = -np.log1p(-min(fusion.opacity, MOST_OPAQUE)) / REACH_MM
    table[:, 3] = np.linspace(0, extinction, 256)
    return table


def heat_part(key: Key, second: Key, voxels: int, fusion: Fusion) -> Part:
    """The layer of one volume over another of so many voxels."""
    name = ("heat", *key, *second, fusion.move, fusion.window)
    return Part(name, voxels, (key, second), lambda assembly, other: Heat(assembly, other, fusion))


class Heat(Derived):
    """The layer of one volume over another."""

    layer: Layer

    def __init__(self, assembly: Assembly, second: Assembly, fusion: Fusion) -> None:
        assert assembly.volume is not None and second.volume is not None
        super().__init__(assembly.volume.array.size)
        self._volumes: tuple[Volume, Volume] | None = (assembly.volume, moved(second.volume, fusion))
        self._window = fusion.window

    def make(self) -> Iterator[Beside | None]:
        assert self._volumes is not None
        volume, second = self._volumes
        (nz, ny, nx), matrix = volume.array.shape, volume.affine
        places = volume.place_of(np.arange(nz))
        layer = Layer(np.empty(volume.array.shape, np.uint8))
        values = np.empty((ny, nx), np.float32)
        for first, last in self.portions(nz):
            for z in range(first, last):
                corner = volume.to_patient((0, 0, places[z]))
                picture = Picture(corner, matrix[:3, 0], matrix[:3, 1], nx, ny)
                greys = plane(second, picture, values)
                window(greys, *self._window, function="LINEAR_EXACT", out=layer.array[z])
            yield None
        _ = layer.highest
        self.layer, self._volumes = layer, None
