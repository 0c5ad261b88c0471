"""What is made from volumes and kept beside them as long as there is room: labelmaps, layers, filtered volumes.

Each is made in portions, so that pictures go on between them. The cache counts its bytes from the moment it is begun,
and drops it with the volume that it was made from.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Hashable, Iterator
from typing import Any, TypeVar, cast

import structlog

from kernels.errors import KernelError
from renderd.cache import Cache
from renderd.errors import NotAVolume, RenderError

log = structlog.get_logger()

PORTION_VOXELS = 1 << 22  # some milliseconds of a simple operation
RETRY_S = 30.0

# Work that launches no kernel and may take long: it runs beside the compute thread.
Beside = Callable[[], Any]


class Derived(ABC):
    """One of them. `of`: the cache's keys of what it is made from."""

    def __init__(self, of: tuple[Hashable, ...], size_bytes: int) -> None:
        self.of = of
        self.size_bytes = size_bytes
        self.is_ready = False
        self.is_wanted = True
        self.sources: weakref.WeakSet[Any] = weakref.WeakSet()  # of pictures that are being rendered from it
        self._work: Iterator[Beside | None] | None = None

    @property
    def held(self) -> bool:
        """Whether it is being made, or a picture is being rendered from it."""
        return not self.is_ready or len(self.sources) > 0

    @abstractmethod
    def make(self) -> Iterator[Beside | None]:
        """The work, yielding after each portion; a portion that is yielded runs beside the compute thread."""

    def step(self) -> tuple[bool, Beside | None]:
        """The next portion, on the compute thread: whether all is done, and what is to be done beside it first."""
        if self._work is None:
            self._work = self.make()
        try:
            return False, next(self._work)
        except StopIteration:
            self.is_ready = True
            return True, None


Made = TypeVar("Made", bound=Derived)
Aside = Callable[[Callable[[], Any]], Awaitable[Any]]


class Workshop:
    """Finds what is derived, or has it made. On the event loop; `changed` is called when something has come."""

    def __init__(self, cache: Cache[Hashable, Any], aside: Aside, changed: Callable[[], None]) -> None:
        self._cache, self._aside, self._changed = cache, aside, changed
        self._making: dict[Hashable, Derived] = {}
        self._wanted: dict[Hashable, Hashable] = {}  # who asks → the key that was asked for last
        self._failed: dict[Hashable, tuple[float, RenderError]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def has(self, key: Hashable) -> bool:
        """Whether it is there or being made."""
        return self._cache.get(key) is not None

    def find(self, key: Hashable, begin: Callable[[], Made], who: Hashable) -> Made | None:
        """What lies under this key; None while it is made. What the same one asked for before is given up.

        Raises:
            RenderError: it could not be made, or takes more memory than there is.
        """
        before = self._wanted.get(who)
        self._wanted[who] = key
        if before is not None and before != key and before not in self._wanted.values():
            self._give_up(before)
        found = self._cache.get(key)
        if found is not None:
            return cast(Made, found) if found.is_ready else None
        if key in self._failed:
            failed_at, error = self._failed[key]
            if time.monotonic() - failed_at < RETRY_S:
                raise error.fresh()
            del self._failed[key]
        item = begin()
        if item.size_bytes > self._cache.budget_bytes:
            raise NotAVolume("volume_too_large")
        self._cache.put(key, item, item.of)
        self._making[key] = item
        task = asyncio.create_task(self._make(key, item), name="derive")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return None

    def forget(self, who: Hashable) -> None:
        """Nobody asks under this name any more."""
        key = self._wanted.pop(who, None)
        if key is not None and key not in self._wanted.values():
            self._give_up(key)

    def _give_up(self, key: Hashable) -> None:
        if key in self._making:
            self._making[key].is_wanted = False

    async def _make(self, key: Hashable, item: Derived) -> None:
        begun = time.monotonic()
        try:
            done = False
            while not done:
                if not item.is_wanted and key not in self._wanted.values():
                    self._cache.remove(key)
                    return
                done, beside = await self._aside(item.step)
                if beside is not None:
                    await asyncio.to_thread(beside)
            log.info("derived", what=type(item).__name__, seconds=round(time.monotonic() - begun, 3))
        except Exception as error:
            self._cache.remove(key)
            told = error if isinstance(error, RenderError) else RenderError(type(error).__name__)
            if isinstance(error, KernelError):
                told.code = error.code
                log.warning("not_derived", what=type(item).__name__, code=error.code, reason=str(error))
            elif not isinstance(error, RenderError):
                log.exception("not_derived", what=type(item).__name__)
            self._failed[key] = (time.monotonic(), told.fresh())
        finally:
            self._making.pop(key, None)
            self._changed()

    async def close(self) -> None:
        """Give up what is being made."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
