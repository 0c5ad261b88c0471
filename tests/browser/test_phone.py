"""The first story on a phone of 390×844, by fingers."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.reading import Reader
from tests.browser.fingers import Fingers, middle

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]


def test_a_study_opens_scrolls_reformats_and_turns_by_touch(phone: Reader, shots: Path) -> None:
    page = phone.page
    page.screenshot(path=shots / "phone-list.png")
    phone.open_study("PHANTOM")
    phone.wait_drawn("stack", final=True)
    page.screenshot(path=shots / "phone-stack.png")
    fingers = Fingers(phone)
    x, y = middle(phone, "stack")

    start = phone.view("stack")["frame"]
    fingers.drag([(x, y - 60)], [(x, y + 60)])
    phone.wait("(frame) => window.farview.views().stack.frame !== frame", start)

    # Both ends by the strip at the edge.
    track = page.get_by_test_id("scrubber-stack").bounding_box()
    assert track is not None
    along = track["x"] + track["width"] / 2
    fingers.drag([(along, track["y"] + track["height"] / 2)], [(along, track["y"] + track["height"] + 40)])
    phone.wait("() => window.farview.views().stack.frame === 159")
    fingers.drag([(along, track["y"] + track["height"] / 2)], [(along, track["y"] - 40)])
    phone.wait("() => window.farview.views().stack.frame === 0")
    fingers.drag([(along, track["y"] + 5)], [(along, track["y"] + track["height"] / 2)])

    # Two fingers zoom the picture, not the page.
    before = phone.view("stack")["extent_mm"]
    fingers.drag([(x - 30, y), (x + 30, y)], [(x - 90, y), (x + 90, y)])
    phone.wait("(extent) => window.farview.views().stack.extent_mm < extent * 0.6", before)
    assert page.evaluate("() => window.visualViewport.scale") == 1

    # Three fingers window.
    window = phone.view("stack")["window"]
    fingers.drag([(x - 40, y), (x, y), (x + 40, y)], [(x, y + 30), (x + 40, y + 30), (x + 80, y + 30)])
    assert phone.view("stack")["window"] != window


def test_nothing_is_wider_than_the_phone(phone: Reader) -> None:
    phone.open_study("PHANTOM")
    phone.wait_drawn("stack", final=True)
    assert phone.page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_a_turned_phone_keeps_the_camera(phone: Reader) -> None:
    phone.open_study("PHANTOM")
    phone.wait_drawn("stack", final=True)
    fingers = Fingers(phone)
    x, y = middle(phone, "stack")
    fingers.drag([(x - 30, y), (x + 30, y)], [(x - 60, y), (x + 60, y)])
    phone.wait_drawn("stack", final=True)
    before = phone.view("stack")
    phone.page.set_viewport_size({"width": 844, "height": 390})
    phone.forget()
    phone.wait_drawn("stack", final=True)
    after = phone.view("stack")
    assert (after["frame"], after["extent_mm"]) == (before["frame"], before["extent_mm"])


def test_planes_slab_and_volume_by_touch(phone: Reader, shots: Path) -> None:
    page = phone.page
    phone.open_study("PHANTOM")
    phone.wait_drawn("stack", final=True)
    fingers = Fingers(phone)
    page.get_by_text("MPR", exact=True).first.tap()
    phone.wait_drawn("axial", final=True)

    # A tap points: the planes that are not on the screen go through that point.
    before = phone.view("sagittal")["centre"]
    x, y, width, height = phone.box("axial")
    fingers.tap((x + 0.65 * width, y + 0.5 * height))
    phone.wait("(x) => window.farview.views().sagittal.centre[0] > x + 10", before[0])  # the patient's left
    page.screenshot(path=shots / "phone-axial.png")

    # A 20 mm slab, from the sheet behind "more".
    page.get_by_test_id("more").tap()
    page.get_by_test_id("projection-max").first.tap()
    phone.wait("() => window.farview.views().axial.thickness_mm === 20")
    page.get_by_test_id("close-sheet").tap()
    phone.forget()
    page.get_by_test_id("tab-coronal").tap()
    phone.wait_drawn("coronal", final=True)
    page.get_by_test_id("tab-axial").tap()
    phone.wait_drawn("axial", final=True)
    page.screenshot(path=shots / "phone-slab.png")

    # The volume rendering follows the finger, and rests lossless.
    page.get_by_test_id("tab-volume").tap()
    phone.wait_drawn("volume")
    turned = phone.view("volume")["right"]
    x, y = middle(phone, "volume")
    fingers.drag([(x, y)], [(x + 90, y + 20)])
    phone.wait(
        "() => { const drawn = window.bench.events.filter((e) => e.role === 'volume');"
        " return drawn.length > 0 && drawn[drawn.length - 1].verified === true }"
    )
    assert phone.view("volume")["right"] != turned
    page.screenshot(path=shots / "phone-volume.png")
