"""Curves through points against a helix with known lengths and frames, dense polylines and hostile clicks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline
from scipy.spatial import cKDTree

from kernels.curve import MAX_POINTS, STEP_MM, Curve
from kernels.errors import InvalidParameter
from tests.kernels.grids import rotation
from tests.kernels.helix import LENGTH, TORSION, clicked, helix, trihedron


def axes_of(frame):
    return np.stack([frame.tangent, frame.across, frame.normal], axis=-2)


def is_orthonormal(frame) -> bool:
    axes = axes_of(frame)
    handed = np.linalg.det(axes)
    return bool(np.abs(axes @ axes.swapaxes(-1, -2) - np.eye(3)).max() <= 1e-9 and (handed > 0).all())


def turned_deg(curve, s):
    """By how much the frame has turned about the helix' tangent against the analytic one that turns least."""
    across = curve.frame_at(s).across
    _, normal, binormal = trihedron(s).swapaxes(0, 1)
    angle = np.arctan2((across * binormal).sum(axis=-1), (across * normal).sum(axis=-1))
    return np.rad2deg(np.unwrap(angle) + TORSION * s)


@pytest.mark.parametrize("per_turn", [8, 12, 24])
def test_a_helix_has_its_length_within_a_five_hundredth(per_turn):
    assert Curve(clicked(per_turn)).length_mm == pytest.approx(LENGTH, rel=0.002)


def test_a_helix_set_finely_has_its_length_and_its_places():
    curve = Curve(clicked(100))
    assert curve.length_mm == pytest.approx(LENGTH, rel=1e-6)
    assert np.abs(curve.point_at(np.linspace(0, LENGTH, 999)) - helix(np.linspace(0, LENGTH, 999))).max() < 1e-3


def test_no_part_of_the_length_is_lost_at_the_end():
    for length in (0.1, STEP_MM, 1.9, 10.0, 527.3):
        curve = Curve([[3, 4, 5], [3, 4, 5 + length]])
        assert curve.length_mm == pytest.approx(length, rel=1e-12)
        assert curve.places_mm[0] == 0 and curve.places_mm[-1] == curve.length_mm
        assert np.diff(curve.places_mm).max() <= 0.5
        assert curve.samples[-1] == pytest.approx([3, 4, 5 + length], abs=1e-12)


def test_samples_are_evenly_apart_along_the_curve():
    """On a circle equal arcs have equal chords."""
    angle = np.linspace(0, 2 * np.pi, 65)
    curve = Curve(np.stack([20 * np.cos(angle), 20 * np.sin(angle), 0 * angle], axis=-1))
    chords = np.linalg.norm(np.diff(curve.samples, axis=0), axis=1)
    assert np.ptp(chords) <= 1e-6 * chords.mean()


def test_arc_lengths_are_those_of_a_dense_polyline():
    points = np.random.default_rng(4).uniform(-60, 60, (9, 3))
    curve = Curve(points)
    chords = np.linalg.norm(np.diff(points, axis=0), axis=1)
    t = np.concatenate([[0], np.cumsum(chords)])
    ends = [np.polyfit(t[part] - t[at], points[part], 2)[1] for at, part in ((0, slice(3)), (-1, slice(-3, None)))]
    spline = CubicSpline(t, points, bc_type=((1, ends[0]), (1, ends[1])))
    dense = spline(np.linspace(0, t[-1], 400001))
    far = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(dense, axis=0), axis=1))])
    assert curve.length_mm == pytest.approx(far[-1], rel=1e-8)
    for k in (77, 40000, 123456, 399999):
        assert curve.point_at(far[k]) == pytest.approx(dense[k], abs=1e-5)


def test_a_curve_goes_through_its_points():
    points = np.random.default_rng(7).uniform(-80, 80, (12, 3))
    assert np.linalg.norm(Curve(points).nearest(points).offset, axis=-1).max() <= 1e-9


@pytest.mark.parametrize("per_turn", [10, 24, 100])
@pytest.mark.parametrize("degrees", [0.0, 37.0, -800.5])
def test_frames_are_orthonormal_and_along_the_curve(per_turn, degrees):
    curve = Curve(clicked(per_turn))
    s = np.linspace(0, curve.length_mm, 3001)
    frame = curve.frame_at(s, degrees)
    assert is_orthonormal(frame)
    ahead = (curve.point_at(s[1:-1] + 1e-4) - curve.point_at(s[1:-1] - 1e-4)) / 2e-4
    assert np.abs(ahead - frame.tangent[1:-1]).max() < 1e-6


def test_frames_turn_about_a_helix_no_more_than_a_hundredth_of_a_degree_a_millimetre():
    s = np.linspace(0, LENGTH, 2001)
    fine = turned_deg(Curve(clicked(100)), s)
    assert np.abs(np.gradient(fine, s)).max() <= 0.01
    for per_turn in (12, 24):
        turned = turned_deg(Curve(clicked(per_turn)), s)
        assert np.ptp(turned) <= 0.01 * LENGTH
    # What Frenet's frame would turn: the test could tell.
    assert np.rad2deg(TORSION) > 1


def test_frames_do_not_turn_about_any_curve():
    """N′·B = 0 is what makes a frame one that turns least; between kept places, and across them."""
    curve = Curve(np.random.default_rng(2).uniform(-40, 40, (8, 3)))
    s = np.linspace(0.01, curve.length_mm - 0.01, 4001)
    frame, ahead, behind = curve.frame_at(s), curve.frame_at(s + 1e-4), curve.frame_at(s - 1e-4)
    twist = ((ahead.across - behind.across) / 2e-4 * frame.normal).sum(axis=-1)
    assert np.rad2deg(np.abs(twist)).mean() < 0.01
    assert np.rad2deg(np.abs(twist)).max() < 0.1


def test_an_angle_turns_the_frame_about_the_tangent():
    curve = Curve(clicked(16))
    s = np.linspace(0, curve.length_mm, 50)
    zero, turned = curve.frame_at(s), curve.frame_at(s, 30)
    expected = np.cos(np.pi / 6) * zero.across + np.sin(np.pi / 6) * np.cross(zero.tangent, zero.across)
    assert np.abs(turned.across - expected).max() < 1e-12
    assert np.abs(curve.frame_at(s, 390).across - turned.across).max() < 1e-12


def test_a_curve_to_the_head_begins_with_the_patients_left_to_the_right():
    frame = Curve([[1, 2, 3], [1, 2, 60]]).frame_at([0, 30.0, 57])
    assert np.abs(frame.across - (1, 0, 0)).max() < 1e-12
    assert np.abs(frame.normal - (0, 1, 0)).max() < 1e-12
    assert is_orthonormal(Curve([[0, 0, 0], [10, 0, 0]]).frame_at([0.0, 5, 10]))


def test_turning_the_points_turns_the_curve_and_its_frames_together():
    points, turn = np.random.default_rng(6).uniform(-30, 30, (7, 3)), rotation((40, -25, 110))
    one, other = Curve(points), Curve(points @ turn.T + (5, -6, 7))
    s = np.linspace(0, one.length_mm, 300)
    assert np.abs(one.point_at(s) @ turn.T + (5, -6, 7) - other.point_at(s)).max() < 1e-9
    a, b = axes_of(one.frame_at(s)) @ turn.T, axes_of(other.frame_at(s))
    apart = np.arctan2((b[:, 1] * a[:, 2]).sum(axis=-1), (b[:, 1] * a[:, 1]).sum(axis=-1))
    assert np.ptp(np.unwrap(apart)) < 1e-6


def test_from_a_place_beside_the_curve_one_finds_back():
    curve = Curve(clicked(12))
    s = np.linspace(0, curve.length_mm, 777)
    for degrees in (0, 120, 240):
        found = curve.nearest(curve.point_at(s) + 3 * curve.frame_at(s, degrees).across)
        assert np.abs(found.arc_mm - s).max() <= 1e-6
        assert np.linalg.norm(found.offset, axis=-1) == pytest.approx(3, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 9), spread=st.floats(0.5, 80))
def test_nothing_of_any_curve_is_nearer_than_the_nearest(seed, n, spread):
    rng = np.random.default_rng(seed)
    curve = Curve(rng.normal(0, spread, (n, 3)))
    asked = rng.normal(0, 2 * spread, (20, 3))
    found = curve.nearest(asked)
    dense = curve.spline(np.linspace(0, curve.spline.x[-1], 20001))
    away = np.linalg.norm(found.offset, axis=-1)
    assert (away <= cKDTree(dense).query(asked)[0] + 1e-9).all()
    assert np.abs(asked - found.offset - curve.point_at(found.arc_mm)).max() <= 1e-6
    assert is_orthonormal(curve.frame_at(np.linspace(0, curve.length_mm, 201)))


def test_a_point_as_far_from_everything_finds_something():
    """The middle of a circle is as near to one place of it as to another."""
    angle = np.linspace(0, 2 * np.pi, 33)
    curve = Curve(np.stack([20 * np.cos(angle), 20 * np.sin(angle), 0 * angle], axis=-1))
    assert np.linalg.norm(curve.nearest([0, 0, 3.0]).offset) == pytest.approx(np.hypot(20, 3), abs=1e-2)
    assert curve.nearest(np.zeros((2, 0, 3))).arc_mm.shape == (2, 0)
    assert curve.nearest(np.zeros((2, 5, 3))).offset.shape == (2, 5, 3)


def test_beyond_the_ends_are_the_ends():
    curve = Curve(clicked(12))
    assert (curve.point_at([-5.0, 1e9]) == curve.point_at([0.0, curve.length_mm])).all()
    beyond = curve.point_at(0) - 7 * curve.frame_at(0).tangent
    assert curve.nearest(beyond).arc_mm == 0


def test_neighbours_that_coincide_are_one_point():
    plain = Curve([[0, 0, 0], [0, 5, 20], [10, 5, 40]])
    doubled = Curve([[0, 0, 0], [0, 0, 1e-4], [0, 5, 20], [0, 5, 20], [0, 5, 20], [10, 5, 40], [10, 5, 40]])
    assert doubled.points.tolist() == plain.points.tolist()
    assert doubled.length_mm == plain.length_mm


@pytest.mark.parametrize(
    "points",
    [
        [[0, 0, 0], [10, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [10, 0, 0], [0, 0, 0], [10, 0, 0]],
        [[0, 0, 0], [30, 0, 0], [30, 30, 0], [0, 30, 0], [0, 0, 0]],
        [[0, 0, 0], [2e-3, 0, 0], [100, 0, 0]],
        [[1e6, 1e6, -1e6], [1e6, 1e6 - 5, -1e6]],
    ],
)
def test_curves_that_turn_back_close_or_lie_far_away_have_frames_everywhere(points):
    curve = Curve(points)
    frame = curve.frame_at(np.linspace(0, curve.length_mm, 801))
    assert np.isfinite(frame.point).all()
    assert is_orthonormal(frame)


@pytest.mark.parametrize(
    "points",
    [
        [],
        [[0, 0, 0]],
        [[1, 2, 3], [1, 2, 3]],
        [[1, 2, 3], [1, 2, 3 + 1e-4]],
        [[0, 0, 0], [0, 0, float("nan")]],
        [[0, 0, 0], [0, 0, float("inf")]],
        [[0, 0, 0], [0, 0, 1e9]],
        [[0, 0, 0], [0, 0, 10001]],
        [[0, 0], [1, 1]],
        [0, 0, 0],
        [[0, 0, 0], [1, 1]],
        [["a", 0, 0], [1, 1, 1]],
        None,
        np.zeros((2, 2, 3)),
        np.arange(3 * (MAX_POINTS + 1)).reshape(-1, 3),
    ],
)
def test_what_is_no_curve_is_refused(points):
    with pytest.raises(InvalidParameter):
        Curve(points)


@pytest.mark.parametrize("asked", ["arc", "angle", "nearest", "shape"])
def test_places_that_are_no_numbers_are_refused(asked):
    curve = Curve(clicked(8))
    with pytest.raises(InvalidParameter):
        {
            "arc": lambda: curve.point_at([1.0, float("nan")]),
            "angle": lambda: curve.frame_at(1.0, float("inf")),
            "nearest": lambda: curve.nearest([0, 0, float("nan")]),
            "shape": lambda: curve.nearest([0, 0]),
        }[asked]()


def test_the_points_of_a_curve_stay_as_they_are():
    given = clicked(8)
    curve = Curve(given)
    given[:] = 0
    assert curve.points[0] == pytest.approx(helix(0))
    with pytest.raises(ValueError):
        curve.points[0] = 0
