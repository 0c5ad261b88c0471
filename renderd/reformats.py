"""The reformats that one connection has asked for, until their series is there or it is known why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from renderd.admission import Admission
from renderd.batches import Batch, Batches
from renderd.errors import NotAVolume, ReformatBusy, ReformatCancelled, ReformatNotAllowed, RenderError
from renderd.planes import check
from renderd.protocol import Reformat, Reformatted, Reformatting
from storage.dicom.stacks import Stack
from storage.errors import StorageError

MAX_ASKED = 16  # that are not done

Find = Callable[[int, str], tuple[int, Stack] | None]  # series, stack → its institution and the stack
Say = Callable[[Reformatting | Reformatted], None]


@dataclass(eq=False, slots=True)
class Asked:
    """One of them; `batch` is None while its series is looked up. A `batches.Asker`."""

    request: Reformat
    reformats: Reformats
    batch: Batch | None = None

    def progress(self, done: int, total: int) -> None:
        self.reformats.say(Reformatting(self.request.viewport, self.request.request, done, total))

    def ended(self, series: int | None, code: str) -> None:
        self.reformats.forget(self)
        self.reformats.say(Reformatted(self.request.viewport, self.request.request, series, code))


class Reformats:
    """Those of one connection. On the event loop."""

    def __init__(self, find: Find, batches: Batches, admission: Admission, say: Say) -> None:
        self.say = say
        self._find, self._batches, self._admission = find, batches, admission
        self._asked: dict[str, Asked] = {}

    def receive(self, request: Reformat) -> None:
        """A viewer asks. What it has asked already goes on."""
        if request.request in self._asked:
            return
        asked = Asked(request, self)
        if len(self._asked) >= MAX_ASKED:
            asked.ended(None, ReformatBusy.code)
            return
        self._asked[request.request] = asked
        self._begin(asked)

    def cancel(self, request: str) -> None:
        """The viewer wants this no more; one that is done, or being stored, is told as it is."""
        asked = self._asked.get(request)
        if asked is None:
            return
        if asked.batch is None:
            asked.ended(None, ReformatCancelled.code)
        else:
            self._batches.cancel(asked.batch, asked)

    def forget(self, asked: Asked) -> None:
        """It has its answer."""
        self._asked.pop(asked.request.request, None)

    def changed(self) -> None:
        """A series that was looked up may have come."""
        for asked in [asked for asked in self._asked.values() if asked.batch is None]:
            self._begin(asked)

    def close(self) -> None:
        """The connection is gone; what is being made goes on."""
        for asked in self._asked.values():
            if asked.batch is not None:
                self._batches.leave(asked.batch, asked)
        self._asked.clear()

    def _begin(self, asked: Asked) -> None:
        request = asked.request
        try:
            check(request)
            found = self._find(request.series, request.stack)
            if found is None:
                return
            institution_id, stack = found
            if institution_id not in self._admission.deriving:
                raise ReformatNotAllowed(f"institution {institution_id}")
            if stack.geometry is None:
                raise NotAVolume(stack.refusal or "no_geometry")
            asked.batch = self._batches.join(Batch(request, institution_id, stack, self._admission), asked)
        except (RenderError, StorageError) as error:
            asked.ended(None, error.code)
