"""Files that lie: made here, so that no test needs a collection. Each is a name and the bytes of a file.

A hostile file may be refused or kept; what it may not do is end a process, fill the memory or take for ever.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, generate_uid

EXPLICIT, IMPLICIT, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"
JPEG, JPEG_LS, JPEG_2000, HTJ2K, RLE = (f"1.2.840.10008.1.2.{end}" for end in ("4.70", "4.80", "4.90", "4.201", "5"))
CT, SECONDARY, ENHANCED_CT = (f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("2", "7", "2.1"))
LIE = 65535


def dataset(name: str, **attributes: Any) -> Dataset:
    """A CT slice of 16 × 16 in a study of its own, with these attributes over its own; None takes one out."""
    made = Dataset()
    values: dict[str, Any] = {
        "SOPClassUID": CT,
        "SOPInstanceUID": generate_uid(entropy_srcs=["hostile", name, "instance"]),
        "StudyInstanceUID": generate_uid(entropy_srcs=["hostile", name, "study"]),
        "SeriesInstanceUID": generate_uid(entropy_srcs=["hostile", name, "series"]),
        "PatientID": name[:60],
        "PatientName": "Hostile",
        "Modality": "CT",
        "Rows": 16,
        "Columns": 16,
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 1,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "PixelSpacing": [1, 1],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "ImagePositionPatient": [0, 0, 0],
        "RescaleSlope": 1,
        "RescaleIntercept": -1024,
        "PixelData": bytes(512),
        **attributes,
    }
    for keyword, value in values.items():
        if value is not None:
            setattr(made, keyword, value)
    if "PixelData" in made:
        made["PixelData"].VR = "OW"
    return made


def file(made: Dataset, syntax: str = EXPLICIT) -> bytes:
    """The bytes of a file that says it is in this transfer syntax."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = UID(syntax)
    meta.MediaStorageSOPClassUID = made.SOPClassUID
    meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    stream = BytesIO()
    FileDataset(stream, made, preamble=bytes(128), file_meta=meta).save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def packed(name: str, codestream: bytes | list[bytes], syntax: str, **attributes: Any) -> bytes:
    """A file with this as its fragments."""
    frames = codestream if isinstance(codestream, list) else [codestream]
    made = dataset(name, PixelData=encapsulate(frames), **attributes)
    made["PixelData"].is_undefined_length = True
    made["PixelData"].VR = "OB"
    return file(made, syntax)


def element(tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """An element in explicit VR, little-endian; `length`: what it says, not what it is."""
    said = len(value) if length is None else length
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    if vr in (b"OB", b"OW", b"SQ", b"UN", b"UT"):
        return head + struct.pack("<HL", 0, said) + value
    return head + struct.pack("<H", said & 0xFFFF) + value


def without_pixels(name: str, **attributes: Any) -> bytes:
    """A file that ends before its pixel data, for what is put behind it."""
    return file(dataset(name, PixelData=None, **attributes))


def behind(name: str, tail: bytes, **attributes: Any) -> bytes:
    return without_pixels(name, **attributes) + tail


def nested(depth: int) -> bytes:
    """Sequences in sequences, all of undefined length and none of them ended."""
    return struct.pack("<HH2sHLHHL", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF, 0xFFFE, 0xE000, 0xFFFFFFFF) * depth


def jpeg_2000(rows: int, columns: int) -> bytes:
    """A true codestream of 16 × 16 whose SIZ marker promises more."""
    stream = bytearray(imagecodecs.jpeg2k_encode(np.zeros((16, 16), np.uint16), codecformat="J2K", reversible=True))
    at = stream.index(b"\xff\x51") + 6
    struct.pack_into(">LL", stream, at, columns, rows)
    struct.pack_into(">LL", stream, at + 16, columns, rows)
    return bytes(stream)


def jpeg_ls(rows: int, columns: int) -> bytes:
    stream = bytearray(imagecodecs.jpegls_encode(np.zeros((16, 16), np.uint16)))
    struct.pack_into(">HH", stream, stream.index(b"\xff\xf7") + 5, rows, columns)
    return bytes(stream)


def jpeg(rows: int, columns: int) -> bytes:
    stream = bytearray(imagecodecs.ljpeg_encode(np.zeros((16, 16), np.uint16)))
    struct.pack_into(">HH", stream, stream.index(b"\xff\xc3") + 5, rows, columns)
    return bytes(stream)


def rle_bomb() -> bytes:
    """Two segments, each of runs of 128 zeros: sixty-four times larger unpacked."""
    segment = b"\x81\x00" * 500_000
    return struct.pack("<16L", 2, 64, 64 + len(segment), *[0] * 13) + segment * 2


def deflate_bomb(size: int) -> bytes:
    """A deflated dataset that unpacks to `size` bytes of one private element."""
    start = file(dataset("deflate bomb", PixelData=None), DEFLATED)
    body = file(dataset("deflate bomb", PixelData=None))
    plain = body[body.index(struct.pack("<HH", 8, 0x16)) :]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    parts = [packer.compress(plain + element(0x00191001, b"OB", b"", size)), packer.flush(zlib.Z_FULL_FLUSH)]
    # After a full flush the same bytes always become the same, so they are packed once.
    zeros = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    parts += [zeros] * (size >> 20)
    meta_end = 132 + 12 + struct.unpack_from("<L", start, 140)[0]
    return start[:meta_end] + b"".join([*parts, packer.flush()])


def cases() -> Iterator[tuple[str, bytes]]:
    """All of them."""
    huge = {"Rows": LIE, "Columns": LIE}
    yield "dimensions", file(dataset("dimensions", **huge))
    yield "frames", file(dataset("frames", SOPClassUID=SECONDARY, NumberOfFrames=2**31 - 1))
    yield "frames and dimensions", file(dataset("frames and dimensions", NumberOfFrames=2**31 - 1, **huge))
    yield "no rows", file(dataset("no rows", Rows=0, Columns=0))
    yield "negative frames", file(dataset("negative frames", NumberOfFrames=-5))
    yield "bits", file(dataset("bits", BitsAllocated=64, BitsStored=255, HighBit=200))
    yield "no bits", file(dataset("no bits", BitsAllocated=0, BitsStored=0))
    yield "samples", file(dataset("samples", SamplesPerPixel=255, PlanarConfiguration=7))
    yield "single bits", file(dataset("single bits", BitsAllocated=1, BitsStored=1, HighBit=0, **huge))
    for name, stream, syntax in (
        ("JPEG", jpeg(LIE, LIE), JPEG),
        ("JPEG-LS", jpeg_ls(LIE, LIE), JPEG_LS),
        ("JPEG 2000", jpeg_2000(LIE, LIE), JPEG_2000),
        ("JPEG 2000 of 2^31", jpeg_2000(2**31 - 1, 2**31 - 1), JPEG_2000),
        ("HTJ2K", jpeg_2000(LIE, LIE), HTJ2K),
        ("RLE bomb", rle_bomb(), RLE),
    ):
        # The codestream alone lies, the header alone lies, and both agree.
        yield f"{name} promises", packed(f"{name} promises", stream, syntax)
        yield f"{name} and header", packed(f"{name} and header", stream, syntax, **huge)
        yield f"{name} of one row", packed(f"{name} of one row", stream, syntax, Rows=1, Columns=LIE)
        yield f"{name} cut", packed(f"{name} cut", stream[: len(stream) // 2], syntax)
        yield f"{name} noise", packed(f"{name} noise", stream[:40] + b"\xff\x00\x80" * 4000, syntax)
    yield "many fragments", packed("many fragments", [b"\xff\xd8" + bytes(2)] * 60_000, JPEG, NumberOfFrames=60_000)
    items = struct.pack("<HHL", 0xFFFE, 0xE000, 0)
    lies = struct.pack("<HHL", 0xFFFE, 0xE000, 8) + struct.pack("<LL", 0, 0xFFFFFF00)
    fragment = struct.pack("<HHL", 0xFFFE, 0xE000, 0x7FFFFFF0) + bytes(20)
    meta = file(dataset("fragments", PixelData=None, NumberOfFrames=2), JPEG_2000)
    undefined = element(0x7FE00010, b"OB", b"", 0xFFFFFFFF)
    yield "fragment length", meta + undefined + items + fragment
    yield "offset table", meta + undefined + lies + fragment
    yield "empty fragments", meta + undefined + items * 150_000
    yield "fragments without end", meta + undefined + items
    yield "pixel data longer than the file", behind("longer", element(0x7FE00010, b"OW", bytes(10), 0xFFFFFFF0))
    yield "deflate bomb", deflate_bomb(2 << 30)
    yield "nested 100", behind("nested 100", nested(100))
    yield "nested 5000", behind("nested 5000", nested(5000))
    yield "nested 200000", behind("nested 200000", nested(200_000))
    yield "element longer than the file", behind("element", element(0x00190010, b"UN", b"x", 0xFFFFFFF0))
    empty = struct.pack("<HHL", 0xFFFE, 0xE000, 0)
    yield "many items", behind("many items", element(0x0040A730, b"SQ", empty * 300_000))
    endless = element(0x0040A730, b"SQ", b"", 0xFFFFFFFF) + empty * 300_000
    yield "many items without end", behind("many items without end", endless)
    many = b"".join(element(0x00190000 + i, b"LO", b"") for i in range(60_000))
    one = struct.pack("<HHL", 0xFFFE, 0xE000, len(many)) + many
    yield "an item of many elements", behind("an item of many elements", element(0x0040A730, b"SQ", one * 5))
    yield "a million elements", behind("million", element(0x00190010, b"LO", b"") * 1_000_000)
    overlay = {"OverlayRows": LIE, "OverlayColumns": LIE, "OverlayBitsAllocated": 1, "OverlayBitPosition": 0}
    yield "overlays", file(with_overlays(dataset("overlays"), **overlay, NumberOfFramesInOverlay=2**31 - 1))
    yield "overlay bit", file(with_overlays(dataset("overlay bit"), **{**overlay, "OverlayBitPosition": 99}, data=None))
    palette = {"PhotometricInterpretation": "PALETTE COLOR", "PixelRepresentation": 0}
    for entries, first, bits in ((0, 0, 16), (LIE, 0, 16), (256, LIE, 8), (1, 0, 255)):
        name = f"palette {entries} {first} {bits}"
        yield name, file(with_palette(dataset(name, **palette), [entries, first, bits]))
    for number in (float("nan"), float("inf"), -1.0, 0.0, 1e308):
        text = {"DS": str(number)[:16]}["DS"]
        name = f"numbers {text}"
        made = dataset(name, PixelSpacing=None, ImagePositionPatient=None, RescaleSlope=None)
        for tag, count in ((0x00280030, 2), (0x00200032, 3), (0x00281053, 1), (0x00281050, 1), (0x00281051, 1)):
            made.add_new(tag, "LO", "\\".join([text] * count))
        yield name, file(made)
    yield "long name", file(dataset("long name", PatientName="^".join(["A" * 60_000] * 1)))
    yield (
        "controls",
        file(dataset("controls", PatientName="A\x00B\x1b[2J\x07'; DROP TABLE studies; --", StudyDescription="\ud7ff")),
    )
    yield "functional groups", file(functional_groups(2000))
    yield (
        "mosaic",
        file(
            dataset(
                "mosaic",
                ImageType=["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"],
                Manufacturer="SIEMENS",
                NumberOfImagesInMosaic=None,
                Modality="MR",
            )
        ),
    )
    yield from scans()
    yield "frame times", file(dataset("frame times", NumberOfFrames=1, FrameTimeVector=[0.0] * 20_000))


PLACES: dict[str, tuple[list[float], dict[str, Any]]] = {
    "fine pixels": ([0, 1, 2], {"PixelSpacing": ["1e-7", "1e-7"]}),
    "coarse pixels": ([0, 1, 2], {"PixelSpacing": ["9e4", "9e4"]}),
    "a slice 100 m away": ([0, 1, 2, 3, 1e5], {}),
    "a slice 10 km away": ([0, 1, 2, 3, 1e7], {}),
    "beyond everything": ([0, 1e308, 1.5e308], {}),
    "hardly apart": ([0, 1e-3, 2e-3, 1], {}),
    "thin": ([0, 1, 2], {"SliceThickness": "1e-300"}),
}


def scans() -> Iterator[tuple[str, bytes]]:
    """Slices whose places or sizes are no body's."""
    for name, (heights, attributes) in PLACES.items():
        for i, z in enumerate(heights):
            uid = generate_uid(entropy_srcs=["hostile", name, str(i)])
            own = {"SOPInstanceUID": uid, "InstanceNumber": i + 1, "ImagePositionPatient": [0, 0, f"{z:g}"]}
            yield f"{name} {i}", file(dataset(name, **{**own, **attributes}))


def with_overlays(made: Dataset, data: bytes | None = b"\xff" * 100, **attributes: int) -> Dataset:
    """All sixteen overlay groups, with attributes of the first one's keywords."""
    tags = {"OverlayRows": (0x10, "US"), "OverlayColumns": (0x11, "US"), "OverlayBitsAllocated": (0x100, "US"),
            "OverlayBitPosition": (0x102, "US"), "NumberOfFramesInOverlay": (0x15, "IS")}  # fmt: skip
    for group in range(0x6000, 0x6020, 2):
        for keyword, value in attributes.items():
            tag, vr = tags[keyword]
            made.add_new((group << 16) + tag, vr, value)
        made.add_new((group << 16) + 0x40, "CS", "G")
        made.add_new((group << 16) + 0x50, "SS", [-32768, 32767])
        if data is not None:
            made.add_new((group << 16) + 0x3000, "OW", data)
    return made


def with_palette(made: Dataset, descriptor: list[int]) -> Dataset:
    for colour in range(3):
        made.add_new(0x00281101 + colour, "US", descriptor)
        made.add_new(0x00281201 + colour, "OW", bytes(6))
    return made


def functional_groups(frames: int) -> Dataset:
    """An enhanced image whose groups are of fewer frames than it says, and empty."""
    made = dataset("functional groups", SOPClassUID=ENHANCED_CT, NumberOfFrames=frames, PixelData=bytes(512 * frames))
    made.PerFrameFunctionalGroupsSequence = [Dataset() for _ in range(frames // 2)]
    made.SharedFunctionalGroupsSequence = []
    return made
