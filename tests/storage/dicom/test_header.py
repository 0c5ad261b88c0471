from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from storage.dicom.header import Header, read_header
from storage.dicom.write import write_colour, write_instance, write_projection, write_series
from storage.errors import InvalidDataset
from tests.storage.dicom.pictures import header, ramp, values

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

EXPLICIT = uid.ExplicitVRLittleEndian
Unpacked = Callable[[str], dict[str, bytes]]


def item(**values: Any) -> Sequence:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return Sequence([made])


def test_a_header_is_plain_values_and_comes_back_from_json() -> None:
    for data in (
        next(write_series(np.zeros((1, 4, 4), np.int16), np.eye(4))),
        write_colour(ramp(4, 4, "uint8")[..., None] * [1, 1, 1]),
    ):
        found = header(data)
        assert Header.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_every_frame_is_found_in_the_stored_bytes_without_parsing() -> None:
    cine = np.random.default_rng(0).integers(0, 255, (3, 6, 8)).astype(np.uint8)
    data = write_instance(cine, 0, EXPLICIT, {})
    pixels = header(data).pixels
    assert pixels is not None
    for frame in range(3):
        ((start, length),) = pixels.ranges(frame)
        assert data[start : start + length] == cine[frame].tobytes()


@pytest.mark.parametrize("cut", ["preamble", "meta"])
@pytest.mark.parametrize("transfer_syntax", [uid.ImplicitVRLittleEndian, EXPLICIT, uid.ExplicitVRBigEndian])
def test_a_file_without_preamble_or_without_meta_information_is_read(cut: str, transfer_syntax: str) -> None:
    data = write_instance(ramp(4, 6), 0, transfer_syntax, {})
    if cut == "preamble":
        data = data[132:]
    else:
        (length,) = struct.unpack_from("<L", data, 140)
        data = data[144 + length :]
    assert np.array_equal(values(data), ramp(4, 6))
    assert header(data).transfer_syntax_uid == transfer_syntax


def test_an_enhanced_instance_says_the_place_of_each_frame() -> None:
    per_frame = []
    for z in range(3):
        frame = Dataset()
        frame.PlanePositionSequence = item(ImagePositionPatient=[1, 2, 10 * z])
        frame.PixelValueTransformationSequence = item(RescaleSlope=z + 1, RescaleIntercept=-z)
        per_frame.append(frame)
    shared = Dataset()
    shared.PlaneOrientationSequence = item(ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    shared.PixelMeasuresSequence = item(PixelSpacing=[0.5, 0.6], SliceThickness=2)
    groups = {
        "SharedFunctionalGroupsSequence": Sequence([shared]),
        "PerFrameFunctionalGroupsSequence": Sequence(per_frame),
    }
    data = write_instance(np.ones((3, 4, 4), np.uint16), 0, EXPLICIT, {**groups, "BitsStored": 12})
    found = header(data)
    assert [found.of_frame(z, "position") for z in range(3)] == [[1, 2, 0], [1, 2, 10], [1, 2, 20]]
    assert found.of_frame(2, "orientation") == [1, 0, 0, 0, 0, -1]
    assert (found.spacing, found.spacing_source, found.thickness) == ([0.5, 0.6], "pixel", 2)
    assert [values(data, z)[0, 0] for z in range(3)] == [1, 1, 1]
    assert [found.of_frame(z, "slope") for z in range(3)] == [1, 2, 3]


def test_a_frame_that_is_silent_never_has_what_another_frame_says() -> None:
    first = Dataset()
    first.PlanePositionSequence = item(ImagePositionPatient=[1, 2, 3])
    first.PixelValueTransformationSequence = item(RescaleSlope=5, RescaleIntercept=-7)
    first.FrameVOILUTSequence = item(WindowCenter=40, WindowWidth=400)
    shared = Dataset()
    shared.PlaneOrientationSequence = item(ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    groups = {
        "SharedFunctionalGroupsSequence": Sequence([shared]),
        "PerFrameFunctionalGroupsSequence": Sequence([first, Dataset()]),
        "ImagePositionPatient": [9, 9, 9],
        "RescaleSlope": 2,
        "RescaleIntercept": 1,
    }
    found = header(write_instance(np.ones((2, 4, 4), np.uint16), 0, EXPLICIT, {**groups, "BitsStored": 12}))
    names = ("position", "orientation", "slope", "intercept", "windows")
    upright = [1, 0, 0, 0, 0, -1]
    assert [found.of_frame(0, name) for name in names] == [[1, 2, 3], upright, 5, -7, [[40, 400, ""]]]
    assert [found.of_frame(1, name) for name in names] == [None, upright, 2, 1, []]


@pytest.mark.parametrize(
    ("attributes", "inverted"),
    [
        ({}, True),
        ({"PhotometricInterpretation": "MONOCHROME2"}, False),
        ({"PresentationLUTShape": "INVERSE"}, True),
        ({"PhotometricInterpretation": "MONOCHROME2", "PresentationLUTShape": "INVERSE"}, True),
        ({"PresentationLUTShape": "IDENTITY"}, False),
    ],
)
def test_inversion_is_for_display_and_leaves_the_values(attributes: dict[str, Any], inverted: bool) -> None:
    data = write_projection(ramp(4, 4), attributes=attributes)
    assert header(data).inverted is inverted
    assert np.array_equal(values(data), ramp(4, 4))


def test_windows_are_listed_once_with_their_names() -> None:
    attributes = {
        "WindowCenter": [40, 40, -600],
        "WindowWidth": [400, 400, 1500],
        "WindowCenterWidthExplanation": ["SOFT", "SOFT", "LUNG"],
    }
    found = header(write_instance(ramp(4, 4), 0, EXPLICIT, attributes))
    assert found.windows == [[40.0, 400.0, "SOFT"], [-600.0, 1500.0, "LUNG"]]
    assert header(write_instance(ramp(4, 4), 0, EXPLICIT, {"WindowCenter": 1, "WindowWidth": 0})).windows == []


TISSUE = {
    "RegionSpatialFormat": 1,
    "RegionDataType": 1,
    "PhysicalUnitsXDirection": 3,
    "PhysicalUnitsYDirection": 3,
    "PhysicalDeltaX": 0.05,
    "PhysicalDeltaY": -0.04,
}
SPECTRUM = {
    "RegionSpatialFormat": 3,
    "RegionDataType": 3,
    "PhysicalUnitsXDirection": 4,
    "PhysicalUnitsYDirection": 7,
    "PhysicalDeltaX": 0.005,
    "PhysicalDeltaY": 1.5,
}


@pytest.mark.parametrize("spacing", [["1e-7", "1e-7"], ["0.5", "9e4"], ["0", "0.5"], ["-0.5", "-0.5"], ["NaN", "1"]])
def test_a_pixel_of_no_possible_size_has_no_spacing(spacing: list[str]) -> None:
    found = header(write_instance(ramp(8, 8), 0, uid.ExplicitVRLittleEndian, {"PixelSpacing": spacing}))
    assert (found.spacing, found.spacing_source, found.aspect) == (None, "none", 1.0)


@pytest.mark.parametrize(
    "regions",
    [
        [TISSUE],
        [{k: v for k, v in TISSUE.items() if not k.startswith("Region")}],
        [TISSUE, TISSUE],
        [TISSUE, {**TISSUE, "PhysicalDeltaX": 0.0504, "PhysicalDeltaY": 0.0397}],  # within one hundredth
        [TISSUE, {**TISSUE, "RegionDataType": 2}],  # colour flow in a part of it
        [TISSUE, SPECTRUM],
        [{**TISSUE, "RegionSpatialFormat": 2, "PhysicalUnitsXDirection": 4}, TISSUE],  # M-mode
        [{**SPECTRUM, "PhysicalUnitsXDirection": 3, "PhysicalUnitsYDirection": 3}, TISSUE],
        [TISSUE, {**SPECTRUM, "RegionSpatialFormat": 4, "RegionDataType": 10, "PhysicalUnitsYDirection": 0}],  # ECG
    ],
)
def test_ultrasound_has_the_spacing_in_which_its_regions_of_tissue_agree(regions: list[dict[str, Any]]) -> None:
    attributes = {"SequenceOfUltrasoundRegions": Sequence([one for region in regions for one in item(**region)])}
    found = header(write_instance(ramp(4, 4, "uint8"), 0, EXPLICIT, attributes))
    assert found.spacing == pytest.approx([0.4, 0.5])
    assert found.spacing_source == "region"


@pytest.mark.parametrize(
    "regions",
    [
        [{**TISSUE, "PhysicalUnitsYDirection": 4}],
        [TISSUE, {**TISSUE, "PhysicalDeltaX": 0.051}],
        [TISSUE, {**TISSUE, "PhysicalDeltaY": 0.0392}],
        [TISSUE, TISSUE, {**TISSUE, "PhysicalDeltaX": 0.1, "PhysicalDeltaY": 0.08}],
        [TISSUE, {**TISSUE, "PhysicalDeltaX": 0.0}],  # the other is not calibrated
        [TISSUE, {**TISSUE, "RegionDataType": 2, "PhysicalDeltaX": 0.1}],
        [SPECTRUM],
        [{**TISSUE, "RegionSpatialFormat": 3, "RegionDataType": 3}],
    ],
)
def test_ultrasound_has_no_spacing_where_its_regions_of_tissue_have_none_or_differ(
    regions: list[dict[str, Any]],
) -> None:
    attributes = {"SequenceOfUltrasoundRegions": Sequence([one for region in regions for one in item(**region)])}
    found = header(write_instance(ramp(4, 4, "uint8"), 0, EXPLICIT, attributes))
    assert (found.spacing, found.spacing_source) == (None, "none")


def test_cine_time_and_loss_are_told() -> None:
    attributes = {
        "FrameTime": 33.3,
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": 12,
        "LossyImageCompressionMethod": "ISO_10918_1",
    }
    found = header(write_instance(np.zeros((2, 4, 4), np.uint8), 0, EXPLICIT, attributes))
    assert (found.frame_time_ms, found.lossy) == (33.3, "12:1 JPEG")


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"Rows": 5}, "bytes instead of"),
        ({"NumberOfFrames": 1000}, "bytes instead of"),
        ({"Rows": 65535, "Columns": 65535}, None),
        ({"BitsAllocated": 7}, None),
        ({"BitsStored": 17}, None),
        ({"SamplesPerPixel": 4}, None),
        ({"StudyInstanceUID": None}, "StudyInstanceUID is missing"),
        ({"SeriesInstanceUID": "1.2/../3"}, "SeriesInstanceUID is not a UID"),
        ({"SOPInstanceUID": "1" * 65}, "SOPInstanceUID is not a UID"),
        ({"PatientID": "x" * 300}, "PatientID is longer"),
    ],
)
def test_lies_are_refused_with_a_reason_and_nonsense_is_kept_but_not_shown(
    attributes: dict[str, Any], reason: str | None
) -> None:
    data = write_instance(ramp(4, 4), 0, EXPLICIT, attributes)
    if reason is None:
        assert header(data).pixels is None
        assert header(data).reason == "pixel_format"
    else:
        with pytest.raises(InvalidDataset, match=reason):
            header(data)


def test_what_is_cut_off_is_refused_at_every_length() -> None:
    for transfer_syntax in (EXPLICIT, uid.RLELossless, uid.DeflatedExplicitVRLittleEndian):
        data = write_instance(ramp(20, 20), 0, transfer_syntax, {})
        pixels = header(data).pixels
        assert pixels is not None
        for length in range(0, len(data) - 20, 37):
            try:
                read_header(data[:length])
            except InvalidDataset as error:
                assert str(error)
            else:
                pytest.fail(f"{length} of {len(data)} bytes were accepted")


@given(data=st.binary(max_size=400))
@settings(max_examples=120, deadline=None)
def test_no_bytes_do_anything_but_be_refused(data: bytes) -> None:
    for start in (b"", bytes(128) + b"DICM", b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100" + bytes(60)):
        with pytest.raises(InvalidDataset):
            read_header(start + data)


@given(place=st.integers(132, 1500), value=st.binary(min_size=1, max_size=8))
@settings(max_examples=120, deadline=None)
def test_no_damage_does_anything_but_be_refused_or_shown(place: int, value: bytes) -> None:
    good = next(write_series(np.zeros((1, 8, 8), np.int16), np.eye(4)))
    damaged = good[:place] + value + good[place + len(value) :]
    try:
        found = header(damaged)
        if found.pixels:
            values(damaged)
    except (InvalidDataset, Exception) as error:  # narrowed below: nothing but our own errors may come out
        assert type(error).__module__ == "storage.errors", error


def test_a_deflated_bomb_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    from storage.dicom import parse

    monkeypatch.setattr(parse, "MAX_INFLATED", 10_000)
    data = write_instance(np.zeros((100, 100), np.uint16), 0, uid.DeflatedExplicitVRLittleEndian, {})
    with pytest.raises(InvalidDataset, match="larger than"):
        header(data)


def test_sequences_nested_without_end_are_refused() -> None:
    start = write_instance(None, 0, EXPLICIT, {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11"})
    nested = (
        struct.pack("<HH2sHL", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF) + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    ) * 5000
    with pytest.raises(InvalidDataset):
        header(start + nested)


def test_an_unknown_codec_is_kept_and_named() -> None:
    good = write_instance(ramp(4, 4), 0, uid.RLELossless, {})
    found = header(good.replace(b"1.2.840.10008.1.2.5\0", b"1.2.840.10008.9.9.9\0"))
    assert (found.pixels, found.reason) == (None, "transfer_syntax")


def test_real_enhanced_ct_has_places_for_its_frames(unpacked: Unpacked) -> None:
    found = header(unpacked("07_transfer_syntax_objects/pydicom-data.tar.xz")["eCT_Supplemental.dcm"])
    assert found.frames == 2
    assert found.of_frame(0, "position") != found.of_frame(1, "position")
    assert found.spacing_source == "pixel"


@pytest.mark.parametrize(
    ("photometric", "attributes", "inverted"),
    [
        ("MONOCHROME1", {}, True),
        ("MONOCHROME2", {}, False),
        # DX and MG give both, and mean the same once.
        ("MONOCHROME1", {"PresentationLUTShape": "INVERSE"}, True),
        ("MONOCHROME2", {"PresentationLUTShape": "IDENTITY"}, False),
        ("MONOCHROME1", {"PresentationLUTShape": "IDENTITY"}, False),
        ("MONOCHROME2", {"PresentationLUTShape": "INVERSE"}, True),
        ("MONOCHROME1", {"PresentationLUTSequence": [0, 100, 255]}, False),
        ("MONOCHROME2", {"PresentationLUTSequence": [255, 100, 0]}, True),
        ("MONOCHROME1", {"PresentationLUTSequence": [255, 100, 0]}, True),
    ],
)
def test_an_image_is_inverted_exactly_once(photometric: str, attributes: dict[str, Any], inverted: bool) -> None:
    entries = attributes.get("PresentationLUTSequence")
    if entries:
        table = Dataset()
        table.add_new("LUTDescriptor", "US", [3, 0, 8])
        table.add_new("LUTData", "US", entries)
        attributes = {"PresentationLUTSequence": Sequence([table])}
    data = write_projection(ramp(4, 4), attributes={"PhotometricInterpretation": photometric, **attributes})
    assert header(data).inverted is inverted


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["A", "FR"], ["A", "FR"]),
        (["l", "f"], ["L", "F"]),
        (["A"], None),
        (["A", ""], None),
        (["LE", "V"], None),  # a quadruped's
        (None, None),
    ],
)
def test_the_letters_of_a_projection_are_kept_where_they_make_sense(
    written: list[str] | None, read: list[str] | None
) -> None:
    found = header(write_projection(ramp(4, 4), attributes={"PatientOrientation": written}))
    assert found.patient_orientation == read


def test_a_mask_is_shown_from_nothing_to_all() -> None:
    bits = np.packbits(np.eye(8, dtype=np.uint8), bitorder="little").reshape(1, 8)
    attributes = {"Rows": 8, "Columns": 8, "BitsAllocated": 1, "BitsStored": 1, "NumberOfFrames": None}
    assert header(write_instance(bits, 0, EXPLICIT, attributes)).windows == [[1.0, 2.0, ""]]
    fractional = {"Modality": "SEG", "MaximumFractionalValue": 100}
    assert header(write_instance(ramp(4, 4, "uint8"), 0, EXPLICIT, fractional)).windows == [[50.5, 101.0, ""]]


def test_grey_values_that_stand_for_colours_are_noticed() -> None:
    palette = {"PixelPresentation": "COLOR", "RedPaletteColorLookupTableDescriptor": [4, 12, 8]}
    assert header(write_instance(ramp(4, 4), 0, EXPLICIT, palette)).supplemental
    assert not header(write_instance(ramp(4, 4), 0, EXPLICIT, {"PixelPresentation": "MONOCHROME"})).supplemental


def test_voi_tables_are_kept_and_come_back_from_json() -> None:
    table = Dataset()
    table.add_new("LUTDescriptor", "US", [300, 64536, 12])
    table.add_new("LUTData", "US", list(range(300)))
    attributes = {"Modality": "CT", "RescaleIntercept": -1024, "VOILUTSequence": Sequence([table]), "BitsStored": 12}
    found = header(write_instance(ramp(4, 4), 0, EXPLICIT, attributes))
    assert found.windows == [[-850.0, 300.0, "", 0]]
    assert found.luts[0][0] == -1000
    assert Header.from_json(json.loads(json.dumps(found.to_json()))) == found
