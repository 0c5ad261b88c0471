"""The palettes of fused volumes: DICOM's own, and a few that readers know from elsewhere."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from renderd.errors import PaletteNotFound
from renderd.protocol import Palette
from storage.dicom.well_known_palettes import UIDS, well_known_palette

ENTRIES = 256
TOLD = 33  # colours of a palette that a page gets for its colour bar

# Colours at equal distances, straight lines between them. Viridis and cividis are read off at nine places; they rise in
# lightness all the way, and cividis looks nearly the same to colour-blind eyes.
STOPS = {
    "GREY": ("#000000", "#ffffff"),
    "INVERTED_GREY": ("#ffffff", "#000000"),
    "RAINBOW": ("#0000ff", "#00ffff", "#00ff00", "#ffff00", "#ff0000"),
    "FIRE": ("#000000", "#7f0000", "#ff3f00", "#ffbf00", "#ffffff"),
    "ICE": ("#000000", "#00207f", "#007fff", "#7fdfff", "#ffffff"),
    "VIRIDIS": (
        "#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725",
    ),
    "CIVIDIS": (
        "#00224e", "#1a386f", "#434e6c", "#61656f", "#7d7c78", "#9a9476", "#bcae6c", "#dec958", "#fee838",
    ),
}  # fmt: skip


@cache
def colours_of(name: str) -> NDArray[np.uint8]:
    """Red, green and blue from the window's lower edge to the upper, uint8 [256, 3].

    Raises:
        PaletteNotFound: there is none of this name.
    """
    if name in UIDS:
        return well_known_palette(name)
    if name not in STOPS:
        raise PaletteNotFound(name)
    stops = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in STOPS[name]], np.float64)
    at = np.linspace(0, len(stops) - 1, ENTRIES)
    channels = [np.interp(at, np.arange(len(stops)), channel) for channel in stops.T]
    colours: NDArray[np.uint8] = np.rint(np.stack(channels, axis=-1)).astype(np.uint8)
    colours.flags.writeable = False
    return colours


def palettes() -> list[Palette]:
    """All of them, as a page lists them."""
    at = np.rint(np.linspace(0, ENTRIES - 1, TOLD)).astype(int)
    return [Palette(name, ["#" + bytes(c).hex() for c in colours_of(name)[at]]) for name in (*UIDS, *STOPS)]
