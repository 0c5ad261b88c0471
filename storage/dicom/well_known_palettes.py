"""The colour palettes that DICOM defines itself, for a volume that lies in colours over another.

Source: DICOM PS3.6 Annex B. They are looked up by UID: pydicom's names for the last two are exchanged.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_color_lut

UIDS = {
    "HOT_IRON": "1.2.840.10008.1.5.1",
    "PET": "1.2.840.10008.1.5.2",
    "HOT_METAL_BLUE": "1.2.840.10008.1.5.3",
    "PET_20_STEP": "1.2.840.10008.1.5.4",
    "SPRING": "1.2.840.10008.1.5.5",
    "SUMMER": "1.2.840.10008.1.5.6",
    "FALL": "1.2.840.10008.1.5.7",
    "WINTER": "1.2.840.10008.1.5.8",
}


@cache
def well_known_palette(name: str) -> NDArray[np.uint8]:
    """Red, green and blue of its 256 entries, uint8 [256, 3]; KeyError for any other name."""
    colours = np.asarray(apply_color_lut(np.arange(256, dtype=np.uint8), palette=UIDS[name]))
    colours.flags.writeable = False
    return colours
