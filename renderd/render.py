"""From what is wanted and its source to a picture in the making, whose kernels and settings are chosen here."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from kernels.curved import reformat
from kernels.curved_picture import CurvedPicture
from kernels.filters import apply
from kernels.image import sample
from kernels.picture import Rows
from kernels.plane import SHORT, project, slab
from kernels.rendering import MOVING_EXIT, SOON_EXIT, STILL_EXIT, volume_rendering
from kernels.samples import sample_count
from kernels.volume import Volume
from kernels.window import OUTSIDE, Function, window
from renderd import camera
from renderd.assemble import Assembly
from renderd.camera import Size
from renderd.costs import Costs
from renderd.covers import Cover
from renderd.drawing import Drawing
from renderd.errors import FilterNeedsGrey
from renderd.filters import picture_filter
from renderd.ladder import Ladder, Rung, rungs
from renderd.protocol import LEVELS, MAX_SIDE, CurvedView, Flag, PlaneView, StackView, VolumeView
from renderd.rendering import Rendering, bands
from renderd.residence import Residence, Resident, bring
from renderd.sources import Source, StackSource, VolumeSource
from renderd.transfers import transfer_of
from renderd.viewer import Want
from storage.dicom.luts import apply_voi_lut
from storage.dicom.masks import NOTHING

MOVING_S = 0.045  # a moving picture takes about this long at most
MOVING_SIDE = 256  # but is never smaller than this on its shorter side
MOVING_STEP_MM = 1.4
STILL_STEP_MM = 0.7

OF_WINDOW = ("clahe", "gamma")  # filters that make something else of values when the window changes

Sampled = Callable[[Rows], NDArray[np.float32]]  # rows of a picture of values

# Before the first picture of a kind was timed: two cores of 2020.
GUESS_SAMPLE_S = 2e-9
GUESS_RAY_S = 4e-7
FINER = 3.5  # times what a coarse step takes, until it was timed: rather too much, so that few are tried in vain


class Renderer:
    """Turns wants into renderings, and learns what they cost. Belongs to the compute thread."""

    def __init__(self) -> None:
        self.costs = Costs()
        self._ladder = Ladder()
        self._frame: tuple[Hashable, NDArray[np.float32]] | None = None  # filtered, and which it is
        self.residence: Residence | None = None  # comes when the machine has a card and its kernels are compiled

    def start(self, want: Want, source: Source) -> Rendering:
        """A picture to be made.

        Raises:
            PresetNotFound, InvalidCurve: as `transfer_of`.
            FilterNeedsGrey: an image in colours has no filter.
        """
        view = want.view
        if isinstance(view, StackView):
            return self._stack(want, view, cast(StackSource, source))
        if isinstance(view, PlaneView):
            return self._plane(want, view, cast(VolumeSource, source))
        if isinstance(view, CurvedView):
            return self._curved(want, view, cast(VolumeSource, source))
        make = self._volume if view.projection is None else self._projection
        return make(want, view, cast(VolumeSource, source))

    def _drawn_on_card(self, assembly: Assembly, paint: Callable[[Resident], None]) -> bool:
        return self.residence is not None and self.residence.draw(assembly, paint)

    def _rung(
        self, want: Want, kind: Callable[[Rung], Hashable], guess_s: float, least: int, *, has_steps: bool = False
    ) -> Rung:
        """The size of a picture, and its step where there is a choice; `kind`: what it costs as, see `Rendering`."""
        largest = min(1.0, MAX_SIDE / max(want.width, want.height))
        if want.rests:
            return Rung(largest, fine=want.final)
        largest = min(largest, max(LEVELS[want.level][0], least / min(want.width, want.height)))
        ladder = rungs(largest, min(largest, least / min(want.width, want.height)), has_steps=has_steps)
        pixels = want.width * want.height

        coarse_s = self.costs.seconds_per_pixel(kind(Rung(1)), guess_s)
        if has_steps:
            # One slow picture must not end the fine ones for good.
            self.costs.drift(kind(ladder[0]), FINER * coarse_s)

        def seconds(rung: Rung) -> float:
            expected_s = FINER * coarse_s if rung.fine else coarse_s
            return self.costs.seconds_per_pixel(kind(rung), expected_s) * rung.scale**2 * pixels

        return self._ladder.choose((kind(ladder[-1]), want.width, want.height, ladder[0]), ladder, seconds, MOVING_S)

    def _size(self, want: Want, kind: Hashable, guess_s: float, least: int) -> Size:
        rung = self._rung(want, lambda _: kind, guess_s, least)
        return camera.reduced(want.width, want.height, rung.scale)

    def _stack(self, want: Want, view: StackView, source: StackSource) -> Rendering:
        stack, values = source.stack, source.values
        frame = stack.frames[min(view.frame, len(stack.frames) - 1)]
        luts = frame.header.luts
        lut = luts[view.lut] if view.lut is not None and view.lut < len(luts) else None
        # A picture that shrinks its image averages many image pixels in each of its own.
        shrinking = round(math.log2(view.extent_mm / min(want.width, want.height)))
        kind = ("stack", stack.colour, shrinking, lut is not None, source.masks is not NOTHING, view.filter)
        size = self._size(want, kind, GUESS_SAMPLE_S, 1)
        pixel_mm = (stack.spacing[1], stack.spacing[0]) if stack.spacing else (1.0, stack.aspect)
        matrix, is_exact = camera.image_matrix(view, size, pixel_mm)
        flags = _flags(size, interpolated=not is_exact, colour=stack.colour)
        drawing = Drawing(source.masks, matrix, size, overlays=view.overlays, shutter=view.shutter)
        if drawing.is_seen:
            flags |= Flag.DRAWN
        invert = stack.inverted != view.invert
        if stack.colour:
            if view.filter is not None:
                raise FilterNeedsGrey(view.filter.name)
            table = colour_table(*view.window)
            source_values = 255 - values if view.invert else values  # before sampling: outside stays black

            def paint(first: int, last: int, out: NDArray[np.uint8]) -> None:
                sample(source_values, camera.image_band(matrix, first), size.width, last - first, out)
                if table is not None:
                    np.take(table, out, out=out)
                drawing.draw(first, out)

        else:
            if view.filter is not None:
                flags |= Flag.INTERPOLATED  # no stored values any more
                values = self._filtered_frame(view, values, pixel_mm)

            def paint(first: int, last: int, out: NDArray[np.uint8]) -> None:
                greys = sample(values, camera.image_band(matrix, first), size.width, last - first)
                if lut is not None:
                    apply_voi_lut(greys, lut, invert, out)
                    out[greys == OUTSIDE] = 0
                else:
                    _window(greys, view.window, invert, frame.window_function, out)
                drawing.draw(first, out)

        return Rendering(want, size, flags, paint, kind=kind, costs=self.costs)

    def _filtered_frame(self, view: StackView, values: NDArray[Any], pixel_mm: tuple[float, float]) -> NDArray[Any]:
        """The frame as its filter makes it; the last one is kept, since a zoom asks for the same at every picture."""
        assert view.filter is not None
        # A series belongs to one institution, and a digest stands for one content.
        window_of = view.window if view.filter.name in OF_WINDOW else None
        key = (view.series, view.stack, view.frame, view.filter, window_of)
        if self._frame is None or self._frame[0] != key:
            whole = np.array(values, np.float32)  # a copy, so that no volume stays in memory for its slice
            made = apply(picture_filter(view.filter), whole, math.sqrt(pixel_mm[0] * pixel_mm[1]), view.window)
            self._frame = (key, made)
        return self._frame[1]

    def _plane(self, want: Want, view: PlaneView, source: VolumeSource) -> Rendering:
        volume, stack = source.volume, source.stack
        full = camera.reduced(want.width, want.height, 1.0)
        count = sample_count(volume, camera.picture(view, full), view.thickness_mm)
        kind = ("plane", view.projection, count, view.filter, *_covers(view), source.layers is None)
        size = self._size(want, kind, GUESS_SAMPLE_S * (count + 1), MOVING_SIDE)
        picture = camera.picture(view, size)
        invert = stack.inverted != view.invert
        cover = Cover(view, picture, source)

        def sampled(rows: Rows) -> NDArray[np.float32]:
            grid = source.bricks if count >= SHORT else None
            how: Any = {"bricks": grid, "layers": source.layers, "rows": rows}
            return slab(volume, picture, view.projection, view.thickness_mm, **how)

        before, values_of = _filtered(view, size, sampled)

        def paint(first: int, last: int, out: NDArray[np.uint8]) -> None:
            rows = (first, last)

            def on_card(resident: Resident) -> None:
                values = slab(resident.volume, picture, view.projection, view.thickness_mm, rows=rows)
                try:
                    bring(_window(values, view.window, invert, stack.window_function), out)
                finally:
                    values.fill(0)

            is_plain = cover.is_empty and source.plain and view.filter is None
            if is_plain and self._drawn_on_card(source.assembly, on_card):
                return
            greys = partial(_window, values_of(rows), view.window, invert, stack.window_function)
            _paint(greys, cover, rows, out)

        flags = _flags(size, interpolated=True, colour=not cover.is_empty)
        return Rendering(want, size, flags, paint, kind=kind, costs=self.costs, before=before)

    def _curved(self, want: Want, view: CurvedView, source: VolumeSource) -> Rendering:
        volume, stack = source.volume, source.stack
        count = max(1, round(view.thickness_mm / float(volume.spacing_mm.min())))
        kind = ("curved", view.layout, view.projection, count, view.filter)
        size = self._size(want, kind, GUESS_SAMPLE_S * (count + 1), MOVING_SIDE)
        picture = camera.layout(view, size).picture
        invert = stack.inverted != view.invert

        def sampled(rows: Rows) -> NDArray[np.float32]:
            return reformat(volume, rows_of(picture, rows), view.projection, view.thickness_mm)

        before, values_of = _filtered(view, size, sampled)

        def paint(first: int, last: int, out: NDArray[np.uint8]) -> None:
            _window(values_of((first, last)), view.window, invert, stack.window_function, out)

        flags = _flags(size, interpolated=True, colour=False)
        return Rendering(want, size, flags, paint, kind=kind, costs=self.costs, before=before)

    def _volume(self, want: Want, view: VolumeView, source: VolumeSource) -> Rendering:
        volume, assembly = source.volume, source.assembly
        eye, clip = camera.eye(view), camera.clip(view)
        shown = (view.preset, view.curve is None, eye is None, len(clip), assembly.key, source.plain)

        def kind(rung: Rung) -> Hashable:
            return ("volume", *shown, want.final, rung.fine)

        rung = self._rung(want, kind, GUESS_RAY_S, MOVING_SIDE, has_steps=True)
        size = camera.reduced(want.width, want.height, rung.scale)
        picture = camera.picture(view, size)
        transfer = transfer_of(view, assembly)
        early_exit = STILL_EXIT if want.final else SOON_EXIT if rung.fine else MOVING_EXIT
        how = (step_of(volume, fine=rung.fine), early_exit, rung.fine)
        flags = _flags(size, interpolated=True, colour=True) | (Flag(0) if want.final else Flag.REDUCED)

        def paint(first: int, last: int, out: NDArray[np.uint8]) -> None:
            where: Any = {"eye": eye, "clip": clip, "layers": source.layers, "rows": (first, last)}

            def on_card(resident: Resident) -> None:
                bring(volume_rendering(resident.volume, picture, transfer, resident.bricks, *how, **where), out)

            if not (source.plain and self._drawn_on_card(assembly, on_card)):
                volume_rendering(volume, picture, transfer, source.bricks, *how, out, **where)

        return Rendering(want, size, flags, paint, kind=kind(rung), costs=self.costs)

    def _projection(self, want: Want, view: VolumeView, source: VolumeSource) -> Rendering:
        """Through the whole volume; one that moves is smaller, never coarser along its rays."""
        assert view.projection is not None
        projection = view.projection
        volume, assembly, function = source.volume, source.assembly, source.stack.window_function
        clip = camera.clip(view)
        kind = ("projection", projection, len(clip), assembly.key, view.filter, *_covers(view), source.layers is None)
        size = self._size(want, kind, GUESS_RAY_S, MOVING_SIDE)
        picture = camera.picture(view, size)
        invert = source.stack.inverted != view.invert
        cover = Cover(view, picture, source)

        def sampled(rows: Rows) -> NDArray[np.float32]:
            grid = source.bricks if projection != "mean" else None
            return project(volume, picture, projection, bricks=grid, clip=clip, layers=source.layers, rows=rows)

        before, values_of = _filtered(view, size, sampled)

        def paint(first: int, last: int, out: NDArray[np.uint8]) -> None:
            rows = (first, last)

            def on_card(resident: Resident) -> None:
                values = project(resident.volume, picture, projection, clip=clip, rows=rows)
                try:
                    bring(_window(values, view.window, invert, function), out)
                finally:
                    values.fill(0)

            is_plain = cover.is_empty and source.plain and view.filter is None
            if is_plain and self._drawn_on_card(assembly, on_card):
                return
            _paint(partial(_window, values_of(rows), view.window, invert, function), cover, rows, out)

        flags = _flags(size, interpolated=True, colour=not cover.is_empty)
        return Rendering(want, size, flags, paint, kind=kind, costs=self.costs, before=before)


def _filtered(
    view: PlaneView | CurvedView | VolumeView, size: Size, sampled: Sampled
) -> tuple[Iterator[None], Sampled]:
    """Rows of a picture of values with the view's filter, which looks at all of the picture; and what comes before."""
    if view.filter is None:
        return iter(()), sampled
    chosen, pixel_mm = picture_filter(view.filter), view.extent_mm / min(size.width, size.height)
    whole = np.empty((size.height, size.width), np.float32)

    def take(rows: Rows) -> None:
        whole[rows[0] : rows[1]] = sampled(rows)

    def before() -> Iterator[None]:
        yield from bands(size.height, take)
        whole[:] = apply(chosen, whole, pixel_mm, view.window)
        yield

    return before(), lambda rows: whole[rows[0] : rows[1]]


def rows_of(picture: CurvedPicture, rows: Rows) -> CurvedPicture:
    """Some rows of a curved picture, each of which is a picture of its own."""
    part = slice(*rows)
    lines = (picture.origin[part], picture.right[part], picture.normal[part])
    return CurvedPicture(*lines, picture.shown[part], picture.width, picture.is_isometric)


def _covers(view: PlaneView | VolumeView) -> tuple[bool, bool]:
    """What costs more than the greys."""
    return view.fusion is not None, view.labels is not None


def _paint(greys: Callable[..., NDArray[np.uint8]], cover: Cover, rows: Rows, out: NDArray[np.uint8]) -> None:
    """Greys, made by `greys(out)` or `greys()`, and what lies over them."""
    if cover.is_empty:
        greys(out)
    else:
        cover.paint(*rows, greys(), out)


def _flags(size: Size, *, interpolated: bool, colour: bool) -> Flag:
    flags = Flag.COLOUR if colour else Flag(0)
    if interpolated or size.reduced:
        flags |= Flag.INTERPOLATED
    return flags | Flag.REDUCED if size.reduced else flags


def _window(
    values: NDArray[np.float32],
    window_of: tuple[float, float],
    invert: bool,
    function: str,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    centre, width = window_of
    if function == "LINEAR" and width < 1:
        # PS3.3 C.11.2.1.2.1 allows no such width; narrow windows of small float values (SUV) are meant exactly.
        function = "LINEAR_EXACT"
    return window(values, centre, width, invert, cast(Function, function), out)


def colour_table(centre: float, width: float) -> NDArray[np.uint8] | None:
    """What a window does to the 256 steps of a colour channel; None for the window that shows colours as stored."""
    steps = np.arange(256)
    shown = np.floor(np.clip((steps - centre) / width + 0.5, 0, 1) * 255 + 0.5)
    return None if np.array_equal(shown, steps) else shown.astype(np.uint8)


def step_of(volume: Volume, *, fine: bool) -> float:
    """The step along a ray: a voxel for a fine picture, else twice that, and never coarser than the eye allows."""
    voxel_mm = float(volume.spacing_mm.min())
    return min(voxel_mm, STILL_STEP_MM) if fine else min(2 * voxel_mm, MOVING_STEP_MM)
