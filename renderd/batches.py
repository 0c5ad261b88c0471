"""Series of reformats in the making: computed between the pictures, then stored all together or not at all.

One at a time, people in turns, so that nobody's plane waits for all of somebody else's series. A batch belongs to what
was asked, not to a connection: it goes on when its viewer is gone, and whoever asks the same again under the same name
waits for it, or is told what it made. The UIDs are made from the question too, so that not even a restart in between
makes anything twice. So what a person has begun counts until it is done, however often that person connects anew.

Its images are in memory until the last one is made. Then one of those who asked must still be allowed to, and the
instances arrive as any others do: bytes first, then the rows in one transaction.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import astuple, replace
from datetime import datetime
from typing import Protocol

import structlog

from kernels.errors import KernelError
from renderd.admission import Admission
from renderd.assemble import Assembly
from renderd.errors import (
    ReformatBusy,
    ReformatCancelled,
    ReformatError,
    ReformatNotAllowed,
    ReformatOutside,
    RenderError,
    SessionEnded,
)
from renderd.library import Library
from renderd.planes import Planes, check
from renderd.protocol import Reformat
from renderd.scheduler import Scheduler
from renderd.sources import VolumeSource
from renderd.turns import Turns
from storage.arrival import Arrival, Outcome
from storage.database import Database
from storage.derived import find_derived, next_number
from storage.dicom.derived import Derivation, DerivedSeries, sources_of
from storage.dicom.scaling import Scaling, scaling_of
from storage.dicom.sources import FrameSource
from storage.dicom.stacks import Stack
from storage.dicom.write import uid_of
from storage.errors import DatabaseUnavailable, StorageError

log = structlog.get_logger()

ORIGIN = "reformat"  # where its instances say they come from
# Not done yet: of one person, and of all; who has none may always begin one.
MOST_OF_PERSON = 16
MOST = 64
# What took minutes is not thrown away for a database that is back within this.
WAIT_FOR_DATABASE_S = 30
RETRY_S = 0.5


class Asker(Protocol):
    """Who waits for a batch. On the event loop."""

    def progress(self, done: int, total: int) -> None: ...

    def ended(self, series: int | None, code: str) -> None:
        """series: its id; None: it was not made, and `code` says why."""
        ...


class Batch:
    """One series in the making."""

    def __init__(self, request: Reformat, institution_id: int, stack: Stack, admission: Admission) -> None:
        self.request, self.institution_id, self.stack = request, institution_id, stack
        self.admission, self.user_id = admission, admission.user_id  # of who began it
        self.stored_for = self.user_id  # or another one of those who asked
        self.uid = series_uid(request, institution_id)
        self.askers: dict[Asker, Admission] = {}  # who are there
        self.admissions: list[Admission] = []  # of all who asked and did not cancel, the first one first
        self.done = 0
        self.storing = False  # too late to cancel
        self.task: asyncio.Task[tuple[int | None, str]] | None = None


def series_uid(request: Reformat, institution_id: int) -> str:
    """The UID of the series that this request makes: always the same for the same question under the same name."""
    return uid_of("reformat", institution_id, astuple(replace(request, viewport=0)))


class Batches:
    """Those of all connections. On the event loop."""

    def __init__(self, database: Database, library: Library, scheduler: Scheduler) -> None:
        self._database, self._library, self._scheduler = database, library, scheduler
        self._batches: dict[str, Batch] = {}
        self._turns = Turns()

    def join(self, batch: Batch, asker: Asker) -> Batch:
        """Begin this batch, or wait for the one of the same request; which of them it is.

        Raises:
            ReformatBusy: too many others are not done.
            DiskFull: there is no room for it beside all that are to be made before.
        """
        if batch.uid not in self._batches:
            self._check_queue(batch)
        running = self._batches.setdefault(batch.uid, batch)
        running.askers[asker] = batch.admission
        running.admissions.append(batch.admission)
        if running.task is None:
            running.task = asyncio.create_task(self._run(running), name="reformat")
            running.task.add_done_callback(lambda task: self._ended(running, task))
        else:
            asker.progress(running.done, running.request.count)
        return running

    def _check_queue(self, batch: Batch) -> None:
        others = list(self._batches.values())
        own = sum(1 for other in others if other.user_id == batch.user_id)
        if own >= MOST_OF_PERSON or (own and len(others) >= MOST):
            raise ReformatBusy(f"{own} of {len(others)} are this person's")
        self._library.blobs.check_room(sum(check(one.request) for one in (batch, *others)))

    def leave(self, batch: Batch, asker: Asker) -> None:
        """This one's connection is gone, and may come back for it."""
        batch.askers.pop(asker, None)

    def cancel(self, batch: Batch, asker: Asker) -> None:
        """This one wants it no more. It ends when nobody else does, unless it is being stored already."""
        if batch.storing or batch.task is None:
            return
        batch.admissions.remove(batch.askers.pop(asker))
        if not batch.askers:
            del self._batches[batch.uid]  # whoever asks from now on begins anew
            batch.task.cancel()
        asker.ended(None, ReformatCancelled.code)

    async def close(self) -> None:
        """Give up what is being made, and let be stored what is being stored."""
        tasks = [batch.task for batch in self._batches.values() if batch.task is not None]
        for batch in self._batches.values():
            if not batch.storing and batch.task is not None:
                batch.task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, batch: Batch, task: asyncio.Task[tuple[int | None, str]]) -> None:
        if self._batches.get(batch.uid) is batch:
            del self._batches[batch.uid]
        # Also of a task that was cancelled before it had begun.
        series, code = (None, ReformatCancelled.code) if task.cancelled() else task.result()
        for asker in list(batch.askers):
            asker.ended(series, code)

    async def _run(self, batch: Batch) -> tuple[int | None, str]:
        """The series' id, or None and why it was not made."""
        begun, known = time.monotonic(), {"source": batch.request.series, "images": batch.request.count}
        try:
            async with self._turns.turn(batch.user_id):
                series = await self._find(batch) or await self._make(batch)
        except (RenderError, KernelError, StorageError) as error:
            log.warning("not_reformatted", **known, code=error.code, reason=str(error))
            return None, error.code
        except Exception:
            log.exception("not_reformatted", **known)
            return None, ReformatError.code
        seconds = round(time.monotonic() - begun, 3)
        log.info("reformatted", **known, user=batch.stored_for, series=series, seconds=seconds)
        return series, ""

    async def _find(self, batch: Batch) -> int | None:
        """The series, if it has been made before."""
        async with self._database.acting([batch.institution_id]) as connection:
            return await find_derived(connection, batch.request.series, batch.uid)

    async def _make(self, batch: Batch) -> int:
        await self._allow(batch)
        self._library.blobs.check_room(check(batch.request))
        source = await self._source(batch)
        files = await self._files(batch, source)
        del source  # the volume may go
        return await self._store(batch, files)

    async def _allow(self, batch: Batch) -> None:
        """Raise unless one of those who asked may still add a series there; the connections may be long gone."""
        refusal: RenderError = SessionEnded("nobody who asked is signed in any more")
        for admission in list(batch.admissions):
            try:
                await admission.check()
            except SessionEnded:
                continue
            if batch.institution_id in admission.deriving:
                batch.stored_for = admission.user_id
                return
            refusal = ReformatNotAllowed(f"institution {batch.institution_id}")
        raise refusal

    async def _source(self, batch: Batch) -> VolumeSource:
        """The volume, as soon as it is in memory."""
        came = asyncio.Event()

        def heard(_: Assembly | None) -> None:
            came.set()

        self._library.listeners.add(heard)
        try:
            while (assembly := self._library.volume(batch.institution_id, batch.stack)).volume is None:
                came.clear()
                await came.wait()
            return VolumeSource(batch.stack, assembly)
        finally:
            self._library.listeners.discard(heard)

    async def _files(self, batch: Batch, source: VolumeSource) -> list[bytes]:
        request = batch.request
        planes = Planes(request, source)
        async with self._database.acting([batch.institution_id]) as connection:
            number = await next_number(connection, request.series)
        derivation = Derivation(
            series_instance_uid=batch.uid,
            series_number=number,
            description=request.description.strip(),
            projection=planes.projection,
            orientation=(*planes.right.tolist(), *planes.down.tolist()),
            spacing=(request.pixel_mm, request.pixel_mm),
            thickness_mm=planes.thickness_mm,
            spacing_mm=request.spacing_mm,
            count=request.count,
            made_at=datetime.now().astimezone(),
        )
        series = await asyncio.to_thread(self._series, batch, source, derivation)
        files, is_seen = [], False
        for k in range(request.count):
            planes.begin(k)
            while not await self._scheduler.aside(planes.step):
                pass
            data, some = await asyncio.to_thread(_instance, series, planes, k)
            files.append(data)
            is_seen |= some
            batch.done = k + 1
            for asker in batch.askers:
                asker.progress(batch.done, request.count)
        if not is_seen:
            raise ReformatOutside("no plane meets the volume")
        return files

    def _series(self, batch: Batch, source: VolumeSource, derivation: Derivation) -> DerivedSeries:
        """Read what the new images take over from the old ones. Any thread."""

        def read(frame: FrameSource) -> bytes:
            return self._library.blobs.read(batch.institution_id, frame.blob_sha256)

        sources = sources_of(batch.stack, read)
        return DerivedSeries(batch.stack, sources, _scaling(source), derivation)

    async def _store(self, batch: Batch, files: list[bytes]) -> int:
        until = time.monotonic() + WAIT_FOR_DATABASE_S
        arrival = Arrival(self._database, self._library.blobs)
        while True:
            try:
                await self._allow(batch)
                batch.storing = True
                outcomes = await arrival.receive_all(files, batch.institution_id, ORIGIN)
                series = await self._find(batch)
                break
            except DatabaseUnavailable:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(RETRY_S)
        if series is None or not {Outcome.NEW, Outcome.SAME}.issuperset(outcomes):
            raise ReformatError(f"the instances did not arrive: {sorted(set(map(str, outcomes)))}")
        return series


def _instance(series: DerivedSeries, planes: Planes, k: int) -> tuple[bytes, bool]:
    """Image k's file, and whether it has a sample. Any thread."""
    values, inside = planes.taken()
    used = planes.used(k, inside)
    gap = planes.crosses_hole(k)
    return series.instance(k + 1, planes.position(k).tolist(), values, inside, used, gap=gap), bool(used)


def _scaling(source: VolumeSource) -> Scaling:
    """For all values that reformats of this volume can have: interpolation makes none beyond the voxels' own."""
    stack, array = source.stack, source.volume.array
    modality = stack.frames[0].header.modality
    is_hounsfield = stack.unit == "HU"
    return scaling_of(
        float(array.min()),
        float(array.max()),
        whole=is_whole(stack),
        hounsfield=is_hounsfield,
        at_zero=modality == "PT",
    )


def is_whole(stack: Stack) -> bool:
    """Whether all values are whole numbers, by the headers alone."""

    def whole(frame: FrameSource) -> bool:
        slope, intercept, _ = frame.rescale
        pixels, lut = frame.header.pixels, frame.header.modality_lut
        return pixels is not None and pixels.kind == "integer" and lut is None and slope % 1 == 0 == intercept % 1

    return all(map(whole, stack.frames))
