from __future__ import annotations

from typing import Any

import pytest
from pydicom import uid

from storage.dicom.write import write_instance
from tests.flows.acquisitions import item
from tests.storage.dicom.pictures import header, ramp

SAYS, RATIO, METHOD = "LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"
DERIVED = [item(CodeValue="113040", CodingSchemeDesignator="DCM", CodeMeaning="Lossy Compression")]
OTHERWISE = [item(CodeValue="113076", CodingSchemeDesignator="DCM", CodeMeaning="Segmentation")]


@pytest.mark.parametrize(
    ("attributes", "lossy"),
    [
        ({}, ""),
        ({SAYS: "00"}, ""),
        ({SAYS: "00", RATIO: 1}, ""),
        ({"DerivationCodeSequence": OTHERWISE}, ""),
        ({SAYS: "01"}, "lossy"),
        ({SAYS: "1"}, "lossy"),
        ({SAYS: "YES"}, "lossy"),
        ({RATIO: 10}, "10:1"),
        ({METHOD: "ISO_10918_1"}, "JPEG"),
        ({METHOD: "OWN_1"}, "OWN_1"),
        ({SAYS: "00", RATIO: 10}, "10:1"),
        *(({SAYS: "00", RATIO: 1, METHOD: none}, "") for none in ("NONE", "N/A", "NO", "none")),
        ({SAYS: "00", METHOD: "ISO_10918_1"}, ""),
        ({SAYS: "00", RATIO: 1, METHOD: "ISO_14495_1"}, ""),
        ({SAYS: "NO", METHOD: "ISO_10918_1"}, ""),
        ({METHOD: "NONE"}, ""),
        ({SAYS: "01", METHOD: "NONE"}, "lossy"),
        ({SAYS: "01", METHOD: "ISO_10918_1"}, "JPEG"),
        ({SAYS: "00", RATIO: 10, METHOD: "ISO_10918_1"}, "10:1 JPEG"),
        ({SAYS: "00", RATIO: 10, METHOD: "NONE"}, "10:1"),
        ({SAYS: "00", METHOD: "ISO_10918_1", "DerivationCodeSequence": DERIVED}, "lossy"),
        ({SAYS: "01", RATIO: 12.5, METHOD: "ISO_10918_1"}, "12.5:1 JPEG"),
        ({SAYS: "01", RATIO: [2, 15], METHOD: ["ISO_14495_1", "ISO_10918_1"]}, "2:1 JPEG-LS, 15:1 JPEG"),
        ({SAYS: "01", RATIO: [2, 15], METHOD: "ISO_14495_1"}, "2:1 JPEG-LS, 15:1"),
        ({"DerivationCodeSequence": DERIVED}, "lossy"),
        ({"DerivationCodeSequence": OTHERWISE + DERIVED, SAYS: "00"}, "lossy"),
    ],
)
def test_whatever_speaks_of_a_loss_is_told_although_these_pixels_are_plain(
    attributes: dict[str, Any], lossy: str
) -> None:
    assert header(write_instance(ramp(8, 8), 0, uid.ExplicitVRLittleEndian, attributes)).lossy == lossy


@pytest.mark.parametrize(("written", "lossy"), [(b"10:1", "10:1"), (b"1,5 ", "1,5"), (b"1.0 ", "")])
def test_a_ratio_that_is_no_number_still_says_that_something_was_lost(written: bytes, lossy: str) -> None:
    data = write_instance(ramp(8, 8), 0, uid.ExplicitVRLittleEndian, {RATIO: "7654"})
    assert data.count(b"7654") == 1
    assert header(data.replace(b"7654", written)).lossy == lossy


def test_a_codec_that_always_loses_is_lossy_without_the_attribute() -> None:
    assert header(write_instance(ramp(8, 8, "uint8"), 0, uid.JPEGBaseline8Bit, {})).lossy == "lossy"
    assert header(write_instance(ramp(8, 8, "uint8"), 0, uid.JPEG2000Lossless, {})).lossy == ""
