"""The body phantom: what is where, and how much of it."""

from __future__ import annotations

import numpy as np
import pytest

from clinical.phantoms.body import FIELD_MM, NOISE_HU, body


@pytest.fixture(scope="module")
def small():
    return body(50, 128)


def at(phantom, x, y, z):
    """The mean of 3×3×3 voxels about a point in mm from the middle."""
    array, spacing = phantom
    i, j, k = (round(c / s + (n - 1) / 2) for c, s, n in zip((x, y, z), spacing, array.shape[::-1], strict=True))
    return array[k - 1 : k + 2, j - 1 : j + 2, i - 1 : i + 2].mean()


def test_the_heart_lies_left_the_liver_right_the_spine_behind(small):
    assert at(small, 33, -30, 72) == pytest.approx(330, abs=15)
    assert at(small, -33, -30, 72) < 250
    assert at(small, -80, -20, -20) == pytest.approx(115, abs=15)
    assert at(small, 0, 52, 15) > 150
    assert at(small, 0, -75, -60) < 100


def test_air_lung_and_muscle_have_their_values(small):
    assert at(small, -170, -170, 0) == pytest.approx(-1000, abs=10)
    assert at(small, -66, 10, 130) == pytest.approx(-860, abs=40)


def test_the_field_stays_the_same_at_every_size(small):
    array, spacing = small
    assert np.allclose(np.array(spacing) * array.shape[::-1], FIELD_MM)
    assert array.dtype == np.int16
    assert array.flags.c_contiguous


def test_fractions_hold_roughly_at_a_reduced_size(small):
    array, _ = small
    assert (array < -900).mean() == pytest.approx(0.54, abs=0.04)
    assert (array > 150).mean() == pytest.approx(0.039, abs=0.008)


def test_noise_in_tissue_has_its_standard_deviation(small):
    array, _ = small
    liver = array[18:21, 52:62, 32:44].astype(float)
    assert np.std(liver - liver.mean()) == pytest.approx(NOISE_HU, rel=0.1)


def test_the_same_arguments_give_the_same_body():
    assert (body(6, 64)[0] == body(6, 64)[0]).all()
    assert (body(6, 64, seed=8)[0] != body(6, 64)[0]).any()


@pytest.mark.slow
def test_fractions_hold_at_full_size():
    array, spacing = body(500, 512)
    assert np.allclose(spacing, (0.7, 0.7, 0.8))
    assert (array < -900).mean() == pytest.approx(0.54, abs=0.03)
    assert (array > 150).mean() == pytest.approx(0.039, abs=0.005)
