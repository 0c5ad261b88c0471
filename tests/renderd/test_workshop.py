"""What is derived from volumes: made in portions, once, for who still wants it, within the cache's budget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from kernels.errors import InvalidVolume
from renderd import derived, workshop
from renderd.cache import Cache
from renderd.claims import AT_ONCE, Claims
from renderd.derived import Beside, Derived, Part
from renderd.errors import NotAVolume, RenderError
from renderd.workshop import FAILURES, Workshop

VOLUME = (1, "volume")


@dataclass
class Volume:
    size_bytes: int = 10
    is_ready: bool = True
    held: bool = False


class Work(Derived):
    """So many portions; one of them may fail, or run beside the compute thread."""

    def __init__(self, portions: int = 3, size_bytes: int = 10, fails: Exception | None = None) -> None:
        super().__init__(size_bytes)
        self.done: list[int] = []
        self._portions, self._fails = portions, fails

    def make(self) -> Iterator[Beside | None]:
        for number in range(self._portions):
            self.done.append(number)
            yield None
        if self._fails is not None:
            raise self._fails
        yield self._beside

    async def _beside(self) -> None:
        self.done.append(99)


class Bench:
    """A workshop whose portions wait to be let through, and those who ask it again and again."""

    def __init__(self, budget_bytes: int = 100, volume_bytes: int = 10) -> None:
        self.cache: Cache[Any, Any] = Cache(budget_bytes)
        self.claims = Claims(self.cache)
        self.cache.put(VOLUME, Volume(volume_bytes))
        self.gate = asyncio.Semaphore(0)
        self.changes = 0
        self.begun: list[Hashable] = []
        self.asking: list[Callable[[], object]] = []
        self.most = 0  # bytes that were in memory at once
        self.workshop = Workshop(self.cache, self.claims, self._aside, self._changed)

    async def _aside(self, work: Callable[[], Any], owner: Hashable) -> Any:
        await self.gate.acquire()
        self.most = max(self.most, self.cache.size_bytes)
        return work()

    def _changed(self) -> None:
        self.changes += 1
        for ask in list(self.asking):
            ask()

    def part(self, key: Hashable, work: Derived | None = None, base: Hashable | None = None, size: int = 10) -> Part:
        def begin(*sources: object) -> Derived:
            assert len(sources) == (1 if base is None else 2)
            self.begun.append(key)
            return Work(size_bytes=size) if work is None else work

        return Part(key, size, (VOLUME,), begin, base)

    def ask(self, who: Any, *parts: Part) -> dict[Hashable, Any] | None:
        """As a viewport does."""
        needed: dict[Hashable, int] = {VOLUME: self.cache._items[VOLUME].size_bytes}
        for part in parts:
            needed |= part.needed
        return self.workshop.find(who, parts) if self.workshop.admit(who, needed) else None

    def keep_asking(self, who: Any, *parts: Part) -> list[dict[Hashable, Any]]:
        """Until it has an answer, which comes into the list."""
        answers: list[dict[Hashable, Any]] = []

        def ask() -> None:
            found = self.ask(who, *parts)
            if found is not None:
                answers.append(found)
                self.asking.remove(ask)

        self.asking.append(ask)
        ask()
        return answers

    async def settle(self, portions: int = 10_000) -> None:
        """Until nothing is being made and nobody asks any more."""
        for _ in range(portions):
            self.gate.release()
        async with asyncio.timeout(10):
            while self.workshop._tasks or self.asking:  # noqa: ASYNC110 - tasks end them
                await asyncio.sleep(0.001)


A, B = ("one", 1), ("other", 1)  # two viewers' first viewports


async def test_it_is_made_once_and_found_when_it_is_ready() -> None:
    bench, work = Bench(), Work()
    for who in (A, B):
        assert bench.ask(who, bench.part("key", work)) is None
    assert bench.cache.size_bytes == 20  # counted from the beginning
    await bench.settle()
    assert work.done == [0, 1, 2, 99]
    assert bench.changes == 1
    assert bench.ask(("third", 1), bench.part("key")) == {"key": work}


async def test_what_nobody_wants_any_more_is_given_up() -> None:
    bench, works = Bench(), [Work(), Work()]
    bench.ask(A, bench.part("one", works[0]))
    bench.ask(A, bench.part("two", works[1]))
    await bench.settle()
    assert works[0].done == [] and works[1].is_ready
    assert bench.cache.size_bytes == 20


async def test_what_another_one_still_wants_goes_on() -> None:
    bench, work = Bench(), Work()
    bench.ask(A, bench.part("one", work))
    bench.ask(B, bench.part("one", work))
    bench.ask(A, bench.part("two"))
    await bench.settle()
    assert work.is_ready


async def test_who_comes_back_before_it_was_given_up_gets_it() -> None:
    bench, work = Bench(), Work()
    bench.ask(A, bench.part("one", work))
    bench.workshop.forget(A)
    bench.ask(A, bench.part("one"))
    await bench.settle()
    assert work.is_ready and bench.begun == ["one"]


async def test_a_connection_that_is_gone_leaves_nothing_behind() -> None:
    bench = Bench()
    for place in range(3):
        bench.ask(("one", place), bench.part(place), bench.part(("more", place)))
    bench.ask(B, bench.part("mine"))
    bench.workshop.forget_all("one")
    await bench.settle()
    assert set(bench.cache._items) == {VOLUME, "mine"}
    assert set(bench.workshop._wanted) == {B}
    bench.workshop.forget_all("other")
    assert not bench.workshop._wanted and not bench.claims.keys() and not bench.workshop._making


@pytest.mark.parametrize(
    "error, code", [(InvalidVolume("x"), "invalid_volume"), (ValueError("x"), "render_failed"), (NotAVolume("y"), "y")]
)
async def test_what_failed_says_so_and_is_not_tried_at_every_picture(error: Exception, code: str) -> None:
    bench = Bench()
    bench.ask(A, bench.part("key", Work(fails=error)))
    await bench.settle()
    assert bench.changes == 1
    for _ in range(2):
        with pytest.raises(RenderError) as caught:
            bench.ask(A, bench.part("key"))
        assert caught.value.code == code
    assert bench.begun == ["key"]
    assert bench.cache.size_bytes == 10


async def test_only_so_many_failures_are_remembered() -> None:
    bench = Bench()
    for number in range(FAILURES + 5):
        bench.ask(A, bench.part(number, Work(portions=0, fails=ValueError())))
        bench.gate.release()
        await asyncio.gather(*bench.workshop._tasks)
    assert len(bench.workshop._failed) == FAILURES
    assert 0 not in bench.workshop._failed and FAILURES + 4 in bench.workshop._failed


async def test_what_is_larger_than_the_memory_is_refused() -> None:
    """With all that it is made from and all that is shown with it, before anything is begun."""
    bench = Bench(budget_bytes=35)
    bench.ask(A, bench.part("one"), bench.part("two"))
    with pytest.raises(NotAVolume, match="volume_too_large"):
        bench.ask(A, bench.part("one"), bench.part("two"), bench.part("three"))
    with pytest.raises(NotAVolume, match="volume_too_large"):
        bench.ask(B, bench.part("four", base="one"), bench.part("three"))
    assert bench.begun == ["one", "two"]


async def test_it_goes_with_the_volume_that_it_was_made_from() -> None:
    bench = Bench()
    bench.ask(A, bench.part("key"))
    await bench.settle()
    assert bench.cache.size_bytes == 20
    bench.cache.remove(VOLUME)
    assert bench.cache.size_bytes == 0 and not bench.workshop.has("key")


async def test_one_viewer_with_many_wishes_stays_within_the_memory() -> None:
    """256 labelmaps of which four fit: all are made, some at a time."""
    bench = Bench(budget_bytes=50)
    answers = [bench.keep_asking(("one", n), bench.part(n)) for n in range(256)]
    assert len(bench.begun) == AT_ONCE
    await bench.settle()
    assert all(len(answer) == 1 for answer in answers)
    assert bench.begun == list(range(256))
    assert bench.most <= 50 and bench.cache.size_bytes <= 50


async def test_another_viewer_need_not_wait_for_all_of_them() -> None:
    bench = Bench(budget_bytes=30)
    for n in range(50):
        bench.keep_asking(("one", n), bench.part(n))
    answer = bench.keep_asking(B, bench.part("mine"))
    for _ in range(10 * 4):
        bench.gate.release()
        await asyncio.sleep(0.001)
    assert answer and len(bench.begun) < 10
    await bench.settle()


async def test_two_views_that_do_not_fit_together_are_made_one_after_the_other() -> None:
    """Each needs three things and there is room for four: part by part they would take each other's for ever."""
    bench = Bench(budget_bytes=50)
    first = bench.keep_asking(A, *(bench.part(f"a{n}") for n in range(3)))
    second = bench.keep_asking(B, *(bench.part(f"b{n}") for n in range(3)))
    assert bench.begun == ["a0", "a1", "a2"]
    await bench.settle()
    assert first and second
    assert bench.begun == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert bench.most <= 50


async def test_what_is_made_from_something_derived_waits_for_it_and_keeps_it() -> None:
    bench = Bench(budget_bytes=40)
    bench.keep_asking(A, bench.part("labels"), bench.part("mask", base="labels"))
    assert bench.begun == ["labels"]
    await bench.settle()
    assert bench.begun == ["labels", "mask"] and bench.workshop.ready("labels") is not None


async def test_a_volume_that_makes_room_takes_nothing_that_is_being_made() -> None:
    bench = Bench(budget_bytes=100, volume_bytes=40)
    work = Work(size_bytes=40)
    bench.ask(A, bench.part("key", work, size=40))
    bench.cache.put((1, "another"), Volume(50))
    assert bench.cache.size_bytes == 130  # all that lives is counted
    assert bench.ask(A, bench.part("key", size=40)) is None
    assert bench.begun == ["key"]
    await bench.settle()
    assert work.is_ready and bench.workshop.ready("key") is work
    assert bench.cache.size_bytes == 80  # and comes down when it is there, to what who asked will show


async def test_what_lost_its_place_in_the_cache_is_not_begun_a_second_time_beside_the_first() -> None:
    bench, works = Bench(), [Work(), Work()]
    bench.ask(A, bench.part("key", works[0]))
    bench.cache.remove(VOLUME)
    bench.cache.put(VOLUME, Volume())
    bench.ask(A, bench.part("key", works[1]))
    assert bench.begun == ["key"]
    await bench.settle()
    bench.ask(A, bench.part("key", works[1]))
    await bench.settle()
    assert bench.workshop.ready("key") is works[1]


async def test_who_has_no_room_is_asked_again_although_nothing_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one's viewport was hidden when what it claims was half there, and never asks again."""
    now = [0.0]
    monkeypatch.setattr(workshop, "AGAIN_S", 0.01)
    bench = Bench(budget_bytes=40)
    bench.claims._clock = lambda: now[0]
    bench.ask(A, bench.part("labels"), bench.part("mask", base="labels"))
    answer = bench.keep_asking(B, bench.part("b0"), bench.part("b1"))
    for _ in range(20):
        bench.gate.release()
    await asyncio.gather(*bench.workshop._tasks)
    await asyncio.sleep(0.05)
    assert not answer and bench.begun == ["labels"]
    now[0] = 100.0
    await bench.settle()
    assert answer


class Slices(Derived):
    """Slices that take so long each, by a clock that is passed on by hand."""

    def __init__(self, cost_s: float, least: int, now: list[float]) -> None:
        super().__init__(1)
        self.taken: list[int] = []
        self._cost_s, self._least, self._now = cost_s, least, now

    def make(self) -> Iterator[Beside | None]:
        for first, last in self.portions(200, self._least):
            self.taken.append(last - first)
            self._now[0] += self._cost_s * (last - first)
            yield None


@pytest.mark.parametrize(
    "cost_s, least, longest", [(0.2, 1, 1), (0.02, 1, 2), (0.001, 1, 50), (0.02, 8, 8), (0.001, 8, 48)]
)
def test_a_portion_has_as_many_slices_as_there_is_time_for(
    monkeypatch: pytest.MonkeyPatch, cost_s: float, least: int, longest: int
) -> None:
    now = [0.0]
    monkeypatch.setattr(derived.time, "perf_counter", lambda: now[0])
    slices = Slices(cost_s, least, now)
    while not slices.step()[0]:
        now[0] += 5.0  # pictures between them count for nothing
    assert sum(slices.taken) == 200
    assert max(slices.taken) in (longest, longest - 1) and slices.taken[0] == least
    assert all(after <= 2 * before for before, after in pairwise(slices.taken))
