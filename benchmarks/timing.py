"""Timing of rivals in turn, so that what else the machine does falls on all of them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping

Run = Callable[[int], object]  # given the number of the frame; an odd one is turned a little, see View.turned


def medians(runs: Mapping[str, Run], repeats: int) -> dict[str, float]:
    """The median milliseconds of each run: one round that is not counted, then `repeats` rounds of all in turn."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    gc.collect()
    for frame in range(repeats + 1):
        for name, run in runs.items():
            begun = time.perf_counter()
            run(frame)
            took = (time.perf_counter() - begun) * 1e3
            if frame > 0:
                found[name].append(took)
    return {name: statistics.median(values) for name, values in found.items()}
