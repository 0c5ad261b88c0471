"""Whether two files hold the same instance: equal data elements and pixels. Group 2 and transfer syntax may differ."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from storage.dicom.decode import decode_frame
from storage.dicom.header import Header, header_of
from storage.dicom.identity import Identity
from storage.dicom.parse import MAX_ELEMENTS, Parsed, parse
from storage.dicom.pixels import native_frame
from storage.dicom.vrs import WIDTHS
from storage.errors import InvalidDataset, UnreadablePixels

# Compressing colour changes these two; the decoded colours are compared instead.
_SAMPLES = 0x00280002
_COLOUR_LAYOUT = {0x00280004, 0x00280006}
_PIXELS = range(0x7FE00001, 0x7FE00011)
_TRAILING_PADDING = 0xFFFCFFFC
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True, slots=True)
class Content:
    """What the bytes of an instance say. `elements` is the digest of its data elements without the pixels."""

    parsed: Parsed
    elements: bytes
    header: Header
    identity: Identity

    @property
    def digest(self) -> str:
        """SHA-256 of elements and stored pixels. Equal digests are the same instance; others may be: see `same`."""
        digest = hashlib.sha256(self.elements)
        for part in self.stored_pixels():
            digest.update(part)
        return digest.hexdigest()

    def stored_pixels(self) -> Iterator[bytes | memoryview]:
        """The pixels as they are stored, in little-endian order, in pieces."""
        pixels, body = self.header.pixels, memoryview(self.parsed.body)
        if self.parsed.pixels is None:
            return
        if pixels is None or pixels.surplus:  # frames that nobody sees are not to be lost for that
            yield body[self.parsed.pixels.offset :]
        elif pixels.fragments is not None:
            for frame in range(pixels.frames):
                yield b"frame"
                for start, length in pixels.ranges(frame):
                    yield body[start : start + length]
        elif pixels.byte_order == "<":
            # Frames of single bits share bytes, so all frames are one piece.
            yield body[pixels.offset : pixels.offset + -(-pixels.frame_bits * pixels.frames // 8)]
        else:
            for frame in range(pixels.frames):
                values = native_frame(self.parsed.body, pixels, frame)
                yield values.astype(values.dtype.newbyteorder("<")).tobytes()

    def frame(self, frame: int) -> Any:
        """Stored values of one frame, decoded."""
        assert self.header.pixels is not None
        ranges = self.header.pixels.ranges(frame)
        encoded = b"".join(self.parsed.body[start : start + length] for start, length in ranges)
        return decode_frame(encoded, self.header, frame)


def read_content(data: bytes) -> Content:
    """Read an instance.

    Raises:
        InvalidDataset: these bytes cannot be kept; the message says why.
    """
    parsed = parse(data)
    try:
        # Before anything else looks at the elements: pydicom replaces the raw bytes of what is looked at.
        elements = elements_digest(parsed.dataset)
    except InvalidDataset:
        raise
    except RecursionError as error:
        raise InvalidDataset("sequences are nested too deeply") from error
    except Exception as error:  # what pydicom raises on hostile values is not a closed list
        raise InvalidDataset(f"the data elements cannot be read: {type(error).__name__}") from error
    header, identity = header_of(parsed)
    return Content(parsed, elements, header, identity)


def same(first: bytes, second: bytes) -> bool:
    """Whether two files hold the same instance, both decoded where their pixels are stored differently."""
    try:
        a, b = read_content(first), read_content(second)
        if a.elements != b.elements:
            return False
        if any(one.header.pixels is None or one.header.pixels.surplus for one in (a, b)):
            return a.digest == b.digest
        return a.header.frames == b.header.frames and all(
            np.array_equal(a.frame(i), b.frame(i)) for i in range(a.header.frames)
        )
    except (UnreadablePixels, InvalidDataset):
        # What cannot be read cannot be called the same; a person decides.
        return False


def elements_digest(dataset: Dataset) -> bytes:
    """SHA-256 over tags and values, whatever VR encoding, byte order and kind of sequence length they came in."""
    digest = hashlib.sha256()
    samples = dataset.get_item(_SAMPLES) if _SAMPLES in dataset else None
    colour = samples is not None and 3 in (samples.value, *(samples.value if isinstance(samples.value, bytes) else ()))
    _add(digest, dataset, _COLOUR_LAYOUT if colour else set())
    return digest.digest()


def _add(digest: Any, dataset: Dataset, skip: set[int]) -> None:
    if len(dataset) > MAX_ELEMENTS:  # of an item; the dataset itself was counted while it was read
        raise InvalidDataset(f"an item has more than {MAX_ELEMENTS} elements")
    # Plain integers: comparing pydicom's tags takes longer than everything else here. `items` leaves values raw.
    for tag, element in sorted((int(tag), element) for tag, element in dataset.items()):
        if tag & 0xFFFF == 0 or tag in skip or tag in _PIXELS or tag == _TRAILING_PADDING:
            continue
        if not _is_sequence(element):
            value = _value(element)
            digest.update(b"%d %d " % (tag, len(value)))
            digest.update(value)
            continue
        items = dataset[tag].value
        digest.update(b"%d [" % tag)
        for item in items:
            digest.update(b"{")
            _add(digest, item, set())
            digest.update(b"}")
        digest.update(b"]")


def _value(element: RawDataElement | DataElement) -> bytes:
    """The bytes of a value in little-endian order, without what writers add or drop at the end of it.

    That is the NUL that makes a length even, and all blanks at the end of a text. What is text is seen from the bytes:
    implicit VR does not say the kind of a private element.
    """
    if isinstance(element, DataElement):
        # pydicom has looked already at the character set and, in implicit VR, at what is empty.
        values = element.value if isinstance(element.value, MultiValue) else [element.value or ""]
        return "\\".join(map(str, values)).encode()
    value = bytes(element.value or b"")
    width = WIDTHS.get(element.VR or "")
    if width and not element.is_little_endian:
        value = np.frombuffer(value[: len(value) // width * width], f">u{width}").astype(f"<u{width}").tobytes()
    value = value.removesuffix(b"\0")
    return value if _BINARY.search(value) else value.rstrip(b" ")


def _is_sequence(element: RawDataElement | DataElement) -> bool:
    if isinstance(element, DataElement) or element.VR == "SQ":
        return element.VR == "SQ"
    if element.VR not in (None, "UN"):
        return False
    try:
        return dictionary_VR(element.tag) == "SQ"
    except KeyError:
        return False
