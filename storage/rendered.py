"""A small JPEG of one stored frame, for lists: no volume, no kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from storage.blobs import BlobStore
from storage.dicom.contrast import window_of
from storage.dicom.frames import read_frame
from storage.dicom.luts import apply_voi_lut
from storage.dicom.masks import read_masks
from storage.dicom.stacks import Stack

THUMBNAIL_SIDE = 160
JPEG_QUALITY = 80
MAX_SHRINK_COST = 4  # samples of the image per pixel of the picture and axis that are averaged at most


def thumbnail(blobs: BlobStore, institution_id: int, stack: Stack, side: int = THUMBNAIL_SIDE) -> bytes:
    """The middle frame of a Stack as a JPEG whose longer side is `side`, with square pixels.

    Raises:
        UnreadablePixels, NotFound, DamagedFile: as `read_frame`.
    """
    values = read_frame(blobs, institution_id, stack.middle)
    picture = shrink(values, side, stack.aspect)
    shown = picture if stack.colour else _greys(stack, values, picture.astype(np.float32))
    masks = read_masks(blobs, institution_id, stack.middle)
    if masks.shutter is not None:
        hides = shrink(masks.shutter, side, stack.aspect) >= 128
        shown = np.where(hides[..., None] if stack.colour else hides, np.uint8(masks.shutter_grey), shown)
    # Overlays are lines and letters, which no thumbnail is large enough for.
    if stack.colour:
        return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(shown), JPEG_QUALITY, "RGB", "444"))
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(shown[..., None]), JPEG_QUALITY, "GRAY"))


def _greys(stack: Stack, values: NDArray[Any], picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The picture as the stack opens: in its first window or VOI LUT, else in the range of its own values."""
    if not stack.windows:
        whole = values.dtype.kind != "f"
        return to_grey(picture, *window_of(values, whole), stack.inverted, "LINEAR" if whole else "LINEAR_EXACT")
    centre, width, _, *lut = stack.windows[0]
    if lut:
        return apply_voi_lut(picture, stack.middle.header.luts[lut[0]], stack.inverted)
    return to_grey(picture, centre, width, stack.inverted, stack.middle.window_function)


def shrink(values: NDArray[Any], side: int, aspect: float = 1.0) -> NDArray[Any]:
    """The image at most `side` high and wide with square pixels; each of its pixels a mean of a few."""
    rows, columns = values.shape[:2]
    # aspect: height of a pixel over its width.
    scale = min(side / max(rows * aspect, columns), 1.0)
    height, width = max(1, round(rows * aspect * scale)), max(1, round(columns * scale))
    n = min(MAX_SHRINK_COST, max(1, rows // height, columns // width))
    ys = np.minimum(((np.arange(height * n) + 0.5) * rows / (height * n)).astype(int), rows - 1)
    xs = np.minimum(((np.arange(width * n) + 0.5) * columns / (width * n)).astype(int), columns - 1)
    samples = values[ys[:, None], xs[None, :]].astype(np.float32)
    mean: NDArray[Any] = samples.reshape(height, n, width, n, *values.shape[2:]).mean(axis=(1, 3))
    return np.rint(mean).astype(np.uint8) if values.dtype == np.uint8 else mean


def to_grey(
    values: NDArray[np.float32], centre: float, width: float, inverted: bool, function: str = "LINEAR"
) -> NDArray[np.uint8]:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3: LINEAR, LINEAR_EXACT or SIGMOID, to 0…255."""
    share: NDArray[Any]
    if function == "SIGMOID" and width > 0:
        # tanh, because exp overflows far from the centre.
        share = np.tanh(2 * (values - centre) / width) / 2 + 0.5
    elif width > 0 and (function == "LINEAR_EXACT" or width < 1):  # as renderd/render.py
        share = np.clip((values - centre) / width + 0.5, 0, 1)
    elif width <= 1:
        share = (values > centre - 0.5).astype(np.float32)
    else:
        share = np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)
    grey: NDArray[np.uint8] = np.rint((1 - share if inverted else share) * 255).astype(np.uint8)
    return grey
