"""Fingers on the three planes, on a phone and on a tablet, by what is drawn afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.browser import PHONE
from benchmarks.reading import Reader
from tests.browser.fingers import Fingers, cross, middle, pixels, settle, under
from tests.browser.truth import plane_grey

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]


def plane_looks_right(reader: Reader, role: str) -> dict[str, Any]:
    view = settle(reader, role)
    grey = pixels(reader, role)
    assert np.abs(grey - plane_grey(view, grey.shape)).max() <= 1.01  # type: ignore[arg-type]
    return view


LOUPE = """([role, x, y, across]) => {
  const glass = document.querySelector(`[data-testid=loupe-${role}]`);
  const canvas = document.querySelector(`[data-testid=canvas-${role}]`);
  const box = canvas.getBoundingClientRect();
  const density = canvas.width / box.width;
  const look = (picture, u, v) => picture.getContext('2d').getImageData(Math.floor(u), Math.floor(v), 1, 1).data[0];
  const zoom = 2.5;
  const own = glass.width / glass.getBoundingClientRect().width;
  return [[-40, -30], [35, 20], [-20, 40], [30, -35], [44, 8]].map(([dx, dy]) => [
    look(glass, glass.width / 2 + dx * own, glass.height / 2 + dy * own),
    look(canvas, (x - box.left + dx / zoom) * density, (y - box.top + dy / zoom) * density),
  ]);
}"""


def test_fingers_on_the_planes(reader: Reader, shots: Path) -> None:
    page, fingers = reader.page, Fingers(reader)
    phone = page.viewport_size == PHONE["viewport"]
    page.get_by_test_id("layout-mpr").tap()
    settle(reader, "axial")
    box = reader.box("axial")
    x, y = middle(reader, "axial")

    # A tap points.
    start = cross(reader)
    spot = (x + 0.2 * box[2], y - 0.1 * box[3])
    wanted = under(reader.view("axial"), box, spot)
    fingers.tap(spot)
    reader.wait("(x) => Math.abs(window.farview.views().sagittal.centre[0] - x) < 1", wanted[0])
    assert cross(reader) == pytest.approx([*wanted[:2], start[2]], abs=0.01)

    # A double tap changes the layout, not the cross: one of four on a tablet, four on a phone, and back.
    placed = cross(reader)
    page.wait_for_timeout(400)  # the tap above is no half of this one
    count = page.locator(".pane").count()
    fingers.double_tap((x - 60, y + 40))
    page.wait_for_function("(n) => document.querySelectorAll('.pane').length !== n", arg=count)
    assert page.locator(".pane").count() == (4 if phone else 1)
    assert cross(reader) == pytest.approx(placed)
    page.wait_for_timeout(400)
    fingers.double_tap(middle(reader, "axial"))
    page.wait_for_function("(n) => document.querySelectorAll('.pane').length === n", arg=count)
    assert cross(reader) == pytest.approx(placed)
    plane_looks_right(reader, "axial")

    # A touch that stops a gliding plane does not move the cross in it.
    fingers.flick((x + 30, y - 50), (x + 30, y + 50))
    fingers.tap((x - 70, y - 20))
    page.wait_for_timeout(100)
    assert cross(reader)[:2] == pytest.approx(placed[:2])
    plane_looks_right(reader, "axial")

    # The strip scrubs planes too.
    strip = page.get_by_test_id("scrubber-axial").bounding_box()
    assert strip is not None
    thumb = strip["x"] + strip["width"] / 2
    fingers.drag([(thumb, strip["y"] + strip["height"] / 2)], [(thumb, strip["y"] + 0.3 * strip["height"])])
    assert plane_looks_right(reader, "axial")["centre"][2] != pytest.approx(placed[2])

    # The cross under a finger, and the loupe away from it.
    page.get_by_test_id("tool-cross").tap()
    target = (x + 20, y + 30)
    fingers.drag([(x, y)], [target], lift=False)
    settle_moving = "(role) => document.querySelector(`[data-testid=loupe-${role}]`)"
    reader.wait(settle_moving, "axial")
    glass = page.get_by_test_id("loupe-axial").bounding_box()
    assert glass is not None
    assert glass["width"] >= 96
    away = np.hypot(glass["x"] + glass["width"] / 2 - target[0], glass["y"] + glass["height"] / 2 - target[1])
    assert away >= glass["width"] / 2 + 22
    for shown, drawn in page.evaluate(LOUPE, ["axial", *target, 0]):
        assert abs(shown - drawn) <= 40  # the same tissue: a pixel of the loupe may be its neighbour's
    page.screenshot(path=shots / f"{page.viewport_size}-loupe.png")  # type: ignore[str-bytes-safe]
    fingers.rest_and_lift()
    reader.wait("() => !document.querySelector('[data-testid=loupe-axial]')")
    wanted = under(reader.view("axial"), box, target)
    assert cross(reader)[:2] == pytest.approx(wanted[:2], abs=0.01)
    page.get_by_test_id("tool-cross").tap()

    # A handle, taken within 22 px of it, turns the other planes.
    handle = page.get_by_test_id("viewport-axial").get_by_test_id("cross-handle").first.bounding_box()
    assert handle is not None
    grip = (handle["x"] + handle["width"] / 2 + 14, handle["y"] + handle["height"] / 2 + 10)
    before = {role: reader.view(role)["right"] for role in ("coronal", "sagittal", "axial")}
    fingers.drag([grip], [(grip[0] + 60, grip[1] + 40)])
    after = {role: reader.view(role)["right"] for role in before}
    assert after["axial"] == before["axial"]
    assert after["coronal"] != before["coronal"]
    assert after["sagittal"] != before["sagittal"]
    plane_looks_right(reader, "axial")
