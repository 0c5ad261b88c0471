from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from typing import Any

import pytest
from pydicom import uid

from storage.dicom.charset import decode_misdeclared
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


NAMES = ["王小东", "Wang^XiaoDong=王^小东", "阿依古丽·买买提", "欧阳^喆", "李王^珺", "谢英", "薛^小英", "堃", "李"]
WESTERN = [None, "", "ISO_IR 6", "ISO 2022 IR 6", "ISO_IR 100", "ISO-IR 100", "\\ISO 2022 IR 58", "NONSENSE"]


@pytest.mark.parametrize("name", NAMES)
def test_a_chinese_name_is_read_whatever_is_declared(name: str) -> None:
    for declared in [*WESTERN, "GB18030", "GBK", "ISO 2022 IR 58"]:
        assert with_name(name.encode("gbk"), declared).patient_name == name, declared
    for declared in [*WESTERN, "ISO_IR 192", "GB18030", "GBK", "ISO_IR 13", "\\ISO 2022 IR 149"]:
        assert with_name(name.encode("utf-8"), declared).patient_name == name, declared


def test_a_name_in_gb18030_that_is_no_utf_8_is_read_though_utf_8_is_declared() -> None:
    assert with_name("王小东".encode("gbk"), "ISO_IR 192").patient_name == "王小东"


@pytest.mark.parametrize(
    "name",
    [
        *("Müller", "José^García", "Núñez", "Ñáñez^José", "MÜSSIG^JÜRGEN", "Müßig", "Åse", "Ångström", "Großäcker"),
        *("Zoë", "Guðmundsdóttir^Björk", "Æsa^Ðóra", "François", "Çelik^Ömer", "Ménard^Éloïse", "Žižek", "À la"),
    ],
)
def test_a_western_name_stays_one(name: str) -> None:
    for declared in [*WESTERN, "ISO_IR 192"]:
        assert with_name(name.encode("utf-8"), declared).patient_name == name, declared
    if max(name) <= "\u00ff":
        for declared in [*WESTERN, "ISO 2022 IR 100"]:
            assert with_name(name.encode("latin-1"), declared).patient_name == name, declared


@pytest.mark.parametrize(
    ("raw", "declared", "name"),
    [
        # PS3.5 H.3.1, H.3.2 and I.2.
        (
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "\\ISO 2022 IR 87",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        (
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
            "ISO 2022 IR 13\\ISO 2022 IR 87",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
        ),
        (
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            "\\ISO 2022 IR 149",
            "Hong^Gildong=洪^吉洞=홍^길동",
        ),
        ("Люкceмбypг".encode("iso8859_5"), "ISO_IR 144", "Люкceмбypг"),
        ("ТИТО".encode("iso8859_5"), "ISO_IR 144", "ТИТО"),
        ("Διονυσιος".encode("iso8859_7"), "ISO_IR 126", "Διονυσιος"),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ".encode("shift_jis"), "ISO_IR 13", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("Иванов^Пётр".encode(), None, "Иванов^Пётр"),
        ("Иванов^Пётр".encode(), "ISO_IR 100", "Иванов^Пётр"),
    ],
)
def test_what_is_declared_rightly_is_read_as_declared(raw: bytes, declared: str | None, name: str) -> None:
    assert with_name(raw, declared).patient_name == name


def with_texts(character_set: str | None, **texts: bytes) -> Identity:
    """An identity whose texts have exactly these bytes."""
    texts = {keyword: text + b" " * (len(text) % 2) for keyword, text in texts.items()}
    stand_ins = {keyword: chr(ord("B") + k) * len(text) for k, (keyword, text) in enumerate(texts.items())}
    data = write_instance(
        None,
        0,
        uid.ExplicitVRLittleEndian,
        {"SOPClassUID": REPORT, "SpecificCharacterSet": character_set, **stand_ins},
    )
    for keyword, text in texts.items():
        assert data.count(stand_ins[keyword].encode()) == 1
        data = data.replace(stand_ins[keyword].encode(), text)
    return read_header(data)[1]


@pytest.mark.parametrize("certain", ["王小东", "Wang^XiaoDong=王^小东", "王^小东", "北京 CT 医院"])
def test_a_text_that_is_certainly_chinese_tells_of_the_others(certain: str) -> None:
    found = with_texts("ISO_IR 100", PatientName=certain.encode("gbk"), StudyDescription="MR脑".encode("gbk"))
    assert (found.patient_name, found.study_description) == (certain, "MR脑")


@pytest.mark.parametrize("name", ["Pää^Pekka", "Müller^Jörg", "D’Étang^Zoé", "Määttä^Pekka", "Élea^Ève", "Jörg"])
def test_a_name_with_an_accented_letter_stays_though_another_text_is_chinese(name: str) -> None:
    found = with_texts("ISO_IR 100", PatientName=name.encode("cp1252"), StudyDescription="头颅平扫".encode("gbk"))
    assert (found.patient_name, found.study_description) == (name, "头颅平扫")


# French, German, Spanish, Finnish, Portuguese, Scandinavian and Estonian, with what Windows types for apostrophes,
# dashes and dots, cut off as SH is, and what people type to try whether accents arrive.
LATIN_NAMES = [
    *("Määttä^Pekka", "Pääkkönen^Väinö", "Hämäläinen^Yrjö", "Jääskeläinen^Äijä", "Yö^Öylätti", "MÄÄTTÄ^PÄIVI"),
    *("D’Étang^Zoé", "L’Hôpital^Éléa", "Bœuf^Cœur", "Élea^Ève", "Éléonore^Noël", "Gaëlle^Ménard", "FRANÇOIS^ANDRÉ"),
    *("Müller^Jörg", "Größer^Käthe", "Weiß", "GROßE", "Öztürk^Gül", "Böööh", "Test^ÄÖÜß", "ÄÖÜ^Test"),
    *("Ñáñez^José", "Güell^Iñigo", "PEÑA^MARÍA", "García^Ángel", "Muñoz", "Conceição^João", "Magalhães^Inês", "São"),
    *("Ærø^Åse", "Søren^Øå", "Jäääärne^Õie", "Guðný^Þór", "Ibáñez^Ýmir", "Šimek^Žofie", "Test^ÄäÖöÜü"),
]
LATIN_DESCRIPTIONS = [
    *("IRM de l’épaule", "Évaluation d’œdème", "flexion 10°±2", "angle 10°–20°C", "IRM «À plat", "(«é", "T° ±²"),
    *(
        "côté « blessé »",
        "côté «\xa0blessé\xa0»\xa0?",
        "blessé\xa0»\xa0:",
        "l´épaule",
        "Œdème…à suivre",
        "à – é",
        "n°É",
        "n°²",
    ),
    *("¿Él?", "¿Qué tal?", "1ª°", "½°±2", "5·10³µm²", "3 µ±²³", "Suivi ·à 3 mois", "–É 3", "“À droite”", "• Épaule"),
    *("Schädel, 30°²", "Hüfte – ‚über’", "Große Gefäße", "Selkäranka", "LÄÄKÄRI", "Coração", "Reação às 10°", "····À"),
    *(
        "Rücken 90°^Bücken",
        "90°±5°\xa0C",
        "œ’É a",
        "Ø 3 cm",
        "Fußgänger „öö“",
        "T2×3×4",
        "±°±° b",
        "Cuá–É",
        "a\xa0°É b",
    ),
]


@pytest.mark.parametrize("text", [*LATIN_NAMES, *LATIN_DESCRIPTIONS])
def test_latin_text_comes_out_as_it_was_written(text: str) -> None:
    for declared in ["ISO_IR 100", None, "\\ISO 2022 IR 58"]:
        assert with_texts(declared, StudyDescription=text.encode("cp1252")).study_description == text, declared


@pytest.mark.parametrize("name", LATIN_NAMES)
def test_no_latin_text_turns_a_name_beside_it_into_another(name: str) -> None:
    for description in LATIN_DESCRIPTIONS:
        found = with_texts(
            "ISO_IR 100", PatientName=name.encode("cp1252"), StudyDescription=description.encode("cp1252")
        )
        assert (found.patient_name, found.study_description) == (name, description)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Wang^Ke=王^珂",
            "Li^Si=李^四",
            "Zhang^An=张^安",
            "Zhou^Qiang=周^强",
            "李珺",
            "王^玥",
            "朱镕基",
            "MR 脑",
            "头颅CT",
            "CT脑室",
            "脑CT平扫",
        ),
        *("胸部 10°", "CT 肝脏", "陈^丽", "T2 病变"),
    ],
)
def test_a_chinese_text_declared_as_latin_is_read(text: str) -> None:
    raw = text.encode("gbk")
    assert with_texts("ISO_IR 100", StudyDescription=raw).study_description == text


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
        decode_misdeclared(dataset)
        names[name] = text_of(dataset, "PatientName")
    assert len(names) == 17
    assert names["chrGerm.dcm"] == "Äneas^Rüdiger"
    assert names["chrRuss.dcm"] == "Люкceмбypг"
    assert names["chrX1.dcm"] == "Wang^XiaoDong=王^小東"
    assert names["chrX2.dcm"] == "Wang^XiaoDong=王^小东"
    assert not [name for name, text in names.items() if "\ufffd" in text]
