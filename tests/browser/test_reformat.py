"""A batch of reformats at the page: planned, made, opened; its pixels are the ramp that the volume is."""

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
from tests.browser.fingers import pixels, settle
from tests.browser.processing import assert_usable, close_sheet, no_errors, open_part, open_planes
from tests.browser.studies import CUT_MM, cut, cut_values

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module", autouse=True)
def study(farview: Service, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The study to be cut of tests/browser/studies.py, imported."""
    folder = tmp_path_factory.mktemp("cut")
    for n, data in enumerate(cut()):
        (folder / f"{n:04}.dcm").write_bytes(data)
    done = farview.farview("import", folder)
    assert done.returncode == 0, done.stderr


def fill(reader: Reader, testid: str, text: str) -> None:
    reader.page.get_by_test_id(testid).fill(text)
    reader.page.keyboard.press("Enter")


def ramp(x_mm: Any, y_mm: Any, z_mm: Any) -> NDArray[np.float64]:
    """The volume's value at millimetres from the first voxel: linear, so that interpolation is exact."""
    i, j, k = (np.asarray(mm) / step for mm, step in zip((x_mm, y_mm, z_mm), CUT_MM, strict=True))
    return np.asarray(2 * i + 5 * j + 11 * k - 400)


def test_coronal_planes_become_a_series_of_their_own(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    _, rows, _ = cut_values().shape
    with no_errors(desktop):
        open_planes(desktop, "REFORMAT")
        for role in ("coronal", "sagittal"):
            settle(desktop, role)
        page.get_by_test_id("viewport-coronal").click(position={"x": 60, "y": 60})
        page.keyboard.press("ArrowDown")
        series_before = page.get_by_test_id("series").count()
        open_part(desktop, "reformat")
        fill(desktop, "reformat-thickness", "0")
        fill(desktop, "reformat-spacing", "4.5")
        fill(desktop, "reformat-count", "8")
        fill(desktop, "reformat-description", "COR 4.5")
        centre = settle(desktop, "coronal")["centre"]
        assert page.get_by_test_id("reformat-size").inner_text().startswith("8 × 80 × ")
        axial = page.get_by_test_id("viewport-axial")
        assert axial.locator(".reformat-line").count() == 2
        ends = [axial.get_by_test_id(f"reformat-{end}") for end in ("first", "last")]
        assert [end.text_content() for end in ends] == ["1", "8"]
        assert page.get_by_test_id("reformat-mode").inner_text().endswith("薄层")
        # Going over another pane to look at the lines plans nothing anew.
        x, y, width, height = desktop.box("axial")
        page.mouse.move(x + width / 4, y + height / 4)
        page.mouse.wheel(0, 120)
        settle(desktop, "axial")
        assert page.get_by_test_id("reformat-plane-coronal").get_attribute("aria-pressed") == "true"
        assert axial.locator(".reformat-line").count() == 2
        page.screenshot(path=shots / "reformat-plan.png")
        page.get_by_test_id("reformat-make").click()
        job = page.get_by_test_id("reformat-job")
        desktop.wait("() => document.querySelector('[data-testid=reformat-job]').dataset.series")
        assert job.get_attribute("data-code") == ""
        desktop.wait("(n) => document.querySelectorAll('[data-testid=series]').length === n", series_before + 1)
        assert desktop.view("coronal")["centre"] == centre  # what is open stays as it is
        page.get_by_test_id("toast-offer").click()
        opened = settle(desktop, "stack")
        assert str(opened["series"]) == job.get_attribute("data-series")
        corner = page.get_by_test_id("corners-stack")
        assert corner.get_by_test_id("image-position").inner_text().endswith("/8")
        page.screenshot(path=shots / "reformat-made.png")

        # Every image is the ramp at its own depth: y is constant in it, z falls downward.
        for frame in (0, 7):
            page.keyboard.press("Home" if frame == 0 else "End")
            view = settle(desktop, "stack")
            assert view["frame"] == frame
            grey = pixels(desktop, "stack")
            mm = view["extent_mm"] / min(grey.shape)
            u = view["centre"][0] + (np.arange(grey.shape[1]) + 0.5 - grey.shape[1] / 2) * mm
            v = view["centre"][1] + (np.arange(grey.shape[0]) + 0.5 - grey.shape[0] / 2) * mm
            depth = centre[1] + (frame - 3.5) * 4.5
            assert 0 < depth < (rows - 1) * CUT_MM[1]
            top = (39 * CUT_MM[2]) + CUT_MM[2] / 2 - CUT_MM[0] / 2  # the first pixel's centre
            truth = ramp(u[None, :], depth, top - v[:, None])
            level, width = view["window"]
            wanted = np.clip((truth - (level - 0.5)) / (width - 1) + 0.5, 0, 1) * 255
            inner = (u[None, :] > 1) & (u[None, :] < 78) & (v[:, None] > 2) & (v[:, None] < 77)
            assert inner.mean() > 0.1 and wanted[inner].std() > 10
            assert np.abs(grey - wanted)[inner].max() <= 2


def test_too_much_is_refused_before_it_is_asked_and_an_end_is_said(desktop: Reader) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_planes(desktop, "REFORMAT")
        open_part(desktop, "reformat")
        page.get_by_test_id("reformat-whole").click()
        fill(desktop, "reformat-thickness", "6")
        fill(desktop, "reformat-spacing", "6")
        text = page.get_by_test_id("reformat-size").inner_text()
        assert text.startswith(f"{int(40 * CUT_MM[2] // 6)} × ")
        page.get_by_test_id("reformat-projection-mean").click()
        page.get_by_test_id("reformat-make").click()
        desktop.wait("() => document.querySelector('[data-testid=reformat-job]')?.dataset.series")
        assert "AVG 6 mm" in page.get_by_test_id("reformat-job").inner_text()

        # Another study tells nothing of it; this one does again.
        for study, jobs in (("PHANTOM", 0), ("REFORMAT", 1)):
            page.get_by_test_id("back").click()
            open_planes(desktop, study)
            open_part(desktop, "reformat")
            page.get_by_test_id("reformat-make").wait_for()
            assert page.get_by_test_id("reformat-job").count() == jobs


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("device", ["desk", "phone", "little"])
def test_a_batch_can_be_planned_by_everybody(
    browser: Browser, farview: Service, device: str, locale: str, shots: Path
) -> None:
    little = {**PHONE, "viewport": {"width": 360, "height": 640}}
    options = {"desk": DESKTOP, "phone": PHONE, "little": little}[device]
    with profile(browser, options, locale=locale) as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        with no_errors(reader):
            open_planes(reader, "REFORMAT")
            open_part(reader, "reformat")
            reader.page.get_by_test_id("reformat-make").scroll_into_view_if_needed()
            reader.page.screenshot(path=shots / f"reformat-{device}-{locale}.png")
            assert_usable(reader)
            close_sheet(reader)
