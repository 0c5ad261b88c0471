"""Overlays and shutters over the picture of a frame: crisp, in the image's own place, and free where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kernels.image import sample, sub_samples
from renderd.camera import Size, Vector, image_band
from storage.dicom.masks import Mask, Masks

OVERLAY_GREY = 255
HALF = 128


@dataclass(frozen=True)
class Drawing:
    """The masks of a frame on the grid of one picture; matrix: from pixel (u, v) to image index (x, y)."""

    masks: Masks
    matrix: Vector
    size: Size
    overlays: bool
    shutter: bool

    @cached_property
    def _shutter(self) -> Mask | None:
        return self._within(self.masks.shutter) if self.shutter else None

    @cached_property
    def _overlay(self) -> Mask | None:
        return self._within(self.masks.overlay) if self.overlays else None

    @property
    def is_seen(self) -> bool:
        """Whether the picture shows a part of the image in which something is drawn."""
        return self._shutter is not None or self._overlay is not None

    def draw(self, first: int, out: NDArray[np.uint8]) -> None:
        """Draw over rows of the picture, the first of which is `first`: the shutter, and overlays on top of it."""
        if self._shutter is not None:
            out[self._sampled(self._shutter, first, out) >= HALF] = self.masks.shutter_grey
        if self._overlay is not None:
            # A line one image pixel wide covers one part in n of a picture's pixel, or half of that in each of two:
            # it must not vanish in a small picture.
            least = HALF / sub_samples(self.matrix)
            out[self._sampled(self._overlay, first, out) >= least] = OVERLAY_GREY

    def _sampled(self, mask: Mask, first: int, out: NDArray[np.uint8]) -> NDArray[np.float32]:
        sampled: NDArray[np.float32] = sample(mask, image_band(self.matrix, first), out.shape[1], out.shape[0])
        return sampled

    def _within(self, mask: Mask | None) -> Mask | None:
        """The mask, if it has anything in the upright rectangle of the image that holds the picture."""
        if mask is None:
            return None
        corners = np.array([[u, v, 1] for u in (0, self.size.width - 1) for v in (0, self.size.height - 1)])
        x, y = self.matrix @ corners.T
        rows, columns = mask.shape
        top, bottom = max(0, int(np.floor(y.min()))), min(rows, int(np.ceil(y.max())) + 1)
        left, right = max(0, int(np.floor(x.min()))), min(columns, int(np.ceil(x.max())) + 1)
        return mask if mask[top:bottom, left:right].any() else None
