"""Look-up tables and windows of an instance, in a form that JSON holds."""

from __future__ import annotations

import base64
import zlib
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from storage.dicom.elements import clean, item_of, items_of, numbers_of, text_of, value_of, values_of

MAX_WINDOWS = 16
MAX_LUTS = 8
Table = list[Any]  # [first stored value, base64 of zlib of the entries]


def pack(first: int, entries: NDArray[Any]) -> Table:
    """A table as JSON holds it."""
    return [first, base64.b64encode(zlib.compress(entries.tobytes())).decode()]


def unpack(table: Table, dtype: type[np.generic]) -> tuple[int, NDArray[Any]]:
    """The first stored value and the entries of a packed table."""
    return int(table[0]), np.frombuffer(zlib.decompress(base64.b64decode(table[1])), dtype)


def read_descriptor(dataset: Dataset, keyword: str, signed: bool) -> tuple[int, int, int] | None:
    """(entries, first stored value, bits) of a table; PS3.3 C.11.1.1.1: 0 entries mean 65536."""
    numbers = numbers_of(dataset, keyword, 3)
    if not numbers:
        return None
    count, first, bits = (int(number) & 0xFFFF for number in numbers)
    return count or 65536, first - 65536 if signed and first > 32767 else first, bits


def byte_order_of(dataset: Dataset) -> str:
    """ "<" or ">": how words that are kept as bytes lie in this dataset."""
    return ">" if dataset.original_encoding[1] is False else "<"


def entries_of(value: Any, count: int, bits: int, order: str = "<") -> NDArray[np.uint16] | None:
    """The entries of a table that is stored as bytes or as numbers; None where there are too few."""
    if isinstance(value, (bytes, bytearray)):
        # Tables of 8 bits may be stored one to a byte or one to a word.
        wide = bits > 8 or len(value) >= 2 * count
        entries = np.frombuffer(value[: len(value) // 2 * 2] if wide else value, f"{order}u2" if wide else "u1")
    else:
        try:
            entries = np.array(value, np.int64) & 0xFFFF
        except (TypeError, ValueError, OverflowError):
            return None
    return entries[:count].astype(np.uint16) if entries.ndim == 1 and len(entries) >= count else None


def read_modality_lut(dataset: Dataset, signed: bool) -> Table | None:
    """The modality LUT that replaces slope and intercept (PS3.3 C.11.1)."""
    item = item_of(dataset, "ModalityLUTSequence")
    if (descriptor := read_descriptor(item, "LUTDescriptor", signed)) is None:
        return None
    count, first, bits = descriptor
    entries = entries_of(value_of(item, "LUTData"), count, bits, byte_order_of(dataset))
    return None if entries is None else pack(first, entries.astype(np.float32))


def read_voi_luts(dataset: Dataset, signed: bool, keyword: str = "VOILUTSequence") -> list[Table]:
    """The VOI LUTs (PS3.3 C.11.2.1.1), each [first modality value, packed uint16, bits, explanation, entries].

    signed: whether modality values may be below 0, which decides how the first value is meant.
    """
    luts = []
    for item in items_of(dataset, keyword)[:MAX_LUTS]:
        if (descriptor := read_descriptor(item, "LUTDescriptor", signed)) is None:
            continue
        count, first, bits = descriptor
        entries = entries_of(value_of(item, "LUTData"), count, bits, byte_order_of(dataset))
        if entries is not None:
            luts.append([*pack(first, entries), bits, clean(text_of(item, "LUTExplanation"), 64), count])
    return luts


@lru_cache(maxsize=64)
def _greys(packed: str, bits: int) -> NDArray[np.uint8]:
    """The grey, 0 to 255, of each entry of a VOI LUT."""
    entries = unpack([0, packed], np.uint16)[1]
    used = int(entries.max(initial=0)).bit_length()
    # The bits that are announced, unless that is certainly wrong: an entry beyond them, or a picture all but black.
    bits = used if used > bits or used < bits - 3 else bits
    return np.floor(entries * (255 / max(1, (1 << bits) - 1)) + 0.5).astype(np.uint8)


def apply_voi_lut(
    values: NDArray[Any], lut: Table, inverted: bool, out: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """The greys of modality values by a VOI LUT; values beyond the table count as its ends, others are rounded."""
    table = _greys(lut[1], lut[2])
    index = np.clip(values - np.float32(lut[0] - 0.5), 0, len(table) - 1).astype(np.int32)
    # mode: the default would copy `out` to be safe from an index out of range, and there is none.
    return np.take(255 - table if inverted else table, index, out=out, mode="clip")


def read_windows(dataset: Dataset, luts: list[Table] | None = None) -> list[list[Any]]:
    """[centre, width, explanation] of each window, then of the input range of each VOI LUT, with the LUT's number.

    Both are choices for the reader (PS3.3 C.11.2.1.1). The windows come first, and the first one is shown first, as in
    dcm4che, Weasis and OHIF.
    """
    centres = _numbers(dataset, "WindowCenter")
    widths = _numbers(dataset, "WindowWidth")
    names = [clean(str(name), 64) for name in values_of(dataset, "WindowCenterWidthExplanation")]
    windows: list[list[Any]] = []
    for i, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        if width > 0 and not any(window[:2] == [centre, width] for window in windows):
            windows.append([centre, width, names[i] if i < len(names) else ""])
    for number, (first, _, _, explanation, count) in enumerate(luts or []):
        windows.append([first + count / 2, float(count), explanation, number])
    return windows


def window_function_of(dataset: Dataset) -> str:
    """How windows map values to greys (PS3.3 C.11.2.1.3): LINEAR, LINEAR_EXACT or SIGMOID."""
    function = text_of(dataset, "VOILUTFunction").upper()
    return function if function in ("LINEAR_EXACT", "SIGMOID") else "LINEAR"


def _numbers(dataset: Dataset, keyword: str) -> list[float]:
    count = min(len(values_of(dataset, keyword)), MAX_WINDOWS)
    return numbers_of(dataset, keyword, count) if count else []
