"""Whose picture is made next.

The event loop decides and does no arithmetic. One thread launches kernels, because numba's workqueue layer allows one
caller in a process; two encode. Viewers take turns on the compute thread; for one viewer moving pictures come before
stills, and while it moves it gets none. A still is made band by band, each a turn of its own, and is given up as soon
as its viewport changes or another one of the same viewer moves. What is no picture (`aside`) has the thread when no
picture wants it, and a share of it when there is always one: a portion that has waited long enough goes first, then
a picture again. Whoever has work aside takes turns with the others who have.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import structlog

from kernels.errors import KernelError
from renderd import encode
from renderd.errors import RenderError
from renderd.protocol import LEVELS, Flag, View, VolumeView
from renderd.render import Renderer
from renderd.rendering import Rendering
from renderd.scene import Scene
from renderd.sources import Source
from renderd.viewer import Frame, Viewer, Want

log = structlog.get_logger()

ENCODERS = 2
ASIDE_S = 0.25  # work aside waits no longer than this for the pictures to leave it the thread

T = TypeVar("T")


class Watch(Protocol):
    """One viewer of one scene, as the scheduler sees it."""

    scene: Scene
    viewer: Viewer

    def find(self, viewport: int, view: View) -> Source | Awaitable[Source] | None:
        """What the view shows; or soon, as it was asked for; or None when it comes later and wakes the scheduler.

        Raises:
            RenderError: it cannot be shown, now or later.
        """
        ...

    def refuse(self, want: Want, error: RenderError) -> None:
        """Tell the viewer why this cannot be shown."""
        ...

    def ready(self) -> None:
        """A frame waits to be sent."""
        ...


@dataclass(slots=True, eq=False)
class Job:
    """One picture on its way through the threads."""

    watch: Watch
    want: Want
    source: Source
    rendering: Rendering | None = None

    def advance(self, renderer: Renderer) -> bool:
        """The next band, on the compute thread; True when the picture is whole."""
        if self.rendering is None:
            self.rendering = renderer.start(self.want, self.source)
        return self.rendering.step()


@dataclass(slots=True, eq=False)
class Aside:
    """Something short that is no picture; `due`: when it goes before the pictures."""

    work: Callable[[], Any]
    result: asyncio.Future[Any]
    due: float


class Scheduler:
    """Serves every watch that has joined."""

    def __init__(self, renderer: Renderer, clock: Callable[[], float] = time.monotonic) -> None:
        self.compute = ThreadPoolExecutor(1, "compute")
        self._renderer = renderer
        self._clock = clock
        self._encoders = ThreadPoolExecutor(ENCODERS, "encode")
        self._watches: deque[Watch] = deque()  # who waited longest comes first
        self._jobs: list[Job] = []  # pictures at rest that were begun, and pictures whose source has come
        self._asides: dict[Hashable, deque[Aside]] = {}  # by owner; who waited longest for a turn comes first
        self._was_aside = False  # what the compute thread did last
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()

    def join(self, watch: Watch) -> None:
        self._watches.append(watch)

    def leave(self, watch: Watch) -> None:
        """Nothing more is made for this watch."""
        self._watches.remove(watch)
        self._jobs = [job for job in self._jobs if job.watch is not watch]

    def wake(self) -> None:
        """Something changed: input, an acknowledgement, a volume that has come."""
        self._woken.set()

    async def aside(self, work: Callable[[], T], owner: Hashable = None) -> T:
        """Have something short done on the compute thread, which alone may launch kernels, between the pictures.

        owner: for whom; owners take turns.
        """
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._asides.setdefault(owner, deque()).append(Aside(work, result, self._clock() + ASIDE_S))
        self.wake()
        return await result

    async def run(self) -> None:
        """Make pictures until cancelled."""
        try:
            while True:
                self._woken.clear()
                # Never two overdue ones in a row: however many there are, the next picture waits for one.
                aside = None if self._was_aside else self._take_aside(overdue=True)
                job = None if aside is not None else self._next()
                if job is None and aside is None:
                    aside = self._take_aside()
                self._was_aside = aside is not None
                if aside is not None:
                    await self._work_aside(aside)
                elif job is not None:
                    await self._advance(job)
                else:
                    await self._wait()
        finally:
            for task in self._tasks:
                task.cancel()
            for asides in self._asides.values():
                for aside in asides:
                    aside.result.cancel()
            self.compute.shutdown(wait=False, cancel_futures=True)
            self._encoders.shutdown(wait=False, cancel_futures=True)

    def _take_aside(self, *, overdue: bool = False) -> Aside | None:
        """The next piece of work aside, or of those that have waited long enough; its owner's next turn comes last."""
        now = self._clock()
        for owner, asides in self._asides.items():
            if not overdue or asides[0].due <= now:
                del self._asides[owner]
                aside = asides.popleft()
                if asides:
                    self._asides[owner] = asides
                return aside
        return None

    async def _wait(self) -> None:
        now = self._clock()
        times = [watch.viewer.due(watch.scene, now) for watch in self._watches]
        due = min((time for time in times if time is not None), default=None)
        try:
            async with asyncio.timeout(None if due is None else due - now):
                await self._woken.wait()
        except TimeoutError:
            pass

    def _next(self) -> Job | None:
        for watch in list(self._watches):
            job = self._job_of(watch)
            if job is not None:
                self._watches.remove(watch)
                self._watches.append(watch)
                return job
        return None

    def _job_of(self, watch: Watch) -> Job | None:
        """The most urgent work for this watch that can be done now."""
        now = self._clock()
        moves = watch.scene.moves(now)
        self._give_up(watch, moves)
        mine = [job for job in self._jobs if job.watch is watch]
        for job in mine:
            if not job.want.rests:
                return job
        tried: set[int] = set()
        while want := next((w for w in watch.viewer.wants(watch.scene, now) if w.viewport not in tried), None):
            if want.rests and (mine or moves):
                break
            tried.add(want.viewport)
            begun = self._begin(watch, want)
            if begun is not None:
                return begun
        return mine[0] if mine else None

    def _give_up(self, watch: Watch, moves: bool) -> None:
        """Drop what nobody waits for any more, and what rests and would hold the credit of what moves."""
        for job in [job for job in self._jobs if job.watch is watch]:
            if (job.want.rests and moves) or not watch.viewer.is_current(job.want, watch.scene):
                self._jobs.remove(job)
                watch.viewer.drop(job.want)

    def _begin(self, watch: Watch, want: Want) -> Job | None:
        try:
            source = watch.find(want.viewport, want.view)
        except Exception as error:  # whatever it is, it is this viewport's alone
            self._refuse(watch, want, _told(error))
            return None
        if source is None:
            return None
        watch.viewer.begin(want)
        if isinstance(source, Awaitable):
            # What was asked for is shown when it has come, even if the finger is further by then: otherwise a fast
            # scroll would show nothing at all.
            self._spawn(self._await_source(watch, want, source), watch, want)
            return None
        job = Job(watch, want, source)
        self._jobs.append(job)
        return job

    async def _await_source(self, watch: Watch, want: Want, source: Awaitable[Source]) -> None:
        job = Job(watch, want, await source)
        if watch in self._watches:
            self._jobs.append(job)
            self.wake()

    async def _advance(self, job: Job) -> None:
        try:
            done = await asyncio.get_running_loop().run_in_executor(self.compute, job.advance, self._renderer)
        except Exception as error:
            self._discard(job)
            self._refuse(job.watch, job.want, _told(error))
            return
        if done:
            self._discard(job)
            assert job.rendering is not None
            job.watch.viewer.rendered(job.want, job.rendering.size.width, job.rendering.size.height)
            self._spawn(self._encode(job), job.watch, job.want)

    async def _work_aside(self, aside: Aside) -> None:
        if aside.result.cancelled():
            return
        try:
            done = await asyncio.get_running_loop().run_in_executor(self.compute, aside.work)
        except Exception as error:
            if not aside.result.done():
                aside.result.set_exception(error)
        else:
            if not aside.result.done():
                aside.result.set_result(done)
        finally:
            aside.result.cancel()  # nothing, once it is done; else this loop has been cancelled

    def _discard(self, job: Job) -> None:
        if job in self._jobs:  # the watch may have left meanwhile
            self._jobs.remove(job)

    async def _encode(self, job: Job) -> None:
        watch, want, rendering = job.watch, job.want, job.rendering
        assert rendering is not None
        if not watch.viewer.is_current(want, watch.scene):
            watch.viewer.drop(want)
        else:
            frame = await asyncio.get_running_loop().run_in_executor(self._encoders, frame_of, want, rendering)
            if watch.viewer.made(frame, watch.scene):
                watch.ready()
        self.wake()

    def _spawn(self, work: Coroutine[Any, Any, None], watch: Watch, want: Want) -> None:
        async def supervised() -> None:
            try:
                await work
            except Exception as error:
                self._refuse(watch, want, _told(error))

        task = asyncio.create_task(supervised(), name="picture")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _refuse(self, watch: Watch, want: Want, error: RenderError) -> None:
        watch.viewer.fail(want)
        watch.refuse(want, error)
        self.wake()


def _told(error: Exception) -> RenderError:
    """What the viewer is told of an error; one that nobody expected is logged in full and told as "render_failed"."""
    if isinstance(error, RenderError):
        return error
    told = RenderError(type(error).__name__)
    if isinstance(error, KernelError):
        told.code = error.code
        log.warning("kernel_refused", code=error.code, reason=str(error))
    else:
        log.error("picture_failed", exc_info=error)
    return told


def _is_shading(view: View) -> bool:
    """Whether colours are shading alone: those of a second volume or of labels are read, and keep their sharpness."""
    return isinstance(view, VolumeView) and view.fusion is None and view.labels is None


def frame_of(want: Want, rendering: Rendering) -> Frame:
    """Encode a picture; any thread."""
    begun = time.perf_counter()
    if want.final:
        encoded = encode.lossless(rendering.raw)
    else:
        encoded = encode.lossy(rendering.raw, LEVELS[want.level][1], subsampled=_is_shading(want.view))
    return Frame(
        want=want,
        codec=encoded.codec,
        flags=rendering.flags | (Flag.FINAL if want.final else Flag(0)),
        width=rendering.size.width,
        height=rendering.size.height,
        render_us=round(rendering.seconds * 1e6),
        encode_us=round((time.perf_counter() - begun) * 1e6),
        body=encoded.digest + encoded.data,
    )
