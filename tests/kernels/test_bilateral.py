from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from kernels.bilateral import CUT, MOST_SIGMA, bilateral, passes, reference
from kernels.errors import InvalidParameter
from kernels.gaussian import gaussian
from kernels.volume import Volume
from tests.kernels.grids import DTYPES, random_volume

GRID = np.diag([0.7, 0.8, 1.2, 1.0])


def noisy(dtype=np.float32, shape=(14, 24, 30), step=400, sd=25):
    """Two tissues with an edge across x."""
    values = np.random.default_rng(4).normal(0, sd, shape)
    values[..., shape[2] // 2 :] += step
    return Volume(values.astype(dtype), GRID)


def test_noise_goes_and_the_edge_stays():
    volume = noisy()
    found = bilateral(volume, 1.4, 60.0)
    for part, level in ((found[..., 3:14], 0), (found[..., 16:-3], 400)):
        assert part.std() < 0.35 * 25
        assert abs(part.mean() - level) < 3
    assert (found[..., 14] < 100).all() and (found[..., 15] > 300).all()
    assert (gaussian(volume, 1.4)[..., 15] < 300).any()  # where a Gaussian blurs it


def test_with_every_value_alike_it_is_a_gaussian_of_the_same_cut():
    volume = noisy()
    (around,) = passes((0.7, 0.8, 1.2), 1.1)
    weights, shape = np.exp(-around.far.astype(np.float64)), volume.array.shape
    padded = np.pad(volume.array.astype(np.float64), [(r, r) for r in around.reach], mode="edge")
    truth = (
        sum(
            w * padded[tuple(slice(r + o, r + o + n) for r, o, n in zip(around.reach, offset, shape, strict=True))]
            for w, offset in zip(weights, around.offsets, strict=True)
        )
        / weights.sum()
    )
    assert np.abs(bilateral(volume, 1.1, 1e9) - truth).max() < 0.1


def test_inside_it_is_nearly_itk_s_bilateral_filter():
    """ITK's has a wider cut (2.5σ, a box) and a table of exponentials."""
    volume = noisy(shape=(16, 22, 26), sd=40)
    image = sitk.GetImageFromArray(volume.array)
    image.SetSpacing((0.7, 0.8, 1.2))
    truth = sitk.GetArrayFromImage(sitk.Bilateral(image, 1.0, 90.0, 2000))
    found = bilateral(volume, 1.0, 90.0)
    inner = (slice(4, -4), slice(5, -5), slice(5, -5))
    assert np.corrcoef(found[inner].ravel(), truth[inner].ravel())[0, 1] > 0.999
    assert np.abs(found - truth)[inner].mean() < 0.15 * np.abs(volume.array - truth)[inner].mean()


@pytest.mark.parametrize("sigma", [0.3, 0.7, 1.1])
def test_neighbours_are_those_within_the_cut(sigma):
    (found,) = passes((0.7, 0.8, 1.2), sigma)
    distances = np.linalg.norm(found.offsets * (1.2, 0.8, 0.7), axis=1)
    assert distances.max() <= CUT * sigma * (1 + 1e-6)
    assert found.far == pytest.approx(distances**2 / (2 * sigma**2), abs=1e-6)
    assert [0, 0, 0] in found.offsets.tolist()
    assert len({tuple(offset) for offset in found.offsets.tolist()}) == len(found.offsets) < 220
    assert np.abs(found.offsets).max(axis=0).tolist() == list(found.reach)
    z, y, x = np.indices((9, 9, 9)) - 4
    inside = (z * 1.2) ** 2 + (y * 0.8) ** 2 + (x * 0.7) ** 2 <= (CUT * sigma) ** 2 * (1 + 1e-6)
    assert len(found.offsets) == inside.sum()


@pytest.mark.parametrize("sigma", [1.2, 4.0, 20.0])
def test_a_wide_sigma_goes_along_one_axis_after_the_other(sigma):
    found = passes((0.7, 0.8, 1.2), sigma)
    for axis, spacing, step in zip((2, 1, 0), (0.7, 0.8, 1.2), found, strict=True):
        reach = int(CUT * sigma / spacing + 1e-6)
        along = np.zeros((2 * reach + 1, 3), int)
        along[:, axis] = np.arange(-reach, reach + 1)
        assert sorted(step.offsets.tolist()) == sorted(along.tolist())


@pytest.mark.parametrize("sigma", [0.8, 1.5, 1.7, 2.5, 5.0])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_no_pattern_falls_between_the_neighbours(sigma, axis):
    wave = np.cos(np.pi * np.indices((40, 42, 44))[axis])
    volume = Volume((100 * wave).astype(np.float32), np.eye(4))
    inner = (slice(16, -16),) * 3
    # The cut at 2σ leaves some of it: of one pass through a ball most.
    assert np.abs(bilateral(volume, sigma, 1e5)[inner]).max() < 100 * np.exp(-(np.pi**2) * sigma**2 / 2) + 15


def test_a_region_is_a_part_of_the_whole_also_in_passes():
    volume = random_volume(np.int16, (70, 30, 34), GRID)
    region = (slice(20, 64), slice(5, 20), slice(7, 33))
    whole = bilateral(volume, 2.4, 300.0)
    assert np.abs(bilateral(volume, 2.4, 300.0, region=region) - whole[region]).max() <= 1e-3


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sigma, sigma_value", [(0.3, 5.0), (2.4, 100.0), (6.0, 1e-6), (22.0, 1e4)])
def test_any_amounts_agree_with_the_reference(dtype, sigma, sigma_value):
    volume = random_volume(dtype, (7, 30, 40), GRID)
    assert np.abs(bilateral(volume, sigma, sigma_value) - reference(volume, sigma, sigma_value)).max() < 2e-4 * 4095


@pytest.mark.parametrize("sigma", [0.7, 2.0, 6.0])
def test_a_constant_stays_exactly(sigma):
    assert (bilateral(Volume(np.full((5, 6, 7), -1000, np.int16), GRID), sigma, 30.0) == -1000).all()


@pytest.mark.parametrize("sigma", [0, -1, np.nan, np.inf, MOST_SIGMA * 0.7 + 0.1])
def test_a_sigma_that_will_not_do_is_refused(sigma):
    with pytest.raises(InvalidParameter):
        bilateral(noisy(), sigma, 50.0)


@pytest.mark.parametrize("sigma_value", [0, -1, np.nan, np.inf, 1e10])
def test_a_sigma_of_values_that_will_not_do_is_refused(sigma_value):
    with pytest.raises(InvalidParameter):
        bilateral(noisy(), 1.0, sigma_value)
