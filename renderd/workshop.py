"""Where what is derived from volumes is found, or made: as much at once as there is memory for, for who still wants it.

Nothing waits here: who could not be served asks again when `changed` was called, as for everything else that comes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Any

import structlog

from kernels.errors import KernelError
from renderd.cache import Cache
from renderd.claims import Claims, Needed, Who
from renderd.derived import Derived, Part
from renderd.errors import RenderError

log = structlog.get_logger()

RETRY_S = 30.0
FAILURES = 1000  # remembered at most
AGAIN_S = 0.25  # who had no room is asked again after this, whatever happens: nothing tells when a picture is done

Aside = Callable[[Callable[[], Any], Hashable], Awaitable[Any]]  # work on the compute thread, and for whom


class Workshop:
    """On the event loop; `changed` is called when something has come, or there is room."""

    def __init__(self, cache: Cache[Hashable, Any], claims: Claims, aside: Aside, changed: Callable[[], None]) -> None:
        self.claims = claims
        self._cache, self._aside, self._changed = cache, aside, changed
        self._making: dict[Hashable, Derived] = {}
        self._wanted: dict[Who, frozenset[Hashable]] = {}  # what everybody asked for last
        self._failed: dict[Hashable, tuple[float, RenderError]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._again: asyncio.Handle | None = None

    def has(self, key: Hashable) -> bool:
        """Whether it is there or being made."""
        return self._cache.get(key) is not None

    def ready(self, key: Hashable) -> Any | None:
        """What lies under this key, a volume too; None when it is not there or being made."""
        found = self._cache.get(key)
        return found if found is not None and found.is_ready else None

    def admit(self, who: Who, needed: Needed) -> bool:
        """Whether all this is there, or may be made now: `who` then has a claim to it until `find` gives it.

        Raises:
            NotAVolume: it cannot be in memory together.
        """
        self.claims.check(needed)
        is_missing = [self.ready(key) is None for key in needed]  # each counts as just used
        if not any(is_missing) or self.claims.ask(who, needed):
            return True
        if self._again is None:
            self._again = asyncio.get_running_loop().call_later(AGAIN_S, self._ask_again)
        return False

    def find(self, who: Who, parts: Iterable[Part]) -> dict[Hashable, Any] | None:
        """All these by key; None while any is made. What the same one asked for before is given up.

        Raises:
            RenderError: one could not be made.
        """
        asked = list(parts)
        if asked or who in self._wanted:
            self._wanted[who] = frozenset(part.key for part in asked)
        found = {part.key: self.ready(part.key) for part in asked}
        missing = [part for part in asked if found[part.key] is None]
        if not missing:
            self._release(who)
            return found
        for part in missing:
            self._raise_failure(part.key)
        for part in missing:
            if part.key not in self._making:
                self._begin(part, who[0])
        return None

    def forget(self, who: Who) -> None:
        """Nobody asks under this name any more."""
        self._wanted.pop(who, None)
        self._release(who)

    def forget_all(self, owner: Hashable) -> None:
        """The connection is gone."""
        self._wanted = {who: keys for who, keys in self._wanted.items() if who[0] != owner}
        self.claims.release_all(owner)
        self._come_down()

    def _release(self, who: Who) -> None:
        if self.claims.release(who):
            self._come_down()

    def _come_down(self) -> None:
        """Something is no longer claimed: others may have its room."""
        self._cache.make_room()
        if self.claims.is_waited_for:
            if self._again is not None:
                self._again.cancel()
            self._again = asyncio.get_running_loop().call_soon(self._ask_again)

    def _ask_again(self) -> None:
        self._again = None
        self._changed()

    def _raise_failure(self, key: Hashable) -> None:
        if key in self._failed:
            failed_at, error = self._failed[key]
            if time.monotonic() - failed_at < RETRY_S:
                raise error.fresh()
            del self._failed[key]

    def _begin(self, part: Part, owner: Hashable) -> None:
        """Begin to make it, if all that it is made from is there."""
        keys = (*part.volumes, *(() if part.base is None else (part.base,)))
        sources = [self.ready(key) for key in keys]
        if None in sources:
            return
        item = part.begin(*sources)
        sizes = {key: source.size_bytes for key, source in zip(keys, sources, strict=True)}  # type: ignore[union-attr]
        self.claims.hold(part.key, {part.key: item.size_bytes, **sizes})
        self._making[part.key] = item
        self._cache.put(part.key, item, part.volumes)
        task = asyncio.create_task(self._make(part.key, item, owner), name="derive")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_wanted(self, key: Hashable) -> bool:
        return any(key in keys for keys in self._wanted.values())

    async def _make(self, key: Hashable, item: Derived, owner: Hashable) -> None:
        begun, done = time.monotonic(), False
        try:
            while not done and self._is_wanted(key):
                done, beside = await self._aside(item.step, owner)
                if beside is not None:
                    await beside()
            if done:
                log.info("derived", what=type(item).__name__, seconds=round(time.monotonic() - begun, 3))
        except Exception as error:
            self._failed.pop(key, None)
            self._failed[key] = (time.monotonic(), _told(error, item))
            if len(self._failed) > FAILURES:
                del self._failed[next(iter(self._failed))]
        finally:
            if self._making.get(key) is item:
                del self._making[key]
                self.claims.let_go(key)
                if not done:
                    self._cache.remove(key)
            self._cache.make_room()
            self._changed()

    async def close(self) -> None:
        """Give up what is being made."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._again is not None:
            self._again.cancel()


def _told(error: Exception, item: Derived) -> RenderError:
    """What viewers are told of an error, which is logged here."""
    told = error if isinstance(error, RenderError) else RenderError(type(error).__name__)
    if isinstance(error, KernelError):
        told.code = error.code
        log.warning("not_derived", what=type(item).__name__, code=error.code, reason=str(error))
    elif not isinstance(error, RenderError):
        log.error("not_derived", what=type(item).__name__, exc_info=error)
    return told.fresh()
