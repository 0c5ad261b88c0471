"""Image processing at the page: its panel on a desk and in a phone's sheet, and what truth says of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.reading import Reader
from tests.browser.fingers import settle
from tests.browser.test_page import AXE, RULES, VIOLATIONS
from tests.browser.test_touch_page import SMALL
from tests.browser.truth import phantom


@contextmanager
def no_errors(reader: Reader) -> Iterator[None]:
    """Nothing is said on the console as an error, and nothing is thrown, while this is done."""
    said: list[str] = []
    reader.page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    reader.page.on("pageerror", lambda error: said.append(str(error)))
    yield
    assert said == []


def open_planes(reader: Reader, study: str = "PHANTOM") -> None:
    """The planes and the volume rendering; on a phone the axial plane alone."""
    reader.open_study(study)
    settle(reader, "stack")
    reader.page.get_by_test_id("layout-mpr").click()
    settle(reader, "axial")


def open_volume(reader: Reader, study: str = "PHANTOM") -> dict[str, Any]:
    """The volume alone; the view that it shows."""
    reader.open_study(study)
    settle(reader, "stack")
    reader.page.get_by_test_id("layout-volume").click()
    return settle(reader, "volume")


def open_part(reader: Reader, part: str) -> None:
    """A part of the panel; on a phone the sheet is opened for it."""
    page = reader.page
    if page.get_by_test_id("more").count() and not page.get_by_test_id("processing").count():
        page.get_by_test_id("more").click()
    button = page.get_by_test_id(f"part-{part}")
    button.wait_for()
    if button.get_attribute("aria-pressed") != "true":
        button.click()


def close_sheet(reader: Reader) -> None:
    """Where there is one."""
    button = reader.page.get_by_test_id("close-sheet")
    if button.count():
        button.first.click()


AT_REST = """async () => {
    const ends = document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations !== Infinity);
    await Promise.allSettled(ends.map((a) => a.finished));
}"""


def assert_usable(reader: Reader) -> None:
    """Targets of 44 px for fingers, nothing beyond the page's sides, and nothing that axe objects to."""
    page = reader.page
    if page.get_by_test_id("more").count():
        assert page.evaluate(SMALL) == []
    wide = "() => document.documentElement.scrollWidth <= innerWidth"
    assert page.evaluate(wide)
    if AXE.exists():
        page.evaluate(AXE.read_text())
        page.evaluate(AT_REST)  # a sheet that is still sliding in has the contrast of half of it
        violations = page.evaluate(VIOLATIONS, RULES)
        assert violations == [], violations


def lasso(reader: Reader, points: list[tuple[float, float]]) -> None:
    """Draw a closed line with the mouse, positions of the page."""
    mouse = reader.page.mouse
    mouse.move(*points[0])
    mouse.down()
    for start, end in zip(points, [*points[1:], points[0]], strict=True):
        for step in range(1, 9):
            mouse.move(start[0] + (end[0] - start[0]) * step / 8, start[1] + (end[1] - start[1]) * step / 8)
    mouse.up()


def inside(polygon: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points lie in a polygon [n, 2], by the even-odd rule."""
    result = np.zeros(np.broadcast_shapes(x.shape, y.shape), bool)
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        between = (y0 > y) != (y1 > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            result ^= between & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return result


def behind(view: dict[str, Any], polygon_mm: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Voxels of the phantom [z, y, x] behind a polygon in the plane of this view, seen by parallel rays."""
    array, affine = phantom()
    z, y, x = (np.arange(n) for n in array.shape)
    point = [
        x[None, None, :] * affine[0, 0] + affine[0, 3],
        y[None, :, None] * affine[1, 1] + affine[1, 3],
        z[:, None, None] * affine[2, 2] + affine[2, 3],
    ]
    right, down, centre = (np.asarray(view[key], float) for key in ("right", "down", "centre"))
    u = sum((point[i] - centre[i]) * right[i] for i in range(3))
    v = sum((point[i] - centre[i]) * down[i] for i in range(3))
    return inside(polygon_mm, np.asarray(u), np.asarray(v))


def millilitres(text: str) -> float:
    """The number in front of mL."""
    found = re.search(r"([\d.]+) mL", text)
    assert found, text
    return float(found[1])


def on_page(
    view: dict[str, Any], box: tuple[float, float, float, float], point: NDArray[np.float64]
) -> tuple[float, float]:
    """Where a patient point stands on the page, seen by parallel rays."""
    x, y, width, height = box
    away = np.asarray(point, float) - view["centre"]
    right, down = (np.array(view[axis]) * min(width, height) / view["extent_mm"] for axis in ("right", "down"))
    return x + width / 2 + away @ right, y + height / 2 + away @ down
