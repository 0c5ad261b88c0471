from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from kernels.derivatives import MAX_RADIUS, TRUNCATE, reference, taps, weights
from kernels.errors import InvalidParameter

SIGMAS = (0.0, 0.02, 0.3, 0.8, 1.5, 4.0)


@pytest.mark.parametrize("sigma", SIGMAS)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_weights_are_exact_for_quadratic_functions(sigma, order):
    w = np.array(weights(sigma, order))
    n = np.arange(len(w)) - len(w) // 2
    truth = {0: (1.0, 0.0, None), 1: (0.0, 1.0, 0.0), 2: (0.0, 0.0, 2.0)}[order]
    for power, wanted in enumerate(truth):
        if wanted is not None:
            assert (w * n**power).sum() == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("sigma", [0.3, 0.8, 1.5, 4.0])
def test_the_reference_smooths_as_scipy_does(sigma):
    values = np.random.default_rng(1).normal(0, 100, (7, 9, 30))
    spacing = (0.5, 0.7, 1.3)
    sigmas = [sigma / s for s in spacing[::-1]]
    truth = ndimage.gaussian_filter(values, sigmas, mode="nearest", truncate=TRUNCATE)
    assert np.abs(reference(values, spacing, sigma, (0, 0, 0)) - truth).max() < 1e-10


@pytest.mark.parametrize("orders", [(0, 0, 1), (1, 0, 0), (0, 2, 0), (1, 0, 1), (2, 0, 0), (0, 1, 1)])
def test_derivatives_of_a_gaussian_are_those_of_the_formula(orders):
    """A blob exp(−r²/2s²), smoothed by σ, is a blob of s² + σ², whose derivatives are known."""
    spacing, s, sigma = (0.5, 0.6, 0.8), 3.0, 1.2
    z, y, x = ((np.indices((41, 41, 41))[k] - 20) * spacing[2 - k] for k in range(3))
    wide = s**2 + sigma**2
    values = np.exp(-(x**2 + y**2 + z**2) / (2 * s**2))
    blob = (s**2 / wide) ** 1.5 * np.exp(-(x**2 + y**2 + z**2) / (2 * wide))
    truth = blob
    for order, along in zip(orders, (z, y, x), strict=True):
        truth = truth * (1, -along / wide, (along**2 / wide - 1) / wide)[order]
    found = reference(values, spacing, sigma, orders)
    inner = (slice(12, 29),) * 3  # the blob does not end at the border
    assert np.abs(found - truth)[inner].max() < 2e-3 * np.abs(truth).max()


def test_derivatives_agree_with_scipy_s_but_for_its_bias():
    values = np.random.default_rng(1).normal(0, 100, (12, 13, 14))
    for orders in ((0, 0, 2), (1, 1, 0), (0, 1, 0)):
        truth = ndimage.gaussian_filter(values, 2.0, order=orders, mode="nearest", truncate=TRUNCATE)
        found = reference(values, (1.0, 1.0, 1.0), 2.0, orders)
        assert np.abs(found - truth).max() < 5e-3 * np.abs(truth).max()


def test_taps_are_the_weights_from_the_middle_on_for_each_axis():
    table = taps((0.5, 1.0, 2.0), 1.0, 3, unit_mm=3.0)
    for axis, spacing in ((table.x, 0.5), (table.y, 1.0), (table.z, 2.0)):
        for order in range(3):
            w = weights(1.0 / spacing, order)
            assert axis[order, : len(w) // 2 + 1] == pytest.approx(
                np.array(w[len(w) // 2 :]) * (3 / spacing) ** order, rel=1e-6
            )
    assert table.reach == (2, 4, 8)


@pytest.mark.parametrize("sigma", [-1, np.nan, np.inf, MAX_RADIUS / TRUNCATE * 0.5 + 0.01])
def test_a_sigma_that_will_not_do_is_refused(sigma):
    with pytest.raises(InvalidParameter):
        taps((0.5, 1.0, 2.0), sigma, 1)
