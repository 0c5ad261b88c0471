from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid

from storage.blobs import BlobStore
from storage.dicom.frames import read_frame
from storage.dicom.stacks import Stack, stacks_of
from storage.dicom.write import write_instance
from storage.errors import DamagedFile, NotFound, UnreadablePixels
from tests.storage.dicom.pictures import Stored, instances


def stack_in(blobs: BlobStore, data: bytes) -> Stack:
    (one,) = instances([data])
    (stack,) = stacks_of([Stored(one.sop_instance_uid, blobs.write(1, data), one.header)])
    return stack


@pytest.mark.parametrize(
    "transfer_syntax",
    [uid.ExplicitVRLittleEndian, uid.DeflatedExplicitVRLittleEndian, uid.RLELossless, uid.JPEG2000Lossless],
)
def test_many_threads_read_the_frames_of_one_instance(tmp_path: Path, transfer_syntax: str) -> None:
    cine = np.random.default_rng(0).integers(0, 4000, (12, 20, 30)).astype(np.uint16)
    blobs = BlobStore(tmp_path)
    stack = stack_in(blobs, write_instance(cine, 0, transfer_syntax, {"BitsStored": 12}))
    with ThreadPoolExecutor(4) as pool:
        frames = list(pool.map(lambda frame: read_frame(blobs, 1, frame), stack.frames))
    assert stack.dtype == "int16" and {frame.dtype.name for frame in frames} == {"int16"}
    assert np.array_equal(frames, cine)


def test_a_lost_a_cut_off_and_a_damaged_blob_are_told_apart(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    data = write_instance(np.ones((20, 30), np.uint16), 0, uid.JPEGLSLossless, {})
    undecodable = data.replace(b"\xff\xd8", b"\0\0")
    with pytest.raises(UnreadablePixels):
        read_frame(blobs, 1, stack_in(blobs, undecodable).frames[0])
    (frame,) = stack_in(blobs, data).frames
    path = blobs.path(1, frame.blob_sha256)
    path.write_bytes(undecodable)
    with pytest.raises(DamagedFile):
        read_frame(blobs, 1, frame)
    path.write_bytes(data[:-60])
    with pytest.raises(DamagedFile):
        read_frame(blobs, 1, frame)
    path.unlink()
    with pytest.raises(NotFound):
        read_frame(blobs, 1, frame)
