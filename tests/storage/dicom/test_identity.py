from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest
from pydicom import uid

from storage.dicom.charset import decode_undeclared
from storage.dicom.elements import text_of
from storage.dicom.header import read_header
from storage.dicom.identity import Identity
from storage.dicom.parse import parse
from storage.dicom.write import write_instance

REPORT = "1.2.840.10008.5.1.4.1.1.88.11"
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

Unpacked = Callable[[str], dict[str, bytes]]


def identity(**attributes: Any) -> Identity:
    return read_header(write_instance(None, 0, uid.ExplicitVRLittleEndian, {"SOPClassUID": REPORT, **attributes}))[1]


def with_name(name: bytes, character_set: str | None) -> Identity:
    """An identity whose patient name has exactly these bytes, declared or not."""
    name += b" " * (len(name) % 2)
    data = write_instance(
        None,
        0,
        uid.ExplicitVRLittleEndian,
        {"SOPClassUID": REPORT, "SpecificCharacterSet": character_set, "PatientName": "N" * len(name)},
    )
    return read_header(data.replace(b"N" * len(name), name))[1]


@pytest.mark.parametrize(
    ("codec", "character_set"),
    [("gb18030", "GB18030"), ("gbk", "GBK"), ("utf-8", "ISO_IR 192"), ("utf-8", None), ("gb18030", None)],
)
def test_a_chinese_name_is_read_declared_or_not(codec: str, character_set: str | None) -> None:
    name = "Wang^XiaoDong=王^小东"
    assert with_name(name.encode(codec), character_set).patient_name == name


def test_iso_2022_escapes_are_read() -> None:
    # PS3.5 K.2: Zhang XiaoDong in GB 2312 by ISO 2022 IR 58.
    raw = b"Zhang^XiaoDong=" + b"\x1b$)A" + "张".encode("gb2312") + b"^" + b"\x1b$)A" + "小东".encode("gb2312") + b"="
    assert with_name(raw, "\\ISO 2022 IR 58").patient_name.startswith("Zhang^XiaoDong=张^小东")


@pytest.mark.parametrize(
    "character_set", ["ISO_IR 192", "ISO_IR 100", "ISO_IR 13", "ISO 2022 IR 87", "NONSENSE", "GB18030\\X"]
)
def test_a_wrong_declaration_crashes_nothing(character_set: str) -> None:
    assert with_name(b"\xff\xfe\x81\x39^\xc3\x28\xa0", character_set).patient_name


def test_dates_and_times_are_values_or_nothing() -> None:
    found = identity(PatientBirthDate="19610203", StudyDate="2026.01.02", StudyTime="0930")
    assert (found.patient_birth_date, found.study_date, found.study_time) == (
        date(1961, 2, 3),
        date(2026, 1, 2),
        time(9, 30),
    )
    found = identity(PatientBirthDate="00000000", StudyDate="yesterday", StudyTime="99")
    assert (found.patient_birth_date, found.study_date, found.study_time) == (None, None, None)


def test_texts_are_bounded_and_hold_nothing_that_a_database_refuses() -> None:
    found = identity(StudyDescription="a\x00b\x07c" + "x" * 5000, SeriesNumber="7", InstanceNumber="99999999999")
    assert found.study_description.startswith("abc")
    assert len(found.study_description) == 1024
    assert (found.series_number, found.instance_number) == (7, None)


def test_every_charset_sample_is_read_without_replacement(unpacked: Unpacked) -> None:
    names = {}
    for name, data in unpacked("07_transfer_syntax_objects/charset.tar.xz").items():
        dataset = parse(data).dataset  # they have no UIDs
        decode_undeclared(dataset)
        names[name] = text_of(dataset, "PatientName")
    assert len(names) == 17
    assert names["chrGerm.dcm"] == "Äneas^Rüdiger"
    assert names["chrRuss.dcm"] == "Люкceмбypг"
    assert names["chrX1.dcm"] == "Wang^XiaoDong=王^小東"
    assert names["chrX2.dcm"] == "Wang^XiaoDong=王^小东"
    assert not [name for name, text in names.items() if "\ufffd" in text]
