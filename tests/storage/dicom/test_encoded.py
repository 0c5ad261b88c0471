"""What is carried over from one dataset to another stays what it was, to the last byte."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from storage.dicom.elements import text_of
from storage.dicom.encoded import Elements, charset_for, element_of, framed, is_writable, items, tag_of, text_bytes
from storage.dicom.parse import parse
from storage.dicom.write import write_instance
from storage.errors import UnwritableText
from tests.flows.acquisitions import edited, item

EXPLICIT = "1.2.840.10008.1.2.1"
NAME = tag_of("PatientName")
CHINESE = "Wang^XiaoDong=王^小东"


def dataset(syntax: str = EXPLICIT, **attributes: Any) -> Dataset:
    return parse(write_instance(None, 0, syntax, attributes)).dataset


def value_of(encoded: bytes) -> bytes:
    """Of an element with a short length."""
    return encoded[8:]


@pytest.mark.parametrize(
    "syntax", [EXPLICIT, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_a_chinese_name_keeps_its_bytes_whatever_the_syntax(syntax: str) -> None:
    source = dataset(str(syntax), SpecificCharacterSet="GB18030", PatientName=CHINESE, PatientSex="F")
    found = element_of(source, NAME)
    assert found is not None and not found[1]
    assert value_of(found[0]).rstrip() == CHINESE.encode("gb18030")
    assert element_of(source, tag_of("PatientSex")) == (framed(tag_of("PatientSex"), "CS", b"F"), True)


def test_a_name_whose_character_set_is_not_declared_keeps_its_bytes_too() -> None:
    data = write_instance(None, 0, EXPLICIT, {"SpecificCharacterSet": None, "PatientName": "X" * 8})
    gbk = "王^小东".encode("gbk")
    source = parse(data.replace(b"X" * 8, gbk + b" " * (8 - len(gbk)))).dataset
    found = element_of(source, NAME)
    assert found is not None and value_of(found[0]).rstrip() == gbk and not found[1]


@pytest.mark.parametrize("syntax", [EXPLICIT, ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_sequence_with_texts_and_numbers_reads_the_same_again(syntax: str) -> None:
    code = item(CodeValue="1", CodingSchemeDesignator="DCM", CodeMeaning="检查")
    inner = item(RequestedProcedureDescription="增强", RequestedProcedureCodeSequence=[code])
    inner.add_new(0x00090010, "LO", "PRIVATE")
    data = write_instance(None, 0, str(syntax), {"SpecificCharacterSet": "GB18030"})

    def put(read: Dataset) -> None:
        read.RequestAttributesSequence = [inner, item(RequestedProcedureDescription="")]
        read.DiffusionBValue = 1000.5
        read.RequestAttributesSequence[0].SmallestImagePixelValue = None

    source = parse(edited(data, put)).dataset
    elements = Elements()
    for keyword in ("RequestAttributesSequence", "DiffusionBValue"):
        assert elements.carry(source, tag_of(keyword))
    assert not elements.is_ascii
    again = pydicom.dcmread(BytesIO(elements.with_(Elements())), force=True)
    again.set_original_encoding(False, True, "GB18030")
    assert again.DiffusionBValue == 1000.5
    first, second = parse(b"\0" * 128 + b"DICM" + elements.with_(Elements())).dataset.RequestAttributesSequence
    assert second.RequestedProcedureDescription == ""
    assert 0x00090010 not in first  # private things stay behind
    assert first.get_item("RequestedProcedureDescription").value.rstrip() == "增强".encode("gb18030")


@pytest.mark.parametrize("charset", ["GB18030", "ISO_IR 192", ["", "ISO 2022 IR 58"], "GBK"])
@pytest.mark.parametrize("text", ["", "Coronal MIP", "冠状位 MIP", "Müller"])
def test_a_text_is_written_in_the_set_that_is_declared(text: str, charset: str | list[str]) -> None:
    assert is_writable(text, charset) and charset_for(text, charset, False) == charset
    elements = Elements(charset)
    elements.put("SpecificCharacterSet", charset)
    elements.put_texts("SeriesDescription", [text])
    back = parse(b"\0" * 128 + b"DICM" + elements.with_(Elements())).dataset
    assert text_of(back, "SeriesDescription") == text


def test_gb_2312_comes_behind_its_escape() -> None:
    assert text_bytes("位", ["", "ISO 2022 IR 58"]) == b"\x1b$)A" + "位".encode("gb2312")
    assert not is_writable("冠状位", ["", "ISO 2022 IR 13"]) and not is_writable("€", "ISO_IR 100")


def test_texts_in_plain_ascii_let_another_one_bring_utf_8() -> None:
    for declared in ("", "ISO_IR 100", "ISO_IR 6"):
        assert charset_for("冠状位", declared, True) == "ISO_IR 192"
        with pytest.raises(UnwritableText):
            charset_for("冠状位", declared, False)


def test_what_cannot_be_carried_is_left_out() -> None:
    source = dataset(PatientName="A")
    assert element_of(source, tag_of("PatientAge")) is None
    elements = Elements()
    assert not elements.carry(source, tag_of("PatientAge")) and "PatientAge" not in elements
    assert elements.carry(source, NAME) and "PatientName" in elements and elements.is_ascii


def test_values_are_made_even_in_the_way_of_their_representation() -> None:
    assert framed(NAME, "PN", b"abc") == b"\x10\0\x10\0PN\x04\0abc "
    assert framed(0x0020000D, "UI", b"1.2").endswith(b"1.2\0")
    assert items("DerivationCodeSequence", []) == b"\x08\0\x15\x92SQ\0\0\0\0\0\0"
