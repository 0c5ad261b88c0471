"""Picked points against spheres, single voxels and formulas with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

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
