"""Look-up tables and windows of an instance, in a form that JSON holds."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from storage.dicom.elements import clean, item_of, numbers_of, text_of, value_of, values_of

MAX_WINDOWS = 16
MAX_ENTRIES = 65536
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


def entries_of(value: Any, count: int, bits: int) -> NDArray[np.uint16] | None:
    """The entries of a table that is stored as bytes or as numbers; None where there are too few."""
    if isinstance(value, (bytes, bytearray)):
        # Tables of 8 bits may be stored one to a byte or one to a word.
        wide = bits > 8 or len(value) >= 2 * count
        entries = np.frombuffer(value[: len(value) // 2 * 2] if wide else value, "<u2" if wide else "u1")
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
    entries = entries_of(value_of(item, "LUTData"), count, bits)
    return None if entries is None else pack(first, entries.astype(np.float32))


def read_palette(dataset: Dataset, signed: bool) -> Table | None:
    """The three colour tables as rows of RGB, 8 bits (PS3.3 C.7.6.3.1.5)."""
    columns, first = [], 0
    for colour in ("Red", "Green", "Blue"):
        descriptor = read_descriptor(dataset, f"{colour}PaletteColorLookupTableDescriptor", signed)
        if descriptor is None:
            return None
        count, first, bits = descriptor
        value = value_of(dataset, f"{colour}PaletteColorLookupTableData")
        if value is None:
            value = _expand(dataset, colour, bits)
        entries = entries_of(value, count, bits)
        if entries is None:
            return None
        # Some devices say 16 bits and fill 8.
        wide = bits > 8 and int(entries.max(initial=0)) > 255
        columns.append((entries >> 8 if wide else entries).astype(np.uint8))
    if len({len(column) for column in columns}) != 1:
        return None
    return pack(first, np.stack(columns, axis=1))


def _expand(dataset: Dataset, colour: str, bits: int) -> list[int] | None:
    value = value_of(dataset, f"Segmented{colour}PaletteColorLookupTableData")
    if not isinstance(value, bytes):
        return None
    return expand_segments(np.frombuffer(value[: len(value) // 2 * 2], "u1" if bits <= 8 else "<u2").tolist())


def expand_segments(data: list[int]) -> list[int] | None:
    """A segmented table written out (PS3.3 C.7.9.2): discrete and linear segments; None for what is neither."""
    entries: list[int] = []
    place = 0
    while place + 1 < len(data) and len(entries) < MAX_ENTRIES:
        kind, length = data[place], data[place + 1]
        place += 2
        if kind == 0:
            entries += data[place : place + length]
            place += length
        elif kind == 1 and entries and place < len(data):
            steps = np.linspace(entries[-1], data[place], length + 1)[1:]
            entries += np.rint(steps).astype(int).tolist()
            place += 1
        else:
            return None
    return entries


def read_windows(dataset: Dataset) -> list[list[Any]]:
    """[centre, width, explanation] of each window; a VOI LUT counts as the window over its input range."""
    centres = _numbers(dataset, "WindowCenter")
    widths = _numbers(dataset, "WindowWidth")
    names = [clean(str(name), 64) for name in values_of(dataset, "WindowCenterWidthExplanation")]
    windows: list[list[Any]] = []
    for i, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        if width > 0 and not any(window[:2] == [centre, width] for window in windows):
            windows.append([centre, width, names[i] if i < len(names) else ""])
    if not windows:
        item = item_of(dataset, "VOILUTSequence")
        if (descriptor := read_descriptor(item, "LUTDescriptor", signed=False)) is not None:
            count, first, _ = descriptor
            windows.append([first + count / 2, float(count), clean(text_of(item, "LUTExplanation"), 64)])
    return windows


def _numbers(dataset: Dataset, keyword: str) -> list[float]:
    count = min(len(values_of(dataset, keyword)), MAX_WINDOWS)
    return numbers_of(dataset, keyword, count) if count else []
