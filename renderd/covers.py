"""What lies over the greys of a plane or a projection: a second volume in colours, then labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kernels.compose import coloured, fused, labelled
from kernels.labelmap import LABELS, labels_seen
from kernels.picture import Picture
from kernels.plane import project, slab
from kernels.volume import Volume
from renderd import camera
from renderd.dressing import rgb
from renderd.heat import moved
from renderd.palettes import colours_of
from renderd.protocol import LabelStyle, PlaneView, VolumeView
from renderd.sources import VolumeSource

View = PlaneView | VolumeView  # the latter with a projection
Sample = Callable[[Volume], NDArray[np.float32]]


def styles_of(styles: tuple[LabelStyle, ...]) -> NDArray[np.float32]:
    """Colour, tint and outline of each label that is drawn, float32 [256, 5]; see kernels/compose.py."""
    table = np.zeros((LABELS, 5), np.float32)
    for style in styles:
        if style.label and style.shown:
            table[style.label] = (*rgb(style.colour), style.tint, float(style.outline))
    return table


class Cover:
    """That of one picture. `is_empty`: it stays grey."""

    def __init__(self, view: View, picture: Picture, source: VolumeSource) -> None:
        self._view, self._picture, self._source = view, picture, source
        self._fusion = view.fusion if source.second is not None else None
        self._styles = styles_of(view.labels.styles) if view.labels is not None else np.zeros((LABELS, 5), np.float32)
        self._drawn = np.zeros(LABELS, bool)
        if source.labelmap is not None:
            self._drawn |= (self._styles[:, 3:] > 0).any(axis=1)
        self._second = None
        if self._fusion is not None and source.second is not None:
            self._second = moved(source.second.volume, self._fusion)

    @property
    def is_empty(self) -> bool:
        return self._fusion is None and not self._drawn.any()

    def paint(self, first: int, last: int, greys: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
        """Colour the rows first … last of the picture."""
        if self._fusion is not None and self._second is not None:
            centre, width = self._fusion.window
            values = self._values(self._second, first, last)
            ends = (centre - width / 2, centre + width / 2)
            fused(greys, values, colours_of(self._fusion.palette), *ends, self._fusion.opacity, out)
        else:
            coloured(greys, out)
        if self._drawn.any():
            self._label(first, last, out)

    def _values(self, volume: Volume, first: int, last: int) -> NDArray[np.float32]:
        """What the view shows of a volume, in those rows."""
        view, rows = self._view, (first, last)
        if isinstance(view, PlaneView):
            return slab(volume, self._picture, view.projection, view.thickness_mm, rows=rows)
        assert view.projection is not None
        return project(volume, self._picture, view.projection, clip=camera.clip(view), rows=rows)

    def _label(self, first: int, last: int, out: NDArray[np.uint8]) -> None:
        labelmap, view, picture = self._source.labelmap, self._view, self._picture
        assert labelmap is not None
        # An outline asks for the rows beside the band, too.
        top, bottom = max(first - 1, 0), min(last + 1, picture.height)
        thickness = view.thickness_mm if isinstance(view, PlaneView) else None
        clip = None if isinstance(view, PlaneView) else camera.clip(view)
        labels = labels_seen(
            self._source.volume, labelmap.layer.array, picture, self._drawn, thickness,
            highest=labelmap.layer.highest, clip=clip, rows=(top, bottom),
        )  # fmt: skip
        labelled(labels, self._styles, out, first - top)
