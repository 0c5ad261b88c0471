from __future__ import annotations

import struct

import pytest

from storage.dicom import fragments as module
from storage.dicom.fragments import frame_fragments, is_surplus
from storage.errors import InvalidDataset

JPEG = b"\xff\xd8\xff\xe0"


def items(*values: bytes, table: bytes = b"", end: bool = True) -> bytes:
    data = b"".join(struct.pack("<HHL", 0xFFFE, 0xE000, len(v)) + v for v in (table, *values))
    return data + (struct.pack("<HHL", 0xFFFE, 0xE0DD, 0) if end else b"")


def joined(data: bytes, frames: int, offsets: list[int] | None = None) -> list[bytes]:
    return [
        b"".join(data[start : start + length] for start, length in zip(places[::2], places[1::2], strict=True))
        for places in frame_fragments(data, 0, frames, offsets)
    ]


def test_all_fragments_are_the_only_frame() -> None:
    assert joined(items(b"abcd", b"ef"), 1) == [b"abcdef"]


def test_one_fragment_each_needs_no_table() -> None:
    assert joined(items(b"ab", b"cd", b"ef"), 3) == [b"ab", b"cd", b"ef"]


def test_the_basic_offset_table_divides() -> None:
    table = struct.pack("<LL", 0, 2 * (8 + 2))
    assert joined(items(b"ab", b"cd", b"ef", table=table), 2) == [b"abcd", b"ef"]


def test_the_extended_offset_table_divides() -> None:
    assert joined(items(b"ab", b"cd", b"ef"), 2, [0, 8 + 2]) == [b"ab", b"cdef"]


def test_without_a_table_codestreams_divide() -> None:
    assert joined(items(JPEG, b"rest", JPEG, b"more", b"last"), 2) == [JPEG + b"rest", JPEG + b"morelast"]


def test_a_missing_delimiter_is_forgiven_and_a_missing_fragment_is_not() -> None:
    assert joined(items(b"ab", b"cd", end=False), 2) == [b"ab", b"cd"]
    with pytest.raises(InvalidDataset, match="not 3 frames"):
        frame_fragments(items(b"ab", b"cd"), 0, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no offset table"),
        (items(), "no fragments"),
        (items(b"abcd")[:-10], "ends within"),
        (b"\xfe\xff\x00\xe0\xff\xff\xff\xff", "ends within"),
        (struct.pack("<HHL", 0x0008, 0x0018, 4) + b"1234", "not a fragment"),
        (items(b"ab", b"cd", b"ef", table=struct.pack("<LL", 4, 8)), "does not fit"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidDataset, match=reason):
        frame_fragments(data, 0, 2)


def test_endless_fragments_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FRAGMENTS", 100)
    with pytest.raises(InvalidDataset, match="more than"):
        frame_fragments(items(*[b"ab"] * 200), 0, 200)


@pytest.mark.parametrize(
    "start", [JPEG, b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP  ", struct.pack("<16L", 1, 64, *[0] * 14)]
)
def test_a_codestream_behind_the_last_one_is_noticed(start: bytes) -> None:
    # As PS3.5 A.4 has it, a codestream may go on in the next fragment; another one begins anew.
    for fragments, frames, more in (
        ([start, b"rest"], 1, False),
        ([start, start], 2, False),
        ([start, start], 1, True),
    ):
        data = items(*fragments)
        assert is_surplus(data, frame_fragments(data, 0, frames)) is more
    table = struct.pack("<LL", 0, 8 + len(start))
    data = items(start, start, start, table=table)
    assert is_surplus(data, frame_fragments(data, 0, 2))
