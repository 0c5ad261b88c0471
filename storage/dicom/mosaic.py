"""Siemens mosaics: the slices of one volume side by side in one square image, each a tile of it.

The position in the header is that of the mosaic's corner, were it one large slice around the same centre. How many
tiles there are and to which side they follow each other stands in private elements alone; without both a mosaic stays
the flat image that it is, for the other side would be a mirror image.
"""

from __future__ import annotations

import math
import struct
from typing import Any

from pydicom.dataset import Dataset

from storage.dicom.elements import integer_of, number_of, texts_of
from storage.dicom.separators import private_element, private_numbers

MAX_TILES = 1024
_MAX_ITEMS = 1024


def read_mosaic(
    dataset: Dataset, position: list[float] | None, orientation: list[float] | None, spacing: list[float] | None
) -> dict[str, Any] | None:
    """tiles, across (tiles side by side), rows, columns (of a tile), first (position of tile 0) and step, mm.

    None for what is no mosaic, or does not say enough.
    """
    if "MOSAIC" not in texts_of(dataset, "ImageType") or None in (position, orientation, spacing):
        return None
    assert position is not None and orientation is not None and spacing is not None
    csa = read_csa(dataset)
    counts = private_numbers(dataset, 0x0019, "SIEMENS MR HEADER", 0x0A, "H") or csa.get("NumberOfImagesInMosaic", [])
    normal = csa.get("SliceNormalVector", [])
    distance = number_of(dataset, "SpacingBetweenSlices")
    rows, columns = integer_of(dataset, "Rows") or 0, integer_of(dataset, "Columns") or 0
    tiles = int(counts[0]) if counts else 0
    if not 1 < tiles <= MAX_TILES or len(normal) < 3 or not distance or not 0 < distance < 1e3:
        return None
    across = math.ceil(math.sqrt(tiles))
    if rows % across or columns % across:
        return None
    row, column = orientation[:3], orientation[3:]
    cross = [row[i - 2] * column[i - 1] - row[i - 1] * column[i - 2] for i in range(3)]
    along = sum(a * b for a, b in zip(cross, normal, strict=False))
    if abs(abs(along) - 1) > 0.01:
        return None
    height, width = rows // across, columns // across
    # From the mosaic's first pixel to the first pixel of a tile that lies in its middle.
    right, down = (columns - width) / 2 * spacing[1], (rows - height) / 2 * spacing[0]
    return {
        "tiles": tiles,
        "across": across,
        "rows": height,
        "columns": width,
        "first": [p + right * r + down * c for p, r, c in zip(position, row, column, strict=True)],
        "step": [math.copysign(distance, along) * n for n in cross],
    }


def read_csa(dataset: Dataset) -> dict[str, list[float]]:
    """The numbers of the CSA image header (0029,1010); empty where there is none."""
    element = private_element(dataset, 0x0029, "SIEMENS CSA HEADER", 0x10)
    value = None if element is None else element.value
    if not isinstance(value, bytes):
        return {}
    try:
        return _parse(value)
    except (struct.error, ValueError, IndexError):
        return {}


def _parse(data: bytes) -> dict[str, list[float]]:
    """Its layout is not published; this is how nibabel and dcm2niix read it: SV10, or the older one without a mark."""
    newer = data[:4] == b"SV10"
    place = 8 if newer else 0
    (count,) = struct.unpack_from("<I", data, place)
    place += 8
    found: dict[str, list[float]] = {}
    first_items = 0
    for number in range(min(count, _MAX_ITEMS)):
        name, _, items = _tag(data, place)
        place += 84
        first_items = items if number == 0 else first_items
        texts = []
        for _ in range(min(items, _MAX_ITEMS)):
            lengths = struct.unpack_from("<4i", data, place)
            place += 16
            length = lengths[1] if newer else lengths[0] - first_items
            if length < 0 or place + length > len(data):
                break
            texts.append(data[place : place + length].split(b"\0")[0].decode("ascii", "replace").strip())
            place += -(-length // 4) * 4
        if name in ("NumberOfImagesInMosaic", "SliceNormalVector", "B_value", "DiffusionGradientDirection"):
            numbers = [float(text) for text in texts if text]
            found[name] = numbers if all(map(math.isfinite, numbers)) else []
    return found


def _tag(data: bytes, place: int) -> tuple[str, int, int]:
    name, multiplicity, _, _, items, _ = struct.unpack_from("<64si4siii", data, place)
    return name.split(b"\0")[0].decode("ascii", "replace"), multiplicity, items
