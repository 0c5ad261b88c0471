from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from skimage.filters import frangi

from kernels.errors import InvalidParameter
from kernels.vesselness import C, reference, vesselness
from kernels.volume import Volume
from tests.kernels.grids import rotation

GRID = np.diag([0.6, 0.7, 0.9, 1.0])
SHAPE = (48, 60, 72)
MIDDLE = tuple(n // 2 for n in SHAPE)


def millimetres(shape=SHAPE, grid=GRID):
    """x, y and z of every voxel, about the middle one."""
    z, y, x = (np.indices(shape)[k] - shape[k] // 2 for k in range(3))
    return np.stack([x * grid[0, 0], y * grid[1, 1], z * grid[2, 2]], axis=-1)


def tube(direction, width, height=300.0, floor=-50.0):
    """A tube through the middle whose profile is a Gaussian of that width, mm."""
    points = millimetres()
    along = points @ direction
    apart = (points**2).sum(axis=-1) - along**2
    return Volume((floor + height * np.exp(-apart / (2 * width**2))).astype(np.float32), GRID)


def expected(h1, h2, h3):
    """The formula for eigenvalues |h1| ≤ |h2| ≤ |h3|, the last two negative."""
    plate, blob = (h2 / h3) ** 2, h1**2 / abs(h2 * h3)
    flat = h1**2 + h2**2 + h3**2
    return (1 - np.exp(-plate / (2 * 0.5**2))) * np.exp(-blob / (2 * 0.5**2)) * (1 - np.exp(-flat / (2 * C**2)))


DIRECTIONS = [np.eye(3)[k] for k in range(3)] + [rotation((20, 50, 80))[:, k] for k in range(3)]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("width, sigma", [(1.5, 1.5), (2.0, 1.2), (1.2, 2.0)])
def test_in_the_middle_of_a_tube_it_is_what_the_formula_says_of_any_direction(direction, width, sigma):
    """There σ² ∂² of the smoothed profile is −h σ² w² / (w² + σ²)² across, and 0 along."""
    volume = tube(direction, width)
    across = -300 * sigma**2 * width**2 / (width**2 + sigma**2) ** 2
    found = vesselness(volume, [sigma])[MIDDLE]
    assert found == pytest.approx(expected(0, across, across), rel=0.01)


def test_a_tube_answers_most_where_it_lies():
    volume = tube(DIRECTIONS[3], 1.5)
    inner = (slice(6, -6),) * 3  # it goes on straight beyond no border
    found = vesselness(volume, [1.5])[inner]
    points = millimetres()[inner]
    apart = np.sqrt((points**2).sum(axis=-1) - (points @ DIRECTIONS[3]) ** 2)
    assert found[apart < 0.5].min() > 0.65
    assert found[apart > 6].max() < 0.01


def test_plates_blobs_and_flat_tissue_are_no_tubes():
    points = millimetres()
    plate = -50 + 300 * np.exp(-(points[..., 0] ** 2) / (2 * 1.5**2))
    blob = -50 + 300 * np.exp(-(points**2).sum(axis=-1) / (2 * 1.5**2))
    flat = np.full(SHAPE, 40.0)
    ramp = points @ (30, 20, 10)
    inner = (slice(6, -6),) * 3
    tubes = vesselness(tube(DIRECTIONS[4], 1.5), [1.5])[MIDDLE]
    assert tubes > 0.75
    for values, most in ((plate, 0.01), (blob, 0.15), (flat, 1e-6), (ramp, 1e-5)):
        found = vesselness(Volume(values.astype(np.float32), GRID), [1.5])[inner]
        middle = tuple(n // 2 for n in found.shape)
        assert found[middle] < most
    h = -300 * 1.5**5 / (2 * 1.5**2) ** 2.5
    blobs = vesselness(Volume(blob.astype(np.float32), GRID), [1.5])[MIDDLE]
    assert blobs == pytest.approx(expected(h, h, h), rel=0.03)


def test_dark_tubes_are_bright_ones_negated():
    volume = tube(DIRECTIONS[3], 1.5)
    dark = Volume(-volume.array, GRID)
    found = vesselness(volume, [1.0, 2.0])
    assert np.abs(vesselness(dark, [1.0, 2.0], bright=False) - found).max() < 1e-5
    assert vesselness(volume, [1.0, 2.0], bright=False)[MIDDLE] == 0
    assert vesselness(dark, [1.0, 2.0])[MIDDLE] == 0


def test_of_several_scales_every_voxel_has_the_most():
    volume = tube(DIRECTIONS[5], 1.2)
    scales = [0.8, 1.6, 3.0]
    each = np.array([vesselness(volume, [sigma]) for sigma in scales])
    assert np.array_equal(vesselness(volume, scales), each.max(axis=0))
    assert np.array_equal(vesselness(volume, scales[::-1]), each.max(axis=0))
    assert len(np.unique(each.argmax(axis=0))) == 3


def test_the_scale_that_answers_most_is_that_of_the_tube():
    """The profile's answer −h σ² w² / (w² + σ²)² is strongest for σ = w."""
    scales = np.array([0.6, 0.8, 1.0, 1.25, 1.6, 2.0, 2.5])
    for width in (0.8, 1.25, 2.0):
        answers = [vesselness(tube(DIRECTIONS[3], width), [sigma], c=500.0)[MIDDLE] for sigma in scales]
        assert scales[np.argmax(answers)] == width


@cache
def noisy():
    rng = np.random.default_rng(3)
    values = 0.3 * tube(DIRECTIONS[3], 2.0).array + rng.normal(0, 30, SHAPE)
    return Volume(np.ascontiguousarray(values[8:40, 12:48, 16:56]).astype(np.float32), np.diag([0.7, 0.7, 0.7, 1.0]))


@pytest.mark.parametrize("bright", [True, False])
def test_it_is_scikit_image_s_frangi_filter_where_derivatives_are_the_same(bright):
    """Its derivatives are applied in two steps and sampled otherwise; from σ of three voxels on that matters little.
    It divides by no σ² of ours: its c counts for unscaled derivatives."""
    volume = noisy()
    sigma = 3.0
    truth = frangi(
        volume.array.astype(np.float64),
        [sigma],
        alpha=0.5,
        beta=0.5,
        gamma=3 / sigma**2,
        black_ridges=not bright,
        mode="nearest",
    )
    found = vesselness(volume, [sigma * 0.7], bright, c=3)
    inner = (slice(6, -6),) * 3
    assert truth[inner].max() > 0.3
    assert np.corrcoef(found[inner].ravel(), truth[inner].ravel())[0, 1] > 0.995
    assert np.abs(found - truth)[inner].max() < 0.1


def test_what_is_tube_like_is_between_nothing_and_one():
    found = vesselness(noisy(), [0.7, 1.5], c=1e-3)
    assert found.min() == 0 and 0.8 < found.max() <= 1 - np.exp(-2) + 1e-6  # as α = 0.5 has it


@pytest.mark.parametrize("parameters", [{"alpha": 0}, {"beta": -1}, {"c": 0}, {"c": np.nan}, {"alpha": np.inf}])
def test_parameters_without_a_meaning_are_refused(parameters):
    with pytest.raises(InvalidParameter):
        vesselness(noisy(), [1.0], **parameters)


@pytest.mark.parametrize("scales", [[], [0.0], [1.0, -1.0], [np.nan], [1.0, 500.0]])
def test_scales_without_a_meaning_are_refused(scales):
    with pytest.raises(InvalidParameter):
        vesselness(noisy(), scales)


def test_the_reference_reads_no_more_into_noise_than_the_kernel():
    volume = noisy()
    assert np.abs(vesselness(volume, [0.5, 1.0], c=5.0) - reference(volume, [0.5, 1.0], c=5.0)).max() <= 1e-5
