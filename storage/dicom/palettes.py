"""The colours of a palette image (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6 and C.7.9)."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from storage.dicom.elements import value_of
from storage.dicom.luts import Table, byte_order_of, entries_of, pack, read_descriptor

MAX_ENTRIES = 65536
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2


def read_palette(dataset: Dataset, signed: bool) -> Table | None:
    """The three colour tables as rows of RGB, 8 bits; None where one is missing or they do not fit each other."""
    columns, first, bits = [], 0, 0
    for colour in ("Red", "Green", "Blue"):
        descriptor = read_descriptor(dataset, f"{colour}PaletteColorLookupTableDescriptor", signed)
        if descriptor is None:
            return None
        count, first, bits = descriptor
        value = value_of(dataset, f"{colour}PaletteColorLookupTableData")
        if value is None:
            value = _expand(dataset, colour, bits)
        entries = entries_of(value, count, bits, byte_order_of(dataset))
        if entries is None:
            return None
        columns.append(entries)
    if len({len(column) for column in columns}) != 1:
        return None
    table = np.stack(columns, axis=1)
    # Some devices say 16 bits and fill 8.
    wide = bits > 8 and int(table.max(initial=0)) > 255
    return pack(first, (table >> 8 if wide else table).astype(np.uint8))


def is_supplemental(dataset: Dataset) -> bool:
    """Whether part of a grey image's values stand for colours (PS3.3 C.7.6.23): shown grey, they mislead."""
    return value_of(dataset, "PixelPresentation") in ("COLOR", "MIXED") and (
        value_of(dataset, "RedPaletteColorLookupTableDescriptor") is not None
    )


def _expand(dataset: Dataset, colour: str, bits: int) -> list[int] | None:
    value = value_of(dataset, f"Segmented{colour}PaletteColorLookupTableData")
    if not isinstance(value, bytes):
        return None
    if bits <= 8:
        return expand_segments(list(value), 1)
    return expand_segments(np.frombuffer(value[: len(value) // 2 * 2], f"{byte_order_of(dataset)}u2").tolist(), 2)


def expand_segments(data: list[int], width: int) -> list[int] | None:
    """A segmented table written out (PS3.3 C.7.9.2); None where it makes no sense. width: bytes of a number of `data`.

    An indirect segment repeats discrete and linear ones only, so that nothing here can go round in circles.
    """
    entries: list[int] = []
    place = 0
    # A single byte that is left over makes the length even.
    while place + 1 < len(data) and len(entries) < MAX_ENTRIES:
        if data[place] != _INDIRECT:
            after = _add_segment(data, place, entries)
        else:
            after = place + 2 + 4 // width
            # An offset in bytes, least significant part first.
            offset = sum(part << (8 * width * i) for i, part in enumerate(data[place + 2 : after]))
            if after > len(data) or not _add_segments(data, offset // width, data[place + 1], entries):
                return None
        if after is None:
            return None
        place = after
    return entries


def _add_segments(data: list[int], place: int, count: int, entries: list[int]) -> bool:
    for _ in range(count):
        after = _add_segment(data, place, entries)
        if after is None:
            return False
        if len(entries) >= MAX_ENTRIES:
            break
        place = after
    return True


def _add_segment(data: list[int], place: int, entries: list[int]) -> int | None:
    """Write one discrete or linear segment out; the place behind it, or None where there is none."""
    if place + 2 >= len(data):
        return None
    kind, length, value = data[place : place + 3]
    if kind == _DISCRETE:
        entries += data[place + 2 : place + 2 + length]
        return place + 2 + length
    if kind == _LINEAR and entries:
        steps = np.linspace(entries[-1], value, length + 1)[1:]
        entries += np.rint(steps).astype(int).tolist()
        return place + 3
    return None
