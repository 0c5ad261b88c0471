from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from storage.dicom.equality import read_content, same
from storage.dicom.write import write_colour, write_instance
from tests.storage.dicom.pictures import ramp

EXPLICIT = uid.ExplicitVRLittleEndian
SYNTAXES = [
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.RLELossless,
    uid.JPEGLSLossless,
    uid.HTJ2KLossless,
]
Unpacked = Callable[[str], dict[str, bytes]]


def instance(transfer_syntax: str = EXPLICIT, undefined: bool = False, **attributes: Any) -> bytes:
    item = Dataset()
    item.ReferencedSOPInstanceUID = "1.2.3"
    item.PurposeOfReferenceCodeSequence = Sequence([Dataset()])
    nested = Sequence([item])
    nested.is_undefined_length = undefined
    item.is_undefined_length_sequence_item = undefined
    values = {"ReferencedImageSequence": nested, "ImagePositionPatient": [1.5, 2.5, -3.5], **attributes}
    return write_instance(ramp(12, 10), 0, transfer_syntax, values)


@pytest.mark.parametrize("transfer_syntax", SYNTAXES)
def test_the_transfer_syntax_makes_no_other_instance(transfer_syntax: str) -> None:
    assert same(instance(), instance(transfer_syntax))


@pytest.mark.parametrize("transfer_syntax", SYNTAXES[:3])
def test_uncompressed_kinds_have_one_digest(transfer_syntax: str) -> None:
    assert read_content(instance()).digest == read_content(instance(transfer_syntax)).digest


def test_the_kind_of_sequence_length_makes_no_difference() -> None:
    assert instance() != instance(undefined=True)
    assert read_content(instance()).digest == read_content(instance(undefined=True)).digest


def test_blanks_at_the_end_of_a_text_make_no_difference_and_elsewhere_they_do() -> None:
    assert same(instance(PatientName="A^B"), instance(PatientName="A^B   "))
    assert not same(instance(PatientName="A^B"), instance(PatientName=" A^B"))


@pytest.mark.parametrize(
    "attributes",
    [
        {"PatientName": "OTHER"},
        {"PatientName": None},
        {"InstanceNumber": 2},
        {"ImagePositionPatient": [1.5, 2.5, -3.6]},
        {"ReferencedImageSequence": None},
        {"BitsStored": 12},
        {"PhotometricInterpretation": "MONOCHROME1"},
    ],
)
def test_another_data_element_makes_another_instance(attributes: dict[str, Any]) -> None:
    assert not same(instance(), instance(**attributes))


def test_another_pixel_makes_another_instance_in_every_transfer_syntax() -> None:
    changed = ramp(12, 10)
    changed[11, 9] ^= 1
    for transfer_syntax in (EXPLICIT, *SYNTAXES):
        a = write_instance(ramp(12, 10), 0, EXPLICIT, {})
        assert not same(a, write_instance(changed, 0, transfer_syntax, {}))


def test_colour_laid_out_in_planes_is_the_same_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (6, 8, 3)).astype(np.uint8)
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1)).reshape(6, 8, 3)
    assert same(write_colour(picture), write_colour(planes, attributes={"PlanarConfiguration": 1}))


def test_group_two_makes_no_difference() -> None:
    data = instance()
    assert same(data, data.replace(b"FARVIEW\0", b"ANOTHER\0"))


def test_a_lossless_copy_is_the_same_and_a_lossy_one_is_not(unpacked: Unpacked) -> None:
    members = unpacked("07_transfer_syntax_objects/cornerstone_ctimage.tar.xz")
    for end, expected in (
        ("1.2.2", True),
        ("1.2.4.80", True),
        ("1.2.4.90", True),
        ("1.2.5", True),
        ("1.2.4.81", False),
    ):
        (other,) = (data for name, data in members.items() if name.endswith(f"_1.2.840.10008.{end}.dcm"))
        assert same(members["CTImage.dcm"], other) is expected, end


@pytest.mark.parametrize("transfer_syntax", [EXPLICIT, uid.JPEGLSLossless])
def test_frames_that_the_header_does_not_tell_of_belong_to_the_instance(transfer_syntax: str) -> None:
    def cine(last: int) -> bytes:
        frames = np.stack([np.full((12, 10), value, np.uint8) for value in (1, 2, last)])
        return write_instance(frames, 0, transfer_syntax, {}).replace(b"IS\2\x003 ", b"IS\2\x001 ")

    assert read_content(cine(3)).header.frames == 1
    assert same(cine(3), cine(3))
    assert not same(cine(3), cine(4))
    assert read_content(cine(3)).digest != read_content(cine(4)).digest
