"""What a view puts over its volume: a filter, labels, a second volume. Found, or made in the workshop."""

from __future__ import annotations

import weakref
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from kernels.labelmap import LABELS
from kernels.layers import COLUMNS, Layers
from renderd.assemble import volume_bytes
from renderd.derived import Derived, Part
from renderd.edits import Edits, Found
from renderd.filtered import Filtered, filtered_part
from renderd.heat import Heat, heat_part, heats_of
from renderd.labelmaps import Hiding, Labelmap, hiding_part
from renderd.protocol import CurvedView, LabelStyle, PlaneView, VolumeView
from renderd.sources import VolumeSource
from renderd.workshop import Workshop

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


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Layers, and what they were made from: by identity, as long as all of it lives."""

    key: Hashable
    layers: Layers
    of: list[weakref.ref[Any]]


class Dressing:
    """That of one connection's viewports. On the event loop."""

    def __init__(self, workshop: Workshop, edits: Edits) -> None:
        self._workshop, self._edits = workshop, edits
        self._layers: dict[Hashable, Known] = {}  # the last of each viewport

    def closed(self, place: Hashable) -> None:
        """Nothing is shown there any more, or nothing with layers."""
        self._layers.pop(place, None)

    def parts(self, view: View, first: Found, second: Found | None) -> dict[str, Part]:
        """What the view puts over its stack, by what it is.

        Raises:
            LabelsUnknown: the view's labelmap was not made on this connection.
            InvalidFilter, FilterNeedsPicture: as `filters.volume_filter`.
            NotAVolume: the stack has no volume.
        """
        institution_id, stack = first
        key, voxels = (institution_id, stack.digest), volume_bytes(stack) // np.dtype(stack.dtype).itemsize
        labels, fusion = (None, None) if isinstance(view, CurvedView) else (view.labels, view.fusion)
        parts: dict[str, Part] = {}
        if view.filter is not None and is_shaded(view):
            parts["filter"] = filtered_part(key, stack, voxels, view.filter)
        if fusion is not None and second is not None and is_shaded(view):
            parts["heat"] = heat_part(key, (second[0], second[1].digest), voxels, fusion)
        if labels is not None:
            shown = shown_of(labels.styles)
            beside = sum(part.size_bytes for part in parts.values()) + (0 if shown.all() else voxels)
            beside += 0 if second is None else volume_bytes(second[1])
            parts["labels"] = self._edits.part(labels.n, *first, beside)
            labelmap: Labelmap | None = self._workshop.ready(parts["labels"].key)
            if not shown.all() and (labelmap is None or hides(labelmap, labels.styles)):
                parts["mask"] = hiding_part(key, parts["labels"], shown)
        return parts

    def dress(
        self,
        place: Hashable,
        view: View,
        source: VolumeSource,
        second: VolumeSource | None,
        made: dict[str, Derived],
    ) -> VolumeSource:
        """The source with all that the view puts over it; `made`: each of its parts."""
        labelmap, filtered = cast(Labelmap | None, made.get("labels")), cast(Filtered | None, made.get("filter"))
        dressed = replace(source, second=second, labelmap=labelmap, filtered=filtered, held=tuple(made.values()))
        return replace(dressed, layers=self._layers_of(place, view, dressed, made))

    def _layers_of(self, place: Hashable, view: View, source: VolumeSource, made: dict[str, Derived]) -> Layers | None:
        """What rays and samples take into account; the same object as long as it is the same."""
        labels, fusion = (None, None) if isinstance(view, CurvedView) else (view.labels, view.fusion)
        mask, heat = cast(Hiding | None, made.get("mask")), cast(Heat | None, made.get("heat"))
        tints = tints_of(labels.styles) if labels is not None and is_shaded(view) else None
        labelmap = source.labelmap if tints is not None and tints[:, 3].any() else None
        if mask is None and heat is None and labelmap is None:
            self._layers.pop(place, None)
            return None
        of = [one for one in (source.assembly, source.filtered, mask, heat, labelmap) if one is not None]
        key = (*map(id, of), None if labels is None else labels.styles, fusion)
        known = self._layers.get(place)
        if known is not None and known.key == key:
            return known.layers
        layers = Layers(
            source.volume,
            None if mask is None else mask.layer,
            None if labelmap is None else labelmap.layer,
            None if labelmap is None else tints,
            None if heat is None else heat.layer,
            None if heat is None or fusion is None else heats_of(fusion),
        )
        gone = lambda _: self._layers.pop(place, None)  # noqa: E731 - whoever left the cache must not stay in here
        self._layers[place] = Known(key, layers, [weakref.ref(one, gone) for one in of])
        return layers
