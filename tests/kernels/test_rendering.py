"""Volume rendering against its dense reference, the law of absorption, and invariants."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.bricks import bricks
from kernels.errors import InvalidParameter
from kernels.picture import Picture
from kernels.presets import PRESETS
from kernels.rendering import MOVING_EXIT, STILL_EXIT, reference, volume_rendering, volume_rendering_rgba
from kernels.transfer import TransferFunction
from kernels.volume import Volume
from tests.kernels.grids import (
    DTYPES,
    LEFT_HANDED,
    SHEARED,
    centred,
    random_volume,
    rotation,
    smooth_volume,
)

WARM = TransferFunction(((50.0, (0.2, 0.1, 0.1), 0.0), (150.0, (0.9, 0.3, 0.2), 0.3), (400.0, (1.0, 1.0, 0.9), 0.8)))
GREY = 1 / 255


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("affine", "mirrored"), [(SHEARED, False), (LEFT_HANDED, True)])
def test_rendering_agrees_with_its_dense_reference(dtype, affine, mirrored):
    volume = smooth_volume(dtype, (19, 17, 23), affine)
    for turn, size in (((0, 0, 0), (21, 17)), ((40, -25, 70), (13, 18))):
        picture = centred(volume, *size, 0.8, turn, mirrored)
        truth = reference(volume, picture, WARM, 0.1)
        values = volume_rendering_rgba(volume, picture, WARM, bricks(volume), 0.4)
        assert truth[..., 3].max() > 0.95
        assert np.abs(values - truth).max() <= 2 * GREY
        assert np.abs(values - truth).mean() <= 0.3 * GREY


@pytest.mark.slow
def test_the_path_for_moving_stays_close_to_the_reference():
    volume = smooth_volume(np.int16, (19, 17, 23), SHEARED)
    picture = centred(volume, 17, 13, 1.0, (40, -25, 70))
    truth = reference(volume, picture, WARM, 0.1)
    for early_exit, allowed in ((STILL_EXIT, 2 * GREY), (MOVING_EXIT, 3 * GREY)):
        values = volume_rendering_rgba(volume, picture, WARM, bricks(volume), 0.8, early_exit, False)
        assert np.abs(values - truth).mean() <= allowed, early_exit


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tau", [0.005, 0.02, 0.08, 0.5])
@pytest.mark.parametrize("fraction", [0.25, 0.5, 0.77, 1.0])
def test_a_constant_volume_absorbs_by_the_law_of_beer_and_lambert(dtype, tau, fraction):
    """alpha = 1 − exp(−τL), L from outermost voxel centre to outermost voxel centre, the last step partial."""
    spacing = np.array([0.7, 0.9, 1.3])
    volume = Volume(np.full((31, 43, 37), 200, dtype), np.diag([*spacing, 1.0]))
    transfer = TransferFunction(((100.0, (1, 1, 1), tau), (300.0, (1, 1, 1), tau)))
    sides = spacing * (np.array(volume.array.shape[::-1]) - 1)
    for axis, turn in enumerate([(0, 90, 0), (90, 0, 0), (0, 0, 0)]):
        picture = centred(volume, 5, 3, 0.2, turn)
        step = fraction * spacing.min()
        rgba = volume_rendering_rgba(volume, picture, transfer, bricks(volume), step, STILL_EXIT)
        truth = 1 - np.exp(-tau * sides[axis])
        assert np.abs(rgba[..., 3] - truth).max() <= GREY


def test_a_slanted_ray_absorbs_by_its_length_in_the_box():
    volume = Volume(np.full((31, 33, 37), 200, np.int16), np.diag([0.7, 0.9, 1.3, 1.0]))
    transfer = TransferFunction(((100.0, (1, 1, 1), 0.04), (300.0, (1, 1, 1), 0.04)))
    picture = centred(volume, 41, 39, 1.0, (35, 20, 10))
    rgba = volume_rendering_rgba(volume, picture, transfer, bricks(volume), 0.5)
    u, v = np.meshgrid(np.arange(41), np.arange(39))
    points = picture.origin + u[..., None] * picture.right + v[..., None] * picture.down
    t = np.stack([-points, volume.corners_mm.max(axis=0) - points]) / picture.normal
    length = np.clip(t.max(axis=0).min(axis=-1) - t.min(axis=0).max(axis=-1), 0, None)
    assert (length == 0).any()
    assert length.max() > 30
    assert np.abs(rgba[..., 3] - (1 - np.exp(-0.04 * length))).max() <= GREY


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fine", [False, True])
def test_turning_volume_and_camera_together_changes_nothing(dtype, fine):
    volume = smooth_volume(dtype, (19, 17, 23), SHEARED)
    picture = centred(volume, 45, 39, 0.4, (10, 20, 30))
    turn, way = rotation((40, -25, 110)), np.array([5.0, -6, 7])
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn @ SHEARED[:3, :3], turn @ SHEARED[:3, 3] + way
    turned = Volume(volume.array, affine)
    moved = Picture(turn @ picture.origin + way, turn @ picture.right, turn @ picture.down, 45, 39)
    a = volume_rendering(volume, picture, WARM, bricks(volume), 0.5, fine=fine)
    b = volume_rendering(turned, moved, WARM, bricks(turned), 0.5, fine=fine)
    assert a.max() > 100
    assert np.abs(a.astype(int) - b).max() <= 1


def test_the_distance_of_the_picture_plane_does_not_matter():
    volume = smooth_volume(np.int16, (19, 17, 23), SHEARED)
    near, far = (centred(volume, 45, 39, 0.4, (10, 20, 30), shift_mm=shift) for shift in (0, -777.7))
    a, b = (volume_rendering(volume, picture, WARM, bricks(volume), 0.5) for picture in (near, far))
    assert np.abs(a.astype(int) - b).max() <= 1


def test_the_nearer_of_two_things_hides_the_other():
    """Red before blue, seen along +z; from the other side blue; and a mirrored grid looks the other way too."""
    array = np.zeros((30, 20, 20), np.int16)
    array[5:9, 4:16, 4:16] = 100
    array[20:24, 4:16, 4:16] = 200
    volume = Volume(array, np.eye(4))
    points = ((50, 0), (90, 0.5), (110, 0.5), (150, 0)), ((190, 5), (210, 5))
    transfer = TransferFunction(
        tuple((v, (1, 0, 0), tau) for v, tau in points[0]) + tuple((v, (0, 0, 1), tau) for v, tau in points[1])
    )
    front = volume_rendering(volume, centred(volume, 9, 9, 1), transfer, bricks(volume), 0.5)[4, 4]
    back = volume_rendering(volume, centred(volume, 9, 9, 1, (180, 0, 0)), transfer, bricks(volume), 0.5)[4, 4]
    mirrored = volume_rendering(volume, centred(volume, 9, 9, 1, mirrored=True), transfer, bricks(volume), 0.5)[4, 4]
    assert front[0] > 2 * front[2]
    assert back[2] > 2 * back[0]
    assert (mirrored == back).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pixel", [0.3, 1.1, 9.0])
def test_skipping_empty_bricks_changes_nothing(dtype, pixel):
    """The same picture as with every brick said to be full, for small and for very wide packets."""
    rng = np.random.default_rng(8)
    array = np.zeros((70, 61, 83), dtype)
    for z, y, x in rng.integers(3, 55, (12, 3)):
        array[z : z + 3, y : y + 4, x : x + 2] = 300
    volume = Volume(array, SHEARED)
    grid = bricks(volume)
    full = type(grid)(np.full_like(grid.lowest, -1000), np.full_like(grid.highest, 3000))
    for turn in ((0, 0, 0), (31, -47, 12)):
        picture = centred(volume, 53, 47, pixel, turn)
        skipped = volume_rendering(volume, picture, WARM, grid, 0.5)
        plain = volume_rendering(volume, picture, WARM, full, 0.5)
        assert plain.max() > 20
        assert np.abs(skipped.astype(int) - plain).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(2, 2, 2), (2, 5, 3), (3, 2, 9), (9, 3, 2)])
def test_thin_volumes_can_be_rendered(dtype, shape):
    volume = random_volume(dtype, shape, SHEARED)
    for turn in ((0, 0, 0), (90, 0, 0), (33, 44, 55)):
        picture = centred(volume, 21, 17, 0.3, turn)
        truth = reference(volume, picture, WARM, 0.05)
        values = volume_rendering_rgba(volume, picture, WARM, bricks(volume), 0.1)
        assert np.abs(values - truth)[..., 3].mean() <= 3 * GREY
        assert np.isfinite(values).all()


def test_values_that_are_not_numbers_read_nothing_else():
    array = np.full((9, 9, 9), np.nan, np.float32)
    array[::2] = 1e30
    array[:, ::2] = -np.inf
    volume = Volume(array, np.eye(4))
    picture = centred(volume, 33, 33, 0.3, (20, 30, 40))
    assert volume_rendering(volume, picture, WARM, bricks(volume), 0.5).shape == (33, 33, 3)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_shows_something_of_a_suitable_volume(name):
    transfer = PRESETS[name].scaled(-1000, 1500)
    z = np.linspace(-1000, 1500, 40)[:, None, None]
    volume = Volume(np.broadcast_to(z, (40, 30, 30)).astype(np.int16).copy(), np.eye(4))
    picture = centred(volume, 30, 40, 1.0, (90, 0, 0))
    assert volume_rendering(volume, picture, transfer, bricks(volume), 0.5).max() > 20


def test_far_away_is_black():
    volume = smooth_volume(np.int16, (9, 9, 9), SHEARED)
    picture = centred(volume, 20, 20, 0.1)
    away = Picture(picture.origin + np.array([9e4, 0, 0]), picture.right, picture.down, 20, 20)
    assert volume_rendering(volume, away, WARM, bricks(volume), 0.5).max() == 0


@pytest.mark.parametrize(("step", "leave"), [(0, 0.1), (-1, 0.1), (float("nan"), 0.1), (0.5, 0), (0.5, 1), (1e9, 0.1)])
def test_a_step_or_exit_without_meaning_is_refused(step, leave):
    volume = smooth_volume(np.int16, (9, 9, 9), SHEARED)
    with pytest.raises(InvalidParameter):
        volume_rendering(volume, centred(volume, 8, 8, 1), WARM, bricks(volume), step, leave)


def test_a_relative_preset_must_be_scaled_first():
    volume = smooth_volume(np.int16, (9, 9, 9), SHEARED)
    with pytest.raises(InvalidParameter):
        volume_rendering(volume, centred(volume, 8, 8, 1), PRESETS["mr_default"], bricks(volume), 0.5)


def cut_by(normal, through) -> np.ndarray:
    """The half-space that keeps what lies along `normal` from a point, as clip.py wants it."""
    unit = np.asarray(normal, float) / np.linalg.norm(normal)
    return np.array([*unit, unit @ through])


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED])
def test_rays_from_an_eye_agree_with_the_dense_reference(dtype, affine):
    """An eye far away, one near, and one within the ball; pictures large and small enough to choose every axis."""
    volume = smooth_volume(dtype, (19, 17, 23), affine)
    for turn, distance, size in (((0, 0, 0), 60, (15, 13)), ((40, -25, 70), 25, (13, 18)), ((95, 30, 0), 1, (16, 14))):
        picture = centred(volume, *size, 1.0, turn)
        eye = volume.centre_mm - distance * picture.normal
        truth = reference(volume, picture, WARM, 0.1, eye)
        values = volume_rendering_rgba(volume, picture, WARM, bricks(volume), 0.4, eye=eye)
        assert truth[..., 3].max() > 0.9
        assert np.abs(values - truth).max() <= 3 * GREY
        assert np.abs(values - truth).mean() <= 0.4 * GREY


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("from_eye", [False, True])
def test_half_spaces_agree_with_the_dense_reference(dtype, from_eye):
    volume = smooth_volume(dtype, (19, 17, 23), SHEARED)
    picture = centred(volume, 17, 15, 0.8, (40, -25, 70))
    eye = volume.centre_mm - 40 * picture.normal if from_eye else None
    clip = np.stack([cut_by((1, 0.3, -0.2), volume.centre_mm - 1.3), cut_by(picture.normal, volume.centre_mm - 0.7)])
    truth = reference(volume, picture, WARM, 0.05, eye, clip)
    values = volume_rendering_rgba(volume, picture, WARM, bricks(volume), 0.4, eye=eye, clip=clip)
    assert truth[..., 3].max() > 0.9
    assert (truth[..., 3] == 0).any()
    assert np.abs(values - truth).max() <= 3 * GREY


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_cut_slab_absorbs_by_what_is_left_of_it(dtype):
    """alpha = 1 − exp(−τL), L between two half-spaces at any angle to the slices."""
    volume = Volume(np.full((41, 43, 37), 200, dtype), np.diag([0.7, 0.9, 1.3, 1.0]))
    transfer = TransferFunction(((100.0, (1, 1, 1), 0.08), (300.0, (1, 1, 1), 0.08)))
    for turn in ((0, 0, 0), (33, 20, 10), (90, 0, 0)):
        picture = centred(volume, 5, 3, 0.2, turn)
        near, far = volume.centre_mm - 3.21 * picture.normal, volume.centre_mm + 2.05 * picture.normal
        clip = np.stack([cut_by(picture.normal, near), cut_by(-picture.normal, far)])
        alpha = volume_rendering_rgba(volume, picture, transfer, bricks(volume), 0.7, clip=clip)[..., 3]
        assert np.abs(alpha - (1 - np.exp(-0.08 * 5.26))).max() <= GREY / 2


def test_an_eye_far_away_sees_what_parallel_rays_see():
    volume = smooth_volume(np.int16, (19, 17, 23), SHEARED)
    picture = centred(volume, 45, 39, 0.4, (40, -25, 70))
    parallel = volume_rendering(volume, picture, WARM, bricks(volume), 0.5)
    far = volume_rendering(volume, picture, WARM, bricks(volume), 0.5, eye=volume.centre_mm - 1e5 * picture.normal)
    assert parallel.max() > 100
    assert np.abs(parallel.astype(int) - far).max() <= 3


def test_a_ball_seen_from_an_eye_has_the_outline_of_its_tangents():
    """A hard ball of radius R at distance D fills the cone of half-angle asin(R / D)."""
    z, y, x = np.indices((81, 81, 81)) - 40.0
    volume = Volume(np.where(x * x + y * y + z * z < 30.0**2, 1000, -1000).astype(np.int16), np.eye(4))
    hard = TransferFunction(((-10.0, (1, 1, 1), 0.0), (10.0, (1, 1, 1), 50.0)))
    picture = centred(volume, 101, 101, 1.2, (25, 40, 0))
    eye = volume.centre_mm - 90 * picture.normal
    alpha = volume_rendering_rgba(volume, picture, hard, bricks(volume), 0.5, eye=eye)[..., 3]
    radius_mm = 90 * np.tan(np.arcsin(30 / 90))
    assert np.sqrt((alpha > 0.5).sum() * 1.2**2 / np.pi) == pytest.approx(radius_mm, abs=0.6)


@pytest.mark.parametrize("eye", [(0, 0), (np.nan, 0, 0), (0, 0, 1e4)])
def test_an_eye_that_is_not_before_the_picture_is_refused(eye):
    volume = smooth_volume(np.int16, (9, 9, 9), SHEARED)
    with pytest.raises(InvalidParameter):
        volume_rendering(volume, centred(volume, 8, 8, 1), WARM, bricks(volume), 0.5, eye=eye)
