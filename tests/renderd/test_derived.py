"""What is derived from volumes: made in portions, once, for who still wants it, within the cache's budget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kernels.errors import InvalidVolume
from renderd.cache import Cache
from renderd.derived import Beside, Derived, Workshop
from renderd.errors import NotAVolume, RenderError


class Work(Derived):
    """So many portions; one of them may fail, or run beside the compute thread."""

    def __init__(self, portions: int = 3, size_bytes: int = 10, fails: Exception | None = None) -> None:
        super().__init__(("volume",), size_bytes)
        self.done: list[int] = []
        self._portions, self._fails = portions, fails

    def make(self) -> Iterator[Beside | None]:
        for number in range(self._portions):
            self.done.append(number)
            yield None
        if self._fails is not None:
            raise self._fails
        yield lambda: self.done.append(99)


class Bench:
    """A workshop whose portions wait to be let through."""

    def __init__(self, budget_bytes: int = 100) -> None:
        self.cache: Cache[Any, Any] = Cache(budget_bytes)
        self.gate = asyncio.Semaphore(0)
        self.changes = 0
        self.workshop = Workshop(self.cache, self._aside, self._changed)

    async def _aside(self, work: Callable[[], Any]) -> Any:
        await self.gate.acquire()
        return work()

    def _changed(self) -> None:
        self.changes += 1

    async def settle(self, portions: int = 100) -> None:
        for _ in range(portions):
            self.gate.release()
        async with asyncio.timeout(10):
            while self.workshop._tasks:  # noqa: ASYNC110 - threads end them
                await asyncio.sleep(0.001)


async def test_it_is_made_once_and_found_when_it_is_ready() -> None:
    bench, work = Bench(), Work()
    for who in ("a", "b"):
        assert bench.workshop.find("key", lambda: work, who) is None
    assert bench.cache.size_bytes == 10  # counted from the beginning
    await bench.settle()
    assert work.done == [0, 1, 2, 99]
    assert bench.changes == 1
    assert bench.workshop.find("key", Work, "c") is work


async def test_what_nobody_wants_any_more_is_given_up() -> None:
    bench, works = Bench(), [Work(), Work()]
    bench.workshop.find("one", lambda: works[0], "slider")
    bench.workshop.find("two", lambda: works[1], "slider")
    await bench.settle()
    assert works[0].done == [] and works[1].is_ready
    assert bench.cache.size_bytes == 10


async def test_what_another_one_still_wants_goes_on() -> None:
    bench, work = Bench(), Work()
    bench.workshop.find("one", lambda: work, "a")
    bench.workshop.find("one", lambda: work, "b")
    bench.workshop.find("two", Work, "a")
    await bench.settle()
    assert work.is_ready


async def test_who_comes_back_before_it_was_given_up_gets_it() -> None:
    bench, work = Bench(), Work()
    bench.workshop.find("one", lambda: work, "a")
    bench.workshop.forget("a")
    bench.workshop.find("one", Work, "a")
    await bench.settle()
    assert work.is_ready


@pytest.mark.parametrize(
    "error, code", [(InvalidVolume("x"), "invalid_volume"), (ValueError("x"), "render_failed"), (NotAVolume("y"), "y")]
)
async def test_what_failed_says_so_and_is_not_tried_at_every_picture(error: Exception, code: str) -> None:
    bench, made = Bench(), list[Work]()

    def begin() -> Work:
        made.append(Work(fails=error))
        return made[-1]

    bench.workshop.find("key", begin, "a")
    await bench.settle()
    assert bench.changes == 1
    for _ in range(2):
        with pytest.raises(RenderError) as caught:
            bench.workshop.find("key", begin, "a")
        assert caught.value.code == code
    assert len(made) == 1
    assert bench.cache.size_bytes == 0


async def test_what_is_larger_than_the_memory_is_refused() -> None:
    bench = Bench(budget_bytes=5)
    with pytest.raises(NotAVolume, match="volume_too_large"):
        bench.workshop.find("key", Work, "a")
    assert bench.cache.size_bytes == 0


async def test_it_goes_with_the_volume_that_it_was_made_from() -> None:
    bench = Bench()
    bench.cache.put("volume", Work())
    bench.workshop.find("key", Work, "a")
    await bench.settle()
    assert bench.cache.size_bytes == 20
    bench.cache.remove("volume")
    assert bench.cache.size_bytes == 0 and not bench.workshop.has("key")
