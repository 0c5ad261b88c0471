from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian

from storage.blobs import BlobStore
from storage.dicom import frames
from storage.dicom.frames import read_frame
from storage.dicom.header import read_header
from storage.dicom.stacks import stacks_of
from storage.dicom.write import write_instance
from tests.storage.dicom.pictures import Stored

TILES, ROWS, COLUMNS = 5, 4, 6  # three side by side, two rows of them used, the third empty


def older(**values: Sequence[str]) -> bytes:
    """A CSA header of the older kind: no mark, lengths counted from the number of items of its first element."""
    out = struct.pack("<II", len(values), 77)
    for name, texts in values.items():
        out += struct.pack("<64si4siii", name.encode(), len(texts), b"FD\0\0", 4, len(texts), 77)
        for text in texts:
            data = text.encode() + b"\0"
            first = len(next(iter(values.values())))
            out += struct.pack("<4i", len(data) + first, 0, 0, 0) + data + b"\0" * (-len(data) % 4)
    return out


def mosaic(header: bytes | None, **attributes: Any) -> bytes:
    """Tile n has the value n + 1 everywhere, the rest is 0."""
    pixels = np.zeros((3 * ROWS, 3 * COLUMNS), np.uint16)
    for tile in range(TILES):
        y, x = tile // 3 * ROWS, tile % 3 * COLUMNS
        pixels[y : y + ROWS, x : x + COLUMNS] = tile + 1
    shared = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4",
        "Modality": "MR",
        "ImageType": ["ORIGINAL", "PRIMARY", "MOSAIC"],
        "ImagePositionPatient": [-100.0, -50.0, 10.0],
        "ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        "PixelSpacing": [3.0, 2.0],
        "SpacingBetweenSlices": 5.0,
    }
    dataset = dcmread(BytesIO(write_instance(pixels, 0, ExplicitVRLittleEndian, {**shared, **attributes})))
    if header is not None:
        dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", header)
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def stacks(data: bytes, blobs: BlobStore) -> Any:
    header, identity = read_header(data)
    return stacks_of([Stored(identity.sop_instance_uid, blobs.write(1, data), header.to_json())])


KNOWN = {"NumberOfImagesInMosaic": ["5"], "SliceNormalVector": ["0", "0", "-1"]}


def test_tiles_are_slices_at_the_places_of_the_makers_header(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    (stack,) = stacks(mosaic(older(**KNOWN)), blobs)
    assert stack.refusal is None and stack.geometry.shape == (TILES, ROWS, COLUMNS)
    # The middle of the mosaic is the middle of every slice: twelve columns of 2 mm and eight rows of 3 mm to spare.
    assert stack.frames[0].position == (-100 + 12, -50 + 12, 10)
    assert stack.frames[1].position == (-88, -38, 5)
    assert [int(read_frame(blobs, 1, frame).mean()) for frame in stack.frames] == [1, 2, 3, 4, 5]
    assert {read_frame(blobs, 1, frame).shape for frame in stack.frames} == {(ROWS, COLUMNS)}


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"SV10\4\3\2\1\xff\xff\xff\x7fM\0\0\0",
        older(NumberOfImagesInMosaic=["5"]),  # to which side they follow each other, nobody says
        older(NumberOfImagesInMosaic=["5"], SliceNormalVector=["0", "0", "nan"]),
        older(NumberOfImagesInMosaic=["0"], SliceNormalVector=["0", "0", "1"]),
        older(NumberOfImagesInMosaic=["17"], SliceNormalVector=["0", "0", "1"]),  # 5 side by side do not fit
        older(NumberOfImagesInMosaic=["5"], SliceNormalVector=["0", "1", "0"]),  # within the slices
        older(**KNOWN)[:200],
    ],
)
def test_a_mosaic_that_does_not_say_enough_is_shown_as_it_is(header: bytes | None, tmp_path: Path) -> None:
    (stack,) = stacks(mosaic(header), BlobStore(tmp_path))
    assert (stack.refusal, stack.rows, stack.columns) == ("mosaic", 3 * ROWS, 3 * COLUMNS)


def test_a_mosaic_is_decoded_once_however_many_want_its_tiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = BlobStore(tmp_path)
    (stack,) = stacks(mosaic(older(**KNOWN), InstanceNumber=2), blobs)
    decode, count, lock = frames.read_whole, 0, threading.Lock()

    def counted(*arguments: Any) -> Any:
        nonlocal count
        with lock:
            count += 1
        return decode(*arguments)

    monkeypatch.setattr(frames, "read_whole", counted)
    monkeypatch.setattr(frames, "MOSAICS", frames.Mosaics(most=2))
    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(lambda frame: int(read_frame(blobs, 1, frame)[0, 0]), stack.frames * 4))
    assert (values, count) == ([1, 2, 3, 4, 5] * 4, 1)


def test_a_mosaic_that_cannot_be_decoded_is_tried_again(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    data = mosaic(older(**KNOWN), InstanceNumber=3)
    (stack,) = stacks(data, blobs)
    path = blobs.path(1, stack.frames[0].blob_sha256)
    path.rename(tmp_path / "away")
    for frame in stack.frames[:2]:
        with pytest.raises(Exception, match="blob"):
            read_frame(blobs, 1, frame)
    (tmp_path / "away").rename(path)
    assert int(read_frame(blobs, 1, stack.frames[1])[0, 0]) == 2
