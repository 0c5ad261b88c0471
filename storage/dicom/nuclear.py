"""Where the slices of a reconstructed nuclear medicine tomogram lie (PS3.3 C.8.4.9 and C.8.4.15).

Its frames have no functional groups: the first detector says where the first slice is, SpacingBetweenSlices how far and
to which side the next ones are, and the vectors which frame is which slice and time slot.
"""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset

from storage.dicom.elements import integer_of, item_of, number_of, numbers_of, texts_of
from storage.dicom.geometry import positive, unit_orientation

NM_IMAGE = "1.2.840.10008.5.1.4.1.1.20"
SLOTS = ("TimeSlotVector", "PhaseVector", "RRIntervalVector", "EnergyWindowVector")


def read_slices(dataset: Dataset, sop_class_uid: str, frames: int) -> list[dict[str, Any]] | None:
    """position, orientation, thickness and separators of each frame; None for what is no reconstruction."""
    if sop_class_uid != NM_IMAGE or frames < 2 or "RECON" not in " ".join(texts_of(dataset, "ImageType")[2:]):
        return None
    detector = item_of(dataset, "DetectorInformationSequence")
    if "ImagePositionPatient" not in detector:
        detector = dataset
    position = numbers_of(detector, "ImagePositionPatient", 3)
    orientation = unit_orientation(numbers_of(detector, "ImageOrientationPatient", 6))
    distance = number_of(dataset, "SpacingBetweenSlices") or number_of(dataset, "SliceThickness")
    if not position or orientation is None or not distance:
        return None
    thickness = positive(number_of(dataset, "SliceThickness"))
    (ax, ay, az), (bx, by, bz) = orientation[:3], orientation[3:]
    normal = (ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    slices = _vector(dataset, "SliceVector", frames)
    if slices is None:
        if (integer_of(dataset, "NumberOfSlices") or frames) != frames:
            return None  # which frame is which slice, nobody says
        slices = list(range(1, frames + 1))
    slots = next((found for name in SLOTS if (found := _vector(dataset, name, frames)) and len(set(found)) > 1), None)
    return [
        {
            # A negative spacing stacks slices in front of the first one.
            "position": [p + (number - 1) * distance * n for p, n in zip(position, normal, strict=True)],
            "orientation": orientation,
            "thickness": thickness,
            "separators": {} if slots is None else {"temporal_position": slots[frame]},
        }
        for frame, number in enumerate(slices)
    ]


def _vector(dataset: Dataset, keyword: str, frames: int) -> list[int] | None:
    numbers = numbers_of(dataset, keyword, frames)
    return [int(number) for number in numbers] if numbers else None
