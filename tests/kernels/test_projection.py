"""Projections through a whole volume against their reference, numpy, formulas with a known answer, and slabs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.bricks import bricks
from kernels.errors import InvalidParameter
from kernels.picture import Picture
from kernels.plane import project, reference_projection
from kernels.volume import Volume
from kernels.window import OUTSIDE
from tests.kernels.grids import DTYPES, LEFT_HANDED, SHEARED, centred, random_volume, rotation

STEP = 4095  # between the extreme values of a random volume
PLACES = {"even": None, "uneven": (0, 0.4, 1, 3, 3.5, 5, 6, 6.2, 8), "holes": (0, 0.4, 1, 3, 3.5, 5, 6, 6.2, 8)}
TURNS = [(0, 0, 0), (20, -35, 50), (71, 10, 5), (-80, 170, 12), (4, 95, 30), (180, 3, -2)]


def stack(dtype, affine, kind):
    array = random_volume(dtype, (9, 7, 11), np.eye(4)).array
    return Volume(array, affine, PLACES[kind], (2, 5) if kind == "holes" else ())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED])
@pytest.mark.parametrize("kind", list(PLACES))
@pytest.mark.parametrize("projection", ["max", "min", "mean"])
def test_projection_agrees_with_its_reference(dtype, affine, kind, projection):
    volume = stack(dtype, affine, kind)
    for turn in TURNS:
        picture = centred(volume, 37, 31, 0.31, turn)
        values, truth = project(volume, picture, projection), reference_projection(volume, picture, projection)
        same = (values == OUTSIDE) == (truth == OUTSIDE)
        assert same.mean() > 0.99  # a sample on the very edge may count in one and not in the other
        both = same & (truth != OUTSIDE)
        assert both.any()
        assert (np.abs(values - truth)[both] > 1e-3 * STEP).mean() < 0.01


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(*[st.integers(2, 33)] * 3),
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    pixel=st.floats(0.05, 20),
    shift=st.floats(-300, 300),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    projection=st.sampled_from(["max", "min"]),
)
def test_skipping_and_where_the_plane_lies_change_nothing(  # noqa: PLR0917
    shape, angles, pixel, shift, size, projection
):
    volume = random_volume(np.int16, shape, SHEARED)
    picture = centred(volume, *size, pixel, angles)
    whole = project(volume, picture, projection)
    assert (project(volume, picture, projection, bricks=bricks(volume)) == whole).all()
    away = centred(volume, *size, pixel, angles, shift_mm=shift)
    assert (np.abs(project(volume, away, projection) - whole) <= 1e-3 * STEP).mean() > 0.98


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("forwards", [True, False])
def test_along_an_axis_it_equals_numpy_bit_for_bit(dtype, axis, forwards):
    array = random_volume(dtype, (19, 33, 21), np.eye(4)).array
    spacing = np.array([0.7, 0.68359375, 1.25])
    volume = Volume(array, np.diag([*spacing, 1.0]))
    normal, right, down = np.roll(np.eye(3), axis, axis=1)[[2, 0, 1]]
    order = [2 - int(np.argmax(v)) for v in (normal, down, right)]
    layers = array.transpose(order)
    corner, step = np.zeros(3), right * spacing
    if not forwards:
        corner, step = right * (layers.shape[2] - 1), -step
        layers = layers[:, :, ::-1]
    picture = Picture(volume.to_patient(corner), step, down * spacing, layers.shape[2], layers.shape[1])
    grid = bricks(volume)
    assert (project(volume, picture, "max", bricks=grid) == layers.max(axis=0)).all()
    assert (project(volume, picture, "min", bricks=grid) == layers.min(axis=0)).all()
    mean = layers.astype(np.float64).mean(axis=0)
    assert (np.abs(project(volume, picture, "mean") - mean) <= 1e-5 * np.maximum(np.abs(mean), 1)).all()


@pytest.mark.parametrize("turn", TURNS)
def test_a_bright_voxel_is_seen_where_it_lies_with_its_own_value(turn):
    """A ray through the voxel's centre meets it on a slice: no direction makes it darker, as samples between would."""
    array = np.full((41, 37, 45), -900, np.int16)
    array[23, 15, 29] = 3000
    volume = Volume(array, SHEARED)
    point = volume.to_patient((29, 15, 23))
    axes = rotation(turn)
    right, down = axes[:, 0] * 0.5, axes[:, 1] * 0.5
    picture = Picture(point - 20 * right - 17 * down + 300 * axes[:, 2], right, down, 41, 35)
    values = project(volume, picture, "max", bricks=bricks(volume))
    assert values[17, 20] == pytest.approx(3000, abs=1)
    assert values.max() == values[17, 20]
    assert (values[np.hypot(*np.indices(values.shape) - np.array([17, 20])[:, None, None]) > 8] <= -900).all()


def test_a_ramp_is_brightest_where_rays_leave_and_its_mean_lies_half_way():
    shape = (40, 60, 50)
    z, y, x = np.indices(shape)
    volume = Volume((16 * x - 8 * y + 24 * z - 300).astype(np.int16), np.diag([0.5, 0.9, 3.0, 1.0]))
    picture = Picture(volume.to_patient((10, 12, 0)), (0.3, 0, 0), (0, 0.3, 0), 41, 33)  # along z: slices 0 … 39
    px = 10 + 0.6 * np.arange(41)[None]
    py = 12 + np.arange(33)[:, None] / 3
    first = 16 * px - 8 * py - 300
    for projection, truth in (("min", first), ("max", first + 24 * 39), ("mean", first + 12 * 39)):
        assert np.abs(project(volume, picture, projection) - truth).max() <= 0.02


@pytest.mark.parametrize("projection", ["max", "min", "mean"])
def test_a_flat_volume_looks_flat_from_everywhere(projection):
    volume = Volume(np.full((25, 31, 19), -700, np.int16), SHEARED)
    for turn in TURNS:
        values = project(volume, centred(volume, 60, 50, 0.8, turn), projection, bricks=bricks(volume))
        seen = values != OUTSIDE
        assert 0.1 < seen.mean() < 1
        assert np.abs(values[seen] + 700).max() <= 1e-5 * 700


def test_an_unknown_projection_is_refused():
    volume = random_volume(np.int16, (5, 5, 5), np.eye(4))
    with pytest.raises(InvalidParameter):
        project(volume, centred(volume, 8, 8, 0.5), "median")
