"""Lengths along a spline, and places on it.

    s(t) = ∫ |P′| dt, by five points of Gauss and Legendre in every part of a table
    t(s), and roots in general: Newton's method, kept between two bounds

Axes: patient points (x, y, z), LPS, millimetres. A length may be that of the spline's shadow on a plane.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Points = NDArray[np.float64]

_GAUSS, _WEIGHTS = np.polynomial.legendre.leggauss(5)
_TINY = 1e-12


class Arc:
    """How far it is along a spline, or along its shadow on the plane across `line`, from its beginning."""

    def __init__(self, spline: Any, knots: Numbers, line: Points | None = None) -> None:
        self._spline, self._line, self.knots = spline, line, knots
        parts = self._between(knots[:-1], knots[1:])
        self._far = np.concatenate([[0.0], np.cumsum(parts)])
        self.total = float(self._far[-1])

    def of(self, t: Numbers) -> Numbers:
        """The length before parameters t."""
        k = np.clip(np.searchsorted(self.knots, t, side="right") - 1, 0, len(self.knots) - 2)
        return np.asarray(self._far[k] + self._between(self.knots[k], t))

    def at(self, length: Numbers) -> Numbers:
        """The parameters before which lengths lie, which are held to what there is."""
        k = np.clip(np.searchsorted(self._far, length, side="right") - 1, 0, len(self.knots) - 2)
        low, high = self.knots[k], self.knots[k + 1]
        part = (length - self._far[k]) / np.maximum(self._far[k + 1] - self._far[k], _TINY)

        def off(t: Numbers) -> tuple[Numbers, Numbers]:
            return self._far[k] + self._between(low, t) - length, self._speed(t)

        t = low + (high - low) * np.clip(part, 0, 1)
        return root_between(off, low, high, t, 1e-14 * self.knots[-1])

    def _speed(self, t: Numbers) -> Numbers:
        return np.asarray(np.linalg.norm(across(self._spline(t, 1), self._line), axis=-1))

    def _between(self, low: Numbers, high: Numbers) -> Numbers:
        half = (high - low) / 2
        nodes = (low + high)[..., None] / 2 + half[..., None] * _GAUSS
        return np.asarray(half * (self._speed(nodes) @ _WEIGHTS))


def across(vectors: Points, line: Points | None) -> Points:
    """The part of vectors [..., 3] across a unit vector; without one all of them."""
    return vectors if line is None else vectors - (vectors @ line)[..., None] * line


def root_between(
    function: Callable[[Numbers], tuple[Numbers, Numbers]], low: Numbers, high: Numbers, t: Numbers, close: float
) -> Numbers:
    """Where a function rises through zero, from a guess t on; where it would leave low … high, halves of that.

    The function gives its values and slopes. It ends where no t moves further than `close`.
    """
    for _ in range(60):
        f, slope = function(t)
        low, high = np.where(f <= 0, t, low), np.where(f >= 0, t, high)
        guess = t - f / np.where(slope > _TINY, slope, np.inf)
        better = np.where((guess >= low) & (guess <= high), guess, (low + high) / 2)
        if np.abs(better - t).max(initial=0) <= close:
            break
        t = better
    return t
