"""One run of each kernel that no figure shows, for the times in kernels/README.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks import ours
from benchmarks.timing import Run
from benchmarks.views import VIEWS
from kernels.image import sample
from kernels.pick import surface_point

if TYPE_CHECKING:
    from benchmarks.bench import Bench


def works(bench: Bench) -> dict[str, dict[str, Run]]:
    """What is run, by file name and by what the time is called."""
    volume, side = bench.subject.volume, bench.side(1024)
    picture = VIEWS[1].picture(side)
    values = ours.plane_values(volume, picture)
    pixels = np.random.default_rng(1).integers(0, 4096, (4 * side, 4 * side)).astype(np.uint16)
    shrink = np.array([[4.0, 0, 1.5], [0, 4.0, 1.5]])
    return {
        "bricks.py": {"512×512×500": lambda _: ours.acceleration(volume)},
        "window.py": {"1024²": lambda _: ours.grey(values)},
        "image.py": {"4096² to 1024²": lambda _: sample(pixels, shrink, side, side)},
        "pick.py": {"surface": lambda _: surface_point(volume, picture, ours.TRANSFERS["cta"], side / 2, side / 2)},
        "transfer.py": {"tables": lambda i: ours.TRANSFERS["cta"].shifted(0.1 + i / 97).table()},
    }
