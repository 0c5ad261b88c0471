"""One run of each kernel that no figure shows, for the times in kernels/README.md."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import ours
from benchmarks.timing import Run
from benchmarks.views import VIEWS
from kernels.curve import Curve
from kernels.curved import reformat
from kernels.curved_layouts import Sheet, Straightened
from kernels.image import sample
from kernels.pick import surface_point
from kernels.picture_bilateral import bilateral
from kernels.picture_clahe import clahe
from kernels.picture_edge import edge
from kernels.picture_gamma import gamma
from kernels.picture_gaussian import gaussian
from kernels.picture_median import median
from kernels.picture_threshold import threshold
from kernels.picture_unsharp import unsharp
from kernels.regions import Ellipse
from kernels.samples import Projection
from kernels.statistics import histogram, measure

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
        **filters(ours.plane_values(volume, VIEWS[1].picture(bench.side(512)))),
    }


def filters(picture: NDArray[np.float32]) -> dict[str, dict[str, Case]]:
    """Those of a picture, and what is measured in one, on an oblique plane of 512² with corners beyond the body."""
    height, width = picture.shape
    disc = Ellipse(width / 2, height / 2, width / 4, height / 4)
    return {
        "picture_gaussian.py": {
            f"512², σ {sigma}": Case(partial(lambda sigma, _: gaussian(picture, sigma), sigma)) for sigma in (1, 5, 20)
        },
        "picture_unsharp.py": {"512², σ 1": Case(lambda _: unsharp(picture, 1, 1))},
        "picture_median.py": {
            f"512², radius {radius}": Case(partial(lambda radius, _: median(picture, radius), radius))
            for radius in (1, 2, 3)
        },
        "picture_bilateral.py": {"512², σ 1.6": Case(lambda _: bilateral(picture, 1.6, 50))},
        "picture_edge.py": {"512²": Case(lambda _: edge(picture))},
        "picture_clahe.py": {"512²": Case(lambda _: clahe(picture, -160, 240))},
        "picture_gamma.py": {"512²": Case(lambda _: gamma(picture, -160, 240, 0.5))},
        "picture_threshold.py": {"512²": Case(lambda _: threshold(picture, -160, 240))},
        "statistics.py": {
            "an ellipse of 256²": Case(lambda _: measure(picture, disc)),
            "histogram 512²": Case(lambda _: histogram(picture, -1024, 3071)),
        },
    }
