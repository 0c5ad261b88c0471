"""Planes and slabs against their reference, numpy, SimpleITK and formulas with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.bricks import bricks
from kernels.errors import InvalidParameter
from kernels.picture import Picture, spacing_along
from kernels.plane import plane, reference, slab
from kernels.samples import sample_count
from kernels.volume import Volume
from kernels.window import OUTSIDE
from tests.kernels.grids import DTYPES, LEFT_HANDED, SHEARED, centred, random_volume, rotation

STEP = 4095  # between the extreme values of a random volume


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED])
@pytest.mark.parametrize("projection", ["max", "min", "mean"])
@pytest.mark.parametrize("mirrored", [False, True])
def test_slab_agrees_with_its_reference(dtype, affine, projection, mirrored):
    volume = random_volume(dtype, (9, 7, 11), affine)
    for turn, thickness, size in (((0, 0, 0), 0, (37, 31)), ((20, -35, 50), 3.1, (5, 1)), ((71, 10, 5), 8, (66, 41))):
        picture = centred(volume, *size, 0.31, turn, mirrored)
        values, truth = slab(volume, picture, projection, thickness), reference(volume, picture, projection, thickness)
        assert ((values == OUTSIDE) == (truth == OUTSIDE)).all()
        assert np.abs(values - truth)[truth != OUTSIDE].max(initial=0) <= 1e-3 * STEP


@settings(max_examples=25, deadline=None)
@given(
    shape=st.tuples(*[st.integers(2, 9)] * 3),
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    pixel=st.floats(0.05, 20),
    shift=st.floats(-30, 30),
    thickness=st.floats(0, 40),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
def test_any_plane_of_any_volume_agrees_with_its_reference(  # noqa: PLR0917
    shape, angles, pixel, shift, thickness, size
):
    volume = random_volume(np.int16, shape, SHEARED)
    picture = centred(volume, *size, pixel, angles, shift_mm=shift)
    values, truth = slab(volume, picture, "mean", thickness), reference(volume, picture, "mean", thickness)
    both = (values != OUTSIDE) & (truth != OUTSIDE)
    # A sample on the very edge may count in one and not in the other: float32 against float64 positions.
    off = np.abs(values - truth) > 1e-3 * STEP
    edge = reference(volume, picture, "mean", thickness) != _with_margin(volume, picture, thickness)
    assert not (off & both & ~edge).any()
    assert not (((values == OUTSIDE) != (truth == OUTSIDE)) & ~edge).any()


def _with_margin(volume, picture, thickness):
    """The reference of a grid moved by a hair: equal where no sample lies on the edge. Not a number: different."""
    nudged = Picture(picture.origin + 2e-4 * picture.normal, picture.right, picture.down, picture.width, picture.height)
    moved = reference(volume, nudged, "mean", thickness)
    truth = reference(volume, picture, "mean", thickness)
    return np.where(np.abs(moved - truth) < 20, truth, np.nan)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("spacing", [(1, 1, 1), (0.7, 0.7, 0.8), (0.68359375, 0.68359375, 1.25)])
@pytest.mark.parametrize("count", [1, 3, 4, 7])
def test_axis_aligned_slabs_equal_numpy_bit_for_bit(dtype, spacing, count):
    array = random_volume(dtype, (12, 15, 21), np.eye(4)).array
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = -123.4, 56.7, -890.1
    volume = Volume(array, affine)
    # An even number of samples lies on whole voxels when the plane lies half way between two.
    middle = 5.5 if count % 2 == 0 else 5
    first = int(middle - (count - 1) / 2)
    for axis in range(3):
        normal, right, down = np.roll(np.eye(3), axis, axis=1)[[2, 0, 1]]
        # The array's axes are z, y, x: bring the normal's to the front, then rows along down, columns along right.
        order = [2 - int(np.argmax(v)) for v in (normal, down, right)]
        layers = array.transpose(order)[first : first + count]
        picture = Picture(
            volume.to_patient(normal * middle),
            right * spacing[int(np.argmax(right))],
            down * spacing[int(np.argmax(down))],
            layers.shape[2],
            layers.shape[1],
        )
        thickness = count * spacing[int(np.argmax(normal))]
        assert sample_count(volume, picture, thickness) == count
        assert (slab(volume, picture, "max", thickness) == layers.max(axis=0)).all()
        assert (slab(volume, picture, "min", thickness) == layers.min(axis=0)).all()
        mean = layers.astype(np.float64).mean(axis=0)
        off = np.abs(slab(volume, picture, "mean", thickness) - mean)
        assert (off <= 1e-5 * np.maximum(np.abs(mean), 1)).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED, np.diag([0.5, 0.9, 3.0, 1.0])])
def test_ramp_is_exact_on_any_affine(dtype, affine):
    """f = ax + by + cz + d in patient space; trilinear interpolation reproduces it."""
    shape = (40, 60, 50)
    per_voxel = np.array([16.0, -8.0, 24.0])  # whole numbers, so that int16 holds them
    z, y, x = np.indices(shape)
    volume = Volume((x * per_voxel[0] + y * per_voxel[1] + z * per_voxel[2] - 300).astype(dtype), affine)
    gradient = per_voxel @ np.linalg.inv(affine[:3, :3])
    picture = centred(volume, 61, 47, 0.37, (33, -21, 64), shift_mm=0.4)
    u, v = np.meshgrid(np.arange(61), np.arange(47))
    points = picture.origin + u[..., None] * picture.right + v[..., None] * picture.down
    truth = (points - affine[:3, 3]) @ gradient - 300
    values = plane(volume, picture)
    inside = values != OUTSIDE
    assert inside.mean() > 0.3
    assert np.abs(values - truth)[inside].max() <= 1e-3 * np.abs(per_voxel).max()


@pytest.mark.parametrize("turn", [(0, 0, 0), (33, -21, 64), (90, 0, 0), (5, 80, -7)])
def test_extremes_of_a_ramp_lie_at_the_borders_of_the_slab(turn):
    """f = g·p + d: the slab shows f at its plane ± half of what n samples reach, whatever the direction."""
    z, y, x = np.indices((60, 60, 50))
    affine = SHEARED
    volume = Volume((16 * x - 8 * y + 24 * z).astype(np.int16), affine)
    gradient = np.array([16.0, -8, 24]) @ volume.inverse
    for thickness in (2.0, 5.0, 9.3):
        picture = centred(volume, 11, 9, 0.37, turn, shift_mm=0.4)
        half = (sample_count(volume, picture, thickness) - 1) / 2 * spacing_along(volume, picture.normal)
        assert 2 * half == pytest.approx(thickness, abs=1.5)
        u, v = np.meshgrid(np.arange(11), np.arange(9))
        points = picture.origin + u[..., None] * picture.right + v[..., None] * picture.down
        middle = (points - affine[:3, 3]) @ gradient
        rise = half * abs(gradient @ picture.normal)
        for projection, truth in (("max", middle + rise), ("min", middle - rise), ("mean", middle)):
            assert np.abs(slab(volume, picture, projection, thickness) - truth).max() <= 1e-3 * 24


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pixel", [0.2, 0.9, 1.7, 2.3])
@pytest.mark.parametrize("sides", [(32, 9), (45, 61), (70, 33)])
def test_rows_of_voxels_read_in_windows_agree_with_the_reference(dtype, pixel, sides):
    """Rows of 32 voxels and more, coarse and fine pixels, pictures that end within a packet and beyond the volume."""
    nx, width = sides
    volume = random_volume(dtype, (7, 8, nx), np.diag([1.0, 1.1, 1.3, 1.0]))
    for down in ((0, 0.7, 0), (0, 0, -0.6), (0, 0.4, 0.5)):
        origin = volume.centre_mm - (np.array([pixel, 0, 0]) * (width - 1) + np.array(down) * 10) / 2 + (0.37, 0.2, 0.1)
        picture = Picture(origin, (pixel, 0, 0), down, width, 11)
        for projection, thickness in (("max", 0), ("max", 4), ("min", 6.5), ("mean", 5)):
            values = slab(volume, picture, projection, thickness)
            truth = reference(volume, picture, projection, thickness)
            assert ((values == OUTSIDE) == (truth == OUTSIDE)).all()
            assert (truth != OUTSIDE).any()
            assert np.abs(values - truth)[truth != OUTSIDE].max() <= 1e-3 * STEP


@pytest.mark.parametrize("turn", [(0, 0, 0), (20, -35, 50)])
def test_the_farthest_values_of_int16_are_mixed_without_overflow(turn):
    """−32768 and 32767 side by side, and alone: weights and products fill their words."""
    for low, high in ((-32768, 32767), (-32768, -32768), (32767, 32767)):
        array = np.full((34, 35, 36), low, np.int16)
        array[..., ::2] = high
        volume = Volume(array, np.eye(4))
        picture = centred(volume, 41, 39, 0.43, turn)
        values, truth = plane(volume, picture), reference(volume, picture, "max", 0)
        assert (truth != OUTSIDE).all()
        assert np.abs(values - truth).max() <= 1e-3 * 65535


def test_an_extreme_is_nearer_to_that_of_all_points_than_samples_a_voxel_apart():
    volume = random_volume(np.int16, (40, 43, 39), SHEARED)
    for turn in ((20, -35, 50), (71, 10, 5), (0, 45, 0)):
        picture = centred(volume, 20, 20, 0.5, turn)
        spacing, count = spacing_along(volume, picture.normal), sample_count(volume, picture, 8)
        offsets = np.linspace(-(count - 1) / 2, (count - 1) / 2, 32 * (count - 1) + 1) * spacing
        planes = [
            plane(volume, Picture(picture.origin + t * picture.normal, picture.right, picture.down, 20, 20))
            for t in offsets
        ]
        dense, coarse = np.max(planes, axis=0), np.max(planes[::32], axis=0)
        values = slab(volume, picture, "max", 8)
        assert (values <= dense + 0.02 * STEP).all()
        assert np.abs(dense - values).mean() < 0.5 * np.abs(dense - coarse).mean()


@pytest.mark.parametrize("turn", [(0, 0, 0), (25, 0, 0), (-14, 37, 81), (90, 0, 0), (60, 60, 60)])
def test_oblique_plane_agrees_with_simpleitk(turn):
    array = np.random.default_rng(5).integers(-1000, 1500, (40, 50, 60)).astype(np.int16)
    spacing, position = np.array([0.7, 0.7, 1.25]), np.array([-20.0, 13, 100])
    axes = rotation((5, 12, -8))
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes * spacing, position
    volume = Volume(array, affine)
    picture = centred(volume, 90, 75, 0.45, turn)

    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(position.tolist())
    image.SetDirection(axes.ravel().tolist())
    direction = np.stack([picture.right / 0.45, picture.down / 0.45, picture.normal], axis=1)
    resampled = sitk.Resample(
        image,
        (90, 75, 1),
        sitk.Transform(),
        sitk.sitkLinear,
        picture.origin.tolist(),
        (0.45, 0.45, 1.0),
        direction.ravel().tolist(),
        -32000.0,
        sitk.sitkFloat32,
    )
    truth = sitk.GetArrayFromImage(resampled)[0]
    values = plane(volume, picture)
    # SimpleITK also continues half a voxel beyond the outermost centres; compare where both are well inside.
    inside = (values != OUTSIDE) & (truth > -31000)
    assert inside.mean() > 0.3
    assert np.abs(values - truth)[inside].max() <= 1


def test_sphere_in_a_slab_has_the_area_of_its_disc():
    radius, spacing = 30.0, np.array([0.9, 0.9, 1.2])
    shape = (90, 110, 110)
    z, y, x = np.indices(shape)
    centre = (np.array(shape[::-1]) - 1) / 2
    distance = np.sqrt(sum(((c - m) * s) ** 2 for c, m, s in zip((x, y, z), centre, spacing, strict=True)))
    edge = np.clip((radius - distance) / 4 + 0.5, 0, 1)  # a soft edge 4 mm wide, half way at the radius
    volume = Volume((1000 * edge).astype(np.int16), np.diag([*spacing, 1.0]))
    pixel = 0.25
    for turn in ((0, 0, 0), (30, 40, 50), (77, -13, 5)):
        picture = centred(volume, 300, 300, pixel, turn)
        area = (slab(volume, picture, "max", 80) >= 500).sum() * pixel**2
        assert area == pytest.approx(np.pi * radius**2, rel=0.005)


def test_samples_outside_count_in_neither_maximum_minimum_nor_mean():
    volume = Volume(np.full((5, 6, 7), -700, np.int16), np.eye(4))
    picture = centred(volume, 21, 20, 1.0, (0, 0, 0), shift_mm=2)
    for projection in ("max", "min", "mean"):
        values = slab(volume, picture, projection, 50)
        seen = values != OUTSIDE
        assert seen.sum() == 6 * 7
        assert np.abs(values[seen] + 700).max() <= 1e-5 * 700


@pytest.mark.parametrize("dtype", DTYPES)
def test_turning_volume_and_picture_together_changes_nothing(dtype):
    volume = random_volume(dtype, (11, 13, 9), SHEARED)
    picture = centred(volume, 33, 29, 0.4, (10, 20, 30))
    turn = rotation((40, -25, 110))
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn @ SHEARED[:3, :3], turn @ SHEARED[:3, 3] + (5, -6, 7)
    turned = Volume(volume.array, affine)
    moved = Picture(turn @ picture.origin + (5, -6, 7), turn @ picture.right, turn @ picture.down, 33, 29)
    for projection in ("max", "mean"):
        a, b = slab(volume, picture, projection, 3), slab(turned, moved, projection, 3)
        assert ((a == OUTSIDE) == (b == OUTSIDE)).mean() > 0.999
        both = (a != OUTSIDE) & (b != OUTSIDE)
        assert np.abs(a - b)[both].max() <= 1e-3 * STEP


def test_far_away_shows_nothing_and_reads_nothing():
    volume = random_volume(np.int16, (2, 2, 2), np.eye(4))
    for shift in (10, 1e4, 9e5):
        picture = centred(volume, 40, 40, 1000.0, (10, 20, 30), shift_mm=shift)
        assert (slab(volume, picture, "max", 20) == OUTSIDE).mean() > 0.99


def test_a_volume_of_two_voxels_a_side_can_be_seen_whole():
    array = np.arange(8, dtype=np.int16).reshape(2, 2, 2)
    picture = Picture((0, 0, 1), (1, 0, 0), (0, 1, 0), 2, 2)
    assert plane(Volume(array, np.eye(4)), picture).tolist() == [[4, 5], [6, 7]]


def test_a_read_only_array_needs_no_second_compilation():
    from kernels.plane import spread_cpu

    volume = random_volume(np.int16, (5, 5, 5), np.eye(4))
    picture = centred(volume, 8, 8, 0.5)
    truth = plane(volume, picture)
    kinds = len(spread_cpu.signatures)
    array = volume.array.copy()
    array.flags.writeable = False
    assert (plane(Volume(array, np.eye(4)), picture) == truth).all()
    assert len(spread_cpu.signatures) == kinds


@pytest.mark.parametrize("thickness", [-1, float("nan"), float("inf"), 1e9])
def test_a_slab_without_a_thickness_is_refused(thickness):
    volume = random_volume(np.int16, (5, 5, 5), np.eye(4))
    with pytest.raises(InvalidParameter):
        slab(volume, centred(volume, 8, 8, 0.5), "max", thickness)


def test_out_is_filled_and_must_fit():
    volume = random_volume(np.int16, (5, 5, 5), np.eye(4))
    picture = centred(volume, 9, 7, 0.5)
    out = np.empty((7, 9), np.float32)
    assert plane(volume, picture, out) is out
    with pytest.raises(InvalidParameter):
        plane(volume, picture, np.empty((9, 7), np.float32))


def lumps(dtype, shape, affine, places=None, holes=()):
    """Few bright voxels in noise: what skipping is for, with maxima in every kind of place."""
    rng = np.random.default_rng(7)
    array = rng.normal(-900, 20, shape)
    array.flat[rng.choice(array.size, 25, replace=False)] = rng.uniform(0, 3000, 25)
    array.flat[rng.choice(array.size, 25, replace=False)] = rng.uniform(-3000, -1500, 25)
    return Volume(array.astype(dtype), affine, places, holes)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED])
@pytest.mark.parametrize("kind", ["even", "uneven", "holes"])
@pytest.mark.parametrize("projection", ["max", "min", "mean"])
def test_skipping_changes_no_bit(dtype, affine, kind, projection):
    places = None if kind == "even" else np.cumsum(np.r_[0, np.random.default_rng(3).choice([0.3, 1, 2.5], 60)])
    volume = lumps(dtype, (61, 47, 83), affine, places, (13, 40) if kind == "holes" else ())
    grid = bricks(volume)
    for turn, pixel in (((20, -35, 50), 0.5), ((71, 10, 5), 4.0), ((-25, 160, 0), 0.1), ((0, 90, 0), 0.7)):
        picture = centred(volume, 45, 38, pixel, turn)
        whole = slab(volume, picture, projection, 500)
        assert (whole != OUTSIDE).any()
        assert (slab(volume, picture, projection, 500, bricks=grid) == whole).all()


@pytest.mark.parametrize("pixel", [0.11, 0.7, 1.3, 2.9])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("kind", ["even", "uneven", "holes"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_along_voxel_rows_agree_with_the_reference(dtype, kind, mirrored, pixel):
    """Planes turned about x alone, however wide and long their pixels are."""
    places = None if kind == "even" else (0, 0.4, 1, 3, 3.5, 5, 6, 6.2, 8)
    volume = Volume(
        random_volume(dtype, (9, 12, 37), np.eye(4)).array,
        np.diag([0.7, 0.8, 1.3, 1.0]),
        places,
        (2, 5) if kind == "holes" else (),
    )
    for turn, thickness in (((0, 0, 0), 0), ((90, 0, 0), 30), ((33, 0, 0), 5)):
        picture = centred(volume, 53, 41, pixel, turn, mirrored, shift_mm=0.3)
        for projection in ("max", "min", "mean"):
            values, truth = (make(volume, picture, projection, thickness) for make in (slab, reference))
            assert (truth != OUTSIDE).any()
            assert ((values == OUTSIDE) == (truth == OUTSIDE)).all()
            assert np.abs(values - truth)[truth != OUTSIDE].max() <= 1e-3 * STEP
