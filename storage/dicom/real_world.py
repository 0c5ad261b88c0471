"""From stored values to physical ones where that is another transformation than the modality LUT's.

Kept in the header and not applied: pictures, Volumes and what is measured in them are in modality values (rescale slope
and intercept, or the modality LUT), the only ones that every instance of a series has. A tool that needs the physical
value, a quantitative map or Philips' floating-point one, finds the way here.
"""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from storage.dicom.elements import item_of, items_of, number_of, text_of
from storage.dicom.separators import private_element, private_numbers

RealWorld = list[Any]  # [slope, intercept, unit as UCUM code or ""], of stored values
_PHILIPS = "Philips MR Imaging DD 001"


def read_real_world(group: Dataset, slope: float, intercept: float) -> RealWorld | None:
    """Of an instance, or of one item of its functional groups; slope and intercept: its modality rescale."""
    for item in items_of(group, "RealWorldValueMappingSequence"):
        a, b = number_of(item, "RealWorldValueSlope"), number_of(item, "RealWorldValueIntercept")
        if a and b is not None and (abs(a - slope) > 1e-6 * abs(slope) or b != intercept):
            return [a, b, text_of(item_of(item, "MeasurementUnitsCodeSequence"), "CodeValue")]
    # (2005,100E) beside, or in an enhanced instance below, the frame: Chenevert 2014 (PMC3998685), eq. 3.
    private = private_element(group, 0x2005, "Philips MR Imaging DD 005", 0x0F)
    below = list(private.value)[:1] if private is not None and private.VR == "SQ" else []
    for place in (group, *below):
        scale = next(iter(private_numbers(place, 0x2005, _PHILIPS, 0x0E, "f")), 0.0)
        if scale > 0 and slope:
            return [1 / scale, intercept / (slope * scale), ""]
    return None
