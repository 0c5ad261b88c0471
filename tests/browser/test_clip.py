"""The clip box, cuts and perspective of a volume rendering: under a mouse, under a finger and from the keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser

from benchmarks.browser import DESKTOP, PHONE, profile
from benchmarks.reading import Reader
from benchmarks.service import Service
from tests.browser.fingers import Fingers, pixels, settle
from tests.browser.test_page import AXE, RULES, VIOLATIONS
from tests.browser.test_touch_page import SMALL
from tests.browser.truth import phantom

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.slow,
]

# The ends of the edges that are drawn, in CSS pixels of the page: [x1, y1, x2, y2], and whether the edge is hidden.
EDGES = """() => [...document.querySelectorAll('.clip-edge')].map((line) => {
  const m = line.getScreenCTM();
  const place = (x, y) => { const p = new DOMPoint(x, y).matrixTransform(m); return [p.x, p.y]; };
  const [a, b] = [1, 2].map((n) => place(+line.getAttribute('x' + n), +line.getAttribute('y' + n)));
  return [...a, ...b, line.classList.contains('hidden')];
})"""


def open_volume(reader: Reader) -> dict[str, Any]:
    """The volume alone; the view that it shows."""
    reader.open_study("PHANTOM")
    settle(reader, "stack")
    reader.page.get_by_test_id("layout-volume").click()
    return settle(reader, "volume")


def grip(reader: Reader, side: str) -> tuple[float, float]:
    """Where the handle of a face stands on the page."""
    box = reader.page.get_by_test_id(f"clip-{side}").locator(".dot").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def cut_mm(reader: Reader, side: str) -> float:
    """What a face cuts away, as the page says."""
    return float(reader.page.get_by_test_id(f"clip-{side}").get_attribute("aria-valuenow") or "nan")


def ends() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The corners of the phantom that are the farthest to the patient's right, front and feet, and opposite."""
    array, affine = phantom()
    spacing = np.diag(affine)[:3]
    return affine[:3, 3] - spacing / 2, affine[:3, 3] + spacing * (np.array(array.shape[::-1]) - 0.5)


def on_page(reader: Reader, view: dict[str, Any], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where patient points [n, 3] stand on the page, worked out from the view alone."""
    x, y, width, height = reader.box("volume")
    right, down, centre = (np.array(view[name]) for name in ("right", "down", "centre"))
    away = points - centre
    larger = np.ones(len(points))
    if view.get("perspective"):
        eye_mm = view["extent_mm"] / 2 / np.tan(np.radians(view["perspective"]) / 2)
        larger = eye_mm / (eye_mm + away @ np.cross(right, down))
    px = larger * min(width, height) / view["extent_mm"]
    return np.stack([x + width / 2 + away @ right * px, y + height / 2 + away @ down * px], axis=1)


def faces_seen(view: dict[str, Any]) -> int:
    """How many faces of the box turn their outside to the viewer."""
    box = view["clip_box"]
    centre, axes, into = np.array(box["centre"]), np.array(box["axes"]), np.cross(view["right"], view["down"])
    normals = np.concatenate([axes, -axes])
    sight = np.broadcast_to(into, (6, 3))
    if view.get("perspective"):
        eye = view["centre"] - into * view["extent_mm"] / 2 / np.tan(np.radians(view["perspective"]) / 2)
        sight = centre + normals * np.tile(box["half_mm"], 2)[:, None] - eye
    return int(((sight * normals).sum(axis=1) < -1e-9).sum())


def assert_edges_are_the_box_s(reader: Reader, view: dict[str, Any]) -> None:
    """Twelve edges between the corners of the view's box; those of the faces that are seen are drawn as seen."""
    box = view["clip_box"]
    front = [0, 4, 7, 9][faces_seen(view)]
    signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T
    corners = np.array(box["centre"]) + signs * np.array(box["half_mm"]) @ np.array(box["axes"])
    places = on_page(reader, view, corners)
    drawn = reader.page.evaluate(EDGES)
    assert len(drawn) == 12
    assert sum(not hidden for *_, hidden in drawn) == front
    found = set()
    for x1, y1, x2, y2, _ in drawn:
        pair = [np.hypot(*(places - at).T) for at in ((x1, y1), (x2, y2))]
        assert max(distance.min() for distance in pair) < 1.0
        found |= {int(np.argmin(distance)) for distance in pair}
    # From the front two corners of each pair stand at one place.
    assert len(found) == len({tuple(np.round(place)) for place in places})


def rows_above(reader: Reader, view: dict[str, Any]) -> int:
    """How many rows of the canvas lie above the box, seen from the front."""
    box = view["clip_box"]
    head = np.array([[0, 0, box["centre"][2] + box["half_mm"][2]]])
    _, top, _, height = reader.box("volume")
    share = (on_page(reader, view, head)[0, 1] - top) / height
    return int(share * pixels(reader, "volume").shape[0])


def test_a_face_of_the_box_is_dragged_and_what_is_outside_turns_black(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    opened = open_volume(desktop)
    before = pixels(desktop, "volume")
    page.keyboard.press("b")
    page.get_by_test_id("clip-H").wait_for()
    boxed = settle(desktop, "volume")
    low, high = ends()
    assert boxed["clip_box"]["half_mm"] == pytest.approx((high - low) / 2)
    assert np.abs(pixels(desktop, "volume").astype(int) - before).max() <= 1  # all is in it yet
    assert_edges_are_the_box_s(desktop, boxed)

    # The handle of the face at the head, by 120 pixels: as many millimetres as those are.
    x, y = grip(desktop, "H")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 120, steps=10)
    page.mouse.up()
    cut = settle(desktop, "volume")
    _, _, width, height = desktop.box("volume")
    mm = 120 * opened["extent_mm"] / min(width, height)
    assert 2 * cut["clip_box"]["half_mm"][2] == pytest.approx((high - low)[2] - mm, abs=0.5)
    assert cut_mm(desktop, "H") == pytest.approx(mm, abs=0.6)
    assert {side: cut_mm(desktop, side) for side in "RLAPF"} == dict.fromkeys("RLAPF", 0)
    rows = rows_above(desktop, cut)
    after = pixels(desktop, "volume")
    assert rows > 100 and before[20 : rows - 2].max() > 50 and after[: rows - 2].max() == 0
    assert np.abs(after[rows + 3 :].astype(int) - before[rows + 3 :]).mean() < 0.5
    assert_edges_are_the_box_s(desktop, cut)
    corner = page.get_by_test_id("corners-volume")
    assert corner.get_by_test_id("clipped").count() == 1

    # From the keyboard, to a millimetre; then undone, and given back by a double click.
    page.get_by_test_id("clip-L").focus()
    for key in ("ArrowLeft", "Shift+ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
    settle(desktop, "volume")
    assert cut_mm(desktop, "L") == 10
    page.keyboard.press("Control+z")
    settle(desktop, "volume")
    assert cut_mm(desktop, "L") == 11 and cut_mm(desktop, "H") == pytest.approx(mm, abs=0.6)
    x, y = grip(desktop, "H")
    page.mouse.dblclick(x, y)
    settle(desktop, "volume")
    assert cut_mm(desktop, "H") == 0
    page.keyboard.press("b")
    page.get_by_test_id("clip-H").wait_for(state="detached")
    assert desktop.view("volume")["clip_box"] is not None  # without its handles it cuts all the same


def test_perspective_keeps_the_centre_and_the_box_stands_where_the_picture_does(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    opened = open_volume(desktop)
    flat = pixels(desktop, "volume")
    page.get_by_test_id("clip-box").click()
    assert page.get_by_test_id("viewport-volume").get_by_test_id("scale-bar").count() == 1
    page.keyboard.press("Shift+V")
    desktop.wait("() => window.farview.views().volume.perspective")
    view = settle(desktop, "volume")
    assert (view["perspective"], view["extent_mm"], view["centre"]) == (45, opened["extent_mm"], opened["centre"])
    assert np.abs(pixels(desktop, "volume").astype(int) - flat).mean() > 3
    assert page.get_by_test_id("viewport-volume").get_by_test_id("scale-bar").count() == 0
    assert page.get_by_test_id("perspective-text").inner_text().endswith("45°")

    # Turned, and with a wider angle. The wheel brings the eye closer, and what is nearer grows more.
    x, y, width, height = desktop.box("volume")
    page.mouse.move(x + width * 0.35, y + height * 0.4)
    page.mouse.down()
    page.mouse.move(x + width * 0.5, y + height * 0.5, steps=8)
    page.mouse.up()
    page.get_by_test_id("perspective-angle").fill("60")
    page.get_by_test_id("fit").click()
    turned = settle(desktop, "volume")
    assert turned["perspective"] == 60 and faces_seen(turned) >= 2
    assert_edges_are_the_box_s(desktop, turned)
    page.screenshot(path=shots / "clip-perspective.png")
    page.mouse.move(x + width / 2, y + height / 2)
    for _ in range(4):
        page.mouse.wheel(0, -120)
    nearer = settle(desktop, "volume")
    assert nearer["extent_mm"] < turned["extent_mm"] * 0.7
    page.keyboard.press("Shift+V")
    desktop.wait("() => window.farview.views().volume.perspective === null")
    settle(desktop, "volume")
    assert page.get_by_test_id("perspective-text").count() == 0


def test_a_clipped_picture_says_so_even_where_the_rest_of_its_texts_cannot_be_fetched(desktop: Reader) -> None:
    page = desktop.page
    page.route("**/rendering_line-*.js", lambda route: route.abort())
    open_volume(desktop)
    page.keyboard.press("Shift+V")
    page.keyboard.press("b")
    page.get_by_test_id("clip-H").focus()
    corner = page.get_by_test_id("corners-volume")
    assert corner.get_by_test_id("clipped").count() == 0
    page.keyboard.press("PageDown")
    settle(desktop, "volume")
    assert corner.get_by_test_id("clipped").inner_text() == "已裁剪"
    assert corner.get_by_test_id("perspective-text").inner_text() == "透视 45°"
    assert corner.get_by_test_id("rendering-text").count() == 0
    page.unroute("**/rendering_line-*.js")
    corner.get_by_test_id("rendering-text").wait_for(timeout=10_000)  # it is asked for again


def test_a_cut_goes_deeper_from_the_keyboard_and_stays_while_one_turns(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    open_volume(desktop)
    page.get_by_test_id("cut-depth").focus()
    for _ in range(3):
        page.keyboard.press("PageUp")
    cut = settle(desktop, "volume")
    low, _ = ends()
    depth = float(page.get_by_test_id("cut-depth").input_value())
    assert depth > 10
    assert cut["clip_planes"] == [pytest.approx([0, 1, 0, low[1] + depth], abs=1e-6)]  # seen from the front
    scrubber = page.get_by_test_id("depth-scrubber")
    scrubber.focus()
    for key in ("PageDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    assert settle(desktop, "volume")["clip_planes"] == [pytest.approx([0, 1, 0, low[1] + depth + 10], abs=1e-6)]
    x, y, width, height = desktop.box("volume")
    page.mouse.move(x + width / 2, y + height / 2)
    page.keyboard.down("Alt")
    for notch in (120, 120, -120, -120):
        page.mouse.wheel(0, notch)
        page.wait_for_timeout(50)
        deeper = desktop.view("volume")["clip_planes"][0][3] - low[1] - depth - 10
        assert notch < 0 or deeper > 1.9
    page.keyboard.up("Alt")
    page.get_by_test_id("look-L").click()
    assert settle(desktop, "volume")["clip_planes"] == [pytest.approx([0, 1, 0, low[1] + depth + 10], abs=1e-6)]
    # Seen from the left the front is at the left: up to the plane it is black.
    view = desktop.view("volume")
    plane = on_page(desktop, view, np.array([[0, low[1] + depth + 10, 0]]))[0, 0]
    after = pixels(desktop, "volume")
    column = int((plane - x) / width * after.shape[1])
    assert after[:, : column - 2].max() == 0 < after[:, column + 2 :].max()
    page.get_by_test_id("unclip").click()
    assert settle(desktop, "volume")["clip_planes"] == []
    assert pixels(desktop, "volume")[:, : column - 2].max() > 0


def test_a_finger_drags_a_face_and_the_depth(phone: Reader, shots: Path) -> None:
    page, fingers = phone.page, Fingers(phone)
    opened = open_volume(phone)
    before = pixels(phone, "volume")
    page.get_by_test_id("clip-button").tap()
    page.get_by_test_id("clip-H").wait_for()
    settle(phone, "volume")
    assert page.evaluate(SMALL) == []
    x, y = grip(phone, "H")
    fingers.drag([(x + 12, y + 8)], [(x + 12, y + 108)])  # beside the dot, as fingers are
    cut = settle(phone, "volume")
    _, _, width, height = phone.box("volume")
    assert cut["right"] == opened["right"]  # the body did not turn
    assert cut_mm(phone, "H") == pytest.approx(100 * opened["extent_mm"] / min(width, height), abs=1)
    rows = rows_above(phone, cut)
    after = pixels(phone, "volume")
    assert before[: rows - 3].max() > 50 and after[: rows - 3].max() == 0 < after[rows + 3 :].max()
    page.screenshot(path=shots / "clip-phone.png")
    fingers.double_tap(grip(phone, "H"))
    settle(phone, "volume")
    assert cut_mm(phone, "H") == 0

    # One finger beside the handles turns the body; the strip at the right cuts it open.
    left, top, width, height = phone.box("volume")
    fingers.drag([(left + width - 14, top + 20)], [(left + width - 14, top + height * 0.4)])
    assert len(settle(phone, "volume")["clip_planes"]) == 1
    fingers.drag([(left + width * 0.4, top + height * 0.3)], [(left + width * 0.7, top + height * 0.35)])
    assert settle(phone, "volume")["right"] != opened["right"]
    page.get_by_test_id("more").tap()
    page.get_by_test_id("perspective").tap()
    page.get_by_test_id("more").tap()
    view = settle(phone, "volume")
    assert view["perspective"] == 45
    mm = view["extent_mm"]
    fingers.drag([(left + 150, top + 300), (left + 200, top + 300)], [(left + 125, top + 300), (left + 225, top + 300)])
    assert settle(phone, "volume")["extent_mm"] == pytest.approx(mm / 2, rel=0.05)  # two fingers bring the eye closer
    assert page.evaluate("() => [window.visualViewport.scale, scrollX, scrollY]") == [1, 0, 0]


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("device", ["desk", "small", "phone", "lying"])
def test_the_box_has_room_and_can_be_used_by_everybody(
    browser: Browser, farview: Service, device: str, locale: str, shots: Path
) -> None:
    options = {
        "desk": DESKTOP,
        "small": {**DESKTOP, "viewport": {"width": 1024, "height": 768}},
        "phone": PHONE,
        "lying": {**PHONE, "viewport": {"width": 844, "height": 390}},
    }[device]
    with profile(browser, options, locale=locale) as context:
        reader = Reader(context.new_page(), farview.address)
        page = reader.page
        reader.sign_in()
        open_volume(reader)
        page.get_by_test_id("clip-button").or_(page.get_by_test_id("clip-box")).first.click()
        page.keyboard.press("Shift+V")
        reader.wait("() => window.farview.views().volume.perspective")
        settle(reader, "volume")
        page.screenshot(path=shots / f"clip-{device}-{locale}.png")
        x, y, width, height = reader.box("volume")
        for side in "RLAPFH":
            at = grip(reader, side)
            assert x + 22 <= at[0] <= x + width - 22 and y + 22 <= at[1] <= y + height - 22
        if options.get("has_touch"):
            assert page.evaluate(SMALL) == []
            page.get_by_test_id("more").tap()
            page.screenshot(path=shots / f"clip-sheet-{device}-{locale}.png")
            assert page.evaluate(SMALL) == []
        if AXE.exists():
            page.evaluate(AXE.read_text())
            assert page.evaluate(VIOLATIONS, RULES) == []
