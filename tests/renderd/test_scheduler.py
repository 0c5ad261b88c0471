"""Whose turn it is, with renderings that only count their bands."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from renderd.camera import Size
from renderd.errors import RenderError, SeriesNotFound
from renderd.protocol import Close, Flag, Shown, View
from renderd.scene import Scene
from renderd.scheduler import ASIDE_S, Scheduler
from renderd.sources import Source
from renderd.viewer import Frame, Stage, Viewer, Want
from tests.renderd.shows import PLANE, VOLUME, show

PATIENCE_S = 20
SOURCE: Any = SimpleNamespace()


class Bands:
    """A rendering of a number of bands; `hook` runs on the compute thread before each."""

    def __init__(self, want: Want, bands: int, log: list[tuple[int, bool]], hook: Callable[[Want], None]) -> None:
        self.want, self.bands, self.log, self.hook = want, bands, log, hook
        self.size = Size(want.width, want.height, 8, 8)
        self.flags, self.seconds = Flag(0), 0.001
        self.raw = np.zeros((8, 8), np.uint8)

    def step(self) -> bool:
        self.hook(self.want)
        self.log.append((self.want.viewport, self.want.final))
        self.bands -= 1
        return self.bands <= 0


class Watch:
    """A viewer that takes every frame at once and, unless told otherwise, acknowledges it."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scene, self.viewer = Scene(), Viewer()
        self.scheduler = scheduler
        self.acknowledges = True
        self.frames: list[Frame] = []
        self.refused: list[str] = []
        self.asked = 0
        self.came = asyncio.Event()
        self.source: Callable[[View], Source | Awaitable[Source] | None] = lambda _: SOURCE

    def find(self, viewport: int, view: View) -> Source | Awaitable[Source] | None:
        self.asked += 1
        self.came.set()
        return self.source(view)

    def refuse(self, want: Want, error: RenderError) -> None:
        self.refused.append(error.code)
        self.came.set()

    def ready(self) -> None:
        while (taken := self.viewer.take(self.scene, time.monotonic())) is not None:
            self.frames.append(taken[0])
            if self.acknowledges:
                self.viewer.shown(Shown(taken[0].want.viewport, taken[1], 0), time.monotonic())
        self.came.set()

    def show(self, *arguments: Any, **values: Any) -> None:
        self.scene.receive(show(*arguments, **values), time.monotonic())
        self.scheduler.wake()

    async def until(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not wanted():
                self.came.clear()
                await self.came.wait()

    async def final(self, number: int) -> None:
        await self.until(lambda: any(f.want.final and f.want.input == number for f in self.frames))


class Studio:
    """A running scheduler whose renderings are `Bands`: previews have one, stills `bands`."""

    def __init__(self) -> None:
        self.log: list[tuple[int, bool]] = []
        self.bands = 3
        self.refined_bands = 1
        self.hook: Callable[[Want], None] = lambda _: None
        self.scheduler = Scheduler(self)  # type: ignore[arg-type]

    def start(self, want: Want, _: Source) -> Bands:
        bands = {Stage.PREVIEW: 1, Stage.REFINED: self.refined_bands, Stage.FINAL: self.bands}[want.stage]
        return Bands(want, bands, self.log, self.hook)

    def watch(self) -> Watch:
        watch = Watch(self.scheduler)
        self.scheduler.join(watch)
        return watch


@pytest_asyncio.fixture
async def studio() -> AsyncIterator[Studio]:
    studio = Studio()
    task = asyncio.create_task(studio.scheduler.run())
    yield studio
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_view_at_rest_is_a_preview_and_a_still_in_bands(studio: Studio) -> None:
    watch = studio.watch()
    watch.show(number=1)
    await watch.final(1)
    assert studio.log == [(1, False)] + [(1, True)] * 3
    assert [frame.want.final for frame in watch.frames] == [False, True]


async def test_the_still_comes_by_time_alone_when_the_finger_holds(studio: Studio) -> None:
    watch = studio.watch()
    watch.show(number=1, moving=True)
    await watch.final(1)


async def test_new_input_ends_a_still_between_two_bands(studio: Studio) -> None:
    watch, loop = studio.watch(), asyncio.get_running_loop()
    studio.bands = 1000

    def move(want: Want) -> None:
        if want.final and studio.bands == 1000:
            studio.bands = 2
            asyncio.run_coroutine_threadsafe(asyncio.to_thread(lambda: None), loop).result()
            loop.call_soon_threadsafe(lambda: watch.show(number=2, view=VOLUME))

    studio.hook = move
    watch.show(number=1)
    await watch.final(2)
    assert not any(frame.want.final and frame.want.input == 1 for frame in watch.frames)
    assert studio.log.count((1, True)) < 20


async def test_a_volume_rendering_at_rest_is_refined_before_it_is_final(studio: Studio) -> None:
    watch = studio.watch()
    watch.show(number=1, view=VOLUME)
    await watch.final(1)
    assert [frame.want.stage for frame in watch.frames] == list(Stage)


async def test_a_refined_picture_in_bands_gives_way_to_what_moves(studio: Studio) -> None:
    watch, loop = studio.watch(), asyncio.get_running_loop()
    moved: list[Want] = []
    studio.refined_bands = 1000

    def move(want: Want) -> None:
        if want.stage is Stage.REFINED and not moved:
            moved.append(want)
            loop.call_soon_threadsafe(lambda: watch.show(2, number=2, moving=True))

    studio.hook = move
    watch.show(1, number=1, view=VOLUME)
    await watch.until(lambda: any(frame.want.viewport == 2 for frame in watch.frames))
    assert not any(frame.want.rests for frame in watch.frames) and len(studio.log) < 100
    studio.refined_bands = 1
    watch.show(2, number=3)
    await watch.final(1)
    assert any(frame.want.stage is Stage.REFINED for frame in watch.frames)


async def test_another_viewer_s_pictures_come_between_the_bands_of_a_long_still(studio: Studio) -> None:
    patient, quick = studio.watch(), studio.watch()
    studio.bands = 60
    patient.show(7, number=1)
    await patient.until(lambda: len(patient.frames) == 1)
    for number in range(1, 6):
        quick.show(8, number=number, moving=True)
        await quick.until(lambda number=number: quick.frames and quick.frames[-1].want.input == number)  # type: ignore[misc]
    assert studio.log.count((7, True)) < 60
    await patient.final(1)


async def test_viewers_take_turns(studio: Studio) -> None:
    watches = [studio.watch() for _ in range(3)]
    studio.bands = 20
    for number, watch in enumerate(watches):
        watch.show(number, number=1)
    await asyncio.gather(*(watch.final(1) for watch in watches))
    stills = [viewport for viewport, final in studio.log if final]
    # While all three have work, nobody is more than a few bands ahead.
    for end in range(10, 50):
        counts = [stills[:end].count(viewport) for viewport in range(3)]
        assert max(counts) - min(counts) <= 3


async def test_while_a_viewer_moves_one_viewport_the_stills_of_its_others_wait(studio: Studio) -> None:
    watch = studio.watch()
    watch.show(1, number=1, moving=True)
    watch.show(2, number=2, view=VOLUME)
    await watch.until(lambda: len(watch.frames) == 2)
    assert not any(final for _, final in studio.log)
    watch.show(1, number=3)
    await watch.final(2)


async def test_what_is_not_there_yet_is_asked_for_again_when_something_came(studio: Studio) -> None:
    watch = studio.watch()
    there: list[bool] = []
    watch.source = lambda _: SOURCE if there else None
    watch.show(number=1)
    await asyncio.sleep(0)
    watch.show(number=2)
    await asyncio.sleep(0)
    assert watch.frames == [] and watch.viewer.owed == 0
    there.append(True)
    studio.scheduler.wake()
    await watch.final(2)
    assert {frame.want.input for frame in watch.frames} == {2}


async def test_images_that_are_still_read_count_as_begun(studio: Studio) -> None:
    watch = studio.watch()
    loop = asyncio.get_running_loop()
    watch.source = lambda _: loop.create_future()
    for viewport in range(12):
        watch.show(viewport, number=1)
    await asyncio.sleep(0.05)
    assert watch.viewer.owed == watch.viewer.credit == 2


async def test_a_frame_that_was_read_is_shown_although_the_finger_is_further(studio: Studio) -> None:
    watch = studio.watch()
    reading: asyncio.Future[Source] = asyncio.get_running_loop().create_future()
    watch.source = lambda _: reading if not reading.done() else SOURCE
    watch.show(number=1, moving=True)
    await watch.until(lambda: watch.asked == 1)
    watch.show(number=2)
    reading.set_result(SOURCE)
    await watch.final(2)
    assert watch.frames[0].want.input == 1


async def test_what_cannot_be_shown_is_told_once(studio: Studio) -> None:
    watch = studio.watch()

    def refuse(_: View) -> None:
        raise SeriesNotFound("series 1")

    watch.source = refuse
    watch.show(number=1)
    await watch.until(lambda: bool(watch.refused))
    studio.scheduler.wake()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert watch.refused == ["series_not_found"] and watch.asked == 1


async def test_a_source_that_cannot_be_read_is_told(studio: Studio) -> None:
    watch = studio.watch()

    async def fail() -> Source:
        raise SeriesNotFound("gone")

    watch.source = lambda _: fail()
    watch.show(number=1)
    await watch.until(lambda: bool(watch.refused))
    assert watch.refused == ["series_not_found"] and watch.viewer.owed == 0


@pytest.mark.parametrize("error", [ZeroDivisionError, MemoryError, ValueError])
async def test_a_failing_kernel_is_told_and_the_next_picture_is_made(studio: Studio, error: type[Exception]) -> None:
    watch = studio.watch()

    def fail(want: Want) -> None:
        if want.input == 1:
            raise error

    studio.hook = fail
    watch.show(number=1)
    await watch.until(lambda: bool(watch.refused))
    assert watch.refused == ["render_failed"]
    watch.show(number=2, view=PLANE)
    await watch.final(2)


async def test_a_watch_that_leaves_in_the_middle_is_sent_nothing_more(studio: Studio) -> None:
    leaver, stayer = studio.watch(), studio.watch()
    studio.bands = 30
    leaver.show(1, number=1)
    await leaver.until(lambda: len(leaver.frames) == 1)
    studio.scheduler.leave(leaver)
    stayer.show(2, number=1)
    await stayer.final(1)
    assert len(leaver.frames) == 1
    assert studio.log.count((1, True)) < 30


async def test_a_viewport_closed_during_its_still_gives_its_place_free(studio: Studio) -> None:
    watch = studio.watch()
    studio.bands = 200
    watch.show(1, number=1)
    await watch.until(lambda: len(watch.frames) == 1)
    watch.scene.receive(Close(1), time.monotonic())
    watch.viewer.close(1)
    studio.bands = 1
    watch.show(2, number=2)
    await watch.final(2)
    await watch.until(lambda: watch.viewer.owed == 0)  # the given-up still may end after the other's final


async def test_work_aside_is_done_when_no_picture_is_wanted_and_answers(studio: Studio) -> None:
    assert await studio.scheduler.aside(lambda: 6 * 7) == 42


async def test_work_aside_that_fails_raises_where_it_was_asked_for(studio: Studio) -> None:
    with pytest.raises(ZeroDivisionError):
        await studio.scheduler.aside(lambda: 1 // 0)
    watch = studio.watch()
    watch.show(number=1)
    await watch.final(1)  # and the scheduler goes on


async def test_pictures_come_before_work_aside_until_it_has_waited_long_enough() -> None:
    now = [0.0]
    order: list[str] = []
    studio = Studio()
    studio.scheduler = Scheduler(studio, clock=lambda: now[0])  # type: ignore[arg-type]
    studio.bands = 6
    watch = studio.watch()

    def hook(want: Want) -> None:
        order.append("picture")
        now[0] += ASIDE_S / 4

    studio.hook = hook
    watch.scene.receive(show(number=1), now[0])
    aside = studio.scheduler.aside
    asked = [asyncio.create_task(aside(lambda: order.append("aside"))) for _ in range(2)]
    await asyncio.sleep(0)
    running = asyncio.create_task(studio.scheduler.run())
    await asyncio.gather(*asked)
    # Four pictures take as long as work aside is patient; then both pieces are due, with a picture between them.
    assert order[:7] == ["picture"] * 4 + ["aside", "picture", "aside"]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_work_aside_that_is_always_late_leaves_every_other_turn_to_the_pictures() -> None:
    """Whatever is done, all that waits aside is overdue: pieces longer than its patience, and many of them."""
    now, order = [0.0], list[str]()
    studio = Studio()
    studio.scheduler = Scheduler(studio, clock=lambda: now[0])  # type: ignore[arg-type]
    studio.bands = 20
    watch = studio.watch()
    studio.hook = lambda want: order.append("picture")
    watch.scene.receive(show(number=1), now[0])

    def work() -> None:
        order.append("aside")
        now[0] += 2 * ASIDE_S

    async def derive() -> None:
        while True:
            await studio.scheduler.aside(work)

    deriving = [asyncio.create_task(derive()) for _ in range(16)]
    await asyncio.sleep(0)
    now[0] += 2 * ASIDE_S
    running = asyncio.create_task(studio.scheduler.run())
    await watch.final(1)
    assert order[:40] == ["aside", "picture"] * 20
    for task in (*deriving, running):
        task.cancel()
    await asyncio.gather(*deriving, running, return_exceptions=True)


async def test_who_has_work_aside_takes_turns_with_the_others(studio: Studio) -> None:
    order: list[str] = []
    work = [("a", n) for n in range(6)] + [("b", 0), ("b", 1), ("c", 0)]
    asked = [
        asyncio.create_task(studio.scheduler.aside(lambda name=f"{owner}{n}": order.append(name), owner))  # type: ignore[misc]
        for owner, n in work
    ]
    await asyncio.gather(*asked)
    assert order == ["a0", "b0", "c0", "a1", "b1", "a2", "a3", "a4", "a5"]


async def test_work_aside_that_nobody_waits_for_any_more_is_not_done(studio: Studio) -> None:
    done: list[int] = []
    begun, go = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        go.wait(PATIENCE_S)

    holding = asyncio.create_task(studio.scheduler.aside(hold))
    assert await asyncio.to_thread(begun.wait, PATIENCE_S)  # so that nothing else begins
    given_up = asyncio.create_task(studio.scheduler.aside(lambda: done.append(1)))
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    go.set()
    await holding
    await studio.scheduler.aside(lambda: done.append(2))
    assert done == [2]


async def test_an_error_that_nobody_expected_is_told_to_its_viewport_and_the_others_go_on(studio: Studio) -> None:
    watch, other = studio.watch(), studio.watch()

    def fail(_: View) -> None:
        raise MemoryError

    watch.source = fail
    watch.show(number=1)
    await watch.until(lambda: bool(watch.refused))
    assert watch.refused == ["render_failed"]
    other.show(number=1)
    await other.final(1)


async def test_whoever_waits_aside_is_told_when_the_scheduler_ends() -> None:
    studio = Studio()
    running = asyncio.create_task(studio.scheduler.run())
    begun, go = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        go.wait(PATIENCE_S)

    waiting = [asyncio.create_task(studio.scheduler.aside(work)) for work in (hold, lambda: None)]
    await asyncio.to_thread(begun.wait, PATIENCE_S)
    running.cancel()
    for one in waiting:
        with pytest.raises(asyncio.CancelledError):
            await one
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await running
