"""A PET over a CT at the page: colours where its values are, its bar, its registration, nudged by hand."""

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
from tests.browser.fingers import colours, settle
from tests.browser.processing import assert_usable, close_sheet, no_errors, on_page, open_part, open_planes
from tests.browser.studies import FOCI, FUSED_HU, PET_MM, fused

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]

ROLES = ("axial", "coronal", "sagittal")


@pytest.fixture(scope="module", autouse=True)
def study(farview: Service, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The fused study of tests/browser/studies.py, imported."""
    folder = tmp_path_factory.mktemp("fused")
    for n, data in enumerate(fused()):
        (folder / f"{n:04}.dcm").write_bytes(data)
    done = farview.farview("import", folder)
    assert done.returncode == 0, done.stderr


def focus(n: int) -> NDArray[np.float64]:
    return np.array(FOCI[n][0]) * PET_MM


def go_to_focus(reader: Reader, n: int = 0) -> None:
    """The planes meet in the middle of a focus: put the cross there by two clicks."""
    for role in ("axial", "coronal"):
        view = settle(reader, role)
        reader.page.mouse.click(*on_page(view, reader.box(role), focus(n)))
    for role in ROLES:
        settle(reader, role)


def seconds(reader: Reader) -> list[str]:
    """What is offered to lie on top, in its order."""
    buttons = reader.page.get_by_test_id("seconds").locator("button")
    buttons.first.wait_for()
    return [text.split("\n")[0] for text in buttons.all_inner_texts()]


def fuse(reader: Reader, name: str) -> None:
    reader.page.get_by_test_id("seconds").locator("button").filter(has_text=name).click()


def colour_at(reader: Reader, role: str, point: NDArray[np.float64]) -> NDArray[np.int64]:
    """The canvas under a patient point."""
    view = settle(reader, role)
    picture = colours(reader, role)
    x, y, width, height = reader.box(role)
    px, py = on_page(view, (x, y, width, height), point)
    row, column = int((py - y) / height * picture.shape[0]), int((px - x) / width * picture.shape[1])
    return np.asarray(picture[row, column].astype(int))


def grey_of(view: dict[str, Any], value: float) -> float:
    centre, width = view["window"]
    return float(np.clip((value - (centre - 0.5)) / (width - 1) + 0.5, 0, 1) * 255)


def test_a_focus_is_coloured_over_the_grey_and_everything_else_stays_grey(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_planes(desktop, "FUSED")
        go_to_focus(desktop)
        body = focus(0) + np.array([40.0, 0, 0])  # beside it, and none of the other focus
        plain = {role: colours(desktop, role) for role in ROLES}
        assert all((picture == picture[..., :1]).all() for picture in plain.values())
        open_part(desktop, "fusion")
        assert seconds(desktop) == ["不融合", "PT AC", "PT MOVED"]
        fuse(desktop, "AC")
        page.get_by_test_id("palette-RAINBOW").click()
        view = settle(desktop, "axial")
        assert view["fusion"]["palette"] == "RAINBOW" and view["fusion"]["opacity"] == 0.5
        assert view["fusion"]["window"] == [6000, 8000]  # from 2000 on: the body's 900 are not shown
        grey = grey_of(view, FUSED_HU)
        for role in ROLES:
            # Above the window the last colour, half of it: red over the grey of the body.
            found = colour_at(desktop, role, focus(0))
            assert np.abs(found - [0.5 * grey + 127.5, 0.5 * grey, 0.5 * grey]).max() <= 2
        assert np.abs(colour_at(desktop, "axial", body) - grey).max() <= 1
        assert page.get_by_test_id("registration").get_attribute("data-how") == "same_frame"
        corner = page.get_by_test_id("corners-axial").get_by_test_id("fusion-text")
        assert corner.inner_text() == "融合：PT AC · 同一坐标系"
        assert "LOSSLESS ✓" in page.get_by_test_id("corners-axial").get_by_test_id("quality").inner_text()
        bar = page.get_by_test_id("viewport-axial").get_by_test_id("colour-bar")
        numbers = bar.locator(".colour-bar-number").all_inner_texts()
        assert numbers == ["10000", "6000", "2000"]
        assert bar.locator(".colour-bar-unit").inner_text() == "Bq/ml"
        page.screenshot(path=shots / "fusion-desktop.png")

        # Another opacity, another window; then none of it.
        page.get_by_test_id("fusion-opacity").focus()
        for _ in range(10):
            page.keyboard.press("ArrowRight")
        assert np.abs(colour_at(desktop, "coronal", focus(0)) - [255, 0, 0]).max() <= 2
        page.get_by_test_id("fusion-centre").fill("20000")
        page.keyboard.press("Enter")
        settle(desktop, "axial")
        assert np.abs(colour_at(desktop, "axial", focus(0)) - grey).max() <= 1  # all of it lies below the window
        page.get_by_test_id("fuse-none").click()
        for role in ROLES:
            settle(desktop, role)
            assert np.array_equal(colours(desktop, role), plain[role])
        assert page.get_by_test_id("colour-bar").count() == 0


def test_what_is_not_registered_says_so_until_it_is_moved_by_hand(desktop: Reader) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_planes(desktop, "FUSED")
        go_to_focus(desktop)
        open_part(desktop, "fusion")
        fuse(desktop, "MOVED")
        page.get_by_test_id("palette-RAINBOW").click()
        settle(desktop, "axial")
        corner = page.get_by_test_id("corners-axial").get_by_test_id("fusion-text")
        assert corner.inner_text() == "融合：PT MOVED · 未配准"
        assert corner.get_attribute("class") == "said"
        grey = grey_of(desktop.view("axial"), FUSED_HU)
        assert colour_at(desktop, "axial", focus(0))[0] > grey + 60

        # Twenty millimetres to the left: the colour goes with it, the grey stays.
        page.get_by_test_id("nudge-mm-20").click()
        page.get_by_test_id("nudge-L").click()
        view = settle(desktop, "axial")
        assert view["fusion"]["move"] == [[1, 0, 0, 20], [0, 1, 0, 0], [0, 0, 1, 0]]
        assert np.abs(colour_at(desktop, "axial", focus(0)) - grey).max() <= 1
        assert colour_at(desktop, "axial", focus(0) + np.array([20.0, 0, 0]))[0] > grey + 60
        settle(desktop, "axial")
        assert corner.inner_text() == "融合：PT MOVED · 手动配准"

        # Turned about the crosshair, which stands in the focus's old place: a quarter clockwise in the axial plane.
        page.get_by_test_id("nudge-degrees-45").click()
        for _ in range(2):
            page.get_by_test_id("turn-axial+").click()
        move = np.array(settle(desktop, "axial")["fusion"]["move"])
        assert np.abs(move[:, :3] @ move[:, :3].T - np.eye(3)).max() < 1e-12
        there = move[:, :3] @ focus(0) + move[:, 3]
        assert np.linalg.norm(there - focus(0)) == pytest.approx(20, abs=3)  # the cross is a click's width beside it
        assert colour_at(desktop, "axial", there)[0] > grey + 60
        page.get_by_test_id("reset-move").click()
        settle(desktop, "axial")
        assert corner.inner_text() == "融合：PT MOVED · 未配准"
        page.keyboard.press("Escape")
        page.keyboard.press("Control+z")
        assert np.allclose(settle(desktop, "axial")["fusion"]["move"], move)


def test_projections_and_renderings_are_fused_too(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_planes(desktop, "FUSED")
        settle(desktop, "volume")
        shaded = colours(desktop, "volume")
        open_part(desktop, "fusion")
        fuse(desktop, "AC")
        page.get_by_test_id("palette-RAINBOW").click()
        settle(desktop, "volume")
        fused_picture = colours(desktop, "volume")
        assert (fused_picture != shaded).any()
        page.get_by_test_id("viewport-volume").click(position={"x": 5, "y": 5})
        page.get_by_test_id("presets-projections").click()
        page.get_by_test_id("through-max").click()
        view = settle(desktop, "volume")
        assert view["projection"] == "max"
        for n in range(2):
            red, green, blue = colour_at(desktop, "volume", focus(n))
            assert max(red, green) > blue + 40
        edge = colours(desktop, "volume")[3, 3]
        assert (edge == edge[0]).all()
        page.screenshot(path=shots / "fusion-mip.png")
        assert page.get_by_test_id("corners-volume").get_by_test_id("fusion-text").count() == 1
        # A slab of a plane, while it stays on.
        page.get_by_test_id("viewport-axial").click(position={"x": 60, "y": 60})
        page.get_by_test_id("projection-max").click()
        assert settle(desktop, "axial")["fusion"]["palette"] == "RAINBOW"


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("device", ["desk", "phone", "little"])
def test_fusion_has_room_and_can_be_used_by_everybody(
    browser: Browser, farview: Service, device: str, locale: str, shots: Path
) -> None:
    little = {**PHONE, "viewport": {"width": 360, "height": 640}}
    options = {"desk": DESKTOP, "phone": PHONE, "little": little}[device]
    with profile(browser, options, locale=locale) as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        with no_errors(reader):
            open_planes(reader, "FUSED")
            open_part(reader, "fusion")
            fuse(reader, "MOVED")
            settle(reader, "axial")
            reader.page.screenshot(path=shots / f"fusion-{device}-{locale}.png")
            said = reader.page.get_by_test_id("fusion-text").first.inner_text()
            assert said.endswith({"zh-CN": "未配准", "en-GB": "not registered"}[locale])
            assert_usable(reader)
            open_part(reader, "fusion")
            reader.page.get_by_test_id("reset-move").scroll_into_view_if_needed()
            reader.page.screenshot(path=shots / f"fusion-sheet-{device}-{locale}.png")
            assert_usable(reader)
            close_sheet(reader)
