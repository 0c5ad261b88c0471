"""Overlay planes (PS3.3 C.9): where their bits are, and their bits as a mask over the image."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian

from storage.dicom.elements import values_of
from storage.dicom.parse import Parsed
from storage.dicom.pixels import Pixels

GROUPS = range(0x6000, 0x6020, 2)
MAX_SIDE = 65535  # what US holds
_ROWS, _COLUMNS, _FRAMES, _ORIGIN, _FIRST, _BIT, _DATA = 0x10, 0x11, 0x15, 0x50, 0x51, 0x102, 0x3000


@dataclass(frozen=True, slots=True)
class Overlay:
    """One overlay plane. Both kinds, graphics and ROI, are drawn.

    row, column: of its first bit in the image, from 0, and anywhere. frames: None where the one plane lies over every
    frame of the image; else its first frame belongs to the image's frame `first`, from 0.
    offset, length: of its packed bits in the stored bytes, inflated when the dataset is deflated; swap: in big-endian
    words. offset None: they are bit `bit` of the pixels' own words.
    """

    group: int
    rows: int
    columns: int
    row: int
    column: int
    frames: int | None
    first: int
    offset: int | None
    length: int
    swap: bool
    bit: int

    def frame_of(self, frame: int) -> int | None:
        """Which of its frames lies over this frame of the image."""
        if self.frames is None or self.offset is None:
            return 0
        own = frame - self.first
        return own if 0 <= own < self.frames else None


def read_overlays(parsed: Parsed, pixels: Pixels | None) -> list[dict[str, Any]]:
    """The overlays that can be drawn over these pixels, as JSON holds them: the arguments of `Overlay`."""
    if pixels is None:
        return []
    found = (_read(parsed, pixels, group) for group in GROUPS)
    return [asdict(overlay) for overlay in found if overlay is not None]


def _read(parsed: Parsed, pixels: Pixels, group: int) -> Overlay | None:
    dataset = parsed.dataset
    if not any((group << 16) + element in dataset for element in (_ROWS, _BIT)):
        return None
    data = _place(dataset, group)
    if data is None:
        return _embedded(pixels, group, _integer(dataset, group, _BIT) or 0)
    offset, length, vr = data
    top, left = (_integer(dataset, group, _ORIGIN, i) for i in (0, 1))
    frames = _integer(dataset, group, _FRAMES)
    overlay = Overlay(
        group=group,
        rows=_integer(dataset, group, _ROWS) or 0,
        columns=_integer(dataset, group, _COLUMNS) or 0,
        row=(1 if top is None else top) - 1,
        column=(1 if left is None else left) - 1,
        frames=frames if frames and frames > 0 else None,
        first=(_integer(dataset, group, _FIRST) or 1) - 1,
        offset=offset,
        length=length,
        swap=parsed.transfer_syntax_uid == str(ExplicitVRBigEndian) and vr == "OW",
        bit=0,
    )
    return overlay if _makes_sense(overlay, pixels) else None


def _embedded(pixels: Pixels, group: int, bit: int) -> Overlay | None:
    """PS3.5-2004 8.1.2, retired: a plane in a bit of the pixels' words that no pixel value uses."""
    used = range(pixels.high_bit + 1 - pixels.bits_stored, pixels.high_bit + 1)
    words = pixels.kind == "integer" and pixels.samples == 1 and pixels.bits_allocated in (8, 16, 32)
    if not words or not 0 <= bit < pixels.bits_allocated or bit in used:
        return None
    return Overlay(group, pixels.rows, pixels.columns, 0, 0, None, 0, None, 0, False, bit)


def _makes_sense(overlay: Overlay, pixels: Pixels) -> bool:
    """Whether it has a size, all its bits, and some of them over the image."""
    return (
        0 < overlay.rows <= MAX_SIDE
        and 0 < overlay.columns <= MAX_SIDE
        and overlay.rows * overlay.columns * (overlay.frames or 1) <= overlay.length * 8
        and -overlay.rows < overlay.row < pixels.rows
        and -overlay.columns < overlay.column < pixels.columns
    )


def _place(dataset: Dataset, group: int) -> tuple[int, int, str] | None:
    """Offset, length and VR of the overlay data, which were read with the elements before the pixels."""
    tag = (group << 16) + _DATA
    element: RawDataElement | DataElement | None = dataset.get_item(tag) if tag in dataset else None
    if element is None or not isinstance(element.value, bytes) or not element.value:
        return None
    offset = element.value_tell if isinstance(element, RawDataElement) else element.file_tell
    return None if offset is None else (int(offset), len(element.value), str(element.VR or ""))


def _integer(dataset: Dataset, group: int, element: int, index: int = 0) -> int | None:
    """One value of a repeating-group element, which have no keywords of their own."""
    values = values_of(dataset, (group << 16) + element)
    try:
        return int(values[index])
    except (IndexError, TypeError, ValueError, OverflowError):
        return None


def ranges(overlay: Overlay, own: int) -> tuple[int, int]:
    """Offset and length in the stored bytes of one of its frames, whole words."""
    assert overlay.offset is not None
    bits = overlay.rows * overlay.columns
    start, end = own * bits // 16 * 2, -(-(own + 1) * bits // 16) * 2
    return overlay.offset + start, min(end, overlay.length) - start


def unpack(data: bytes, overlay: Overlay, own: int) -> NDArray[np.uint8]:
    """The bits [rows, columns] out of the bytes that `ranges` names, first bit lowest (PS3.5 8.1.2)."""
    if overlay.swap:
        data = np.frombuffer(data[: len(data) // 2 * 2], ">u2").astype("<u2").tobytes()
    bits = overlay.rows * overlay.columns
    start = own * bits % 16
    flat = np.unpackbits(np.frombuffer(data, np.uint8), count=start + bits, bitorder="little")
    return flat[start:].reshape(overlay.rows, overlay.columns)


def draw(mask: NDArray[np.uint8], bits: NDArray[Any], overlay: Overlay) -> None:
    """Set the image's pixels in `mask` to 255 where the overlay has a bit; what lies outside of the image is cut."""
    rows, columns = mask.shape
    top, left = max(0, overlay.row), max(0, overlay.column)
    bottom, right = min(rows, overlay.row + overlay.rows), min(columns, overlay.column + overlay.columns)
    part = bits[top - overlay.row : bottom - overlay.row, left - overlay.column : right - overlay.column]
    mask[top:bottom, left:right][part != 0] = 255
