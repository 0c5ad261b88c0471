"""What a codestream says of itself, read before anything is allocated for it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from storage.errors import UnreadablePixels

# SOF markers by how the samples are coded (ITU-T T.81 table B.1, T.87).
_JPEG = {0xC0: "jpeg", 0xC1: "jpeg", 0xC2: "jpeg", 0xC3: "jpeg_lossless", 0xF7: "jpeg_ls"}
_WITHOUT_LENGTH = {0x01, 0xD8, *range(0xD0, 0xD8)}
MAX_SCANS = 4  # a sample has one at most where nothing is lost
MAX_SEGMENTS = 100_000  # a JPEG 2000 has 65,535 tiles at most, and no real one nearly as many


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
    colours = ""
    for marker, place, length in _jpeg_segments(data):
        if marker == 0xE0 and data[place + 2 : place + 6] == b"JFIF":
            colours = colours or "ybr"
        elif marker == 0xEE and data[place + 2 : place + 7] == b"Adobe" and length >= 14:
            colours = "ybr" if data[place + 13] else "rgb"
        elif marker in _JPEG:
            bits, rows, columns, samples = struct.unpack_from(">BHHB", data, place + 2)
            return Codestream(_JPEG[marker], rows, columns, samples, bits, colours=colours)
    raise UnreadablePixels("the JPEG codestream has no frame that can be read")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, place of its length, and length of all segments up to the first scan."""
    place = 2
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
        yield marker, place, length
        if marker in (0xD9, 0xDA):
            return
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


def is_irreversible(data: bytes) -> bool:
    """Whether a codestream cannot give back what was compressed; False for one that cannot be read.

    That is all of JPEG but its lossless process; JPEG-LS with a tolerance; a wavelet that rounds. A JPEG 2000 whose
    reversible wavelet was cut short does not say so.
    """
    try:
        if data[:2] == b"\xff\xd8":
            return _is_irreversible_jpeg(data)
        start = data[:4096].find(b"\xff\x4f\xff\x51")
        return start >= 0 and any(
            (marker == 0x52 and data[place + 11] == 0) or (marker == 0x53 and data[place + 8 + wide] == 0)
            for marker, place, wide in _jpeg_2000_segments(data, start)
        )
    except (struct.error, IndexError):
        return False


def _is_irreversible_jpeg(data: bytes) -> bool:
    kind = ""
    for marker, place, _ in _jpeg_segments(data):
        kind = _JPEG.get(marker, kind)
        if kind == "jpeg":
            return True
        if marker == 0xDA and kind:
            return any(_loses(data, scan, kind) for scan in islice(_scans(data, place), MAX_SCANS))
    return False


def _scans(data: bytes, place: int) -> Iterator[int]:
    """Places of the scan headers. Entropy-coded bytes hold no marker: after FF comes a zero byte, or a zero bit."""
    while place >= 2:
        yield place
        place = data.find(b"\xff\xda", place) + 2


def _loses(data: bytes, scan: int, kind: str) -> bool:
    """NEAR of JPEG-LS (T.87 C.2.3), or the point transform, which drops the lowest bits (T.81 B.2.3)."""
    after = scan + 3 + 2 * data[scan + 2]
    return (kind == "jpeg_ls" and data[after] > 0) or data[after + 2] & 0x0F > 0


def _jpeg_2000_segments(data: bytes, start: int) -> Iterator[tuple[int, int, bool]]:
    """Marker, place of its length, and whether components are numbered in two bytes; of all headers (T.800 A)."""
    place, tile_part, length = start + 2, 0, 0
    wide = struct.unpack_from(">H", data, start + 40)[0] > 256
    for _ in range(MAX_SEGMENTS):
        prefix, marker = data[place], data[place + 1]
        if prefix != 0xFF or marker == 0xD9:
            return
        if marker == 0x93:  # the packets of a tile part
            if tile_part + length <= place:
                return  # of the last one, or nonsense
            place = tile_part + length
            continue
        if marker == 0x90:
            tile_part, length = place, struct.unpack_from(">L", data, place + 6)[0]
        yield marker, place + 2, wide
        place += 2 + max(2, struct.unpack_from(">H", data, place + 2)[0])
