"""Texts whose bytes are not what the dataset declares.

pydicom reads what is declared, GB18030, GBK and the ISO 2022 escapes included, and puts a replacement character where
a declaration is wrong. But devices write their country's code, in China GBK, or UTF-8, and declare nothing, ASCII or
Latin-1, whose every byte means some letter: 王小东 would read ÍõÐ¡¶«, another name that nobody notices to be none.
So each text is looked at: what cannot be what is declared is read as UTF-8 where it is well-formed, else as GB18030.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress

from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement, convert_raw_data_element
from pydicom.dataset import Dataset

_TEXT_VRS = {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}
_UTF_8, _GB18030 = "ISO_IR 192", "GB18030"
# pydicom's names in lower case. Without a declaration the standard means ASCII, and pydicom reads Latin-1.
_WESTERN = {"iso8859", "latin_1"}
_GB_2312 = "iso_ir_58"
_CHINESE = {_GB_2312, "gb18030", "gbk"}
_RUN = re.compile(rb"[\x80-\xff]+")
# Accented letters of Latin-1, and what Windows has in place of its control characters: Š Œ Ž š œ ž Ÿ.
_ACCENTED = (set(range(0xC0, 0x100)) - {0xD7, 0xF7}) | {0x8A, 0x8C, 0x8E, 0x9A, 0x9C, 0x9E, 0x9F}


def decode_misdeclared(dataset: Dataset) -> None:
    """Read the texts that do not fit their declaration by what they are; all others are left to pydicom."""
    texts = [element for element in dataset.elements() if isinstance(element, RawDataElement) and _is_foreign(element)]
    if not texts:
        return
    declared = dataset.original_character_set
    encodings = [name.lower() for name in ([declared] if isinstance(declared, str) else declared or ["iso8859"])]
    # One text that is certainly Chinese tells of the others that their two accented letters are a character.
    certain = any(_is_chinese(element.value or b"", False) for element in texts)
    for element in texts:
        if actual := _actual(element.value or b"", encodings, certain):
            with suppress(Exception):  # hostile values make pydicom raise nearly anything
                dataset[element.tag] = convert_raw_data_element(element, encoding=convert_encodings(actual), ds=dataset)


def _is_foreign(element: RawDataElement) -> bool:
    """Whether it is a text with bytes beyond ASCII. An escape (ISO 2022) says itself what they are."""
    value = element.value
    if not isinstance(value, bytes) or value.isascii() or b"\x1b" in value:
        return False
    try:
        return (element.VR or dictionary_VR(element.tag)) in _TEXT_VRS
    except KeyError:  # a private element in implicit VR
        return False


def _actual(value: bytes, encodings: Sequence[str], certain: bool) -> str | None:
    """What the bytes are where they are not what is declared."""
    western = encodings[0] in _WESTERN
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        # Behind Latin-1 another country's code may be declared, which somebody forgot to switch to.
        undecided = western and not set(encodings[1:]) - _WESTERN - _CHINESE
        if undecided or encodings[0] == "utf8":
            return _GB18030 if _is_chinese(value, certain) else None
        # Devices that name GB 2312 write all of GBK, the rarer characters of names too.
        return _GB18030 if encodings[0] == _GB_2312 and _is_chinese(value, True) else None
    if encodings[0] == "utf8":
        return None
    if max(text) >= "\u0800":
        return _UTF_8  # three bytes for each: in no other code does that happen by chance
    if not western:
        return None  # 谢英 in GB18030 is well-formed UTF-8 too
    return _GB18030 if max(text) > "\u024f" and _is_gb_2312(value) else _UTF_8


def _is_chinese(value: bytes, certain: bool) -> bool:
    """Whether the bytes are Chinese characters in GB18030 and hardly a Latin name."""
    try:
        text = value.decode("gb18030")
    except UnicodeDecodeError:
        return False
    kinds = {unicodedata.category(letter) for letter in text if not letter.isascii()}
    if kinds & {"Cc", "Cn", "Co"} or not any("\u4e00" <= letter <= "\u9fff" for letter in text):
        return False
    return any(_is_character(value, run, certain) for run in _RUN.finditer(value))


def _is_character(value: bytes, run: re.Match[bytes], certain: bool) -> bool:
    """Whether bytes in a row are no accented letters: those stand one by one, seldom two or three, in a word."""
    length = run.end() - run.start()
    neighbours = value[max(0, run.start() - 1) : run.start()] + value[run.end() : run.end() + 1]
    in_word = any(65 <= byte & ~32 <= 90 for byte in neighbours)
    if length == 1:
        return False
    return certain or length > 3 or not in_word or not set(run.group()) <= _ACCENTED


def _is_gb_2312(value: bytes) -> bool:
    """Whether everything beyond ASCII is pairs as of GB 2312 that stand in no Latin word."""
    return all(
        len(run.group()) % 2 == 0 and min(run.group()) >= 0xA1 and _is_character(value, run, False)
        for run in _RUN.finditer(value)
    )
