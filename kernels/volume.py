"""The volume: an array and where it lies in the patient.

Arrays are `[z, y, x]`; patient points are `(x, y, z)`, LPS in millimetres. Index points are `(x, y, place)`, voxel
centres at integer x and y: the affine maps them to patient points; shear and left-handed grids are allowed. A place
counts steps of the affine's third column. Slice z lies at place z, or where `places[z]` says: an uneven stack is
sampled piecewise linearly between its stored slices, nothing is resampled. Only this module converts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.arrays import on_device
from kernels.errors import InvalidVolume
from kernels.slices import Slices, slices_of

MAX_VOXELS = 2**31 - 1  # kernels count voxels in 32 bits
MAX_PLACE = 2**16  # beyond it float32 places are coarser than a hundredth of a step
FINEST = 1 / 16  # steps: samples of a mean are no nearer to each other, however near slices are
MIN_INTERVAL = 1e-3  # between neighbouring slices, in steps: kernels count a place this close to a slice as on it
Size = tuple[np.int32, np.int32, np.int32]


@dataclass(frozen=True, eq=False)
class Volume:
    """A C-contiguous int16 or float32 array [z, y, x], every side at least 2, and where its voxels lie.

    The array is the backend: of a volume with numpy's the CPU makes pictures, of one with cupy's the card.

    Args:
        affine: 4×4, from index points (x, y, place) to patient millimetres.
        places: of each slice, float64 [nz], rising from 0; None: slice z lies at place z.
        holes: the numbers k where images are missing between slices k and k + 1. The two slices are shown, nothing
            is between them: a sample there counts like one outside the volume.

    Raises:
        InvalidVolume: another dtype, layout or shape; an affine that is not finite or not invertible; places that do
            not rise from 0 by at least MIN_INTERVAL to at most MAX_PLACE; a hole that is not between two slices.
        NoBackend: the array is neither numpy's nor on a card.
    """

    array: NDArray[Any]
    affine: NDArray[np.float64]
    places: NDArray[np.float64] | None = None
    holes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        array = self.array
        is_device = on_device(array)
        if array.dtype not in (np.dtype(np.int16), np.dtype(np.float32)):
            raise InvalidVolume(f"a volume holds int16 or float32 of this machine's byte order, not {array.dtype}")
        if array.ndim != 3 or min(array.shape) < 2 or array.size > MAX_VOXELS:
            raise InvalidVolume(f"a volume has three sides of at least 2 voxels and fewer than 2³¹, not {array.shape}")
        if not array.flags.c_contiguous or not (is_device or array.flags.aligned):
            raise InvalidVolume("a volume's array is C-contiguous")
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all() or (affine[3] != (0, 0, 0, 1)).any():
            raise InvalidVolume("an affine is a finite 4×4 matrix with the last row 0 0 0 1")
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
        if lengths.min() < 1e-6 or abs(np.linalg.det(affine[:3, :3] / lengths)) < 1e-6:
            raise InvalidVolume("the affine's columns do not span space")
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)
        if self.places is not None:
            object.__setattr__(self, "places", _places(self.places, array.shape[0]))
        object.__setattr__(self, "holes", _holes(self.holes, array.shape[0]))

    @property
    def spacing_mm(self) -> NDArray[np.float64]:
        """The distance between neighbours along x, y and z; along z of one step, whatever the places."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    def to_patient(self, points: ArrayLike) -> NDArray[np.float64]:
        """Index points (x, y, place) [..., 3] in patient millimetres."""
        return np.asarray(np.asarray(points, np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3])

    def to_index(self, points: ArrayLike) -> NDArray[np.float64]:
        """Patient points [..., 3] as index points (x, y, place)."""
        return np.asarray((np.asarray(points, np.float64) - self.affine[:3, 3]) @ self.inverse.T)

    def place_of(self, slices: ArrayLike) -> NDArray[np.float64]:
        """The places of slice numbers, fractions between slices included; the ends continue outside."""
        slices = np.asarray(slices, np.float64)
        return slices.copy() if self.places is None else _interpolated(slices, np.arange(len(self.places)), self.places)

    def slice_of(self, places: ArrayLike) -> NDArray[np.float64]:
        """Slice numbers, as fractions, at places; the inverse of `place_of`, and as piecewise linear."""
        places = np.asarray(places, np.float64)
        return places.copy() if self.places is None else _interpolated(places, self.places, np.arange(len(self.places)))

    @property
    def last(self) -> NDArray[np.float64]:
        """The index point (x, y, place) of the last voxel centre; the first is 0, 0, 0."""
        nz, ny, nx = self.array.shape
        return np.array([nx - 1, ny - 1, nz - 1 if self.places is None else self.places[-1]])

    @cached_property
    def finest(self) -> float:
        """The least distance between neighbouring slices, places; of two that nearly touch a sixteenth."""
        return 1.0 if self.places is None else max(float(np.diff(self.places).min()), FINEST)

    @property
    def centre_mm(self) -> NDArray[np.float64]:
        """The patient point in the middle of the volume."""
        return self.to_patient(self.last / 2)

    @property
    def corners_mm(self) -> NDArray[np.float64]:
        """The eight outermost voxel centres, [8, 3]."""
        return self.to_patient(np.array(list(np.ndindex(2, 2, 2))) * self.last)

    @cached_property
    def inverse(self) -> NDArray[np.float64]:
        """The 3×3 matrix from patient vectors to index vectors."""
        return np.asarray(np.linalg.inv(self.affine[:3, :3]))

    @cached_property
    def size(self) -> Size:
        """(nx, ny, nz), as kernels take it."""
        nz, ny, nx = self.array.shape
        return np.int32(nx), np.int32(ny), np.int32(nz)

    @cached_property
    def slices(self) -> Slices:
        """Where the slices lie, as kernels take it."""
        return slices_of(self.places, self.array.shape[0], self.holes)

    @cached_property
    def voxels(self) -> NDArray[Any]:
        """The array as kernels take it: flat, and never of Numba's read-only array type.

        A read-only array (a mapped file) would be another type to Numba and be compiled for again, in seconds.
        """
        if on_device(self.array) or self.array.flags.writeable:
            return self.array.reshape(-1)
        return np.asarray(_Alias(self.array))


def _places(places: ArrayLike, count: int) -> NDArray[np.float64]:
    table = np.array(places, dtype=np.float64)
    if table.shape != (count,) or not np.isfinite(table).all():
        raise InvalidVolume(f"a volume of {count} slices has as many finite places")
    if table[0] != 0 or np.diff(table).min() < MIN_INTERVAL or table[-1] > MAX_PLACE:
        raise InvalidVolume(f"places rise from 0 by at least {MIN_INTERVAL} to at most {MAX_PLACE}")
    table.flags.writeable = False
    return table


def _holes(holes: Iterable[int], count: int) -> tuple[int, ...]:
    chosen = tuple(sorted({int(k) for k in holes}))
    if chosen and not 0 <= chosen[0] <= chosen[-1] <= count - 2:
        raise InvalidVolume(f"a hole lies between two of {count} slices")
    return chosen


def _interpolated(x: NDArray[np.float64], xs: NDArray[Any], ys: NDArray[Any]) -> NDArray[np.float64]:
    """Piecewise linear through (xs, ys), the first and last piece continued."""
    k = np.clip(np.searchsorted(xs, x, side="right") - 1, 0, len(xs) - 2)
    return np.asarray(ys[k] + (x - xs[k]) * (ys[k + 1] - ys[k]) / (xs[k + 1] - xs[k]))


class _Alias:
    """The same memory without the read-only mark, alive as long as the array; for kernels, which only read it."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array
        self.__array_interface__ = {
            "shape": (array.size,),
            "typestr": array.dtype.str,
            "data": (array.__array_interface__["data"][0], False),
            "version": 3,
        }
