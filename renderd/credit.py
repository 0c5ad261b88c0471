"""How many frames may be under way to a viewer: enough to fill the line, too few to queue on it.

The law is BBR's (Cardwell et al., ACM Queue 14(5), 2016): the largest delivery rate and the smallest delay seen lately
are the line's, and their product is what fits on it. Our delays hold the viewer's decoding and drawing, which take
time on every frame and so belong to the line. Times are this process' own; none of them is ever sent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

LEAST, MOST = 2, 8
RATE_MEMORY_S = 4
# A drag fills the line a little, and its own frames then look like a longer line; a pause shows the true one again.
DELAY_MEMORY_S = 30
NEW_WEIGHT = 0.2


def credit(rate_bytes: float, delay_s: float, frame_bytes: float) -> int:
    """Frames that fit on a line of this rate (bytes per second) and round trip, and one that is being drawn."""
    fits = math.ceil(rate_bytes * delay_s / max(frame_bytes, 1.0) - 0.25)  # a quarter is the noise of a measurement
    return max(LEAST, min(MOST, fits + 1))


@dataclass(frozen=True, slots=True)
class Departure:
    """A frame as it left, with what had been delivered by then."""

    at: float
    size_bytes: int
    delivered: int
    delivered_at: float


class Delivery:
    """What acknowledgements tell about one viewer's line."""

    def __init__(self) -> None:
        self._delivered = 0
        self._delivered_at: float | None = None
        self._frame_bytes = 0.0
        self._fastest: dict[int, float] = {}  # by whole seconds of the clock
        self._shortest: dict[int, float] = {}
        self.credit = LEAST

    def departed(self, size_bytes: int, now: float, idle: bool) -> Departure:
        """A frame leaves; `idle`: nothing else is under way, so the pause before it says nothing about the line."""
        if self._delivered_at is None or idle:
            self._delivered_at = now
        return Departure(now, size_bytes, self._delivered, self._delivered_at)

    def arrived(self, frame: Departure, now: float) -> None:
        """A frame was acknowledged."""
        self._delivered += frame.size_bytes
        self._delivered_at = now
        weight = NEW_WEIGHT if self._frame_bytes else 1.0
        self._frame_bytes += weight * (frame.size_bytes - self._frame_bytes)
        # Since the acknowledgement before it left: several that come in a bunch are counted over the whole span.
        span = max(now - frame.delivered_at, 1e-4)
        rate, delay, second = (self._delivered - frame.delivered) / span, now - frame.at, int(now)
        self._fastest[second] = max(rate, self._fastest.get(second, rate))
        self._shortest[second] = min(delay, self._shortest.get(second, delay))
        _forget(self._fastest, second - RATE_MEMORY_S)
        _forget(self._shortest, second - DELAY_MEMORY_S)
        self.credit = credit(max(self._fastest.values()), min(self._shortest.values()), self._frame_bytes)


def _forget(seconds: dict[int, float], before: int) -> None:
    for second in [second for second in seconds if second < before]:
        del seconds[second]
