from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from kernels.gradient import gradient_magnitude
from kernels.volume import Volume
from tests.kernels.grids import DTYPES, random_volume
from tests.kernels.standin_ndimage import put_cupyx

GRID = np.diag([0.5, 0.7, 1.3, 1.0])
INNER = (slice(8, -8), slice(14, -14), slice(20, -20))


@pytest.mark.parametrize("sigma", [0.0, 0.4, 1.0, 2.0])
def test_of_a_ramp_it_is_the_slope_per_millimetre_whatever_the_spacing_and_sigma(sigma):
    z, y, x = np.indices((24, 40, 50)).astype(np.float64)
    slope = (3.0, -4.0, 12.0)  # per mm along x, y, z: together 13
    values = slope[0] * 0.5 * x + slope[1] * 0.7 * y + slope[2] * 1.3 * z
    found = gradient_magnitude(Volume(values.astype(np.float32), GRID), sigma)
    assert np.abs(found[INNER] - 13).max() < 1e-3


def test_without_a_sigma_it_is_numpy_s_central_differences():
    volume = random_volume(np.int16, (9, 10, 11), GRID)
    truth = np.linalg.norm(np.gradient(volume.array.astype(np.float64), 1.3, 0.7, 0.5), axis=0)
    inner = (slice(1, -1),) * 3
    assert np.abs(gradient_magnitude(volume) - truth)[inner].max() < 1e-3


def test_of_a_constant_there_is_none():
    assert not gradient_magnitude(Volume(np.full((4, 5, 70), 167, np.int16), GRID)).any()


def test_it_agrees_with_scipy_s_but_for_its_bias():
    volume = random_volume(np.float32, (20, 21, 22), np.eye(4))
    truth = ndimage.gaussian_gradient_magnitude(volume.array.astype(np.float64), 2.0, mode="nearest")
    assert np.abs(gradient_magnitude(volume, 2.0) - truth).max() < 5e-3 * truth.max()


def test_an_edge_of_a_ball_is_found_at_its_radius():
    z, y, x = np.indices((40, 60, 80)) - np.array([19.5, 29.5, 39.5])[:, None, None, None]
    distance = np.sqrt((1.3 * z) ** 2 + (0.7 * y) ** 2 + (0.5 * x) ** 2)
    ball = Volume(np.where(distance < 12, 300, 0).astype(np.int16), GRID)
    found = gradient_magnitude(ball, 1.5)
    steepest = distance[found > 0.9 * found.max()]
    assert 11.5 < steepest.mean() < 12.5 and steepest.std() < 0.6
    # Across the edge of a ball this large it is that of a step: a Gaussian of height 300 / (σ √2π).
    assert np.median(found[np.abs(distance - 12) < 0.1]) == pytest.approx(300 / (1.5 * np.sqrt(2 * np.pi)), rel=0.05)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_card_is_asked_for_the_same(dtype, monkeypatch):
    card = put_cupyx(monkeypatch)
    volume = random_volume(dtype, (21, 12, 13), GRID)
    there = Volume(card.asarray(volume.array), GRID)
    for region in (None, (slice(4, 19), slice(0, 5), slice(3, 4))):
        values = gradient_magnitude(there, 1.1, region=region).get()
        assert np.abs(values - gradient_magnitude(volume, 1.1, region=region)).max() <= 1e-5 * 3071
