"""Picked points against spheres, single voxels and formulas with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.clip import Box
from kernels.errors import InvalidParameter
from kernels.pick import plane_point, slab_point, surface_point
from kernels.picture import Picture
from kernels.plane import slab
from kernels.presets import PRESETS
from kernels.transfer import TransferFunction
from kernels.volume import Volume
from kernels.window import OUTSIDE
from tests.kernels.grids import DTYPES, LEFT_HANDED, SHEARED, centred, random_volume

TURNS = ((0, 0, 0), (180, 0, 0), (90, 0, 0), (0, -90, 0), (35, 20, 10), (-110, 65, 40))
# Opaque within a hundredth of a millimetre from 500 on.
SOLID = TransferFunction(((499.0, (1, 1, 1), 0.0), (501.0, (1, 1, 1), 500.0)))
RADIUS = 17.0


def sphere(dtype, affine, shape=(60, 71, 65), places=None, holes=()) -> Volume:
    """A ball about the volume's middle whose values fall from 1000 to 0 within 4 mm, 500 at the radius."""
    volume = Volume(np.zeros(shape, dtype), affine, places, holes)
    z, y, x = np.indices(shape)
    distance = np.linalg.norm(
        volume.to_patient(np.stack([x, y, volume.place_of(z)], axis=-1)) - volume.centre_mm, axis=-1
    )
    return Volume((1000 * np.clip((RADIUS - distance) / 4 + 0.5, 0, 1)).astype(dtype), affine, places, holes)


def uneven_places(count: int, length: float) -> np.ndarray:
    places = np.concatenate([[0], np.cumsum(np.random.default_rng(5).choice([0.3, 1, 1.6], count - 1))])
    return places * length / places[-1]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("affine", [np.diag([0.8, 0.8, 1.0, 1.0]), SHEARED, LEFT_HANDED])
@pytest.mark.parametrize("even", [True, False])
def test_the_surface_of_a_sphere_is_found_from_every_side(dtype, turn, affine, even):
    volume = sphere(dtype, affine, places=None if even else uneven_places(60, 59))
    picture = centred(volume, 64, 56, 0.5, turn, shift_mm=-3)
    for u, v in ((31.5, 27.5), (20, 30), (40.25, 12.5), (45, 44)):
        seen = surface_point(volume, picture, SOLID, u, v)
        assert seen is not None
        pixel = picture.origin + u * picture.right + v * picture.down
        across = (pixel - volume.centre_mm) - ((pixel - volume.centre_mm) @ picture.normal) * picture.normal
        truth = volume.centre_mm + across - np.sqrt(RADIUS**2 - across @ across) * picture.normal
        assert np.linalg.norm(seen.point - truth) < volume.spacing_mm.min() / 4
        assert seen.value == pytest.approx(500, abs=15)
    assert surface_point(volume, picture, SOLID, -300, 0) is None


def first_meeting(eye, direction, centre, radius):
    """Where a ray from `eye` first meets a sphere: the smaller root of |eye + t·direction − centre| = radius."""
    offset = eye - centre
    b = offset @ direction
    return eye + (-b - np.sqrt(b**2 - offset @ offset + radius**2)) * direction


PIXELS = ((31.5, 27.5), (22, 31), (38.25, 16.5), (40, 40))


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize(("affine", "even"), [(np.diag([0.8, 0.8, 1.0, 1.0]), False), (SHEARED, True)])
def test_in_perspective_the_front_of_a_sphere_is_found_along_rays_from_the_eye(turn, affine, even):
    volume = sphere(np.int16, affine, places=None if even else uneven_places(60, 59))
    picture = centred(volume, 64, 56, 0.5, turn)
    eye = volume.centre_mm - 60 * picture.normal
    for u, v in PIXELS:
        seen = surface_point(volume, picture, SOLID, u, v, eye)
        pixel = picture.origin + u * picture.right + v * picture.down
        truth = first_meeting(eye, (pixel - eye) / np.linalg.norm(pixel - eye), volume.centre_mm, RADIUS)
        assert seen is not None
        assert np.linalg.norm(seen.point - truth) < volume.spacing_mm.min() / 4


def test_an_eye_within_the_volume_sees_only_what_is_before_it():
    """Inside a hollow ball: the wall ahead, never the one behind; and nothing where it looks away from all."""
    ball = sphere(np.float32, np.diag([0.8, 0.8, 1.0, 1.0]))
    volume = Volume(1000 - ball.array, ball.affine)
    for turn in TURNS:
        picture = centred(volume, 64, 56, 0.5, turn, shift_mm=5)
        seen = surface_point(volume, picture, SOLID, 31.5, 27.5, volume.centre_mm)
        assert seen is not None
        assert np.linalg.norm(seen.point - volume.centre_mm - RADIUS * picture.normal) < 0.2
        outside = centred(volume, 64, 56, 0.5, turn, shift_mm=500)
        assert surface_point(volume, outside, SOLID, 31.5, 27.5, volume.centre_mm + 400 * picture.normal) is None


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("away", [None, 60.0])
def test_a_plane_that_cuts_a_sphere_is_where_its_inside_is_seen(turn, away):
    """The front half is cut away by a plane that is turned by 20° against the picture's."""
    volume = sphere(np.int16, np.diag([0.8, 0.8, 1.0, 1.0]))
    picture = centred(volume, 64, 56, 0.5, turn)
    eye = None if away is None else volume.centre_mm - away * picture.normal
    normal = np.cos(np.radians(20)) * picture.normal + np.sin(np.radians(20)) * picture.right / 0.5
    plane = [*normal, normal @ volume.centre_mm + 2]
    for u, v in PIXELS[:3]:
        seen = surface_point(volume, picture, SOLID, u, v, eye, [plane])
        pixel = picture.origin + u * picture.right + v * picture.down
        start, direction = (
            (pixel, picture.normal) if eye is None else (eye, (pixel - eye) / np.linalg.norm(pixel - eye))
        )
        truth = start + (plane[3] - start @ normal) / (direction @ normal) * direction
        assert seen is not None
        assert np.linalg.norm(seen.point - truth) < 0.05
        assert seen.value > 900
    behind = [*picture.normal, picture.normal @ volume.centre_mm + RADIUS + 3]
    assert surface_point(volume, picture, SOLID, *PIXELS[0], eye, [behind]) is None


def test_a_box_cuts_a_sphere_from_six_sides():
    volume = sphere(np.int16, np.diag([0.8, 0.8, 1.0, 1.0]))
    half = np.array([4.0, 6, 8])
    box = Box(volume.centre_mm, np.eye(3), half).half_spaces
    for turn, axis in (((0, 0, 0), 2), ((180, 0, 0), 2), ((90, 0, 0), 1), ((0, -90, 0), 0)):
        picture = centred(volume, 64, 56, 0.5, turn)
        seen = surface_point(volume, picture, SOLID, 31.5, 27.5, None, box)
        assert seen is not None
        assert seen.point == pytest.approx(volume.centre_mm - half[axis] * picture.normal, abs=0.05)
        assert surface_point(volume, picture, SOLID, 31.5 + 2 * half.max() + 1, 27.5, None, box) is None


@pytest.mark.parametrize("eye", [(0, 0), (0, 0, np.nan), (0, 0, np.inf), (0.0, 0.0, 1e9)])
def test_an_eye_that_is_not_before_the_picture_is_refused(eye):
    volume = sphere(np.int16, np.eye(4))
    with pytest.raises(InvalidParameter):
        surface_point(volume, centred(volume, 8, 8, 1), SOLID, 4, 4, eye)


def test_a_volume_too_thin_to_cover_half_has_no_surface():
    volume = Volume(np.full((11, 9, 9), 200, np.int16), np.eye(4))
    for tau, found in ((0.06, False), (0.08, True)):  # half is reached at ln 2 / τ: 11.6 and 8.7 mm of 10
        transfer = TransferFunction(((100.0, (1, 1, 1), tau), (300.0, (1, 1, 1), tau)))
        seen = surface_point(volume, centred(volume, 5, 5, 1), transfer, 2, 2)
        assert (seen is not None) == found
        if seen is not None:
            assert seen.point == pytest.approx((4, 4, np.log(2) / tau), abs=1e-3)


def test_a_hole_holds_no_surface_and_covers_nothing():
    """ln 2 / 0.2 = 3.47 mm of the stuff: 2 before the hole from 2 to 7, the rest behind it."""
    places = np.array([0, 1, 2, 7, 8, 9, 10.0])
    volume = Volume(np.full((7, 9, 9), 200, np.int16), np.eye(4), places, (2,))
    transfer = TransferFunction(((100.0, (1, 1, 1), 0.2), (300.0, (1, 1, 1), 0.2)))
    seen = surface_point(volume, centred(volume, 5, 5, 1), transfer, 2, 2)
    assert seen is not None
    assert seen.point[2] == pytest.approx(7 + np.log(2) / 0.2 - 2, abs=1e-3)
    back = surface_point(volume, centred(volume, 5, 5, 1, (180, 0, 0)), transfer, 2, 2)
    assert back is not None
    assert back.point[2] == pytest.approx(2 - (np.log(2) / 0.2 - 3), abs=1e-3)
    beside = centred(volume, 5, 5, 1, (90, 0, 0))
    assert surface_point(volume, beside, transfer, 2, 2) is None  # the middle, place 5, lies in the hole
    assert plane_point(volume, beside, 2, 2) is None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("places", [None, uneven_places(20, 25)])
def test_the_maximum_of_a_slab_is_the_bright_voxel_itself(dtype, places):
    array = np.zeros((20, 25, 30), dtype)
    array[7, 12, 16] = 900
    volume = Volume(array, np.diag([0.8, 0.8, 1.3, 1.0]), places)
    voxel = volume.to_patient((16, 12, 7 if places is None else places[7]))
    for normal, right, down in (((0, 0, 1), (1, 0, 0), (0, 1, 0)), ((0, 1, 0), (1, 0, 0), (0, 0, -1))):
        # A plane a whole number of samples away, so that one sample falls on the voxel.
        away = np.array(normal) * 3 * (1.3 if normal[2] else 0.8)
        picture = Picture(voxel - away - 4 * np.array(right) - 3 * np.array(down), right, down, 9, 7)
        seen = slab_point(volume, picture, "max", 12, 4, 3)
        assert seen is not None
        assert seen.point == pytest.approx(voxel, abs=1e-6)
        assert seen.value == pytest.approx(900)
        darkest = slab_point(Volume(-array, volume.affine, places), picture, "min", 12, 4, 3)
        assert darkest is not None
        assert darkest.point == pytest.approx(voxel, abs=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("projection", ["max", "min", "mean"])
@pytest.mark.parametrize("thickness", [0, 3.1, 9])
def test_the_picked_value_is_the_one_in_the_picture(dtype, projection, thickness):
    places = np.array([0, 1, 2, 2.125, 2.5, 4, 5, 9, 10.25])
    volume = Volume(random_volume(dtype, (9, 7, 11), SHEARED).array, SHEARED, places, (6,))
    picture = centred(volume, 37, 31, 0.31, (20, -35, 50))
    values = slab(volume, picture, projection, thickness)
    for v, u in np.ndindex(31, 37):
        seen = slab_point(volume, picture, projection, thickness, u, v)
        if seen is None or values[v, u] == OUTSIDE:
            continue
        assert seen.value == pytest.approx(values[v, u], abs=4.1)
        on_plane = picture.origin + u * picture.right + v * picture.down
        along = (seen.point - on_plane) @ picture.normal
        assert np.linalg.norm(seen.point - on_plane - along * picture.normal) < 1e-4
        assert abs(along) <= thickness / 2 + 1e-6


def test_of_equal_samples_the_one_on_the_plane_is_picked():
    volume = Volume(np.full((9, 9, 9), -1000, np.int16), np.eye(4))
    seen = slab_point(volume, Picture((0, 0, 4), (1, 0, 0), (0, 1, 0), 9, 9), "max", 5, 2.5, 3.25)
    assert seen is not None
    assert seen.point.tolist() == [2.5, 3.25, 4]


def test_a_relative_preset_must_be_scaled_first():
    volume = sphere(np.int16, np.eye(4))
    with pytest.raises(InvalidParameter):
        surface_point(volume, centred(volume, 8, 8, 1), PRESETS["mr_default"], 4, 4)
