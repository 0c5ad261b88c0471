"""Every gesture of fingers on a phone, an upright tablet and a lying one, by what is drawn afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from benchmarks.browser import PHONE, TABLET, TABLET_LYING, profile
from benchmarks.reading import Reader, expected_grey
from benchmarks.service import Service
from tests.browser.fingers import Fingers, middle, pixels, settle, under
from tests.browser.truth import phantom, plane_grey

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# What a reader sets is kept by the account; the next test's reader has set nothing.
FORGET = """() => fetch('api/me/preferences', {
  method: 'PUT', body: '{}', headers: { 'Content-Type': 'application/json' },
})"""

PROFILES = {"phone": PHONE, "tablet": TABLET, "lying-tablet": TABLET_LYING}


@pytest.fixture(params=list(PROFILES))
def reader(request: pytest.FixtureRequest, browser: Browser, farview: Service) -> Iterator[Reader]:
    """Signed in, with the demo study's stack on the screen."""
    with profile(browser, PROFILES[request.param]) as context:
        one = Reader(context.new_page(), farview.address)
        one.sign_in()
        one.open_study("PHANTOM")
        settle(one, "stack")
        yield one
        one.page.evaluate(FORGET)
        assert one.page.evaluate("() => [window.visualViewport.scale, scrollX, scrollY]") == [1, 0, 0]
        assert one.page.evaluate("() => String(getSelection())") == ""


def prefer(reader: Reader, testid: str) -> None:
    """Press something in the settings."""
    page = reader.page
    if page.get_by_test_id("more").count():
        page.get_by_test_id("more").tap()
    page.get_by_test_id("settings-button").tap()
    page.get_by_test_id(testid).tap()
    page.get_by_test_id("settings").get_by_test_id("close-sheet").tap()
    page.get_by_test_id("settings").wait_for(state="detached")


def looks_right(reader: Reader) -> dict[str, Any]:
    """The stack's still, after comparing every pixel of it with the phantom; its view."""
    view = settle(reader, "stack")
    array, affine = phantom()
    grey = pixels(reader, "stack")
    truth = expected_grey(array[view["frame"]], view, (affine[0, 0], affine[1, 1]), grey.shape)  # type: ignore[arg-type]
    assert np.abs(grey - truth).max() <= 1
    return view


def letter(reader: Reader, role: str, edge: str) -> str:
    return reader.page.get_by_test_id(f"viewport-{role}").get_by_test_id(f"letter-{edge}").inner_text().strip()


def test_one_finger_scrolls_glides_scrubs_and_windows(reader: Reader, shots: Path) -> None:
    page, fingers = reader.page, Fingers(reader)
    x, y = middle(reader, "stack")
    first = reader.view("stack")["frame"]

    # Eight pixels mean nothing yet; beyond them six pixels are an image.
    fingers.drag([(x, y)], [(x, y + 7)], steps=3)
    assert reader.view("stack")["frame"] == first
    fingers.drag([(x, y)], [(x, y + 68)], lift=False)
    fingers.rest_and_lift()
    scrolled = looks_right(reader)["frame"]
    assert scrolled == pytest.approx(first + 10, abs=1)

    # A flick goes on after the finger has left, slows down and rests on a still.
    reader.forget()
    fingers.flick((x, y + 50), (x, y - 40))
    lifted = scrolled - 90 // 6
    reader.wait("(frame) => window.farview.views().stack.frame < frame - 5", lifted)
    glided = looks_right(reader)["frame"]
    drawn = {d.event["view"]["frame"] for d in reader.drawn() if d.event["view"]["frame"] < lifted}
    assert len(drawn) >= 2

    # A touch stops it.
    fingers.flick((x, y - 40), (x, y + 50))
    fingers.tap((x, y))
    assert looks_right(reader)["frame"] < glided + 80  # it would have gone on for a hundred

    # The strip at the edge: wide enough for a thumb, its number beside the finger.
    strip = page.get_by_test_id("scrubber-stack").bounding_box()
    assert strip is not None
    assert strip["width"] >= 44
    thumb = strip["x"] + strip["width"] / 2
    fingers.drag([(thumb, strip["y"] + strip["height"] / 2)], [(thumb, strip["y"] + strip["height"] / 4)], lift=False)
    number = page.get_by_test_id("scrubber-number")
    frame = reader.view("stack")["frame"]
    assert frame == pytest.approx(40, abs=4)
    assert number.inner_text() == f"{frame + 1}/160"
    bubble = number.bounding_box()
    assert bubble is not None
    assert bubble["x"] + bubble["width"] <= thumb - 22
    page.screenshot(path=shots / f"{page.viewport_size}-scrubber.png")  # type: ignore[str-bytes-safe]
    fingers.up()
    looks_right(reader)

    # The window: one axis at a time, and nothing within eight pixels.
    page.get_by_test_id("tool-window").first.tap()
    centre, width = reader.view("stack")["window"]
    fingers.drag([(x, y)], [(x + 6, y)], steps=3)
    assert reader.view("stack")["window"] == [centre, width]
    fingers.drag([(x, y)], [(x + 80, y + 30)])
    after = looks_right(reader)["window"]
    assert after[0] == centre
    assert after[1] > width * 1.15
    fingers.drag([(x, y)], [(x + 20, y + 80)])
    last = looks_right(reader)["window"]
    assert last[1] == after[1]
    assert last[0] > centre + 20


def test_two_fingers_zoom_pan_and_turn_and_three_window_or_scroll(reader: Reader) -> None:
    page, fingers = reader.page, Fingers(reader)
    x, y = middle(reader, "stack")
    box = reader.box("stack")

    # A pinch: what was between the fingers stays there, and the page is not zoomed.
    spot = (x + 30, y - 40)
    before = settle(reader, "stack")
    held = under(before, box, spot)
    fingers.drag([(spot[0] - 30, spot[1]), (spot[0] + 30, spot[1])], [(spot[0] - 75, spot[1]), (spot[0] + 75, spot[1])])
    zoomed = looks_right(reader)
    assert before["extent_mm"] / zoomed["extent_mm"] == pytest.approx(2.5, rel=0.02)
    mm = zoomed["extent_mm"] / min(box[2:])
    assert np.abs(under(zoomed, box, spot) - held).max() <= 1.5 * mm
    assert zoomed["right"] == [1, 0]

    # Two fingers together: the picture follows them.
    held = under(zoomed, box, (x, y))
    fingers.drag([(x - 30, y), (x + 30, y)], [(x + 10, y + 55), (x + 70, y + 55)])
    panned = looks_right(reader)
    assert panned["extent_mm"] == pytest.approx(zoomed["extent_mm"], rel=0.01)
    assert np.abs(under(panned, box, (x + 40, y + 55)) - held).max() <= 1.5 * mm

    # A twist does nothing to a flat picture until it is switched on; then the picture lies at a quarter turn.
    def twist() -> dict[str, Any]:
        turn = np.radians(np.linspace(0, 75, 16))
        fingers.down((x - 80, y), (x + 80, y))
        for angle in turn[1:]:
            dx, dy = 80 * np.cos(angle), 80 * np.sin(angle)
            fingers.send("touchMove", [(x - dx, y - dy), (x + dx, y + dy)])
            page.wait_for_timeout(16)
        fingers.up()
        return looks_right(reader)

    assert twist()["right"] == [1, 0]
    prefer(reader, "setting-twist")
    turned = twist()
    assert (turned["right"], turned["down"]) == ([0, -1], [1, 0])
    assert [letter(reader, "stack", edge) for edge in ("top", "right")] == ["R", "A"]

    # Three fingers window, or scroll.
    three = [(x - 50, y), (x, y), (x + 50, y)]
    window, frame = turned["window"], turned["frame"]
    fingers.drag(three, [(px + 30, py + 40) for px, py in three])
    windowed = looks_right(reader)
    assert windowed["window"][0] > window[0] + 10
    assert windowed["window"][1] > window[1] + 10
    assert windowed["frame"] == frame
    prefer(reader, "setting-three_fingers-scroll")
    fingers.drag(three, [(px, py + 66) for px, py in three])
    scrolled = looks_right(reader)
    assert scrolled["window"] == windowed["window"]
    assert scrolled["frame"] == pytest.approx(frame + 11, abs=2)

    # Two fingers' tap: nothing until it is switched on, then the last change of the look is taken back.
    fingers.tap((x - 40, y), (x + 40, y))
    page.wait_for_timeout(300)
    assert page.get_by_test_id("toast").count() == 0
    prefer(reader, "setting-two_finger_undo")
    fingers.tap((x - 40, y), (x + 40, y))
    page.get_by_test_id("toast").filter(has_text="窗宽窗位").wait_for()
    assert reader.view("stack")["window"] == window
    page.get_by_test_id("toast-offer").tap()
    assert looks_right(reader)["window"] == windowed["window"]
    fingers.tap((x - 40, y), (x + 40, y))
    reader.wait("(centre) => window.farview.views().stack.window[0] === centre", window[0])
    undone = looks_right(reader)
    assert (undone["window"], undone["frame"]) == (window, scrolled["frame"])


def test_a_long_press_offers_a_menu_and_back_closes_it_before_it_leaves(reader: Reader, shots: Path) -> None:
    page, fingers = reader.page, Fingers(reader)
    x, y = middle(reader, "stack")
    address = page.url

    fingers.down((x, y))
    fingers.send("touchMove", [(x, y + 12)])
    page.wait_for_timeout(650)
    assert page.get_by_test_id("menu").count() == 0
    fingers.up()

    fingers.hold((x, y))
    page.get_by_test_id("menu").wait_for()
    page.wait_for_timeout(200)
    page.screenshot(path=shots / f"{page.viewport_size}-menu.png")  # type: ignore[str-bytes-safe]
    page.go_back()
    page.get_by_test_id("menu").wait_for(state="detached")
    assert page.url == address

    fingers.hold((x, y))
    page.get_by_test_id("menu-invert").tap()
    view = settle(reader, "stack")
    assert view["invert"] is True
    array, affine = phantom()
    grey = pixels(reader, "stack")
    truth = expected_grey(array[view["frame"]], view, (affine[0, 0], affine[1, 1]), grey.shape)  # type: ignore[arg-type]
    inside = grey.shape[0] // 2, grey.shape[1] // 2
    assert abs(int(grey[inside]) - (255 - truth[inside])) <= 1

    # MPR through what was pressed; back goes to the stack, and only then to the list.
    spot = (x + 40, y + 30)
    held = under(view, reader.box("stack"), spot)
    fingers.hold(spot)
    page.get_by_test_id("menu-here").tap()
    settle(reader, "axial")
    sagittal, coronal = reader.view("sagittal"), reader.view("coronal")
    assert sagittal["centre"][0] == pytest.approx(held[0] + affine[0, 3], abs=0.02)
    assert coronal["centre"][1] == pytest.approx(held[1] + affine[1, 3], abs=0.02)
    page.go_back()
    page.get_by_test_id("viewport-stack").wait_for()
    assert page.url == address
    page.go_back()
    page.get_by_test_id("studies-page").wait_for()


def test_a_double_tap_in_the_stack_fits_it(reader: Reader) -> None:
    fingers = Fingers(reader)
    x, y = middle(reader, "stack")
    before = settle(reader, "stack")
    fingers.drag([(x - 30, y), (x + 30, y)], [(x - 75, y + 20), (x + 75, y + 20)])
    assert settle(reader, "stack")["extent_mm"] < before["extent_mm"] / 2
    fingers.double_tap((x, y))
    assert looks_right(reader) == before


def plane_looks_right(reader: Reader, role: str) -> dict[str, Any]:
    view = settle(reader, role)
    grey = pixels(reader, role)
    assert np.abs(grey - plane_grey(view, grey.shape)).max() <= 1.01  # type: ignore[arg-type]
    return view


def cross(reader: Reader) -> list[float]:
    """Where the planes meet: what each of them shows at its own depth."""
    return [
        reader.view("sagittal")["centre"][0],
        reader.view("coronal")["centre"][1],
        reader.view("axial")["centre"][2],
    ]


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
    assert settle(reader, "volume") == opened
