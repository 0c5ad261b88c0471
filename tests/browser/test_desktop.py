"""The first story at a 1440×900 screen: from the list to a lossless volume rendering."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.quality import psnr
from benchmarks.reading import Reader, expected_grey
from tests.browser.truth import phantom, plane_grey, slab_grey

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]


def letters(reader: Reader, role: str) -> dict[str, str]:
    pane = reader.page.get_by_test_id(f"viewport-{role}")
    return {
        edge: pane.get_by_test_id(f"letter-{edge}").inner_text().strip() for edge in ("left", "right", "top", "bottom")
    }


def final(reader: Reader, role: str) -> dict[str, object]:
    """The newest verified frame of a viewport."""
    return next(d.event for d in reversed(reader.drawn()) if d.role == role and d.event["verified"] is True)


def test_a_study_opens_scrolls_reformats_and_turns(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    page.screenshot(path=shots / "list.png")
    desktop.open_study("PHANTOM", keep="stack")
    desktop.wait_drawn("stack", final=True)
    page.screenshot(path=shots / "stack.png")
    array, affine = phantom()

    # The stack, to both ends: every picture is the slice that the corner names, the right way round.
    for key, frame in (("Home", 0), ("End", len(array) - 1)):
        desktop.forget()
        page.keyboard.press(key)
        desktop.wait("(frame) => window.bench.events.some((e) => e.verified === true && e.view.frame === frame)", frame)
        event = final(desktop, "stack")
        grey = desktop.grey(event["sequence"])  # type: ignore[arg-type]
        truth = expected_grey(array[frame], event["view"], (affine[0, 0], affine[1, 1]), grey.shape)  # type: ignore[arg-type]
        assert np.abs(grey - truth).max() <= 1
    assert letters(desktop, "stack") == {"left": "R", "right": "L", "top": "A", "bottom": "P"}

    # The planes.
    page.evaluate("() => { window.bench.keeping = 'axial' }")
    page.keyboard.press("m")
    desktop.wait_drawn("axial", "coronal", "sagittal", "volume", final=True)
    page.screenshot(path=shots / "mpr.png")
    assert letters(desktop, "axial") == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    assert letters(desktop, "coronal") == {"left": "R", "right": "L", "top": "H", "bottom": "F"}
    assert letters(desktop, "sagittal") == {"left": "A", "right": "P", "top": "H", "bottom": "F"}

    # The crosshair: a point left and behind the middle; the other planes go through it.
    x, y, width, height = desktop.box("axial")
    desktop.forget()
    page.mouse.click(x + 0.6 * width, y + 0.55 * height)
    desktop.wait_drawn("coronal", "sagittal", final=True)
    axial, coronal, sagittal = (desktop.view(role) for role in ("axial", "coronal", "sagittal"))
    px = axial["extent_mm"] / min(width, height)
    cross = np.array(axial["centre"]) + 0.1 * width * px * np.array(axial["right"])
    cross = cross + 0.05 * height * px * np.array(axial["down"])
    assert abs(coronal["centre"][1] - cross[1]) <= 2 * px
    assert abs(sagittal["centre"][0] - cross[0]) <= 2 * px
    page.screenshot(path=shots / "crosshair.png")

    # A 20 mm maximum slab of the axial plane.
    desktop.forget()
    page.keyboard.press("p")
    desktop.wait_drawn("axial", final=True)
    event = final(desktop, "axial")
    assert event["view"]["thickness_mm"] == 20  # type: ignore[index]
    grey = desktop.grey(event["sequence"])  # type: ignore[arg-type]
    assert psnr(grey, slab_grey(event["view"], grey.shape)) > 40  # type: ignore[arg-type]
    page.screenshot(path=shots / "slab.png")

    # The volume rendering, turned by the mouse, and its lossless still.
    page.keyboard.press("v")
    desktop.forget()
    desktop.wait_drawn("volume", final=True)
    before = desktop.view("volume")
    assert desktop.drag_for("volume", 1.5).fps > 2
    desktop.wait(
        "() => { const drawn = window.bench.events.filter((e) => e.role === 'volume');"
        " return drawn.length > 0 && drawn[drawn.length - 1].verified === true }"
    )
    assert desktop.view("volume")["right"] != before["right"]
    page.screenshot(path=shots / "volume.png")
    assert "LOSSLESS" in page.get_by_test_id("viewport-volume").get_by_test_id("quality").inner_text()


def test_planes_show_the_right_anatomy_on_the_right_side(desktop: Reader) -> None:
    """Every pixel of a coronal and a sagittal plane against the phantom: the heart is left, the spine behind."""
    for role in ("axial", "coronal", "sagittal"):
        desktop.open_study("PHANTOM", keep=role)
        desktop.wait_drawn("stack")
        desktop.page.keyboard.press("m")
        desktop.wait_drawn("axial", "coronal", "sagittal", final=True)
        event = final(desktop, role)
        grey = desktop.grey(event["sequence"])  # type: ignore[arg-type]
        assert np.abs(grey - plane_grey(event["view"], grey.shape)).max() <= 1.01  # type: ignore[arg-type]
        desktop.to_list()


def test_the_heart_is_on_the_patients_left() -> None:
    """The truth that the other tests compare with is itself anatomically right: PS3.3 C.7.6.2.1.1, LPS."""
    array, affine = phantom()
    _, y, x = np.nonzero((array > 280) & (array < 380))
    front = y < array.shape[1] * 0.5  # the enhanced ventricle, not the aorta before the spine
    heart_x = affine[0, 0] * x[front] + affine[0, 3]
    assert np.median(heart_x) > 5  # +x is the patient's left
    bone_y = affine[1, 1] * np.nonzero(array[array.shape[0] // 2] > 600)[0] + affine[1, 3]
    assert np.median(bone_y) > 0  # +y is the patient's back


def test_a_hidden_page_is_rendered_nothing(desktop: Reader) -> None:
    desktop.open_study("PHANTOM")
    desktop.wait_drawn("stack", final=True)
    page = desktop.page
    hide = (
        "(hidden) => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });"
        " Object.defineProperty(document, 'visibilityState',"
        " { configurable: true, get: () => (hidden ? 'hidden' : 'visible') });"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    page.evaluate(hide, True)
    desktop.forget()
    page.keyboard.press("Home")
    page.wait_for_timeout(1000)
    assert desktop.drawn() == []
    page.evaluate(hide, False)
    desktop.wait_drawn("stack", final=True)
    assert desktop.view("stack")["frame"] == 0
