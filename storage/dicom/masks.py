"""What is drawn over a frame, as masks of its pixels. Any thread."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from storage.blobs import BlobStore
from storage.dicom import overlays, shutters
from storage.dicom.decode import raw_frame
from storage.dicom.frames import read_encoded, read_stored
from storage.dicom.overlays import Overlay
from storage.dicom.sources import FrameSource
from storage.errors import StorageError

Mask = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Masks:
    """[rows, columns] of 0 and 255, or None where nothing is drawn; the shutter hides behind `shutter_grey`."""

    overlay: Mask | None = None
    shutter: Mask | None = None
    shutter_grey: int = 0


NOTHING = Masks()


def has_masks(source: FrameSource) -> bool:
    """Whether it is worth asking for them."""
    # A tile has another size than the image whose overlays these are.
    header = source.header
    return source.tile is None and bool(header.overlays or header.of_frame(source.frame, "shutter"))


def read_masks(blobs: BlobStore, institution_id: int, source: FrameSource) -> Masks:
    """The overlays and the shutter of a frame. What cannot be read is left out: the image itself matters more."""
    header, pixels = source.header, source.header.pixels
    if pixels is None or not has_masks(source):
        return NOTHING
    shape = (pixels.rows, pixels.columns)
    shutter = header.of_frame(source.frame, "shutter") or {}
    hides = _hidden(json.dumps(shutter), shape, header.aspect)
    drawn = np.zeros(shape, np.uint8)
    for entry in header.overlays:
        overlay = Overlay(**entry)
        target = drawn if shutter.get("overlay") != overlay.group else np.zeros(shape, np.uint8)
        try:
            _draw(target, blobs, institution_id, source, overlay)
        except StorageError:
            continue
        if target is not drawn:
            hides = np.maximum(hides, target)
    return Masks(
        drawn if drawn.any() else None,
        # One that hides everything is a mistake: nobody makes an image to show nothing of it.
        hides if hides.any() and not hides.all() else None,
        shutter.get("grey", 0),
    )


@lru_cache(maxsize=4)
def _hidden(shutter: str, shape: tuple[int, int], aspect: float) -> Mask:
    """What the shapes of a shutter hide: the same for every frame of most cines."""
    return shutters.hidden(json.loads(shutter), *shape, aspect).astype(np.uint8) * 255


def _draw(target: Mask, blobs: BlobStore, institution_id: int, source: FrameSource, overlay: Overlay) -> None:
    own = overlay.frame_of(source.frame)
    if own is None:
        return
    if overlay.offset is None:
        raw = raw_frame(read_encoded(blobs, institution_id, source), source.header, source.frame)
        # A codec may have kept no more bits than the pixels use.
        if overlay.bit < 8 * raw.dtype.itemsize:
            words = raw.astype(raw.dtype.newbyteorder("="), copy=False).view(f"u{raw.dtype.itemsize}")
            overlays.draw(target, words >> overlay.bit & 1, overlay)
        return
    place = overlays.ranges(overlay, own)
    data = read_stored(blobs, institution_id, source, [place])
    overlays.draw(target, overlays.unpack(data, overlay, own), overlay)
