"""Who may fill memory with what is still to be made: all that a view needs, at once, or nothing of it yet.

A view with a filter, labels and a second volume needs five things that come one after the other. If each were begun as
there is room for it, two views could take each other's parts for ever. So whoever begins claims everything first; what
is claimed stays in the cache, there or not, and all claims together fit into the budget. A viewer has few claims at a
time, and those for whom there was no room stand in line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from renderd.cache import Cache
from renderd.errors import NotAVolume

Key = Hashable  # of the cache
Who = tuple[Hashable, Hashable]  # a connection, and what of it: a viewport, an edit
Needed = Mapping[Key, int]  # bytes

AT_ONCE = 2  # of one connection
# A viewport that is hidden or gone does not ask again, and what it claimed is free after this.
LAPSE_S = 3.0


@dataclass(slots=True)
class Claim:
    """What somebody needs, and when it was last asked for."""

    needed: Needed
    at: float


class Claims:
    """On the event loop."""

    def __init__(self, cache: Cache[Key, Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._cache = cache
        cache.kept = self.keys
        self._clock = clock
        self._claims: dict[Who, Claim] = {}
        self._held: dict[Key, Needed] = {}  # what is being made, with what it is made from
        self._line: dict[Hashable, float] = {}  # the owners who wait for room, and when they last asked

    @property
    def is_waited_for(self) -> bool:
        """Whether anybody waits for room."""
        return len(self._line) > 0

    def keys(self) -> set[Key]:
        """What must stay."""
        claimed = (claim.needed for claim in self._claims.values())
        return {key for needed in (*claimed, *self._held.values()) for key in needed}

    def could_fit(self, size_bytes: int) -> bool:
        """Whether so much can be in memory at all."""
        return size_bytes <= self._cache.budget_bytes

    def check(self, needed: Needed) -> None:
        """Raise NotAVolume if this can never be in memory together."""
        if not self.could_fit(sum(needed.values())):
            raise NotAVolume("volume_too_large")

    def ask(self, who: Who, needed: Needed) -> bool:
        """Claim all this instead of what the same one claimed before. False: not now, ask again."""
        now, (owner, _) = self._clock(), who
        self._lapse(now)
        before = self._claims.pop(who, None)
        if before is None or not needed.items() <= before.needed.items():
            if sum(other == owner for other, _ in self._claims) >= AT_ONCE:
                return False
            if next(iter(self._line), owner) != owner or not self._fits(needed):
                self._line[owner] = now  # whoever stands there already keeps the place
                return False
        self._line.pop(owner, None)
        self._claims[who] = Claim(dict(needed), now)
        return True

    def release(self, who: Who) -> bool:
        """It has what it needed, or wants it no more. Whether it had a claim."""
        return self._claims.pop(who, None) is not None

    def release_all(self, owner: Hashable) -> None:
        """The connection is gone."""
        self._line.pop(owner, None)
        self._claims = {who: claim for who, claim in self._claims.items() if who[0] != owner}

    def hold(self, key: Key, needed: Needed) -> None:
        """This is being made or loaded, whoever still wants it: what it needs stays until `let_go`."""
        self._held[key] = needed

    def let_go(self, key: Key) -> None:
        """It has come, or will not come. Who claimed it has time to take it."""
        self._held.pop(key, None)
        for claim in self._claims.values():
            if key in claim.needed:
                claim.at = self._clock()

    def _fits(self, needed: Needed) -> bool:
        together = {**self._cache.held(), **needed}  # pictures hold what they are rendered from
        for other in (*self._held.values(), *(claim.needed for claim in self._claims.values())):
            together.update(other)
        return sum(together.values()) <= self._cache.budget_bytes

    def _lapse(self, now: float) -> None:
        for who, claim in list(self._claims.items()):
            if not claim.needed.keys().isdisjoint(self._held):
                claim.at = now
            elif now - claim.at > LAPSE_S:
                del self._claims[who]
        self._line = {owner: at for owner, at in self._line.items() if now - at <= LAPSE_S}
