"""A window for images whose header gives none, so that they do not open black or white."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.dicom.decode import is_int16, modality_values
from storage.dicom.header import Header

# What makes pictures for a screen rather than measured values: their 8 bits are shown as they are.
READY_TO_SHOW = ("US", "IVUS", "OT", "SC")
SECONDARY_CAPTURE = {f"1.2.840.10008.5.1.4.1.1.7{tail}" for tail in ("", ".1", ".2", ".3", ".4")}


def window_of(values: NDArray[Any], whole: bool) -> tuple[float, float]:
    """Centre and width that show all but the outermost half percent on either side.

    whole: the values are whole numbers, whose steps LINEAR counts; else it is a window for LINEAR_EXACT. Not a number
    where no value is one.
    """
    sample = values[:: max(1, len(values) // 256)]
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return math.nan, math.nan
    low, high = (float(v) for v in np.percentile(sample, [0.5, 99.5]))
    if whole:
        return (low + high) / 2 + 0.5, max(high - low, 1.0) + 1
    return (low + high) / 2, high - low or 1.0


def with_contrast(header: Header, stored: Callable[[int], NDArray[Any]]) -> Header:
    """The header with `contrast` for a grey image without a window. stored: a frame's number to its stored values.

    Hounsfield units need none: soft tissue is the same in every CT.
    """
    pixels = header.pixels
    if pixels is None or pixels.colour or _is_ready(header):
        return header
    wanting = [i for i in range(pixels.frames) if header.of_frame(i, "unit") != "HU"]
    if not wanting or header.of_frame(wanting[len(wanting) // 2], "windows"):
        return header
    middle = wanting[len(wanting) // 2]
    try:
        centre, width = window_of(modality_values(stored(middle), header, middle), is_int16(header))
    except Exception:  # pixels that cannot be decoded arrive all the same, and say so when they are opened
        return header
    # JSON has neither NaN nor infinity, floating-point pixels have.
    return replace(header, contrast=[centre, width]) if math.isfinite(centre) and math.isfinite(width) else header


def _is_ready(header: Header) -> bool:
    """Whether it shows something as it is: no measured values, and none that a rescale has moved."""
    assert header.pixels is not None
    made = header.modality in READY_TO_SHOW or header.sop_class_uid in SECONDARY_CAPTURE
    plain = (header.slope, header.intercept, header.modality_lut) == (1, 0, None)
    return header.pixels.bits_stored <= 8 and made and plain
