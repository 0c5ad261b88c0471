"""Filters of a volume against SimpleITK's in one run, and scipy's for information.

    python -m benchmarks.filters [--small] [--json] [--only NAME,…] [--write-readme]

The volume is 512×512×300 of the body phantom (0.7×0.7×0.8 mm, int16); two threads for us and for SimpleITK, whose image
is float32 beforehand where its filters want that; scipy has one. Kernels were compiled in another process. First it is
checked that results are right, on a part of the volume: against scipy's where it has the same filter, else against our
float64 reference, and against SimpleITK's as near as two methods are. Then ours and SimpleITK's are timed in turn,
medians of five, of three where a run takes long; of what takes minutes SimpleITK does a part, and its time is
multiplied by voxels. scipy is timed once.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from benchmarks import ours, readme
from benchmarks.report import CheckFailed, Report, check, parser_of
from benchmarks.subject import phantom
from benchmarks.timing import medians
from kernels import vesselness as vessels
from kernels.bilateral import bilateral
from kernels.bilateral import reference as bilateral_reference
from kernels.components import components
from kernels.gaussian import gaussian
from kernels.gradient import gradient_magnitude
from kernels.gradient import reference as gradient_reference
from kernels.median3d import median3d
from kernels.morphology import dilation
from kernels.unsharp import unsharp
from kernels.volume import Volume

NEEDS = "This benchmark compares with SimpleITK: pip install 'farview[bench]'"
HEADINGS = ("filter", "ours s", "SimpleITK s", "ratio", "scipy s", "")
SLICES = 300
SIGMA = 1.05  # mm, 1.5 voxels
RADIUS = 5.0  # mm
C = 50.0
LONG = 3.0  # seconds: such a run is repeated less
PART = (slice(0, 32), slice(0, 128), slice(0, 128))
# Seconds at most, and SimpleITK's time divided by ours at least.
GOALS = {"gaussian_s": 1.0, "vesselness_s": 4.0, "median3_s": 5.0}


@dataclass(frozen=True)
class Rival:
    """A filter: ours, and SimpleITK's on the whole volume or on a part of it. `check`: what has to hold first."""

    file: str
    title: str
    ours: Callable[[Volume], Any]
    peer: Callable[[], Any] | None = None
    peer_share: float = 1.0
    scipy: Callable[[], Any] | None = None


class Bench:
    """The volume, a part of it for checks, and SimpleITK's copies."""

    def __init__(self, *, small: bool) -> None:
        from benchmarks.sitk_filters import Filters, Masks

        whole = phantom(small).volume
        begin = max(0, (whole.array.shape[0] - SLICES) // 2)
        self.small = small
        self.volume = Volume(np.ascontiguousarray(whole.array[begin : begin + SLICES]), whole.affine)
        middle = tuple(slice(n // 2 - min(n // 2, 20), n // 2 + min(n // 2, 20)) for n in self.volume.array.shape)
        self.part = Volume(np.ascontiguousarray(self.volume.array[middle]), whole.affine)
        self.mask = self.volume.array > 150
        self.spacing = tuple(whole.spacing_mm.tolist())
        self.peer, self.part_peer = Filters(self.volume), Filters(self.part)
        self.masks = Masks(self.mask, self.spacing)
        corner = Volume(np.ascontiguousarray(self.volume.array[PART]), whole.affine)
        self.corner, self.share = Filters(corner), corner.array.size / self.volume.array.size

    @property
    def sigmas(self) -> list[float]:
        """Along z, y and x, voxels."""
        return [SIGMA / spacing for spacing in self.spacing[::-1]]


def rivals(bench: Bench) -> dict[str, Rival]:
    """By the figure's name."""
    array, peer = bench.volume.array, bench.peer
    sigmas, floats = bench.sigmas, np.float32
    size = "×".join(str(n) for n in array.shape[::-1])
    return {
        "gaussian": Rival(
            "gaussian.py",
            f"{size}, σ 1.5",
            lambda volume: gaussian(volume, SIGMA),
            peer.gaussian(SIGMA),
            scipy=lambda: ndimage.gaussian_filter(array, sigmas, output=floats, mode="nearest"),
        ),
        "unsharp": Rival("unsharp.py", size, lambda volume: unsharp(volume, SIGMA, 1.0), peer.unsharp(SIGMA, 1.0)),
        "gradient": Rival(
            "gradient.py",
            size,
            lambda volume: gradient_magnitude(volume, SIGMA),
            peer.gradient(SIGMA),
            scipy=lambda: ndimage.gaussian_gradient_magnitude(array, sigmas, output=floats, mode="nearest"),
        ),
        "vesselness": Rival(
            "vesselness.py",
            f"{size}, one scale",
            lambda volume: vessels.vesselness(volume, [SIGMA], c=C),
            peer.vesselness(SIGMA, C),
        ),
        "median3": Rival("median3d.py", f"{size}, 3×3×3", median3d, peer.median(3)),
        "median5": Rival(
            "median3d.py", "5×5×5", lambda volume: median3d(volume, 5), bench.corner.median(5), bench.share
        ),
        "bilateral": Rival(
            "bilateral.py",
            f"{size}, σ 1.5",
            lambda volume: bilateral(volume, SIGMA, 60.0),
            bench.corner.bilateral(SIGMA, 60.0),
            bench.share,
        ),
        "dilation": Rival(
            "morphology.py",
            f"{size}, by {RADIUS:g} mm",
            lambda _: dilation(bench.mask, RADIUS, bench.spacing),
            bench.masks.dilation(RADIUS),
        ),
        "components": Rival(
            "components.py",
            size,
            lambda _: components(bench.mask),
            bench.masks.components(),
            scipy=lambda: ndimage.label(bench.mask, np.ones((3, 3, 3))),
        ),
    }


def checks(bench: Bench) -> None:
    """Whether results are right, on a part of the volume.

    Raises:
        CheckFailed: one is not.
    """
    from benchmarks.sitk_filters import Masks, values

    part, peer = bench.part, bench.part_peer
    floats, size = part.array.astype(np.float64), float(np.abs(part.array).max())
    inner = tuple(slice(n // 4, n - n // 4) for n in floats.shape)

    smooth = gaussian(part, SIGMA)
    _near("gaussian", smooth, ndimage.gaussian_filter(floats, bench.sigmas, mode="nearest"), 1e-6 * size)
    _near("gaussian and SimpleITK's", smooth[inner], values(peer.gaussian(SIGMA)())[inner], 0.02 * size)
    sharp = unsharp(part, SIGMA, 1.0)
    _near("unsharp", sharp, 2 * floats - ndimage.gaussian_filter(floats, bench.sigmas, mode="nearest"), 3e-6 * size)
    edges = gradient_magnitude(part, SIGMA)
    _near("gradient", edges, gradient_reference(part, SIGMA), 1e-5 * size)
    _alike("gradient", edges[inner], values(peer.gradient(SIGMA)())[inner])
    for side in (3, 5):
        found = median3d(part, side)
        _near(f"median{side}", found, ndimage.median_filter(part.array, side, mode="nearest"), 0)
        _near(f"median{side} and SimpleITK's", found, values(peer.median(side)()), 0)
    _near("bilateral", bilateral(part, SIGMA, 60.0), bilateral_reference(part, SIGMA, 60.0), 2e-4 * 2 * size)
    tubes = vessels.vesselness(part, [SIGMA], c=C)
    _near("vesselness", tubes, vessels.reference(part, [SIGMA], c=C), 1e-5)
    # Its Hessian is not scaled by σ², and is of differences.
    _alike("vesselness", tubes[inner], values(peer.vesselness(SIGMA, C / SIGMA**2)())[inner])

    mask = part.array > 100
    judge = Masks(mask, bench.spacing)
    grown = dilation(mask, RADIUS, bench.spacing)
    off = grown != (values(judge.dilation(RADIUS)()) > 0)
    check(bool(off.mean() < 1e-3), f"{off.mean():.2%} of a dilation's voxels are not SimpleITK's")
    count = int(values(judge.components()()).max())
    check(len(components(mask).sizes) - 1 == count, f"{len(components(mask).sizes) - 1} components, not {count}")


def _near(name: str, found: Any, truth: Any, tolerance: float) -> None:
    error = float(np.abs(found.astype(np.float64) - truth).max())
    check(error <= tolerance, f"{name}: {error:.3g} apart, {tolerance:.3g} allowed")


def _alike(name: str, found: Any, truth: Any) -> None:
    same = float(np.corrcoef(found.ravel(), truth.ravel())[0, 1])
    check(same > 0.97, f"{name}: the correlation with SimpleITK's is {same:.3f}")


def seconds(run: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def timed(bench: Bench, rival: Rival) -> tuple[float, float | None]:
    """Seconds of ours and SimpleITK's, in turn."""
    peer = rival.peer
    first = seconds(lambda: rival.ours(bench.volume)) + (seconds(peer) if peer else 0)  # warms both
    repeats = 1 if bench.small else 3 if first > LONG else 5
    runs = {"ours": lambda _: rival.ours(bench.volume)} | ({"peer": lambda _: peer()} if peer else {})
    found = medians(runs, repeats)
    return found["ours"] / 1e3, found["peer"] / 1e3 / rival.peer_share if peer else None


def run(options: argparse.Namespace, only: frozenset[str]) -> Report:
    """Check, then time what was asked for."""
    from benchmarks import sitk_filters, sitk_peer

    ours.compile_apart()
    ours.use_threads()
    sitk_filters.use_threads(ours.THREADS)
    report = Report("filters")
    bench = Bench(small=options.small)
    report.inputs |= {
        "threads": ours.THREADS,
        "simpleitk": sitk_peer.VERSION,
        "shape": bench.volume.array.shape,
        "spacing_mm": [round(s, 4) for s in bench.spacing],
    }
    checks(bench)
    times: dict[str, dict[str, float]] = {}
    for name, rival in rivals(bench).items():
        if only and name not in only:
            continue
        mine, peer = timed(bench, rival)
        report.figures[f"{name}_s"] = mine
        times.setdefault(rival.file, {})[rival.title] = mine
        if peer is not None:
            report.figures[f"{name}_ratio"] = peer / mine
        other = seconds(rival.scipy) if rival.scipy else None
        said = [] if rival.peer_share == 1 else [f"SimpleITK's from {rival.peer_share:.2%} of the voxels"]
        goal = GOALS.get(f"{name}_s")
        if goal is not None and not options.small:
            said.append(f"goal {goal:g} s and ahead, {'reached' if mine <= goal and (peer or 0) > mine else 'MISSED'}")
        report.line(name, mine, *("" if x is None else x for x in (peer, peer and peer / mine, other)), "; ".join(said))
    if options.write_readme:
        readme.write_rows(
            {
                file: ", ".join(f"{title} {readme.Timed(one * 1e3)}" for title, one in cases.items())
                for file, cases in times.items()
            }
        )
    return report


def main() -> None:
    parser = parser_of("filters", __doc__ or "")
    parser.add_argument("--only", default="", metavar="NAME,…", help="these filters")
    parser.add_argument("--write-readme", action="store_true", help="write the filters' rows of kernels/README.md")
    options = parser.parse_args()
    if options.write_readme and options.small:
        raise SystemExit("The rows of kernels/README.md come from the whole volume: leave out --small")
    try:
        import SimpleITK  # noqa: F401
    except ImportError as error:
        raise SystemExit(f"{NEEDS} ({error})") from error
    try:
        report = run(options, frozenset(filter(None, options.only.split(","))))
    except CheckFailed as error:
        raise SystemExit(f"Nothing was compared: {error}") from error
    report.print(options.json, HEADINGS)


if __name__ == "__main__":
    main()
