"""One run of each kernel that no figure shows, for the times in kernels/README.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks import ours
from benchmarks.timing import Run
from benchmarks.views import VIEWS
from kernels.image import sample
from kernels.pick import surface_point

if TYPE_CHECKING:
    from benchmarks.bench import Bench


class Case(NamedTuple):
    """`moved`: bytes that are read and written, each once; None where memory is no limit."""

    run: Run
    moved: float | None = None


def works(bench: Bench) -> dict[str, dict[str, Case]]:
    """What is run, by file name and by what the time is called."""
    volume, side = bench.subject.volume, bench.side(1024)
    picture = VIEWS[1].picture(side)
    values = ours.plane_values(volume, picture)
    pixels = np.random.default_rng(1).integers(0, 4096, (4 * side, 4 * side)).astype(np.uint16)
    cta = ours.TRANSFERS["cta"]
    shrink = np.array([[4.0, 0, 1.5], [0, 4.0, 1.5]])
    return {
        "bricks.py": {"512×512×500": Case(lambda _: ours.acceleration(volume), volume.array.nbytes)},
        "window.py": {"1024²": Case(lambda _: ours.grey(values), values.nbytes + values.size)},
        "image.py": {"4096² to 1024²": Case(lambda _: sample(pixels, shrink, side, side), pixels.nbytes + 4 * side**2)},
        "pick.py": {"surface": Case(lambda _: surface_point(volume, picture, cta, side / 2, side / 2))},
        "transfer.py": {"tables": Case(lambda i: cta.shifted(0.1 + i / 97).table())},
    }
