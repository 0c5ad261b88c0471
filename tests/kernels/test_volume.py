from __future__ import annotations

import numpy as np
import pytest

from kernels.errors import InvalidVolume, NoBackend
from kernels.volume import Volume
from tests.kernels.grids import SHEARED, random_volume


def test_index_and_patient_points_are_inverse():
    volume = random_volume(np.int16, (4, 5, 6), SHEARED)
    points = np.random.default_rng(0).normal(0, 50, (7, 3, 3))
    assert np.allclose(volume.to_index(volume.to_patient(points)), points)


def test_x_comes_first_in_points_and_last_in_arrays():
    volume = Volume(np.zeros((3, 4, 5), np.int16), np.diag([0.5, 2.0, 3.0, 1.0]))
    assert volume.spacing_mm.tolist() == [0.5, 2, 3]
    assert volume.centre_mm.tolist() == [1, 3, 3]
    assert volume.corners_mm.max(axis=0).tolist() == [2, 6, 6]


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((1, 5, 5), np.int16),
        np.zeros((5, 5), np.int16),
        np.zeros((5, 5, 5), np.float64),
        np.zeros((5, 5, 5), ">i2"),
        np.zeros((5, 5, 5), np.int16)[:, :, ::2],
        np.zeros((5, 6, 7), np.int16).T,
    ],
)
def test_an_array_that_kernels_cannot_read_is_refused(array):
    with pytest.raises(InvalidVolume):
        Volume(array, np.eye(4))


@pytest.mark.parametrize("column", [0, float("nan")])
def test_an_affine_that_does_not_span_space_is_refused(column):
    affine = np.eye(4)
    affine[:3, 1] = column
    with pytest.raises(InvalidVolume):
        Volume(np.zeros((5, 5, 5), np.int16), affine)


PLACES = (0.0, 1.0, 1.25, 3.0, 7.5)


def test_an_uneven_stack_lies_where_its_places_say():
    """Slice 3 of SHEARED lies three steps along its third column from the origin; the middle is that of the places."""
    volume = Volume(np.zeros((5, 4, 6), np.int16), SHEARED, PLACES, holes=(3,))
    assert np.allclose(volume.to_patient((0, 0, 3)), SHEARED[:3, 3] + 3 * SHEARED[:3, 2])
    assert np.allclose(volume.to_index(volume.to_patient((2, 1, 7.5))), (2, 1, 7.5))
    assert volume.last.tolist() == [5, 3, 7.5]
    assert np.allclose(volume.centre_mm, volume.corners_mm.mean(axis=0))
    assert np.allclose(volume.corners_mm.max(axis=0)[2], 5 + 5 * 0.05 + 7.5 * 1.3)
    assert volume.holes == (3,)


def test_places_and_slice_numbers_are_inverse_and_piecewise_linear():
    volume = Volume(np.zeros((5, 4, 6), np.int16), np.eye(4), PLACES)
    assert volume.place_of(np.arange(5)).tolist() == list(PLACES)
    assert volume.slice_of(PLACES).tolist() == [0, 1, 2, 3, 4]
    assert volume.slice_of([0.5, 1.125, 5.25]).tolist() == [0.5, 1.5, 3.5]
    z = np.random.default_rng(0).uniform(-1, 6, 50)
    assert np.allclose(volume.slice_of(volume.place_of(z)), z)
    even = Volume(np.zeros((5, 4, 6), np.int16), np.eye(4))
    assert (even.slice_of(z) == z).all()
    assert (even.place_of(z) == z).all()


@pytest.mark.parametrize(
    "places",
    [
        (0, 1, 2, 3),
        (1, 2, 3, 4, 5),
        (0, 1, 1, 2, 3),
        (0, 1, 0.5, 2, 3),
        (0, 1, 2, 3, float("nan")),
        (0, 1, 2, 3, 1e6),
        (0, 1e-4, 1, 2, 3),
        [[0, 1, 2, 3, 4]],
    ],
)
def test_places_that_do_not_rise_slice_by_slice_are_refused(places):
    with pytest.raises(InvalidVolume):
        Volume(np.zeros((5, 4, 6), np.int16), np.eye(4), places)


@pytest.mark.parametrize("hole", [-1, 4, 5])
def test_a_hole_that_is_not_between_two_slices_is_refused(hole):
    with pytest.raises(InvalidVolume):
        Volume(np.zeros((5, 4, 6), np.int16), np.eye(4), PLACES, holes=(hole,))


def test_an_array_of_another_kind_names_what_it_is():
    with pytest.raises(NoBackend, match="list"):
        Volume([[[0, 0], [0, 0]], [[0, 0], [0, 0]]], np.eye(4))  # type: ignore[arg-type]
