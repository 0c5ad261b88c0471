from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.exposure import equalize_adapthist

from kernels.errors import InvalidParameter
from kernels.picture_clahe import BINS, clahe, curves, edges, reference
from kernels.window import OUTSIDE
from tests.kernels.pictures import SHAPES, error, noise, shapes, torn

LOW, HIGH = -160.0, 240.0
WIDTH = HIGH - LOW
LEVELS = 4096


@settings(max_examples=40, deadline=None)
@given(
    shape=shapes,
    limit=st.floats(1, 256),
    tiles=st.integers(1, 32),
    seed=st.integers(0, 99),
    missing=st.floats(0, 1),
)
def test_any_picture_agrees_with_its_reference(shape, limit, tiles, seed, missing):
    picture = torn(shape, seed, missing)
    truth = reference(picture, LOW, HIGH, limit, tiles)
    assert error(clahe(picture, LOW, HIGH, limit, tiles), truth) <= 1e-5 * WIDTH


@pytest.mark.parametrize("shape", SHAPES)
def test_whole_pictures_of_any_shape_agree_with_the_reference(shape):
    picture = noise(shape, sd=60.0)
    assert error(clahe(picture, LOW, HIGH), reference(picture, LOW, HIGH)) <= 1e-5 * WIDTH


def whole_numbers(shape: tuple[int, int]) -> NDArray[np.float32]:
    """HU, of which many lie on borders between bins; both ends of the window among them."""
    y, x = np.indices(shape)
    smooth = 40 + 120 * np.sin(x / 37) * np.cos(y / 23)
    values = np.rint(smooth + np.random.default_rng(6).normal(0, 25, shape)).clip(LOW, HIGH).astype(np.float32)
    values[0, :2] = LOW, HIGH
    return values


def test_whole_numbers_on_the_borders_of_bins_agree_with_the_reference():
    picture = whole_numbers((65, 90))
    assert error(clahe(picture, LOW, HIGH), reference(picture, LOW, HIGH)) <= 1e-5 * WIDTH


def zuiderveld(levels: NDArray[np.int64], tiles: int, limit: float) -> NDArray[np.int64]:
    """The published algorithm in whole numbers, pixel by pixel: levels 0 … 4095 in 256 bins, tiles of one size."""
    height, width = levels.shape
    tall, wide = height // tiles, width // tiles
    pixels = tall * wide
    most = max(1, int(limit * pixels / BINS))
    maps = [[[0] * BINS for _ in range(tiles)] for _ in range(tiles)]
    for j in range(tiles):
        for i in range(tiles):
            counts = [0] * BINS
            for level in levels[j * tall : (j + 1) * tall, i * wide : (i + 1) * wide].flat:
                counts[level // 16] += 1
            excess = sum(max(0, count - most) for count in counts)
            each = excess // BINS
            for number, count in enumerate(counts):
                if count > most - each:
                    excess -= max(0, most - count)
                    counts[number] = most
                else:
                    excess -= each
                    counts[number] = count + each
            start = 0
            while excess > 0 and min(counts) < most:
                for number in range(start, BINS, max(1, BINS // excess)):
                    if excess > 0 and counts[number] < most:
                        counts[number] += 1
                        excess -= 1
                start = (start + 1) % BINS
            total = 0
            for number, count in enumerate(counts):
                total += count
                maps[j][i][number] = min(LEVELS - 1, total * (LEVELS - 1) // pixels)
    result = np.zeros_like(levels)
    for row in range(height):
        for column in range(width):
            down, across = row + tall // 2, column + wide // 2
            j, i = down // tall, across // wide
            v, u = down % tall, across % wide
            above, below, left, right = max(j - 1, 0), min(j, tiles - 1), max(i - 1, 0), min(i, tiles - 1)
            bin_ = levels[row, column] // 16
            upper = (wide - u) * maps[above][left][bin_] + u * maps[above][right][bin_]
            lower = (wide - u) * maps[below][left][bin_] + u * maps[below][right][bin_]
            result[row, column] = ((tall - v) * upper + v * lower) // (tall * wide)
    return result


@pytest.mark.parametrize("limit", [1.5, 3, 20])
def test_it_is_zuiderveld_s_within_three_bins(limit):
    """His curves have a step for each bin, at the bin's upper end; centres of tiles are half a pixel further on."""
    y, x = np.indices((256, 256))
    picture = (150 * np.sin(x / 50) * np.cos(y / 40)).astype(np.float32) + noise((256, 256), sd=20.0)
    levels = np.clip(np.floor((picture.astype(np.float64) - LOW) / WIDTH * LEVELS), 0, LEVELS - 1).astype(np.int64)
    truth = zuiderveld(levels, 2, limit) / (LEVELS - 1)
    inside = (picture > LOW) & (picture < HIGH)
    part = (clahe(picture, LOW, HIGH, limit, 2) - LOW) / WIDTH
    assert np.abs(part - truth)[inside].max() <= 3 / BINS
    assert np.abs((picture - LOW) / WIDTH - truth)[inside].max() > 0.1  # what equalisation does


@pytest.mark.parametrize("limit", [1.5, 3, 20])
def test_it_is_scikit_image_s_within_its_coarser_bins(limit):
    """It has 253 bins of 65 levels, rounds curves up and mirrors the picture at its edges."""
    picture = whole_numbers((256, 320))
    part = (picture.astype(np.float64) - LOW) / WIDTH
    truth = equalize_adapthist(part, (32, 40), clip_limit=limit / BINS, nbins=BINS)
    off = (clahe(picture, LOW, HIGH, limit) - LOW) / WIDTH - truth
    assert abs(off.mean()) < 0.015
    assert off.std() < 0.015
    assert np.abs(off).max() < 0.1
    assert off.std() < 0.5 * (part - truth).std()


def test_a_limit_of_one_changes_nothing():
    picture = torn((50, 70))
    assert np.abs(clahe(picture, LOW, HIGH, 1) - picture)[picture != OUTSIDE].max() <= 1e-5 * WIDTH


def test_one_tile_without_a_limit_is_the_rank_among_all():
    picture = np.random.default_rng(2).uniform(-100, 30, (64, 80)).astype(np.float32)
    ranks = picture.reshape(-1).argsort().argsort().reshape(picture.shape) / picture.size
    part = (clahe(picture, LOW, HIGH, 256, 1) - LOW) / WIDTH
    assert np.abs(part - ranks).max() < 1 / BINS  # within a bin the curve is straight


@pytest.mark.parametrize("limit", [1.3, 2, 5])
def test_no_tile_s_curve_is_steeper_than_the_limit_and_all_end_at_one(limit):
    counts = np.random.default_rng(2).multinomial(900, np.r_[np.full(250, 1e-3), np.full(6, 0.125)], (4, 5))
    found = curves(counts.astype(np.int32), limit)
    slopes = np.diff(found, axis=-1) * BINS
    assert found[..., 0].max() == 0
    assert found[..., -1] == pytest.approx(1, abs=1e-6)
    assert slopes.min() >= 0
    assert slopes.max() == pytest.approx(limit, rel=1e-3)


def test_values_beyond_the_window_stay_and_no_order_within_a_tile_changes():
    picture = noise((40, 60), sd=400.0)
    values = clahe(picture, LOW, HIGH, 4, 1)
    beyond = (picture <= LOW) | (picture >= HIGH)
    assert beyond.any() and np.array_equal(values[beyond], picture[beyond])
    order = picture.reshape(-1).argsort()
    assert (np.diff(values.reshape(-1)[order]) >= 0).all()


def test_a_faint_thing_in_a_dark_corner_becomes_plain():
    picture = np.full((256, 256), 200, np.float32) + noise((256, 256), sd=5.0) - np.float32(40)
    picture[:64, :64] -= 330
    picture[24:40, 24:40] += 15
    before = picture[24:40, 24:40].mean() - picture[4:20, 4:20].mean()
    values = clahe(picture, LOW, HIGH, 8, 4)
    after = values[24:40, 24:40].mean() - values[4:20, 4:20].mean()
    assert after > 3 * before


@pytest.mark.parametrize("length, tiles", [(512, 8), (100, 7), (5, 8), (1, 32)])
def test_tiles_are_all_of_a_line_and_nearly_alike(length, tiles):
    found = np.diff(edges(length, tiles))
    assert found.sum() == length
    assert len(found) == min(length, tiles)
    assert found.max() - found.min() <= 1 and found.min() >= 1


@pytest.mark.parametrize("tiles", [0, 33, 2.5])
def test_a_number_of_tiles_out_of_range_is_refused(tiles):
    with pytest.raises(InvalidParameter, match="1 to 32 tiles"):
        clahe(noise((5, 5)), LOW, HIGH, 3, tiles)


@pytest.mark.parametrize("limit", [0.9, 257, float("nan")])
def test_a_limit_out_of_range_is_refused(limit):
    with pytest.raises(InvalidParameter, match="limit"):
        clahe(noise((5, 5)), LOW, HIGH, limit)
