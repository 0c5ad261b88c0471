"""Pixel padding (PS3.3 C.7.5.1.1.2): values that stand for no measurement, as outside of a round field of view.

Scanners often pad with a word that no pixel can have: −32768 or 63536 around values of twelve bits. Dropping the bits
above HighBit would make tissue of it, so such words are found while they have all their bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from storage.dicom.elements import integer_of, number_of
from storage.dicom.pixels import Pixels, stored_limits


def read_padding(dataset: Dataset, pixels: Pixels | None) -> list[Any] | None:
    """Padding from, to (both included), as whole words read them; only where grey values have it.

    Signedness follows PixelRepresentation; of floating-point pixels it is two floats.
    """
    if pixels is None or pixels.samples != 1:
        return None
    # PS3.3 C.7.6.24, C.7.6.25: pixels that are floating-point numbers have elements of their own.
    prefix = {"float": "Float", "double": "DoubleFloat"}.get(pixels.kind, "")
    read = number_of if prefix else integer_of
    value, limit = read(dataset, f"{prefix}PixelPaddingValue"), read(dataset, f"{prefix}PixelPaddingRangeLimit")
    if value is None:
        return None
    ends = [value, value if limit is None else limit]
    if not prefix:
        span = 1 << pixels.bits_allocated
        # Written with the other VR (US for SS) as often as not: read both into the range of the words.
        low = -(span // 2) if pixels.signed else 0
        ends = [(v - low) % span + low for v in ends]
    return [min(ends), max(ends)]


def is_beyond(padding: list[Any], pixels: Pixels) -> bool:
    """Whether some of the padding is no value that BitsStored can hold."""
    if pixels.kind != "integer":
        return False
    least, most = stored_limits(pixels)
    return bool(padding[0] < least or padding[1] > most)


def with_padding(
    stored: NDArray[Any], raw: NDArray[Any], pixels: Pixels, padding: list[Any], overlay_bits: int
) -> NDArray[Any]:
    """Stored values in which padding that BitsStored cannot hold is the padding again; changed in place.

    raw: the words that `stored` was made from, in other memory. overlay_bits: those that are overlays and say nothing.
    All other values stay; a word is as good without its sign extended, so that is no padding either.
    """
    allocated = pixels.bits_allocated
    if not is_beyond(padding, pixels) or pixels.high_bit + 1 != pixels.bits_stored:
        return stored
    if raw.dtype.kind not in "iu" or raw.dtype.itemsize * 8 != allocated or stored.dtype.itemsize * 8 != allocated:
        return stored  # a codec kept no more bits than pixels use
    low, high = padding
    used = (1 << pixels.bits_stored) - 1
    words = raw.view(f"{raw.dtype.byteorder}{'i' if pixels.signed else 'u'}{raw.dtype.itemsize}")
    if not overlay_bits:
        # Below and above all that a word of BitsStored can be, with or without its sign extended.
        least = stored_limits(pixels)[0]
        found = _between(words, low, min(high, least - 1)) | _between(words, max(low, used + 1), high)
        if np.any(found):
            np.copyto(stored, words, where=found)
        return stored
    free = (1 << allocated) - 1 & ~used & ~overlay_bits
    extended = free if pixels.signed and low >> pixels.bits_stored - 1 & 1 else 0
    if low != high or low & free in (0, extended):
        return stored  # only the overlays' bits would tell
    bits = words.view(f"{raw.dtype.byteorder}u{raw.dtype.itemsize}") & (free | used)
    stored[bits == low & (free | used)] = low
    return stored


def _between(words: NDArray[Any], low: int, high: int) -> NDArray[np.bool_] | np.bool_:
    if low > high:
        return np.False_
    return np.asarray(words == low if low == high else (words >= low) & (words <= high))
