from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.pixels.processing import _expand_segmented_lut, apply_voi

from storage.dicom.luts import apply_voi_lut, entries_of, pack, read_voi_luts, read_windows, unpack
from storage.dicom.palettes import expand_segments, read_palette


def test_a_packed_table_comes_back() -> None:
    entries = np.arange(300, dtype=np.float32)
    first, back = unpack(pack(-5, entries), np.float32)
    assert first == -5
    assert np.array_equal(back, entries)


def test_discrete_and_linear_segments_are_written_out() -> None:
    # PS3.3 C.7.9.2: 2 discrete entries, then 4 steps up to 50, then one that repeats.
    assert expand_segments([0, 2, 5, 10, 1, 4, 50, 1, 3, 50], 2) == [5, 10, 20, 30, 40, 50, 50, 50, 50]


def test_segments_that_make_no_sense_or_no_end_are_stopped() -> None:
    assert expand_segments([1, 4, 50], 2) is None  # nothing to start the line from
    assert expand_segments([7, 1, 1], 2) is None
    endless = [0, 1, 5] + [1, 65535, 9] * 1000
    entries = expand_segments(endless, 2)
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


def voi_lut(first: int, entries: list[int], bits: int, explanation: str = "") -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(entries), first, bits])
    item.add_new("LUTData", "US", entries)
    item.LUTExplanation = explanation
    return item


def test_windows_come_first_and_every_voi_table_stands_for_its_input_range() -> None:
    dataset = Dataset()
    dataset.WindowCenter, dataset.WindowWidth = [40, 300], [400, 1500]
    dataset.WindowCenterWidthExplanation = ["SOFT", "BONE"]
    dataset.VOILUTSequence = [voi_lut(1000, [0] * 200, 12, "CURVE"), voi_lut(0, [0, 1], 8, "HARD")]
    assert read_windows(dataset, read_voi_luts(dataset, False)) == [
        [40.0, 400.0, "SOFT"],
        [300.0, 1500.0, "BONE"],
        [1100.0, 200.0, "CURVE", 0],
        [1.0, 2.0, "HARD", 1],
    ]


def applied(item: Dataset, values: list[float], signed: bool = True) -> list[int]:
    dataset = Dataset()
    dataset.VOILUTSequence = [item]
    (lut,) = read_voi_luts(dataset, signed)
    return apply_voi_lut(np.array(values, np.float32), lut, inverted=False).tolist()


def test_a_voi_table_maps_modality_values_and_what_lies_beyond_it_to_its_ends() -> None:
    item = voi_lut(-3, [0, 10, 40, 90, 255], 8)
    assert applied(item, [-1000, -4, -3, -2, -1, 0, 1, 2, 5000]) == [0, 0, 0, 10, 40, 90, 255, 255, 255]
    # Between two whole values, as in a zoomed picture, the nearest one counts.
    assert applied(item, [-2.4, -1.6, -0.6]) == [10, 10, 40]


def test_a_first_value_written_unsigned_is_negative_where_values_may_be() -> None:
    item = voi_lut(65536 - 1000, [0] * 999 + [255], 8)
    assert applied(item, [-1000, -1]) == [0, 255]
    assert applied(item, [64536, 65535], signed=False) == [0, 255]


@pytest.mark.parametrize("bits", range(8, 17))
def test_the_bits_of_the_entries_span_all_greys(bits: int) -> None:
    top = (1 << bits) - 1
    assert applied(voi_lut(0, [0, top // 3, top], bits), [0, 1, 2]) == [0, round(top // 3 * 255 / top), 255]


def test_wrong_numbers_of_bits_are_noticed() -> None:
    assert applied(voi_lut(0, [0, 255], 16), [0, 1]) == [0, 255]  # all but black
    assert applied(voi_lut(0, [0, 4095], 8), [0, 1]) == [0, 255]  # beyond them


@given(
    first=st.integers(0, 3000),
    entries=st.lists(st.integers(0, 4095), min_size=2, max_size=300),
    values=st.lists(st.integers(0, 4095), min_size=1, max_size=50),
)
def test_a_voi_table_is_applied_as_pydicom_does(first: int, entries: list[int], values: list[int]) -> None:
    dataset = Dataset()
    dataset.VOILUTSequence = [voi_lut(first, [*entries, 4095], 12)]
    truth = apply_voi(np.array(values, np.uint16), dataset)
    (lut,) = read_voi_luts(dataset, False)
    greys = apply_voi_lut(np.array(values, np.float32), lut, inverted=True)
    assert np.array_equal(greys, 255 - np.floor(truth / 4095 * 255 + 0.5))


def test_tables_that_are_cut_off_or_make_no_sense_are_left_out() -> None:
    short, empty = voi_lut(0, [1, 2, 3], 8), Dataset()
    short.LUTDescriptor = [4, 0, 8]
    dataset = Dataset()
    dataset.VOILUTSequence = [short, empty, voi_lut(0, [1, 2], 8)]
    assert len(read_voi_luts(dataset, False)) == 1


def test_an_indirect_segment_repeats_others() -> None:
    # Bytes of a word: segments at 0 (two discrete entries) and 8 (a line of 4 entries); the indirect one repeats both.
    data = [0, 2, 5, 10, 1, 4, 50, 2, 2, 0, 0]
    assert expand_segments(data, 2) == [5, 10, 20, 30, 40, 50, 5, 10, 20, 30, 40, 50]
    data = [0, 2, 5, 10, 1, 4, 50, 2, 1, 4, 0, 0, 0]  # single bytes: the offset has four
    assert expand_segments(data, 1) == [5, 10, 20, 30, 40, 50, 50, 50, 50, 50]
    assert expand_segments(data, 1) == _expand_segmented_lut(tuple(data), "<B")
    assert expand_segments([0, 1, 5, 2, 1, 6, 0], 2) is None  # it repeats itself
    assert expand_segments([0, 1, 5, 2, 1, 60000, 9], 2) is None


def test_one_dark_channel_of_a_wide_palette_is_shortened_like_the_others() -> None:
    dataset = palette(16, [0, 0x8000, 0xFFFF])
    dataset.RedPaletteColorLookupTableData = struct.pack("<3H", 0, 100, 255)
    table = read_palette(dataset, signed=False)
    assert table is not None
    assert unpack(table, np.uint8)[1].reshape(-1, 3).tolist() == [[0, 0, 0], [0, 128, 128], [0, 255, 255]]
