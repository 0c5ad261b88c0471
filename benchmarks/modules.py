"""One run of each kernel that no figure shows, for the times in kernels/README.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks import ours
from benchmarks.timing import Run
from benchmarks.views import VIEWS
from kernels.curve import Curve
from kernels.curved import reformat
from kernels.curved_layouts import Sheet, Straightened
from kernels.image import sample
from kernels.pick import surface_point
from kernels.samples import Projection

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
    # An S of half a metre, as an aorta runs; every picture at another angle, as when a reader turns it.
    way = np.array([[0.5, 0.4, 0.05], [0.45, 0.5, 0.35], [0.55, 0.55, 0.65], [0.5, 0.45, 0.95]])
    curve = Curve(volume.to_patient(way * volume.last))
    sheet = Sheet(side, side // 2, curve.length_mm / (side // 2), curve.length_mm / 2)
    lines = np.empty((side // 2, side), np.float32)

    def curved(projection: Projection, thickness_mm: float) -> Run:
        return lambda i: reformat(volume, Straightened(curve, sheet, 7.0 * i).picture, projection, thickness_mm, lines)

    shrink = np.array([[4.0, 0, 1.5], [0, 4.0, 1.5]])
    return {
        "bricks.py": {"512×512×500": Case(lambda _: ours.acceleration(volume), volume.array.nbytes)},
        "curved.py": {"1024×512": Case(curved("mean", 0)), "20 mm slab 1024×512": Case(curved("max", 20))},
        "window.py": {"1024²": Case(lambda _: ours.grey(values), values.nbytes + values.size)},
        "image.py": {"4096² to 1024²": Case(lambda _: sample(pixels, shrink, side, side), pixels.nbytes + 4 * side**2)},
        "pick.py": {"surface": Case(lambda _: surface_point(volume, picture, cta, side / 2, side / 2))},
        "transfer.py": {"tables": Case(lambda i: cta.shifted(0.1 + i / 97).table())},
    }
