"""The volume: an array and where it lies in the patient.

Arrays are `[z, y, x]`; index points and patient points are `(x, y, z)`, the latter LPS in millimetres. The affine maps
the first to the second, voxel centres at integers; shear and left-handed grids are allowed. Only this module converts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.errors import InvalidVolume, NoBackend

MAX_VOXELS = 2**31 - 1  # kernels count voxels in 32 bits
Size = tuple[np.int32, np.int32, np.int32]


@dataclass(frozen=True, eq=False)
class Volume:
    """A C-contiguous int16 or float32 array [z, y, x], every side at least 2, and its 4×4 affine.

    Raises:
        InvalidVolume: another dtype, layout or shape, or an affine that is not finite or not invertible.
        NoBackend: the array is not numpy's.
    """

    array: NDArray[Any]
    affine: NDArray[np.float64]

    def __post_init__(self) -> None:
        array = self.array
        if not isinstance(array, np.ndarray):
            raise NoBackend(f"kernels run on numpy arrays, not on {type(array).__module__}.{type(array).__name__}")
        if array.dtype not in (np.dtype(np.int16), np.dtype(np.float32)):
            raise InvalidVolume(f"a volume holds int16 or float32 of this machine's byte order, not {array.dtype}")
        if array.ndim != 3 or min(array.shape) < 2 or array.size > MAX_VOXELS:
            raise InvalidVolume(f"a volume has three sides of at least 2 voxels and fewer than 2³¹, not {array.shape}")
        if not array.flags.c_contiguous or not array.flags.aligned:
            raise InvalidVolume("a volume's array is C-contiguous")
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all() or (affine[3] != (0, 0, 0, 1)).any():
            raise InvalidVolume("an affine is a finite 4×4 matrix with the last row 0 0 0 1")
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
        if lengths.min() < 1e-6 or abs(np.linalg.det(affine[:3, :3] / lengths)) < 1e-6:
            raise InvalidVolume("the affine's columns do not span space")
        affine.flags.writeable = False
        object.__setattr__(self, "affine", affine)

    @property
    def spacing_mm(self) -> NDArray[np.float64]:
        """The distance between neighbours along x, y and z."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    def to_patient(self, points: ArrayLike) -> NDArray[np.float64]:
        """Index points [..., 3] in patient millimetres."""
        return np.asarray(np.asarray(points, np.float64) @ self.affine[:3, :3].T + self.affine[:3, 3])

    def to_index(self, points: ArrayLike) -> NDArray[np.float64]:
        """Patient points [..., 3] in index coordinates."""
        return np.asarray((np.asarray(points, np.float64) - self.affine[:3, 3]) @ self.inverse.T)

    @property
    def centre_mm(self) -> NDArray[np.float64]:
        """The patient point in the middle of the volume."""
        return self.to_patient((np.array(self.array.shape[::-1]) - 1) / 2)

    @property
    def corners_mm(self) -> NDArray[np.float64]:
        """The eight outermost voxel centres, [8, 3]."""
        last = np.array(self.array.shape[::-1]) - 1
        return self.to_patient(np.array(list(np.ndindex(2, 2, 2))) * last)

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
    def voxels(self) -> NDArray[Any]:
        """The array as kernels take it: flat, and never of Numba's read-only array type.

        A read-only array (a mapped file) would be another type to Numba and be compiled for again, in seconds.
        """
        if self.array.flags.writeable:
            return self.array.reshape(-1)
        return np.asarray(_Alias(self.array))


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
