"""Position, orientation and spacing of an instance's frame, as its attributes say (LPS, millimetres)."""

from __future__ import annotations

import math
from typing import Any

from pydicom.dataset import Dataset

from storage.dicom.elements import integer_of, items_of, number_of, numbers_of, text_of
from storage.dicom.rescale import CT_CLASSES

# Whose rays spread: without a correction what is far from the detector appears larger than it is. Some modalities are
# retired, or nobody's but their maker's.
PROJECTIONS = ("CR", "DX", "MG", "IO", "PX", "RG", "RF", "XA", "DR", "OPG", "DF", "DS", "RTIMAGE")
_IMAGE = "1.2.840.10008.5.1.4.1.1"
_PROJECTION_CLASSES = {
    f"{_IMAGE}.{tail}"
    for tail in (
        *("1", "1.1", "1.1.1", "1.2", "1.2.1", "1.3", "1.3.1"),  # CR, DX, MG, intra-oral
        *("12.1", "12.1.1", "12.2", "12.2.1", "12.3"),  # XA, RF, biplane
        *("13.1.4", "13.1.5", "481.1"),  # of breast tomosynthesis, of radiotherapy
    )
}
# Three-dimensional X-ray images are slices; other XA are projections, whatever positions they carry.
SLICED_XA = {f"{_IMAGE}.13.1.{n}" for n in (1, 2)}
_SLICE_CLASSES = SLICED_XA | CT_CLASSES | {f"{_IMAGE}.13.1.3"}  # and breast tomosynthesis
# PS3.3 C.8.5.5.1: PhysicalUnitsXDirection; RegionSpatialFormat; RegionDataType tissue and colour flow over tissue
_CENTIMETRES = 3
_TWO_DIMENSIONS = 1
_OF_TISSUE = (1, 2)
PIXEL_MM = (1e-5, 20.0)  # from a tenth of a light wave's length to twice the coarsest of nuclear medicine
REGION_TOLERANCE = 0.01  # of the spacing: what a length may be wrong by in the other region


def read_place(dataset: Dataset) -> dict[str, Any]:
    """position, orientation, thickness and location."""
    position = numbers_of(dataset, "ImagePositionPatient", 3) or None
    return {
        "position": position,
        "orientation": unit_orientation(numbers_of(dataset, "ImageOrientationPatient", 6)),
        "thickness": positive(number_of(dataset, "SliceThickness")),
        "location": number_of(dataset, "SliceLocation"),
    }


def unit_orientation(values: list[float]) -> list[float] | None:
    """Direction cosines made unit length and perpendicular; None where they are far from that."""
    if len(values) != 6:
        return None
    row, column = values[:3], values[3:]
    a, b = math.hypot(*row), math.hypot(*column)
    if abs(a - 1) > 0.05 or abs(b - 1) > 0.05:
        return None
    row, column = [x / a for x in row], [x / b for x in column]
    lean = sum(x * y for x, y in zip(row, column, strict=True))
    if abs(lean) > 0.01:
        return None
    # Six rounded decimals leave 1e-6 of lean: move it into the column direction.
    column = [y - lean * x for x, y in zip(row, column, strict=True)]
    b = math.hypot(*column)
    return [*row, *(y / b for y in column)]


def positive(value: float | None) -> float | None:
    """The value if it is a length."""
    return value if value is not None and 0 < value < 1e5 else None


def pair_of(dataset: Dataset, keyword: str) -> list[float] | None:
    """[between rows, between columns] where both can be those of a pixel: the rest is a slip of a unit, or malice."""
    pair = numbers_of(dataset, keyword, 2)
    return pair if pair and all(map(_is_pixel, pair)) else None


def _is_pixel(value: float) -> bool:
    return PIXEL_MM[0] <= value <= PIXEL_MM[1]


def read_spacing(dataset: Dataset) -> tuple[list[float] | None, str]:
    """Spacing of the pixels and where it comes from.

    "pixel": in the patient, or calibrated; "imager": on the detector, so magnified; "region": of an ultrasound image
    whose calibrated regions agree; "none": unknown.
    """
    if pair := pair_of(dataset, "PixelSpacing"):
        return pair, source_of(dataset, pair)
    for keyword in ("ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        if pair := pair_of(dataset, keyword):
            return pair, "imager"
    if pair := _spacing_of_regions(dataset):
        return pair, "region"
    return None, "none"


def _spacing_of_regions(dataset: Dataset) -> list[float] | None:
    """[between rows, between columns] of the regions of an ultrasound image that show tissue in two dimensions.

    None where these have no calibration or do not agree: a length would be true in a part of the picture only.
    Spectral Doppler, M-mode and traces do not count: across them runs time, and no length is true there.
    """
    pairs = []
    for region in items_of(dataset, "SequenceOfUltrasoundRegions"):
        # One that does not say what it shows counts as tissue: it may only take a spacing away, or be alone.
        if integer_of(region, "RegionSpatialFormat") not in (None, _TWO_DIMENSIONS):
            continue
        if integer_of(region, "RegionDataType") not in (None, *_OF_TISSUE):
            continue
        units = [integer_of(region, f"PhysicalUnits{axis}Direction") for axis in "XY"]
        steps = [abs(number_of(region, f"PhysicalDelta{axis}") or 0) * 10 for axis in "YX"]
        if units != [_CENTIMETRES, _CENTIMETRES] or not all(map(_is_pixel, steps)):
            return None
        pairs.append(steps)
    if not pairs:
        return None
    alike = all(max(steps) <= (1 + REGION_TOLERANCE) * min(steps) for steps in zip(*pairs, strict=True))
    return pairs[0] if alike else None


def source_of(dataset: Dataset, spacing: list[float]) -> str:
    """ "imager" where a projection's PixelSpacing is that of its detector all the same (PS3.3 10.7.1.3), else "pixel".

    An orientation makes no slice of a projection: angiographs and portal imagers say how the detector stood.
    """
    sop_class_uid = text_of(dataset, "SOPClassUID")
    is_projection = sop_class_uid in _PROJECTION_CLASSES or text_of(dataset, "Modality") in PROJECTIONS
    if sop_class_uid in _SLICE_CLASSES or not is_projection or text_of(dataset, "PixelSpacingCalibrationType"):
        return "pixel"
    imager = pair_of(dataset, "ImagerPixelSpacing")
    same = imager is None or all(abs(a - b) <= 1e-4 * b for a, b in zip(spacing, imager, strict=True))
    return "imager" if same else "pixel"


def aspect_of(dataset: Dataset, spacing: list[float] | None) -> float:
    """Height of a pixel over its width, from the spacing or else PixelAspectRatio."""
    pair = spacing or numbers_of(dataset, "PixelAspectRatio", 2)
    return pair[0] / pair[1] if pair and min(pair) > 0 and 0.01 < pair[0] / pair[1] < 100 else 1.0
