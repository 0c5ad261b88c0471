"""Texts whose bytes are not what the dataset declares.

pydicom reads what is declared, GB18030, GBK and the ISO 2022 escapes included, and puts a replacement character where
a declaration is wrong. But devices write their country's code, in China GBK, or UTF-8, and declare nothing, ASCII or
Latin-1, whose every byte means some letter: 王小东 would read ÍõÐ¡¶«, another name that nobody notices to be none.
So each text is looked at: what cannot be what is declared is read as UTF-8 where it is well-formed, else as GB18030.
What could be a Latin text stays one: a name turned into another is worse than one that is seen to be unreadable.
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

from storage.dicom.vrs import TEXT_VRS

_UTF_8, _GB18030, _WINDOWS = "ISO_IR 192", "GB18030", "cp1252"
# pydicom's names in lower case. Without a declaration the standard means ASCII, and pydicom reads Latin-1.
_WESTERN = {"iso8859", "latin_1"}
_GB_2312 = "iso_ir_58"
_CHINESE = {_GB_2312, "gb18030", "gbk"}
_RUN = re.compile(rb"[\x80-\xff]+")
# Accented letters of Latin-1, and what Windows has in place of its control characters: Š Œ Ž š œ ž Ÿ.
_ACCENTED = (set(range(0xC0, 0x100)) - {0xD7, 0xF7}) | {0x8A, 0x8C, 0x8E, 0x9A, 0x9C, 0x9E, 0x9F}
_CONTROL, _UNUSED = set(range(0x80, 0xA0)), {0x81, 0x8D, 0x8F, 0x90, 0x9D}  # the latter mean nothing in Windows either
# What people type beside letters and numbers: the quotes and dashes of Windows too.
_SYMBOLS = (_CONTROL - _ACCENTED) | set("\xa0¡§©ª«®°±²³´µ·¹º»¼½¾¿×".encode("latin-1"))
# Where they stand in a row: Estonian jäärä and jäääär, and ÄÖÜß of those who try whether umlauts arrive.
_UMLAUTS = set("ÄÅÕÖÜßäåõöü".encode("latin-1"))
_COMMON = re.compile(rb"(?:[\xb0-\xf7][\xa1-\xfe]){2}")  # two characters of GB 2312
_ONLY_CHINESE = re.compile("[ ^\u4e00-\u9fff]+")
# An accented letter of its own, small ones in a word (no common character has such bytes), and D’É.
_LATIN_WORD = re.compile(
    b"(?<![\x80-\xff])[%b](?![\x80-\xff])|[A-Za-z](?:[\xe0-\xff]{1,3}|\x92[%b])(?![\x80-\xff])"
    % (2 * (bytes(sorted(_ACCENTED)),))
)


def decode_misdeclared(dataset: Dataset) -> None:
    """Read the texts that do not fit their declaration by what they are; all others are left to pydicom."""
    texts = [element for element in dataset.elements() if isinstance(element, RawDataElement) and _is_foreign(element)]
    if not texts:
        return
    declared = dataset.original_character_set
    encodings = [name.lower() for name in ([declared] if isinstance(declared, str) else declared or ["iso8859"])]
    # One text that is certainly Chinese tells of the others that their two accented letters are a character.
    certain = any(_is_certainly_chinese(element.value or b"") for element in texts)
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
        return (element.VR or dictionary_VR(element.tag)) in TEXT_VRS
    except KeyError:  # a private element in implicit VR
        return False


def _actual(value: bytes, encodings: Sequence[str], certain: bool) -> str | None:
    """What the bytes are where they are not what is declared."""
    western = encodings[0] in _WESTERN
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return _actual_but_utf_8(value, encodings, certain)
    if encodings[0] == "utf8":
        return None
    if max(text) >= "\u0800":
        return _UTF_8  # three bytes for each: in no other code does that happen by chance
    if not western:
        return None  # 谢英 in GB18030 is well-formed UTF-8 too
    return _GB18030 if max(text) > "\u024f" and _is_gb_2312(value) else _UTF_8


def _actual_but_utf_8(value: bytes, encodings: Sequence[str], certain: bool) -> str | None:
    """What bytes that are no UTF-8 are where they are not what is declared."""
    western = encodings[0] in _WESTERN
    if encodings[0] == _GB_2312:  # devices that name it write all of GBK, the rarer characters of names too
        pairs = any(len(run) > 1 for run in _RUN.findall(value))
        return _GB18030 if pairs and _can_be_chinese(value) else None
    # Behind Latin-1 another country's code may be declared, which somebody forgot to switch to.
    if encodings[0] != "utf8" and (not western or set(encodings[1:]) - _WESTERN - _CHINESE):
        return None
    if _is_chinese(value, certain):
        return _GB18030
    return _WINDOWS if western and set(value) & _CONTROL and not set(value) & _UNUSED else None


def _can_be_chinese(value: bytes) -> bool:
    """Whether the bytes are well-formed GB18030 with Chinese characters in it."""
    try:
        text = value.decode("gb18030")
    except UnicodeDecodeError:
        return False
    kinds = {unicodedata.category(letter) for letter in text if not letter.isascii()}
    return not kinds & {"Cc", "Cn", "Co"} and any("\u4e00" <= letter <= "\u9fff" for letter in text)


def _is_chinese(value: bytes, certain: bool) -> bool:
    """Whether the bytes are Chinese and no Latin text; `certain` where another text of the dataset is Chinese."""
    if not _can_be_chinese(value) or _LATIN_WORD.search(value):
        return False
    return certain or _is_certainly_chinese(value) or not any(_is_latin(value, run) for run in _RUN.finditer(value))


def _is_certainly_chinese(value: bytes) -> bool:
    """Whether common characters stand in a row, or one of a name's three ways to be written is nothing but Chinese."""
    if not _can_be_chinese(value) or _LATIN_WORD.search(value):
        return False
    return any(_COMMON.match(run.group()) and not _is_latin(value, run) for run in _RUN.finditer(value)) or any(
        _ONLY_CHINESE.fullmatch(group.decode("gb18030")) and set(group) & _ACCENTED for group in value.split(b"=")
    )


def _is_latin(value: bytes, run: re.Match[bytes]) -> bool:
    """Whether bytes in a row can be letters and signs of a Latin text: seldom two or three, in or beside a word."""
    found, length = set(run.group()), run.end() - run.start()
    if length == 1 or found <= _SYMBOLS or found <= _UMLAUTS:
        return True
    if not found <= _SYMBOLS | _ACCENTED:
        return False
    if length > 3:
        return not _COMMON.match(run.group())
    neighbours = value[max(0, run.start() - 1) : run.start()] + value[run.end() : run.end() + 1]
    in_word = any(65 <= byte & ~32 <= 90 for byte in neighbours)
    return in_word or length == 3 or sum(byte in _ACCENTED for byte in run.group()) < 2


def _is_gb_2312(value: bytes) -> bool:
    """Whether everything beyond ASCII is pairs as of GB 2312 that stand in no Latin word."""
    return all(
        len(run.group()) % 2 == 0 and min(run.group()) >= 0xA1 and not _is_latin(value, run)
        for run in _RUN.finditer(value)
    )
