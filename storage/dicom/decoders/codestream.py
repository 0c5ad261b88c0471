"""What a codestream says of itself, read before anything is allocated for it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from storage.errors import UnreadablePixels

# SOF markers by how the samples are coded (ITU-T T.81 table B.1, T.87).
_JPEG = {0xC0: "jpeg", 0xC1: "jpeg", 0xC2: "jpeg", 0xC3: "jpeg_lossless", 0xF7: "jpeg_ls"}
_WITHOUT_LENGTH = {0x01, 0xD8, *range(0xD0, 0xD8)}


@dataclass(frozen=True, slots=True)
class Codestream:
    """Kind ("jpeg", "jpeg_lossless", "jpeg_ls", "jpeg_2000", "htj2k"), size, samples and bits of a sample.

    `colours` is what the codestream says of its three samples: "ybr", "rgb", or "" where it says nothing.
    """

    kind: str
    rows: int
    columns: int
    samples: int
    bits: int
    signed: bool = False
    colours: str = ""


def read_codestream(data: bytes) -> Codestream:
    """Read the size of a JPEG family codestream.

    Raises:
        UnreadablePixels: it is none, or ends before its size.
    """
    try:
        if data[:2] == b"\xff\xd8":
            return _read_jpeg(data)
        start = data[:4096].find(b"\xff\x4f\xff\x51")
        if start >= 0:
            return _read_jpeg_2000(data, start)
    except (struct.error, IndexError) as error:
        raise UnreadablePixels("the codestream ends before it says its size") from error
    raise UnreadablePixels("not a JPEG or JPEG 2000 codestream")


def _read_jpeg(data: bytes) -> Codestream:
    place, colours = 2, ""
    while True:
        while data[place] != 0xFF:  # some writers leave bytes between segments
            place += 1
        while data[place] == 0xFF:
            place += 1
        marker = data[place]
        place += 1
        if marker in _WITHOUT_LENGTH:
            continue
        (length,) = struct.unpack_from(">H", data, place)
        if marker == 0xE0 and data[place + 2 : place + 6] == b"JFIF":
            colours = colours or "ybr"
        elif marker == 0xEE and data[place + 2 : place + 7] == b"Adobe" and length >= 14:
            colours = "ybr" if data[place + 13] else "rgb"
        elif marker in _JPEG:
            bits, rows, columns, samples = struct.unpack_from(">BHHB", data, place + 2)
            return Codestream(_JPEG[marker], rows, columns, samples, bits, colours=colours)
        elif marker in (0xD9, 0xDA):
            raise UnreadablePixels("the JPEG codestream has no frame that can be read")
        place += max(length, 2)


def _read_jpeg_2000(data: bytes, start: int) -> Codestream:
    capabilities, right, bottom, left, top = struct.unpack_from(">HLLLL", data, start + 6)
    (samples,) = struct.unpack_from(">H", data, start + 40)
    depth = data[start + 42]
    (length,) = struct.unpack_from(">H", data, start + 4)
    # Rsiz bit 14, or a CAP segment right after SIZ: block coding of Part 15.
    high_throughput = bool(capabilities & 0x4000) or data[start + 4 + length : start + 6 + length] == b"\xff\x50"
    colours = ""
    if samples == 3:
        place = data[start : start + 4096].find(b"\xff\x52")
        if place >= 0:
            colours = "rgb" if data[start + place + 8] else ""  # a multiple component transform was undone
    kind = "htj2k" if high_throughput else "jpeg_2000"
    return Codestream(kind, bottom - top, right - left, samples, (depth & 0x7F) + 1, bool(depth & 0x80), colours)
