"""Filters at the page: pixels as scipy makes them, said in the corner, on while one scrolls, never called original."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser
from scipy.ndimage import gaussian_filter

from benchmarks.browser import DESKTOP, PHONE, profile
from benchmarks.reading import Reader, expected_grey
from benchmarks.service import Service
from tests.browser.fingers import pixels, settle
from tests.browser.processing import assert_usable, close_sheet, no_errors, open_part, open_planes, open_volume
from tests.browser.truth import phantom

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]


def test_a_gaussian_of_a_stack_is_scipy_s_and_stays_while_one_scrolls(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    array, affine = phantom()
    pixel_mm = (float(affine[0, 0]), float(affine[1, 1]))
    with no_errors(desktop):
        desktop.open_study("PHANTOM")
        settle(desktop, "stack")
        page.get_by_test_id("original-pixels").click()
        opened = settle(desktop, "stack")
        before = pixels(desktop, "stack")
        corner = page.get_by_test_id("corners-stack")
        assert "原始像素" in corner.get_by_test_id("quality").inner_text()

        open_part(desktop, "filter")
        page.get_by_test_id("filter-gaussian").click()
        slider = page.get_by_test_id("filter-size")
        slider.focus()
        for _ in range(2):
            page.keyboard.press("ArrowRight")  # to 2 mm
        for step in range(2):
            view = settle(desktop, "stack")
            assert view["filter"] == {"name": "gaussian", "size": 2}
            assert view["frame"] == opened["frame"] + step
            sigma = (2 / pixel_mm[1], 2 / pixel_mm[0])
            smooth = gaussian_filter(array[view["frame"]].astype(float), sigma, mode="nearest", truncate=4)
            grey = pixels(desktop, "stack")
            truth = expected_grey(smooth, view, pixel_mm, grey.shape)  # type: ignore[arg-type]
            assert np.abs(grey - truth).max() <= 2
            assert corner.get_by_test_id("filter-text").inner_text() == "滤波：高斯平滑 σ 2.0 mm"
            said = corner.get_by_test_id("quality").inner_text()
            assert "已滤波" in said and "原始像素" not in said and "LOSSLESS ✓" in said
            page.screenshot(path=shots / f"filter-desktop-{step}.png")
            if step == 0:
                slider.blur()
                page.keyboard.press("ArrowDown")

        page.keyboard.press("Escape")
        page.get_by_test_id("filter-none").click()
        page.keyboard.press("ArrowUp")
        view = settle(desktop, "stack")
        assert view["filter"] is None and view["frame"] == opened["frame"]
        assert np.array_equal(pixels(desktop, "stack"), before)
        assert corner.get_by_test_id("filter-text").count() == 0
        assert "原始像素" in corner.get_by_test_id("quality").inner_text()


def test_a_plane_s_filter_stays_in_every_mode_and_is_undone(desktop: Reader) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_planes(desktop)
        for role in ("coronal", "sagittal", "volume"):
            settle(desktop, role)
        before = {role: pixels(desktop, role) for role in ("axial", "coronal", "volume")}
        open_part(desktop, "filter")
        page.get_by_test_id("filter-median").click()
        view = settle(desktop, "axial")
        assert view["filter"] == {"name": "median", "size": 1}
        grey = pixels(desktop, "axial")
        # Noise alone: a median takes most of it away, and leaves the mean.
        middle = (slice(None), slice(None))
        assert (
            np.abs(np.diff(grey[middle].astype(int), axis=1)).mean()
            < np.abs(np.diff(before["axial"][middle].astype(int), axis=1)).mean()
        )
        assert abs(grey.mean() - before["axial"].mean()) < 3
        assert np.array_equal(pixels(desktop, "coronal"), before["coronal"])  # it is the active picture's alone
        page.get_by_test_id("projection-min").click()
        assert settle(desktop, "axial")["filter"]["name"] == "median"
        page.keyboard.press("ArrowDown")
        assert settle(desktop, "axial")["filter"]["name"] == "median"
        assert page.get_by_test_id("corners-axial").get_by_test_id("filter-text").inner_text() == "滤波：中值 3 × 3 px"
        page.keyboard.press("Space")  # reset
        assert settle(desktop, "axial")["filter"]["name"] == "median"
        for _ in range(2):
            page.keyboard.press("Control+z")
        assert settle(desktop, "axial").get("filter") is None


@pytest.mark.parametrize("name", ["gaussian", "median", "bilateral", "unsharp", "edge", "clahe", "gamma", "threshold"])
def test_every_filter_changes_what_is_seen_and_goes_again(desktop: Reader, name: str) -> None:
    page = desktop.page
    with no_errors(desktop):
        desktop.open_study("PHANTOM")
        settle(desktop, "stack")
        before = pixels(desktop, "stack")
        open_part(desktop, "filter")
        page.get_by_test_id(f"filter-{name}").click()
        assert settle(desktop, "stack")["filter"]["name"] == name
        assert np.abs(pixels(desktop, "stack").astype(int) - before).mean() > 0.2
        page.get_by_test_id("filter-none").click()
        settle(desktop, "stack")
        assert np.array_equal(pixels(desktop, "stack"), before)


def test_a_volume_rendering_is_filtered_too(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_volume(desktop)
        before = pixels(desktop, "volume")
        open_part(desktop, "filter")
        page.get_by_test_id("filter-gaussian").click()
        settle(desktop, "volume")
        assert np.abs(pixels(desktop, "volume").astype(int) - before).mean() > 0.2
        assert page.get_by_test_id("corners-volume").get_by_test_id("filter-text").count() == 1
        page.screenshot(path=shots / "filter-volume.png")
        page.get_by_test_id("presets-projections").click()
        page.get_by_test_id("through-max").click()
        assert settle(desktop, "volume")["filter"]["name"] == "gaussian"


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("device", ["desk", "phone", "little"])
def test_a_thumb_sets_a_filter_and_everybody_can(
    browser: Browser, farview: Service, device: str, locale: str, shots: Path
) -> None:
    little = {**PHONE, "viewport": {"width": 360, "height": 640}}
    options = {"desk": DESKTOP, "phone": PHONE, "little": little}[device]
    with profile(browser, options, locale=locale) as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        with no_errors(reader):
            reader.open_study("PHANTOM")
            settle(reader, "stack")
            open_part(reader, "filter")
            reader.page.get_by_test_id("filter-unsharp").click()
            reader.page.get_by_test_id("filter-strength").wait_for()
            settle(reader, "stack")
            reader.page.screenshot(path=shots / f"filter-{device}-{locale}.png")
            assert_usable(reader)
            close_sheet(reader)
            settle(reader, "stack")
            said = reader.page.get_by_test_id("filter-text").inner_text()
            assert said == {"zh-CN": "滤波：锐化 σ 2.0 mm · 1", "en-GB": "Filter: Sharpen σ 2.0 mm · 1"}[locale]
            assert_usable(reader)
