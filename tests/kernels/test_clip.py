"""Half-spaces and boxes against points that are known to lie inside or outside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.clip import MAX_PLANES, TOUCHING_MM, Box, along_grid, half_spaces, interval
from kernels.errors import InvalidParameter
from tests.kernels.grids import SHEARED, rotation

PLANE = (0.0, 0.0, 1.0, 5.0)


def test_no_clip_is_no_plane():
    assert half_spaces(None).shape == half_spaces([]).shape == (0, 4)
    assert interval(half_spaces(None), np.zeros(3), np.array([0, 0, 1.0])) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    "clip",
    [
        [(0, 0, 1)],
        PLANE,
        [PLANE] * (MAX_PLANES + 1),
        [(0, 0, 2.0, 5)],
        [(0, 0, 0, 5)],
        [(0, 0, 1, np.nan)],
        [(np.inf, 0, 0, 1)],
        [("a", 0, 1, 5)],
        [PLANE, (0, 0, 1)],
    ],
)
def test_what_is_no_row_of_half_spaces_is_refused(clip):
    with pytest.raises(InvalidParameter):
        half_spaces(clip)


@given(
    turn=st.tuples(*[st.floats(-180, 180)] * 3),
    centre=st.tuples(*[st.floats(-500, 500)] * 3),
    half=st.tuples(*[st.floats(0.5, 200)] * 3),
    part=st.tuples(*[st.floats(-2, 2)] * 3),
)
def test_the_six_half_spaces_of_a_box_keep_its_inside(turn, centre, half, part):
    """A point given in parts of the half sizes lies inside where every part is between −1 and 1."""
    axes = rotation(turn)
    point = np.array(centre) + axes.T @ (np.array(part) * half)
    planes = half_spaces(Box(centre, axes, half).half_spaces)
    held = planes[:, :3] @ point - planes[:, 3]
    expected = np.ravel([((1 + p) * h, (1 - p) * h) for p, h in zip(part, half, strict=True)])
    assert held == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("centre", "axes", "half"),
    [
        ((0, 0), np.eye(3), (1, 1, 1)),
        ((0, 0, np.nan), np.eye(3), (1, 1, 1)),
        ((0, 0, 0), np.eye(3) * 2, (1, 1, 1)),
        ((0, 0, 0), [[1, 0, 0], [0, 1, 0], [0, 1, 0]], (1, 1, 1)),
        ((0, 0, 0), np.eye(2), (1, 1, 1)),
        ((0, 0, 0), np.eye(3), (1, 0, 1)),
        ((0, 0, 0), np.eye(3), (1, -1, 1)),
        ((0, 0, 0), np.eye(3), (1, np.inf, 1)),
    ],
)
def test_what_spans_no_box_is_refused(centre, axes, half):
    with pytest.raises(InvalidParameter):
        Box(centre, axes, half)


def test_a_ray_is_kept_from_where_it_enters_a_box_to_where_it_leaves():
    planes = Box((10, 20, 30), np.eye(3), (5, 6, 7)).half_spaces
    along = np.array([0, 0, 1.0])
    assert interval(planes, np.array([10.0, 20, 0]), along) == (23, 37)
    assert interval(planes, np.array([10.0, 20, 0]), 2 * along) == (11.5, 18.5)
    assert interval(planes, np.array([10.0, 20, 0]), -along) == (-37, -23)
    first, last = interval(planes, np.array([10.0, 26.5, 0]), along)  # beside it, and along its faces
    assert first > last
    slanted = np.array([3.0, 0, 4]) / 5
    assert interval(planes, np.array([5.0, 20, 23]), slanted) == pytest.approx((0, 10 / 0.6))


@given(pixel=st.tuples(*[st.integers(0, 500)] * 3), turn=st.tuples(*[st.floats(-180, 180)] * 3))
def test_depths_along_a_grid_are_those_of_its_samples_in_the_patient(pixel, turn):
    grid = np.vstack([(3.0, -7.5, 2.0), rotation(turn) * 0.7])
    planes = half_spaces(Box((10, 20, 30), rotation(turn[::-1]), (5, 6, 7)).half_spaces)
    sample = (1, *pixel) @ grid
    point = SHEARED[:3, :3] @ sample + SHEARED[:3, 3]
    depths = along_grid(planes, SHEARED, grid) @ (1, *pixel)
    assert depths == pytest.approx(planes[:, :3] @ point - planes[:, 3] + TOUCHING_MM, abs=1e-9)
