"""Cuts against their reference, closed forms, and the turns that a polygon makes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.cut import Lasso, cut, reference
from kernels.errors import InvalidParameter
from kernels.volume import Volume
from tests.kernels.grids import LEFT_HANDED, SHEARED, random_volume, rotation

STAR = np.array([[9.1, 0.3], [2.2, 1.7], [0.4, 8.3], [-1.9, 2.4], [-8.2, 0.9], [-1.1, -2.3], [0.7, -7.6], [2.9, -1.2]])


def lasso_of(volume: Volume, corners=STAR, turn=(20.0, 35.0, 10.0), eye_mm: float | None = None) -> Lasso:
    r = rotation(turn)
    centre = volume.centre_mm + np.array([0.13, -0.21, 0.07])
    eye = None if eye_mm is None else centre - eye_mm * r[:, 2]
    return Lasso(centre, r[:, 0], r[:, 1], corners, eye)


def after(volume: Volume, lasso: Lasso, **how) -> np.ndarray:
    labels = np.zeros(volume.array.shape, np.uint8)
    changed = cut(volume, labels, lasso, 255, **how)
    assert changed == np.count_nonzero(labels)
    return labels


@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED], ids=["sheared", "left-handed"])
@pytest.mark.parametrize("eye_mm", [None, 60.0, 8.0], ids=["parallel", "eye", "eye among the voxels"])
def test_a_cut_takes_the_voxels_behind_the_lasso(affine, eye_mm):
    volume = random_volume(np.int16, (19, 23, 29), affine)
    lasso = lasso_of(volume, eye_mm=eye_mm)
    truth = reference(volume, lasso)
    assert 0.01 < truth.mean() < 0.9
    assert np.array_equal(after(volume, lasso) == 255, truth)
    assert np.array_equal(after(volume, lasso, inside=False) == 255, ~truth)


def test_uneven_slices_are_cut_where_they_lie():
    even = random_volume(np.float32, (9, 23, 29), SHEARED)
    places = np.cumsum([0, 0.5, 1, 3, 1, 0.7, 2, 1, 1])
    volume = Volume(even.array, SHEARED, places, (3,))
    lasso = lasso_of(volume)
    assert np.array_equal(after(volume, lasso) == 255, reference(volume, lasso))
    assert not np.array_equal(reference(volume, lasso), reference(Volume(even.array, SHEARED), lasso))


def test_a_square_along_the_axes_takes_a_block():
    volume = Volume(np.zeros((6, 7, 8), np.int16), np.diag([2.0, 3.0, 4.0, 1.0]))
    square = Lasso((0, 0, 0), (1, 0, 0), (0, 1, 0), [(1, 2), (9, 2), (9, 13), (1, 13)])
    labels = after(volume, square)
    expected = np.zeros(labels.shape, np.uint8)
    expected[:, 1:5, 1:5] = 255  # 2, 4, 6, 8 mm along x; 3, 6, 9, 12 mm along y; every slice
    assert np.array_equal(labels, expected)


def test_lassos_that_share_an_edge_share_no_voxel():
    volume = Volume(np.zeros((4, 9, 9), np.int16), np.eye(4))
    left = Lasso((0, 0, 0), (1, 0, 0), (0, 1, 0), [(0, 0), (4, 0), (4, 8), (0, 8)])
    right = Lasso((0, 0, 0), (1, 0, 0), (0, 1, 0), [(4, 0), (8, 0), (8, 8), (4, 8)])
    both = (after(volume, left) > 0).astype(int) + (after(volume, right) > 0)
    assert np.array_equal(both[:, :8, :8], np.ones((4, 8, 8)))


@settings(max_examples=200, deadline=None)
@given(
    ends=st.tuples(*[st.integers(-20, 20)] * 4).filter(lambda e: e[:2] != e[2:]),
    grid=st.sampled_from([1.0, 0.7, 0.1]),
)
def test_of_two_lassos_that_share_any_edge_a_voxel_is_in_one(ends, grid):
    """Also a voxel on the edge, whichever way round the lassos go: corners lie on the voxels' own lattice."""
    volume = Volume(np.zeros((2, 12, 12), np.int16), np.diag([grid, grid, 1, 1]))
    a, b = (np.array(end) * grid / 4 + 5 * grid for end in (ends[:2], ends[2:]))
    across = np.array([b[1] - a[1], a[0] - b[0]])
    far, along = 100 * across / np.linalg.norm(across), 40 * np.ceil(1 / np.linalg.norm(b - a)) * (b - a)
    sides = [[a - along, b + along, b + along + side * far, a - along + side * far] for side in (1, -1)]
    for other in (sides[1], sides[1][::-1]):
        first, second = (after(volume, Lasso((0, 0, 0), (1, 0, 0), (0, 1, 0), c)) > 0 for c in (sides[0], other))
        assert np.array_equal(first, ~second)


def test_what_is_inside_is_what_the_lasso_goes_round():
    """Another way to say it: seen from inside, the edges of a simple polygon make a whole turn."""
    volume = Volume(np.zeros((2, 64, 64), np.int16), np.eye(4))
    corners = STAR * 3.3
    lasso = Lasso((31.37, 30.71, 0), (1, 0, 0), (0, 1, 0), corners)
    truth = np.zeros((64, 64), bool)
    for y in range(64):
        for x in range(64):
            a, b = x - 31.37, y - 30.71
            turns = 0.0
            for (a0, b0), (a1, b1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
                turns += np.arctan2(
                    (a0 - a) * (b1 - b) - (b0 - b) * (a1 - a), (a0 - a) * (a1 - a) + (b0 - b) * (b1 - b)
                )
            truth[y, x] = abs(turns) > np.pi
    assert np.array_equal(after(volume, lasso)[0] > 0, truth)


def test_only_voxels_with_the_label_are_cut():
    volume = random_volume(np.int16, (9, 11, 13), SHEARED)
    lasso, labels = lasso_of(volume), np.zeros((9, 11, 13), np.uint8)
    labels[4:] = 7
    cut(volume, labels, lasso, 255, only=7)
    truth = reference(volume, lasso)
    assert np.array_equal(labels == 255, truth & (np.arange(9) >= 4)[:, None, None])
    assert (labels[:4] == 0).all()


def test_portions_are_the_whole():
    volume = random_volume(np.int16, (19, 23, 29), SHEARED)
    lasso, labels = lasso_of(volume), np.zeros((19, 23, 29), np.uint8)
    changed = [cut(volume, labels, lasso, 3, slices=part) for part in ((0, 6), (6, 7), (7, 7), (7, 19))]
    whole = after(volume, lasso)
    assert np.array_equal(labels == 3, whole == 255)
    assert sum(changed) == np.count_nonzero(whole)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-30, 30), st.floats(-30, 30)), min_size=3, max_size=40),
    st.tuples(st.floats(-90, 90), st.floats(-90, 90), st.floats(-90, 90)),
)
def test_any_polygon_is_cut_as_the_reference_does(corners, turn):
    volume = random_volume(np.int16, (7, 8, 9), SHEARED)
    lasso = lasso_of(volume, np.array(corners), turn)
    differing = (after(volume, lasso) == 255) != reference(volume, lasso)
    # Nothing but what lies on an edge, as float32 sees it.
    if differing.any():
        nudged = [reference(volume, lasso_of(volume, np.array(corners) + d, turn)) for d in np.eye(2) * 1e-4]
        nudged += [reference(volume, lasso_of(volume, np.array(corners) - d, turn)) for d in np.eye(2) * 1e-4]
        assert not (differing & np.all([n == nudged[0] for n in nudged], axis=0)).any()


@pytest.mark.parametrize(
    "corners, error",
    [([(0, 0), (1, 0)], "3 to"), ([(0, 0), (1, 0), (np.nan, 1)], "finite"), ([(0, 0, 0)] * 4, "points"), ([], "3 to")],
)
def test_what_is_no_lasso_is_refused(corners, error):
    with pytest.raises(InvalidParameter, match=error):
        Lasso((0, 0, 0), (1, 0, 0), (0, 1, 0), corners)


def test_what_is_no_plane_no_eye_and_no_labelmap_is_refused():
    volume = random_volume(np.int16, (4, 5, 6), SHEARED)
    with pytest.raises(InvalidParameter, match="right angle"):
        Lasso((0, 0, 0), (1, 0, 0), (1, 0, 0), STAR)
    with pytest.raises(InvalidParameter, match="before the plane"):
        Lasso((0, 0, 0), (1, 0, 0), (0, 1, 0), STAR, (0, 0, 5))
    for labels in (
        np.zeros((4, 5, 7), np.uint8),
        np.zeros((4, 5, 6), np.int16),
        np.zeros((4, 5, 12), np.uint8)[..., ::2],
    ):
        with pytest.raises(InvalidParameter, match="labelmap"):
            cut(volume, labels, lasso_of(volume), 1)
    with pytest.raises(InvalidParameter, match="0 to 255"):
        cut(volume, np.zeros((4, 5, 6), np.uint8), lasso_of(volume), 256)
