"""The curve of a volume rendering under a mouse, under a finger and from the keyboard; the picture follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from benchmarks.browser import DESKTOP, PHONE, profile
from benchmarks.reading import Reader
from benchmarks.service import Service
from tests.browser.conftest import FORGET
from tests.browser.fingers import Fingers, pixels, settle
from tests.browser.test_page import AXE, RULES, VIOLATIONS
from tests.browser.test_touch_page import SMALL

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]

# Where the line is at this x of the page.
LINE = """(x) => {
  const path = document.querySelector('.curve-line');
  const { left, top } = path.ownerSVGElement.getBoundingClientRect();
  for (let i = 0; i <= 2000; i += 1) {
    const at = path.getPointAtLength((path.getTotalLength() * i) / 2000);
    if (at.x + left >= x) return [at.x + left, at.y + top];
  }
}"""


def edit(reader: Reader) -> dict[str, Any]:
    """The volume alone with its curve below; the view that it shows."""
    page = reader.page
    page.get_by_test_id("layout-volume").click()
    settle(reader, "volume")
    button = page.get_by_test_id("curve-button").or_(page.get_by_test_id("edit-curve"))
    button.first.click()
    page.get_by_test_id("curve-point-2").wait_for()
    return settle(reader, "volume")


def spot(reader: Reader, point: int) -> tuple[float, float]:
    """Where a point of the curve stands on the page."""
    box = reader.page.get_by_test_id(f"curve-point-{point}").locator(".dot").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def curve(reader: Reader) -> list[list[Any]] | None:
    found: list[list[Any]] | None = reader.view("volume").get("curve")
    return found


def moving_frames(reader: Reader) -> int:
    events = reader.page.evaluate("() => window.bench.events")
    return sum(event["role"] == "volume" and not event["final"] for event in events)


def test_a_point_is_dragged_and_the_picture_follows(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    desktop.open_study("PHANTOM")
    settle(desktop, "stack")
    opened = edit(desktop)
    assert opened["preset"] == "ct_cta" and opened["curve"] is None
    before = pixels(desktop, "volume")

    # The point at 350 HU goes down and to the right: vessels vanish, and the picture says so while it is dragged.
    x, y = spot(desktop, 3)
    desktop.forget()
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x + 4 * step, y + 6 * step)
        page.wait_for_timeout(30)
    desktop.wait("() => window.bench.events.some((e) => e.role === 'volume' && !e.final)")
    page.mouse.up()
    dragged = settle(desktop, "volume")
    assert moving_frames(desktop) > 0
    assert len(dragged["curve"]) == 7 and dragged["shift"] == 0
    value, colour, opacity = dragged["curve"][3]
    assert 350 < value < 600 and colour == "#e6734d" and 0 < opacity < 0.2
    after = pixels(desktop, "volume")
    assert np.abs(after.astype(int) - before).mean() > 1
    page.screenshot(path=shots / "curve-desktop.png")

    # Numbers, keys, a point more and one less.
    page.get_by_test_id("curve-value").fill("480")
    page.keyboard.press("Enter")
    assert curve(desktop)[3][0] == 480  # type: ignore[index]
    page.get_by_test_id("curve-point-3").focus()
    page.keyboard.press("Shift+ArrowLeft")
    assert curve(desktop)[3][0] == 470  # type: ignore[index]
    settle(desktop, "volume")
    page.get_by_test_id("curve-add").click()
    assert len(curve(desktop) or []) == 8
    page.keyboard.press("Escape")
    page.get_by_test_id("curve-dock").wait_for(state="detached")

    # Undone step by step, and the preset's own picture is there again, to the last bit.
    page.get_by_test_id("edit-curve").click()
    page.get_by_test_id("curve-point-7").wait_for()
    for _ in range(3):
        page.get_by_test_id("curve-undo").click()
    assert curve(desktop) == dragged["curve"]
    page.get_by_test_id("curve-undo").click()
    settle(desktop, "volume")
    assert curve(desktop) is None
    assert np.array_equal(pixels(desktop, "volume"), before)


def test_a_curve_is_kept_under_a_name_and_comes_with_the_account(desktop: Reader) -> None:
    page = desktop.page
    desktop.open_study("PHANTOM")
    settle(desktop, "stack")
    edit(desktop)
    page.get_by_test_id("curve-opacity").fill("0")
    page.keyboard.press("Enter")
    settle(desktop, "volume")
    own = curve(desktop)
    page.get_by_test_id("curve-keep").click()
    page.get_by_test_id("curve-name").fill("Test curve")
    with page.expect_response("**/api/me/preferences"):
        page.keyboard.press("Enter")
    assert page.get_by_test_id("own-Test curve").get_attribute("aria-pressed") == "true"
    page.get_by_test_id("curve-reset").click()
    assert curve(desktop) is None
    page.reload()
    settle(desktop, "stack")
    page.get_by_test_id("layout-volume").click()
    settle(desktop, "volume")
    page.get_by_test_id("presets-own").click()
    page.get_by_test_id("own-Test curve").click()
    settle(desktop, "volume")
    assert curve(desktop) == own
    page.get_by_test_id("forget-Test curve").click()
    page.get_by_test_id("own-Test curve").wait_for(state="detached")
    page.evaluate(FORGET)


def test_a_finger_drags_a_point_and_the_picture_follows(phone: Reader, shots: Path) -> None:
    page, fingers = phone.page, Fingers(phone)
    phone.open_study("PHANTOM")
    settle(phone, "stack")
    edit(phone)
    before = pixels(phone, "volume")
    x, y = spot(phone, 3)
    phone.forget()
    # A finger is not so exact as the point is small.
    fingers.drag([(x + 12, y - 10)], [(x + 60, y + 60)], lift=False)
    phone.wait("() => window.bench.events.some((e) => e.role === 'volume' && !e.final)")
    fingers.up()
    dragged = settle(phone, "volume")
    assert dragged["curve"][3][0] > 350 and dragged["curve"][3][2] < 0.35
    assert np.abs(pixels(phone, "volume").astype(int) - before).mean() > 1
    page.screenshot(path=shots / "curve-phone.png")

    # A touch of the line makes a point, and touching that twice takes it away.
    count = len(dragged["curve"])
    line = page.evaluate(LINE, (spot(phone, 4)[0] + spot(phone, 5)[0]) / 2)
    fingers.tap((line[0], line[1]))
    assert len(settle(phone, "volume")["curve"]) == count + 1
    page.wait_for_timeout(500)
    fingers.double_tap((line[0], line[1]))
    assert len(settle(phone, "volume")["curve"]) == count
    assert page.evaluate("() => [window.visualViewport.scale, scrollX, scrollY]") == [1, 0, 0]


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("device", ["desk", "small", "phone", "lying"])
def test_the_editor_has_room_and_can_be_used_by_everybody(
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
        reader.open_study("PHANTOM")
        settle(reader, "stack")
        edit(reader)
        page.get_by_test_id("curve-keep").click()
        page.wait_for_timeout(300)
        page.screenshot(path=shots / f"curve-{device}-{locale}.png")
        inside = "(e) => { const b = e.getBoundingClientRect(); return b.left >= 0 && b.right <= innerWidth + 1; }"
        assert all(page.eval_on_selector_all(".curve-dock *:not(svg *)", f"(all) => all.map({inside})"))
        _, _, width, height = reader.box("volume")
        assert min(width, height) >= 180  # the picture is still one
        if options.get("has_touch"):
            assert page.evaluate(SMALL) == []
        if AXE.exists():
            page.evaluate(AXE.read_text())
            assert page.evaluate(VIOLATIONS, RULES) == []
