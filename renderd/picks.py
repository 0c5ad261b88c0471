"""What is seen at a pixel: the answers to a viewer's picks. Its surveys (surveys.py) are answered in the same order.

Any question may be asked again while an older one of its kind and viewport is being answered; only the newest one is,
and one whose series or volume is still coming waits for it. The arithmetic is one ray in numpy, so it runs in a worker
thread beside the compute thread.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import cast

import numpy as np
import structlog

from kernels.errors import KernelError
from kernels.pick import projection_point, slab_point, surface_point
from renderd import camera
from renderd.errors import RenderError
from renderd.protocol import Pick, Picked, PlaneView, StackView, Survey, Surveyed, View
from renderd.render import Source, StackSource, VolumeSource
from renderd.surveys import nothing_surveyed, surveyed
from renderd.transfers import transfer_of

log = structlog.get_logger()

Find = Callable[[int, View], Source | Awaitable[Source] | None]
Question = Pick | Survey
Answer = Picked | Surveyed
Key = tuple[str, int]  # the kind of a question and its viewport


def seen(pick: Pick, source: Source) -> Picked:
    """The answer, from its view's source; any thread.

    Raises:
        KernelError: the view spans no picture.
    """
    view = pick.view
    if isinstance(view, StackView):
        return _in_frame(pick, view, cast(StackSource, source))
    volume = cast(VolumeSource, source).volume
    picture = camera.picture(view, camera.reduced(pick.width, pick.height, 1.0))
    u, v = pick.at[0] - 0.5, pick.at[1] - 0.5
    if isinstance(view, PlaneView):
        found = slab_point(volume, picture, view.projection, view.thickness_mm, u, v)
    elif view.projection is not None:
        found = projection_point(volume, picture, view.projection, u, v, camera.clip(view))
    else:
        transfer = transfer_of(view, cast(VolumeSource, source).assembly)
        found = surface_point(volume, picture, transfer, u, v, camera.eye(view), camera.clip(view))
    if found is None or not math.isfinite(found.value):
        return Picked(pick.viewport, pick.n, None, None)
    x, y, z = found.point.tolist()
    return Picked(pick.viewport, pick.n, (x, y, z), found.value)


def nothing(question: Question) -> Answer:
    """Nothing is seen there."""
    if isinstance(question, Survey):
        return nothing_surveyed(question)
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


def _answer(question: Question, source: Source) -> Answer:
    return surveyed(question, cast(VolumeSource, source)) if isinstance(question, Survey) else seen(question, source)


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
        try:
            source = self._find(question.viewport, question.view)
        except RenderError:  # the viewer is told why by its picture
            self._end(key, question, nothing(question))
            return
        if source is not None:
            self._working[key] = asyncio.create_task(self._work(key, question, source), name=question.t)

    async def _work(self, key: Key, question: Question, source: Source | Awaitable[Source]) -> None:
        answer = nothing(question)
        try:
            arrived = await source if isinstance(source, Awaitable) else source
            answer = await asyncio.to_thread(_answer, question, arrived)
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
