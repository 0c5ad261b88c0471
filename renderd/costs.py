"""How long a pixel takes, learned from the pictures made."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

KEPT = 64
NEW_WEIGHT = 0.3
DRIFT = 0.1


class Costs:
    """Seconds per pixel of each kind of picture, a running mean.

    The first picture of a kind also makes what is made once (bricks, tables) and finds cold caches: it counts until
    there is a second one.
    """

    def __init__(self) -> None:
        self._seconds: OrderedDict[Hashable, float] = OrderedDict()
        self._first: set[Hashable] = set()  # kinds of which one picture was made

    def seconds_per_pixel(self, kind: Hashable, guess: float) -> float:
        """What a pixel of this kind took lately; the guess when none was made."""
        return self._seconds.get(kind, guess)

    def learn(self, kind: Hashable, pixels: int, seconds: float) -> None:
        """Pixels of this kind took that long."""
        new = seconds / max(pixels, 1)
        if kind not in self._seconds:
            self._first.add(kind)
        elif kind in self._first:
            self._first.remove(kind)
        else:
            new = NEW_WEIGHT * new + (1 - NEW_WEIGHT) * self._seconds[kind]
        self._seconds[kind] = new
        self._seconds.move_to_end(kind)
        while len(self._seconds) > KEPT:
            forgotten, _ = self._seconds.popitem(last=False)
            self._first.discard(forgotten)

    def drift(self, kind: Hashable, seconds: float) -> None:
        """Nothing of this kind is being made: bring what it once took a little nearer to what it is expected to."""
        known = self._seconds.get(kind, seconds)
        if known > seconds:
            self._seconds[kind] = known + DRIFT * (seconds - known)
