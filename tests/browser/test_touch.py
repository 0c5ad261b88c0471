"""Fingers on a stack, on a phone and on a tablet, by what is drawn afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.reading import Reader, expected_grey
from tests.browser.fingers import Fingers, middle, pixels, prefer, settle, under
from tests.browser.truth import phantom

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]


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
