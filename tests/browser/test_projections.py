"""Projections through the whole volume: chosen by mouse and by thumb, turned, windowed, cut and picked; a PET's MIP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from benchmarks.browser import DESKTOP, PHONE, profile
from benchmarks.reading import Reader
from benchmarks.service import Service
from tests.browser.fingers import Fingers, cross, middle, pixels, settle
from tests.browser.studies import FOCI, PET_MM, pet
from tests.browser.test_page import AXE, RULES, VIOLATIONS
from tests.browser.test_touch_page import SMALL
from tests.browser.truth import maximum_from_the_front, phantom

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]

EVERY = 7  # rows and columns that are compared


@pytest.fixture(scope="module", autouse=True)
def uptake(farview: Service, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The PET of tests/browser/studies.py, imported."""
    folder = tmp_path_factory.mktemp("pet")
    for n, data in enumerate(pet()):
        (folder / f"{n:04}.dcm").write_bytes(data)
    done = farview.farview("import", folder)
    assert done.returncode == 0, done.stderr


def open_volume(reader: Reader, study: str = "PHANTOM") -> dict[str, Any]:
    """The volume alone; the view that it shows."""
    reader.open_study(study)
    settle(reader, "stack")
    reader.page.get_by_test_id("layout-volume").click()
    return settle(reader, "volume")


def on_page(reader: Reader, view: dict[str, Any], point: list[float]) -> tuple[float, float]:
    """Where a patient point stands on the page."""
    x, y, width, height = reader.box("volume")
    away = np.array(point) - view["centre"]
    right, down = (np.array(view[axis]) * min(width, height) / view["extent_mm"] for axis in ("right", "down"))
    return x + width / 2 + away @ right, y + height / 2 + away @ down


def test_a_mip_is_numpy_s_turns_is_windowed_and_goes_back(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    shaded = open_volume(desktop)
    assert shaded["projection"] is None
    page.get_by_test_id("presets-projections").click()
    page.get_by_test_id("through-max").click()
    view = settle(desktop, "volume")
    assert (view["projection"], view["window"], view["invert"]) == ("max", [300, 1000], False)
    grey = pixels(desktop, "volume")
    truth = maximum_from_the_front(view, grey.shape, EVERY)  # type: ignore[arg-type]
    assert np.abs(grey[::EVERY, ::EVERY] - truth).max() <= 1
    assert truth.std() > 40
    page.screenshot(path=shots / "mip-desktop.png")
    corner = page.get_by_test_id("corners-volume")
    assert corner.get_by_test_id("role").inner_text() == "MIP"
    assert corner.get_by_test_id("rendering-text").inner_text() == "最大投影 MIP"
    assert corner.get_by_test_id("window-text").inner_text() == "W 1000 L 300 HU"
    assert corner.get_by_test_id("quality").get_attribute("data-tone") == "good"

    # Turned by the mouse: pictures on the way are of the same kind, the last one is verified.
    x, y, width, height = desktop.box("volume")
    desktop.forget()
    page.mouse.move(x + width / 2, y + height / 2)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x + width / 2 + 20 * step, y + height / 2 + 5 * step)
        page.wait_for_timeout(30)
    page.mouse.up()
    turned = settle(desktop, "volume")
    assert turned["projection"] == "max" and turned["right"] != view["right"]
    assert any(d.role == "volume" and not d.event["final"] for d in desktop.drawn())
    assert np.abs(pixels(desktop, "volume").astype(int) - grey).mean() > 3

    # Window by key, tool and number; inversion; the planes keep theirs.
    page.keyboard.press("Control+z")
    settle(desktop, "volume")
    page.keyboard.press("i")
    inverted = settle(desktop, "volume")
    assert inverted["invert"] and inverted["right"] == view["right"]
    seen = maximum_from_the_front(view, grey.shape, 1) > 0  # type: ignore[arg-type]
    dark = pixels(desktop, "volume")
    assert np.abs(dark[seen].astype(int) + grey[seen] - 255).max() <= 1
    page.get_by_test_id("window-width").fill("1500")
    page.keyboard.press("Enter")
    assert settle(desktop, "volume")["window"] == [300, 1500]
    assert desktop.view("axial")["window"] == shaded["window"] and not desktop.view("axial")["invert"]
    for _ in range(2):
        page.keyboard.press("Control+z")
    assert settle(desktop, "volume") == view
    assert np.array_equal(pixels(desktop, "volume"), grey)

    # Perspective is no choice now, and the way back is the rendering as it was.
    assert page.get_by_test_id("perspective").is_disabled()
    page.keyboard.press("Shift+V")
    page.get_by_test_id("through-shaded").click()
    assert settle(desktop, "volume") == {**shaded, "window": [300, 1000]}
    assert page.get_by_test_id("rendering-text").inner_text() == "血管造影 CTA"


def test_what_is_cut_away_is_not_projected_and_the_brightest_is_picked(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    open_volume(desktop)
    page.get_by_test_id("presets-projections").click()
    page.get_by_test_id("through-max").click()
    view = settle(desktop, "volume")
    before = pixels(desktop, "volume")

    # The menu's "planes here" goes to the brightest voxel of the ray.
    array, affine = phantom()
    x_mm, z_mm = 3.0, 10.0
    spot = on_page(desktop, view, [x_mm, 0.0, z_mm])
    page.mouse.click(*spot, button="right")
    page.get_by_test_id("menu-here").click()
    settle(desktop, "axial")
    point = cross(desktop)
    assert (point[0], point[2]) == pytest.approx((x_mm, z_mm), abs=0.6)
    index = np.linalg.solve(affine[:3, :3], np.array(point) - affine[:3, 3])
    around = array[int(index[2]) : int(index[2]) + 2, :, int(index[0]) : int(index[0]) + 2].max(axis=(0, 2))
    assert around[round(index[1])] >= around.max() - 60  # its four rows have noise of their own

    # Cut from the front, nothing of what lay there is brighter any more.
    page.get_by_test_id("layout-volume").click()
    settle(desktop, "volume")
    page.get_by_test_id("cut-depth").focus()
    for _ in range(12):
        page.keyboard.press("PageUp")
    cut = settle(desktop, "volume")
    assert cut["clip_planes"] and cut["projection"] == "max"
    after = pixels(desktop, "volume")
    assert (after <= before).all() and (after.astype(int) < before).mean() > 0.02
    assert page.get_by_test_id("clipped").count() == 1
    page.screenshot(path=shots / "mip-cut.png")


def test_a_thumb_chooses_projections_and_three_fingers_their_window(phone: Reader, shots: Path) -> None:
    page, fingers = phone.page, Fingers(phone)
    open_volume(phone)
    page.get_by_test_id("swipe-max").tap()
    view = settle(phone, "volume")
    assert view["projection"] == "max"
    assert page.get_by_test_id("curve-button").is_disabled()
    grey = pixels(phone, "volume")
    truth = maximum_from_the_front(view, grey.shape, EVERY)  # type: ignore[arg-type]
    assert np.abs(grey[::EVERY, ::EVERY] - truth).max() <= 1
    page.wait_for_timeout(400)
    page.screenshot(path=shots / "mip-phone.png")
    assert page.evaluate(SMALL) == []
    x, y = middle(phone, "volume")
    fingers.drag([(x - 40, y)], [(x + 40, y)])
    turned = settle(phone, "volume")
    assert turned["right"] != view["right"] and turned["window"] == view["window"]
    three = [(x - 50, y), (x, y), (x + 50, y)]
    fingers.drag(three, [(px, py + 60) for px, py in three])
    windowed = settle(phone, "volume")
    assert windowed["window"][0] > view["window"][0] and windowed["shift"] == 0
    page.get_by_test_id("more").tap()
    page.get_by_test_id("through-mean").scroll_into_view_if_needed()
    page.screenshot(path=shots / "mip-phone-sheet.png")
    page.get_by_test_id("through-mean").tap()
    page.get_by_test_id("close-sheet").tap()
    assert settle(phone, "volume")["projection"] == "mean"
    page.get_by_test_id("swipe-ct_bone").tap()
    assert settle(phone, "volume")["projection"] is None


def test_a_pet_opens_as_dark_uptake_and_a_focus_is_picked(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    view = open_volume(desktop, "UPTAKE")
    assert (view["projection"], view["invert"], view["window"]) == ("max", True, [5000, 10000])
    grey = pixels(desktop, "volume")
    page.screenshot(path=shots / "pet-desktop.png")
    _, _, width, _ = desktop.box("volume")
    x0, y0, *_ = desktop.box("volume")
    scale = grey.shape[1] / width
    for (x, y, z), _, uptake in FOCI:
        spot = on_page(desktop, view, [x * PET_MM, y * PET_MM, z * PET_MM])
        column, row = int((spot[0] - x0) * scale), int((spot[1] - y0) * scale)
        assert abs(int(grey[row, column]) - max(0, 255 - uptake / 10000 * 255)) <= 1
    (x, y, z), radius, _ = FOCI[1]
    page.mouse.click(*on_page(desktop, view, [x * PET_MM, y * PET_MM, z * PET_MM]), button="right")
    page.get_by_test_id("menu-here").click()
    settle(desktop, "coronal")
    point = np.array(cross(desktop)) / PET_MM
    assert point == pytest.approx([x, y, z], abs=radius + 0.5)
    assert not desktop.view("axial")["invert"]


@pytest.mark.parametrize("device", ["desktop", "phone"])
@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_the_projections_are_accessible(
    browser: Browser, farview: Service, shots: Path, device: str, language: str
) -> None:
    if not AXE.exists():
        pytest.skip("needs the page's node_modules: `make viewer`")
    with profile(browser, {"desktop": DESKTOP, "phone": PHONE}[device], locale=language) as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        open_volume(reader)
        page = reader.page
        page.evaluate(AXE.read_text())
        if device == "phone":
            page.get_by_test_id("swipe-max").tap()
            settle(reader, "volume")
            page.get_by_test_id("more").tap()
        else:
            page.get_by_test_id("presets-projections").click()
            page.get_by_test_id("through-max").click()
        page.get_by_test_id("through-max").wait_for()
        settle(reader, "volume")
        page.screenshot(path=shots / f"mip-{device}-{language}.png")
        assert page.evaluate(VIOLATIONS, RULES) == []
