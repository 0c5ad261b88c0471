"""Whose turn it is."""

from __future__ import annotations

import asyncio

from renderd.turns import Turns


class Bank:
    """People who have a turn each until the test ends it."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.had: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str) -> None:
        """`name`: a person's number and which of theirs it is, as in "1a"."""
        self.ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._have(name))
        await asyncio.sleep(0)

    async def _have(self, name: str) -> None:
        async with self.turns.turn(int(name[0])):
            self.had.append(name)
            await self.ends[name].wait()

    async def rest(self) -> None:
        for end in self.ends.values():
            end.set()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)


async def test_one_has_a_turn_and_people_alternate() -> None:
    bank = Bank()
    for name in ("1a", "1b", "1c", "2a", "2b", "3a"):
        await bank.come(name)
    assert bank.had == ["1a"]
    await bank.rest()
    assert bank.had == ["1a", "2a", "3a", "1b", "2b", "1c"]


async def test_who_gives_up_holds_nobody_up() -> None:
    bank = Bank()
    for name in ("1a", "2a", "3a"):
        await bank.come(name)
    bank.tasks["2a"].cancel()  # while it waits
    await asyncio.sleep(0)
    bank.tasks["1a"].cancel()  # while it has its turn
    await bank.rest()
    assert bank.had == ["1a", "3a"]
    await bank.come("4a")
    assert bank.had[-1] == "4a"


async def test_a_turn_that_came_to_one_who_gave_up_at_that_moment_goes_on() -> None:
    bank = Bank()
    for name in ("1a", "2a", "3a"):
        await bank.come(name)
    bank.ends["1a"].set()
    bank.tasks["1a"].add_done_callback(lambda _: bank.tasks["2a"].cancel())
    await asyncio.sleep(0)
    await bank.rest()
    assert "3a" in bank.had
