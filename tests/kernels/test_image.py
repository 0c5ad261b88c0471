from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.errors import InvalidParameter, InvalidPicture
from kernels.image import DTYPES, reference, sample, sub_samples
from kernels.window import OUTSIDE

IDENTITY = np.eye(2, 3)


def frame(dtype, shape, seed=2):
    return np.random.default_rng(seed).integers(0, 200, shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_flips_and_quarter_turns_at_one_to_one_are_exact(dtype):
    picture = frame(dtype, (13, 18))
    rows, columns = picture.shape
    assert (sample(picture, IDENTITY, columns, rows) == picture).all()
    assert (sample(picture, [[-1, 0, columns - 1], [0, 1, 0]], columns, rows) == picture[:, ::-1]).all()
    assert (sample(picture, [[1, 0, 0], [0, -1, rows - 1]], columns, rows) == picture[::-1]).all()
    turned = sample(picture, [[0, 1, 0], [-1, 0, rows - 1]], rows, columns)
    assert (turned == np.rot90(picture, -1)).all()


def test_colour_at_one_to_one_is_exact():
    picture = frame(np.uint8, (13, 18, 3))
    assert (sample(picture, IDENTITY, 18, 13) == picture).all()
    assert (sample(picture, [[-1, 0, 17], [0, 1, 0]], 18, 13) == picture[:, ::-1]).all()


@settings(max_examples=30, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    scale=st.floats(0.05, 6),
    angle=st.floats(-180, 180),
    offset=st.tuples(st.floats(-10, 20), st.floats(-10, 20)),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    colour=st.booleans(),
)
def test_any_grid_agrees_with_its_reference(  # noqa: PLR0917
    shape, scale, angle, offset, size, colour
):
    picture = frame(np.uint8, (*shape, 3)) if colour else frame(np.float32, shape)
    c, s = np.cos(np.deg2rad(angle)) * scale, np.sin(np.deg2rad(angle)) * scale
    matrix = np.array([[c, -s, offset[0]], [s, c, offset[1]]])
    values, truth = sample(picture, matrix, *size), reference(picture, matrix, *size)
    # A sample on the very edge may count in one and not in the other: float32 against float64.
    nudged = [
        reference(picture, matrix + np.array([[0, 0, dx], [0, 0, dy]]), *size)
        for dx, dy in ((3e-4, 3e-4), (-3e-4, -3e-4))
    ]
    stable = np.all([np.abs(n - truth) < 1 for n in nudged], axis=0)
    assert np.abs(values - truth)[stable].max(initial=0) <= (0.51 if colour else 0.2)


def test_shrinking_averages_so_that_fine_lines_do_not_vanish():
    picture = np.zeros((64, 64), np.float32)
    picture[:, ::8] = 800
    small = sample(picture, [[8, 0, 3.5], [0, 8, 3.5]], 8, 8)
    assert np.abs(small - 100).max() < 15
    assert sub_samples(np.array([[8, 0, 0], [0, 8, 0]])) == 8
    assert sub_samples(np.array([[1.9, 0, 0], [0, 1.9, 0]])) == 1


def test_outside_is_marked_or_black():
    assert (sample(frame(np.int16, (5, 5)), [[1, 0, 50], [0, 1, 0]], 4, 4) == OUTSIDE).all()
    assert sample(frame(np.uint8, (5, 5, 3)), [[1, 0, 50], [0, 1, 0]], 4, 4).max() == 0


def test_read_only_and_strided_images_are_sampled_like_any_other():
    whole = frame(np.int16, (20, 20))
    part = whole[::2, 1::3]
    part.flags.writeable = False
    assert (sample(part, IDENTITY, part.shape[1], part.shape[0]) == part).all()
    assert (sample(whole.astype(">i2"), IDENTITY, 20, 20) == whole).all()


@pytest.mark.parametrize(
    "matrix",
    [np.zeros((2, 3)), [[1, 0, float("nan")], [0, 1, 0]], np.eye(3), [[1, 2, 0], [2, 4, 0]], [[1e9, 0, 0], [0, 1, 0]]],
)
def test_a_matrix_that_maps_no_plane_is_refused(matrix):
    with pytest.raises(InvalidPicture):
        sample(frame(np.int16, (5, 5)), matrix, 4, 4)


@pytest.mark.parametrize("shape", [(0, 5), (5,), (5, 5, 4)])
def test_an_image_of_another_shape_is_refused(shape):
    with pytest.raises(InvalidParameter):
        sample(np.zeros(shape, np.uint8), IDENTITY, 4, 4)
