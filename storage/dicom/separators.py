"""What tells images of the same place apart: a time, an echo, a diffusion weighting, a reconstruction.

Kept in the header as a dictionary that has only what the instance, or the frame, says:

    temporal_position     TemporalPositionIdentifier or -Index, or the time slot of a gated reconstruction
    trigger_time          TriggerTime or NominalCardiacTriggerDelayTime, ms
    frame_reference_time  FrameReferenceTime or FrameReferenceDateTime, ms
    acquisition           AcquisitionNumber
    acquired              AcquisitionDateTime or -Time, s
    echo, echo_time       EchoNumbers; EchoTime or EffectiveEchoTime, ms
    b_value, gradient     s/mm² and a direction, of the standard or of GE, Siemens and Philips
    image_type            ImageType or FrameType beyond its second value, joined
    kernel                ConvolutionKernel
    kvp                   KVP
    cardiac_percent, respiratory_percent  NominalPercentageOfCardiacPhase and -RespiratoryPhase
    inversion_time, flip_angle  InversionTime, ms; FlipAngle, degrees
    units, contrast       Units; ContrastBolusAgent
    content, comments     ContentDate and -Time, s; ImageComments
    stack, dimensions     StackID; the dimension indices that are neither stack nor position
    in_stack              InStackPositionNumber

The gradient is kept as written (GE's in its own frame): here it only tells directions apart.
"""

from __future__ import annotations

import math
import struct
from datetime import datetime
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from storage.dicom.elements import (
    clean,
    integer_of,
    item_of,
    items_of,
    number_of,
    numbers_of,
    text_of,
    texts_of,
    values_of,
)

_GE_ADDED = 1e5  # GE adds multiples of it to the b-value
_MAX_TEXT = 128
_POSITION_DIMENSIONS = {0x00209056, 0x00209057, 0x00200032, 0x00209113, 0x00209116, 0x00200037}


def read_separators(dataset: Dataset) -> dict[str, Any]:
    """Of a whole instance."""
    b_value, gradient = _diffusion(dataset) if text_of(dataset, "Modality") == "MR" else (None, [])
    said = {
        "temporal_position": integer_of(dataset, "TemporalPositionIdentifier"),
        "trigger_time": number_of(dataset, "TriggerTime"),
        "frame_reference_time": number_of(dataset, "FrameReferenceTime"),
        "acquisition": integer_of(dataset, "AcquisitionNumber"),
        "acquired": seconds_of(text_of(dataset, "AcquisitionDateTime") or _moment(dataset, "Acquisition")),
        "echo": integer_of(dataset, "EchoNumbers"),
        "echo_time": number_of(dataset, "EchoTime"),
        "b_value": b_value,
        "gradient": gradient,
        "image_type": " ".join(texts_of(dataset, "ImageType")[2:]),
        "kernel": " ".join(texts_of(dataset, "ConvolutionKernel")),
        "kvp": number_of(dataset, "KVP"),
        "cardiac_percent": number_of(dataset, "NominalPercentageOfCardiacPhase"),
        "respiratory_percent": number_of(dataset, "NominalPercentageOfRespiratoryPhase"),
        "inversion_time": number_of(dataset, "InversionTime"),
        "flip_angle": number_of(dataset, "FlipAngle"),
        "units": text_of(dataset, "Units"),
        "contrast": text_of(dataset, "ContrastBolusAgent"),
        "content": seconds_of(_moment(dataset, "Content")),
        "comments": text_of(dataset, "ImageComments"),
    }
    return _given(said)


def read_frame_separators(group: Dataset, dimensions: list[int]) -> dict[str, Any]:
    """Of one item of functional groups. dimensions: which of its dimension indices are no position, by place."""
    content = item_of(group, "FrameContentSequence")
    diffusion = item_of(group, "MRDiffusionSequence")
    cardiac = item_of(group, "CardiacSynchronizationSequence")
    kinds = [name for name in ("MRImage", "CTImage", "PET", "XRay3D") if f"{name}FrameTypeSequence" in group]
    frame_type = item_of(group, f"{kinds[0]}FrameTypeSequence") if kinds else Dataset()
    part = text_of(frame_type, "ComplexImageComponent")
    indices = numbers_of_all(content, "DimensionIndexValues")
    reference = seconds_of(text_of(content, "FrameReferenceDateTime"))
    said = {
        "temporal_position": integer_of(content, "TemporalPositionIndex"),
        "trigger_time": number_of(cardiac, "NominalCardiacTriggerDelayTime"),
        "frame_reference_time": None if reference is None else 1000 * reference,
        "acquisition": integer_of(content, "FrameAcquisitionNumber"),
        "acquired": seconds_of(text_of(content, "FrameAcquisitionDateTime")),
        "echo_time": number_of(item_of(group, "MREchoSequence"), "EffectiveEchoTime"),
        "b_value": number_of(diffusion, "DiffusionBValue"),
        "gradient": numbers_of(
            item_of(diffusion, "DiffusionGradientDirectionSequence"), "DiffusionGradientOrientation", 3
        ),
        "image_type": " ".join([*texts_of(frame_type, "FrameType")[2:], *([part] if part else [])]),
        "kernel": " ".join(texts_of(item_of(group, "CTReconstructionSequence"), "ConvolutionKernel")),
        "kvp": number_of(item_of(group, "CTXRayDetailsSequence"), "KVP"),
        "cardiac_percent": number_of(cardiac, "NominalPercentageOfCardiacPhase"),
        "respiratory_percent": number_of(
            item_of(group, "RespiratorySynchronizationSequence"), "NominalPercentageOfRespiratoryPhase"
        ),
        "inversion_time": number_of(item_of(group, "MRModifierSequence"), "InversionTimes"),
        "flip_angle": number_of(item_of(group, "MRTimingAndRelatedParametersSequence"), "FlipAngle"),
        "stack": text_of(content, "StackID"),
        "in_stack": integer_of(content, "InStackPositionNumber"),
        "dimensions": [int(indices[i]) for i in dimensions if i < len(indices)],
    }
    return _given(said)


def numbers_of_all(dataset: Dataset, keyword: str) -> list[float]:
    """All values as numbers; an empty list where one is none."""
    count = min(len(values_of(dataset, keyword)), 64)
    return numbers_of(dataset, keyword, count) if count else []


def free_dimensions(dataset: Dataset) -> list[int]:
    """Which dimension indices of the frames say neither stack nor position."""
    pointers = [item.get("DimensionIndexPointer") for item in items_of(dataset, "DimensionIndexSequence")]
    return [i for i, pointer in enumerate(pointers) if pointer is not None and int(pointer) not in _POSITION_DIMENSIONS]


def _given(said: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in said.items() if value is not None and value not in ("", [])}
    return {name: value[:_MAX_TEXT] if isinstance(value, str) else value for name, value in given.items()}


def _moment(dataset: Dataset, name: str) -> str:
    date, time = text_of(dataset, f"{name}Date"), text_of(dataset, f"{name}Time")
    return (date or "19700101") + time if time else ""  # sets.values_of knows what 1970 means


def seconds_of(text: str) -> float | None:
    """A DT value in seconds; its time zone is left out, for only differences within a series matter."""
    digits = text.replace(":", "").split("+")[0].split("-")[0].strip()
    whole, _, fraction = digits.partition(".")
    if len(whole) < 14:
        return None
    try:
        moment = datetime.strptime(whole[:14], "%Y%m%d%H%M%S")
        return (moment - datetime(1970, 1, 1)).total_seconds() + float(f"0.{fraction or 0}")
    except ValueError:
        return None


# ── diffusion ────────────────────────────────────────────────────────────────────────────────────────────────────


def _diffusion(dataset: Dataset) -> tuple[float | None, list[float]]:
    """b-value and direction of a classic instance: the standard's, else the maker's own elements."""
    b_value = number_of(dataset, "DiffusionBValue")
    gradient = numbers_of(dataset, "DiffusionGradientOrientation", 3)
    if b_value is None:
        b_value = next(iter(private_numbers(dataset, 0x2001, "Philips Imaging DD 001", 0x03, "f")), None)
    if b_value is None:
        b_value = next(iter(private_numbers(dataset, 0x0019, "SIEMENS MR HEADER", 0x0C)), None)
        gradient = gradient or private_numbers(dataset, 0x0019, "SIEMENS MR HEADER", 0x0E, "d")[:3]
    if b_value is None and (ge := private_numbers(dataset, 0x0043, "GEMS_PARM_01", 0x39)):
        b_value = ge[0] % _GE_ADDED
        parts = [private_numbers(dataset, 0x0019, "GEMS_ACQU_01", element)[:1] for element in (0xBB, 0xBC, 0xBD)]
        gradient = gradient or [value for part in parts for value in part]
    if not gradient:
        philips = [
            private_numbers(dataset, 0x2005, "Philips MR Imaging DD 001", element, "f")[:1]
            for element in (0xB0, 0xB1, 0xB2)
        ]
        gradient = [value for part in philips for value in part]
    return b_value, [round(g, 4) for g in gradient] if len(gradient) == 3 else []


def private_element(dataset: Dataset, group: int, creator: str, element: int) -> DataElement | None:
    """A private element by its creator, whichever block that reserved."""
    # pydicom looks through every element for the creator: ask only where the group is there.
    if not any(tag >> 16 == group for tag in dataset.keys()):  # noqa: SIM118 — iterating reads every element
        return None
    try:
        return dataset.private_block(group, creator)[element]
    except Exception:  # absent, or hostile values
        return None


def private_numbers(dataset: Dataset, group: int, creator: str, element: int, code: str = "") -> list[float]:
    """The values of a private element, also where its VR was lost (UN): text, or binary of a struct code."""
    found = private_element(dataset, group, creator, element)
    value = None if found is None else found.value
    if isinstance(value, bytes):
        if code:
            count = min(len(value) // struct.calcsize(code), 64)
            value = struct.unpack_from(f"<{count}{code}", value)
        else:
            value = clean(value.decode("ascii", "replace")).split("\\")
    if value is None or isinstance(value, Dataset):
        return []
    try:
        listed = [value] if isinstance(value, (str, int, float)) else list(value)[:64]
        numbers = [float(v) for v in listed]
    except (TypeError, ValueError, OverflowError):
        return []
    return numbers if all(map(math.isfinite, numbers)) else []
