"""What is made from volumes and kept beside them as long as there is room: labelmaps, layers, filtered volumes.

Each is made in portions, so that pictures go on between them; workshop.py makes them. The cache counts its bytes from
the moment it is begun, and drops it with the volume that it was made from.
"""

from __future__ import annotations

import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from renderd.cache import Key

PORTION_S = 0.05  # a portion takes about this long, as a band of a picture does

# Work that launches no kernel and may take long: it runs beside the compute thread.
Beside = Callable[[], Awaitable[None]]


class Derived(ABC):
    """One of them. It takes its memory in `make`, not before."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.is_ready = False
        self.sources: weakref.WeakSet[Any] = weakref.WeakSet()  # of pictures that are being rendered from it
        self._work: Iterator[Beside | None] | None = None
        self._slices = 1  # of a portion

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
        begun, slices = time.perf_counter(), self._slices
        try:
            beside = next(self._work)
        except StopIteration:
            self.is_ready, self._work = True, None
            return True, None
        took = time.perf_counter() - begun
        self._slices = max(1, min(int(slices * PORTION_S / max(took, 1e-6)), 2 * slices))
        return False, beside

    def portions(self, count: int, least: int = 1) -> Iterator[tuple[int, int]]:
        """First and last + 1 of so many of `count` slices as take PORTION_S each time; yield after each of them.

        least: fewer would take as long.
        """
        first, self._slices = 0, 1  # what they cost has nothing to do with what was done before
        while first < count:
            last = min(first + max(least, self._slices // least * least), count)
            self._slices = last - first
            yield first, last
            first = last


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Something derived that a view needs: where it lies in the cache, its size, and what it is made from.

    begin: called with the volumes and the base, once all of these are there.
    """

    key: Hashable
    size_bytes: int
    volumes: tuple[Key, ...]  # it goes with any of them
    begin: Callable[..., Derived]
    base: Hashable | None = None  # something else derived, of the same size

    @property
    def needed(self) -> dict[Hashable, int]:
        """What memory it takes beside its volumes, while it is made."""
        return {key: self.size_bytes for key in (self.key, self.base) if key is not None}
