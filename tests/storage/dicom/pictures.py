"""From the bytes of instances to their pixels and Stacks, as the tests of this folder need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.dicom.decode import decode_frame, modality_values
from storage.dicom.header import Header, header_of, read_header
from storage.dicom.parse import parse
from storage.dicom.stacks import Stack, stacks_of
from storage.dicom.write import write_series


@dataclass
class Stored:
    """What storage.dicom.stacks asks of a stored instance."""

    sop_instance_uid: str
    blob_sha256: str
    header: dict[str, Any]


def header(data: bytes) -> Header:
    return read_header(data)[0]


def stored(data: bytes, frame: int = 0) -> NDArray[Any]:
    """Stored values of one frame."""
    parsed = parse(data)
    found = header_of(parsed)[0]
    assert found.pixels is not None, found.reason
    encoded = b"".join(parsed.body[start : start + length] for start, length in found.pixels.ranges(frame))
    return decode_frame(encoded, found, frame)


def values(data: bytes, frame: int = 0) -> NDArray[Any]:
    """Modality values, or colours, of one frame."""
    return modality_values(stored(data, frame), header(data), frame)


def instances(files: list[bytes]) -> list[Stored]:
    """What the database would answer for these files."""
    found = []
    for number, data in enumerate(files):
        read, identity = read_header(data)
        found.append(Stored(identity.sop_instance_uid, f"{number:064x}", read.to_json()))
    return found


def ramp(rows: int, columns: int, dtype: str = "uint16") -> NDArray[Any]:
    """Every value another one where the type allows it."""
    return np.arange(rows * columns).reshape(rows, columns).astype(dtype)


def at_positions(positions: list[list[float]], **attributes: Any) -> list[bytes]:
    """Axial slices at these first-pixel positions, numbered in this order."""
    files = []
    for number, position in enumerate(positions):
        shared = {"SOPInstanceUID": f"1.2.{number + 1}", "InstanceNumber": number + 1}
        place = {"ImagePositionPatient": [float(x) for x in position]}
        array = np.zeros((1, 4, 4), np.int16)
        files += write_series(array, np.eye(4), attributes={**shared, **place, **attributes})
    return files


def stack(files: list[bytes]) -> Stack:
    (found,) = stacks_of(instances(files))
    return found
