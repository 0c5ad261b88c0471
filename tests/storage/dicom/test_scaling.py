from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.dicom.scaling import LEVELS, Scaling, scaling_of

finite = st.floats(-1e7, 1e7, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-6)


def read_back(scaling: Scaling, values: np.ndarray) -> np.ndarray:
    stored = scaling.stored(values.astype(np.float32), np.ones(values.shape, bool))
    return stored.astype(np.float64) * scaling.slope + scaling.intercept


def test_hounsfield_units_are_stored_as_they_are_with_padding_far_below_air() -> None:
    scaling = scaling_of(-1024, 3071, whole=True, hounsfield=True)
    assert scaling == Scaling(1.0, 0.0, True, -2048)
    values = np.arange(-1024, 3072)
    assert np.array_equal(read_back(scaling, values), values)


def test_padding_stays_below_values_that_are_lower_than_usual() -> None:
    scaling = scaling_of(-3024, 30000, whole=True, hounsfield=True)
    assert (scaling.slope, scaling.padding) == (1.0, -3025)


def test_a_mean_is_rounded_to_the_nearest_hounsfield_unit() -> None:
    scaling = scaling_of(-1024, 3071, whole=True, hounsfield=True)
    values = np.linspace(-1024, 3071, 9999)
    assert np.abs(read_back(scaling, values) - values).max() <= 0.5 + 1e-3


@pytest.mark.parametrize(("low", "high"), [(0, 4095), (-4096, 4094), (0, 65000), (-32768, 32000), (0, 1000)])
def test_whole_numbers_that_span_a_thousand_keep_their_own_step(low: int, high: int) -> None:
    scaling = scaling_of(low, high, whole=True)
    assert scaling.slope == 1 and scaling.is_plain == (scaling.intercept == 0)
    values = np.array([low, low + 1, (low + high) // 2, high - 1, high])
    assert np.array_equal(read_back(scaling, values), values)


@given(st.integers(-300, 300), st.integers(1, 600))
def test_few_whole_numbers_stay_exact_and_what_is_between_them_is_kept_finely(low: int, span: int) -> None:
    scaling = scaling_of(low, low + span, whole=True)
    values = np.arange(low, low + span + 1)
    assert np.allclose(read_back(scaling, values), values, rtol=0, atol=1e-9)
    assert scaling.slope <= 0.1


@given(finite, finite, st.booleans(), st.booleans(), st.booleans())
def test_any_range_comes_back_within_half_a_step_and_none_of_it_is_the_padding(
    a: float, b: float, whole: bool, hounsfield: bool, at_zero: bool
) -> None:
    low, high = min(a, b), max(a, b)
    if whole:
        low, high = float(np.floor(low)), float(np.ceil(high))
    scaling = scaling_of(low, high, whole=whole, hounsfield=hounsfield, at_zero=at_zero)
    values = np.linspace(low, high, 77).astype(np.float32)
    stored = scaling.stored(values, np.ones(77, bool))
    assert stored.min() > scaling.padding
    error = np.abs(read_back(scaling, values) - values.astype(np.float64)).max()
    assert error <= 0.5 * scaling.slope + 1e-6 * scaling.slope + 1e-7 * max(abs(low), abs(high))
    span = max(high, 0) - min(low, 0)
    coarsest = 2.5 if whole and span < 1000 else 1.01
    assert scaling.slope == 1 or scaling.slope <= coarsest * span / LEVELS * (1 + 1e-9)
    if at_zero:
        assert scaling.intercept == 0


@given(finite, finite)
def test_slope_and_intercept_have_few_characters(a: float, b: float) -> None:
    scaling = scaling_of(min(a, b), max(a, b), whole=False)
    for number in (scaling.slope, scaling.intercept):
        assert float(f"{number:.10g}") == pytest.approx(number, rel=1e-9) and len(f"{number:.10g}") <= 16


def test_where_nothing_is_the_padding_stands_whatever_the_values_say() -> None:
    scaling = scaling_of(0, 100, whole=False)
    inside = np.array([True, False, False])
    stored = scaling.stored(np.array([5, -3e38, np.nan], np.float32), inside)
    assert stored.tolist() == [round(5 / scaling.slope), scaling.padding, scaling.padding]


def test_a_volume_of_one_value_has_a_scaling_too() -> None:
    for value in (0.0, 7.5, -7.5):
        scaling = scaling_of(value, value, whole=False)
        assert read_back(scaling, np.array([value]))[0] == pytest.approx(value, abs=0.5 * scaling.slope)
