"""Curves laid out flat: where pixels lie in the patient and back, true lengths, and directions that show nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.curve import Curve
from kernels.curved_layouts import Sheet, Straightened, cross_section
from kernels.curved_picture import CurvedPicture
from kernels.errors import InvalidParameter, InvalidPicture
from kernels.parallel_layouts import Projected, Stretched
from tests.kernels.helix import CENTRE, LENGTH, PITCH, RADIUS, TURNS, clicked, helix

OBLIQUE = (1.0, 0.2, 0.3)
LINES = [OBLIQUE, (0, 0, 1), (1, 0, 0), (0.3, -1, 0.01)]
SMALL = Sheet(3, 3, 1.0, 0.0)


def layouts(curve, sheet, line=OBLIQUE):
    return [
        Straightened(curve, sheet, 33.0),
        Stretched(curve, sheet, line),
        Projected(curve, sheet, line, (0.1, 0.7, 1)),
    ]


def whole(layout, pixel_mm=0.3, width=201, margin=20):
    """The same layout with all of its length in the picture, and some rows more at both ends."""
    along = layout.extent_mm[1]
    sheet = Sheet(width, int(along / pixel_mm) + 2 * margin, pixel_mm, along / 2)
    return replace(layout, sheet=sheet)


def image_length(layout, points):
    """How long a line through patient points is in the picture, millimetres."""
    pixels = layout.to_pixels(points)
    return np.linalg.norm(np.diff(pixels, axis=0), axis=1).sum() * layout.sheet.pixel_mm


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("per_turn", [10, 40])
def test_from_a_pixel_to_the_patient_and_back_is_the_same_pixel(which, per_turn):
    curve = Curve(clicked(per_turn))
    layout = whole(layouts(curve, SMALL)[which])
    # Beside the curve, nearer than its next turn and the middle of its bend.
    s = np.linspace(0, curve.length_mm, 801)
    pixels = layout.to_pixels(curve.point_at(s))
    pixels[:, 0] += np.linspace(-15, 15, 801)
    pixels = pixels[(pixels[:, 1] >= 20) & (pixels[:, 1] <= layout.sheet.height - 20)]
    points = layout.to_patient(pixels)
    assert np.isfinite(points).all() and len(points) > 700
    assert np.abs(layout.to_pixels(points) - pixels).max() * layout.sheet.pixel_mm <= 1e-6
    assert np.abs(layout.to_patient(layout.to_pixels(points)) - points).max() <= 1e-6


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 8), spread=st.floats(2, 80), degrees=st.floats(-400, 400))
def test_every_place_of_any_curve_is_found_in_its_pictures(seed, n, spread, degrees):
    rng = np.random.default_rng(seed)
    curve = Curve(rng.normal(0, spread, (n, 3)))
    points = curve.point_at(np.linspace(0, curve.length_mm, 200))
    for layout in (Straightened(curve, SMALL, degrees), Stretched(curve, SMALL, rng.normal(0, 1, 3))):
        assert np.abs(layout.to_patient(layout.to_pixels(points)) - points).max() <= 1e-6


def test_a_straightened_pixel_lies_across_the_helix_as_far_as_it_is_from_the_middle():
    curve = Curve(clicked(100))
    layout = whole(Straightened(curve, SMALL, 70.0), width=41)
    v, u = np.indices((layout.sheet.height, 41))
    points = layout.to_patient(np.stack([u, v], axis=-1))
    s = layout.sheet.along_of(v[:, 0])
    shown = (s >= 0) & (s <= curve.length_mm)
    assert (np.isfinite(points).all(axis=(1, 2)) == shown).all() and 0 < (~shown).sum() <= 41
    ways = points[shown] - helix(s[shown])[:, None]
    assert np.abs(np.linalg.norm(ways, axis=-1) - np.abs(u[0] - 20) * 0.3).max() < 1e-3
    ahead = helix(s[shown] + 0.01) - helix(s[shown] - 0.01)
    assert np.abs((ways * ahead[:, None]).sum(axis=-1)).max() < 1e-3


@pytest.mark.parametrize("line", LINES)
def test_a_stretched_curve_is_as_long_as_it_is(line):
    curve = Curve(clicked(60))
    points = curve.point_at(np.linspace(0, curve.length_mm, 8001))
    assert curve.length_mm == pytest.approx(LENGTH, abs=1e-3)
    assert image_length(Stretched(curve, SMALL, line), points) == pytest.approx(LENGTH, abs=1e-3)
    assert image_length(Straightened(curve, SMALL, 20.0), points) == pytest.approx(LENGTH, abs=1e-3)


def test_rows_of_a_stretched_picture_are_as_far_apart_as_the_formula_says():
    """Row spacing √(ds² − (dP·l)²), summed along the analytic helix; along its axis that is the circle's arc."""
    curve = Curve(clicked(60))
    for line in LINES:
        unit = np.array(line) / np.linalg.norm(line)
        dense = helix(np.linspace(0, LENGTH, 200001))
        steps = np.diff(dense, axis=0)
        across = np.sqrt(np.maximum((steps**2).sum(axis=1) - (steps @ unit) ** 2, 0)).sum()
        assert Stretched(curve, SMALL, line).extent_mm[1] == pytest.approx(across, abs=2e-3)
    assert Stretched(curve, SMALL, (0, 0, 1)).extent_mm == pytest.approx(
        (PITCH * TURNS, 2 * np.pi * RADIUS * TURNS), abs=1e-3
    )


def test_a_projected_picture_is_the_parallel_projection_and_says_that_lengths_are_not_true():
    curve = Curve(clicked(60))
    layout = Projected(curve, Sheet(101, 91, 0.4, 5.0, -3.0), (1, 0, 0), (0, 0.2, 1))
    down = np.array([0, 0.2, 1]) / np.hypot(0.2, 1)
    points = np.random.default_rng(1).normal(0, 30, (50, 3)) + CENTRE
    pixels = layout.to_pixels(points) - layout.to_pixels(CENTRE)
    assert np.abs(pixels * 0.4 - (points - CENTRE) @ np.stack([[1, 0, 0], down], axis=1)).max() < 1e-9
    dense = curve.point_at(np.linspace(0, curve.length_mm, 4001))
    assert image_length(layout, dense) < 0.9 * LENGTH
    assert not layout.picture.is_isometric
    assert Straightened(curve, SMALL).picture.is_isometric and Stretched(curve, SMALL, OBLIQUE).picture.is_isometric


def test_a_projected_picture_shows_the_nearest_of_lines_that_coincide():
    """A hairpin seen from the front: up before, down behind."""
    bend = np.linspace(0, np.pi, 9)[1:-1]
    up = [[0, -5, z] for z in np.linspace(0, 60, 7)]
    over = np.stack([0 * bend, -5 * np.cos(bend), 60 + 5 * np.sin(bend)], axis=-1).tolist()
    down = [[0, 5, z] for z in np.linspace(60, 20, 5)]
    curve = Curve(up + over + down)
    layout = whole(Projected(curve, SMALL, (1, 0, 0), (0, 0, -1)))  # seen along x × −z = y, from the front
    lines = layout.picture
    assert lines.normal[lines.shown][0] == pytest.approx([0, 1, 0])
    below = lines.shown & (lines.origin[:, 2] < 55)
    assert below.sum() > 150
    assert np.abs(lines.origin[below, 1] + 5).max() < 0.5
    behind = whole(Projected(curve, SMALL, (-1, 0, 0), (0, 0, -1))).picture
    far = behind.shown & (behind.origin[:, 2] > 25) & (behind.origin[:, 2] < 55)
    assert np.abs(behind.origin[far, 1] - 5).max() < 0.5


@pytest.mark.parametrize("which", [0, 1, 2])
def test_rows_go_from_one_end_of_the_curve_to_the_other_and_the_rest_is_background(which):
    curve = Curve(clicked(20))
    layout = whole(layouts(curve, SMALL)[which])
    along = layout.sheet.along_of(np.arange(layout.sheet.height))
    extent = layout.extent_mm[1]
    inside = (along >= 0) & (along <= extent)
    assert (layout.picture.shown == inside).all()
    assert 30 < (~inside).sum() < 42
    assert np.isnan(layout.to_patient([[5.0, 0.0], [5.0, layout.sheet.height - 1]])).all()
    # A sheet as high as the curve is long shows both ends.
    exact = replace(layout, sheet=Sheet(5, 101, extent / 100, extent / 2))
    assert exact.picture.shown.all()


@pytest.mark.parametrize("which", [0, 1, 2])
def test_the_picture_has_the_lines_that_its_pixels_are_on(which):
    layout = whole(layouts(Curve(clicked(20)), SMALL)[which], width=31)
    picture = layout.picture
    v, u = np.indices((picture.height, picture.width))
    points = layout.to_patient(np.stack([u, v], axis=-1))[picture.shown]
    lines = picture.origin[:, None] + np.arange(31)[:, None] * picture.right[:, None]
    assert np.abs(points - lines[picture.shown]).max() < 1e-9
    assert np.linalg.norm(picture.right[picture.shown], axis=1) == pytest.approx(0.3)
    # Away from the viewer: right × down.
    down = np.diff(picture.origin, axis=0)[picture.shown[:-1] & picture.shown[1:]]
    away = np.cross(picture.right[picture.shown][:-1], down)
    assert ((away * picture.normal[picture.shown][:-1]).sum(axis=1) > 0).mean() > 0.95


def test_zooming_and_panning_move_the_sheet_alone():
    curve = Curve(clicked(20))
    for layout in layouts(curve, Sheet(101, 81, 0.5, 40.0, 3.0)):
        middle = layout.to_patient([50.0, 40.0])
        zoomed, panned = (
            replace(layout, sheet=sheet) for sheet in (Sheet(101, 81, 0.25, 40.0, 3.0), Sheet(101, 81, 0.5, 45.0, 1.0))
        )
        assert zoomed.to_patient([50.0, 40.0]) == pytest.approx(middle)
        assert zoomed.to_patient([70.0, 60.0]) == pytest.approx(layout.to_patient([60.0, 50.0]))
        assert panned.to_patient([54.0, 30.0]) == pytest.approx(middle)


def test_lines_that_the_curve_runs_along_for_a_while_are_shown_once():
    """Down, then sideways along the lines, then down again: the way aside takes no rows, and nothing is undefined."""
    z = np.linspace(0, 30, 7)
    down = np.stack([0 * z, 0 * z, z], axis=-1)
    aside = np.stack([np.linspace(0, 30, 13), np.zeros(13), np.full(13, 30.0)], axis=-1)[1:-1]
    curve = Curve(np.concatenate([down, aside, down + np.array([30, 0, 30])]))
    layout = whole(Stretched(curve, SMALL, (1, 0, 0)))
    picture = layout.picture
    shown = picture.shown
    assert np.isfinite(picture.normal[shown]).all()
    assert layout.extent_mm[1] == pytest.approx(60, abs=3)
    points = curve.point_at(np.linspace(0, curve.length_mm, 4001))
    assert image_length(layout, points) == pytest.approx(curve.length_mm, abs=1e-3)
    straight = Stretched(Curve([[0, 0, 0], [0, 3, 40]]), Sheet(9, 9, 1.0, 20.0), (0, 3, 41)).picture
    assert np.isfinite(straight.normal).all()


@pytest.mark.parametrize("line", [(0, 3, 40), (0, 0, 0), (1, 0), (0, 0, float("nan")), (1e-12, 0, 0), "left", None])
def test_a_direction_that_shows_nothing_is_refused(line):
    curve = Curve([[0, 0, 0], [0, 3, 40]])
    for layout in (Stretched, Projected):
        with pytest.raises(InvalidParameter):
            layout(curve, SMALL, line)


@pytest.mark.parametrize("down", [(1, 0, 0), (0, 0, 0), (0, -40, 3), (float("inf"), 0, 0)])
def test_a_way_down_that_shows_nothing_is_refused(down):
    with pytest.raises(InvalidParameter):
        Projected(Curve([[0, 0, 0], [0, 3, 40]]), SMALL, (1, 0, 0), down)


def test_a_closed_curve_has_no_way_down_of_its_own():
    angle = np.linspace(0, 2 * np.pi, 17)
    curve = Curve(np.stack([9 * np.cos(angle), 9 * np.sin(angle), np.sin(angle)], axis=-1))
    with pytest.raises(InvalidParameter):
        Projected(curve, SMALL, (0, 0, 1))
    assert whole(Projected(curve, SMALL, (1, 0, 0), (0, 1, 0))).picture.shown.sum() == pytest.approx(18 / 0.3, abs=2)


@pytest.mark.parametrize("side", [(0, 5), (5, 0), (20000, 5), (16384, 16384)])
def test_a_sheet_without_pixels_or_with_too_many_is_refused(side):
    with pytest.raises(InvalidPicture):
        Sheet(*side, 1.0, 0.0)


@pytest.mark.parametrize(
    "numbers", [(0.0, 0, 0), (-1.0, 0, 0), (float("nan"), 0, 0), (1, float("inf"), 0), (1, 0, 2e6)]
)
def test_a_sheet_of_no_size_or_place_is_refused(numbers):
    with pytest.raises(InvalidParameter):
        Sheet(5, 5, *numbers)


def test_pixels_points_and_angles_that_are_none_are_refused():
    curve = Curve(clicked(8))
    layout = Straightened(curve, SMALL)
    for wrong in ([1.0, float("nan")], [1.0, 2.0, 3.0], 5.0):
        with pytest.raises(InvalidParameter):
            layout.to_patient(wrong)
    for wrong in ([0, 0, float("nan")], [0, 0], [0, 0, 1e9]):
        with pytest.raises(InvalidParameter):
            layout.to_pixels(wrong)
    with pytest.raises(InvalidParameter):
        Straightened(curve, SMALL, float("nan"))


def test_a_cross_section_is_across_the_curve_with_its_middle_on_it():
    curve = Curve(clicked(60))
    straightened = Straightened(curve, Sheet(41, 5, 0.5, 77.0), 40.0)
    for s in (0.0, 77.0, curve.length_mm):
        picture = cross_section(curve, s, 0.5, 31, 40.0)
        middle = picture.origin + 15 * (picture.right + picture.down)
        assert middle == pytest.approx(helix(s), abs=1e-3)
        ahead = helix(s + 0.01) - helix(s - 0.01)
        assert picture.normal == pytest.approx(ahead / np.linalg.norm(ahead), abs=1e-3)
        assert np.linalg.norm([picture.right, picture.down], axis=1) == pytest.approx(0.5)
    assert cross_section(curve, 77.0, 0.5, 31, 40.0).right == pytest.approx(straightened.picture.right[2])
    with pytest.raises(InvalidPicture):
        cross_section(curve, 10.0, 0.5, 0)
    with pytest.raises(InvalidPicture):
        cross_section(curve, 10.0, 0.0, 5)
    with pytest.raises(InvalidParameter):
        cross_section(curve, float("nan"), 0.5, 5)


ROWS = {"origin": np.zeros((4, 3)), "right": np.tile([1.0, 0, 0], (4, 1)), "normal": np.tile([0, 0, 1.0], (4, 1))}


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": np.zeros((3, 3))},
        {"origin": np.full((4, 3), np.nan)},
        {"origin": np.full((4, 3), 1e9)},
        {"right": np.zeros((4, 3))},
        {"right": np.tile([0, 0, 1.0], (4, 1))},
        {"normal": np.tile([0, 0, 2.0], (4, 1))},
        {"normal": np.zeros((4, 2))},
        {"shown": np.ones((4, 1), bool)},
        {"shown": np.ones(0, bool)},
        {"width": 0},
    ],
)
def test_lines_that_are_none_are_refused(wrong):
    with pytest.raises(InvalidPicture):
        CurvedPicture(**{**ROWS, "shown": np.ones(4, bool), "width": 5, **wrong})


def test_numbers_of_rows_that_are_not_shown_mean_nothing():
    origin = ROWS["origin"].copy()
    origin[2] = np.nan
    assert CurvedPicture(origin, ROWS["right"], ROWS["normal"], np.arange(4) != 2, 5).height == 4
