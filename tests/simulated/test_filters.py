"""Filters of pictures that lie on a card, thread by thread, against the CPU's."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.filters import KINDS, Filter, apply
from kernels.picture_bilateral import bilateral
from kernels.picture_gaussian import gaussian
from kernels.picture_median import median, reference
from kernels.picture_threshold import threshold
from kernels.regions import Ellipse
from kernels.statistics import histogram, measure
from kernels.window import OUTSIDE
from tests.kernels.pictures import Picture, noise, torn
from tests.kernels.standin import Array, Card

WINDOW = (40.0, 400.0)


def differences(values: Picture, truth: Picture) -> Picture:
    assert ((values == OUTSIDE) == (truth == OUTSIDE)).all()
    return np.abs(values - truth)[truth != OUTSIDE]


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (13, 19)])
def test_every_filter_agrees_with_the_cpu_s(name, shape):
    for picture in (noise(shape), torn(shape), np.full(shape, OUTSIDE)):
        there = apply(Filter(name), Card().asarray(picture), 0.7, WINDOW)
        assert isinstance(there, Array)
        assert differences(there.get(), apply(Filter(name), picture, 0.7, WINDOW)).max(initial=0) <= 0.1


@pytest.mark.parametrize("radius", [1, 2, 3])
@pytest.mark.parametrize("picture", [torn((9, 11)), np.round(noise((9, 11)), -2)], ids=["torn", "equal values"])
def test_medians_are_exact(radius, picture):
    values = median(Card().asarray(picture), radius).get()
    assert differences(values, reference(picture, radius)).max() <= 1e-4
    assert np.array_equal(values, median(picture, radius))


def test_wide_filters_reach_as_far_as_the_cpu_s():
    picture = torn((21, 33), missing=0.1)
    there = Card().asarray(picture)
    assert differences(gaussian(there, 6.5).get(), gaussian(picture, 6.5)).max() < 0.01
    assert differences(bilateral(there, 7.0, 200.0).get(), bilateral(picture, 7.0, 200.0)).max() < 0.1
    assert differences(threshold(there, 0, 90, "outside").get(), threshold(picture, 0, 90, "outside")).max() == 0


@pytest.mark.parametrize("name", KINDS)
def test_nothing_of_a_picture_is_left_behind_by_its_filter(name):
    card = Card()
    there = card.asarray(torn((13, 19)))
    result = apply(Filter(name), there, 0.7, WINDOW)
    for array in (there, result):
        array.fill(0)
    del there, result, array
    assert not card.freed_dirty
    assert len(card.freed_zero) >= 2


def test_a_card_s_pixels_are_measured_as_they_are():
    picture, region = torn((13, 19)), Ellipse(9, 6, 7, 5)
    there = Card().asarray(picture)
    assert measure(there, region) == measure(picture, region)
    assert np.array_equal(histogram(there, -500, 500).counts, histogram(picture, -500, 500).counts)
