"""Projections through a whole volume against their reference, numpy, formulas with a known answer, and slabs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.bricks import bricks
from kernels.clip import Box
from kernels.errors import InvalidParameter
from kernels.pick import projection_point
from kernels.picture import Picture
from kernels.plane import project, reference_projection
from kernels.samples import MODES
from kernels.volume import Volume
from kernels.window import OUTSIDE
from tests.kernels.grids import DTYPES, LEFT_HANDED, SHEARED, centred, random_volume, rotation

STEP = 4095  # between the extreme values of a random volume
PLACES = {"even": None, "uneven": (0, 0.4, 1, 3, 3.5, 5, 6, 6.2, 8), "holes": (0, 0.4, 1, 3, 3.5, 5, 6, 6.2, 8)}
TURNS = [(0, 0, 0), (20, -35, 50), (71, 10, 5), (-80, 170, 12), (4, 95, 30), (180, 3, -2)]


def cut(volume, turn, half=(3.0, 2.5, 4.0)):
    """A box about the volume's middle, turned, and a plane that takes off one of its corners."""
    box = Box(volume.centre_mm, rotation(turn).T, np.array(half)).half_spaces
    normal = rotation(turn) @ np.ones(3) / np.sqrt(3)
    return np.vstack([box, [*normal, normal @ volume.centre_mm - 1.3]])


def stack(dtype, affine, kind):
    array = random_volume(dtype, (9, 7, 11), np.eye(4)).array
    return Volume(array, affine, PLACES[kind], (2, 5) if kind == "holes" else ())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED])
@pytest.mark.parametrize("kind", list(PLACES))
@pytest.mark.parametrize("projection", ["max", "min", "mean"])
@pytest.mark.parametrize("clipped", [False, True])
def test_projection_agrees_with_its_reference(dtype, affine, kind, projection, clipped):
    volume = stack(dtype, affine, kind)
    for turn in TURNS:
        picture = centred(volume, 37, 31, 0.31, turn)
        clip = cut(volume, turn[::-1]) if clipped else None
        values = project(volume, picture, projection, clip=clip)
        truth = reference_projection(volume, picture, projection, clip)
        same = (values == OUTSIDE) == (truth == OUTSIDE)
        assert same.mean() > 0.99  # a sample on the very edge may count in one and not in the other
        both = same & (truth != OUTSIDE)
        assert both.any() and not (clipped and both.all())
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


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("between", [0.5, 0.0])
def test_in_a_box_along_an_axis_it_equals_numpy_of_what_is_in_the_box(dtype, axis, between):
    """Faces between voxels, and through them: what lies on a face counts."""
    array = random_volume(dtype, (19, 33, 21), np.eye(4)).array
    volume = Volume(array, np.diag([0.7, 0.68359375, 1.25, 1.0]))
    first, last = np.array([4, 5, 3]), np.array([15, 27, 12])  # x, y, z
    low, high = (volume.to_patient(corner) for corner in (first - between, last + between))
    clip = Box((low + high) / 2, np.eye(3), (high - low) / 2).half_spaces
    kept = array[3:13, 5:28, 4:16]
    normal, right, down = np.roll(np.eye(3), axis, axis=1)[[2, 0, 1]]
    layers = kept.transpose([2 - int(np.argmax(v)) for v in (normal, down, right)])
    spacing = np.array([0.7, 0.68359375, 1.25])
    origin = volume.to_patient(first * (1 - normal))
    picture = Picture(origin, right * spacing, down * spacing, layers.shape[2], layers.shape[1])
    for grid in (None, bricks(volume)):
        assert (project(volume, picture, "max", clip=clip, bricks=grid) == layers.max(axis=0)).all()
        assert (project(volume, picture, "min", clip=clip, bricks=grid) == layers.min(axis=0)).all()
    mean = layers.astype(np.float64).mean(axis=0)
    assert (np.abs(project(volume, picture, "mean", clip=clip) - mean) <= 1e-5 * np.maximum(np.abs(mean), 1)).all()
    wider = Picture(origin - 2 * (picture.right + picture.down), picture.right, picture.down, 40, 40)
    shown = project(volume, wider, "max", clip=clip) != OUTSIDE
    assert shown[2 : 2 + picture.height, 2 : 2 + picture.width].all()
    assert shown.sum() == picture.width * picture.height


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(*[st.integers(2, 33)] * 3),
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    turn=st.tuples(*[st.floats(-180, 180)] * 3),
    half=st.tuples(*[st.floats(0.3, 20)] * 3),
    projection=st.sampled_from(["max", "min"]),
)
def test_skipping_changes_nothing_of_what_is_cut(shape, angles, turn, half, projection):
    volume = random_volume(np.int16, shape, SHEARED)
    picture = centred(volume, 29, 23, 0.4, angles)
    clip = cut(volume, turn, half)
    values = project(volume, picture, projection, clip=clip)
    assert (project(volume, picture, projection, clip=clip, bricks=bricks(volume)) == values).all()


def test_a_box_around_everything_cuts_nothing_and_one_beside_it_all():
    volume = random_volume(np.int16, (21, 19, 25), SHEARED)
    picture = centred(volume, 60, 50, 0.5, (20, -35, 50))
    whole = project(volume, picture, "max", bricks=bricks(volume))
    around = Box(volume.centre_mm, np.eye(3), (100, 100, 100)).half_spaces
    assert (project(volume, picture, "max", clip=around, bricks=bricks(volume)) == whole).all()
    beside = Box(volume.centre_mm + 300, np.eye(3), (100, 100, 100)).half_spaces
    for projection in MODES:
        assert (project(volume, picture, projection, clip=beside, bricks=bricks(volume)) == OUTSIDE).all()


@pytest.mark.parametrize("projection", ["max", "min"])
@pytest.mark.parametrize("kind", list(PLACES))
def test_what_is_picked_has_the_value_that_is_shown_and_projects_onto_its_pixel(kind, projection):
    volume = stack(np.int16, SHEARED, kind)
    for turn in TURNS:
        picture = centred(volume, 17, 15, 0.6, turn)
        for clip in (None, cut(volume, turn[::-1])):
            values = project(volume, picture, projection, clip=clip)
            for u, v in ((8, 7), (5, 9), (0, 0)):
                seen = projection_point(volume, picture, projection, u, v, clip)
                if values[v, u] == OUTSIDE:
                    assert seen is None
                    continue
                assert seen.value == pytest.approx(values[v, u], abs=1e-3 * STEP)
                away = seen.point - (picture.origin + u * picture.right + v * picture.down)
                assert np.linalg.norm(away - away @ picture.normal * picture.normal) < 1e-6
                if clip is not None:
                    assert (clip[:, :3] @ seen.point - clip[:, 3] >= -2e-3).all()


def test_the_nearest_of_equal_maxima_is_picked_and_of_a_mean_the_middle():
    volume = Volume(np.full((21, 9, 11), 70, np.int16), np.diag([1, 1, 2, 1.0]))
    picture = centred(volume, 5, 5, 0.5)
    for projection, z in (("max", 0), ("mean", 20)):
        seen = projection_point(volume, picture, projection, 2, 2)
        assert seen.value == 70 and seen.point == pytest.approx((5, 4, z))
    behind = projection_point(volume, picture, "max", 2, 2, [(0, 0, 1, 7)])
    assert behind.point == pytest.approx((5, 4, 8))


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
