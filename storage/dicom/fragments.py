"""Where each frame of encapsulated pixel data lies in the stored bytes (PS3.5 A.4)."""

from __future__ import annotations

import struct
from bisect import bisect_left

from storage.errors import InvalidDataset

MAX_FRAGMENTS = 200_000
_ITEM, _DELIMITER = 0xE000FFFE, 0xE0DDFFFE
# A codestream starts so: JPEG and JPEG-LS, JPEG 2000 and HTJ2K, the JP2 box around it.
_STARTS = (b"\xff\xd8", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP")

Fragment = tuple[int, int]  # offset and length of the value


def frame_fragments(data: bytes, offset: int, frames: int, offsets: list[int] | None = None) -> list[list[int]]:
    """For each frame [offset, length, offset, length …] of the fragments that joined are its codestream.

    offset: of the first item, the basic offset table. offsets: the extended offset table, where there is one.

    Raises:
        InvalidDataset: the items do not fit into the data, or cannot be divided into so many frames.
    """
    table, fragments = read_items(data, offset)
    if not fragments:
        raise InvalidDataset("the pixel data has no fragments")
    if frames == 1:
        groups = [fragments]
    elif len(fragments) == frames:
        groups = [[fragment] for fragment in fragments]
    else:
        basic = list(struct.unpack(f"<{table[1] // 4}L", data[table[0] : table[0] + table[1] // 4 * 4]))
        starts = next((t for t in (offsets, basic) if t and len(t) == frames), None)
        groups = by_offset(fragments, starts) if starts else by_codestream(data, fragments)
    if len(groups) != frames:
        raise InvalidDataset(f"{len(fragments)} fragments are not {frames} frames")
    return [[number for fragment in group for number in fragment] for group in groups]


def read_items(data: bytes, offset: int) -> tuple[Fragment, list[Fragment]]:
    """The basic offset table and the fragments that follow it."""
    items: list[Fragment] = []
    while offset + 8 <= len(data):
        tag, length = struct.unpack_from("<LL", data, offset)
        if tag == _DELIMITER:
            break
        if tag != _ITEM:
            raise InvalidDataset("the pixel data holds something that is not a fragment")
        if offset + 8 + length > len(data):
            raise InvalidDataset("the file ends within the pixel data")
        items.append((offset + 8, length))
        offset += 8 + length
        if len(items) > MAX_FRAGMENTS:
            raise InvalidDataset(f"the pixel data has more than {MAX_FRAGMENTS} fragments")
    # Some writers leave the delimiter out; a missing fragment then shows as a missing frame or at decoding.
    if not items:
        raise InvalidDataset("the pixel data has no offset table")
    return items[0], [item for item in items[1:] if item[1]]


def by_offset(fragments: list[Fragment], starts: list[int]) -> list[list[Fragment]]:
    """Divide at the table's offsets, which count from the first fragment's item tag."""
    base = fragments[0][0] - 8
    places = [fragment[0] - 8 - base for fragment in fragments]
    cuts = [bisect_left(places, start) for start in starts]
    if cuts[0] != 0 or cuts != sorted(set(cuts)):
        raise InvalidDataset("the offset table does not fit the fragments")
    return [fragments[a:b] for a, b in zip(cuts, [*cuts[1:], len(fragments)], strict=True)]


def by_codestream(data: bytes, fragments: list[Fragment]) -> list[list[Fragment]]:
    """Divide where a fragment starts like a codestream."""
    groups: list[list[Fragment]] = []
    for fragment in fragments:
        if not groups or _starts(data, fragment[0]):
            groups.append([])
        groups[-1].append(fragment)
    return groups


def is_surplus(data: bytes, frames: list[list[int]]) -> bool:
    """Whether a frame, as `frame_fragments` answers it, has another codestream behind its own."""
    return any(_starts(data, offset) for pieces in frames for offset in pieces[2::2])


def _starts(data: bytes, offset: int) -> bool:
    """Whether a codestream begins here. That of RLE is a number of segments and the place of the first (PS3.5 G.5)."""
    if data[offset : offset + 6].startswith(_STARTS):
        return True
    segments, first = struct.unpack("<LL", data[offset : offset + 8].ljust(8, b"\0"))
    return bool(1 <= segments <= 15 and first == 64)
