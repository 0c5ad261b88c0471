"""Colours over greys, against the formulas and pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.compose import coloured, fused, labelled, reference_fused, reference_labelled
from kernels.errors import InvalidParameter
from kernels.window import OUTSIDE

RAMP = np.stack([np.arange(256), 255 - np.arange(256), np.full(256, 9)], axis=-1).astype(np.uint8)


def pictures(height=37, width=53):
    rng = np.random.default_rng(3)
    greys = rng.integers(0, 256, (height, width)).astype(np.uint8)
    values = rng.uniform(-2, 12, (height, width)).astype(np.float32)
    values[rng.random(values.shape) < 0.2] = OUTSIDE
    return greys, values


@pytest.mark.parametrize("opacity", [0.0, 0.4, 1.0])
def test_the_second_volume_lies_over_the_first(opacity):
    greys, values = pictures()
    made = fused(greys, values, RAMP, 1.0, 9.0, opacity).astype(int)
    assert np.abs(made - reference_fused(greys, values, RAMP, 1.0, 9.0, opacity)).max() <= 1


def test_what_is_outside_or_below_the_window_is_the_first_alone():
    greys, values = pictures()
    made = fused(greys, values, RAMP, 1.0, 9.0, 0.7)
    clear = (values == OUTSIDE) | (values <= 1.0)
    assert clear.any() and not clear.all()
    assert np.array_equal(made[clear], np.repeat(greys[..., None], 3, axis=-1)[clear])
    assert (made[~clear] != greys[~clear][..., None]).any()


def test_an_opaque_palette_hides_the_first():
    greys = np.full((1, 3), 200, np.uint8)
    values = np.array([[1.0 + 8 * 128 / 255, 9.0, 99.0]], np.float32)
    assert fused(greys, values, RAMP, 1.0, 9.0, 1.0).tolist() == [[[128, 127, 9], [255, 0, 9], [255, 0, 9]]]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38, -3e38])
def test_no_value_is_looked_up_beyond_the_palette(value):
    greys = np.full((8, 64), 200, np.uint8)
    made = fused(greys, np.full((8, 64), value, np.float32), RAMP, 1.0, 9.0, 1.0)
    allowed = {(200, 200, 200), *map(tuple, RAMP.tolist())}
    assert {tuple(pixel) for pixel in made.reshape(-1, 3).tolist()} <= allowed


def styles(**of):
    table = np.zeros((256, 5), np.float32)
    for label, style in of.items():
        table[int(label[1:])] = style
    return table


def test_labels_tint_and_outline():
    rng = np.random.default_rng(4)
    greys, _ = pictures()
    rgb = np.repeat(greys[..., None], 3, axis=-1)
    labels = rng.integers(0, 3, (5, 7)).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)[:39, :53]
    table = styles(_1=(1, 0, 0.2, 0.3, 0), _2=(0, 1, 0, 0.5, 1))
    truth = reference_labelled(rgb, labels, table, 1)
    made = rgb.copy()
    labelled(labels, table, made, 1)
    assert np.abs(made.astype(int) - truth).max() <= 1
    assert np.array_equal(made[labels[1:38] == 0], rgb[labels[1:38] == 0])


def test_an_outline_is_one_pixel_wide_and_on_the_label():
    labels = np.zeros((9, 9), np.uint8)
    labels[2:7, 2:7] = 4
    rgb = np.full((9, 9, 3), 100, np.uint8)
    labelled(labels, styles(_4=(1, 1, 0, 0, 1)), rgb)
    ring = (labels == 4) & ~np.pad(np.ones((3, 3), bool), 3)
    assert (rgb[ring] == (255, 255, 0)).all()
    assert (rgb[~ring] == 100).all()


def test_bands_of_a_picture_are_the_whole():
    labels = np.random.default_rng(1).integers(0, 2, (12, 9)).astype(np.uint8)
    table = styles(_1=(1, 1, 0, 0.25, 1))
    whole, parts = np.full((12, 9, 3), 90, np.uint8), np.full((12, 9, 3), 90, np.uint8)
    labelled(labels, table, whole)
    labelled(labels[:6], table, parts[:5])
    labelled(labels[4:], table, parts[5:], 1)
    assert np.array_equal(whole, parts)


def test_greys_become_colours():
    greys, _ = pictures()
    out = np.zeros((*greys.shape, 3), np.uint8)
    coloured(greys, out)
    assert (out == greys[..., None]).all()


def test_what_does_not_fit_is_refused():
    greys, values = pictures()
    for low, high, opacity in ((2, 2, 0.5), (np.nan, 3, 0.5), (1, 2, 1.5), (1, 2, np.nan)):
        with pytest.raises(InvalidParameter):
            fused(greys, values, RAMP, low, high, opacity)
    with pytest.raises(InvalidParameter, match="same size"):
        fused(greys, values[:-1], RAMP, 1, 2, 0.5)
    with pytest.raises(InvalidParameter, match="palette"):
        fused(greys, values, RAMP[:255], 1, 2, 0.5)
    with pytest.raises(InvalidParameter, match="cover"):
        labelled(np.zeros((5, 53), np.uint8), styles(), np.zeros((37, 53, 3), np.uint8))
    with pytest.raises(InvalidParameter, match="styles"):
        labelled(np.zeros((37, 53), np.uint8), styles(_1=(2, 0, 0, 0, 0)), np.zeros((37, 53, 3), np.uint8))
