"""Turns at something that only one may do at a time: of those who wait, whose person's last turn is longest ago."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """On the event loop."""

    def __init__(self) -> None:
        self._busy = False
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []  # in the order in which they came
        self._served: dict[int, int] = {}  # person → the number of the last turn
        self._count = 0

    @asynccontextmanager
    async def turn(self, person: int) -> AsyncIterator[None]:
        """Wait for a turn and have it."""
        came: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((person, came))
        if not self._busy:
            self._next()
        try:
            await came
            yield
        finally:
            if came.done() and not came.cancelled():
                self._next()
            else:
                self._waiting.remove((person, came))

    def _next(self) -> None:
        waiting = [(person, came) for person, came in self._waiting if not came.done()]
        self._busy = bool(waiting)
        if not waiting:
            self._served.clear()  # nobody is kept waiting by anybody
            return
        person, came = min(waiting, key=lambda one: self._served.get(one[0], 0))
        self._waiting.remove((person, came))
        self._count += 1
        self._served[person] = self._count
        came.set_result(None)
