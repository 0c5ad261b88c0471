"""Compile or load every kernel once, so that nobody waits for a compiler while looking at a picture.

    python -m kernels.warm PART PARTS

compiles one of PARTS shares into the folder that NUMBA_CACHE_DIR names, and prints a line after each step.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from kernels import bricks, curved, image, packets, plane, rendering, rows, window
from kernels.curved_picture import CurvedPicture
from kernels.picture import Picture
from kernels.presets import PRESETS
from kernels.transfer import TransferFunction
from kernels.volume import Volume

DRIVERS = (
    packets.spread_cpu,
    rows.spread_rows,
    curved.spread_cpu,
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
    steps = _steps()
    for done, step in enumerate(steps):
        if progress:
            progress(done, len(steps))
        step()
    if progress:
        progress(len(steps), len(steps))
    after = _count()
    return Warmth(after.compiled - before.compiled, after.loaded - before.loaded)


def share(part: int, parts: int) -> list[Callable[[], Any]]:
    """The steps of one of several processes that share the work; those that take the longest come first."""
    return _steps()[::-1][part::parts]


def _steps() -> list[Callable[[], Any]]:
    """The quickest to compile first: a volume rendering takes as long as all others together."""
    picture = Picture((0, 0, 0), (1, 0, 0), (0, 1, 0), 5, 5)  # type: ignore[arg-type]
    across = Picture(picture.origin, picture.down, picture.right, 5, 5)  # its rows do not run along rows of voxels
    x, _, z = (np.tile(axis, (5, 1)) for axis in np.eye(3))
    lines = CurvedPicture(z, x, z, np.ones(5, bool), 5)
    matrix, function = np.eye(2, 3), PRESETS["ct_cta"]
    int16, float32 = (Volume(np.zeros((4, 4, 4), kind), np.eye(4)) for kind in (np.int16, np.float32))
    return [
        lambda: window.window(np.zeros((2, 2), np.float32), 0, 10),
        lambda: image.sample(np.zeros((2, 2, 3), np.uint8), matrix, 2, 2),
        *(partial(image.sample, np.zeros((2, 2), dtype), matrix, 2, 2) for dtype in image.DTYPES),
        *(partial(plane.plane, volume, picture) for volume in (int16, float32)),
        *(partial(curved.reformat, volume, lines) for volume in (int16, float32)),
        *(partial(plane.plane, volume, across) for volume in (int16, float32)),
        *(partial(_render, volume, picture, function) for volume in (int16, float32)),
    ]


def _render(volume: Volume, picture: Picture, function: TransferFunction) -> None:
    rendering.volume_rendering(volume, picture, function, bricks.bricks(volume), 1.0)


if __name__ == "__main__":
    for step in share(*map(int, sys.argv[1:])):
        step()
        print(".", flush=True)
