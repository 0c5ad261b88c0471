"""One picture in the making: raw pixels, grey uint8 [h, w] or RGB uint8 [h, w, 3].

A picture at rest is made in bands of rows, one at each `step`, so that it never holds the compute thread for more than
a moment and can be given up between two bands. Only the compute thread may call `step`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

from kernels.tiles import BLOCK
from renderd.camera import Size
from renderd.costs import Costs
from renderd.protocol import Flag
from renderd.viewer import Want

BAND_S = 0.05  # a band takes about this long at most

Paint = Callable[[int, int, NDArray[np.uint8]], None]  # fill rows first … last of the picture


class Rendering:
    """One picture. `kind`: which pictures cost the same per pixel."""

    def __init__(self, want: Want, size: Size, flags: Flag, paint: Paint, *, kind: Hashable, costs: Costs) -> None:
        channels = (3,) if flags & Flag.COLOUR else ()
        self.want = want
        self.size = size
        self.flags = flags
        self.raw = np.empty((size.height, size.width, *channels), np.uint8)
        self.seconds = 0.0
        self._paint = paint
        self._kind = kind
        self._costs = costs
        self._row = 0

    def step(self) -> bool:
        """Fill the next band, the whole picture when it moves; True when nothing is left."""
        first, begun = self._row, time.perf_counter()
        last = min(self.size.height, first + self._band()) if self.want.rests else self.size.height
        self._paint(first, last, self.raw[first:last])
        took = time.perf_counter() - begun
        self._costs.learn(self._kind, (last - first) * self.size.width, took)
        self.seconds += took
        self._row = last
        return last == self.size.height

    def _band(self) -> int:
        # Without a measurement a small band is the safe guess, and soon there is one.
        row_s = self._costs.seconds_per_pixel(self._kind, 1e-6) * self.size.width
        return max(1, int(BAND_S / row_s) // BLOCK) * BLOCK
