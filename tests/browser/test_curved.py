"""Curves at the page: drawn on a plane, laid out, turned, walked along, kept. A straight one is a plane."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from benchmarks.browser import DESKTOP, PHONE, profile
from benchmarks.reading import Reader
from benchmarks.service import Service
from tests.browser.fingers import Fingers, Point, cross, settle, still, under
from tests.browser.processing import assert_usable, close_sheet, no_errors, on_page, open_part, open_planes
from tests.browser.truth import plane_grey

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]


def places(reader: Reader, role: str, parts: list[tuple[float, float]]) -> list[Point]:
    x, y, width, height = reader.box(role)
    return [(x + width * u, y + height * v) for u, v in parts]


def draw(reader: Reader, parts: list[tuple[float, float]], role: str = "coronal") -> np.ndarray[Any, Any]:
    """A curve through these parts of a plane's picture; its control points, patient millimetres."""
    page = reader.page
    page.get_by_test_id("draw-curve").click()
    page.get_by_test_id("pen-bar").wait_for()
    points = places(reader, role, parts)
    for at in points[:-1]:
        page.mouse.click(*at)
        page.wait_for_timeout(400)  # two clicks in one place would end it
    page.mouse.dblclick(*points[-1])
    page.get_by_test_id("along-dock").wait_for()
    settle(reader, "curved")
    return np.array(reader.view("curved")["points"])


def mark(reader: Reader, role: str, testid: str, part: str | None = None) -> Point:
    """Where on the page the middle of a mark over a picture is; of the last such part of it."""
    found = reader.page.get_by_test_id(f"viewport-{role}").get_by_test_id(testid)
    box = (found.locator(part).last if part else found).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def length_said(reader: Reader) -> float:
    return float(reader.page.get_by_test_id("corners-curved").get_by_test_id("curve-length").inner_text().split()[1])


STRAIGHT = [(0.5, 0.25), (0.5, 0.5), (0.5, 0.75)]
BENT = [(0.35, 0.25), (0.6, 0.4), (0.4, 0.6), (0.6, 0.8)]


def as_plane(reader: Reader, curved: dict[str, Any], angle: float) -> dict[str, Any]:
    """The plane that a straightened straight curve is, from its section's axes alone."""
    section = settle(reader, "section")
    across, beside = np.array(section["right"]), np.array(section["down"])
    a = np.radians(angle)
    right = np.cos(a) * across + np.sin(a) * beside
    tangent = np.cross(across, beside)
    start = np.array(curved["points"][0])
    centre = start + curved["along_mm"] * tangent + curved["across_mm"] * right
    return {**curved, "centre": centre.tolist(), "right": right.tolist(), "down": tangent.tolist()}


def test_a_straight_curve_is_the_plane_that_it_lies_in_and_as_long_as_it_is(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_planes(desktop)
        coronal = settle(desktop, "coronal")
        box = desktop.box("coronal")
        wanted = [under(coronal, box, p) for p in places(desktop, "coronal", STRAIGHT)]
        open_part(desktop, "curves")
        points = draw(desktop, STRAIGHT)
        assert np.abs(points - wanted).max() < 1.5 * coronal["extent_mm"] / min(box[2:])  # a click is a CSS pixel
        length = np.linalg.norm(points[-1] - points[0])
        assert length_said(desktop) == pytest.approx(length, rel=0.01)
        for angle in (0, 90):
            page.get_by_test_id("curve-angle").fill(str(angle))
            curved = settle(desktop, "curved")
            assert curved["angle"] == angle and curved["layout"] == "straightened"
            grey = still(desktop, "curved")
            plane = as_plane(desktop, curved, angle)
            truth = plane_grey(plane, grey.shape)  # type: ignore[arg-type]
            rows = np.arange(grey.shape[0])
            mm = curved["extent_mm"] / min(grey.shape)
            along = curved["along_mm"] + (rows + 0.5 - grey.shape[0] / 2) * mm
            inner = (along > 1) & (along < length - 1)
            assert inner.sum() > 100
            assert np.abs(grey[inner] - truth[inner]).max() <= 3
            assert truth[inner].std() > 20
            assert grey[(along < -1) | (along > length + 1)].max(initial=0) == 0
        page.screenshot(path=shots / "curved-desktop.png")
        corner = page.get_by_test_id("corners-curved")
        assert corner.get_by_test_id("curved-text").inner_text() == "拉直 · 90°"
        viewport = page.get_by_test_id("viewport-curved")
        assert viewport.get_by_test_id("scale-bar").count() == 1
        assert viewport.locator(".letter").count() == 0


def test_layouts_sections_and_the_crosshair(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_planes(desktop)
        open_part(desktop, "curves")
        points = draw(desktop, BENT)
        chords = np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
        length = length_said(desktop)
        assert chords * 0.99 < length < chords * 1.3
        curved = settle(desktop, "curved")
        before = still(desktop, "curved")

        # Centimetres are marked along the straightened picture.
        ticks = page.get_by_test_id("viewport-curved").get_by_test_id("ticks").locator("line")
        assert ticks.count() == int(length // 10) + 1

        # The section lies across the curve where the slider says, and its picture is that plane's.
        page.get_by_test_id("curve-place").fill("0")
        section = settle(desktop, "section")
        assert np.abs(np.array(section["centre"]) - points[0]).max() < 0.05
        grey = still(desktop, "section")
        assert np.abs(grey - plane_grey(section, grey.shape)).max() <= 2  # type: ignore[arg-type]
        first = np.cross(section["right"], section["down"])
        page.get_by_test_id("curve-place").fill(str(length))
        section = settle(desktop, "section")
        assert np.abs(np.array(section["centre"]) - points[-1]).max() < 0.3
        text = page.get_by_test_id("section-text").inner_text()
        assert text.endswith(f"/ {length:.1f} mm")
        assert abs(np.cross(section["right"], section["down"]) @ first) < 0.999  # it turned with the curve

        # A click in the curved picture brings the crosshair to the curve, half-way along.
        x, y, width, height = desktop.box("curved")
        page.mouse.click(x + width / 2, y + height / 2)
        desktop.wait("() => document.querySelector('[data-testid=toast]')")
        settle(desktop, "axial")
        page.get_by_test_id("curve-place").fill(f"{curved['along_mm']:.1f}")
        middle = np.array(settle(desktop, "section")["centre"])
        assert np.abs(np.array(cross(desktop)) - middle).max() < 2 * curved["extent_mm"] / min(width, height) + 0.1
        # Both are marked in the middle of the curved picture, and the section on the plane where it stands.
        page.get_by_test_id("located-cross").wait_for(state="attached")
        cx, cy = mark(desktop, "curved", "located-cross", "circle")
        assert np.hypot(cx - x - width / 2, cy - y - height / 2) < 3
        sx, sy = mark(desktop, "curved", "section-line", "circle")
        assert abs(sy - y - height / 2) < 2 and abs(sx - x - width / 2) < 2
        coronal = settle(desktop, "coronal")
        wanted = on_page(coronal, desktop.box("coronal"), middle)
        assert mark(desktop, "coronal", "stand") == pytest.approx(wanted, abs=2)

        # A section can be a slab, and then says so.
        text = page.get_by_test_id("corners-section").get_by_test_id("slab-text")
        assert text.inner_text() == "薄层"
        page.get_by_test_id("viewport-section").hover()
        page.keyboard.down("Alt")
        for _ in range(4):
            page.mouse.wheel(0, -120)
        page.keyboard.up("Alt")
        thick = settle(desktop, "section")["thickness_mm"]
        assert thick > 0
        assert text.inner_text() == f"MIP {thick} mm"
        page.screenshot(path=shots / "section-slab.png")
        while settle(desktop, "section")["thickness_mm"]:
            page.keyboard.press("p")

        # The wheel turns about the curve; other layouts say what they are.
        page.mouse.move(x + width / 2, y + height / 2)
        page.mouse.wheel(0, 120)
        turned = settle(desktop, "curved")
        assert turned["angle"] in (5, 355)
        assert np.abs(still(desktop, "curved").astype(int) - before).mean() > 0.5
        for layout in ("stretched", "projected"):
            page.get_by_test_id(f"layout-{layout}").click()
            assert settle(desktop, "curved")["layout"] == layout
            assert still(desktop, "curved").std() > 10
            page.screenshot(path=shots / f"curved-{layout}.png")
            bars = page.get_by_test_id("viewport-curved").get_by_test_id("scale-bar").count()
            scale = page.get_by_test_id("corners-curved").get_by_test_id("not-to-scale").count()
            assert (bars, scale) == {"stretched": (1, 0), "projected": (0, 1)}[layout]

        # Windowed with the planes, and slabbed.
        page.keyboard.press("4")
        assert settle(desktop, "curved")["window"] == desktop.view("axial")["window"] == [500, 2000]
        page.get_by_test_id("layout-straightened").click()
        page.get_by_test_id("slab-thickness").fill("5")
        assert settle(desktop, "curved")["thickness_mm"] == 5
        assert page.get_by_test_id("corners-curved").get_by_test_id("slab-text").inner_text() == "MIP 5 mm"
        page.get_by_test_id("close-along").click()
        page.get_by_test_id("viewport-volume").wait_for()
        assert page.get_by_test_id("viewport-curved").count() == 0


def test_curves_and_planes_are_kept_named_shown_and_deleted(desktop: Reader) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_planes(desktop)
        open_part(desktop, "curves")
        first = draw(desktop, STRAIGHT)
        page.get_by_test_id("curve-name-0").fill("LAD")
        page.keyboard.press("Enter")
        second = draw(desktop, BENT)
        assert page.get_by_test_id("curves").locator("li").count() == 2
        page.get_by_test_id("curve-open-0").click()
        assert np.array_equal(settle(desktop, "curved")["points"], first)
        page.get_by_test_id("curve-open-1").click()
        assert np.array_equal(settle(desktop, "curved")["points"], second)

        # Edited: a control point is dragged, the curved picture follows while it is.
        page.get_by_test_id("curve-edit-1").click()
        page.get_by_test_id("pen-bar").wait_for()
        coronal, box = settle(desktop, "coronal"), desktop.box("coronal")
        away = np.array(second[0]) - coronal["centre"]
        px = min(box[2:]) / coronal["extent_mm"]
        at = (
            box[0] + box[2] / 2 + away @ np.array(coronal["right"]) * px,
            box[1] + box[3] / 2 + away @ np.array(coronal["down"]) * px,
        )
        page.mouse.move(*at)
        page.mouse.down()
        page.mouse.move(at[0] - 30, at[1] - 10, steps=8)
        page.mouse.up()
        page.keyboard.press("Enter")
        page.get_by_test_id("pen-bar").wait_for(state="detached")
        moved = np.array(settle(desktop, "curved")["points"])
        assert np.linalg.norm(moved[0] - second[0]) == pytest.approx(np.hypot(30, 10) / px, rel=0.1)
        assert np.array_equal(moved[1:], second[1:])

        # Two planes, one of them turned.
        page.get_by_test_id("viewport-axial").click(position={"x": 60, "y": 60})
        page.get_by_test_id("rotate-right").click()
        turned = settle(desktop, "axial")
        page.get_by_test_id("keep-plane").click()
        page.keyboard.press("ArrowDown")
        page.get_by_test_id("rotate-left").click()
        settle(desktop, "axial")
        page.get_by_test_id("keep-plane").click()
        page.get_by_test_id("plane-name-0").fill("valve")
        page.keyboard.press("Enter")
        page.get_by_test_id("plane-recall-0").click()
        back = settle(desktop, "axial")
        assert (back["right"], back["down"], back["centre"]) == (turned["right"], turned["down"], turned["centre"])
        page.get_by_test_id("plane-delete-1").click()
        assert page.get_by_test_id("kept-planes").locator("li").count() == 1

        # Cancelled, a curve is as it was; deleted, it can be brought back.
        page.get_by_test_id("curve-edit-0").click()
        page.mouse.click(*places(desktop, "coronal", [(0.3, 0.3)])[0])
        assert page.get_by_test_id("pen-bar").inner_text().startswith("4 点")
        page.keyboard.press("Control+z")
        assert page.get_by_test_id("pen-bar").inner_text().startswith("3 点")
        page.mouse.click(*places(desktop, "coronal", [(0.3, 0.6)])[0])
        page.get_by_test_id("pen-cancel").click()
        page.get_by_test_id("toast-offer").wait_for()
        page.get_by_test_id("curve-open-0").click()
        assert np.array_equal(settle(desktop, "curved")["points"], first)
        page.get_by_test_id("curve-delete-0").click()
        page.get_by_test_id("along-dock").wait_for(state="detached")
        assert page.get_by_test_id("curves").locator("li").count() == 1
        page.get_by_test_id("toast-offer").click()
        assert page.get_by_test_id("curve-name-0").input_value() == "LAD"
        page.get_by_test_id("curve-delete-1").click()
        assert page.get_by_test_id("curves").locator("li").count() == 1


def test_a_thumb_draws_a_curve_and_turns_about_it(phone: Reader, shots: Path) -> None:
    page, fingers = phone.page, Fingers(phone)
    with no_errors(phone):
        open_planes(phone)
        open_part(phone, "curves")
        page.get_by_test_id("draw-curve").tap()
        page.get_by_test_id("pen-bar").wait_for()
        settle(phone, "axial")
        assert_usable(phone)
        points = places(phone, "axial", [(0.35, 0.4), (0.5, 0.5), (0.65, 0.45)])
        for at in points:
            fingers.tap(at)
            page.wait_for_timeout(400)
        page.screenshot(path=shots / "curve-pen-phone.png")
        page.get_by_test_id("pen-finish").tap()
        page.get_by_test_id("along-dock").wait_for()
        curved = settle(phone, "curved")
        assert len(curved["points"]) == 3
        assert still(phone, "curved").std() > 5
        x, y, width, height = phone.box("curved")
        assert min(width, height) >= 180
        fingers.drag([(x + width / 2, y + height * 0.3)], [(x + width / 2, y + height * 0.6)])
        phone.wait("() => window.farview.views().curved.angle !== 0")
        settle(phone, "curved")
        page.screenshot(path=shots / "curved-phone.png")
        assert_usable(phone)
        page.get_by_test_id("tab-section").tap()
        settle(phone, "section")
        page.screenshot(path=shots / "section-phone.png")
        assert_usable(phone)
        page.get_by_test_id("close-along").tap()
        settle(phone, "axial")


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("device", ["desk", "little"])
def test_curves_have_room_and_can_be_used_by_everybody(
    browser: Browser, farview: Service, device: str, locale: str, shots: Path
) -> None:
    little = {**PHONE, "viewport": {"width": 360, "height": 640}}
    options = {"desk": DESKTOP, "little": little}[device]
    with profile(browser, options, locale=locale) as context:
        reader = Reader(context.new_page(), farview.address)
        page = reader.page
        reader.sign_in()
        with no_errors(reader):
            open_planes(reader)
            open_part(reader, "curves")
            page.get_by_test_id("draw-curve").click()
            page.get_by_test_id("pen-bar").wait_for()
            settle(reader, "axial")
            for at in places(reader, "axial", [(0.35, 0.4), (0.5, 0.5), (0.65, 0.45)]):
                page.mouse.click(*at)
                page.wait_for_timeout(400)
            page.get_by_test_id("pen-finish").click()
            settle(reader, "curved")
            page.screenshot(path=shots / f"curved-{device}-{locale}.png")
            assert_usable(reader)
            open_part(reader, "curves")
            page.get_by_test_id("curve-0").wait_for()
            assert_usable(reader)
            page.screenshot(path=shots / f"curves-sheet-{device}-{locale}.png")
            close_sheet(reader)
