from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from kernels.errors import InvalidParameter
from kernels.gaussian import gaussian
from kernels.volume import Volume
from tests.kernels.grids import DTYPES, random_volume
from tests.kernels.standin import Array
from tests.kernels.standin_ndimage import put_cupyx

GRID = np.diag([0.5, 0.7, 1.3, 1.0])


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=30, deadline=None)
@given(shape=st.tuples(*[st.integers(2, 40)] * 3), sigma=st.floats(0, 12))
def test_it_is_scipy_s_filter_with_the_same_cut(dtype, shape, sigma):
    volume = random_volume(dtype, shape, GRID)
    sigmas = [sigma / s for s in (1.3, 0.7, 0.5)]
    truth = ndimage.gaussian_filter(volume.array.astype(np.float64), sigmas, mode="nearest", truncate=4.0)
    assert np.abs(gaussian(volume, sigma) - truth).max() <= 1e-6 * np.abs(volume.array).max()


def test_inside_it_is_itk_s_gaussian_in_millimetres():
    """ITK's is recursive, another approximation of the same; noise smoothed to a sixtieth of it agrees to a few HU."""
    volume = random_volume(np.float32, (24, 40, 44), GRID)
    image = sitk.GetImageFromArray(volume.array)
    image.SetSpacing((0.5, 0.7, 1.3))
    truth = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(image, 2.0))
    inner = (slice(8, -8), slice(12, -12), slice(17, -17))
    found = gaussian(volume, 2.0)[inner]
    assert found.std() > 20
    assert np.abs(found - truth[inner]).max() < 1.5


def test_one_bright_voxel_becomes_a_gaussian_of_that_width_in_millimetres():
    array = np.zeros((41, 61, 81), np.int16)
    array[20, 30, 40] = 30000
    values = gaussian(Volume(array, GRID), 2.0).astype(np.float64)
    assert values.sum() == pytest.approx(30000, rel=1e-5)
    for axis, spacing in enumerate((1.3, 0.7, 0.5)):
        along = (np.arange(array.shape[axis]) - array.shape[axis] // 2) * spacing
        profile = values.sum(axis=tuple({0, 1, 2} - {axis}))
        assert np.sqrt((profile * along**2).sum() / profile.sum()) == pytest.approx(2.0, rel=2e-3)  # the cut


@pytest.mark.parametrize("dtype", DTYPES)
def test_constants_and_a_sigma_of_nothing_leave_the_values_as_they_are(dtype):
    constant = Volume(np.full((5, 6, 7), -1000, dtype), GRID)
    assert np.abs(gaussian(constant, 3.0) + 1000).max() <= 1e-3
    volume = random_volume(dtype, (5, 6, 70), GRID)
    assert np.array_equal(gaussian(volume, 0), volume.array.astype(np.float32))


def test_the_widest_sigma_is_taken_and_a_wider_one_refused():
    volume = random_volume(np.int16, (3, 4, 5), np.eye(4))
    values = gaussian(volume, 128.0)
    assert np.ptp(values) < 0.05 * np.ptp(volume.array)
    for wrong in (128.1, -0.1, float("nan"), float("inf")):
        with pytest.raises(InvalidParameter):
            gaussian(volume, wrong)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_card_is_asked_for_the_same(dtype, monkeypatch):
    card = put_cupyx(monkeypatch)
    volume = random_volume(dtype, (21, 12, 13), GRID)
    there = Volume(card.asarray(volume.array), GRID)
    for region in (None, (slice(4, 19), slice(0, 5), slice(3, 4))):
        values = gaussian(there, 1.1, region=region)
        assert isinstance(values, Array)
        assert np.abs(values.get() - gaussian(volume, 1.1, region=region)).max() <= 2e-6 * 3071
