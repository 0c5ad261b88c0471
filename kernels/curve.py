"""A curve through points of a patient: arc length, and a frame that turns about it no more than it must.

    P(t)      the cubic spline through the points, t their chord lengths; at the ends the slope of the parabola through
              three points
    s(t)      ∫ |P′| dt, see arc.py
    frame     tangent T, normal N, binormal T × N; from one place to the next two reflections: in the plane half-way
              between their points, then in the one that brings the tangent onto the next one's

Source: Wang, Jüttler, Zheng, Liu, "Computation of rotation minimizing frames", 2008 (the double reflection method);
own measurements for the spline's ends and parameters, see `_end`.
Axes: patient points (x, y, z), LPS, millimetres; arc lengths in millimetres from the first point.
Tolerance: 1e-9 mm between a point and the arc length found for it; frames orthonormal to 1e-12.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.interpolate import CubicSpline

from kernels.arc import Arc, Numbers, Points, across
from kernels.errors import InvalidParameter
from kernels.nearest import nearest_parameters
from kernels.picture import MAX_DISTANCE_MM

MAX_POINTS = 512
MAX_LENGTH_MM = 1e4
MIN_APART_MM = 1e-3  # neighbours nearer than this are one point
STEP_MM = 0.25  # between the places that are kept, at most
LEFT, POSTERIOR = np.array([1.0, 0, 0]), np.array([0, 1.0, 0])
_TINY = 1e-12


class Frame(NamedTuple):
    """A point of the curve and three unit vectors there, [..., 3]: along it, across it, and tangent × across."""

    point: Points
    tangent: Points
    across: Points
    normal: Points


class Nearest(NamedTuple):
    """Where a curve comes nearest to points: arc lengths [...], and the way from there to the points [..., 3]."""

    arc_mm: Numbers
    offset: Points


@dataclass(frozen=True, eq=False)
class Curve:
    """The curve through 2 to MAX_POINTS points, float64 [n, 3]; of neighbours that coincide the first is left.

    It may cross itself and end where it began, with a corner there.

    Raises:
        InvalidParameter: too few or too many points; one that is not finite, or beyond a kilometre; a curve longer
            than ten metres.
    """

    points: Points

    def __post_init__(self) -> None:
        points = _apart(_checked(self.points))
        points.flags.writeable = False
        object.__setattr__(self, "points", points)
        if self.length_mm > MAX_LENGTH_MM:
            raise InvalidParameter(f"a curve is at most {MAX_LENGTH_MM:g} mm long, not {self.length_mm:g}")

    @cached_property
    def spline(self) -> Any:
        """P(t), and its derivatives, for the parameters of `arc`."""
        chords = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        t = np.concatenate([[0.0], np.cumsum(chords)])
        return CubicSpline(t, self.points, bc_type=((1, _end(t, self.points)), (1, _end(t[::-1], self.points[::-1]))))

    @cached_property
    def arc(self) -> Arc:
        """How far it is along the curve."""
        t = self.spline.x
        parts = np.ceil(np.diff(t) / STEP_MM).astype(int)
        knots = [np.linspace(low, high, n, endpoint=False) for low, high, n in zip(t, t[1:], parts, strict=False)]
        return Arc(self.spline, np.concatenate([*knots, t[-1:]]))

    @property
    def length_mm(self) -> float:
        """The length of the curve."""
        return self.arc.total

    @cached_property
    def places_mm(self) -> Numbers:
        """Arc lengths, evenly at most STEP_MM apart, both ends among them, [m]."""
        return np.linspace(0, self.length_mm, int(np.ceil(self.length_mm / STEP_MM)) + 1)

    @cached_property
    def parameters(self) -> Numbers:
        """The t of `places_mm`."""
        return self.arc.at(self.places_mm)

    @cached_property
    def samples(self) -> Points:
        """The points at `places_mm`, [m, 3]."""
        return np.asarray(self.spline(self.parameters))

    @cached_property
    def _tangents(self) -> Points:
        return self.tangent_of(self.parameters)

    @cached_property
    def _normals(self) -> Points:
        """N at `places_mm`; it begins towards the patient's left, or their back where the curve begins to the left."""
        x, t = self.samples, self._tangents
        aside = POSTERIOR if abs(t[0] @ LEFT) > 1 - 1e-6 else LEFT
        turns = _turns(x[:-1], t[:-1], x[1:], t[1:])
        normals = np.array(list(accumulate(turns, lambda n, turn: turn @ n, initial=_unit(across(aside, t[0])))))
        return _unit(normals - (normals * t).sum(axis=-1, keepdims=True) * t)

    def tangent_of(self, t: Numbers) -> Points:
        """Unit tangents at parameters; where the curve stands still to turn back, the way on."""
        ways = self.spline(t, 1)
        still = np.linalg.norm(ways, axis=-1, keepdims=True) < 1e-9
        return _unit(np.where(still, self.spline(t, 2), ways))

    def point_at(self, arc_mm: ArrayLike) -> Points:
        """The points [..., 3] at arc lengths [...], which are held to the curve's ends.

        Raises:
            InvalidParameter: an arc length is no number.
        """
        return np.asarray(self.spline(self.parameter_at(arc_mm)))

    def parameter_at(self, arc_mm: ArrayLike) -> Numbers:
        """The parameters at arc lengths, as for `point_at`."""
        lengths = np.asarray(arc_mm, np.float64)
        if np.isnan(lengths).any():
            raise InvalidParameter("an arc length is a number")
        return self.arc.at(np.clip(lengths, 0, self.length_mm))

    def frame_at(self, arc_mm: ArrayLike, degrees: float = 0.0) -> Frame:
        """The frames at arc lengths, which are held to the curve's ends, turned about the tangent.

        Across is the curve's normal at 0°, its binormal at 90°.

        Raises:
            InvalidParameter: an arc length or the angle is no number.
        """
        if not np.isfinite(degrees):
            raise InvalidParameter(f"an angle is a finite number, not {degrees}")
        t = self.parameter_at(arc_mm)
        x, tangent = np.asarray(self.spline(t)), self.tangent_of(t)
        last = len(self.places_mm) - 1
        s = np.clip(np.asarray(arc_mm, np.float64), 0, self.length_mm) / self.length_mm * last
        # From the farther neighbour: between points that nearly coincide a reflection has no direction. Both agree,
        # since the way back undoes the way there.
        k = np.clip(np.where(s % 1 < 0.5, np.floor(s) + 1, np.floor(s)).astype(int), 0, last)
        k = np.where((k == last) & (s > last - 0.5), last - 1, k)
        turns = _turns(self.samples[k], self._tangents[k], x, tangent)
        normal = (turns @ self._normals[k][..., None])[..., 0]
        normal = _unit(normal - (normal * tangent).sum(axis=-1, keepdims=True) * tangent)
        angle = np.deg2rad(degrees)
        turned = np.cos(angle) * normal + np.sin(angle) * np.cross(tangent, normal)
        return Frame(x, tangent, turned, np.cross(tangent, turned))

    def nearest(self, points: ArrayLike) -> Nearest:
        """Where the curve comes nearest to patient points [..., 3].

        Raises:
            InvalidParameter: a point is not three finite numbers within a kilometre.
        """
        given = checked_points(points)
        t = self.nearest_parameter(given)
        return Nearest(self.arc.of(t), given - self.spline(t))

    def nearest_parameter(self, points: Points, line: Points | None = None) -> Numbers:
        """The parameters [...] at which the curve, or the line through it along `line`, comes nearest to points.

        Of lines that are equally near, the one of the nearer point of the curve.
        """
        return nearest_parameters(self.spline, self._pieces_mm, points, line)

    @cached_property
    def _pieces_mm(self) -> Numbers:
        """The lengths of the spline's pieces."""
        return np.diff(self.arc.of(self.spline.x))


def checked_points(points: ArrayLike) -> Points:
    """Points [..., 3] as float64.

    Raises:
        InvalidParameter: a point is not three finite numbers within a kilometre.
    """
    try:
        given = np.array(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidParameter("a point or vector is three numbers") from error
    if given.ndim < 1 or given.shape[-1] != 3 or not (np.abs(given) <= MAX_DISTANCE_MM).all():
        raise InvalidParameter("a point or vector is three finite numbers within a kilometre")
    return given


def _checked(points: ArrayLike) -> Points:
    given = checked_points(points)
    if given.ndim != 2 or not 2 <= len(given) <= MAX_POINTS:
        raise InvalidParameter(f"a curve goes through 2 to {MAX_POINTS} points, not through {given.shape[:-1]}")
    if np.linalg.norm(np.diff(given, axis=0), axis=1).sum() > MAX_LENGTH_MM:
        raise InvalidParameter(f"a curve is at most {MAX_LENGTH_MM:g} mm long")
    return given


def _apart(points: Points) -> Points:
    """The points without those that are where the one before them is."""
    kept = [points[0]]
    for point in points[1:]:
        if np.linalg.norm(point - kept[-1]) >= MIN_APART_MM:
            kept.append(point)
    if len(kept) < 2:
        raise InvalidParameter(f"a curve goes through two points that are at least {MIN_APART_MM} mm apart")
    return np.array(kept)


def _end(t: Numbers, points: Points) -> Points:
    """The slope at the first of three points of the parabola through them, or of the line through two.

    Measured on a helix of 14 mm with a pitch of 26 mm, 8 points a turn: so the length is 0.09 % off, without curvature
    at the ends 0.14 %, with one cubic in the first two pieces ("not a knot") 0.02 %. But through eight points as a hand
    sets them, at very uneven distances, not-a-knot curves are up to 2.6 times as long as their chords, these 1.13
    times. With roots of chords as parameters (centripetal) lengths are as good or up to three times further off.
    """
    first = (points[1] - points[0]) / (t[1] - t[0])
    if len(t) == 2:
        return np.asarray(first)
    second = (points[2] - points[1]) / (t[2] - t[1])
    return np.asarray(first - (second - first) * (t[1] - t[0]) / (t[2] - t[0]))


def _unit(vectors: Points) -> Points:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-300))


def _turns(x0: Points, t0: Points, x1: Points, t1: Points) -> Numbers:
    """The matrices [..., 3, 3] that carry frames with tangents t0 at points x0 to tangents t1 at points x1."""
    first = _reflections(x1 - x0)
    return np.asarray(_reflections(t1 - (first @ t0[..., None])[..., 0]) @ first)


def _reflections(vectors: Points) -> Numbers:
    """The matrices that turn vectors round and leave what is across them; of no vector the one that leaves all."""
    unit = _unit(np.where(np.linalg.norm(vectors, axis=-1, keepdims=True) > _TINY, vectors, 0.0))
    return np.asarray(np.eye(3) - 2 * unit[..., :, None] * unit[..., None, :])
