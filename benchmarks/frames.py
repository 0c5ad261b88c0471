"""What a reader sees of the kernels: frames while dragging, pictures at rest, the first frame. No peer but VTK's first.

drag_…_fps          1 / (kernel + JPEG) of what the server sends while a 512² viewport is dragged: 256² pixels,
                    steps of 1.4 mm at most, the same quality and encoder
drag_cta_perspective_fps
                    drag_cta_fps with rays from an eye, at the opening angle that the page begins with; our own goal
occupancy_ms        what a new transfer function costs before its first ray: its tables, and which bricks of the min-max
                    grid it shows and how far away they are; of two presets
still512_ms         a 512² picture at rest, kernel + PNG and its digest
still1024_first_ms  the first picture of a 1024² viewport at rest that is sharper than a dragged one, kernel + JPEG
still1024_ms        the 1024² picture at rest, kernel + PNG and its digest
first_frame_s       from a volume in memory to its first 512² picture at rest: min-max grid, transfer function's
                    tables, the kernel and PNG; kernels are loaded (a server does that as it starts), the voxels
                    were just read. VTK's: a new mapper's first frame
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import ours
from benchmarks.bench import Bench, Line
from benchmarks.counted import Work
from benchmarks.quality import psnr
from benchmarks.renderings import dense_frame, rendering_work
from benchmarks.report import check
from benchmarks.timing import medians
from benchmarks.views import VIEWS, View
from benchmarks.vtk_peer import RayCaster, shaded
from kernels.bricks import reference_near
from kernels.transfer import TransferFunction
from renderd.encode import lossless, lossy
from renderd.protocol import LEVELS

STILL_DB = 45.0  # of the CTA at rest, OBL
DRAGGED = next(level for level in LEVELS if level[0] < 1)  # the best level that is drawn smaller: scale, JPEG quality
SHARP = LEVELS[0]
OPENING_DEGREES = 45.0  # USUAL_ANGLE of viewer/src/reading/clips.ts


def drags(bench: Bench) -> None:
    """drag_mip_fps, drag_cta_fps, drag_skin_fps, drag_cta_perspective_fps."""
    for what in ("mip", *ours.TRANSFERS):
        if bench.wants(f"drag_{what}_fps"):
            for view in VIEWS:
                _drag(bench, view, what)
    if bench.wants("drag_cta_perspective_fps"):
        for view in VIEWS:
            _drag(bench, view, "cta", perspective=True)


def _drag(bench: Bench, view: View, what: str, *, perspective: bool = False) -> None:
    volume, grid, side = bench.subject.volume, bench.subject.grid, bench.side(256)
    figure = f"drag_{what}_perspective_fps" if perspective else f"drag_{what}_fps"

    def frame(number: int) -> NDArray[np.uint8]:
        turned = view.turned(number)
        picture = turned.picture(side)
        if what == "mip":
            return ours.moving_mip(volume, picture, grid)
        eye = turned.eye(OPENING_DEGREES) if perspective else None
        return ours.render(volume, picture, ours.TRANSFERS[what], grid, ours.MOVING, eye)

    runs = {"kernel": frame, "frame": lambda i: lossy(frame(i), DRAGGED[1], subsampled=what != "mip")}
    times = medians(runs, 4 * bench.repeats)
    bench.save(f"{figure.removesuffix('_fps')}-{view.name}", frame(0))
    if what == "mip":
        load = bench.work("a maximum", view, side, lambda ours: ours.mip(volume, view.picture(side), grid))
    else:
        load = rendering_work(bench, view, what, side, ours.MOVING, OPENING_DEGREES if perspective else None)
    _add(bench, figure, view, 1e3 / times["frame"], times, load=load)


def _add(
    bench: Bench,
    figure: str,
    view: View,
    value: float,
    times: Mapping[str, float],
    load: Work | None,
    near_db: float | None = None,
    remark: str = "",
) -> None:
    """A line of a frame: kernel and encoder."""
    kernel_ms = times["kernel"]
    said = f"kernel {kernel_ms:.1f} ms{remark}"
    bench.add(Line(figure, view.name, value, times["frame"], None, near_db, None, load, said, kernel_ms))


def stills(bench: Bench) -> None:
    """still512_ms, still1024_first_ms, still1024_ms, all of the CTA."""
    if bench.wants("still512_ms"):
        _still(bench, VIEWS[1], 512)
    if bench.wants("still1024_first_ms", "still1024_ms"):
        for view in VIEWS:
            _first_still(bench, view)
            _still(bench, view, 1024)


def _still(bench: Bench, view: View, nominal: int) -> None:
    side, volume, grid = bench.side(nominal), bench.subject.volume, bench.subject.grid

    def frame(number: int) -> NDArray[np.uint8]:
        return ours.render(volume, view.turned(number).picture(side), ours.TRANSFERS["cta"], grid, ours.STILL)

    near = psnr(frame(0), dense_frame(bench, view, "cta", side))
    if nominal == 512 and not bench.small and bench.subject.is_phantom:
        check(near >= STILL_DB, f"a picture at rest is {near:.1f} dB from dense steps, not {STILL_DB:g}")
    times = medians({"kernel": frame, "frame": lambda i: lossless(frame(i))}, bench.repeats)
    load = rendering_work(bench, view, "cta", side, ours.STILL)
    _add(bench, f"still{nominal}_ms", view, times["frame"], times, load, near)


def _first_still(bench: Bench, view: View) -> None:
    volume, grid = bench.subject.volume, bench.subject.grid

    def frame(number: int) -> NDArray[np.uint8]:
        return ours.first_still(volume, view.turned(number).picture, bench.side(1024), ours.TRANSFERS["cta"], grid)

    times = medians({"kernel": frame, "frame": lambda i: lossy(frame(i), SHARP[1], subsampled=True)}, bench.repeats)
    drawn = frame(0).shape[0]
    load = rendering_work(bench, view, "cta", drawn, ours.STILL)
    _add(bench, "still1024_first_ms", view, times["frame"], times, load, remark=f", {drawn}²")


def occupancies(bench: Bench) -> None:
    """occupancy_ms."""
    if not bench.wants("occupancy_ms"):
        return
    grid = bench.subject.grid
    for preset, transfer in ours.TRANSFERS.items():
        near = ours.occupancy(grid, transfer).near
        right = (near == reference_near(grid, transfer.table()).reshape(-1)).all()
        check(bool(right), f"{preset}: the bricks that are taken to show something are not those that do")

        def make(frame: int, transfer: TransferFunction = transfer) -> object:
            return ours.occupancy(grid, transfer.shifted(0.5 + frame))  # a new one each time, as while a curve is moved

        ms = medians({preset: make}, 4 * bench.repeats)[preset]
        bench.add(Line("occupancy_ms", preset, ms, ms))


def first_frames(bench: Bench, image: Any) -> None:
    """first_frame_s, of the CTA."""
    if bench.wants("first_frame_s"):
        for view in VIEWS:
            _first_frame(bench, image, view)


def _first_frame(bench: Bench, image: Any, view: View) -> None:
    volume, side, transfer = bench.subject.volume, bench.side(512), ours.TRANSFERS["cta"]

    def first(frame: int) -> object:
        other = transfer.shifted(1e-3 * (1 + frame + VIEWS.index(view) * 100))  # so that no table is there yet
        grid = ours.acceleration(volume)
        return lossless(ours.render(volume, view.picture(side), other, grid, ours.STILL))

    mine = medians({"ours": first}, bench.repeats)["ours"]
    begun = time.perf_counter()
    caster = RayCaster(image, shaded(transfer), ours.STEP_MM, bench.threads)
    caster.draw(view, side)
    peer = (time.perf_counter() - begun) * 1e3
    caster.close()
    bench.add(Line("first_frame_s", view.name, mine / 1e3, mine, peer, remark="VTK: once"))
