"""From a FrameSource to the values of its pixels. Any thread; reading and decoding release the GIL."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from numpy.typing import NDArray

from storage.blobs import BlobStore
from storage.dicom.decode import decode_frame, modality_values
from storage.dicom.parse import parse
from storage.dicom.sources import FrameSource
from storage.errors import UnreadablePixels


def read_frame(blobs: BlobStore, institution_id: int, source: FrameSource) -> NDArray[Any]:
    """Modality values of one frame: [rows, columns] int16 or float32, as `Stack.dtype` says, or RGB uint8.

    Raises:
        UnreadablePixels: the stored bytes cannot be decoded.
        NotFound, DamagedFile: the stored bytes are gone or cut off.
    """
    if source.tile is not None:
        return MOSAICS.read_tile(blobs, institution_id, source)
    return read_whole(blobs, institution_id, source)


def read_whole(blobs: BlobStore, institution_id: int, source: FrameSource) -> NDArray[Any]:
    """As `read_frame`, but of a tile the whole mosaic."""
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


class Mosaics:
    """The last few mosaics that were decoded: all tiles of one are wanted one after another, or at the same time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._kept: OrderedDict[tuple[Path, int, str], Future[NDArray[Any]]] = OrderedDict()

    def read_tile(self, blobs: BlobStore, institution_id: int, source: FrameSource) -> NDArray[Any]:
        """One tile [rows, columns]. Whoever comes second waits for the first one's decoding."""
        mosaic, tile = source.header.mosaic, source.tile
        assert mosaic is not None and tile is not None
        key = (blobs.root, institution_id, source.blob_sha256)
        with self._lock:
            future = self._kept.get(key)
            first = future is None
            if future is None:
                future = self._kept[key] = Future()
                if len(self._kept) > self._most:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
        if first:
            try:
                future.set_result(read_whole(blobs, institution_id, source))
            except BaseException as error:
                future.set_exception(error)
                with self._lock:
                    self._kept.pop(key, None)
        across, rows, columns = mosaic["across"], mosaic["rows"], mosaic["columns"]
        y, x = tile // across * rows, tile % across * columns
        values: NDArray[Any] = future.result()[y : y + rows, x : x + columns].copy()
        return values


MOSAICS = Mosaics(most=4)
