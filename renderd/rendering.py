"""One picture in the making: raw pixels, grey uint8 [h, w] or RGB uint8 [h, w, 3].

A picture at rest is made in bands of rows, one at each `step`, so that it never holds the compute thread for more than
a moment and can be given up between two bands. What looks at all of a picture, as a filter does, is done once all its
values are there: these come in bands first. Only the compute thread may call `step`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator

import numpy as np
from numpy.typing import NDArray

from kernels.picture import Rows
from kernels.tiles import BLOCK
from renderd.camera import Size
from renderd.costs import Costs
from renderd.protocol import Flag
from renderd.viewer import Want

BAND_S = 0.05  # a band takes about this long
GUESS_S = 1e-6  # a pixel of a kind that was never made

Paint = Callable[[int, int, NDArray[np.uint8]], None]  # fill rows first … last of the picture


def bands(height: int, work: Callable[[Rows], None]) -> Iterator[None]:
    """Work on all rows of a picture, as many at each step as take BAND_S."""
    first, rows = 0, BLOCK
    while first < height:
        last, begun = min(height, first + rows), time.perf_counter()
        work((first, last))
        fit = int((last - first) * BAND_S / max(time.perf_counter() - begun, 1e-6))
        rows = max(1, min(fit, 2 * rows) // BLOCK) * BLOCK
        first = last
        yield


class Rendering:
    """One picture. `kind`: which pictures cost the same per pixel; `before`: what is done, step by step, before rows
    can be painted.
    """

    def __init__(
        self,
        want: Want,
        size: Size,
        flags: Flag,
        paint: Paint,
        *,
        kind: Hashable,
        costs: Costs,
        before: Iterator[None] | None = None,
    ) -> None:
        channels = (3,) if flags & Flag.COLOUR else ()
        self.want = want
        self.size = size
        self.flags = flags
        self.raw = np.empty((size.height, size.width, *channels), np.uint8)
        self.seconds = 0.0
        self._before = iter(()) if before is None else before
        self._paint = paint
        self._kind = kind
        self._costs = costs
        self._row = 0
        self._band = (BLOCK, 0.0)  # rows of the last band, and the seconds they took

    def step(self) -> bool:
        """Fill the next band, the whole picture when it moves; True when nothing is left."""
        begun = time.perf_counter()
        for _ in self._before:
            if self.want.rests:
                self.seconds += time.perf_counter() - begun
                return False
        before_s, begun = time.perf_counter() - begun, time.perf_counter()
        first = self._row
        last = min(self.size.height, first + self._band_rows()) if self.want.rests else self.size.height
        self._paint(first, last, self.raw[first:last])
        took = time.perf_counter() - begun
        self.seconds += before_s + took
        self._row, self._band = last, (last - first, took)
        if last < self.size.height:
            return False
        self._costs.learn(self._kind, self.size.height * self.size.width, self.seconds)
        return True

    def _band_rows(self) -> int:
        """As many as take BAND_S where they cost what the last ones did or, if that is more, what is usual.

        Air above a body costs a fraction of the body: no band has more than twice the rows of the one before.
        """
        rows, took = self._band
        usual_s = self._costs.seconds_per_pixel(self._kind, GUESS_S) * self.size.width
        fit = int(BAND_S / max(usual_s, took / rows))
        return max(1, min(fit, 2 * rows) // BLOCK) * BLOCK
