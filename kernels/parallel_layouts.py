"""Curves laid out flat on parallel lines, and back: stretched and projected.

    stretched      P(s) + ((C − P(s))·l + across)·l              along = ∫ |T − (T·l)·l| ds
    projected      the same lines                                along = P(s)·m from the least

P is the curve, s its arc length, T its tangent, l the direction of the lines (the vector of interest), C the middle of
the curve's extent. A stretched picture shows true lengths along the curve: d along² + d across² = ds². A projected one
is seen along l × m as it is; of lines that coincide it shows that of the point nearest to the viewer.
Source: Kanitsar et al., "CPR - curved planar reformation", 2002 (the kinds of picture); the formulas are our own.
Axes: see curved_layouts.py.
Tolerance: 1e-6 mm from a pixel to the patient and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PPoly

from kernels.arc import Arc, Numbers, Points, across, root_between
from kernels.curve import checked_points
from kernels.curved_layouts import Layout, Lines, is_within
from kernels.errors import InvalidParameter

SHORTEST = 1e-3  # of the curve's length: less across the lines is no picture


@dataclass(frozen=True, eq=False)
class _Parallel(Layout):
    """Every row is a line through the curve in the direction `line`, of any length.

    Raises:
        InvalidParameter: the direction has no length, or the curve runs along it.
    """

    line: ArrayLike

    def __post_init__(self) -> None:
        object.__setattr__(self, "line", direction(self.line))
        if self._shadow.total < SHORTEST * self.curve.length_mm:
            raise InvalidParameter("the curve runs along the lines that would show it: choose another direction")

    @cached_property
    def _shadow(self) -> Arc:
        """How far it is along the curve as seen along the lines."""
        return Arc(self.curve.spline, self.curve.arc.knots, np.asarray(self.line))

    @cached_property
    def _ends(self) -> tuple[float, float]:
        """Between what distances along the lines the curve lies."""
        far = self.curve.samples @ np.asarray(self.line)
        return float(far.min()), float(far.max())

    def _across(self, points: Points) -> Numbers:
        return np.asarray(points @ np.asarray(self.line)) - sum(self._ends) / 2

    def _feet(self, t: Numbers) -> Points:
        """Where the lines through the curve are at `across` 0."""
        points = self.curve.spline(t)
        return np.asarray(points - self._across(points)[..., None] * np.asarray(self.line))


@dataclass(frozen=True, eq=False)
class Stretched(_Parallel):
    """Parallel lines, as far from each other as along the curve: the surface of lines through it, rolled out."""

    @property
    def extent_mm(self) -> tuple[float, float]:
        return self._ends[1] - self._ends[0], self._shadow.total

    def lines(self, along_mm: Numbers) -> Lines:
        line = np.asarray(self.line)
        t = self._shadow.at(np.clip(along_mm, 0, self._shadow.total))
        down = across(self.curve.tangent_of(t), line)
        # Where the curve runs along the lines, the way it turns to.
        is_along = np.linalg.norm(down, axis=-1, keepdims=True) < 1e-7
        down = np.where(is_along, across(self.curve.spline(t, 2), line), down)
        is_along = np.linalg.norm(down, axis=-1, keepdims=True) < 1e-12
        down = np.where(is_along, _aside(line), down)
        normal = np.cross(line, down / np.linalg.norm(down, axis=-1, keepdims=True))
        shown = is_within(along_mm, self._shadow.total)
        return Lines(self._feet(t), np.broadcast_to(line, normal.shape), normal, shown)

    def flattened(self, points: Points) -> tuple[Numbers, Numbers]:
        return self._across(points), self._shadow.of(self.curve.nearest_parameter(points, np.asarray(self.line)))


@dataclass(frozen=True, eq=False)
class Projected(_Parallel):
    """Parallel lines as they are seen along line × down; `down` is made perpendicular to the lines.

    Without one, down runs from the curve's beginning to its end.

    Raises:
        InvalidParameter: a direction has no length, both are parallel, or the curve runs along the lines, or along the
            way it is seen.
    """

    down: ArrayLike | None = None

    is_isometric: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        line = np.asarray(self.line)
        ends = self.curve.samples[[0, -1]]
        way = (ends[1] - ends[0]) / self.curve.length_mm if self.down is None else direction(self.down)
        aside = across(way, line)
        if np.linalg.norm(aside) < 1e-6:
            raise InvalidParameter("a projected picture's way down is not along its lines: name another one")
        object.__setattr__(self, "down", aside / np.linalg.norm(aside))
        if np.ptp(self._heights) < SHORTEST * self.curve.length_mm:
            raise InvalidParameter("the curve runs along the way a projected picture is seen: choose another direction")

    @cached_property
    def _monotone(self) -> Numbers:
        """Parameters between two of which the curve goes down all the time, or up."""
        spline = self.curve.spline
        turns = PPoly(spline.c @ np.asarray(self.down), spline.x).derivative().roots(extrapolate=False)
        return np.unique(np.concatenate([self.curve.parameters, turns[np.isfinite(turns)]]))

    @cached_property
    def _heights(self) -> Numbers:
        """How far down the curve is at those."""
        return np.asarray(self.curve.spline(self._monotone) @ np.asarray(self.down))

    @property
    def extent_mm(self) -> tuple[float, float]:
        return self._ends[1] - self._ends[0], float(np.ptp(self._heights))

    def lines(self, along_mm: Numbers) -> Lines:
        line, down = np.asarray(self.line), np.asarray(self.down)
        normal = np.cross(line, down)
        low, high = self._heights.min(), self._heights.max()
        within = is_within(along_mm, high - low)
        heights = np.where(within, np.clip(along_mm + low, low, high), along_mm + low)
        t, shown = self._crossings(heights, normal)
        feet = self._feet(t)
        return Lines(feet, np.broadcast_to(line, feet.shape), np.broadcast_to(normal, feet.shape), shown)

    def flattened(self, points: Points) -> tuple[Numbers, Numbers]:
        return self._across(points), np.asarray(points @ np.asarray(self.down) - self._heights.min())

    def _crossings(self, heights: Numbers, normal: Points) -> tuple[Numbers, NDArray[np.bool_]]:
        """The parameters at which the curve is that far down, nearest to the viewer; and whether it ever is."""
        order = np.argsort(heights, kind="stable")
        sorted_ = heights[order]
        low = np.minimum(self._heights[:-1], self._heights[1:])
        high = np.maximum(self._heights[:-1], self._heights[1:])
        first, last = np.searchsorted(sorted_, low, side="left"), np.searchsorted(sorted_, high, side="right")
        found = last - first
        part = np.repeat(np.arange(len(low)), found)
        which = np.arange(len(part)) - np.repeat(np.cumsum(found) - found, found) + first[part]
        t = self._refined(part, sorted_[which])
        near = np.lexsort([self.curve.spline(t) @ normal, which])
        chosen = near[np.unique(which[near], return_index=True)[1]]
        result, shown = np.zeros(len(heights)), np.zeros(len(heights), bool)
        result[order[which[chosen]]], shown[order[which[chosen]]] = t[chosen], True
        return result, shown

    def _refined(self, part: NDArray[np.intp], heights: Numbers) -> Numbers:
        """Where between two of `_monotone` the curve is that far down."""
        down, spline = np.asarray(self.down), self.curve.spline
        low, high = self._monotone[part], self._monotone[part + 1]
        rising = np.where(self._heights[part + 1] >= self._heights[part], 1.0, -1.0)

        def off(t: Numbers) -> tuple[Numbers, Numbers]:
            return rising * (spline(t) @ down - heights), rising * (spline(t, 1) @ down)

        return root_between(off, low, high, (low + high) / 2, 1e-13 * spline.x[-1])


def direction(vector: ArrayLike) -> Points:
    """The unit vector in a direction.

    Raises:
        InvalidParameter: it is not three finite numbers, or has no length.
    """
    given = checked_points(vector)
    length = float(np.linalg.norm(given))
    if given.shape != (3,) or length < 1e-9:
        raise InvalidParameter("a direction is one vector with a length")
    return np.asarray(given / length)


def _aside(line: Points) -> Points:
    """Any unit vector across a line."""
    return np.asarray(np.linalg.svd(line[None])[2][1])
