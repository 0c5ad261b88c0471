from __future__ import annotations

import struct

import numpy as np
from pydicom.dataset import Dataset

from storage.dicom.luts import entries_of, expand_segments, pack, read_palette, read_windows, unpack


def test_a_packed_table_comes_back() -> None:
    entries = np.arange(300, dtype=np.float32)
    first, back = unpack(pack(-5, entries), np.float32)
    assert first == -5
    assert np.array_equal(back, entries)


def test_discrete_and_linear_segments_are_written_out() -> None:
    # PS3.3 C.7.9.2: 2 discrete entries, then 4 steps up to 50, then one that repeats.
    assert expand_segments([0, 2, 5, 10, 1, 4, 50, 1, 3, 50]) == [5, 10, 20, 30, 40, 50, 50, 50, 50]


def test_segments_that_make_no_sense_or_no_end_are_stopped() -> None:
    assert expand_segments([1, 4, 50]) is None  # nothing to start the line from
    assert expand_segments([7, 1, 1]) is None
    endless = [0, 1, 5] + [1, 65535, 9] * 1000
    entries = expand_segments(endless)
    assert entries is not None and len(entries) < 200_000


def test_eight_bit_entries_come_in_bytes_or_in_words() -> None:
    for value in (bytes([1, 2, 3, 4]), struct.pack("<4H", 1, 2, 3, 4), [1, 2, 3, 4]):
        entries = entries_of(value, 4, 8)
        assert entries is not None and entries.tolist() == [1, 2, 3, 4]
    assert entries_of(b"\1\2", 4, 8) is None


def palette(bits: int, values: list[int]) -> Dataset:
    dataset = Dataset()
    for colour in ("Red", "Green", "Blue"):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [len(values), 0, bits])
        setattr(dataset, f"{colour}PaletteColorLookupTableData", struct.pack(f"<{len(values)}H", *values))
    return dataset


def test_sixteen_bits_are_shortened_unless_only_eight_are_used() -> None:
    for values, expected in (([0, 0x8000, 0xFFFF], [0, 0x80, 0xFF]), ([0, 128, 255], [0, 128, 255])):
        table = read_palette(palette(16, values), signed=False)
        assert table is not None
        assert unpack(table, np.uint8)[1].reshape(-1, 3)[:, 0].tolist() == expected


def test_a_voi_table_counts_as_the_window_over_its_range() -> None:
    item = Dataset()
    item.LUTDescriptor = [1000, 200, 12]
    item["LUTDescriptor"].VR = "US"
    item.LUTExplanation = "CURVE"
    dataset = Dataset()
    dataset.VOILUTSequence = [item]
    assert read_windows(dataset) == [[700.0, 1000.0, "CURVE"]]
