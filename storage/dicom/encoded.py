"""Data elements as bytes (explicit VR, little endian). What is carried over from another instance keeps its own.

pydicom writes a text anew in the character set that is declared: a name whose declaration is wrong, of which there are
many, would not survive that.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydicom.charset import convert_encodings, decode_bytes, encode_string
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_data_element, write_file_meta_info
from pydicom.uid import UID, ExplicitVRLittleEndian
from pydicom.valuerep import TEXT_VR_DELIMS

from storage.dicom.elements import clean
from storage.dicom.vrs import LONG_VRS, TEXT_VRS, WIDTHS
from storage.errors import UnwritableText

GB_2312 = "iso_ir_58"  # pydicom's name
GB_2312_FOLLOWS = b"\x1b$)A"  # PS3.5 K.3


def tag_of(keyword: str) -> int:
    """The tag of a keyword of the standard."""
    tag = tag_for_keyword(keyword)
    assert tag is not None, keyword
    return tag


@dataclass(slots=True)
class Elements:
    """The data elements of an instance to be. `is_ascii`: no text that was carried over has a byte beyond ASCII."""

    charset: str | list[str] = ""
    is_ascii: bool = True
    encoded: dict[int, bytes] = field(default_factory=dict)

    def __contains__(self, keyword: str) -> bool:
        return tag_of(keyword) in self.encoded

    def carry(self, source: Dataset, tag: int) -> bool:
        """Take an element over as it was written; False where there is none, or none that can be read."""
        found = element_of(source, tag)
        if found is None:
            return False
        self.encoded[tag], is_ascii = found
        self.is_ascii &= is_ascii
        return True

    def put(self, keyword: str, value: Any, vr: str = "") -> None:
        """Write an element; a value of None is an empty one. For texts beyond ASCII there is `put_texts`."""
        tag = tag_of(keyword)
        self.encoded[tag] = written(DataElement(tag, vr or dictionary_VR(tag), value))

    def put_texts(self, keyword: str, texts: Sequence[str]) -> None:
        """Write texts that `is_writable`."""
        values = [text_bytes(text, self.charset) or b"" for text in texts]
        self.put_bytes(keyword, dictionary_VR(tag_of(keyword)), b"\\".join(values))

    def put_bytes(self, keyword: str, vr: str, value: bytes) -> None:
        """Write an element whose value is these bytes."""
        self.encoded[tag_of(keyword)] = framed(tag_of(keyword), vr, value)

    def with_(self, more: Elements) -> bytes:
        """All of these elements and more, in the order of their tags."""
        joined = {**self.encoded, **more.encoded}
        return b"".join(joined[tag] for tag in sorted(joined))


def framed(tag: int, vr: str, value: bytes) -> bytes:
    """Tag, VR and length before the bytes of a value, which are made even."""
    value += (b"\0" if vr in ("UI", "OB", "OW", "UN") else b" ") * (len(value) % 2)
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr in LONG_VRS:
        return head + struct.pack("<HL", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def written(element: DataElement, charset: str | list[str] = "") -> bytes:
    """An element as pydicom writes it."""
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, False
    write_data_element(stream, element, charset or None)
    return stream.getvalue()


def element_of(source: Dataset, tag: int) -> tuple[bytes, bool] | None:
    """An element of a dataset that nobody has looked at, and whether its texts are ASCII; None: there is none.

    A value that is too long for its VR, or a sequence that cannot be read, is left out.
    """
    try:
        return _element(source, tag)
    except (RecursionError, MemoryError):
        return None
    except Exception:  # what pydicom raises on hostile values is not a closed list
        return None


def _element(source: Dataset, tag: int) -> tuple[bytes, bool] | None:
    if tag not in source:
        return None
    element = source.get_item(tag)
    vr = _vr(element)
    if vr == "SQ":
        items = [_item(item) for item in source[tag].value]
        return framed(tag, vr, b"".join(data for data, _ in items)), all(is_ascii for _, is_ascii in items)
    if not isinstance(element, RawDataElement):
        return written(element, charset_of(source)), _is_ascii(str(element.value).encode())
    value = bytes(element.value or b"")
    if width := WIDTHS.get(vr):
        if len(value) % width:
            return None
        if not element.is_little_endian:
            value = np.frombuffer(value, f">u{width}").astype(f"<u{width}").tobytes()
    if len(value) > 0xFFFE and vr not in LONG_VRS:
        return None
    return framed(tag, vr, value), vr not in TEXT_VRS or _is_ascii(value)


def _vr(element: RawDataElement | DataElement) -> str:
    if element.VR not in (None, "UN"):
        return str(element.VR)
    try:  # implicit, or written by somebody who did not know
        vr = dictionary_VR(element.tag)
    except KeyError:
        return "UN"
    return vr if len(vr) == 2 else "UN"


def _item(item: Dataset) -> tuple[bytes, bool]:
    """An item of a sequence without what is private in it."""
    found = [_element(item, int(tag)) for tag in sorted(item.keys()) if not tag.is_private and tag.element]
    data = b"".join(one[0] for one in found if one)
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(data)) + data, all(one[1] for one in found if one)


def charset_of(source: Dataset) -> str | list[str]:
    """What a dataset declares: the terms of SpecificCharacterSet, as pydicom takes them; "" for none."""
    value = source.get("SpecificCharacterSet") or ""
    return value if isinstance(value, str) else [str(term) for term in value]


def _is_ascii(value: bytes) -> bool:
    return value.isascii() and b"\x1b" not in value


def charset_for(text: str, declared: str | list[str], is_ascii: bool) -> str | list[str]:
    """The character set in which a text joins others: the one that they declare, or else UTF-8 where they are ASCII.

    Raises:
        UnwritableText: the declared set does not have all of its letters, and there are others in it already.
    """
    if is_writable(text, declared):
        return declared
    if is_ascii:
        return "ISO_IR 192"
    raise UnwritableText("the character set of the images does not have all letters of the description")


def is_writable(text: str, charset: str | list[str]) -> bool:
    """Whether a text can be read again as it was."""
    return text_bytes(text, charset) is not None


def text_bytes(text: str, charset: str | list[str]) -> bytes | None:
    """One value of a text without backslashes; None where the character set does not have all its letters."""
    if text.isascii() or not charset:
        return text.encode() if text.isascii() else None
    encodings = convert_encodings(charset)
    try:
        if GB_2312 in encodings and max(text) > "\xff":
            value = GB_2312_FOLLOWS + text.encode("gb2312")  # pydicom forgets to say so
        elif len(encodings) == 1:
            value = text.encode(encodings[0])
        else:
            value = encode_string(text, encodings)
        again = decode_bytes(value, encodings, TEXT_VR_DELIMS)
    except (UnicodeError, LookupError, ValueError):
        return None
    return value if clean(again) == clean(text) else None


def items(keyword: str, parts: list[bytes]) -> bytes:
    """A sequence whose items are these bytes."""
    return framed(tag_of(keyword), "SQ", b"".join(struct.pack("<HHL", 0xFFFE, 0xE000, len(p)) + p for p in parts))


def file_of(dataset: bytes, sop_class_uid: str, sop_instance_uid: str, implementation_uid: str) -> bytes:
    """A file around the bytes of a dataset."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class_uid)
    meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(implementation_uid)
    meta.ImplementationVersionName = "FARVIEW"
    stream = DicomBytesIO()
    stream.is_little_endian, stream.is_implicit_VR = True, False
    stream.write(b"\0" * 128 + b"DICM")
    write_file_meta_info(stream, meta, enforce_standard=True)
    return stream.getvalue() + dataset
