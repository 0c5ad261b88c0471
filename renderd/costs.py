"""How long a pixel takes, learned from the pictures made."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

KEPT = 64
NEW_WEIGHT = 0.3


class Costs:
    """Seconds per pixel of each kind of picture, a running mean."""

    def __init__(self) -> None:
        self._seconds: OrderedDict[Hashable, float] = OrderedDict()

    def seconds_per_pixel(self, kind: Hashable, guess: float) -> float:
        """What a pixel of this kind took lately; the guess when none was made."""
        return self._seconds.get(kind, guess)

    def learn(self, kind: Hashable, pixels: int, seconds: float) -> None:
        """Pixels of this kind took that long."""
        new = seconds / max(pixels, 1)
        self._seconds[kind] = new + (1 - NEW_WEIGHT) * (self._seconds.get(kind, new) - new)
        self._seconds.move_to_end(kind)
        while len(self._seconds) > KEPT:
            self._seconds.popitem(last=False)
