"""How long a pixel takes, learned from the pictures made, so that a moving one is small enough to be on time."""

from __future__ import annotations

import math
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


def scale_for(
    width: int, height: int, *, level_scale: float, seconds_per_pixel: float, budget_s: float, least: int
) -> float:
    """How much smaller than the viewport a moving picture is.

    As the viewer's level asks, and so small that it takes the budget, but at least `least` pixels on the shorter side
    where the viewport has them. Steps of a quarter octave keep the size from trembling.
    """
    affordable = math.sqrt(budget_s / (seconds_per_pixel * width * height))
    floor = min(1.0, least / min(width, height))
    if affordable < 1:
        affordable = 2.0 ** (math.floor(math.log2(affordable) * 4) / 4)
    return max(min(level_scale, affordable), floor)
