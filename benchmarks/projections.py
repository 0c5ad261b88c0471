"""Planes, slabs and maxima through the whole volume against VTK and SimpleITK."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import dense, ours, vtk_peer
from benchmarks.bench import Bench, Line
from benchmarks.kept import source
from benchmarks.quality import psnr
from benchmarks.rays import inside
from benchmarks.report import check
from benchmarks.sitk_peer import Resampler
from benchmarks.timing import Run, medians
from benchmarks.views import VIEWS, View
from benchmarks.vtk_peer import RayCaster, grey_ramp
from benchmarks.vtk_reslice import Slab, Way, ways
from kernels.picture import spacing_along
from kernels.samples import sample_count

THICKNESS_MM = 20.0
FINER = 8  # dense samples for one of a slab
# HU, between values that were interpolated in float32 at positions in float32; and rounded to whole values besides.
TOLERANCE, ROUNDED = 0.1, 0.6
ALIKE_DB = 25.0  # of dense maxima, measured 28 to 36: VTK shows its own through a texture, up to a tenth of a pixel off


def planes(bench: Bench, image: Any, resampler: Resampler) -> None:
    """plane512_vtk, plane512_sitk."""
    if bench.wants("plane512_vtk", "plane512_sitk"):
        for view in VIEWS:
            _plane(bench, image, resampler, view, bench.side(512))


def _plane(bench: Bench, image: Any, resampler: Resampler, view: View, side: int) -> None:
    volume, picture = bench.subject.volume, view.picture(side)
    slab = Slab(1, spacing_along(volume, picture.normal))
    truth = resampler.values(view, side)
    worst = float(np.abs(ours.plane_values(volume, picture) - truth)[_shown(bench, view, side, slab)].max())
    check(worst <= TOLERANCE, f"{view.name}: our plane is {worst:.2f} HU from SimpleITK's")
    way = _peer(bench, image, view, side, slab, truth)
    runs: dict[str, Run] = {
        "vtk": way.again,
        "ours": lambda _: ours.plane_values(volume, picture),
        "sitk": lambda _: resampler.plane(view, side),
    }
    times = medians(runs, 4 * bench.repeats)
    load = bench.work("a plane", view, side, lambda ours: ours.plane_values(volume, picture))
    for peer, remark in (("vtk", way.name), ("sitk", "float")):
        ratio = times[peer] / times["ours"]
        bench.add(Line(f"plane512_{peer}", view.name, ratio, times["ours"], times[peer], work=load, remark=remark))


def slabs(bench: Bench, image: Any, resampler: Resampler) -> None:
    """slab512_vtk, slab1024_vtk."""
    for nominal in (512, 1024):
        if bench.wants(f"slab{nominal}_vtk"):
            for view in VIEWS:
                _slab(bench, image, resampler, view, nominal)


def _slab(bench: Bench, image: Any, resampler: Resampler, view: View, nominal: int) -> None:
    side, volume = bench.side(nominal), bench.subject.volume
    picture = view.picture(side)
    slab = Slab(sample_count(volume, picture, THICKNESS_MM), spacing_along(volume, picture.normal))
    way = _peer(bench, image, view, side, slab, resampler.slab(view, side, slab.count, slab.spacing_mm))
    grid, shown = bench.subject.grid, _shown(bench, view, side, slab)
    # Ours has its samples where voxels are, the peer's lie a voxel apart: both are judged by those of all points.
    dense = resampler.slab(view, side, (slab.count - 1) * FINER + 1, slab.spacing_mm / FINER)
    ours_db, peer_db = (
        psnr(ours.grey(values)[shown], ours.grey(dense)[shown])
        for values in (ours.slab_values(volume, picture, THICKNESS_MM, grid), way.values().astype(np.float32))
    )
    check(ours_db >= bench.wrong_db, f"{view.name}: our slab is {ours_db:.1f} dB from dense steps")
    runs: dict[str, Run] = {
        "vtk": way.again,
        "ours": lambda _: ours.slab_values(volume, picture, THICKNESS_MM, grid),
    }
    times = medians(runs, bench.repeats)
    load = bench.work("a slab", view, side, lambda ours: ours.slab_values(volume, picture, THICKNESS_MM, grid))
    ratio = times["vtk"] / times["ours"]
    name = f"slab{nominal}_vtk"
    bench.add(Line(name, view.name, ratio, times["ours"], times["vtk"], ours_db, peer_db, load, way.name))


def _shown(bench: Bench, view: View, side: int, slab: Slab) -> NDArray[np.bool_]:
    """Where a picture shows the volume through the whole slab.

    Raises:
        CheckFailed: hardly anywhere.
    """
    shown = inside(bench.subject.volume, view.picture(side), (slab.count - 1) / 2 * slab.spacing_mm)
    check(shown.mean() > 0.2, f"{view.name} shows hardly any of the volume")
    return shown


def _peer(bench: Bench, image: Any, view: View, side: int, slab: Slab, truth: NDArray[Any]) -> Way:
    """The fastest of VTK's ways whose values are right. The judge is SimpleITK.

    Raises:
        CheckFailed: none is.
    """
    shown = _shown(bench, view, side, slab)
    right: dict[str, Way] = {}
    for way in ways(image, view, side, bench.threads, slab):
        way.again(0)
        if np.abs(way.values() - truth)[shown].max() <= (ROUNDED if way.rounds else TOLERANCE):
            right[way.name] = way
    check(bool(right), f"{view.name}: no way of VTK's to {slab} gives SimpleITK's values")
    times = medians({name: way.again for name, way in right.items()}, 3)
    return right[min(times, key=lambda name: times[name])]


def maxima(bench: Bench, image: Any) -> None:
    """mip512_vtk, mip1024_vtk."""
    if not bench.wants("mip512_vtk", "mip1024_vtk"):
        return
    caster = RayCaster(image, grey_ramp(*ours.WINDOW), ours.STEP_MM, bench.threads, maximum=True)
    for nominal in (512, 1024):
        if bench.wants(f"mip{nominal}_vtk"):
            for view in VIEWS:
                _maximum(bench, caster, view, nominal)
    caster.close()


def _maximum(bench: Bench, caster: RayCaster, view: View, nominal: int) -> None:
    side, volume, grid = bench.side(nominal), bench.subject.volume, bench.subject.grid
    figure, picture = f"mip{nominal}_vtk", view.picture(side)
    voxel_mm = spacing_along(volume, picture.normal)
    caster.set_step(voxel_mm)
    caster.draw(view, side)
    mine, theirs = ours.mip(volume, picture, grid), caster.pixels()[..., 0]
    bench.save(f"{figure}-{view.name}", mine, theirs)
    best = bench.kept(
        f"maximum, {view.name}, {side}²",
        (source(dense), view.key, side, ours.WINDOW, bench.dense_step_mm),
        lambda: dense.mip(volume, view, side, ours.WINDOW, bench.dense_step_mm),
    )
    peer_best = bench.kept(
        f"VTK's maximum, {view.name}, {side}²",
        (vtk_peer.VERSION, source(vtk_peer), view.key, side, ours.WINDOW, bench.dense_step_mm),
        lambda: caster.dense(view, side, bench.dense_step_mm),
    )
    ours_db, peer_db = psnr(mine, best), psnr(theirs, peer_best[..., 0])
    check(ours_db >= bench.wrong_db, f"{view.name}: our maximum is {ours_db:.1f} dB from dense steps")
    runs: dict[str, Run] = {
        "vtk": lambda i: caster.draw(view.turned(i), side),
        "ours": lambda i: ours.mip(volume, view.turned(i).picture(side), grid),
    }
    times = medians(runs, bench.repeats)
    line = Line(
        figure,
        view.name,
        times["vtk"] / times["ours"],
        times["ours"],
        times["vtk"],
        ours_db,
        peer_db,
        bench.work("a maximum", view, side, lambda ours: ours.mip(volume, picture, grid)),
        f"samples {ours.sample_mm(volume, picture):.2f} mm apart, VTK's {voxel_mm:.2f}",
    )
    bench.add(line)


def check_views(bench: Bench, image: Any) -> None:
    """Before anything is timed: our dense maximum and VTK's own show that both see the same view.

    Raises:
        CheckFailed: they do not.
    """
    side, step_mm = 256, float(bench.subject.volume.spacing_mm.min()) / 4
    caster = RayCaster(image, grey_ramp(*ours.WINDOW), step_mm, bench.threads, maximum=True)
    for view in VIEWS:
        mine = dense.mip(bench.subject.volume, view, side, ours.WINDOW, step_mm)
        alike = psnr(mine, caster.dense(view, side, step_mm)[..., 0])
        check(alike >= ALIKE_DB, f"{view.name}: our dense maximum and VTK's are {alike:.1f} dB apart")
    caster.close()
