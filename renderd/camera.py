"""From a view and a viewport to the pixel grid that a kernel fills.

The middle of the viewport is the view's centre: the centre of pixel (u, v) lies (u + ½ − width/2) pixel steps to the
right of it and (v + ½ − height/2) below. `extent_mm` spans the viewport's shorter side. A reduced picture covers the
same millimetres with fewer, larger pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kernels.clip import Box, half_spaces
from kernels.curve import Curve
from kernels.curved_layouts import Layout, Sheet, Straightened
from kernels.parallel_layouts import Projected, Stretched
from kernels.picture import Picture
from renderd.protocol import CurvedView, PlaneView, StackView, VolumeView

Vector = NDArray[np.float64]

# A scale this close to 1:1, in pixels across the whole picture, is meant to be 1:1.
SCALE_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Size:
    """A viewport and the picture rendered for it, pixels."""

    full_width: int
    full_height: int
    width: int
    height: int

    @property
    def reduced(self) -> bool:
        return (self.width, self.height) != (self.full_width, self.full_height)


def reduced(full_width: int, full_height: int, scale: float) -> Size:
    """The viewport with a picture `scale` times as large, at least one pixel."""
    return Size(full_width, full_height, max(1, round(full_width * scale)), max(1, round(full_height * scale)))


def axes(right: tuple[float, ...], down: tuple[float, ...]) -> tuple[Vector, Vector]:
    """The screen's axes as exact unit vectors at a right angle; `right` keeps its direction."""
    r, d = np.array(right), np.array(down)
    r /= np.linalg.norm(r)
    d -= (d @ r) * r
    return r, d / np.linalg.norm(d)


def steps(view: StackView | PlaneView | VolumeView, size: Size) -> tuple[Vector, Vector]:
    """Millimetres per pixel step to the right and down."""
    right, down = axes(view.right, view.down)
    full_pixel_mm = view.extent_mm / min(size.full_width, size.full_height)
    return (
        right * (full_pixel_mm * size.full_width / size.width),
        down * (full_pixel_mm * size.full_height / size.height),
    )


def picture(view: PlaneView | VolumeView, size: Size) -> Picture:
    """The pixel grid of a plane or of a volume rendering in patient space."""
    right, down = steps(view, size)
    origin = np.array(view.centre) + (0.5 - size.width / 2) * right + (0.5 - size.height / 2) * down
    return Picture(origin, right, down, size.width, size.height)


@lru_cache(maxsize=32)
def curve(points: tuple[tuple[float, ...], ...]) -> Curve:
    """The smooth curve through points; the last few are kept, since every picture of a drag asks for the same.

    Raises:
        InvalidParameter: there is no such curve.
    """
    return Curve(np.array(points, np.float64))


def layout(view: CurvedView, size: Size) -> Layout:
    """A curved view's layout on the picture's pixels.

    The lines of a stretched or projected layout run across the curve's middle, turned by the view's angle.

    Raises:
        InvalidParameter: there is no such curve, or it cannot be laid out like that.
    """
    line = curve(view.points)
    sheet = Sheet(size.width, size.height, view.extent_mm / min(size.width, size.height), view.along_mm, view.across_mm)
    if view.layout == "straightened":
        return Straightened(line, sheet, view.angle)
    direction = line.frame_at(line.length_mm / 2, view.angle).across
    return Stretched(line, sheet, direction) if view.layout == "stretched" else Projected(line, sheet, direction)


def eye(view: VolumeView) -> Vector | None:
    """Where the rays of a volume rendering begin, patient millimetres; None where they are parallel.

    The picture's plane, through the centre, is as far from it as makes `extent_mm` span the opening angle there.
    """
    if view.perspective is None:
        return None
    right, down = axes(view.right, view.down)
    away_mm = view.extent_mm / 2 / math.tan(math.radians(view.perspective) / 2)
    return np.asarray(np.array(view.centre) - away_mm * np.cross(right, down))


def clip(view: VolumeView) -> Vector:
    """The half-spaces that a volume rendering or a projection is cut to, [n, 4]: those of its box, then its planes."""
    planes = np.array(view.clip_planes).reshape(-1, 4)
    planes /= np.linalg.norm(planes[:, :3], axis=1, keepdims=True)
    if view.clip_box is None:
        return half_spaces(planes)
    first, second = axes(*view.clip_box.axes[:2])
    third = np.cross(first, second)
    third *= np.sign(third @ np.array(view.clip_box.axes[2]))
    box = Box(np.array(view.clip_box.centre), np.stack([first, second, third]), np.array(view.clip_box.half_mm))
    return half_spaces(np.concatenate([box.half_spaces, planes]))


def image_matrix(view: StackView, size: Size, pixel_mm: tuple[float, float]) -> tuple[Vector, bool]:
    """The 2×3 matrix from pixel (u, v) to image index (x, y), and whether every pixel is exactly one image pixel.

    pixel_mm: of the image, (along a row, down a column). At a scale of exactly 1:1, upright or in quarter turns and
    mirrored or not, a picture that would fall between image pixels (an odd size over an even one) moves by up to half
    a pixel onto them, so that what is shown are stored values.
    """
    right, down = steps(view, size)
    scale = np.array(pixel_mm)
    matrix = np.empty((2, 3))
    matrix[:, 0], matrix[:, 1] = right / scale, down / scale
    turn = np.round(matrix[:, :2])
    is_turn = np.abs(turn).sum() == 2 and abs(np.linalg.det(turn)) == 1
    is_exact = bool(is_turn and np.abs(matrix[:, :2] - turn).max() * max(size.width, size.height) < SCALE_TOLERANCE)
    if is_exact:
        matrix[:, :2] = turn
    matrix[:, 2] = np.array(view.centre) / scale + matrix[:, :2] @ (0.5 - np.array([size.width, size.height]) / 2)
    if is_exact:
        # Down from a half, so that a small change of the centre does not move neighbouring viewports apart.
        matrix[:, 2] = np.ceil(matrix[:, 2] - 0.5 - 1e-6)
    return matrix, is_exact


def image_band(matrix: Vector, first: int) -> Vector:
    """The matrix for the rows from `first` on."""
    moved = matrix.copy()
    moved[:, 2] += first * matrix[:, 1]
    return moved
