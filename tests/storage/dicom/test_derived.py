"""Instances of derived series: valid by another program, theirs who were imaged, and nobody else's words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from storage.dicom.equality import read_content
from storage.dicom.header import read_header
from storage.dicom.scaling import Scaling, scaling_of
from storage.dicom.stacks import stacks_of
from storage.dicom.write import uid_of, write_series
from storage.errors import NotDerivable, UnwritableText
from tests.flows.acquisitions import (
    MR,
    EnhancedFrame,
    classic,
    edited,
    enhanced,
    item,
    planes,
    reconstruction,
)
from tests.storage.dicom.derivations import DERIVATION, EVERYWHERE, VALUES, derive, first_of, read
from tests.storage.dicom.pictures import instances, values
from tests.storage.dicom.validity import complaints

PT = "1.2.840.10008.5.1.4.1.1.128"
CHINESE = "Wang^XiaoDong=王^小东"
WHERE = planes(size=(8, 10), steps=[0.0, 3.0, 6.0, 9.0])
PET = {
    "SOPClassUID": PT,
    "Modality": "PT",
    "ImageType": ["ORIGINAL", "PRIMARY"],
    "SeriesDate": "20260101",
    "SeriesTime": "090000",
    "Units": "BQML",
    "CountsSource": "EMISSION",
    "SeriesType": ["WHOLE BODY", "IMAGE"],
    "CorrectedImage": ["DECY", "ATTN"],
    "DecayCorrection": "START",
    "FrameReferenceTime": "0",
    "ActualFrameDuration": "180000",
    "DecayFactor": "1.01",
    "DoseCalibrationFactor": "1",
    "RescaleIntercept": 0,
    "RescaleType": None,
    "PatientOrientationCodeSequence": [],
}
MRI = {
    "SOPClassUID": MR,
    "Modality": "MR",
    "ImageType": ["ORIGINAL", "PRIMARY", "M"],
    "ScanningSequence": ["GR", "IR"],
    "SequenceVariant": "SP",
    "RepetitionTime": "2500",
    "EchoTime": "3.5",
    "RescaleSlope": None,
    "RescaleIntercept": None,
}


def ct(**attributes: Any) -> list[bytes]:
    return classic(WHERE, BodyPartExamined="CHEST", RescaleType="HU", **attributes)


CASES = {
    "CT": ct,
    "CT of an unnamed part": lambda: classic(WHERE, RescaleType="HU"),
    "CT of a knee": lambda: classic(WHERE, RescaleType="HU", BodyPartExamined="KNEE"),
    "CT of a right knee": lambda: classic(WHERE, RescaleType="HU", BodyPartExamined="KNEE", Laterality="R"),
    "CT with an empty side of the chest": lambda: ct(Laterality=""),
    "CT of a Chinese patient": lambda: ct(SpecificCharacterSet="GB18030", PatientName=CHINESE),
    "contrast-enhanced CT": lambda: ct(ContrastBolusAgent="IOHEXOL", ContrastBolusVolume="80"),
    "lossy CT": lambda: ct(LossyImageCompression="01", LossyImageCompressionRatio="12"),
    "demo": lambda: list(write_series(np.zeros((4, 8, 10), np.int16), np.eye(4))),
    "MR": lambda: classic(WHERE, **MRI),
    "gated MR": lambda: classic(WHERE, **{**MRI, "ScanOptions": "CG"}),
    "MR without its sequence": lambda: classic(WHERE, SOPClassUID=MR, Modality="MR"),
    "PET": lambda: classic(WHERE, **PET),
    "PET of a patient whose position is told in codes": lambda: classic(
        WHERE,
        **{
            **PET,
            "PatientOrientationCodeSequence": [
                item(
                    CodeValue="102538003",
                    CodingSchemeDesignator="SCT",
                    CodeMeaning="recumbent",
                    PatientOrientationModifierCodeSequence=[
                        item(CodeValue="40199007", CodingSchemeDesignator="SCT", CodeMeaning="supine")
                    ],
                )
            ],
            "PatientGantryRelationshipCodeSequence": [
                item(CodeValue="102540008", CodingSchemeDesignator="SCT", CodeMeaning="headfirst")
            ],
        },
    ),
    "enhanced CT": lambda: [enhanced([EnhancedFrame(WHERE, z) for z in range(4)])],
}


@pytest.mark.slow
@pytest.mark.parametrize("projection", [None, "max", "min", "mean"])
def test_another_program_finds_no_error_in_any_projection(projection: str | None, tmp_path: Path) -> None:
    assert complaints(first_of(ct(), projection=projection), tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_another_program_finds_no_error(name: str, tmp_path: Path) -> None:
    scaling = scaling_of(0, 500, whole=False, at_zero=True) if name.startswith("PET") else DERIVED_SCALING
    assert complaints(first_of(CASES[name](), scaling=scaling), tmp_path) == []


DERIVED_SCALING = Scaling(1.0, 0.0, True, -2048)


def test_the_patient_and_the_study_stay_byte_for_byte() -> None:
    source = ct(
        SpecificCharacterSet="GB18030",
        PatientName=CHINESE,
        PatientID="3701-吴",
        PatientBirthDate="19600102",
        PatientAge="066Y",
        PatientWeight="61.5",
        IssuerOfPatientID="市立医院",
        StudyDescription="胸部增强",
        AccessionNumber="A7",
        StudyID="S1",
        ReferringPhysicianName="李^四",
    )
    before, after = source[0], first_of(source)
    old, new = read(before), read(after)
    for element in old:
        if element.tag.group == 0x10 or element.keyword in ("StudyInstanceUID", "StudyDescription", "AccessionNumber"):
            assert new.get_item(element.tag).value == read(before).get_item(element.tag).value, element.keyword
    assert new.get_item("PatientName").value.rstrip() == CHINESE.encode("gb18030")
    assert new.SpecificCharacterSet == "GB18030"
    first, second = read_content(before).identity, read_content(after).identity
    for name in ("patient_id", "patient_name", "issuer", "patient_birth_date", "study_instance_uid", "accession"):
        assert getattr(first, name) == getattr(second, name)


def test_a_name_that_is_declared_wrongly_is_read_as_before() -> None:
    plain = ct(SpecificCharacterSet=None, PatientName="X" * 8)
    files = [data.replace(b"X" * 8, "王^小东".encode("gbk") + b" ") for data in plain]
    after = first_of(files)
    assert read_content(after).identity.patient_name == read_content(files[0]).identity.patient_name == "王^小东"
    with pytest.raises(UnwritableText):
        derive(files, description="冠状位")


@pytest.mark.parametrize("charset", ["GB18030", "ISO_IR 192", "ISO_IR 100"])
def test_the_description_is_written_in_chinese_whatever_the_set(charset: str) -> None:
    after = first_of(
        ct(SpecificCharacterSet=charset, PatientName="Wang", SeriesDescription="Chest"), description="冠状位 MIP"
    )
    identity = read_content(after).identity
    assert (identity.series_description, identity.patient_name) == ("冠状位 MIP", "Wang")


def test_it_is_another_series_of_another_kind_in_the_same_space() -> None:
    source = ct()
    old, new = read(source[0]), read(first_of(source))
    assert list(new.ImageType) == ["DERIVED", "SECONDARY", "REFORMATTED"]
    assert (new.SOPClassUID, new.Modality) == (old.SOPClassUID, "CT")
    assert new.SeriesInstanceUID == "2.25.77" != old.SeriesInstanceUID
    assert new.SOPInstanceUID == new.file_meta.MediaStorageSOPInstanceUID == uid_of("2.25.77", "instance", 1)
    assert new.FrameOfReferenceUID == old.FrameOfReferenceUID
    assert (new.SeriesNumber, new.InstanceNumber) == (101, 1)
    assert (new.SeriesDate, new.ContentDate, new.StudyDate) == ("20260304", "20260304", old.StudyDate)
    assert new.Manufacturer == "Farview"


def test_the_plane_is_where_the_derivation_says() -> None:
    header, _ = read_header(first_of(ct()))
    assert header.position == [10.0, -20.0, 30.5]
    assert header.orientation == list(DERIVATION.orientation)
    assert (header.spacing, header.thickness) == ([0.5, 0.75], 10.0)
    assert header.location == pytest.approx(-20.0)  # along right × down, which is towards the back


@pytest.mark.parametrize(
    ("projection", "code", "word"),
    [
        (None, None, "reformat every 5 mm"),
        ("max", "113078", "maximum of 10 mm"),
        ("min", "113079", "minimum of 10 mm"),
        ("mean", "113049", "mean of 10 mm"),
    ],
)
def test_it_says_how_it_was_made(projection: str | None, code: str | None, word: str) -> None:
    new = read(first_of(ct(SeriesNumber=4), projection=projection))
    codes = [entry.CodeValue for entry in new.DerivationCodeSequence]
    assert codes == ["113072", *([code] if code else [])]
    assert word in new.DerivationDescription and "of series 4" in new.DerivationDescription


def test_it_names_the_images_it_was_made_of() -> None:
    files = ct()
    series, stack = derive(files)
    new = read(series.instance(1, (0, 0, 0), VALUES, EVERYWHERE, stack.frames[1:3]))
    found = [(one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID) for one in new.SourceImageSequence]
    assert found == [(read(data).SOPClassUID, read(data).SOPInstanceUID) for data in files[1:3]]
    (machine,) = new.get("ContributingEquipmentSequence", [Dataset()])
    assert "Manufacturer" not in machine
    assert "SourceImageSequence" not in read(series.instance(2, (0, 0, 0), VALUES, ~EVERYWHERE, []))


def test_of_very_many_images_every_so_many_are_named() -> None:
    files = classic(planes(size=(4, 4), steps=np.arange(300.0)))
    series, stack = derive(files)
    new = read(series.instance(1, (0, 0, 0), VALUES, EVERYWHERE, stack.frames))
    named = [one.ReferencedSOPInstanceUID for one in new.SourceImageSequence]
    uids = [frame.sop_instance_uid for frame in stack.frames]
    assert len(named) == len(set(named)) <= 64 and named == [uid for uid in uids if uid in named]
    assert (named[0], named[-1]) == (uids[0], uids[-1])


def test_frames_of_one_instance_are_named_by_their_numbers() -> None:
    files = [enhanced([EnhancedFrame(WHERE, z) for z in range(4)])]
    series, stack = derive(files)
    (source,) = read(series.instance(1, (0, 0, 0), VALUES, EVERYWHERE, stack.frames[:2])).SourceImageSequence
    assert sorted(source.ReferencedFrameNumber) == sorted(frame.frame + 1 for frame in stack.frames[:2])


def test_the_machine_that_acquired_is_named_as_such() -> None:
    new = read(first_of(ct(Manufacturer="ACME", StationName="CT3", SoftwareVersions="7")))
    (machine,) = new.ContributingEquipmentSequence
    assert (machine.Manufacturer, machine.StationName, machine.SoftwareVersions) == ("ACME", "CT3", "7")
    assert machine.PurposeOfReferenceCodeSequence[0].CodeValue == "109101"
    assert (new.Manufacturer, "StationName" in new) == ("Farview", False)


LIES = {
    "PatientOrientation": ["L", "P"],
    "GantryDetectorTilt": "12",
    "XRayTubeCurrent": "200",
    "WindowCenter": None,
    "ReconstructionDiameter": "350",
    "SmallestImagePixelValue": 3,
    "ImageComments": "lung window",
}


def test_what_would_not_be_true_of_the_new_planes_stays_behind() -> None:
    def sign(dataset: Dataset) -> None:
        dataset.private_block(0x0019, "ACME", create=True).add_new(0x10, "DS", "1.5")
        mapping = item(RealWorldValueSlope=2.0, RealWorldValueIntercept=0.0)
        dataset.RealWorldValueMappingSequence = [mapping]

    new = read(first_of([edited(data, sign) for data in ct(**LIES)]))
    assert not [keyword for keyword in (*LIES, "RealWorldValueMappingSequence") if keyword in new]
    assert not [element for element in new if element.tag.is_private]


def test_of_the_acquisition_it_takes_what_all_images_say_alike() -> None:
    files = classic(EIGHT, KVP="120", each=lambda z: {"AcquisitionTime": f"10000{z}"})
    new = read(first_of(files))
    assert float(new.KVP) == 120 and "AcquisitionTime" not in new
    for one in range(8):
        for other in ("250", None):
            values = {z: other if z == one else "500" for z in range(8)}
            files = classic(EIGHT, KVP="120", each=lambda z, values=values: {"DataCollectionDiameter": values[z]})
            assert len(stacks_of(instances(files))) == 1
            assert "DataCollectionDiameter" not in read(first_of(files)), (one, other)


def test_a_pet_keeps_the_times_by_which_its_activity_is_known() -> None:
    def times(z: int) -> dict[str, Any]:
        return {
            "AcquisitionDate": "20260101",
            "AcquisitionTime": f"09{30 - z:02}00",
            "FrameReferenceTime": str(1000 * (30 - z)),
            "DecayFactor": f"1.{30 - z}",
        }

    new = read(first_of(classic(WHERE, each=times, **PET), scaling=scaling_of(0, 9, whole=False, at_zero=True)))
    assert (new.SeriesDate, new.SeriesTime, new.DecayCorrection, new.Units) == ("20260101", "090000", "START", "BQML")
    # All of the image that was acquired first, which is the last of these.
    assert (new.AcquisitionTime, new.FrameReferenceTime, new.DecayFactor) == ("092700", 27000, "1.27")
    assert (new.RescaleIntercept, list(new.ImageType)[:2]) == (0, ["DERIVED", "PRIMARY"])
    assert (new.NumberOfSlices, new.ImageIndex, list(new.SeriesType)) == (3, 1, ["WHOLE BODY", "IMAGE"])


@pytest.mark.parametrize(
    "changed",
    [
        {"Units": None},
        {"DecayCorrection": "NONE"},
        {"FrameReferenceTime": ""},
        {"SeriesType": ["STATIC", "REPROJECTION"]},
    ],
)
def test_a_pet_that_cannot_be_derived_is_refused_by_name(changed: dict[str, Any]) -> None:
    with pytest.raises(NotDerivable):
        derive(classic(WHERE, **{**PET, **changed}))


def test_nuclear_medicine_has_no_class_for_it() -> None:
    with pytest.raises(NotDerivable, match="NM"):
        derive([reconstruction(WHERE)])


def test_enhanced_images_say_their_tube_voltage_in_a_group() -> None:
    frames = [EnhancedFrame(WHERE, z, groups={"CTXRayDetailsSequence": [item(KVP="100")]}) for z in range(4)]
    new = read(first_of([enhanced(frames)]))
    assert (float(new.KVP), new.SOPClassUID.name, "PerFrameFunctionalGroupsSequence" in new) == (
        100,
        "CT Image Storage",
        False,
    )


# ── values ──


def test_hounsfield_units_come_back_and_outside_is_air() -> None:
    inside = VALUES % 5 != 0
    data = first_of(ct(), VALUES * 100 - 1000 + 0.4, inside)
    found = values(data)
    assert found.dtype == np.int16 and read(data).PixelPaddingValue == -2048
    assert np.array_equal(found, np.where(inside, VALUES * 100 - 1000, -1024))
    assert read_header(data)[0].unit == "HU"


def test_mr_values_without_a_slope_have_none_and_padding_is_no_tissue() -> None:
    scaling = scaling_of(0, 4095, whole=True)
    inside = VALUES > 2
    data = first_of(classic(WHERE, **MRI), VALUES + 100, inside, scaling=scaling)
    assert "RescaleSlope" not in read(data) and read(data).PixelPaddingValue == -1
    assert np.array_equal(values(data), np.where(inside, VALUES + 100, 103))  # the lowest of the picture


def test_fractions_come_back_by_a_slope() -> None:
    scaling = scaling_of(-0.25, 2.5, whole=False)
    shown = VALUES / 7
    data = first_of(classic(WHERE, **MRI), shown, scaling=scaling)
    assert np.abs(values(data) - shown).max() <= 0.51 * scaling.slope
    assert scaling.slope == pytest.approx(8.6e-5)


def test_a_ct_in_other_units_stays_one() -> None:
    data = first_of(ct() and classic(WHERE, RescaleType="Z_EFF"), scaling=scaling_of(0, 20, whole=False))
    header, _ = read_header(data)
    assert (header.rescale, header.unit) == ("Z_EFF", "")


def test_the_window_of_the_middle_image_is_taken_over() -> None:
    names = {"WindowCenter": ["40", "-600"], "WindowWidth": ["400", "1500"]}
    header, _ = read_header(
        first_of(ct(**names, WindowCenterWidthExplanation=["软组织", "LUNG"], SpecificCharacterSet="ISO_IR 192"))
    )
    assert header.windows == [[40.0, 400.0, "软组织"], [-600.0, 1500.0, "LUNG"]]


def test_an_inverted_picture_stays_inverted() -> None:
    assert read_header(first_of(ct(PhotometricInterpretation="MONOCHROME1")))[0].inverted


# ── what must not be lost ──


def test_a_loss_is_told_for_ever() -> None:
    said = {
        "LossyImageCompression": "01",
        "LossyImageCompressionRatio": "12",
        "LossyImageCompressionMethod": "ISO_10918_1",
    }
    assert read_header(first_of(ct(**said)))[0].lossy == "12:1 JPEG"
    assert read_header(first_of(ct(LossyImageCompression="00")))[0].lossy == ""
    assert read(first_of(ct(LossyImageCompression="00"))).LossyImageCompression == "00"


def test_a_loss_is_told_though_its_ratio_differs_from_image_to_image() -> None:
    files = ct(LossyImageCompression="01", each=lambda z: {"LossyImageCompressionRatio": f"1{z}"})
    assert read_header(first_of(files))[0].lossy == "10:1"


def test_a_loss_that_only_the_codestream_tells_is_told_too() -> None:
    array = np.random.default_rng(1).integers(-500, 500, (4, 32, 32)).astype(np.int16)
    files = list(write_series(array, np.eye(4), transfer_syntax="1.2.840.10008.1.2.4.91"))
    files = [edited(data, lambda dataset: dataset.pop("LossyImageCompression", None)) for data in files]
    new = read(first_of(files))
    assert (new.LossyImageCompression, new.LossyImageCompressionMethod) == ("01", "ISO_15444_1")
    assert new.LossyImageCompressionRatio > 1


EIGHT = planes(size=(8, 10), steps=np.arange(8) * 3.0)


@pytest.mark.parametrize("keyword", ["BurnedInAnnotation", "RecognizableVisualFeatures"])
def test_what_one_of_the_images_warns_of_stays_told(keyword: str) -> None:
    def said(*values: str | None) -> str:
        new = read(first_of(classic(EIGHT, each=lambda z: {keyword: values[z]})))
        return str(new.get(keyword, "nothing"))

    assert said(*8 * ["NO"]) == "NO"
    assert said(*8 * ["YES"]) == "YES"
    for one in range(8):
        values: list[str | None] = 8 * ["NO"]
        values[one] = "YES"
        assert said(*values) == "YES", one
        values[one] = None
        assert said(*values) == "nothing", one


def test_missing_slices_are_told_of_the_series_and_of_the_images_where_they_are() -> None:
    files = classic(EIGHT.only([0, 1, 2, 3, 5, 6, 7]))
    series, stack = derive(files)
    assert stack.geometry is not None and stack.geometry.holes == (3,)
    plain = read(series.instance(1, (0, 0, 0), VALUES, EVERYWHERE, stack.frames[:2]))
    across = read(series.instance(2, (0, 0, 0), VALUES, EVERYWHERE, stack.frames, gap=True))
    assert "source slices are missing" in plain.DerivationDescription
    assert "missing" not in plain.get("ImageComments", "") and "slices are missing" in across.ImageComments
    whole = read(first_of(classic(EIGHT)))
    assert "missing" not in whole.DerivationDescription


def test_a_phantom_with_missing_slices_stays_one() -> None:
    files = list(write_series(np.zeros((8, 8, 10), np.int16), np.eye(4)))
    series, stack = derive(files[:3] + files[4:])
    new = read(series.instance(1, (0, 0, 0), VALUES, EVERYWHERE, stack.frames, gap=True))
    assert "PHANTOM: not a patient" in new.ImageComments and "missing" in new.ImageComments


@pytest.mark.parametrize(
    ("sides", "laterality", "image_laterality"),
    [("RRRR", "R", None), ("LLLL", "L", None), ("RRLL", "", None), ("RRR-", "", None), ("BBBB", None, "B")],
)
def test_enhanced_images_say_side_and_region_in_a_group(
    sides: str, laterality: str | None, image_laterality: str | None
) -> None:
    knee = item(CodeValue="72696002", CodingSchemeDesignator="SCT", CodeMeaning="Knee")
    frames = [
        EnhancedFrame(
            WHERE,
            z,
            groups={
                "FrameAnatomySequence": [
                    item(AnatomicRegionSequence=[knee], **({} if side == "-" else {"FrameLaterality": side}))
                ]
            },
        )
        for z, side in enumerate(sides)
    ]
    new = read(first_of([enhanced(frames)]))
    assert (new.get("Laterality"), new.get("ImageLaterality")) == (laterality, image_laterality)
    (region,) = new.AnatomicRegionSequence
    assert region.CodeMeaning == "Knee"


def test_images_of_both_sides_are_of_no_side() -> None:
    files = classic(EIGHT, BodyPartExamined="KNEE", each=lambda z: {"Laterality": "R" if z < 5 else "L"})
    assert read(first_of(files)).Laterality in ("", None)


def test_a_description_is_never_longer_than_its_element() -> None:
    files = list(write_series(np.zeros((4, 8, 10), np.int16), np.eye(4)))
    assert read(first_of(files, description="x" * 64)).SeriesDescription == "PHANTOM " + "x" * 56
    default = read(first_of(ct(), description="", thickness_mm=1234.56789, spacing_mm=0.000123456))
    assert len(default.SeriesDescription) <= 64


def test_a_phantom_stays_one() -> None:
    new = read(first_of(list(write_series(np.zeros((4, 8, 10), np.int16), np.eye(4)))))
    assert (str(new.PatientName), new.PatientID, new.StudyDescription) == ("PHANTOM^DEMO", "PHANTOM", "PHANTOM")
    assert (new.SeriesDescription, new.ImageComments) == ("PHANTOM Coronal", "PHANTOM: not a patient")


def test_the_other_stacks_of_a_series_have_no_part_in_it() -> None:
    files = [
        data
        for echo in (1, 2)
        for data in classic(
            WHERE,
            seed=("echo", echo),
            each=lambda z, echo=echo: {"InstanceNumber": 10 * echo + z},  # type: ignore[misc]
            **{**MRI, "EchoTime": f"{echo * 5}", "EchoNumbers": echo},
        )
    ]
    assert len(stacks_of(instances(files))) == 2
    for index in (0, 1):
        series, stack = derive(files, stack=index)
        new = read(series.instance(1, (0, 0, 0), VALUES, EVERYWHERE, stack.frames))
        assert new.EchoTime == stack.frames[0].separators["echo_time"] == 5 * (index + 1)
        assert f"phase {index + 1} of 2" in new.DerivationDescription
        assert {one.ReferencedSOPInstanceUID for one in new.SourceImageSequence} == {
            frame.sop_instance_uid for frame in stack.frames
        }
