"""From a FrameSource to the values of its pixels. Any thread; reading and decoding release the GIL."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from storage.blobs import BlobStore
from storage.dicom.decode import decode_frame, modality_values
from storage.dicom.parse import parse
from storage.dicom.stacks import FrameSource
from storage.errors import UnreadablePixels


def read_frame(blobs: BlobStore, institution_id: int, source: FrameSource) -> NDArray[Any]:
    """Modality values of one frame: [rows, columns] int16 or float32, as `Stack.dtype` says, or RGB uint8.

    Raises:
        UnreadablePixels: the stored bytes cannot be decoded.
        NotFound, DamagedFile: the stored bytes are gone or cut off.
    """
    header = source.header
    stored = decode_frame(read_encoded(blobs, institution_id, source), header, source.frame)
    return modality_values(stored, header, source.frame)


def read_encoded(blobs: BlobStore, institution_id: int, source: FrameSource) -> bytes:
    """The bytes of one frame as they are stored, fragments joined."""
    pixels = source.header.pixels
    if pixels is None:
        raise UnreadablePixels(source.header.reason)
    return read_stored(blobs, institution_id, source, pixels.ranges(source.frame))


def read_stored(blobs: BlobStore, institution_id: int, source: FrameSource, ranges: list[tuple[int, int]]) -> bytes:
    """Pieces (offset, length) of the frame's instance, joined; in a deflated one they count in the inflated bytes."""
    pixels = source.header.pixels
    if pixels is not None and pixels.deflated:
        body = _inflated(blobs, institution_id, source.blob_sha256)
        return b"".join(body[offset : offset + length] for offset, length in ranges)
    return b"".join(blobs.read_range(institution_id, source.blob_sha256, offset, length) for offset, length in ranges)


@lru_cache(maxsize=2)
def _inflated(blobs: BlobStore, institution_id: int, sha256: str) -> bytes:
    """A deflated dataset, whose frames have no place of their own; kept for the next frame of the same instance."""
    return parse(blobs.read(institution_id, sha256)).body
