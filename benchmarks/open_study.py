"""From the click on a study to its pictures, through the real page in headless Chromium.

    python -m benchmarks.open_study [--small] [--json]

The clock is the page's own: click on the row → drawn and acknowledged.

*Cold*: every process fresh, derived data deleted, page cache dropped where that is allowed (printed).
*Warm*: the volume file is on disk, nothing is resident, page cache dropped likewise.

A first image counts when it is at least 512² (of the small size: any), JPEG of quality 70 or better or lossless, and
the right slice: at least 35 dB from a plain numpy picture of the same view. `all_addressable_s`: seeded random slices
and both ends, each drawn and its checksum verified on the canvas, from the same click. `mpr_fps`: a turned plane
dragged through the volume. `vr_fps`: the CTA preset turned, the body filling the viewport; `vr_full_ms`, `vr_final_ms`:
from letting go until it was there in full size, and until it was lossless.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread

from benchmarks.browser import DESKTOP, chromium, executable, profile
from benchmarks.quality import psnr
from benchmarks.reading import Drawn, Reader, expected_grey
from benchmarks.report import Report, arguments, check
from benchmarks.series import Series, chest_ct, generated
from benchmarks.service import Service, drop_page_cache
from renderd.render import MOVING_STEP_MM

SLICES = 25
PLANES = ("axial", "coronal", "sagittal")


def main() -> None:
    options = arguments("open_study", __doc__ or "")
    report = Report("open_study")
    scratch = Path(tempfile.mkdtemp(prefix="farview-series-"))
    service = Service()
    try:
        series = [generated(scratch / "generated", *((40, 96) if options.small else (500, 512)))]
        real = None if options.small else chest_ct(scratch / "chest")
        series += [real] if real else []
        for one in series:
            run = service.farview("import", one.folder)
            check(run.returncode == 0, f"import failed: {run.stdout[-2000:]}{run.stderr[-2000:]}")
        # What the first start compiles stays compiled; a reader never waits for it.
        service.start()
        service.stop()
        for one in series:
            figures = measure(service, one, options.small, report)
            sys.stderr.write(f"{one.name}: {figures}\n")
            report.inputs["generated" if one.truth is not None else "chest_ct"] = one.description()
            for name, value in figures.items():
                report.line(one.name, name, value)
            if one.truth is not None:
                report.figures = figures
        report.inputs |= {"browser": executable(), "playwright": version("playwright")}
        report.print(options.json, ("series", "figure", "value"))
    finally:
        service.close()
        shutil.rmtree(scratch, ignore_errors=True)


def measure(service: Service, series: Series, small: bool, report: Report) -> dict[str, float]:
    """Every figure of one series."""
    figures: dict[str, float] = {}
    with chromium() as browser:
        for state in ("cold", "warm"):
            if state == "cold":
                for file in (service.home / "volumes").rglob("*"):
                    if file.is_file():
                        file.unlink()
            report.inputs["page_cache_dropped"] = drop_page_cache()
            service.start()
            with profile(browser, DESKTOP) as context:
                reader = Reader(context.new_page(), service.address)
                reader.sign_in()
                first, planes = open_planes(reader, series, small)
                figures[f"{state}_first_image_s"] = first.at_s
                figures[f"{state}_first_mpr_s"] = planes
                if state == "warm":
                    figures["all_addressable_s"] = address_all(reader, series)
                    figures |= frames_per_second(reader, small, report)
            service.stop()
    return figures


def open_planes(reader: Reader, series: Series, small: bool) -> tuple[Drawn, float]:
    """Open the study and, the moment its first image is there, the planes; the image and when all three were drawn."""
    reader.open_study(series.row, keep="stack")
    reader.wait_drawn("stack")
    reader.page.keyboard.press("m")
    reader.wait_drawn(*PLANES)
    drawn = reader.drawn()
    first = next(d for d in drawn if d.role == "stack")
    check_first(reader, series, first, small)
    return first, max(next(d for d in drawn if d.role == plane).at_s for plane in PLANES)


def check_first(reader: Reader, series: Series, first: Drawn, small: bool) -> None:
    event = first.event
    smallest = 64 if small else 512
    check(min(event["width"], event["height"]) >= smallest, f"first image is {event['width']}×{event['height']}")
    check(event["codec"] == 2 or event["level"] <= 1, f"first image came at level {event['level']}")
    check_slice(reader, series, first)


def check_slice(reader: Reader, series: Series, drawn: Drawn) -> None:
    """The picture on the canvas is the slice that its view names; a lossless one differs by rounding alone."""
    view = drawn.event["view"]
    values, spacing = slice_of(series, view["frame"])
    grey = reader.grey(drawn.event["sequence"])
    near = psnr(grey, expected_grey(values, view, spacing, (grey.shape[0], grey.shape[1])))
    least = 48 if drawn.event["final"] else 35
    check(near >= least, f"image {view['frame'] + 1} is {near:.1f} dB from what it should be")


def slice_of(series: Series, frame: int) -> tuple[Any, tuple[float, float]]:
    """Modality values and (x, y) spacing of a frame, read without Farview; frames in order of InstanceNumber."""
    one = dcmread(in_order(series.folder)[frame], force=True)
    values = one.pixel_array * float(one.RescaleSlope) + float(one.RescaleIntercept)
    return values, (float(one.PixelSpacing[1]), float(one.PixelSpacing[0]))


@cache
def in_order(folder: Path) -> list[Path]:
    """The DICOM files of a folder by InstanceNumber."""
    heads = [(dcmread(f, specific_tags=["InstanceNumber"], force=True), f) for f in folder.rglob("*") if f.is_file()]
    return [file for _, file in sorted((int(head.InstanceNumber), file) for head, file in heads if head)]


def address_all(reader: Reader, series: Series) -> float:
    """Open the study again; seconds from the click until random slices and both ends were drawn and verified."""
    reader.to_list()
    reader.open_study(series.row, keep="stack")
    reader.wait_drawn("stack", final=True)
    track = reader.page.get_by_test_id("scrubber-stack").locator(".track").bounding_box()
    assert track is not None
    choice = random.Random(1)
    places = [choice.random() for _ in range(SLICES)]
    mouse = reader.page.mouse
    asked = set()
    for part in [0.0, *places, 1.0]:
        mouse.click(track["x"] + track["width"] / 2, track["y"] + part * (track["height"] - 0.01))
        frame = reader.view("stack")["frame"]
        reader.wait(
            "(frame) => window.bench.events.some("
            "(e) => e.role === 'stack' && e.verified === true && e.view.frame === frame)",
            frame,
        )
        asked.add(frame)
    seconds = reader.now_s()
    drawn = reader.drawn()
    finals = {d.event["view"]["frame"]: d for d in drawn if d.event["verified"] is True}
    count = len(in_order(series.folder))
    check(asked <= set(finals) and {0, count - 1} <= asked, f"not every slice was shown: {sorted(finals)}")
    check(len(asked) > min(SLICES, count) * 0.6, f"these are few slices: {sorted(asked)}")
    for d in finals.values():
        check_slice(reader, series, d)
    return seconds


def frames_per_second(reader: Reader, small: bool, report: Report) -> dict[str, float]:
    """Drag a turned plane, then turn the volume rendering."""
    seconds = 2 if small else 6
    page = reader.page
    page.keyboard.press("m")
    reader.wait_drawn(*PLANES, final=True)
    turn_plane(reader)
    page.keyboard.press("t")  # every move of a panning hand asks for another picture
    x, y, width, height = reader.box("coronal")
    page.mouse.dblclick(x + width / 2, y + height / 2)
    reader.wait_drawn("coronal", final=True)
    reader.make_square("coronal", 512)
    mpr = reader.drag_for("coronal", seconds)
    view, plane = reader.view("coronal"), mpr.newest
    check(oblique(view), f"the plane is not oblique: {view['right']} {view['down']}")
    check(plane["full_width"] >= 512 and plane["full_height"] >= 512, f"the plane is {size_of(plane)}")
    report.inputs["plane"] = {
        "size": size_of(plane),
        "level": plane["level"],
        "normal_view": [view["right"], view["down"]],
    }
    page.keyboard.press("t")
    page.keyboard.press("v")
    reader.forget()
    reader.wait_drawn("volume", final=True)
    check(reader.view("volume")["preset"] == "ct_cta", "a CT does not open with the CTA preset")
    vr = reader.drag_for("volume", seconds)
    full_ms, final_ms = reader.settled("volume")
    volume = vr.newest
    if not small:
        check(min(volume["width"], volume["height"]) >= 256, f"volume rendered at {size_of(volume)}")
    report.inputs["volume"] = {"size": size_of(volume), "preset": "ct_cta", "coarsest_step_mm": MOVING_STEP_MM}
    return {"mpr_fps": mpr.fps, "vr_fps": vr.fps, "vr_full_ms": full_ms, "vr_final_ms": final_ms}


def turn_plane(reader: Reader) -> None:
    """Take the crosshair of the axial plane by the handle at its right and turn it, so that the coronal plane tilts."""
    boxes = [handle.bounding_box() for handle in reader.page.get_by_test_id("viewport-axial").locator("circle").all()]
    box = max((box for box in boxes if box), key=lambda box: box["x"])
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse = reader.page.mouse
    mouse.move(x, y)
    mouse.down()
    mouse.move(x, y + 60, steps=12)
    mouse.up()


def oblique(view: dict[str, Any]) -> bool:
    """Whether the plane lies along no face of the grid."""
    normal = np.cross(view["right"], view["down"])
    return bool(np.abs(normal).max() < 0.999)


def size_of(event: dict[str, Any]) -> str:
    return f"{event['width']}×{event['height']}"


if __name__ == "__main__":
    main()
