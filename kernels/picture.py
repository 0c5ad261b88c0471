"""The pixel grid of a picture in patient space, and the same grid in a volume's index space.

    centre of pixel (row v, column u) = origin + u·right + v·down        LPS, millimetres

The grid may be mirrored. The viewer looks along right × down, into the screen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.arrays import module_of, on_device
from kernels.errors import InvalidParameter, InvalidPicture
from kernels.tiles import BLOCK
from kernels.volume import Volume

MAX_SIDE = 16384  # pixels
MAX_PIXELS = 2**26
MAX_DISTANCE_MM = 1e6  # beyond a kilometre float32 positions mean nothing
SNAP = 1e-6  # voxels

Rows = tuple[int, int]  # the first of a band, and the one after its last


class Band(NamedTuple):
    """Rows top … bottom − 1 of a picture of so many columns and rows."""

    top: int
    bottom: int
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Picture:
    """A grid of width × height pixels; `right` and `down` are millimetres per pixel step.

    Raises:
        InvalidPicture: a size out of range, or vectors that are not finite, zero, parallel or absurdly long.
    """

    origin: NDArray[np.float64]
    right: NDArray[np.float64]
    down: NDArray[np.float64]
    width: int
    height: int

    def __post_init__(self) -> None:
        check_size(self.width, self.height)
        for name in ("origin", "right", "down"):
            object.__setattr__(self, name, _vector(getattr(self, name)))
        lengths = np.linalg.norm([self.right, self.down], axis=1)
        if lengths.min() < 1e-6 or lengths.max() > 1e4:
            raise InvalidPicture(f"a pixel step is 1e-6 to 1e4 mm, not {lengths[0]:g} and {lengths[1]:g}")
        if np.linalg.norm(np.cross(self.right, self.down)) < 1e-4 * lengths[0] * lengths[1]:
            raise InvalidPicture("right and down are parallel")
        object.__setattr__(self, "width", int(self.width))
        object.__setattr__(self, "height", int(self.height))

    @cached_property
    def normal(self) -> NDArray[np.float64]:
        """The unit vector away from the viewer."""
        across = np.cross(self.right, self.down)
        return np.asarray(across / np.linalg.norm(across))


def check_size(width: int, height: int) -> None:
    """Refuse a picture without pixels, or with more than memory is for.

    Raises:
        InvalidPicture: it has no pixels or too many.
    """
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise InvalidPicture(f"a picture has 1 to {MAX_SIDE} pixels a side, 2²⁶ in all, not {width} × {height}")


def band(picture: Picture, rows: Rows | None) -> Band:
    """These rows; None: all of the picture.

    A band begins with a row of blocks and ends with one or with the picture, so that a block has the same rays, and a
    picture the same bytes, however many bands it is made in.

    Raises:
        InvalidParameter: the picture has no such band.
    """
    top, bottom = rows or (0, picture.height)
    ends = bottom % BLOCK == 0 or bottom == picture.height
    if not (0 <= top < bottom <= picture.height and top % BLOCK == 0 and ends):
        raise InvalidParameter(f"rows {top} to {bottom} of {picture.height} are no whole blocks of {BLOCK}")
    return Band(top, bottom, picture.width, picture.height)


def _vector(values: ArrayLike) -> NDArray[np.float64]:
    try:
        vector = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidPicture("a point or vector is three numbers") from error
    if vector.shape != (3,) or not np.isfinite(vector).all() or np.abs(vector).max() > MAX_DISTANCE_MM:
        raise InvalidPicture("a point or vector is three finite numbers within a kilometre")
    vector.flags.writeable = False
    return vector


def snap(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move what is within 1e-6 of a half-integer onto it, so that axis-aligned pictures show voxels bit for bit."""
    nearest = np.rint(values * 2) / 2
    return np.where(np.abs(values - nearest) < SNAP, nearest, values)


def spacing_along(volume: Volume, normal: NDArray[np.float64]) -> float:
    """The distance between samples one voxel apart along a unit vector, millimetres: 1 / ‖M⁻¹ n‖.

    Of an uneven stack a voxel is as thick as its slices are near where they are nearest, so that none is passed by.
    """
    return float(1 / np.linalg.norm(volume.inverse @ normal / (1, 1, volume.finest)))


def index_grid(volume: Volume, picture: Picture) -> NDArray[np.float64]:
    """Rows origin, right, down, step as (x, y, place); `step` is one sample spacing along the normal, [4, 3]."""
    vectors = np.array([picture.origin - volume.affine[:3, 3], picture.right, picture.down, picture.normal])
    grid = vectors @ volume.inverse.T
    grid[3] /= math.hypot(*grid[3, :2], grid[3, 2] / volume.finest)  # spacing_along
    grid = snap(grid)
    if volume.places is not None:
        nearest = volume.places[np.abs(volume.places - grid[0, 2]).argmin()]
        grid[0, 2] = nearest if abs(nearest - grid[0, 2]) < SNAP else grid[0, 2]
    return grid


def reference_points(grid: NDArray[np.float64], picture: Picture) -> NDArray[np.float64]:
    """Index points of all pixel centres, [h, w, 3]."""
    u = np.arange(picture.width)[None, :, None]
    v = np.arange(picture.height)[:, None, None]
    return np.asarray(grid[0] + u * grid[1] + v * grid[2])


def output(out: NDArray[Any] | None, shape: tuple[int, ...], dtype: type, source: NDArray[Any]) -> NDArray[Any]:
    """`out` if it fits, else a new array, in the memory where `source` lies.

    Raises:
        InvalidParameter: `out` has another shape, dtype or layout, or lies in the other memory.
    """
    if out is None:
        new: NDArray[Any] = module_of(source).empty(shape, dtype)
        return new
    if on_device(out) != on_device(source):
        raise InvalidParameter("out lies in the memory where the voxels lie")
    writeable = getattr(out.flags, "writeable", True)  # cupy knows no other
    if out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous or not writeable:
        raise InvalidParameter(f"out must be a writable C-contiguous {np.dtype(dtype).name} array of shape {shape}")
    return out
