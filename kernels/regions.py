"""Regions of a picture that a reader draws, and which pixels belong to them: those whose centre lies inside.

A polygon's inside is even-odd: a ray to the right crosses its border an odd number of times, where an edge has its
upper end and not its lower one, and a centre on an edge lies to the right of it. So two regions that share an edge
share no pixel, and leave none out. A rectangle has its left and upper border and not the others; an ellipse has its
border.

Source: own; the rule for borders is the usual one of filling polygons.
Axes: pixels (x, y) = (column, row), centres at integers.
Tolerance: exact, but for the rounding of float64.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels.errors import InvalidParameter
from kernels.pixels import amount

MOST_PIXELS = 1e7  # of a coordinate
MOST_POINTS = 100_000


@dataclass(frozen=True, eq=False)
class Polygon:
    """A closed line through points (x, y), [n, 2]; the last is joined to the first.

    Raises:
        InvalidParameter: fewer than three points, too many, or coordinates that are not finite or beyond 10⁷.
    """

    points: NDArray[np.float64]

    def __post_init__(self) -> None:
        try:
            points = np.array(self.points, np.float64)
        except (TypeError, ValueError) as error:
            raise InvalidParameter("a polygon is a list of points (x, y)") from error
        if points.ndim != 2 or points.shape[1] != 2 or not 3 <= len(points) <= MOST_POINTS:
            raise InvalidParameter(f"a polygon has 3 to {MOST_POINTS} points (x, y)")
        if not (np.isfinite(points).all() and np.abs(points).max() <= MOST_PIXELS):
            raise InvalidParameter("the points of a polygon are finite and within 1e7 pixels")
        points.flags.writeable = False
        object.__setattr__(self, "points", points)

    def box(self) -> tuple[float, float, float, float]:
        """Smallest x and y, largest x and y."""
        (left, top), (right, bottom) = self.points.min(axis=0), self.points.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    def holds(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether centres (x, y) of a grid, x [w] and y [h] one pixel apart, lie inside: [h, w]."""
        first, last = self.points, np.roll(self.points, -1, axis=0)
        # Each edge from its upper end down, whichever way it is drawn: its neighbour then computes the same crossing.
        swap = (first[:, 1] > last[:, 1])[:, None]
        upper, lower = np.where(swap, last, first), np.where(swap, first, last)
        begin, end = (np.searchsorted(y, ends[:, 1]) for ends in (upper, lower))  # rows with upper ≤ y < lower
        edge = np.repeat(np.arange(len(upper)), end - begin)
        row = np.arange(len(edge)) - np.repeat(np.cumsum(end - begin) - (end - begin), end - begin) + begin[edge]
        a, b = upper[edge], lower[edge]
        cross = a[:, 0] + (y[row] - a[:, 1]) * ((b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1]))
        # A centre left of a crossing, x < cross, has that crossing on its right.
        crossings = np.zeros((len(y), len(x) + 1), np.int64)
        np.add.at(crossings, (row, np.searchsorted(x, cross)), 1)
        right = np.cumsum(crossings[:, ::-1], axis=1)[:, ::-1]
        return np.asarray(right[:, 1:] % 2 == 1)


@dataclass(frozen=True)
class Rectangle:
    """left ≤ x < right, top ≤ y < bottom; corners may be given in any order. A turned one is a Polygon.

    Raises:
        InvalidParameter: coordinates that are not finite or beyond 10⁷.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        for one, other in (("left", "right"), ("top", "bottom")):
            ends = sorted(_coordinate(getattr(self, name)) for name in (one, other))
            object.__setattr__(self, one, ends[0])
            object.__setattr__(self, other, ends[1])

    def box(self) -> tuple[float, float, float, float]:
        """Smallest x and y, largest x and y."""
        return self.left, self.top, self.right, self.bottom

    def holds(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether centres (x, y) of a grid lie inside: [h, w]."""
        return np.outer((y >= self.top) & (y < self.bottom), (x >= self.left) & (x < self.right))


@dataclass(frozen=True)
class Ellipse:
    """An ellipse about (x, y) with two half axes; `angle` in radians turns the first from right towards down.

    Raises:
        InvalidParameter: a centre that is not finite or beyond 10⁷, or half axes that are not above 0.
    """

    x: float
    y: float
    half_x: float
    half_y: float
    angle: float = 0.0

    def __post_init__(self) -> None:
        for name in ("x", "y", "angle"):
            object.__setattr__(self, name, _coordinate(getattr(self, name)))
        for name in ("half_x", "half_y"):
            half = amount(getattr(self, name), 1e-6, MOST_PIXELS, "half an axis of an ellipse, in pixels,")
            object.__setattr__(self, name, half)

    def box(self) -> tuple[float, float, float, float]:
        """Smallest x and y, largest x and y."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        across, along = math.hypot(self.half_x * c, self.half_y * s), math.hypot(self.half_x * s, self.half_y * c)
        return self.x - across, self.y - along, self.x + across, self.y + along

    def holds(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether centres (x, y) of a grid lie inside: [h, w]."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        dx, dy = x - self.x, (y - self.y)[:, None]
        return np.asarray(((c * dx + s * dy) / self.half_x) ** 2 + ((c * dy - s * dx) / self.half_y) ** 2 <= 1)


Region = Polygon | Rectangle | Ellipse


def _coordinate(value: float) -> float:
    return amount(value, -MOST_PIXELS, MOST_PIXELS, "a coordinate in pixels")


def mask(region: Region, height: int, width: int) -> tuple[tuple[slice, slice], NDArray[np.bool_]]:
    """Rows and columns of a picture that hold all pixels of a region, and which of theirs belong to it."""
    left, top, right, bottom = region.box()
    # An ellipse's box is rounded, its border is part of it.
    rows = _pixels(top - 1e-6, bottom + 1e-6, height)
    columns = _pixels(left - 1e-6, right + 1e-6, width)
    x, y = (np.arange(part.start, part.stop, dtype=np.float64) for part in (columns, rows))
    return (rows, columns), region.holds(x, y)


def _pixels(first: float, last: float, length: int) -> slice:
    start = min(max(0, math.ceil(first)), length)
    return slice(start, max(start, min(length, math.floor(last) + 1)))
