"""Volume renderings against VTK: at the same step, and with pictures at least as good as VTK's.

How good: against the dense frame of the same renderer, for the two light a voxel differently and neither is the other's
truth. VTK's shadings are per voxel and interpolated, ours are per sample.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from benchmarks import dense, ours, vtk_peer
from benchmarks.bench import Bench, Line
from benchmarks.counted import Work
from benchmarks.kept import source
from benchmarks.quality import psnr
from benchmarks.report import check
from benchmarks.timing import Run, medians
from benchmarks.views import VIEWS, View
from benchmarks.vtk_peer import RayCaster, shaded

CASES = (("cta", 512), ("cta", 1024), ("skin", 512))
SETTINGS = {"step": dict.fromkeys(ours.TRANSFERS, ours.EQUAL_STEP), "quality": ours.QUALITY}


def renderings(bench: Bench, image: Any) -> None:
    """vr_cta512_step, vr_cta512_quality, vr_cta1024_step … for every case."""
    for preset in ours.TRANSFERS:
        sides = [side for name, side in CASES if name == preset and bench.wants(*_figures(preset, side))]
        if not sides:
            continue
        caster = RayCaster(image, shaded(ours.TRANSFERS[preset]), ours.STEP_MM, bench.threads)
        for side in sides:
            for view in VIEWS:
                _rendering(bench, caster, view, preset, side)
        caster.close()


def _figures(preset: str, nominal: int) -> list[str]:
    return [f"vr_{preset}{nominal}_{kind}" for kind in SETTINGS]


def _rendering(bench: Bench, caster: RayCaster, view: View, preset: str, nominal: int) -> None:
    side, volume, grid = bench.side(nominal), bench.subject.volume, bench.subject.grid
    transfer, picture = ours.TRANSFERS[preset], view.picture(side)
    caster.draw(view, side)
    theirs = caster.pixels()
    peer_db = psnr(theirs, _dense_peer(bench, caster, view, preset, side))
    best = dense_frame(bench, view, preset, side)
    asked = [kind for kind in SETTINGS if bench.wants(f"vr_{preset}{nominal}_{kind}")]
    runs: dict[str, Run] = {"vtk": lambda i: caster.draw(view.turned(i), side)}
    ours_db = {}
    for kind in asked:
        setting = SETTINGS[kind][preset]

        def run(frame: int, setting: ours.Setting = setting) -> object:
            return ours.render(volume, view.turned(frame).picture(side), transfer, grid, setting)

        runs[kind] = run
        mine = ours.render(volume, picture, transfer, grid, setting)
        ours_db[kind] = psnr(mine, best)
        near = f"{preset} {view.name}: our picture is {ours_db[kind]:.1f} dB from dense steps"
        check(ours_db[kind] >= bench.wrong_db, near)
        bench.save(f"vr_{preset}{nominal}_{kind}-{view.name}", mine, theirs)
    times = medians(runs, bench.repeats)
    for kind in asked:
        setting = SETTINGS[kind][preset]
        line = Line(
            f"vr_{preset}{nominal}_{kind}",
            view.name,
            times["vtk"] / times[kind],
            times[kind],
            times["vtk"],
            ours_db[kind],
            peer_db,
            rendering_work(bench, view, preset, side, setting),
            f"steps of {ours.step_mm(volume, picture, setting):.2f} mm, VTK's {ours.STEP_MM:.2f}",
        )
        bench.add(line)


def rendering_work(
    bench: Bench, view: View, preset: str, side: int, setting: ours.Setting, degrees: float | None = None
) -> Work | None:
    """What a rendering reads, by parallel rays or in perspective."""
    eye = None if degrees is None else view.eye(degrees)
    volume, grid, picture = bench.subject.volume, bench.subject.grid, view.picture(side)

    def draw(ours: Any) -> object:
        return ours.render(volume, picture, ours.TRANSFERS[preset], grid, setting, eye)

    return bench.work(f"{preset}, {setting}, {degrees}", view, side, draw)


def dense_frame(bench: Bench, view: View, preset: str, side: int) -> NDArray[Any]:
    """Our dense frame, RGB 0 … 255 [side, side, 3]."""
    transfer = ours.TRANSFERS[preset]
    return bench.kept(
        f"{preset}, {view.name}, {side}²",
        (source(dense), view.key, side, transfer.points, transfer.flat_gradient, bench.dense_step_mm),
        lambda: dense.rendering(bench.subject.volume, view, side, transfer, bench.dense_step_mm),
    )


def _dense_peer(bench: Bench, caster: RayCaster, view: View, preset: str, side: int) -> NDArray[Any]:
    return bench.kept(
        f"VTK's {preset}, {view.name}, {side}²",
        (vtk_peer.VERSION, source(vtk_peer), view.key, side, ours.TRANSFERS[preset].points, bench.dense_step_mm),
        lambda: caster.dense(view, side, bench.dense_step_mm),
    )
