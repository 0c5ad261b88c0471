"""From what is wanted and its source to raw pixels: grey uint8 [h, w] or RGB uint8 [h, w, 3].

A picture is made in bands of rows, one at each `Rendering.step`, so that a long still never holds the compute thread
for more than a moment and can be given up between two bands. Only the compute thread may call `step`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from kernels.bricks import bricks
from kernels.errors import InvalidParameter
from kernels.image import sample
from kernels.plane import SHORT, project, slab
from kernels.presets import PRESETS
from kernels.rendering import MOVING_EXIT, STILL_EXIT, volume_rendering
from kernels.samples import sample_count
from kernels.transfer import TransferFunction, from_opacities, percentile_range
from kernels.volume import Volume
from kernels.window import OUTSIDE, Function, window
from renderd import camera
from renderd.assemble import Assembly
from renderd.camera import Size
from renderd.costs import Costs, scale_for
from renderd.drawing import Drawing
from renderd.errors import InvalidCurve, PresetNotFound
from renderd.protocol import LEVELS, MAX_SIDE, Flag, PlaneView, StackView, VolumeView
from renderd.residence import Residence, Resident, bring
from renderd.viewer import Want
from storage.dicom.luts import apply_voi_lut
from storage.dicom.masks import NOTHING, Masks
from storage.dicom.stacks import Stack

MOVING_S = 0.045  # a moving picture takes about this long at most
BAND_S = 0.05  # and a band of a still one
MOVING_SIDE = 256  # but is never smaller than this on its shorter side
MOVING_STEP_MM = 1.4
STILL_STEP_MM = 0.7
BAND_ROWS = 16  # bands are whole rows of the kernels' tiles

# Before the first picture of a kind was timed: two cores of 2020.
GUESS_SAMPLE_S = 2e-9
GUESS_RAY_S = 4e-7


@dataclass(frozen=True, slots=True)
class StackSource:
    """One decoded frame, modality values or RGB, and what is drawn over it."""

    stack: Stack
    values: NDArray[Any]
    masks: Masks = NOTHING


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class VolumeSource:
    """A volume in memory, which stays there as long as this exists."""

    stack: Stack
    assembly: Assembly

    def __post_init__(self) -> None:
        self.assembly.sources.add(self)

    @property
    def volume(self) -> Volume:
        volume = self.assembly.volume
        assert volume is not None
        return volume


Source = StackSource | VolumeSource
Paint = Callable[[int, int, NDArray[np.uint8]], None]  # fill rows first … last of the picture


class Rendering:
    """One picture in the making."""

    def __init__(self, want: Want, size: Size, flags: Flag, paint: Paint, *, kind: Hashable, costs: Costs) -> None:
        channels = (3,) if flags & Flag.COLOUR else ()
        self.want = want
        self.size = size
        self.flags = flags
        self.raw = np.empty((size.height, size.width, *channels), np.uint8)
        self.seconds = 0.0
        self._paint = paint
        self._kind = kind
        self._costs = costs
        self._row = 0

    def step(self) -> bool:
        """Fill the next band, the whole picture when it moves; True when nothing is left."""
        first, begun = self._row, time.perf_counter()
        last = self.size.height if not self.want.final else min(self.size.height, first + self._band())
        self._paint(first, last, self.raw[first:last])
        took = time.perf_counter() - begun
        self._costs.learn(self._kind, (last - first) * self.size.width, took)
        self.seconds += took
        self._row = last
        return last == self.size.height

    def _band(self) -> int:
        # Without a measurement a small band is the safe guess, and soon there is one.
        row_s = self._costs.seconds_per_pixel(self._kind, 1e-6) * self.size.width
        return max(BAND_ROWS, int(BAND_S / row_s) // BAND_ROWS * BAND_ROWS)


class Renderer:
    """Turns wants into renderings, and learns what they cost. Belongs to the compute thread."""

    def __init__(self) -> None:
        self.costs = Costs()
        self.residence: Residence | None = None  # comes when the machine has a card and its kernels are compiled

    def start(self, want: Want, source: Source) -> Rendering:
        """A picture to be made.

        Raises:
            PresetNotFound, InvalidCurve: as `transfer_of`.
        """
        view = want.view
        if isinstance(view, StackView):
            return self._stack(want, view, cast(StackSource, source))
        if isinstance(view, PlaneView):
            return self._plane(want, view, cast(VolumeSource, source))
        make = self._volume if view.projection is None else self._projection
        return make(want, view, cast(VolumeSource, source))

    def _drawn_on_card(self, assembly: Assembly, paint: Callable[[Resident], None]) -> bool:
        return self.residence is not None and self.residence.draw(assembly, paint)

    def _size(self, want: Want, kind: Hashable, guess_s: float, least: int) -> Size:
        largest = min(1.0, MAX_SIDE / max(want.width, want.height))
        if want.final:
            return camera.reduced(want.width, want.height, largest)
        pixel_s = self.costs.seconds_per_pixel(kind, guess_s)
        scale = scale_for(
            want.width,
            want.height,
            level_scale=LEVELS[want.level][0],
            seconds_per_pixel=pixel_s,
            budget_s=MOVING_S,
            least=least,
        )
        return camera.reduced(want.width, want.height, min(scale, largest))

    def _stack(self, want: Want, view: StackView, source: StackSource) -> Rendering:
        stack, values = source.stack, source.values
        frame = stack.frames[min(view.frame, len(stack.frames) - 1)]
        luts = frame.header.luts
        lut = luts[view.lut] if view.lut is not None and view.lut < len(luts) else None
        # A picture that shrinks its image averages many image pixels in each of its own.
        shrinking = round(math.log2(view.extent_mm / min(want.width, want.height)))
        kind = ("stack", stack.colour, shrinking, lut is not None, source.masks is not NOTHING)
        size = self._size(want, kind, GUESS_SAMPLE_S, 1)
        pixel_mm = (stack.spacing[1], stack.spacing[0]) if stack.spacing else (1.0, stack.aspect)
        matrix, is_exact = camera.image_matrix(view, size, pixel_mm)
        flags = _flags(size, interpolated=not is_exact, colour=stack.colour)
        drawing = Drawing(source.masks, matrix, size, overlays=view.overlays, shutter=view.shutter)
        if drawing.is_seen:
            flags |= Flag.DRAWN
        invert = stack.inverted != view.invert
        if stack.colour:
            table = colour_table(*view.window)
            source_values = 255 - values if view.invert else values  # before sampling: outside stays black

            def paint(first: int, last: int, out: NDArray[np.uint8]) -> None:
                sample(source_values, camera.image_band(matrix, first), size.width, last - first, out)
                if table is not None:
                    np.take(table, out, out=out)
                drawing.draw(first, out)

        else:

            def paint(first: int, last: int, out: NDArray[np.uint8]) -> None:
                greys = sample(values, camera.image_band(matrix, first), size.width, last - first)
                if lut is not None:
                    apply_voi_lut(greys, lut, invert, out)
                    out[greys == OUTSIDE] = 0
                else:
                    _window(greys, view.window, invert, frame.window_function, out)
                drawing.draw(first, out)

        return Rendering(want, size, flags, paint, kind=kind, costs=self.costs)

    def _plane(self, want: Want, view: PlaneView, source: VolumeSource) -> Rendering:
        volume, stack = source.volume, source.stack
        full = camera.reduced(want.width, want.height, 1.0)
        count = sample_count(volume, camera.picture(view, full), view.thickness_mm)
        kind = ("plane", view.projection, count)
        size = self._size(want, kind, GUESS_SAMPLE_S * (count + 1), MOVING_SIDE)
        picture = camera.picture(view, size)
        invert = stack.inverted != view.invert

        def paint(first: int, last: int, out: NDArray[np.uint8]) -> None:
            rows = camera.band(picture, first, last)

            def on_card(resident: Resident) -> None:
                values = slab(resident.volume, rows, view.projection, view.thickness_mm)
                try:
                    bring(_window(values, view.window, invert, stack.window_function), out)
                finally:
                    values.fill(0)

            if not self._drawn_on_card(source.assembly, on_card):
                if source.assembly.bricks is None and count >= SHORT:
                    source.assembly.bricks = bricks(volume)
                values = slab(volume, rows, view.projection, view.thickness_mm, bricks=source.assembly.bricks)
                _window(values, view.window, invert, stack.window_function, out)

        return Rendering(want, size, _flags(size, interpolated=True, colour=False), paint, kind=kind, costs=self.costs)

    def _volume(self, want: Want, view: VolumeView, source: VolumeSource) -> Rendering:
        volume, assembly = source.volume, source.assembly
        eye, clip = camera.eye(view), camera.clip(view)
        kind = ("volume", view.preset, view.curve is None, eye is None, len(clip), want.final, assembly.key)
        size = self._size(want, kind, GUESS_RAY_S, MOVING_SIDE)
        picture = camera.picture(view, size)
        transfer = transfer_of(view, assembly)
        step_mm = step_of(volume, final=want.final)
        early_exit = STILL_EXIT if want.final else MOVING_EXIT
        flags = _flags(size, interpolated=True, colour=True) | (Flag(0) if want.final else Flag.REDUCED)

        def paint(first: int, last: int, out: NDArray[np.uint8]) -> None:
            rows = camera.band(picture, first, last)
            how = (step_mm, early_exit, want.final)

            def on_card(resident: Resident) -> None:
                bring(volume_rendering(resident.volume, rows, transfer, resident.bricks, *how, eye=eye, clip=clip), out)

            if not self._drawn_on_card(assembly, on_card):
                if assembly.bricks is None:
                    assembly.bricks = bricks(volume)
                volume_rendering(volume, rows, transfer, assembly.bricks, *how, out, eye=eye, clip=clip)

        return Rendering(want, size, flags, paint, kind=kind, costs=self.costs)

    def _projection(self, want: Want, view: VolumeView, source: VolumeSource) -> Rendering:
        """Through the whole volume; one that moves is smaller, never coarser along its rays."""
        assert view.projection is not None
        projection = view.projection
        volume, assembly, function = source.volume, source.assembly, source.stack.window_function
        clip = camera.clip(view)
        kind = ("projection", projection, len(clip), assembly.key)
        size = self._size(want, kind, GUESS_RAY_S, MOVING_SIDE)
        picture = camera.picture(view, size)
        invert = source.stack.inverted != view.invert

        def paint(first: int, last: int, out: NDArray[np.uint8]) -> None:
            rows = camera.band(picture, first, last)

            def on_card(resident: Resident) -> None:
                values = project(resident.volume, rows, projection, clip=clip)
                try:
                    bring(_window(values, view.window, invert, function), out)
                finally:
                    values.fill(0)

            if not self._drawn_on_card(assembly, on_card):
                if assembly.bricks is None and projection != "mean":
                    assembly.bricks = bricks(volume)
                values = project(volume, rows, projection, bricks=assembly.bricks, clip=clip)
                _window(values, view.window, invert, function, out)

        return Rendering(want, size, _flags(size, interpolated=True, colour=False), paint, kind=kind, costs=self.costs)


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


def transfer_of(view: VolumeView, assembly: Assembly) -> TransferFunction:
    """The view's preset for this volume, or its own curve, lit as the preset is; moved by the view's shift.

    Raises:
        PresetNotFound: there is none of this name.
        InvalidCurve: the curve's values do not rise.
    """
    transfer = PRESETS.get(view.preset)
    if transfer is None:
        raise PresetNotFound(view.preset)
    if transfer.relative:
        transfer = transfer.scaled(*range_of(assembly))
    if view.curve is not None:
        try:
            transfer = replace(transfer, points=from_opacities(view.curve))
        except InvalidParameter as error:
            raise InvalidCurve(str(error)) from None
    return transfer.shifted(view.shift) if view.shift else transfer


def range_of(assembly: Assembly) -> tuple[float, float]:
    """The range that relative functions are stretched over; any thread."""
    if assembly.value_range is None:
        assert assembly.volume is not None
        assembly.value_range = percentile_range(assembly.volume.array)
    return assembly.value_range


def step_of(volume: Volume, *, final: bool) -> float:
    """The step along a ray: a voxel for the still, twice that while moving, and never coarser than the eye allows."""
    voxel_mm = float(volume.spacing_mm.min())
    return min(voxel_mm, STILL_STEP_MM) if final else min(2 * voxel_mm, MOVING_STEP_MM)
