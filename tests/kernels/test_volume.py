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


def test_an_array_of_another_kind_names_what_it_is():
    with pytest.raises(NoBackend, match="list"):
        Volume([[[0, 0], [0, 0]], [[0, 0], [0, 0]]], np.eye(4))  # type: ignore[arg-type]
