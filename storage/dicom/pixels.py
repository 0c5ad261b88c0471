"""How the pixels of an instance are laid out in its stored bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from storage.dicom.elements import integer_of, text_of, value_of
from storage.dicom.fragments import frame_fragments, is_surplus
from storage.dicom.parse import DOUBLE_PIXEL_DATA, FLOAT_PIXEL_DATA, UNDEFINED, Parsed
from storage.errors import InvalidDataset

MAX_FRAME_PIXELS = 1 << 27  # a 134-megapixel frame; the largest detectors have about 30
MAX_FRAMES = 100_000
# The retired private one of GE is implicit except for its big-endian pixels, so it is not here.
NATIVE = {
    str(uid)
    for uid in (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
}
# Codestreams that the decoders read; PS3.5 A.4. Video (…4.100 to …4.108, …7.x) and JPIP are not among them.
ENCAPSULATED = {"1.2.840.10008.1.2.5"} | {
    f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 53, 55, 57, 70, 80, 81, 90, 91, 201, 202, 203)
}
GREY = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_ICT", "YBR_RCT")
SUBSAMPLED = ("YBR_FULL_422", "YBR_PARTIAL_422")  # two pixels share their chroma, unless a codec says otherwise
# PS3.5 A.4.5 to A.4.7 and 8.2.13: MPEG-2, MPEG-4 and HEVC; SMPTE ST 2110 streams.
VIDEO = {f"1.2.840.10008.1.2.4.{n}" for n in range(100, 109)}


@dataclass(frozen=True, slots=True)
class Pixels:
    """Image Pixel module and place of the pixels. Offsets count in the stored bytes, inflated when `deflated`."""

    kind: str  # "integer", "float" or "double"
    rows: int
    columns: int
    frames: int
    samples: int
    photometric: str
    planar: bool  # all red, then all green, then all blue
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    byte_order: str  # "<", ">", or "swap": bytes in big-endian words
    deflated: bool
    offset: int
    fragments: list[list[int]] | None  # per frame [offset, length, …]; None: native
    surplus: bool = False  # more frames are stored than NumberOfFrames says; nobody sees those

    @property
    def colour(self) -> bool:
        """Whether a decoded picture has three channels."""
        return self.photometric not in ("MONOCHROME1", "MONOCHROME2")

    @property
    def frame_bits(self) -> int:
        """Bits of one native frame."""
        samples = 2 if self.photometric in SUBSAMPLED else self.samples
        return self.rows * self.columns * samples * self.bits_allocated

    def ranges(self, frame: int) -> list[tuple[int, int]]:
        """(offset, length) of the pieces that joined are the encoded frame. A 1-bit frame may share its end bytes."""
        if self.fragments is not None:
            pieces = self.fragments[frame]
            return list(zip(pieces[::2], pieces[1::2], strict=True))
        first = frame * self.frame_bits
        # Bytes of big-endian words come in pairs.
        unit = 16 if self.byte_order == "swap" else 8
        start, end = first // unit * unit // 8, -(-(first + self.frame_bits) // unit) * unit // 8
        return [(self.offset + start, end - start)]


def read_pixels(parsed: Parsed) -> tuple[Pixels | None, str]:
    """Where and how the pixels lie; or None and why nothing can be shown, as a key of the viewer's dictionary.

    Raises:
        InvalidDataset: there are fewer bytes than the attributes promise.
    """
    element, dataset = parsed.pixels, parsed.dataset
    if element is None:
        if is_image(dataset):
            raise InvalidDataset("an image without pixel data: the file is cut off, or its pixels were removed")
        return None, "no_pixels"
    encapsulated = element.length == UNDEFINED
    if not encapsulated and element.offset + element.length > len(parsed.body):
        raise InvalidDataset("the file ends within the pixel data")
    if encapsulated and parsed.transfer_syntax_uid.removesuffix(".1") in VIDEO:
        return None, "video"
    if encapsulated and parsed.transfer_syntax_uid not in ENCAPSULATED:
        return None, "transfer_syntax"
    kind = {FLOAT_PIXEL_DATA: "float", DOUBLE_PIXEL_DATA: "double"}.get(element.tag, "integer")
    layout = _layout(dataset, kind)
    if layout is None or (
        not encapsulated and layout["photometric"] in SUBSAMPLED and (layout["bits_allocated"], kind) != (8, "integer")
    ):
        return None, "pixel_format"
    big_endian = parsed.transfer_syntax_uid == str(ExplicitVRBigEndian)
    fragments = _fragments(parsed, element.offset, layout["frames"]) if encapsulated else None
    pixels = Pixels(
        kind=kind,
        byte_order=_byte_order(big_endian, layout["bits_allocated"], parsed, element.offset),
        deflated=parsed.deflated,
        offset=element.offset,
        fragments=fragments,
        surplus=fragments is not None and is_surplus(parsed.body, fragments),
        **layout,
    )
    if not encapsulated:
        full = pixels.rows * pixels.columns * pixels.samples * pixels.bits_allocated // 8 * pixels.frames
        if pixels.photometric in SUBSAMPLED and element.length >= full:
            # Said to be subsampled, stored in full: known from ultrasound machines.
            pixels = replace(pixels, photometric=pixels.photometric.removesuffix("_422"))
        promised = -(-pixels.frame_bits * pixels.frames // 8)
        if element.length < promised:
            raise InvalidDataset(f"the pixel data has {element.length} bytes instead of {promised}")
        # One byte more makes the length even.
        surplus = element.length - promised >= max(pixels.frame_bits // 8, 2)
        pixels = replace(pixels, surplus=surplus)
    return pixels, ""


def is_image(dataset: Dataset) -> bool:
    """Whether pixels must be there, by the name of the SOP class or the attributes, unless they are elsewhere."""
    named = "Image Storage" in UID(text_of(dataset, "SOPClassUID")).name
    described = all(integer_of(dataset, keyword) for keyword in ("Rows", "Columns", "BitsAllocated"))
    return (named or described) and not text_of(dataset, "PixelDataProviderURL")


def _layout(dataset: Dataset, kind: str) -> dict[str, Any] | None:
    """The Image Pixel module where it makes sense."""
    rows, columns = integer_of(dataset, "Rows") or 0, integer_of(dataset, "Columns") or 0
    frames = integer_of(dataset, "NumberOfFrames")
    frames = 1 if frames is None or frames == 0 else frames
    samples = integer_of(dataset, "SamplesPerPixel") or 1
    photometric = text_of(dataset, "PhotometricInterpretation").upper() or ("RGB" if samples == 3 else "MONOCHROME2")
    allocated = {"float": 32, "double": 64}.get(kind) or integer_of(dataset, "BitsAllocated") or 0
    stored = allocated if kind != "integer" else integer_of(dataset, "BitsStored") or allocated
    high = integer_of(dataset, "HighBit")
    high = stored - 1 if high is None or kind != "integer" else high
    sensible = (
        rows > 0
        and columns > 0
        and rows * columns <= MAX_FRAME_PIXELS
        and 0 < frames <= MAX_FRAMES
        and ((samples == 1 and photometric in GREY) or (samples == 3 and photometric in COLOUR))
        and (allocated in (1, 8, 16, 32) or kind != "integer")
        and 0 < stored <= allocated
        and stored - 1 <= high < allocated
    )
    if not sensible:
        return None
    return {
        "rows": rows,
        "columns": columns,
        "frames": frames,
        "samples": samples,
        "photometric": photometric,
        "planar": samples == 3 and integer_of(dataset, "PlanarConfiguration") == 1,
        "bits_allocated": allocated,
        "bits_stored": stored,
        "high_bit": high,
        "signed": integer_of(dataset, "PixelRepresentation") == 1 and photometric in GREY,
    }


def _byte_order(big_endian: bool, allocated: int, parsed: Parsed, offset: int) -> str:
    if not big_endian:
        return "<"
    if allocated > 8:
        return ">"
    # OW in big endian: 8-bit samples, or bits, packed into words (PS3.5 8.1.2); OB is a plain row of bytes.
    return "swap" if parsed.body[offset - 8 : offset - 6] == b"OW" else "<"


def _fragments(parsed: Parsed, offset: int, frames: int) -> list[list[int]]:
    table = value_of(parsed.dataset, "ExtendedOffsetTable")
    offsets = None
    if isinstance(table, bytes) and len(table) == 8 * frames:
        offsets = [int(start) for start in np.frombuffer(table, "<u8")]
    return frame_fragments(parsed.body, offset, frames, offsets)


def native_frame(data: bytes, pixels: Pixels, frame: int) -> NDArray[Any]:
    """Stored values of a native frame out of all the bytes that offsets count in: [rows, columns(, 3)]."""
    ((offset, length),) = pixels.ranges(frame)
    return native_values(memoryview(data)[offset : offset + length], pixels, frame)


def native_values(encoded: bytes | memoryview, pixels: Pixels, frame: int) -> NDArray[Any]:
    """Values of a native frame out of the bytes that `ranges` names; 4:2:2 colour is spread to full."""
    shape = (pixels.rows, pixels.columns)
    count = pixels.rows * pixels.columns * pixels.samples
    if pixels.kind != "integer":
        code = f"{'>' if pixels.byte_order == '>' else '<'}f{pixels.bits_allocated // 8}"
        return np.frombuffer(encoded, code, count).reshape(shape)
    if pixels.byte_order == "swap":
        encoded = np.frombuffer(encoded, ">u2").astype("<u2").tobytes()
    if pixels.bits_allocated == 1:
        bits = np.unpackbits(np.frombuffer(encoded, np.uint8), bitorder="little")
        start = frame * pixels.frame_bits % (16 if pixels.byte_order == "swap" else 8)
        return bits[start : start + count].reshape(shape)
    if pixels.photometric in SUBSAMPLED:
        return spread_422(np.frombuffer(encoded, np.uint8, 2 * shape[0] * shape[1]), shape)
    start = frame * pixels.frame_bits // 8 % 2 if pixels.byte_order == "swap" else 0
    order = ">" if pixels.byte_order == ">" else "<"
    values = np.frombuffer(encoded, f"{order}u{pixels.bits_allocated // 8}", count, start)
    if pixels.samples == 1:
        return values.reshape(shape)
    return values.reshape(3, *shape).transpose(1, 2, 0) if pixels.planar else values.reshape(*shape, 3)


def spread_422(values: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Y1 Y2 Cb Cr of each pair of pixels to [rows, columns, YCbCr]; the pair shares its chroma (PS3.3 C.7.6.3.1.2)."""
    if shape[1] % 2:
        raise InvalidDataset("4:2:2 colour needs an even number of columns")
    pairs = values.reshape(shape[0], shape[1] // 2, 4)
    out = np.empty((*shape, 3), np.uint8)
    out[:, 0::2, 0], out[:, 1::2, 0] = pairs[..., 0], pairs[..., 1]
    out[:, 0::2, 1:] = out[:, 1::2, 1:] = pairs[..., 2:]
    return out


def stored_values(raw: NDArray[Any], pixels: Pixels) -> NDArray[Any]:
    """The values that the stored bits mean: bits above HighBit dropped, the sign extended (PS3.5 8.1.1)."""
    if pixels.kind != "integer":
        return raw
    below = pixels.high_bit + 1 - pixels.bits_stored
    above = raw.dtype.itemsize * 8 - pixels.high_bit - 1
    if above < 0 and below == 0:
        # A codec answers in the smallest type that holds its own precision, which may be less than BitsStored.
        raw = raw.astype(f"{raw.dtype.kind}{pixels.bits_allocated // 8}")
        above = pixels.bits_allocated - pixels.high_bit - 1
    if raw.dtype.kind == "i":
        raw = raw.view(raw.dtype.str.replace("i", "u"))
    raw = raw.astype(raw.dtype.newbyteorder("="), copy=False)
    if pixels.bits_allocated == 1 or (above <= 0 and below == 0 and not pixels.signed):
        return raw
    if above > 0:
        raw = raw << above
    if pixels.signed:
        raw = raw.view(raw.dtype.str.replace("u", "i"))
    return raw >> (above + below)


def stored_limits(pixels: Pixels) -> tuple[int, int]:
    """The smallest and largest value that BitsStored allows."""
    if pixels.signed:
        return -(1 << (pixels.bits_stored - 1)), (1 << (pixels.bits_stored - 1)) - 1
    return 0, (1 << pixels.bits_stored) - 1
