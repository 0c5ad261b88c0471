"""Curves laid out flat: which line of the patient each row of a curved picture shows, and back.

Every layout is a surface of straight lines, flattened: a point of it is `along` millimetres down and `across` to the
right. Beyond the curve there is no line, and background. P is the curve, s its arc length, N and B its frame.

    straightened   P(s) + across·(cos a·N + sin a·B)             along = s

The other layouts are in parallel_layouts.py.
Source: Kanitsar et al., "CPR - curved planar reformation", 2002 (the three kinds of picture); the formulas are our own.
Axes: patient points (x, y, z), LPS, millimetres; pixels (u, v), see picture.py.
Tolerance: 1e-6 mm from a pixel to the patient and back.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.arc import Numbers, Points
from kernels.curve import Curve, checked_points
from kernels.curved_picture import CurvedPicture
from kernels.errors import InvalidParameter
from kernels.picture import MAX_DISTANCE_MM, Picture, check_size

CRUMB_MM = 1e-9  # sums of millimetres end in such


@dataclass(frozen=True)
class Sheet:
    """The flat picture: its pixels, and what lies in its middle.

    Args:
        pixel_mm: the side of a pixel.
        along_mm: how far down the layout the middle of the picture is.
        across_mm: how far to the right.

    Raises:
        InvalidPicture: it has no pixels or too many.
        InvalidParameter: a pixel of less than 1e-6 or more than 1e4 mm, or a middle beyond a kilometre.
    """

    width: int
    height: int
    pixel_mm: float
    along_mm: float
    across_mm: float = 0.0

    def __post_init__(self) -> None:
        check_size(self.width, self.height)
        if not 1e-6 <= self.pixel_mm <= 1e4:
            raise InvalidParameter(f"a pixel is 1e-6 to 1e4 mm wide, not {self.pixel_mm}")
        if not (abs(self.along_mm) <= MAX_DISTANCE_MM and abs(self.across_mm) <= MAX_DISTANCE_MM):
            raise InvalidParameter("the middle of a curved picture lies within a kilometre")

    def across_of(self, u: Any) -> Any:
        """Columns as millimetres to the right."""
        return self.across_mm + (u - (self.width - 1) / 2) * self.pixel_mm

    def along_of(self, v: Any) -> Any:
        """Rows as millimetres down."""
        return self.along_mm + (v - (self.height - 1) / 2) * self.pixel_mm

    def pixels_of(self, across_mm: Numbers, along_mm: Numbers) -> Numbers:
        """Pixels (u, v), fractions included, [..., 2]."""
        u = (across_mm - self.across_mm) / self.pixel_mm + (self.width - 1) / 2
        return np.stack([u, (along_mm - self.along_mm) / self.pixel_mm + (self.height - 1) / 2], axis=-1)


class Lines(NamedTuple):
    """Lines of a layout: where `across` is 0, their unit vectors to the right and away from the viewer, [n, 3]."""

    points: Points
    right: Points
    normal: Points
    shown: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Layout(ABC):
    """A curve, flattened onto a sheet."""

    curve: Curve
    sheet: Sheet

    is_isometric: ClassVar[bool] = True

    @property
    @abstractmethod
    def extent_mm(self) -> tuple[float, float]:
        """How far the curve itself reaches, across and along: along from 0 on, across to both sides of 0."""

    @abstractmethod
    def lines(self, along_mm: Numbers) -> Lines:
        """The lines [n] that far down."""

    @abstractmethod
    def flattened(self, points: Points) -> tuple[Numbers, Numbers]:
        """Across and along [...] of the nearest line's nearest point, of points [..., 3]."""

    @cached_property
    def picture(self) -> CurvedPicture:
        """What `curved.reformat` makes values of."""
        sheet = self.sheet
        lines = self.lines(sheet.along_of(np.arange(sheet.height)))
        origin = lines.points + sheet.across_of(0) * lines.right
        return CurvedPicture(
            origin, lines.right * sheet.pixel_mm, lines.normal, lines.shown, sheet.width, self.is_isometric
        )

    def to_patient(self, pixels: ArrayLike) -> Points:
        """Patient points [..., 3] of pixels (u, v) [..., 2], fractions and pixels outside the sheet included.

        Not a number where there is no line.

        Raises:
            InvalidParameter: a pixel is not two finite numbers.
        """
        given = np.asarray(pixels, np.float64)
        if given.ndim < 1 or given.shape[-1] != 2 or not np.isfinite(given).all():
            raise InvalidParameter("a pixel is two finite numbers")
        flat = given.reshape(-1, 2)
        lines = self.lines(self.sheet.along_of(flat[:, 1]))
        points = lines.points + self.sheet.across_of(flat[:, 0])[:, None] * lines.right
        return np.where(lines.shown[:, None], points, np.nan).reshape(*given.shape[:-1], 3)

    def to_pixels(self, points: ArrayLike) -> Numbers:
        """The pixels (u, v) [..., 2] nearest to patient points [..., 3], fractions and places off the sheet included.

        Raises:
            InvalidParameter: a point is not three finite numbers within a kilometre.
        """
        return self.sheet.pixels_of(*self.flattened(checked_points(points)))


@dataclass(frozen=True, eq=False)
class Straightened(Layout):
    """Every row is the line across the curve at its own arc length, turned about it by so many degrees.

    Raises:
        InvalidParameter: the angle is no number.
    """

    degrees: float = 0.0

    def __post_init__(self) -> None:
        if not np.isfinite(self.degrees):
            raise InvalidParameter(f"an angle is a finite number, not {self.degrees}")

    @property
    def extent_mm(self) -> tuple[float, float]:
        return 0.0, self.curve.length_mm

    def lines(self, along_mm: Numbers) -> Lines:
        frame = self.curve.frame_at(along_mm, self.degrees)
        # The viewer looks along right × down, and down runs along the tangent.
        shown = is_within(along_mm, self.curve.length_mm)
        return Lines(frame.point, frame.across, -frame.normal, shown)

    def flattened(self, points: Points) -> tuple[Numbers, Numbers]:
        arc_mm, offset = self.curve.nearest(points)
        frame = self.curve.frame_at(arc_mm, self.degrees)
        return np.asarray((offset * frame.across).sum(axis=-1)), arc_mm


def is_within(along_mm: Numbers, length_mm: float) -> NDArray[np.bool_]:
    """Whether a layout of that length has lines that far down."""
    return np.asarray((along_mm >= -CRUMB_MM) & (along_mm <= length_mm + CRUMB_MM))


def cross_section(curve: Curve, arc_mm: float, pixel_mm: float, side: int, degrees: float = 0.0) -> Picture:
    """The square plane across the curve, its middle on it, seen along it; `right` is the row's of `Straightened`.

    Raises:
        InvalidParameter: the arc length or the angle is no number.
        InvalidPicture: `side` pixels or `pixel_mm` are out of range.
    """
    check_size(side, side)
    frame = curve.frame_at(arc_mm, degrees)
    right, down = frame.across * pixel_mm, frame.normal * pixel_mm
    return Picture(frame.point - (right + down) * (side - 1) / 2, right, down, side, side)
