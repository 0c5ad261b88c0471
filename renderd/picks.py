"""What is seen at a pixel: the answers to a viewer's picks.

Any pick may be asked again while an older one of the same viewport is being answered; only the newest one is, and one
whose series or volume is still coming waits for it. The arithmetic is one ray in numpy, so it runs in a worker thread
beside the compute thread.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import cast

import numpy as np
import structlog

from kernels.errors import KernelError
from kernels.pick import slab_point, surface_point
from renderd import camera
from renderd.errors import RenderError
from renderd.protocol import Pick, Picked, PlaneView, StackView, View
from renderd.render import Source, StackSource, VolumeSource, transfer_of

log = structlog.get_logger()

Find = Callable[[int, View], Source | Awaitable[Source] | None]


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
    else:
        found = surface_point(volume, picture, transfer_of(view, cast(VolumeSource, source).assembly), u, v)
    if found is None or not math.isfinite(found.value):
        return nothing(pick)
    x, y, z = found.point.tolist()
    return Picked(pick.viewport, pick.n, (x, y, z), found.value)


def nothing(pick: Pick) -> Picked:
    """Nothing is seen there."""
    return Picked(pick.viewport, pick.n, None, None)


def _in_frame(pick: Pick, view: StackView, source: StackSource) -> Picked:
    """The modality value of the image pixel, and the patient point where the frame says where it stands."""
    stack, frame = source.stack, source.stack.frames[view.frame]
    pixel_mm = (stack.spacing[1], stack.spacing[0]) if stack.spacing else (1.0, stack.aspect)
    matrix, _ = camera.image_matrix(view, camera.reduced(pick.width, pick.height, 1.0), pixel_mm)
    x, y = matrix @ (pick.at[0] - 0.5, pick.at[1] - 0.5, 1.0)
    column, row = math.floor(x + 0.5), math.floor(y + 0.5)
    height, width = source.values.shape[:2]
    if not (0 <= column < width and 0 <= row < height):
        return nothing(pick)
    value = None if stack.colour else float(source.values[row, column])
    point = None
    position, along, down = frame.position, frame.row, frame.column
    if frame.placed and position is not None and along is not None and down is not None and stack.spacing:
        away = x * pixel_mm[0] * np.array(along) + y * pixel_mm[1] * np.array(down)
        px, py, pz = (np.array(position) + away).tolist()
        point = (px, py, pz)
    return Picked(pick.viewport, pick.n, point, value if value is None or math.isfinite(value) else None)


class Picks:
    """The picks of one connection. On the event loop."""

    def __init__(self, find: Find, answer: Callable[[Picked], None]) -> None:
        self._find = find
        self._answer = answer
        self._newest: dict[int, Pick] = {}  # by viewport, until it is answered
        self._working: dict[int, asyncio.Task[None]] = {}

    def receive(self, pick: Pick) -> None:
        """A viewer asks; it replaces what it asked before of the same viewport."""
        self._newest[pick.viewport] = pick
        self._begin(pick.viewport)

    def changed(self) -> None:
        """Something that was not there may have come."""
        for viewport in list(self._newest):
            self._begin(viewport)

    def closed(self, viewport: int) -> None:
        """Nobody waits for this viewport's answer any more."""
        self._newest.pop(viewport, None)

    def close(self) -> None:
        """The connection is gone."""
        self._newest.clear()
        for task in self._working.values():
            task.cancel()
        self._working.clear()

    def _begin(self, viewport: int) -> None:
        if viewport in self._working:
            return  # and is looked at again when that has ended
        pick = self._newest[viewport]
        try:
            source = self._find(viewport, pick.view)
        except RenderError:  # the viewport is told why by its picture
            self._end(pick, nothing(pick))
            return
        if source is not None:
            self._working[viewport] = asyncio.create_task(self._work(pick, source), name="pick")

    async def _work(self, pick: Pick, source: Source | Awaitable[Source]) -> None:
        answer = nothing(pick)
        try:
            arrived = await source if isinstance(source, Awaitable) else source
            answer = await asyncio.to_thread(seen, pick, arrived)
        except (RenderError, KernelError) as error:
            log.info("nothing_picked", code=error.code)
        except Exception:
            log.exception("pick_failed")
        finally:
            self._working.pop(pick.viewport, None)
        self._end(pick, answer)
        if pick.viewport in self._newest:
            self._begin(pick.viewport)

    def _end(self, pick: Pick, answer: Picked) -> None:
        if self._newest.get(pick.viewport) is pick:
            del self._newest[pick.viewport]
            self._answer(answer)
