"""Compile or load every kernel once, so that nobody waits for a compiler while looking at a picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernels import bricks, image, packets, plane, rendering, rows, window
from kernels.picture import Picture
from kernels.presets import PRESETS
from kernels.volume import Volume

DRIVERS = (
    packets.spread_cpu,
    rows.spread_rows,
    window.spread_cpu,
    image.spread_cpu,
    image.spread_colour_cpu,
    bricks.spread_cpu,
    bricks.near_cpu,
    rendering.spread_cpu,
)


@dataclass(frozen=True)
class Warmth:
    """How many kernels this process had to compile, and how many it found compiled."""

    compiled: int
    loaded: int


def _count() -> Warmth:
    stats = [driver.stats for driver in DRIVERS]
    return Warmth(sum(sum(s.cache_misses.values()) for s in stats), sum(sum(s.cache_hits.values()) for s in stats))


def compile_all(progress: Callable[[int, int], None] | None = None) -> Warmth:
    """Run every kernel on tiny inputs of every type; calls progress(done, total). Call it on the compute thread."""
    before = _count()
    steps = list(_steps())
    for done, step in enumerate(steps):
        if progress:
            progress(done, len(steps))
        step()
    if progress:
        progress(len(steps), len(steps))
    after = _count()
    return Warmth(after.compiled - before.compiled, after.loaded - before.loaded)


def _steps() -> list[Callable[[], Any]]:
    picture = Picture((0, 0, 0), (1, 0, 0), (0, 1, 0), 5, 5)  # type: ignore[arg-type]
    matrix = np.eye(2, 3)
    steps: list[Callable[[], Any]] = [
        lambda: window.window(np.zeros((2, 2), np.float32), 0, 10),
        lambda: image.sample(np.zeros((2, 2, 3), np.uint8), matrix, 2, 2),
    ]
    for dtype in image.DTYPES:
        steps.append(lambda dtype=dtype: image.sample(np.zeros((2, 2), dtype), matrix, 2, 2))  # type: ignore[misc]
    for kind in (np.int16, np.float32):
        steps += _volume_steps(Volume(np.zeros((4, 4, 4), kind), np.eye(4)), picture)
    return steps


def _volume_steps(volume: Volume, picture: Picture) -> list[Callable[[], Any]]:
    function = PRESETS["ct_cta"]
    across = Picture(picture.origin, picture.down, picture.right, 5, 5)  # its rows do not run along rows of voxels
    return [
        lambda: plane.plane(volume, picture),
        lambda: plane.plane(volume, across),
        lambda: rendering.volume_rendering(volume, picture, function, bricks.bricks(volume), 1.0),
    ]
