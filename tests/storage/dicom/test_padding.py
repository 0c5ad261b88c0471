"""Padding whose words have more bits than BitsStored: what a scanner writes around a round field of view."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import uid

from storage.dicom.padding import with_padding
from storage.dicom.write import write_instance, write_projection
from tests.storage.dicom.pictures import header, stored, values

EXPLICIT = uid.ExplicitVRLittleEndian
AIR = -1024
PADDING, LIMIT = 0x00280120, 0x00280121
SIGNED: dict[Any, Any] = {"PixelRepresentation": 1, "RescaleIntercept": 0}
SIXTEEN_BITS = [EXPLICIT, uid.ExplicitVRBigEndian, uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless]


def ct(
    words: NDArray[Any], padding: int, attributes: dict[Any, Any] | None = None, transfer_syntax: str = EXPLICIT
) -> bytes:
    """Twelve bits in words of sixteen; padding from 0 up is written as US, below as SS."""
    signed = words.dtype.kind == "i"
    shared: dict[Any, Any] = {
        "Modality": "CT",
        "SOPClassUID": uid.CTImageStorage,
        "BitsStored": 12,
        "PixelRepresentation": int(signed),
        "RescaleIntercept": 0 if signed else -1024,
        "RescaleSlope": 1,
        PADDING: number(padding),
    }
    return write_instance(words, 0, transfer_syntax, {**shared, **(attributes or {})})


def number(value: int) -> tuple[str, int]:
    return ("SS" if value < 0 else "US", value)


@pytest.mark.parametrize("transfer_syntax", SIXTEEN_BITS)
@pytest.mark.parametrize(
    ("padding", "dtype", "inside", "hounsfield"),
    [
        # Their lower twelve bits are 0, which is water, 2096, which is bone, and −1.
        (-32768, np.int16, [40, -1000, 0, 2047, -2048], [40, -1000, 0, 2047, -2048]),
        (63536, np.uint16, [1064, 0, 1024, 4095, 2096], [40, -1024, 0, 3071, 1072]),
        (32767, np.int16, [40, -1000, 0, 2047, -1], [40, -1000, 0, 2047, -1]),
        (65535, np.uint16, [1064, 0, 1024, 4095, 2096], [40, -1024, 0, 3071, 1072]),
    ],
)
def test_padding_that_twelve_bits_cannot_hold_is_air_and_no_tissue_is(
    padding: int, dtype: Any, inside: list[int], hounsfield: list[int], transfer_syntax: str
) -> None:
    words = np.array([[padding] * 5, inside], dtype)
    assert values(ct(words, padding, transfer_syntax=transfer_syntax)).tolist() == [[AIR] * 5, hounsfield]


def test_padding_written_as_a_number_without_sign_is_found_too() -> None:
    data = ct(np.array([[-32768, 0]], np.int16), 0x8000)
    assert header(data).padding == [-32768, -32768]
    assert values(data).tolist() == [[AIR, 0]]


@pytest.mark.parametrize(
    ("dtype", "ends", "words", "hounsfield"),
    [
        (np.int16, (-32768, -1500), [-32768, -20000, -2048, -1500, -1499, 0], [AIR] * 4 + [-1499, 0]),
        (np.uint16, (60000, 65535), [60000, 65535, 59999, 0, 1024, 4095], [AIR, AIR, 1631, -1024, 0, 3071]),
        # Of a range the part that tissue has stays tissue.
        (np.uint16, (1000, 65535), [999, 1000, 4095, 4096, 61440, 65535], [-25, -24, 3071, AIR, AIR, AIR]),
    ],
)
def test_a_range_of_padding_may_begin_or_end_beyond_the_bits(
    dtype: Any, ends: tuple[int, int], words: list[int], hounsfield: list[int]
) -> None:
    data = ct(np.array([words], dtype), ends[0], {LIMIT: number(ends[1])})
    assert values(data).tolist() == [hounsfield]


def test_words_without_their_sign_extended_are_values() -> None:
    # 0x0FFF is −1 in twelve bits, whether or not the upper four repeat the sign.
    words = np.array([[0x0FFF, 0xFFFF, 0x8000, 0x0800]], np.uint16)
    for padding in (0x8000, 0x0FFF):
        data = ct(words, padding, SIGNED)
        assert values(data).tolist() == [[-1, -1, AIR if padding == 0x8000 else 0, -2048]]


def overlay_in(bit: int) -> dict[Any, Any]:
    return {0x60000010: ("US", 1), 0x60000011: ("US", 6), 0x60000040: ("CS", "G"), 0x60000102: ("US", bit)}


def test_an_overlay_in_the_upper_bits_is_not_taken_for_padding() -> None:
    # Bit 15 is the overlay: over water it makes the very word of the padding.
    words = np.array([[0x8000, 0x0000, 0x8400, 0x0400, 0x8028, 0x0028]], np.uint16)
    data = ct(words, 0x8000, {**SIGNED, **overlay_in(15)})
    assert values(data).tolist() == [[0, 0, 1024, 1024, 40, 40]]


def test_an_overlay_over_padding_leaves_it_padding() -> None:
    # 63536 is 0xF830; bit 15 is the overlay, and the three below it still say that no pixel has this word.
    words = np.array([[0xF830, 0x7830, 0x8830, 0x0830, 0x8428, 0x0428]], np.uint16)
    data = ct(words, 0xF830, overlay_in(15))
    assert values(data).tolist() == [[AIR, AIR, 1072, 1072, 40, 40]]


def test_padding_beyond_the_bits_is_black_in_other_images_too() -> None:
    array = np.array([[0xF000, 500], [4095, 700]], np.uint16)
    assert values(write_projection(array, attributes={"PixelPaddingValue": 0xF000})).tolist() == [
        [4095, 500],
        [4095, 700],
    ]
    plain = {"PixelPaddingValue": 0xF000, "PhotometricInterpretation": "MONOCHROME2"}
    assert values(write_projection(array, attributes=plain)).tolist() == [[500, 500], [4095, 700]]


def test_where_padding_is_a_value_of_the_bits_nothing_more_is_looked_at() -> None:
    data = ct(np.array([[-2000, 40]], np.int16), -2000)
    assert stored(data).tolist() == [[-2000, 40]]
    pixels = header(data).pixels
    assert pixels is not None
    kept = np.array([[-2000, 40]], np.int16)
    assert with_padding(kept, None, pixels, [-2000, -2000], 0) is kept  # type: ignore[arg-type]


@given(st.integers(0, 65535), st.integers(0, 65535), st.integers(1, 15), st.booleans())
def test_a_word_is_padding_when_it_equals_it_and_no_value_has_it(
    word: int, padding: int, bits: int, signed: bool
) -> None:
    attributes: dict[Any, Any] = {"BitsStored": bits, "PixelRepresentation": int(signed), PADDING: ("US", padding)}
    data = write_instance(np.full((1, 2), [word, padding], np.uint16), 0, EXPLICIT, attributes)
    sign = 1 << bits - 1

    def value(number: int) -> int:
        number %= 1 << bits
        return number - (1 << bits) if signed and number & sign else number

    # Every word that stands for a value of so many bits, with and without its sign extended.
    words = {n for n in range(1 << bits)} | {value(n) % 65536 for n in range(1 << bits)}
    as_written = padding - 65536 if signed and padding >= 32768 else padding
    beyond = padding not in words
    expected = [as_written if beyond and number == padding else value(number) for number in (word, padding)]
    assert stored(data).tolist() == [expected]
