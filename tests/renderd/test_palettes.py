"""The colours of fused volumes."""

from __future__ import annotations

import numpy as np
import pytest

from renderd.errors import PaletteNotFound
from renderd.palettes import STOPS, colours_of, palettes
from storage.dicom.well_known_palettes import UIDS, well_known_palette


def test_hot_iron_is_that_of_its_formula() -> None:
    """Red rises to the middle, green from there, blue over the last quarter."""
    i = np.arange(256)
    expected = np.stack([2 * i, 2 * (i - 128), 4 * (i - 192)], axis=-1).clip(0, 255)
    assert np.abs(well_known_palette("HOT_IRON").astype(int) - expected).max() <= 4


def test_fall_and_winter_are_not_exchanged() -> None:
    """PS3.6 Annex B: fall runs from yellow to red, winter from blue to green."""
    assert well_known_palette("FALL")[[0, 255]].tolist() == [[255, 255, 0], [255, 0, 0]]
    assert well_known_palette("WINTER")[0].tolist() == [0, 0, 255]
    assert well_known_palette("WINTER")[255].argmax() == 1


def test_every_palette_has_256_colours_and_cannot_be_changed() -> None:
    for name in (*UIDS, *STOPS):
        colours = colours_of(name)
        assert colours.shape == (256, 3) and colours.dtype == np.uint8
        with pytest.raises(ValueError, match="read-only"):
            colours[0, 0] = 1


def test_the_page_gets_both_ends_and_what_lies_between() -> None:
    told = {palette.name: palette.colours for palette in palettes()}
    assert told["HOT_IRON"][0] == "#000000" and told["HOT_IRON"][-1] == "#ffffff"
    assert told["INVERTED_GREY"][0] == "#ffffff"
    assert len(told["RAINBOW"]) == 33 and told["RAINBOW"][16] == "#02ff00"


@pytest.mark.parametrize("name", ["VIRIDIS", "CIVIDIS", "GREY"])
def test_even_palettes_rise_in_lightness(name: str) -> None:
    light = colours_of(name).astype(float) @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(light) > -0.5).all()


def test_colours_that_nobody_knows_are_an_error() -> None:
    with pytest.raises(PaletteNotFound):
        colours_of("MAUVE")
