from __future__ import annotations

from typing import Any

import pytest
from pydicom import uid

from storage.dicom.objects import Kept, kept_without_pictures, kind_of
from storage.dicom.write import write_instance
from tests.storage.dicom.pictures import instances, ramp

EXPLICIT = uid.ExplicitVRLittleEndian


@pytest.mark.parametrize(
    ("sop_class", "kind"),
    [
        (uid.ComprehensiveSRStorage, "report"),
        (uid.XRayRadiationDoseSRStorage, "report"),
        (uid.KeyObjectSelectionDocumentStorage, "key_objects"),
        (uid.GrayscaleSoftcopyPresentationStateStorage, "presentation_state"),
        (uid.RTStructureSetStorage, "radiotherapy"),
        (uid.RTPlanStorage, "radiotherapy"),
        (uid.TwelveLeadECGWaveformStorage, "waveform"),
        (uid.EncapsulatedPDFStorage, "document"),
        (uid.EncapsulatedSTLStorage, "document"),
        (uid.SurfaceSegmentationStorage, "segmentation"),
        (uid.RawDataStorage, "raw_data"),
        (uid.SpatialRegistrationStorage, "other"),
        (uid.RealWorldValueMappingStorage, "other"),
        ("1.2.840.113619.4.30", "other"),
        ("1.2.840.10008.5.1.4.1.1.888", "other"),
    ],
)
def test_objects_are_called_what_they_are(sop_class: str, kind: str) -> None:
    assert kind_of(sop_class) == kind


def bare(number: int, sop_class: str, **more: Any) -> bytes:
    return write_instance(None, number, EXPLICIT, {"SOPClassUID": sop_class, "Modality": "OT", **more})


def test_what_has_no_picture_is_counted_by_kind_and_name() -> None:
    files = [
        bare(1, uid.ComprehensiveSRStorage),
        bare(2, uid.EncapsulatedPDFStorage),
        bare(3, uid.ComprehensiveSRStorage),
        bare(4, "1.2.3.4"),
        write_instance(ramp(4, 4), 5, EXPLICIT, {}),
    ]
    assert kept_without_pictures(instances(files)) == [
        Kept("report", "Comprehensive SR", 2),
        Kept("document", "Encapsulated PDF", 1),
        Kept("other", "", 1),
    ]


@pytest.mark.parametrize("transfer_syntax", [uid.MPEG2MPML, uid.MPEG4HP41, uid.HEVCMP51, "1.2.840.10008.1.2.4.102.1"])
def test_a_video_is_stored_and_said_to_be_one(transfer_syntax: str) -> None:
    data = write_instance(
        ramp(4, 4, "uint8")[..., None].repeat(3, axis=2),
        0,
        uid.RLELossless,
        {"SOPClassUID": uid.VideoEndoscopicImageStorage},
    )
    padding = len(transfer_syntax) % 2 * "\0"
    old = b"UI" + len(uid.RLELossless + "\0").to_bytes(2, "little") + uid.RLELossless.encode() + b"\0"
    assert old in data
    new = b"UI" + len(transfer_syntax + padding).to_bytes(2, "little") + (transfer_syntax + padding).encode()
    assert kept_without_pictures(instances([data.replace(old, new, 1)])) == [Kept("video", "Video Endoscopic Image", 1)]


def test_pixels_of_an_unknown_kind_are_said_to_be_unreadable() -> None:
    data = write_instance(ramp(4, 4), 0, EXPLICIT, {"PhotometricInterpretation": "HSV"})
    assert [kept.kind for kept in kept_without_pictures(instances([data]))] == ["unreadable"]
