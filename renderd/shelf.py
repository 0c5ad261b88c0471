"""What one viewer may look at: series by id, checked against the person's access, and the sources of their pictures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass

import structlog

from kernels.presets import PRESETS
from renderd.admission import Admission
from renderd.assemble import Assembly, volume_bytes
from renderd.derived import Part
from renderd.dressing import Dressing
from renderd.dressing import View as VolumesView
from renderd.edits import Found, Gathered
from renderd.errors import OtherPatient, PresetNotFound, RenderError, SeriesChanged, SeriesNotFound, ToolsCompiling
from renderd.filters import check
from renderd.library import Library
from renderd.palettes import colours_of
from renderd.protocol import CurvedView, StackView, View, VolumeView
from renderd.sources import Source, StackSource, VolumeSource
from renderd.workshop import Workshop
from storage.database import Database
from storage.dicom.stacks import Stack, stacks_of
from storage.errors import DatabaseUnavailable, NotFound, StorageError
from storage.rereading import with_current_headers
from storage.studies import StoredSeries, find_series

log = structlog.get_logger()

# A stack that is not known, or a series that could not be read, is looked up again, but not more often than this.
FRESH_S = 1.0
LOOK_UPS = 2  # at once, of one connection: the database's are few
PENDING = 32  # look-ups that wait for that; the oldest is forgotten, and asked for again by who still wants it
KNOWN = 64  # series that are remembered beside those that are shown
# While the database is away, a look-up waits for it and the viewer is told.
AWAY_S = 0.5

Tell = Callable[[int, Assembly], None]  # a viewport waits for this volume
Refuse = Callable[[int, RenderError], None]  # a viewport cannot be served at the moment


@dataclass(frozen=True, slots=True)
class KnownSeries:
    """The answer to one look-up."""

    institution_id: int
    patient: int
    stacks: dict[str, Stack]  # by digest; those that were shown before images arrived stay
    error: RenderError | None
    at: float


def needs_tools(view: View) -> bool:
    """Whether a view needs kernels that are compiled later than those of plain pictures."""
    if isinstance(view, CurvedView) or view.filter is not None:
        return True
    return not isinstance(view, StackView) and (view.labels is not None or view.fusion is not None)


def asking(viewport: int) -> Hashable:
    """Where what a viewport asks is answered from, see `Shelf.find`."""
    return ("asks", viewport)


class Shelf:
    """Finds the sources for one connection. `changed` is called when something that was not there has come."""

    def __init__(
        self,
        database: Database,
        admission: Admission,
        library: Library,
        changed: Callable[[], None],
        *,
        tell: Tell,
        refuse: Refuse,
        dressing: Dressing,
        workshop: Workshop,
    ) -> None:
        self._database = database
        self._admission = admission
        self._library = library
        self._changed = changed
        self._tell = tell
        self._refuse = refuse
        self._dressing = dressing
        self._workshop = workshop
        self._owner = object()  # of all that is made for this connection
        self._series: dict[int, KnownSeries] = {}
        self._looking: dict[int, asyncio.Task[None]] = {}
        self._pending: list[int] = []
        self._shown: dict[int, frozenset[tuple[int, str]]] = {}  # viewport → series and stack, and those fused with it
        self._waiting: dict[int, Assembly] = {}  # viewport → the volume it waits for
        library.listeners.add(self._heard)

    def close(self) -> None:
        """The connection is gone."""
        self._library.listeners.discard(self._heard)
        self._workshop.forget_all(self._owner)
        self._pending.clear()
        for task in self._looking.values():
            task.cancel()

    def opened(self, viewport: int, view: View) -> None:
        """A viewport shows this now."""
        fusion = None if isinstance(view, StackView | CurvedView) else view.fusion
        beside = [] if fusion is None else [(fusion.series, fusion.stack)]
        shown = frozenset([(view.series, view.stack), *beside])
        if self._shown.get(viewport) == shown:
            return
        self._shown[viewport] = shown
        self._waiting.pop(viewport, None)

    def closed(self, viewport: int) -> None:
        """A viewport is gone; a series that nobody shows any more is forgotten."""
        self._shown.pop(viewport, None)
        self._waiting.pop(viewport, None)
        for place in (viewport, asking(viewport)):
            self._forget(place)
        self._forget_series(0)

    def find(self, viewport: int, view: View, *, asks: bool = False) -> Source | Awaitable[Source] | None:
        """The source of a view's pictures; or soon; or None while it is looked up or its volume is being made.

        asks: for an answer, whose view need not be the one that the viewport shows.

        Raises:
            SeriesNotFound: no such series or frame, or it may not be seen.
            SeriesChanged: the series has no such stack.
            OtherPatient: the second volume is of somebody else.
            PresetNotFound, PaletteNotFound: no such transfer function or colours.
            NotAVolume, UnreadableFrame: as the library says.
            RenderError: as `Dressing.parts` says, or something cannot be made.
        """
        place = asking(viewport) if asks else viewport
        try:
            found = self.stack(view.series, view.stack)
            if found is None:
                return None
            if not self._library.tools_ready and needs_tools(view):
                self._refuse(viewport, ToolsCompiling())  # and is shown when they are there: `changed` is called then
                return None
            if isinstance(view, StackView):
                self._forget(place)
                return self._frame(*found, view.frame)
            return self._dressed(viewport, place, view, found)
        except RenderError:
            self._forget(place)
            raise

    def _forget(self, place: Hashable) -> None:
        """Nothing is made for this any more."""
        self._dressing.closed(place)
        self._workshop.forget((self._owner, place))

    def _dressed(self, viewport: int, place: Hashable, view: VolumesView, first: Found) -> VolumeSource | None:
        if isinstance(view, VolumeView) and view.preset not in PRESETS:
            raise PresetNotFound(view.preset)
        fusion = None if isinstance(view, CurvedView) else view.fusion
        second: Found | None = None
        if fusion is not None:
            colours_of(fusion.palette)
            second = self.stack(fusion.series, fusion.stack)
            if second is None:
                return None
            if self._series[fusion.series].patient != self._series[view.series].patient:
                raise OtherPatient(f"series {view.series} and {fusion.series}")
        stacks = [first] if second is None else [first, second]
        parts = self._dressing.parts(view, first, second)
        assemblies = self._volumes(place, stacks, list(parts.values()), viewport)
        if assemblies is None:
            return None
        if "filter" in parts and view.filter is not None and assemblies[0].volume is not None:
            check(view.filter, assemblies[0].volume)
        made = self._workshop.find((self._owner, place), parts.values())
        if made is None:
            return None
        sources = [VolumeSource(stack, one) for (_, stack), one in zip(stacks, assemblies, strict=True)]
        by_name = {what: made[part.key] for what, part in parts.items()}
        return self._dressing.dress(place, view, sources[0], sources[1] if second else None, by_name)

    def gather(self, place: Hashable, stacks: Sequence[Found], parts: Sequence[Part]) -> Gathered | None:
        """Volumes and what is made from them, for something that is no picture; None while any of it is made.

        Raises:
            RenderError: something cannot be made, or takes more memory than there is.
        """
        try:
            assemblies = self._volumes(place, stacks, parts)
            made = None if assemblies is None else self._workshop.find((self._owner, place), parts)
        except RenderError:
            self._forget(place)
            raise
        if assemblies is None or made is None:
            return None
        self._forget(place)
        return assemblies, made

    def _volumes(
        self, place: Hashable, stacks: Sequence[Found], parts: Sequence[Part], viewport: int | None = None
    ) -> Sequence[Assembly] | None:
        """The volumes of these stacks, when there is room for them and for all parts; None while they are made."""
        needed: dict[Hashable, int] = {(owner, stack.digest): volume_bytes(stack) for owner, stack in stacks}
        for part in parts:
            needed |= part.needed
        # One volume alone has the library's room for what is being loaded, and takes nothing from anybody else.
        if len(needed) > 1 and not self._workshop.admit((self._owner, place), needed):
            return None
        assemblies = [self._library.volume(owner, stack) for owner, stack in stacks]
        missing = [assembly for assembly in assemblies if not assembly.is_ready]
        if viewport is not None and missing:
            self._waiting[viewport] = missing[0]
        return None if missing else assemblies

    def edited(self, series: int, digest: str) -> Found | None:
        """A stack for whoever edits its labels; None while it is looked up or the kernels for that are compiled.

        Raises:
            RenderError: as `stack`.
        """
        found = self.stack(series, digest)
        return found if self._library.tools_ready else None

    def stack(self, series: int, digest: str) -> tuple[int, Stack] | None:
        """A stack and the institution that owns it; None while the series is looked up.

        Raises:
            SeriesNotFound: no such series, or it may not be seen.
            SeriesChanged: the series has no such stack.
        """
        known = self._series.get(series)
        if known is None:
            self._look_up(series)
            return None
        if known.error is not None:
            # What went wrong on our side may have passed.
            if not isinstance(known.error, SeriesNotFound) and time.monotonic() - known.at >= FRESH_S:
                self._look_up(series)
                return None
            raise known.error.fresh()
        if known.institution_id not in self._admission.institutions:
            raise SeriesNotFound(f"series {series}")
        stack = known.stacks.get(digest)
        if stack is None:
            if time.monotonic() - known.at < FRESH_S:
                raise SeriesChanged(f"series {series}")
            self._look_up(series)
            return None
        return known.institution_id, stack

    def _frame(self, institution_id: int, stack: Stack, frame: int) -> Source | Awaitable[Source]:
        if frame >= len(stack.frames):
            raise SeriesNotFound(f"frame {frame} of {len(stack.frames)}")
        values = self._library.frame(institution_id, stack, frame)
        masks = self._library.masks(institution_id, stack, frame)
        if values is None or masks is None:
            return self._read(institution_id, stack, frame)
        # Only now: the first picture must not wait for the rest.
        self._library.prefetch(institution_id, stack)
        return StackSource(stack, values, masks)

    async def _read(self, institution_id: int, stack: Stack, frame: int) -> Source:
        values = self._library.frame(institution_id, stack, frame)
        if values is None:
            values = await self._library.read_frame(institution_id, stack, frame)
        masks = await self._library.read_masks(institution_id, stack, frame)
        self._library.prefetch(institution_id, stack)
        return StackSource(stack, values, masks)

    def _forget_series(self, most: int) -> None:
        """Keep at most so many series that nobody shows, those that were looked up last."""
        shown = {series for pairs in self._shown.values() for series, _ in pairs}
        others = [series for series in self._series if series not in shown]
        for series in others[: max(0, len(others) - most)]:
            del self._series[series]

    def _look_up(self, series: int) -> None:
        if series in self._looking or series in self._pending:
            return
        self._pending.append(series)
        if len(self._pending) > PENDING:
            del self._pending[0]
        self._start()

    def _start(self) -> None:
        while self._pending and len(self._looking) < LOOK_UPS:
            series = self._pending.pop()
            self._looking[series] = task = asyncio.create_task(self._look(series), name="look up series")
            task.add_done_callback(lambda _, series=series: self._looked(series))  # type: ignore[misc]

    def _looked(self, series: int) -> None:
        del self._looking[series]
        self._start()

    async def _look(self, series: int) -> None:
        before = self._series.get(series)
        institution_id, patient, stacks = 0, 0, dict(before.stacks) if before is not None else {}
        error: RenderError | None = None
        found: list[Stack] = []
        try:
            (stored,) = await with_current_headers(self._database, self._library.blobs, [await self._stored(series)])
            institution_id, patient = stored.institution_id, stored.patient
            # Some milliseconds of arithmetic for a long series.
            found = await asyncio.to_thread(stacks_of, stored.instances)
            stacks |= {stack.digest: stack for stack in found}
        except NotFound:
            error = SeriesNotFound(f"series {series}")
        except StorageError as failure:
            log.warning("series_not_read", series=series, code=failure.code, reason=str(failure))
            error = RenderError()
            error.code = failure.code
        except Exception:
            log.exception("series_not_read", series=series)
            error = RenderError()
        self._series.pop(series, None)
        self._series[series] = KnownSeries(institution_id, patient, stacks, error, time.monotonic())
        self._forget_series(KNOWN)
        self._changed()
        if error is None:
            await asyncio.to_thread(self._library.remove_outgrown, institution_id, series, found)

    async def _stored(self, series: int) -> StoredSeries:
        """The series' rows, as soon as the database is there."""
        while True:
            try:
                async with self._database.acting(sorted(self._admission.institutions)) as connection:
                    return await find_series(connection, series)
            except DatabaseUnavailable as failure:
                log.warning("series_waits_for_database", series=series, reason=str(failure))
                error = RenderError()
                error.code = failure.code
                late = {series, *self._pending}
                for viewport in [v for v, pairs in self._shown.items() if not late.isdisjoint(s for s, _ in pairs)]:
                    self._refuse(viewport, error)
                await asyncio.sleep(AWAY_S)

    def _heard(self, assembly: Assembly | None) -> None:
        """The library made progress with a volume; None: one has come, or will not come."""
        if assembly is None:
            self._waiting = {v: a for v, a in self._waiting.items() if a.volume is None}
            self._changed()
            return
        for viewport, waited in self._waiting.items():
            if waited is assembly:
                self._tell(viewport, assembly)
