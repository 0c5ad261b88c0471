"""What is seen at a pixel: the answers to a viewer's picks. Its surveys (surveys.py) are answered in the same order.

Any question may be asked again while an older one of its kind and viewport is being answered; only the newest one is,
and one whose series or volume is still coming waits for it. The arithmetic is numpy, so it runs in worker threads
beside the compute thread, few and of their own: look-ups and arriving images wait for none of it, and a ray for no
region.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import numpy as np
import structlog

from kernels.errors import KernelError
from kernels.layers import Layers
from kernels.pick import Seen, projection_point, slab_point, surface_point
from renderd import camera
from renderd.curves import located, traced
from renderd.errors import RenderError
from renderd.measuring import measured
from renderd.protocol import (
    CurvedView,
    Locate,
    Located,
    Measure,
    Measured,
    Pick,
    Picked,
    PlaneView,
    StackView,
    Survey,
    Surveyed,
    Trace,
    Traced,
    View,
    VolumeView,
)
from renderd.sources import Source, StackSource, VolumeSource
from renderd.surveys import nothing_surveyed, surveyed
from renderd.transfers import transfer_of

log = structlog.get_logger()

Find = Callable[[int, View], Source | Awaitable[Source] | None]
Question = Pick | Survey | Trace | Locate | Measure
Answer = Picked | Surveyed | Traced | Located | Measured
Key = tuple[str, int]  # the kind of a question and its viewport

# Of all connections; a region may take seconds, everything else some milliseconds.
MEASURING = ThreadPoolExecutor(1, "measure")
LOOKING = ThreadPoolExecutor(2, "pick")


def seen(pick: Pick, source: Source) -> Picked:
    """The answer, from its view's source; any thread.

    Raises:
        KernelError: the view spans no picture.
    """
    view = pick.view
    if isinstance(view, StackView):
        return _in_frame(pick, view, cast(StackSource, source))
    volume_source = cast(VolumeSource, source)
    found = _in_volume(pick, view, volume_source)
    if found is None or not math.isfinite(found.value):
        return Picked(pick.viewport, pick.n, None, None)
    x, y, z = found.point.tolist()
    return Picked(pick.viewport, pick.n, (x, y, z), found.value)


def _in_volume(pick: Pick, view: PlaneView | CurvedView | VolumeView, source: VolumeSource) -> Seen | None:
    """The point of a volume, and the volume's own value there, whatever filter the picture has."""
    volume = source.assembly.volume
    assert volume is not None
    layers = source.layers
    if layers is not None and source.filtered is not None:
        layers = Layers(volume, layers.mask)  # over what is picked, not over what is shown
    size = camera.reduced(pick.width, pick.height, 1.0)
    u, v = pick.at[0] - 0.5, pick.at[1] - 0.5
    if isinstance(view, CurvedView):
        picture = camera.layout(view, size).picture
        row = round(v)
        if not (0 <= row < picture.height and picture.shown[row]):
            return None
        return slab_point(volume, picture.row(row), view.projection, view.thickness_mm, u, 0.0)
    plane = camera.picture(view, size)
    if isinstance(view, PlaneView):
        return slab_point(volume, plane, view.projection, view.thickness_mm, u, v, layers)
    if view.projection is not None:
        return projection_point(volume, plane, view.projection, u, v, camera.clip(view), layers)
    transfer = transfer_of(view, source.assembly)
    return surface_point(volume, plane, transfer, u, v, camera.eye(view), camera.clip(view), layers)


def nothing(question: Question) -> Answer:
    """Nothing is seen there."""
    match question:
        case Survey():
            return nothing_surveyed(question)
        case Trace():
            return Traced(question.viewport, question.n, 0.0, [], [], [])
        case Locate():
            return Located(question.viewport, question.n, None)
        case Measure():
            return Measured(question.viewport, question.n, None, None, None)
        case Pick():
            return Picked(question.viewport, question.n, None, None)


def _in_frame(pick: Pick, view: StackView, source: StackSource) -> Picked:
    """The modality value of the image pixel, and the patient point where the frame says where it stands."""
    stack, frame = source.stack, source.stack.frames[view.frame]
    pixel_mm = (stack.spacing[1], stack.spacing[0]) if stack.spacing else (1.0, stack.aspect)
    matrix, _ = camera.image_matrix(view, camera.reduced(pick.width, pick.height, 1.0), pixel_mm)
    x, y = matrix @ (pick.at[0] - 0.5, pick.at[1] - 0.5, 1.0)
    column, row = math.floor(x + 0.5), math.floor(y + 0.5)
    height, width = source.values.shape[:2]
    if not (0 <= column < width and 0 <= row < height):
        return Picked(pick.viewport, pick.n, None, None)
    value = None if stack.colour else float(source.values[row, column])
    point = None
    position, along, down = frame.position, frame.row, frame.column
    if frame.placed and position is not None and along is not None and down is not None and stack.spacing:
        away = x * pixel_mm[0] * np.array(along) + y * pixel_mm[1] * np.array(down)
        px, py, pz = (np.array(position) + away).tolist()
        point = (px, py, pz)
    return Picked(pick.viewport, pick.n, point, value if value is None or math.isfinite(value) else None)


def _answer(question: Question, source: Source | None) -> Answer:
    match question:
        case Trace():
            return traced(question)
        case Locate():
            return located(question)
        case Survey():
            return surveyed(question, cast(VolumeSource, source))
        case Measure():
            return measured(question, cast(Source, source))
        case Pick():
            return seen(question, cast(Source, source))


class Picks:
    """The picks and surveys of one connection. On the event loop."""

    def __init__(self, find: Find, answer: Callable[[Answer], None]) -> None:
        self._find = find
        self._answer = answer
        self._newest: dict[Key, Question] = {}  # until it is answered
        self._working: dict[Key, asyncio.Task[None]] = {}

    def receive(self, question: Question) -> None:
        """A viewer asks; it replaces what it asked before of the same viewport."""
        key = question.t, question.viewport
        self._newest[key] = question
        self._begin(key)

    def changed(self) -> None:
        """Something that was not there may have come."""
        for key in list(self._newest):
            self._begin(key)

    def closed(self, viewport: int) -> None:
        """Nobody waits for this viewport's answers any more."""
        self._newest = {key: question for key, question in self._newest.items() if key[1] != viewport}

    def close(self) -> None:
        """The connection is gone."""
        self._newest.clear()
        for task in self._working.values():
            task.cancel()
        self._working.clear()

    def _begin(self, key: Key) -> None:
        if key in self._working:
            return  # and is looked at again when that has ended
        question = self._newest[key]
        if isinstance(question, Trace | Locate):  # geometry alone
            self._working[key] = asyncio.create_task(self._work(key, question, None), name=question.t)
            return
        try:
            source = self._find(question.viewport, question.view)
        except RenderError:  # the viewer is told why by its picture
            self._end(key, question, nothing(question))
            return
        if source is not None:
            self._working[key] = asyncio.create_task(self._work(key, question, source), name=question.t)

    async def _work(self, key: Key, question: Question, source: Source | Awaitable[Source] | None) -> None:
        answer = nothing(question)
        try:
            arrived = await source if isinstance(source, Awaitable) else source
            pool = MEASURING if isinstance(question, Measure) else LOOKING
            answer = await asyncio.get_running_loop().run_in_executor(pool, _answer, question, arrived)
        except (RenderError, KernelError) as error:
            log.info("nothing_found", question=question.t, code=error.code)
        except Exception:
            log.exception("question_failed", question=question.t)
        finally:
            self._working.pop(key, None)
        self._end(key, question, answer)
        if key in self._newest:
            self._begin(key)

    def _end(self, key: Key, question: Question, answer: Answer) -> None:
        if self._newest.get(key) is question:
            del self._newest[key]
            self._answer(answer)
