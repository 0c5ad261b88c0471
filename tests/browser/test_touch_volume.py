"""Fingers on a volume rendering and on what is seen in depth, on a phone and on a tablet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.reading import Reader
from tests.browser.fingers import Fingers, cross, middle, pixels, settle, under
from tests.browser.truth import phantom

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]


def test_fingers_on_the_volume(reader: Reader) -> None:
    page, fingers = reader.page, Fingers(reader)
    page.get_by_test_id("layout-volume").tap()
    settle(reader, "volume")
    x, y = middle(reader, "volume")

    # One finger turns it: the front follows the finger to the right, so the eye goes to the patient's right.
    fingers.drag([(x - 40, y)], [(x + 40, y)])
    turned = settle(reader, "volume")
    into = np.cross(turned["right"], turned["down"])
    assert into[0] > 0.2
    assert abs(into[2]) < 1e-6

    # Two fingers zoom, and roll.
    fingers.drag([(x - 30, y), (x + 30, y)], [(x - 60, y), (x + 60, y)])
    zoomed = settle(reader, "volume")
    assert turned["extent_mm"] / zoomed["extent_mm"] == pytest.approx(2, rel=0.02)
    assert zoomed["right"] == turned["right"]
    angles = np.radians(np.linspace(0, 60, 13))
    fingers.down((x - 80, y), (x + 80, y))
    for angle in angles[1:]:
        dx, dy = 80 * np.cos(angle), 80 * np.sin(angle)
        fingers.send("touchMove", [(x - dx, y - dy), (x + dx, y + dy)])
        page.wait_for_timeout(16)
    fingers.up()
    rolled = settle(reader, "volume")
    roll = np.degrees(np.arccos(np.dot(rolled["right"], zoomed["right"])))
    assert 40 <= roll <= 61
    assert np.cross(rolled["right"], rolled["down"]) == pytest.approx(into, abs=1e-6)

    # Three fingers shift the opacity, also where they scroll flat pictures.
    bright = pixels(reader, "volume").astype(float).mean()
    three = [(x - 50, y), (x, y), (x + 50, y)]
    fingers.drag(three, [(px, py + 60) for px, py in three])
    shifted = settle(reader, "volume")
    assert shifted["shift"] > 60
    assert abs(pixels(reader, "volume").astype(float).mean() - bright) > 0.5


BREASTBONE = [0.0, -80.0, 60.0]  # what a reader in front of the phantom sees there, whatever the preset


def beneath(view: dict[str, Any], box: tuple[float, float, float, float], point: list[float]) -> tuple[float, float]:
    """Where a patient point stands on the page."""
    x, y, width, height = box
    mm = view["extent_mm"] / min(width, height)
    offset = np.asarray(point) - view["centre"]
    return x + width / 2 + offset @ view["right"] / mm, y + height / 2 + offset @ view["down"] / mm


def hu_at(point: list[float]) -> float:
    """The phantom's value at a patient point, linear between its voxels."""
    array, affine = phantom()
    index = (np.asarray(point) - affine[:3, 3]) / np.diag(affine)[:3]
    low = np.floor(index).astype(int)
    part = index - low
    value = 0.0
    for corner in np.ndindex(2, 2, 2):
        i, j, k = low + corner
        value += float(array[k, j, i]) * float(np.prod(np.where(corner, part, 1 - part)))
    return value


def test_a_long_press_picks_what_is_seen_in_a_slab_and_in_a_volume(reader: Reader, shots: Path) -> None:
    page, fingers = reader.page, Fingers(reader)
    page.get_by_test_id("layout-mpr").tap()
    settle(reader, "axial")
    fingers.hold(middle(reader, "axial"))
    page.get_by_test_id("menu-slab").tap()
    slab = settle(reader, "axial")
    assert slab["thickness_mm"] == 20

    # Where the slab is brightest on the screen, somewhere in it the brightest voxel along the ray is found.
    box = reader.box("axial")
    grey = pixels(reader, "axial")
    scale = grey.shape[1] / box[2]
    rows, columns = np.nonzero(grey[: grey.shape[0] // 2] >= 250)
    nearest = np.argmin(np.abs(columns - grey.shape[1] * 0.4))
    spot = (box[0] + (columns[nearest] + 0.5) / scale, box[1] + (rows[nearest] + 4.5) / scale)
    before = cross(reader)
    fingers.down(spot)
    page.get_by_test_id("loupe-axial").wait_for()
    page.screenshot(path=shots / f"{page.viewport_size}-pick.png")  # type: ignore[str-bytes-safe]
    fingers.up()
    reader.wait("(x) => Math.abs(window.farview.views().sagittal.centre[0] - x) > 0.5", before[0])
    point = cross(reader)
    assert point[:2] == pytest.approx(list(under(slab, box, spot)[:2]), abs=0.05)
    assert abs(point[2] - slab["centre"][2]) <= 10.01
    ray = [hu_at([*point[:2], slab["centre"][2] + z]) for z in np.arange(-8.75, 9, 2.5)]
    assert hu_at(point) >= max(ray) - 5

    # The front of the volume: the first opaque thing under the finger, and nothing opaque before it.
    page.get_by_test_id("layout-volume").tap()
    volume = settle(reader, "volume")
    box = reader.box("volume")
    spot = beneath(volume, box, BREASTBONE)
    page.wait_for_timeout(300)
    fingers.hold((spot[0], spot[1]), lift=False)
    page.get_by_test_id("loupe-volume").wait_for()
    fingers.up()
    reader.wait("(z) => Math.abs(window.farview.views().axial.centre[2] - z) > 20", point[2])
    point = cross(reader)
    seen = beneath(volume, box, point)
    assert np.hypot(seen[0] - spot[0], seen[1] - spot[1]) < 3
    assert hu_at(point) > 100
    assert page.get_by_test_id("viewport-axial").count() == 1
    settle(reader, "axial")


def test_a_double_tap_makes_a_surface_the_centre_that_the_volume_turns_about(reader: Reader) -> None:
    page, fingers = reader.page, Fingers(reader)
    page.get_by_test_id("layout-volume").tap()
    opened = settle(reader, "volume")
    box = reader.box("volume")
    spot = beneath(opened, box, BREASTBONE)
    fingers.double_tap((spot[0], spot[1]))
    mark = page.get_by_test_id("pivot")
    mark.wait_for(state="attached")

    def marked() -> tuple[float, float]:
        ring = mark.locator("circle").first.bounding_box()
        assert ring is not None
        return ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2

    assert marked() == pytest.approx(spot, abs=1.5)
    x, y = middle(reader, "volume")
    fingers.drag([(x - 60, y + 60)], [(x + 40, y + 80)])
    turned = settle(reader, "volume")
    assert turned["right"] != opened["right"]
    assert marked() == pytest.approx(spot, abs=1.5)  # what was tapped keeps its place

    # Beside the body a double tap puts everything back.
    page.wait_for_timeout(400)
    fingers.double_tap((box[0] + 14, box[1] + 90))
    mark.wait_for(state="detached")
    # Nothing and no entry are one: a filter, a fusion that nobody chose.
    assert {k: v for k, v in settle(reader, "volume").items() if v is not None} == {
        k: v for k, v in opened.items() if v is not None
    }
