from __future__ import annotations

import math
import statistics as library

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.errors import InvalidParameter
from kernels.regions import Ellipse, Polygon, Rectangle
from kernels.statistics import histogram, measure
from kernels.window import OUTSIDE
from tests.kernels.pictures import noise, torn
from tests.kernels.test_regions import inside

EVERYTHING = Rectangle(-1, -1, 1000, 1000)


def test_the_numbers_of_a_small_region_are_those_of_the_library_of_python():
    picture = noise((20, 30))
    found = measure(picture, Rectangle(3, 2, 8, 7), (0.5, 0.25))
    values = [float(picture[row, column]) for row in range(2, 7) for column in range(3, 8)]
    assert found.n == 25
    assert found.area_mm2 == 25 * 0.125
    assert found.mean == pytest.approx(library.fmean(values), abs=1e-9)
    assert found.sd == pytest.approx(library.stdev(values), abs=1e-9)
    assert (found.least, found.most) == (min(values), max(values))
    assert found.median == library.median(values)


@settings(max_examples=40, deadline=None)
@given(
    centre=st.tuples(st.floats(-5, 70), st.floats(-5, 50)),
    half=st.tuples(st.floats(2, 40), st.floats(2, 40)),
    angle=st.floats(-3, 3),
    seed=st.integers(0, 99),
)
def test_any_ellipse_agrees_with_itk_s_label_statistics(centre, half, angle, seed):
    picture = torn((48, 64), seed)
    region = Ellipse(*centre, *half, angle)
    label = inside(region, 48, 64) & (picture != OUTSIDE)
    found = measure(picture, region)
    assert found.n == label.sum()
    if found.n < 2:
        return
    itk = sitk.LabelStatisticsImageFilter()
    itk.Execute(sitk.GetImageFromArray(picture.astype(np.float64)), sitk.GetImageFromArray(label.astype(np.uint8)))
    assert found.n == itk.GetCount(1)
    assert found.mean == pytest.approx(itk.GetMean(1), abs=1e-9)
    assert found.sd == pytest.approx(itk.GetSigma(1), abs=1e-9)
    assert (found.least, found.most) == (itk.GetMinimum(1), itk.GetMaximum(1))


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.uint8, np.float32, ">i2"])
def test_the_mean_of_stored_values_is_numpy_s_of_whole_numbers(dtype):
    info = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else np.iinfo(np.int16)
    stored = np.random.default_rng(1).integers(info.min, info.max, (512, 512), endpoint=True)
    found = measure(stored.astype(dtype), EVERYTHING)
    assert found.mean == pytest.approx(int(stored.sum()) / stored.size, abs=1e-9)
    square = stored.size * int((stored**2).sum()) - int(stored.sum()) ** 2
    assert found.sd == pytest.approx(math.sqrt(square / stored.size / (stored.size - 1)), rel=1e-12)
    assert found.median == np.median(stored)


@pytest.mark.parametrize("offset", [1e6, -1e6])
def test_an_sd_far_from_zero_is_that_of_the_differences(offset):
    picture = (np.arange(1000) % 8).astype(np.float32).reshape(20, 50)
    assert measure(picture + np.float32(offset), EVERYTHING).sd == pytest.approx(
        math.sqrt((64 - 1) / 12 * 1000 / 999), rel=1e-9
    )


def test_a_region_of_a_known_disc_has_its_value_and_its_area():
    y, x = np.indices((128, 128))
    picture = np.where(np.hypot(x - 64, y - 60) <= 30, 55, -90).astype(np.float32)
    found = measure(picture, Ellipse(64, 60, 25, 25), (0.7, 0.7))
    assert (found.mean, found.sd, found.least, found.most, found.median) == (55, 0, 55, 55, 55)
    assert found.area_mm2 == pytest.approx(math.pi * 17.5**2, rel=0.01)


def test_pixels_without_a_sample_count_nowhere():
    picture = np.full((10, 10), OUTSIDE)
    picture[2:4, 2:4] = [[1, 2], [3, 10]]
    found = measure(picture, EVERYTHING, (1, 1))
    assert (found.n, found.area_mm2, found.mean, found.median) == (4, 4, 4, 2.5)
    assert (found.least, found.most) == (1, 10)


@pytest.mark.parametrize("region", [Rectangle(0, 0, 5, 5), Rectangle(50, 50, 60, 60), Polygon([(0.1, 0.1)] * 3)])
def test_nothing_has_no_numbers_and_no_nan(region):
    found = measure(np.full((10, 10), OUTSIDE), region, (1, 1))
    assert (found.n, found.area_mm2) == (0, 0)
    assert (found.mean, found.sd, found.least, found.most, found.median) == (None,) * 5


def test_one_pixel_has_a_value_and_no_sd():
    found = measure(noise((10, 10)), Rectangle(4, 4, 5, 5))
    assert found.n == 1 and found.mean == found.least == found.most == found.median == noise((10, 10))[4, 4]
    assert found.sd is None and found.area_mm2 is None


def test_read_only_and_strided_pictures_are_measured_like_any_other():
    picture = torn((40, 40))
    part = picture[::2, 1::3]
    part.flags.writeable = False
    assert measure(part, Ellipse(6, 9, 5, 7)) == measure(part.copy(), Ellipse(6, 9, 5, 7))
    assert np.array_equal(histogram(part, -500, 500).counts, histogram(part.copy(), -500, 500).counts)


@settings(max_examples=40, deadline=None)
@given(
    bins=st.integers(1, 300),
    low=st.floats(-500, 100),
    width=st.floats(0.5, 1500),
    seed=st.integers(0, 99),
    whole=st.booleans(),
)
def test_any_histogram_has_every_value_in_the_bin_whose_borders_it_lies_between(bins, low, width, seed, whole):
    picture = torn((24, 31), seed)
    if whole:
        picture = np.where(picture == OUTSIDE, OUTSIDE, np.rint(picture)).astype(np.float32)
        low, width = round(low), round(width + 1)
    found = histogram(picture, low, low + width, bins)
    values = np.sort(picture[picture != OUTSIDE].astype(np.float64))
    borders = np.linspace(low, low + width, bins + 1)
    before = np.searchsorted(values, borders, "left")
    before[-1] = np.searchsorted(values, borders[-1], "right")
    assert np.array_equal(found.counts, np.diff(before))
    assert found.below == (values < low).sum() and found.above == (values > low + width).sum()
    assert found.counts.sum() + found.below + found.above == len(values)


def test_a_histogram_of_int16_has_one_bin_for_each_value():
    picture = np.random.default_rng(1).integers(-50, 50, (60, 70)).astype(np.int16)
    found = histogram(picture, -50.5, 49.5, 100)
    assert np.array_equal(found.counts, [(picture == value).sum() for value in range(-50, 50)])
    assert (found.low, found.high, found.below, found.above) == (-50.5, 49.5, 0, 0)


def test_the_last_bin_has_both_borders():
    assert histogram(np.array([[0, 1, 2, 3, 4]], np.float32), 0, 4, 4).counts.tolist() == [1, 1, 1, 2]


def test_a_histogram_of_nothing_is_empty():
    found = histogram(np.full((5, 5), OUTSIDE), 0, 1, 7)
    assert found.counts.tolist() == [0] * 7 and found.below == found.above == 0


@pytest.mark.parametrize("picture", [np.zeros((2, 3, 4), np.float32), np.zeros((3, 4)), np.zeros((3, 4), np.int64)])
def test_what_is_no_picture_is_refused(picture):
    for call in (lambda: measure(picture, EVERYTHING), lambda: histogram(picture, 0, 1)):
        with pytest.raises(InvalidParameter, match="no picture"):
            call()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(value):
    picture = noise((5, 5))
    picture[2, 2] = value
    for call in (lambda: measure(picture, EVERYTHING), lambda: histogram(picture, 0, 1)):
        with pytest.raises(InvalidParameter, match="finite"):
            call()
    assert measure(picture, Rectangle(0, 0, 2, 2)).n == 4


@pytest.mark.parametrize(
    "how", [{"low": 1, "high": 1}, {"low": 0, "high": 1, "bins": 0}, {"low": 0, "high": 1, "bins": 1.5}]
)
def test_a_histogram_without_bins_is_refused(how):
    with pytest.raises(InvalidParameter):
        histogram(noise((5, 5)), **how)


def test_a_pixel_without_a_size_is_refused():
    with pytest.raises(InvalidParameter, match="mm"):
        measure(noise((5, 5)), EVERYTHING, (0, 1))
