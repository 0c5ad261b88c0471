"""The kernels against VTK and SimpleITK in one run.

python -m benchmarks.kernels [--small] [--json] [--only NAME,…]
"""

from __future__ import annotations

import argparse
import statistics

from benchmarks import ours
from benchmarks.report import Report
from benchmarks.timing import Run, interleaved
from benchmarks.views import VIEWS, centred
from clinical.phantoms.body import body

REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernels")
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", default="", help="names of figures, with commas")
    options = parser.parse_args()
    only = set(filter(None, options.only.split(",")))
    from benchmarks import vtk_peer

    ours.use_threads()
    report = Report("kernels")
    array, spacing = body(*((40, 64) if options.small else (500, 512)))
    volume = centred(array, spacing)
    grid = ours.acceleration(volume)
    image = vtk_peer.image_of(volume)
    for preset, side in (("cta", 512), ("cta", 1024), ("skin", 512)):
        names = {kind: f"vr_{preset}{side}_{kind}" for kind in ("step", "quality")}
        names = {kind: name for kind, name in names.items() if not only or name in only}
        if not names:
            continue
        transfer = ours.TRANSFERS[preset]
        caster = vtk_peer.RayCaster(image, vtk_peer.shaded(transfer), ours.STEP_MM, ours.THREADS)
        worst: dict[str, float] = {}
        for view in VIEWS:
            runs: dict[str, Run] = {"vtk": lambda i, v=view: caster.draw(v.turned(i), side)}  # type: ignore[misc]
            for kind in names:
                setting = ours.EQUAL_STEP if kind == "step" else ours.QUALITY[preset]
                runs[kind] = lambda i, v=view, s=setting: ours.render(  # type: ignore[misc]
                    volume, v.turned(i).picture(side), transfer, grid, s
                )
            times = {name: statistics.median(values) for name, values in interleaved(runs, REPEATS).items()}
            for kind, name in names.items():
                ratio = times["vtk"] / times[kind]
                report.line(name, view.name, times[kind], times["vtk"], ratio)
                worst[name] = min(worst.get(name, ratio), ratio)
        report.figures |= worst
        caster.close()
    for name, value in report.figures.items():
        report.line(name, "worst", "", "", value)
    report.print(options.json, ("figure", "view", "ours ms", "VTK ms", "ratio"))


if __name__ == "__main__":
    main()
