"""From the encoded bytes of a frame to stored values, and from those to modality values or colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.dicom.decoders import imagecodecs as first_way
from storage.dicom.decoders import pydicom as second_way
from storage.dicom.decoders.codestream import Codestream, read_codestream
from storage.dicom.header import Header
from storage.dicom.luts import unpack
from storage.dicom.padding import is_beyond, with_padding
from storage.dicom.pixels import Pixels, native_values, stored_limits, stored_values
from storage.errors import UnreadablePixels

RLE = "1.2.840.10008.1.2.5"
AIR_HU = -1024  # what a CT shows outside of its round field of view
TISSUE_HU = (-1000, 3071)  # from air to the densest that twelve bits hold


def decode_frame(encoded: bytes, header: Header, frame: int) -> NDArray[Any]:
    """Stored values [rows, columns], or RGB [rows, columns, 3] as stored bits, of one frame.

    Padding that BitsStored cannot hold is among them as it was written; all else keeps to BitsStored.
    encoded: the bytes that `header.pixels.ranges(frame)` names, joined.

    Raises:
        UnreadablePixels: they cannot be decoded, or are of another size than the header says.
    """
    pixels, raw = _pixels(header), raw_frame(encoded, header, frame)
    stored = stored_values(raw, pixels)
    if header.padding is None or pixels.colour:
        return stored
    overlays = sum(1 << bit for bit in {entry["bit"] for entry in header.overlays if entry["offset"] is None})
    return with_padding(stored, raw, pixels, header.padding, overlays)


def raw_frame(encoded: bytes, header: Header, frame: int) -> NDArray[Any]:
    """The words of one frame with all their bits, or its colours; `decode_frame` keeps those that are pixel values.

    Raises:
        UnreadablePixels: as `decode_frame`.
    """
    pixels = _pixels(header)
    try:
        if pixels.fragments is None:
            raw = native_values(encoded, pixels, frame)
            return _rgb(raw, pixels) if pixels.photometric.startswith("YBR") else raw
        return _decode(encoded, pixels, header.transfer_syntax_uid)
    except UnreadablePixels:
        raise
    except Exception as error:  # each library has its own errors
        raise UnreadablePixels(f"{header.transfer_syntax_uid}: {error}"[:300]) from error


def _pixels(header: Header) -> Pixels:
    if header.pixels is None:
        raise UnreadablePixels(header.reason)
    return header.pixels


def _decode(encoded: bytes, pixels: Pixels, transfer_syntax_uid: str) -> NDArray[Any]:
    if transfer_syntax_uid == RLE:
        raw = _decode_rle(encoded, pixels)
        return _rgb(raw, pixels) if pixels.photometric.startswith("YBR") else raw
    # The marker decides, not the transfer syntax: files with the wrong one of the family exist.
    codestream = read_codestream(encoded)
    check_size(codestream, pixels)
    to_rgb = codestream.kind == "jpeg" and _is_ybr(codestream, pixels)
    try:
        raw = first_way.decode_codestream(encoded, codestream, to_rgb)
        done = to_rgb
    except Exception:
        raw = second_way.decode_frame(encoded, pixels, transfer_syntax_uid)
        done = False
    expected = (pixels.rows, pixels.columns) if pixels.samples == 1 else (pixels.rows, pixels.columns, 3)
    if raw.shape != expected:
        raise UnreadablePixels(f"the decoded frame is {raw.shape} instead of {expected}")
    if pixels.samples == 3 and not done and _is_ybr(codestream, pixels):
        return _rgb(raw, pixels)
    return raw


def _decode_rle(encoded: bytes, pixels: Pixels) -> NDArray[Any]:
    shape, bits = (pixels.samples, pixels.rows, pixels.columns), pixels.bits_allocated
    size = -(-pixels.samples * pixels.rows * pixels.columns * bits // 8)
    try:
        planes = first_way.decode_rle(encoded, size, bits)
        if len(planes) != size:
            raise UnreadablePixels(f"the decoded frame has {len(planes)} bytes instead of {size}")
    except RuntimeError:  # a segment longer than its plane, which the other way cuts
        return second_way.decode_frame(encoded, pixels, RLE)
    if bits == 1:
        count = pixels.rows * pixels.columns
        return np.unpackbits(planes, bitorder="little")[:count].reshape(shape[1:])
    raw = planes.view(f"<u{bits // 8}").reshape(shape)
    return raw[0] if pixels.samples == 1 else raw.transpose(1, 2, 0)


def check_size(codestream: Codestream, pixels: Pixels) -> None:
    """Refuse before decoding what would not fit; a codestream may promise any size in a few bytes."""
    said = (codestream.rows, codestream.columns, codestream.samples)
    expected = (pixels.rows, pixels.columns, pixels.samples)
    if said != expected:
        raise UnreadablePixels(f"the codestream is {said} instead of {expected} (rows, columns, samples)")
    if codestream.bits > pixels.bits_allocated:
        raise UnreadablePixels(f"the codestream has {codestream.bits} bits, the header {pixels.bits_allocated}")


def _is_ybr(codestream: Codestream, pixels: Pixels) -> bool:
    """Whether the samples are luminance and chroma; JPEG 2000 undoes its own ICT and RCT."""
    if codestream.kind in ("jpeg_2000", "htj2k"):
        return codestream.colours != "rgb" and pixels.photometric in ("YBR_FULL", "YBR_FULL_422")
    if codestream.kind == "jpeg" and codestream.colours:
        # An Adobe or JFIF marker was written by the encoder; the attribute often by somebody who did not know.
        return codestream.colours == "ybr"
    return pixels.photometric.startswith("YBR")


def _rgb(ybr: NDArray[Any], pixels: Pixels) -> NDArray[Any]:
    """YBR_FULL, or the retired YBR_PARTIAL, to RGB (PS3.3 C.7.6.3.1.2)."""
    half = float(1 << (pixels.bits_stored - 1))
    y, cb, cr = (ybr[..., i].astype(np.float32) for i in range(3))
    cb, cr = cb - half, cr - half
    if pixels.photometric.startswith("YBR_PARTIAL"):
        # Black is 16 of 256, white 235, and colours span 224 (ITU-R BT.601).
        y, cb, cr = (y - half / 8) * (255 / 219), cb * (255 / 224), cr * (255 / 224)
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    return np.asarray(np.clip(np.rint(rgb), 0, 2 * half - 1).astype(ybr.dtype))


def modality_values(stored: NDArray[Any], header: Header, frame: int) -> NDArray[Any]:
    """What the stored values mean: int16 where `dtype_of` says so, else float32, [rows, columns]; colour is uint8 RGB.

    Padding (outside of a round field of view) has no value. It becomes what the picture shows as black, so that it is
    neither seen nor interpolated into its neighbours: −1024 HU in a CT, elsewhere the lowest other value of the frame,
    the highest where the picture is shown inverted. Padding that a measured value may have as well stays what it is
    (`_is_tissue`, `_may_be_measured`), unless its word had more bits than BitsStored: no measured value has.
    """
    pixels = header.pixels
    assert pixels is not None
    if pixels.photometric == "PALETTE COLOR":
        first, table = unpack(header.palette or [0, ""], np.uint8)
        rows = table.reshape(-1, 3)
        return rows[np.clip(stored.astype(np.int64) - first, 0, len(rows) - 1)]
    if pixels.samples == 3:
        return _eight_bits(stored, pixels)
    values = _transform(stored, header, frame)
    return values if header.padding is None else _pad(values, stored, header, header.of_frame(frame, "unit"))


def _eight_bits(stored: NDArray[Any], pixels: Pixels) -> NDArray[np.uint8]:
    if pixels.bits_stored > 8:
        stored = stored >> (pixels.bits_stored - 8)
    elif pixels.bits_stored < 8:
        stored = stored.astype(np.uint16) * 255 // ((1 << pixels.bits_stored) - 1)
    return np.ascontiguousarray(stored, np.uint8)


def _transform(stored: NDArray[Any], header: Header, frame: int) -> NDArray[Any]:
    if header.modality_lut is not None:
        first, table = unpack(header.modality_lut, np.float32)
        return np.asarray(table[np.clip(stored.astype(np.int64) - first, 0, len(table) - 1)])
    slope, intercept = header.of_frame(frame, "slope"), header.of_frame(frame, "intercept")
    if is_int16(header):
        values = stored.astype(np.int16)
        # Intermediate steps may wrap; the sum is exact modulo 2^16 and fits.
        if slope != 1:
            values *= np.array(int(slope) & 0xFFFF, np.uint16).view(np.int16)
        if intercept:
            values += np.array(int(intercept) & 0xFFFF, np.uint16).view(np.int16)
        return values
    values = stored.astype(np.float32)
    if (slope, intercept) != (1, 0):
        # In double precision: a slope of 0.1 times 65535 would lose the last digits twice.
        values = (stored.astype(np.float64) * slope + intercept).astype(np.float32)
    return values


def _pad(values: NDArray[Any], stored: NDArray[Any], header: Header, hounsfield: bool) -> NDArray[Any]:
    pixels = header.pixels
    assert header.padding is not None and pixels is not None
    low, high = header.padding
    padded = stored == low if low == high else (stored >= low) & (stored <= high)
    beyond = is_beyond(header.padding, pixels)
    if not (beyond and low == high):
        spared = _is_tissue(values) if hounsfield else _may_be_measured(stored, padded, header)
        if beyond:
            least, most = stored_limits(pixels)
            spared &= (stored >= least) & (stored <= most)
        padded &= ~spared
    if not padded.any():
        return values
    if hounsfield:
        black: Any = AIR_HU
    else:
        others = values[~padded]
        if not others.size:
            return values
        black = others.max() if header.inverted else others.min()
    return np.where(padded, np.asarray(black, values.dtype), values)


# Some scanners and converters name a value as padding that the picture has too, 0 for one, which would turn water to
# air, and the velocity 0 to the fastest flow backwards. A grey rim is the lesser harm than a hole in an organ.
def _is_tissue(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray((values >= TISSUE_HU[0]) & (values <= TISSUE_HU[1]))


def _may_be_measured(stored: NDArray[Any], padded: NDArray[np.bool_], header: Header) -> NDArray[np.bool_] | np.bool_:
    """Where a value that is said to be padding cannot be told from a measured one: the frame has others around it."""
    assert header.padding is not None and header.pixels is not None
    low, high = header.padding
    others = stored[~padded]
    if others.size and others.min() < high and others.max() > low:
        return np.True_
    # Where values run to both sides of 0 it is one of them, though this one frame may have none below.
    signed = header.pixels.signed or header.pixels.kind != "integer"
    return np.asarray(stored == 0) if signed else np.False_


def is_int16(header: Header) -> bool:
    """Whether int16 holds every modality value of every frame exactly, judged by the header alone."""
    pixels = header.pixels
    if pixels is None or pixels.kind != "integer" or pixels.colour or header.modality_lut is not None:
        return False
    low, high = header.stored_range or stored_limits(pixels)
    rescales = {(header.slope, header.intercept)}
    if header.per_frame and "slope" in header.per_frame[0]:
        # Asked again for every frame that is decoded, so not frame by frame.
        rescales = {(entry["slope"], entry["intercept"]) for entry in header.per_frame}
    for slope, intercept in rescales:
        ends = (low * slope + intercept, high * slope + intercept)
        if slope != int(slope) or intercept != int(intercept) or min(ends) < -32768 or max(ends) > 32767:
            return False
    return True
