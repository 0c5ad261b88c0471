"""What a view puts over its volume: a filter, labels, a second volume. Found, or made in the workshop."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kernels.labelmap import LABELS
from kernels.layers import COLUMNS, Layers
from renderd.derived import Derived, Workshop
from renderd.edits import Edits
from renderd.filtered import Filtered
from renderd.filters import volume_filter
from renderd.heat import Heat, heats_of
from renderd.labelmaps import Hiding, mask_key
from renderd.protocol import CurvedView, Filter, Fusion, LabelStyle, PlaneView, VolumeView
from renderd.sources import VolumeSource

View = PlaneView | CurvedView | VolumeView


def is_shaded(view: View) -> bool:
    """Whether the view is a volume rendering, of which each ray meets all that lies over its volume."""
    return isinstance(view, VolumeView) and view.projection is None


def rgb(colour: str) -> tuple[float, ...]:
    """Red, green and blue of "#rrggbb", 0 … 1."""
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def shown_of(styles: tuple[LabelStyle, ...]) -> NDArray[np.bool_]:
    """Which labels are not hidden, bool [256]."""
    shown = np.ones(LABELS, bool)
    for style in styles:
        shown[style.label] = style.shown
    return shown


def tints_of(styles: tuple[LabelStyle, ...]) -> NDArray[np.float32]:
    """Colour and part of each label's tint, float32 [256, 4]."""
    table = np.zeros((LABELS, COLUMNS), np.float32)
    for style in styles:
        if style.label and style.shown:
            table[style.label] = (*rgb(style.colour), style.tint)
    return table


class Dressing:
    """That of one connection's viewports. On the event loop."""

    def __init__(self, workshop: Workshop, edits: Edits) -> None:
        self._workshop, self._edits = workshop, edits
        self._layers: dict[int, tuple[Hashable, Layers]] = {}  # the last of each viewport

    def closed(self, viewport: int) -> None:
        """Nobody waits for this viewport's any more."""
        self._layers.pop(viewport, None)
        for what in ("filter", "mask", "heat"):
            self._workshop.forget((id(self), viewport, what))

    def close(self) -> None:
        """The connection is gone."""
        for viewport in list(self._layers):
            self.closed(viewport)

    def dress(
        self, viewport: int, view: View, source: VolumeSource, second: VolumeSource | None
    ) -> VolumeSource | None:
        """The source with all that the view puts over it; None while something of that is made.

        Raises:
            LabelsUnknown: the view's labelmap was not made on this connection.
            InvalidFilter, FilterNeedsPicture: as `filters.volume_filter`.
            RenderError: something cannot be made, or takes more memory than there is.
        """
        chosen = view.filter if is_shaded(view) else None
        labels = None if isinstance(view, CurvedView) else view.labels
        fusion = None if isinstance(view, CurvedView) else view.fusion
        if second is not None:
            source = replace(source, second=second)
        if chosen is not None:
            filtered = self._filtered(viewport, chosen, source)
            if filtered is None:
                return None
            source = replace(source, filtered=filtered, held=(*source.held, filtered))
        if labels is None and not (is_shaded(view) and fusion is not None):
            return source
        held: list[Derived] = []
        labelmap = hiding = heat = None
        key: list[Hashable] = [source.assembly.key, id(source.volume)]
        if labels is not None:
            labelmap_key, labelmap = self._edits.labelmap(labels.n, source.assembly)
            if labelmap is None:
                return None
            held.append(labelmap)
            shown = shown_of(labels.styles)
            key += [labelmap_key, labels.styles]
            if (~shown & (labelmap.counts > 0)).any():
                mask = (*source.assembly.key, mask_key(labelmap_key, shown))
                found = labelmap
                hiding = self._workshop.find(
                    mask, lambda: Hiding(source.assembly, found, shown), (id(self), viewport, "mask")
                )
                if hiding is None:
                    return None
                held.append(hiding)
        if is_shaded(view) and fusion is not None and second is not None:
            heat = self._heat(viewport, fusion, source, second)
            if heat is None:
                return None
            held.append(heat)
            key.append(fusion)
        source = replace(source, labelmap=labelmap, held=(*source.held, *held))
        tints = tints_of(labels.styles) if labels is not None and is_shaded(view) else None
        is_tinted = labelmap is not None and tints is not None and bool(tints[:, 3].any())
        if hiding is None and heat is None and not is_tinted:
            return source
        known = self._layers.get(viewport)
        if known is None or known[0] != tuple(key):
            layers = Layers(
                source.volume,
                None if hiding is None else hiding.layer,
                labelmap.layer if labelmap is not None and is_tinted else None,
                tints if is_tinted else None,
                None if heat is None else heat.layer,
                None if heat is None or fusion is None else heats_of(fusion),
            )
            known = self._layers[viewport] = (tuple(key), layers)
        return replace(source, layers=known[1])

    def _filtered(self, viewport: int, chosen: Filter, source: VolumeSource) -> Filtered | None:
        volume_filter(chosen)  # raises what a reader should know at once
        key = ("filtered", *source.assembly.key, chosen)
        return self._workshop.find(key, lambda: Filtered(source.assembly, chosen), (id(self), viewport, "filter"))

    def _heat(self, viewport: int, fusion: Fusion, source: VolumeSource, second: VolumeSource) -> Heat | None:
        key = ("heat", *source.assembly.key, *second.assembly.key, fusion.move, fusion.window)
        begin = lambda: Heat(source.assembly, second.assembly, fusion)  # noqa: E731 - one line says what is made
        return self._workshop.find(key, begin, (id(self), viewport, "heat"))
