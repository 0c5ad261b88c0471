"""What holds of every filter: which pictures it takes, and that pixels without a sample never count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numba import get_num_threads, set_num_threads

from kernels.errors import InvalidParameter, NoBackend
from kernels.picture_bilateral import bilateral
from kernels.picture_clahe import clahe
from kernels.picture_edge import edge
from kernels.picture_gamma import gamma
from kernels.picture_gaussian import gaussian
from kernels.picture_median import median
from kernels.picture_threshold import threshold
from kernels.picture_unsharp import unsharp
from kernels.pixels import value_range
from kernels.window import OUTSIDE
from tests.kernels.pictures import SHAPES, Picture, noise, torn

FILTERS: dict[str, Callable[..., Picture]] = {
    "gaussian": lambda picture, **how: gaussian(picture, 1.3, **how),
    "unsharp": lambda picture, **how: unsharp(picture, 1.3, 1.5, **how),
    "median": lambda picture, **how: median(picture, 2, **how),
    "bilateral": lambda picture, **how: bilateral(picture, 1.3, 200.0, **how),
    "edge": edge,
    "clahe": lambda picture, **how: clahe(picture, -160, 240, **how),
    "gamma": lambda picture, **how: gamma(picture, -160, 240, 0.5, **how),
    "threshold": lambda picture, **how: threshold(picture, -160, 240, **how),
}
each = pytest.mark.parametrize("name", FILTERS)
KEEPING = [name for name in FILTERS if name != "threshold"]  # all pixels that have a sample


@each
@pytest.mark.parametrize("shape", SHAPES)
def test_a_picture_without_samples_stays_without(name, shape):
    assert (FILTERS[name](np.full(shape, OUTSIDE)) == OUTSIDE).all()


@pytest.mark.parametrize("name", KEEPING)
@pytest.mark.parametrize("shape", SHAPES)
def test_pixels_have_a_sample_afterwards_where_they_had_one(name, shape):
    picture = torn(shape)
    assert ((FILTERS[name](picture) == OUTSIDE) == (picture == OUTSIDE)).all()


@pytest.mark.parametrize("name", sorted(set(FILTERS) - {"clahe"}))  # whose tiles are parts of the whole picture
def test_what_lies_around_a_picture_does_not_matter_when_it_is_missing(name):
    """A picture, and the same one in a wide frame of pixels without samples."""
    picture = torn((21, 37))
    framed = np.pad(picture, 11, constant_values=OUTSIDE)
    inner, alone = FILTERS[name](framed)[11:-11, 11:-11], FILTERS[name](picture)
    assert np.abs(inner - alone)[alone != OUTSIDE].max() < 1e-3


@each
def test_the_number_of_threads_changes_no_bit(name):
    picture = torn((150, 131))
    threads = get_num_threads()
    try:
        set_num_threads(1)
        alone = FILTERS[name](picture)
    finally:
        set_num_threads(threads)
    assert np.array_equal(FILTERS[name](picture), alone)


@each
@pytest.mark.parametrize("turn", [np.fliplr, np.flipud, np.transpose])
def test_a_turned_picture_is_filtered_to_the_turned_result(name, turn):
    picture = torn((24, 40))
    there = FILTERS[name](np.ascontiguousarray(turn(picture)))
    assert np.abs(there - turn(FILTERS[name](picture)))[there != OUTSIDE].max() < 2e-3


@each
@pytest.mark.parametrize("size", [1e6, -1e6])
def test_values_of_a_million_are_filtered_like_small_ones(name, size):
    picture = noise((20, 35)) + np.float32(size)
    values = FILTERS[name](picture)
    assert np.isfinite(values).all()
    if name in ("gaussian", "unsharp", "median", "bilateral"):
        small = FILTERS[name](picture - np.float32(size)) + np.float32(size)
        assert np.abs(values - small).max() < 2  # float32 has steps of a sixteenth there


@each
def test_the_largest_values_neither_overflow_nor_become_nan(name):
    picture = noise((20, 35), sd=1e11).clip(-1e12, 1e12)
    assert np.isfinite(FILTERS[name](picture)).all()
    assert np.isfinite(bilateral(picture, 1.0, 1e-6)).all()


@each
def test_a_read_only_picture_is_filtered_and_stays_as_it_was(name):
    picture = torn((20, 35))
    locked = picture.copy()
    locked.flags.writeable = False
    assert np.array_equal(FILTERS[name](locked), FILTERS[name](picture))
    assert np.array_equal(picture, locked)


@each
def test_the_result_goes_where_it_is_asked_to_go(name):
    picture = torn((20, 35))
    out = np.full((20, 35), 7, np.float32)
    assert FILTERS[name](picture, out=out) is out
    assert np.array_equal(out, FILTERS[name](picture))


@each
@pytest.mark.parametrize("kind", ["itself", "a part of itself", "another shape", "another type"])
def test_an_out_that_does_not_fit_is_refused(name, kind):
    room = torn((40, 35))
    picture = room[:20]
    out = {
        "itself": picture,
        "a part of itself": room[10:30],
        "another shape": np.zeros((20, 34), np.float32),
        "another type": np.zeros((20, 35)),
    }[kind]
    with pytest.raises(InvalidParameter):
        FILTERS[name](picture, out=out)


@each
@pytest.mark.parametrize(
    "picture",
    [
        noise((20, 35)).astype(np.float64),
        noise((20, 35)).astype(np.int16),
        noise((20, 35))[:, ::2],
        noise((20, 35)).T,
        noise((20, 35)).reshape(-1),
        np.zeros((0, 5), np.float32),
        np.zeros((5, 0), np.float32),
    ],
    ids=["float64", "int16", "strided", "turned", "flat", "no rows", "no columns"],
)
def test_no_picture_of_another_form_is_taken(name, picture):
    with pytest.raises(InvalidParameter, match="float32 array"):
        FILTERS[name](picture)


@each
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 2e12, -2e12])
def test_values_that_are_not_finite_or_too_large_are_refused(name, value):
    picture = noise((20, 35))
    picture[3, 4] = value
    for missing in (False, True):
        if missing:
            picture[7, 8] = OUTSIDE
        with pytest.raises(InvalidParameter, match="finite"):
            FILTERS[name](picture)


@each
def test_an_array_of_nobody_is_refused(name):
    with pytest.raises(NoBackend):
        FILTERS[name]([[1.0]])


@pytest.mark.parametrize("ends", [(0, 0), (1, 0), (float("nan"), 1), (0, float("inf")), (1e9, 1e9 + 1)])
def test_a_range_without_values_is_refused(ends):
    with pytest.raises(InvalidParameter):
        value_range(*ends)
