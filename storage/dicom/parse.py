"""The data elements before the pixels, and where the pixels are, from bytes that nobody vouches for."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO

import pydicom.config
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from storage.dicom.vrs import LONG_VRS
from storage.errors import InvalidDataset

# Wrong values are the everyday case in an archive; each one is judged where it is used.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
# What pydicom says about such values quotes them, patient names included, and a log is no place for those.
logging.getLogger("pydicom").setLevel(logging.CRITICAL)
warnings.filterwarnings("ignore", module=r"pydicom\.")

PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA = 0x7FE00010, 0x7FE00008, 0x7FE00009
UNDEFINED = 0xFFFFFFFF
MAX_INFLATED = 256 << 20  # bytes; a deflated dataset that grows beyond this is refused
# Beside the pixels and not in sequences. Real ones have hundreds; each takes pydicom some microseconds.
MAX_ELEMENTS = 50_000
# Items of sequences and fragments of pixels together: each item takes pydicom some thirty microseconds.
MAX_ITEMS = 100_000
_ITEMS = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")  # little and big-endian


@dataclass(frozen=True, slots=True)
class PixelElement:
    """Where the value of a pixel data element begins in `Parsed.body`, and its length there."""

    tag: int
    offset: int
    length: int  # UNDEFINED when encapsulated


@dataclass(frozen=True, slots=True)
class Parsed:
    """A dataset read up to its pixels. `body` is what offsets count in: the bytes as given, or inflated."""

    dataset: Dataset
    transfer_syntax_uid: str
    pixels: PixelElement | None
    body: bytes
    deflated: bool


def parse(data: bytes) -> Parsed:
    """Read the elements before the pixels; a sequence's items too.

    Raises:
        InvalidDataset: the bytes are not DICOM, or end before they should.
    """
    if not looks_like_dicom(data):
        raise InvalidDataset("not a DICOM file")
    at_pixels: list[tuple[int, str | None, int]] = []

    count = 0

    def stop(tag: BaseTag, vr: str | None, length: int) -> bool:
        nonlocal count
        count += 1
        if count > MAX_ELEMENTS:
            raise InvalidDataset(f"the dataset has more than {MAX_ELEMENTS} elements")
        if int(tag) in (PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA):
            at_pixels.append((int(tag), vr, length))
            return True
        return False

    body, deflated = data, False
    try:
        start, declared = read_meta(data)
        if declared == DeflatedExplicitVRLittleEndian:
            body, deflated = inflate(data[start:]), True
            check_items(body)
            stream = BytesIO(body)
            dataset = read_dataset(stream, False, True, stop_when=stop)
        else:
            check_items(data)
            stream = BytesIO(data)
            dataset = read_partial(stream, stop_when=stop, force=True)
        implicit, little_endian = dataset.original_encoding
        check_whole(dataset)
    except InvalidDataset:
        raise
    except RecursionError as error:
        raise InvalidDataset("sequences are nested too deeply") from error
    except Exception as error:  # pydicom raises nearly anything on hostile bytes
        raise InvalidDataset(f"the data elements cannot be read: {type(error).__name__}") from error
    pixels = None
    if at_pixels:
        tag, vr, length = at_pixels[-1]
        pixels = PixelElement(tag, stream.tell() + (12 if vr in LONG_VRS else 8), length)
    if not declared:
        native = (ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian, ImplicitVRLittleEndian)
        declared = str(native[bool(implicit)])
    return Parsed(dataset, declared, pixels, body, deflated)


def looks_like_dicom(data: bytes) -> bool:
    """Whether it is worth reading: the DICM mark, or a first element of group 2 or 8 without it."""
    if data[128:132] == b"DICM":
        return True
    little_endian = data[1:2] == b"\0" and data[3:4] == b"\0" and data[:1] in (b"\2", b"\10")
    return len(data) >= 64 and (little_endian or data[:3] in (b"\0\2\0", b"\0\10\0"))


def read_meta(data: bytes) -> tuple[int, str]:
    """Where the dataset starts after group 2, and the transfer syntax declared there ("" where there is none)."""
    place = 132 if data[128:132] == b"DICM" else 0
    declared = ""
    while place + 8 <= len(data):
        group, element, vr, length = struct.unpack_from("<HH2sH", data, place)
        if group != 2:
            break
        place += 8
        if vr.decode("latin-1") in LONG_VRS:
            if place + 4 > len(data):
                break
            (length,) = struct.unpack_from("<L", data, place)
            place += 4
        elif not vr.isalpha():  # implicit, against the standard
            (length,) = struct.unpack_from("<L", data, place - 4)
        if element == 0x0010:
            declared = data[place : place + min(length, 64)].decode("ascii", "replace")
            declared = declared.split("\0")[0].strip()
        place += length
    return place, declared


def inflate(data: bytes) -> bytes:
    """Undo the deflate of a whole dataset (PS3.5 A.5)."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        body = inflater.decompress(data, MAX_INFLATED)
    except zlib.error as error:
        raise InvalidDataset("the deflated dataset is damaged") from error
    if inflater.unconsumed_tail:
        raise InvalidDataset(f"the deflated dataset is larger than {MAX_INFLATED} bytes")
    if not inflater.eof:
        raise InvalidDataset("the deflated dataset ends too early")
    return body


def check_items(body: bytes) -> None:
    """Refuse what would be read for minutes. Counted before reading: pydicom reads a sequence in one go."""
    # An item takes eight bytes at least, so a slice of a scanner is not even looked through.
    if len(body) > 8 * MAX_ITEMS and any(body.count(item) > MAX_ITEMS for item in _ITEMS):
        raise InvalidDataset(f"the dataset has more than {MAX_ITEMS} items")


def check_whole(dataset: Dataset) -> None:
    """Refuse a dataset whose last element is cut off; pydicom returns what there is."""
    for element in dataset.elements():
        if (
            isinstance(element, RawDataElement)
            and element.length != UNDEFINED
            and len(element.value or b"") < element.length
        ):
            raise InvalidDataset(f"the file ends within element {element.tag}")
