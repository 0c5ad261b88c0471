from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.draw import ellipse as drawn_ellipse
from skimage.draw import polygon as drawn_polygon

from kernels.errors import InvalidParameter
from kernels.regions import Ellipse, Polygon, Rectangle, Region, mask

SIZE = (60, 80)
points = st.lists(st.tuples(st.floats(-20, 100), st.floats(-20, 80)), min_size=3, max_size=12)
grid_points = st.lists(st.tuples(st.integers(-3, 12), st.integers(-3, 12)), min_size=3, max_size=8)


def inside(region: Region, height: int = SIZE[0], width: int = SIZE[1]) -> NDArray[np.bool_]:
    """All of a picture's pixels."""
    part, belongs = mask(region, height, width)
    found = np.zeros((height, width), bool)
    found[part] = belongs
    return found


def crossing(corners: list[tuple[float, float]], x: float, y: float) -> bool:
    """The textbook's ray to the right, in whole steps and with exact fractions."""
    from fractions import Fraction

    odd = False
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (ay > y) != (by > y):
            at = Fraction(ax) + (Fraction(y) - Fraction(ay)) * (Fraction(bx) - Fraction(ax)) / (
                Fraction(by) - Fraction(ay)
            )
            odd ^= x < at
    return odd


@settings(max_examples=100, deadline=None)
@given(corners=grid_points)
def test_polygons_through_pixel_centres_agree_with_exact_fractions(corners):
    truth = [[crossing(corners, x, y) for x in range(10)] for y in range(10)]
    assert np.array_equal(inside(Polygon(corners), 10, 10), truth)


@settings(max_examples=60, deadline=None)
@given(corners=points)
def test_any_polygon_is_scikit_image_s_but_for_its_border(corners):
    """Which keeps centres on the border, and rounds."""
    array = np.array(corners)
    rows, columns = drawn_polygon(array[:, 1], array[:, 0], SIZE)
    truth = np.zeros(SIZE, bool)
    truth[rows, columns] = True
    y, x = np.nonzero(inside(Polygon(corners)) != truth)
    ends = np.roll(array, -1, axis=0) - array
    for point in np.stack([x, y], axis=1):
        along = np.clip(((point - array) * ends).sum(axis=1) / np.maximum((ends**2).sum(axis=1), 1e-300), 0, 1)
        assert np.linalg.norm(point - (array + along[:, None] * ends), axis=1).min() < 1e-6


@settings(max_examples=60, deadline=None)
@given(corners=grid_points, cut=st.tuples(st.integers(0, 7), st.integers(0, 7)), backwards=st.booleans())
def test_two_parts_of_a_polygon_share_no_pixel_and_leave_none_out(corners, cut, backwards):
    """Cut along a diagonal: even-odd, so that parts may lie over each other, and count twice then."""
    first, last = sorted(number % len(corners) for number in cut)
    one, other = corners[first : last + 1], corners[last:] + corners[: first + 1]
    if len(one) < 3 or len(other) < 3:
        return
    parts = inside(Polygon(one), 10, 10) ^ inside(Polygon(other[::-1] if backwards else other), 10, 10)
    assert np.array_equal(parts, inside(Polygon(corners), 10, 10))


def test_a_fan_of_triangles_covers_every_pixel_once():
    turn = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    rim = np.stack([40 + 25.3 * np.cos(turn), 30 + 25.3 * np.sin(turn)], axis=1)
    covered = np.zeros(SIZE, int)
    for one, other in zip(rim, np.roll(rim, -1, axis=0), strict=True):
        covered += inside(Polygon([(40, 30), one, other]))
    assert covered.max() == 1
    assert np.array_equal(covered == 1, inside(Polygon(rim)))


def test_a_rectangle_has_its_left_and_upper_border():
    found = inside(Rectangle(3, 2, 7, 5), 10, 10)
    assert np.array_equal(np.argwhere(found).min(axis=0), (2, 3))
    assert np.array_equal(np.argwhere(found).max(axis=0), (4, 6))
    assert found.sum() == 12
    assert np.array_equal(found, inside(Polygon([(3, 2), (7, 2), (7, 5), (3, 5)]), 10, 10))
    assert np.array_equal(found, inside(Rectangle(7, 5, 3, 2), 10, 10))
    assert not (found & inside(Rectangle(7, 2, 9, 5), 10, 10)).any()


def test_a_polygon_that_crosses_itself_has_no_middle():
    turn = np.arange(5) * 4 * np.pi / 5
    star = np.stack([40 + 28 * np.cos(turn), 30 + 28 * np.sin(turn)], axis=1)
    found = inside(Polygon(star))
    assert not found[30, 40]
    assert found[30, 60]


@pytest.mark.parametrize("angle", [0, 0.4, -2.0])
def test_an_ellipse_has_the_area_of_its_axes(angle):
    """50 pixels are enough for half a percent."""
    for half in ((50, 50), (50, 80)):
        count = inside(Ellipse(120.3, 110.7, *half, angle), 230, 250).sum()
        assert count == pytest.approx(np.pi * half[0] * half[1], rel=5e-3)


def test_an_ellipse_is_scikit_image_s():
    found = inside(Ellipse(40.2, 30.6, 21.5, 12.25, 0.3))
    truth = np.zeros(SIZE, bool)
    truth[drawn_ellipse(30.6, 40.2, 12.25, 21.5, SIZE, rotation=-0.3)] = True
    assert np.array_equal(found, truth)


def test_the_angle_turns_from_right_to_down():
    found = inside(Ellipse(40, 30, 20, 3, np.pi / 4))
    assert found[30 + 10, 40 + 10] and not found[30 - 10, 40 + 10]


@pytest.mark.parametrize(
    "region",
    [
        Rectangle(-50, -50, -10, -10),
        Rectangle(200, 200, 300, 300),
        Ellipse(-40, 30, 20, 20),
        Ellipse(40.5, 30.5, 0.1, 0.1),
        Polygon([(1.2, 1.2), (1.8, 1.2), (1.5, 1.8)]),
        Polygon([(-9, -9), (-5, -9), (-5, -5)]),
        Polygon([(5, 5), (5, 5), (5, 5)]),
        Polygon([(5, 5), (25, 5), (15, 5)]),
    ],
)
def test_a_region_beside_the_picture_or_between_centres_has_no_pixels(region):
    assert not inside(region).any()


@pytest.mark.parametrize("region", [Rectangle(-5, -5, 500, 500), Ellipse(40, 30, 900, 900)])
def test_a_region_around_the_picture_has_all_of_it(region):
    assert inside(region).all()


def test_an_ellipse_has_its_border():
    assert inside(Ellipse(5, 5, 3, 2), 11, 11)[5, 2] and inside(Ellipse(5, 5, 3, 2), 11, 11)[3, 5]


@pytest.mark.parametrize(
    "corners",
    [[], [(1, 2)], [(1, 2), (3, 4)], [(1, 2, 3)] * 3, [(1, float("nan"))] * 3, [(1e8, 0)] * 3, "abc", [[1], [2, 3]]],
)
def test_what_is_no_polygon_is_refused(corners):
    with pytest.raises(InvalidParameter):
        Polygon(corners)


@pytest.mark.parametrize("half", [(0, 5), (5, -1), (float("nan"), 5)])
def test_an_ellipse_without_axes_is_refused(half):
    with pytest.raises(InvalidParameter):
        Ellipse(5, 5, *half)


def test_a_rectangle_without_coordinates_is_refused():
    with pytest.raises(InvalidParameter):
        Rectangle(0, 0, float("inf"), 5)
