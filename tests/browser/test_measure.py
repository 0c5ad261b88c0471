"""Regions at the page: the numbers beside an ellipse and a polygon are numpy's, and never those of another picture."""

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
from tests.browser.fingers import Fingers, settle, under
from tests.browser.processing import assert_usable, close_sheet, inside, no_errors, open_part, open_planes
from tests.browser.truth import phantom

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]

BOX = ((0.36, 0.40), (0.55, 0.58))  # parts of the picture


def corners_of(reader: Reader, role: str) -> list[tuple[float, float]]:
    x, y, width, height = reader.box(role)
    return [(round(x + width * u), round(y + height * v)) for u, v in BOX]


def number(reader: Reader, name: str) -> float:
    """What stands on the picture."""
    text = reader.page.get_by_test_id("region-card").get_by_test_id(name).inner_text()
    return float(text.split()[0])


def square_mm(reader: Reader) -> float:
    value, unit = reader.page.get_by_test_id("region-card").get_by_test_id("region-area").inner_text().split()
    return float(value) * {"mm²": 1, "cm²": 100}[unit]


def drag(reader: Reader, start: tuple[float, float], end: tuple[float, float]) -> None:
    mouse = reader.page.mouse
    mouse.move(*start)
    mouse.down()
    mouse.move(*end, steps=10)
    mouse.up()


def measured(reader: Reader) -> None:
    reader.page.get_by_test_id("region-card").get_by_test_id("region-mean").wait_for()


def pixels_in(reader: Reader, view: dict[str, Any], mask: Any) -> NDArray[np.float64]:
    """Values of the phantom's slice at this frame whose centres `mask`, which takes millimetres, holds."""
    array, affine = phantom()
    y, x = np.mgrid[0 : array.shape[1], 0 : array.shape[2]].astype(float)
    return np.asarray(array[view["frame"]][mask(x * affine[0, 0], y * affine[1, 1])].astype(float))


def assert_numbers(reader: Reader, values: NDArray[np.float64]) -> None:
    count = number(reader, "region-count")
    assert count == pytest.approx(len(values), rel=0.02)  # a mouse draws whole pixels of the page
    assert number(reader, "region-mean") == pytest.approx(values.mean(), abs=1.0)
    assert number(reader, "region-sd") == pytest.approx(values.std(ddof=1), rel=0.05)
    assert number(reader, "region-least") <= np.percentile(values, 1)
    assert number(reader, "region-greatest") >= np.percentile(values, 99)
    _, affine = phantom()
    assert square_mm(reader) == pytest.approx(count * affine[0, 0] * affine[1, 1], rel=0.01)


def test_an_ellipse_on_a_stack_has_numpy_s_numbers_and_goes_with_its_picture(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    with no_errors(desktop):
        desktop.open_study("PHANTOM")
        settle(desktop, "stack")
        open_part(desktop, "region")
        page.get_by_test_id("draw-ellipse").click()
        page.get_by_test_id("pen-bar").wait_for()  # it takes room from the picture
        view = settle(desktop, "stack")
        box = desktop.box("stack")
        start, end = corners_of(desktop, "stack")
        drag(desktop, start, end)
        measured(desktop)
        assert desktop.view("stack")["window"] == view["window"]  # the hand drew, and windowed nothing
        a, b = (under(view, box, p) for p in (start, end))
        middle, half = (a + b) / 2, np.abs(b - a) / 2
        values = pixels_in(
            desktop, view, lambda x, y: ((x - middle[0]) / half[0]) ** 2 + ((y - middle[1]) / half[1]) ** 2 <= 1
        )
        assert_numbers(desktop, values)
        card = page.get_by_test_id("region-card")
        assert "HU" in card.get_by_test_id("region-mean").inner_text()
        assert card.locator(".region-histogram").count() == 1
        page.screenshot(path=shots / "region-desktop.png")

        # Zoomed it is the same region and the same numbers; another frame has none.
        before = [number(desktop, f"region-{name}") for name in ("count", "mean", "sd")]
        page.keyboard.press("+")
        settle(desktop, "stack")
        measured(desktop)
        after = [number(desktop, f"region-{name}") for name in ("count", "mean", "sd")]
        assert after == pytest.approx(before, rel=0.005)
        page.keyboard.press("ArrowDown")
        settle(desktop, "stack")
        assert page.get_by_test_id("region-card").count() == 0
        page.keyboard.press("ArrowUp")
        settle(desktop, "stack")
        assert page.get_by_test_id("region-card").count() == 0  # it is gone, not hidden


def test_a_polygon_on_a_plane_and_that_a_filter_changes_none_of_its_numbers(desktop: Reader) -> None:
    page = desktop.page
    array, affine = phantom()
    with no_errors(desktop):
        open_planes(desktop)
        settle(desktop, "axial")
        open_part(desktop, "region")
        page.get_by_test_id("draw-polygon").click()
        page.get_by_test_id("pen-bar").wait_for()
        view = settle(desktop, "axial")
        box = x, y, width, height = desktop.box("axial")
        points = [(round(x + width * u), round(y + height * v)) for u, v in ((0.4, 0.4), (0.6, 0.42), (0.5, 0.6))]
        for at in points[:-1]:
            page.mouse.click(*at)
            page.wait_for_timeout(400)
        page.mouse.dblclick(*points[-1])
        measured(desktop)
        polygon = np.array([under(view, box, p)[:2] for p in points])
        k = (view["centre"][2] - affine[2, 3]) / affine[2, 2]
        assert k == pytest.approx(round(k), abs=1e-6)
        rows, columns = np.mgrid[0 : array.shape[1], 0 : array.shape[2]].astype(float)
        mask = inside(polygon, columns * affine[0, 0] + affine[0, 3], rows * affine[1, 1] + affine[1, 3])
        values = array[round(k)][mask].astype(float)
        assert number(desktop, "region-mean") == pytest.approx(values.mean(), abs=2)
        step = min(np.diag(affine)[:3])
        edges = np.roll(polygon, -1, axis=0)
        area = abs(np.sum(polygon[:, 0] * edges[:, 1] - edges[:, 0] * polygon[:, 1])) / 2
        assert square_mm(desktop) == pytest.approx(area, rel=0.02)
        assert number(desktop, "region-count") == pytest.approx(area / step**2, rel=0.02)
        # A filter changes the picture, and moves it as its dials take room; the numbers are the voxels' own.
        names = [f"region-{name}" for name in ("count", "mean", "sd", "least", "greatest")]
        before = [number(desktop, name) for name in names]
        open_part(desktop, "filter")
        page.get_by_test_id("filter-gaussian").click()
        settle(desktop, "axial")
        measured(desktop)
        assert [number(desktop, name) for name in names] == before
        page.keyboard.press("ArrowDown")
        settle(desktop, "axial")
        assert page.get_by_test_id("region-card").count() == 0


def test_a_finger_draws_an_ellipse(phone: Reader, shots: Path) -> None:
    page, fingers = phone.page, Fingers(phone)
    with no_errors(phone):
        phone.open_study("PHANTOM")
        view = settle(phone, "stack")
        open_part(phone, "region")
        page.get_by_test_id("draw-ellipse").tap()
        page.get_by_test_id("pen-bar").wait_for()
        view = settle(phone, "stack")
        assert_usable(phone)
        start, end = corners_of(phone, "stack")
        fingers.drag([start], [end])
        measured(phone)
        assert phone.view("stack")["frame"] == view["frame"]
        page.screenshot(path=shots / "region-phone.png")
        a, b = (under(view, phone.box("stack"), p) for p in (start, end))
        middle, half = (a + b) / 2, np.abs(b - a) / 2
        values = pixels_in(
            phone, view, lambda x, y: ((x - middle[0]) / half[0]) ** 2 + ((y - middle[1]) / half[1]) ** 2 <= 1
        )
        # The pen bar has gone and given its room back: the picture is measured again as it is now.
        settle(phone, "stack")
        measured(phone)
        assert number(phone, "region-mean") == pytest.approx(values.mean(), abs=2)
        fingers.drag([(start[0], end[1] + 40)], [(start[0], end[1] - 60)])  # a finger scrolls again
        settle(phone, "stack")
        assert page.get_by_test_id("region-card").count() == 0


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("device", ["desk", "little"])
def test_numbers_have_room_and_can_be_read_by_everybody(
    browser: Browser, farview: Service, device: str, locale: str, shots: Path
) -> None:
    little = {**PHONE, "viewport": {"width": 360, "height": 640}}
    options = {"desk": DESKTOP, "little": little}[device]
    with profile(browser, options, locale=locale) as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        with no_errors(reader):
            reader.open_study("PHANTOM")
            settle(reader, "stack")
            open_part(reader, "region")
            reader.page.get_by_test_id("draw-ellipse").click()
            reader.page.get_by_test_id("pen-bar").wait_for()
            settle(reader, "stack")
            drag(reader, *corners_of(reader, "stack"))
            settle(reader, "stack")
            measured(reader)
            x, y, width, height = reader.box("stack")
            box = reader.page.get_by_test_id("region-card").bounding_box()
            assert box is not None
            assert x <= box["x"] and box["x"] + box["width"] <= x + width
            assert y <= box["y"] and box["y"] + box["height"] <= y + height
            reader.page.screenshot(path=shots / f"region-{device}-{locale}.png")
            assert_usable(reader)
            open_part(reader, "region")
            reader.page.get_by_test_id("remove-region").click()
            close_sheet(reader)
            assert reader.page.get_by_test_id("region-card").count() == 0
