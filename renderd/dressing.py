"""What a view puts over its volume: a filter, labels, a second volume. Found, or made in the workshop."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from kernels.labelmap import LABELS
from kernels.layers import COLUMNS, Layers
from renderd.derived import Derived, Workshop
from renderd.edits import Edits
from renderd.filtered import Filtered
from renderd.filters import volume_filter
from renderd.heat import Heat, heats_of
from renderd.labelmaps import Hiding, Labelmap, mask_key
from renderd.protocol import CurvedView, Filter, Fusion, Labels, LabelStyle, PlaneView, VolumeView
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


def hides(labelmap: Labelmap, styles: tuple[LabelStyle, ...]) -> bool:
    """Whether any voxel is hidden."""
    return bool((~shown_of(styles) & (labelmap.counts > 0)).any())


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
        labels, fusion = (None, None) if isinstance(view, CurvedView) else (view.labels, view.fusion)
        wanted: dict[str, Derived | None] = {}
        if view.filter is not None and is_shaded(view):
            wanted["filter"] = self._filtered(viewport, view.filter, source)
        if labels is not None:
            key, labelmap = self._edits.labelmap(labels.n, source.assembly)
            wanted["labels"] = labelmap
            if labelmap is not None and hides(labelmap, labels.styles):
                wanted["mask"] = self._hiding(viewport, key, labelmap, labels, source)
        if fusion is not None and second is not None and is_shaded(view):
            wanted["heat"] = self._heat(viewport, fusion, source, second)
        made = {what: derived for what, derived in wanted.items() if derived is not None}
        if len(made) < len(wanted):
            return None
        filtered, labelmap = cast(Filtered | None, made.get("filter")), cast(Labelmap | None, made.get("labels"))
        dressed = replace(source, second=second, labelmap=labelmap, filtered=filtered, held=tuple(made.values()))
        return replace(dressed, layers=self._layers_of(viewport, view, dressed, made))

    def _layers_of(self, viewport: int, view: View, source: VolumeSource, made: dict[str, Derived]) -> Layers | None:
        """What rays and samples take into account; the same object as long as it is the same."""
        if isinstance(view, CurvedView):
            return None
        mask, heat = cast(Hiding | None, made.get("mask")), cast(Heat | None, made.get("heat"))
        tints = tints_of(view.labels.styles) if view.labels is not None and is_shaded(view) else None
        labelmap = source.labelmap if tints is not None and tints[:, 3].any() else None
        if mask is None and heat is None and labelmap is None:
            return None
        styles = None if view.labels is None else view.labels.styles
        key = (source.volume, mask, heat, labelmap, styles, view.fusion)
        known = self._layers.get(viewport)
        if known is not None and known[0] == key:
            return known[1]
        layers = Layers(
            source.volume,
            None if mask is None else mask.layer,
            None if labelmap is None else labelmap.layer,
            None if labelmap is None else tints,
            None if heat is None else heat.layer,
            None if heat is None or view.fusion is None else heats_of(view.fusion),
        )
        self._layers[viewport] = (key, layers)
        return layers

    def _filtered(self, viewport: int, chosen: Filter, source: VolumeSource) -> Filtered | None:
        volume_filter(chosen)  # raises what a reader should know at once
        key = ("filtered", *source.assembly.key, chosen)
        return self._workshop.find(key, lambda: Filtered(source.assembly, chosen), (id(self), viewport, "filter"))

    def _hiding(
        self, viewport: int, labelmap_key: Hashable, labelmap: Labelmap, labels: Labels, source: VolumeSource
    ) -> Hiding | None:
        shown = shown_of(labels.styles)
        key = (*source.assembly.key, mask_key(labelmap_key, shown))
        return self._workshop.find(key, lambda: Hiding(source.assembly, labelmap, shown), (id(self), viewport, "mask"))

    def _heat(self, viewport: int, fusion: Fusion, source: VolumeSource, second: VolumeSource) -> Heat | None:
        key = ("heat", *source.assembly.key, *second.assembly.key, fusion.move, fusion.window)
        begin = lambda: Heat(source.assembly, second.assembly, fusion)  # noqa: E731 - one line says what is made
        return self._workshop.find(key, begin, (id(self), viewport, "heat"))
