from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from storage.dicom.contrast import with_contrast
from storage.dicom.equality import read_content
from storage.dicom.header import Header
from storage.dicom.stacks import Stack, stacks_of
from storage.dicom.write import write_instance
from tests.flows.acquisitions import (
    MR,
    EnhancedFrame,
    ExplicitVRLittleEndian,
    Planes,
    Storing,
    classic,
    edited,
    enhanced,
    item,
    planes,
)
from tests.storage.dicom.pictures import instances, ramp, values

PET, SECONDARY_CAPTURE, PARAMETRIC_MAP = (f"1.2.840.10008.5.1.4.1.1.{tail}" for tail in ("128", "7", "30"))
HALF = Storing(slope=0.5)
Edit = Callable[[bytes], bytes]


def where(slices: int = 6) -> Planes:
    return planes(size=(10, 10), steps=np.arange(slices) * 3.0)


def without(*keywords: str) -> Edit:
    return lambda data: edited(data, lambda dataset: [delattr(dataset, keyword) for keyword in keywords])


def written(old: bytes, new: bytes) -> Edit:
    """A value that no library writes; of the same length."""

    def edit(data: bytes) -> bytes:
        assert data.count(old) == 1
        return data.replace(old, new)

    return edit


SLOPE, INTERCEPT = b"\x28\x00\x53\x10DS\x04\x00", b"\x28\x00\x52\x10DS\x06\x00"
# What makes of a CT of slope 0.5 and intercept −1024 one whose values nobody knows.
UNKNOWN: dict[str, Edit] = {
    "no rescale": without("RescaleSlope", "RescaleIntercept"),
    "no slope": without("RescaleSlope"),
    "no intercept": without("RescaleIntercept"),
    "an empty slope": written(SLOPE + b"0.5 ", SLOPE + b"    "),
    "a slope of 0": written(SLOPE + b"0.5 ", SLOPE + b"0.0 "),
    "a slope with a comma": written(SLOPE + b"0.5 ", SLOPE + b"0,5 "),
    "an intercept with a comma": written(INTERCEPT + b"-1024 ", INTERCEPT + b"-1,24 "),
    "an intercept with a letter": written(INTERCEPT + b"-1024 ", INTERCEPT + b"-1024x"),
    "a table that is cut off": lambda data: edited(
        data, lambda dataset: setattr(dataset, "ModalityLUTSequence", [item(LUTDescriptor=[4096, 0, 16])])
    ),
}


def stack(files: list[bytes]) -> Stack:
    (found,) = stacks_of(instances(files))
    return found


def arrived(data: bytes) -> Header:
    content = read_content(data)
    return with_contrast(content.header, content.frame)


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_ct_without_a_readable_rescale_opens_as_a_stack_of_stored_values_and_says_so(name: str) -> None:
    files = [UNKNOWN[name](data) for data in classic(where(), storing=HALF)]
    found = stack(files)
    assert (found.unit, found.refusal, found.notes) == ("", "no_rescale", ("note_no_rescale",))
    assert len(found.frames) == 6
    stored = HALF.pixels(where().values(3))
    assert np.array_equal(values(files[3]), stored)
    contrast = arrived(files[3]).contrast
    assert contrast is not None
    # LINEAR (PS3.3 C.11.2.1.2.1): from c − 0.5 − (w − 1)/2 to c − 0.5 + (w − 1)/2.
    ends = np.percentile(stored, [0.5, 99.5])
    assert np.allclose([contrast[0] - 0.5 + side * (contrast[1] - 1) / 2 for side in (-1, 1)], ends, atol=1)


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_slice_of_unknown_values_is_never_part_of_a_volume(name: str) -> None:
    files = classic(where(), storing=HALF)
    files[1] = UNKNOWN[name](files[1])
    found = stack(files)
    assert (found.unit, found.refusal, found.notes) == ("", "mixed_pixels", ("note_no_rescale",))
    # Opened as soft tissue, which is what nearly all of it shows, without a choice that takes all for HU.
    assert found.windows == [[40.0, 400.0, ""]]


def test_slopes_of_a_pet_are_read_or_else_it_is_no_volume() -> None:
    how = Storing(slope=2.5, intercept=0)
    files = classic(where(), storing=how, SOPClassUID=PET, Modality="PT")
    comma = written(SLOPE + b"2.5 ", SLOPE + b"2,5 ")
    assert stack(files).refusal is None
    assert stack([comma(data) if z % 2 else data for z, data in enumerate(files)]).refusal == "mixed_pixels"
    assert stack([comma(data) for data in files]).refusal == "no_rescale"
    # Its intercept is 0, said or not.
    silent = [without("RescaleIntercept")(data) for data in files]
    assert (stack(silent).refusal, stack(silent).notes) == (None, ())
    assert np.allclose(values(silent[3]), how.pixels(where().values(3)) * 2.5)


@pytest.mark.parametrize(
    ("slope", "said", "refusal"),
    [(1, [], None), (1, [0, 1, 2], None), (2, range(6), None), (2, [0, 1, 2], "mixed_pixels")],
)
def test_an_mr_needs_no_rescale_where_it_would_change_nothing(slope: float, said: Any, refusal: str | None) -> None:
    files = classic(where(), storing=Storing(slope=slope, intercept=0), SOPClassUID=MR, Modality="MR")
    silent = without("RescaleSlope", "RescaleIntercept")
    found = stack([data if z in said else silent(data) for z, data in enumerate(files)])
    assert (found.refusal, found.notes) == (refusal, ())


def frames(kinds: list[str], storing: Storing | None = None, **attributes: Any) -> bytes:
    """An enhanced CT whose frames say these RescaleTypes; "-" has no transformation at all."""
    made = enhanced([EnhancedFrame(where(len(kinds)), z, storing or HALF) for z in range(len(kinds))], **attributes)

    def edit(dataset: Dataset) -> None:
        for group, kind in zip(dataset.PerFrameFunctionalGroupsSequence, kinds, strict=True):
            if kind == "-":
                del group.PixelValueTransformationSequence
            else:
                group.PixelValueTransformationSequence[0].RescaleType = kind

    return edited(made, edit)


def test_a_frame_that_does_not_say_its_transformation_makes_no_volume() -> None:
    assert stack([frames(["HU"] * 6)]).refusal is None
    assert stack([frames(["HU"] * 3 + ["-"] + ["HU"] * 2)]).refusal == "mixed_pixels"
    assert stack([frames(["-"] * 6)]).refusal == "no_rescale"


def test_groups_that_fit_no_frame_leave_the_values_unknown() -> None:
    found = stack([edited(frames(["HU"] * 6), lambda dataset: dataset.PerFrameFunctionalGroupsSequence.pop())])
    assert (found.unit, found.notes) == ("", ("note_no_rescale",))


def lut(kind: str) -> Any:
    """A change that puts a table instead of slope and intercept."""
    entries = np.arange(4096).astype("<u2").tobytes()

    def edit(dataset: Dataset) -> None:
        del dataset.RescaleSlope, dataset.RescaleIntercept
        dataset.ModalityLUTSequence = [item(LUTDescriptor=[4096, 0, 16], ModalityLUTType=kind, LUTData=entries)]

    return lambda data: edited(data, edit)


def test_a_slice_whose_values_a_table_makes_is_not_mixed_with_others() -> None:
    files = classic(where(), storing=Storing(intercept=0), SOPClassUID=MR, Modality="MR")
    tabled = [lut("US")(data) for data in files]
    assert stack(tabled).refusal is None
    assert stack([*files[:3], *tabled[3:]]).refusal == "mixed_pixels"


def single(edit: Edit = lambda data: data, **attributes: Any) -> bytes:
    return edit(classic(where(1), **attributes)[0])


SCOUT = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
UNITS: dict[str, tuple[bytes, str]] = {
    "a CT that names no type": (single(), "HU"),
    "a CT of HU": (single(RescaleType="HU"), "HU"),
    "a CT of unspecified units": (single(RescaleType="US"), ""),
    "a CT of iodine": (single(RescaleType="MGML"), ""),
    "a scout that names no type": (single(ImageType=SCOUT), ""),
    "a scout of HU": (single(ImageType=SCOUT, RescaleType="HU"), "HU"),
    "a table of optical densities": (single(lut("OD")), ""),
    "a table of unspecified units": (single(lut("US")), ""),
    "a table of HU": (single(lut("HU")), "HU"),
    "a secondary capture that carries its source's rescale": (
        single(SOPClassUID=SECONDARY_CAPTURE, RescaleType="HU"),
        "",
    ),
    "an enhanced CT of HU": (frames(["HU"] * 3), "HU"),
    "an enhanced CT of iodine": (frames(["MGML"] * 3), ""),
    "an enhanced CT of atomic numbers": (frames(["Z_EFF"] * 3), ""),
    "an enhanced CT of unspecified units": (frames(["US"] * 3), ""),
    "a map of something else made from a CT": (frames(["HU"] * 3, SOPClassUID=PARAMETRIC_MAP), ""),
    "a PET that names no units": (single(SOPClassUID=PET, Modality="PT"), ""),
    "a PET of activity": (single(SOPClassUID=PET, Modality="PT", Units="BQML"), "Bq/ml"),
    "a PET of uptake": (single(SOPClassUID=PET, Modality="PT", Units="GML"), "g/ml"),
    "a PET of counts": (single(SOPClassUID=PET, Modality="PT", Units="CNTS"), ""),
    "a PET whose slope cannot be read": (single(SOPClassUID=PET, Modality="PT", Units="BQML", RescaleSlope="0"), ""),
    "a CT with the units of a PET": (single(Units="BQML"), "HU"),
    "a picture made from a PET": (single(SOPClassUID=SECONDARY_CAPTURE, Modality="PT", Units="BQML"), ""),
    "an MR": (single(SOPClassUID=MR, Modality="MR", RescaleType="HU"), ""),
}


@pytest.mark.parametrize("name", UNITS)
def test_units_are_those_that_an_image_of_their_kind_says(name: str) -> None:
    data, unit = UNITS[name]
    assert stack([data]).unit == unit


def test_images_in_other_units_are_stacks_of_their_own() -> None:
    told = lambda z: {"RescaleType": "HU" if z < 6 else "MGML"}  # noqa: E731
    for files in (classic(where(10), each=told), [frames(["HU"] * 6 + ["MGML"] * 4)]):
        found = stacks_of(instances(files))
        assert [(len(one.frames), one.unit, one.refusal) for one in found] == [(6, "HU", None), (4, "", None)]


def test_padding_is_that_of_the_frames_own_units() -> None:
    how = Storing(offset=100, intercept=0, change=lambda stored: stored.__setitem__((0, 0), 4000))
    data = frames(["HU", "MGML", "MGML"], how, PixelPaddingValue=4000, BitsStored=12)
    assert values(data, 0)[0, 0] == -1024
    assert values(data, 1)[0, 0] == values(data, 1).min() > 0


def test_a_frame_in_other_units_than_the_middle_one_has_a_window_of_its_own() -> None:
    data = frames(["HU"] * 6 + ["MGML"] * 4, Storing(offset=300, intercept=0))
    arrival = instances([data])
    arrival[0].header = arrived(data).to_json()
    windows = [one.windows for one in stacks_of(arrival)]
    assert windows[0] == []  # soft tissue, and all other windows of Hounsfield units
    assert windows[1] and windows[1][0][0] > 250


def test_a_picture_of_eight_bits_is_shown_as_it_is_unless_a_rescale_moves_it() -> None:
    made = {"SOPClassUID": SECONDARY_CAPTURE, "Modality": "CT", "ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}
    image = ramp(16, 16, "uint8")
    report = write_instance(image, 0, ExplicitVRLittleEndian, made)
    assert (arrived(report).contrast, arrived(report).unit) == (None, "")
    moved = {"RescaleSlope": 1, "RescaleIntercept": -1024}
    contrast = arrived(write_instance(image, 0, ExplicitVRLittleEndian, made | moved)).contrast
    assert contrast is not None and contrast[0] == pytest.approx(-1024 + 127.5, abs=1)
