"""One WebSocket of one page: messages in, messages and frames out.

What goes out never queues. Per viewport one frame and one progress or trouble message wait at most; a newer one
replaces it, so a page that does not read costs a bounded amount of memory and no rendering.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Hashable, Sequence
from functools import partial

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from renderd.admission import Admission
from renderd.assemble import Assembly
from renderd.batches import Batches
from renderd.derived import Part
from renderd.dressing import Dressing
from renderd.edits import Edits, Found, Gathered
from renderd.errors import InvalidMessage, RenderError
from renderd.library import Library
from renderd.picks import Answer, Picks, nothing
from renderd.protocol import (
    HEADER,
    CancelReformat,
    Close,
    Edit,
    Edited,
    FromViewer,
    Header,
    Loading,
    Locate,
    Measure,
    Pick,
    Ping,
    Pong,
    Reformat,
    Reformatted,
    Reformatting,
    Show,
    Shown,
    Survey,
    ToViewer,
    Trace,
    Trouble,
    View,
    Visible,
    Welcome,
    pack,
    parse,
)
from renderd.reformats import Reformats
from renderd.scene import Scene
from renderd.scheduler import Scheduler
from renderd.shelf import Shelf
from renderd.sources import Source
from renderd.viewer import Frame, Viewer, Want
from renderd.workshop import Workshop
from storage.database import Database

MAX_MESSAGES = 128  # waiting beside frames; further ones are dropped, the oldest first


class Connection:
    """A viewer of a private scene. It is the scheduler's `Watch`."""

    def __init__(
        self,
        socket: ServerConnection,
        admission: Admission,
        database: Database,
        library: Library,
        scheduler: Scheduler,
        *,
        batches: Batches,
        workshop: Workshop,
    ) -> None:
        self.scene = Scene()
        self.viewer = Viewer()
        self._socket = socket
        self._admission = admission
        self._scheduler = scheduler
        self._edits = Edits(self._edited, self._gather, workshop, self._tell_edited)
        dressing = Dressing(workshop, self._edits)
        self._shelf = Shelf(
            database, admission, library, self._changed,
            tell=self._tell_loading, refuse=self._tell_trouble, dressing=dressing, workshop=workshop,
        )  # fmt: skip
        self._picks = Picks(partial(self._shelf.find, asks=True), self._tell_answer)
        self._reformats = Reformats(self._shelf.stack, batches, admission, self._tell_reformat)
        self._messages: dict[Hashable, ToViewer] = {}
        self._something = asyncio.Event()

    async def run(self, welcome: Welcome) -> None:
        """Serve until the page goes. Raises the first error of what works for it; all of that has ended then."""
        self._say("welcome", welcome)
        self._scheduler.join(self)
        try:
            async with asyncio.TaskGroup() as group:
                others = [
                    group.create_task(self._send(), name="send"),
                    group.create_task(self._admission.keep(), name="admission"),
                ]
                await self._receive()
                for task in others:
                    task.cancel()
        finally:
            self._scheduler.leave(self)
            self._reformats.close()
            self._picks.close()
            self._shelf.close()

    # ── in ──

    async def _receive(self) -> None:
        try:
            async for message in self._socket:
                if isinstance(message, str):
                    raise InvalidMessage("a text message")
                self._take(parse(message))
        except ConnectionClosed:
            pass

    def _take(self, message: FromViewer) -> None:
        self._admission.active = True
        now = time.monotonic()
        match message:
            case Show():
                self.scene.receive(message, now)
                self._shelf.opened(message.viewport, message.view)
            case Shown():
                self.viewer.shown(message, now)
            case Close():
                self.scene.receive(message, now)
                self.viewer.close(message.viewport)
                self._shelf.closed(message.viewport)
                self._picks.closed(message.viewport)
            case Pick() | Survey() | Trace() | Locate() | Measure():
                if message.viewport in self.scene.viewports:  # of which there are few
                    self._picks.receive(message)
                else:
                    self._tell_answer(nothing(message))
                return
            case Edit():
                self._edits.receive(message)
                return
            case Reformat():
                self._reformats.receive(message)
                return
            case CancelReformat():
                self._reformats.cancel(message.request)
                return
            case Visible():
                self.viewer.see(message.visible)
            case Ping():
                self._say(("pong", message.n), Pong(message.n))
                return
        self._scheduler.wake()

    # ── what the scheduler asks ──

    def find(self, viewport: int, view: View) -> Source | Awaitable[Source] | None:
        return self._shelf.find(viewport, view)

    def refuse(self, want: Want, error: RenderError) -> None:
        if want.viewport in self.scene.viewports:
            self._tell_trouble(want.viewport, error)

    def ready(self) -> None:
        self._something.set()

    def _changed(self) -> None:
        self._scheduler.wake()
        self._picks.changed()
        self._edits.changed()
        self._reformats.changed()

    def _edited(self, series: int, stack: str) -> Found | None:
        return self._shelf.edited(series, stack)

    def _gather(self, place: Hashable, stacks: Sequence[Found], parts: Sequence[Part]) -> Gathered | None:
        return self._shelf.gather(place, stacks, parts)

    def _tell_edited(self, answer: Edited) -> None:
        self._say(("edited", answer.n), answer)

    def _tell_answer(self, answer: Answer) -> None:
        self._say((answer.t, answer.viewport), answer)

    def _tell_reformat(self, message: Reformatting | Reformatted) -> None:
        self._say(("reformat", message.request), message)

    def _tell_trouble(self, viewport: int, error: RenderError) -> None:
        self._say(viewport, Trouble(viewport, error.code, str(error), error.image))

    def _tell_loading(self, viewport: int, assembly: Assembly) -> None:
        self._say(viewport, Loading(viewport, assembly.done, assembly.total))

    # ── out ──

    def _say(self, key: Hashable, message: ToViewer) -> None:
        self._messages.pop(key, None)
        self._messages[key] = message
        if len(self._messages) > MAX_MESSAGES:
            del self._messages[next(iter(self._messages))]
        self._something.set()

    async def _send(self) -> None:
        try:
            while True:
                await self._something.wait()
                self._something.clear()
                while (data := self._next()) is not None:
                    await self._socket.send(data)
        except ConnectionClosed:
            pass  # `_receive` ends by itself

    def _next(self) -> bytes | None:
        """The next message as bytes, chosen only now that the socket takes it."""
        for key in self._messages:
            return pack(self._messages.pop(key))
        taken = self.viewer.take(self.scene, time.monotonic())
        self._scheduler.wake()  # the place where it waited is free, also where it was too old to be sent
        if taken is None:
            return None
        return HEADER.pack(*header_of(*taken)) + taken[0].body


def header_of(frame: Frame, sequence: int) -> Header:
    """What stands before a frame's bytes."""
    want = frame.want
    return Header(
        kind=1,
        version=1,
        codec=frame.codec,
        flags=frame.flags,
        viewport=want.viewport,
        level=0 if want.final else want.level,
        sequence=sequence,
        input=want.input,
        width=frame.width,
        height=frame.height,
        full_width=want.width,
        full_height=want.height,
        render_us=frame.render_us,
        encode_us=frame.encode_us,
    )
