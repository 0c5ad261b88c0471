"""The scalpel and labels at the page: what is cut is gone and comes back to the bit; volumes as numpy counts them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser
from scipy.ndimage import label as connected

from benchmarks.browser import DESKTOP, PHONE, profile
from benchmarks.reading import Reader
from benchmarks.service import Service
from tests.browser.fingers import Fingers, colours, pixels, settle, under
from tests.browser.processing import (
    assert_usable,
    behind,
    close_sheet,
    inside,
    lasso,
    millilitres,
    no_errors,
    on_page,
    open_part,
    open_planes,
    open_volume,
)
from tests.browser.test_resume import renderer_of
from tests.browser.truth import phantom

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]


def voxel_ml() -> float:
    _, affine = phantom()
    return float(np.abs(np.linalg.det(affine[:3, :3]))) / 1000


def labelled(reader: Reader, role: str = "volume") -> dict[str, Any]:
    """The still of a picture that shows a labelmap."""
    reader.wait("(role) => window.farview.views()[role].labels", role)
    return settle(reader, role)


def take(reader: Reader, tool: str) -> dict[str, Any]:
    """Take a tool, whose bar then stands below the picture; the view that it shows."""
    open_part(reader, "labels")
    reader.page.get_by_test_id(tool).click()
    reader.page.get_by_test_id("pen-bar").wait_for()
    return settle(reader, "volume")


def loop(reader: Reader, role: str = "volume") -> list[tuple[float, float]]:
    """A triangle about the middle of a picture, on the page."""
    x, y, width, height = reader.box(role)
    return [
        (x + width * 0.42, y + height * 0.35),
        (x + width * 0.60, y + height * 0.40),
        (x + width * 0.48, y + height * 0.62),
    ]


def on_canvas(
    reader: Reader, points: list[tuple[float, float]], shape: tuple[int, int], role: str = "volume"
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Pixels of the canvas that lie within a polygon of the page."""
    x, y, width, height = reader.box(role)
    polygon = np.array([[(px - x) / width * shape[1], (py - y) / height * shape[0]] for px, py in points])
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    return inside(polygon, columns, rows)


def eroded(mask: np.ndarray[Any, np.dtype[np.bool_]], by: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    result = mask.copy()
    for axis in (0, 1):
        for step in range(-by, by + 1):
            result &= np.roll(mask, step, axis)
    return result


def test_a_cut_takes_everything_behind_the_lasso_away_and_undo_brings_it_back_to_the_bit(
    desktop: Reader, farview: Service, shots: Path
) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_volume(desktop)
        opened = take(desktop, "scalpel-inside")
        before = pixels(desktop, "volume")
        points = loop(desktop)
        lasso(desktop, points)
        cut = labelled(desktop)
        assert (cut["right"], cut["centre"]) == (opened["right"], opened["centre"])  # the body did not turn
        assert cut["labels"]["styles"] == [
            {"label": 255, "shown": False, "colour": "#808080", "tint": 0, "outline": False}
        ]
        after = pixels(desktop, "volume")
        within = on_canvas(desktop, points, before.shape)  # type: ignore[arg-type]
        assert before[eroded(within, 6)].mean() > 20
        assert after[eroded(within, 6)].max() == 0
        far = eroded(~within, 12)
        assert np.abs(after[far].astype(int) - before[far]).mean() < 0.5
        page.screenshot(path=shots / "cut-desktop.png")

        # As many millilitres as numpy counts behind the same lasso.
        centre = np.array(opened["centre"])
        polygon = np.array(
            [
                [
                    (under(opened, desktop.box("volume"), p) - centre) @ opened["right"],
                    (under(opened, desktop.box("volume"), p) - centre) @ opened["down"],
                ]
                for p in points
            ]
        )
        truth = behind(opened, polygon)
        said = page.get_by_test_id("corners-volume").get_by_test_id("labels-text").inner_text()
        assert millilitres(said) == pytest.approx(truth.sum() * voxel_ml(), rel=0.01)

        page.keyboard.press("Control+z")
        assert settle(desktop, "volume").get("labels") is None
        assert np.array_equal(pixels(desktop, "volume"), before)
        assert page.get_by_test_id("labels-text").count() == 0
        page.keyboard.press("Control+y")
        assert settle(desktop, "volume")["labels"] == cut["labels"]
        assert np.array_equal(pixels(desktop, "volume"), after)

        # The renderer dies and forgets: the page tells it the whole chain again, and the same picture is back.
        desktop.forget()
        os.kill(renderer_of(farview).pid, signal.SIGKILL)
        desktop.wait_drawn("volume", final=True, timeout_s=60)
        assert settle(desktop, "volume")["labels"] == cut["labels"]
        assert np.array_equal(pixels(desktop, "volume"), after)


def test_what_is_cut_outside_is_all_that_was_not_inside(desktop: Reader) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_volume(desktop)
        page.get_by_test_id("look-L").click()
        take(desktop, "scalpel-outside")
        before = pixels(desktop, "volume")
        points = loop(desktop)
        lasso(desktop, points)
        labelled(desktop)
        after = pixels(desktop, "volume")
        within = on_canvas(desktop, points, before.shape)  # type: ignore[arg-type]
        assert after[eroded(~within, 4)].max() == 0
        assert before[eroded(~within, 4)].max() > 50 and after[eroded(within, 4)].max() > 20

        # A second cut starts from the first; undone twice, nothing is left of either.
        first = settle(desktop, "volume")["labels"]["n"]
        page.get_by_test_id("pen-inside").click()
        x, y = points[0]
        lasso(desktop, [(x + 20, y + 5), (x + 60, y + 15), (x + 40, y + 60)])
        desktop.wait("(n) => window.farview.views().volume.labels.n !== n", first)
        settle(desktop, "volume")
        assert pixels(desktop, "volume").astype(int).sum() < after.astype(int).sum()
        for expected in (after, before):
            page.get_by_test_id("pen-undo").click()
            settle(desktop, "volume")
            assert np.array_equal(pixels(desktop, "volume"), expected)


def test_a_cut_in_perspective_goes_along_the_rays_that_are_seen(desktop: Reader) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_volume(desktop)
        page.keyboard.press("Shift+V")
        desktop.wait("() => window.farview.views().volume.perspective")
        take(desktop, "scalpel-inside")
        before = pixels(desktop, "volume")
        points = loop(desktop)
        lasso(desktop, points)
        labelled(desktop)
        after = pixels(desktop, "volume")
        within = on_canvas(desktop, points, before.shape)  # type: ignore[arg-type]
        assert before[eroded(within, 8)].mean() > 20
        assert after[eroded(within, 8)].max() == 0
        far = eroded(~within, 14)
        assert np.abs(after[far].astype(int) - before[far]).mean() < 0.6


def test_a_threshold_has_the_volume_that_numpy_counts_and_is_kept_where_it_is_connected(
    desktop: Reader, shots: Path
) -> None:
    page = desktop.page
    array, affine = phantom()
    with no_errors(desktop):
        open_planes(desktop)
        plain = colours(desktop, "axial")
        open_part(desktop, "labels")
        page.get_by_test_id("label-low").fill("300")
        page.keyboard.press("Enter")
        page.get_by_test_id("label-new").click()
        view = labelled(desktop, "axial")
        style = view["labels"]["styles"][0]
        assert (style["label"], style["shown"], style["tint"]) == (1, True, 0.5)
        mask = (array >= 300) & (array <= 3071)
        row = page.get_by_test_id("label-1")
        assert millilitres(row.inner_text()) == pytest.approx(mask.sum() * voxel_ml(), rel=0.005)
        tinted = colours(desktop, "axial")
        changed = (tinted != plain).any(axis=2)
        assert changed.any() and not changed.all()
        red = tinted[changed].astype(int)
        assert (red[:, 0] > red[:, 1]).mean() > 0.9  # its colour is a red
        page.screenshot(path=shots / "labels-desktop.png")

        # Another colour; nothing but it; everything again.
        page.get_by_test_id("label-colour-1").fill("#0000ff")
        settle(desktop, "axial")
        blue = colours(desktop, "axial")[changed].astype(int)
        assert (blue[:, 2] > blue[:, 0]).mean() > 0.9
        page.get_by_test_id("label-only").click()
        alone = settle(desktop, "axial")
        assert {s["label"]: s["shown"] for s in alone["labels"]["styles"]} == {0: False, 1: True}
        assert page.get_by_test_id("corners-axial").get_by_test_id("labels-text").count() == 1
        shown = colours(desktop, "axial")
        assert shown[~changed].mean() < plain[~changed].mean()
        page.get_by_test_id("label-only").click()
        settle(desktop, "axial")
        assert np.array_equal(colours(desktop, "axial")[~changed], plain[~changed])

        # What is connected with a point of the axial plane, as scipy finds it over faces, edges and corners of a voxel.
        parts, _ = connected(mask)
        k = round((settle(desktop, "axial")["centre"][2] - affine[2, 3]) / affine[2, 2])
        ys, xs = np.nonzero(mask[k])
        sizes = np.bincount(parts.ravel())
        best = int(np.argmax([sizes[p] for p in parts[k, ys, xs]]))
        point = np.array([xs[best], ys[best], k]) * np.diag(affine)[:3] + affine[:3, 3]
        page.get_by_test_id("label-keep").click()
        page.get_by_test_id("pen-bar").wait_for()
        n = alone["labels"]["n"]
        page.mouse.click(*on_page(alone, desktop.box("axial"), point))
        desktop.wait("(n) => window.farview.views().axial.labels.n !== n", n)
        settle(desktop, "axial")
        kept = millilitres(page.get_by_test_id("label-1").inner_text())
        face, every = connected(mask)[0], connected(mask, np.ones((3, 3, 3)))[0]
        faces_ml, all_ml = ((p == p[k, ys[best], xs[best]]).sum() * voxel_ml() for p in (face, every))
        assert all_ml - faces_ml > 1  # or it could not tell the two apart
        assert kept == pytest.approx(all_ml, abs=0.51)  # whole millilitres are shown


def test_a_threshold_that_holds_nothing_says_so_and_changes_no_picture(desktop: Reader) -> None:
    page = desktop.page
    with no_errors(desktop):
        open_planes(desktop)
        before = settle(desktop, "axial")
        open_part(desktop, "labels")
        for name, value in (("low", "3000"), ("high", "3071")):
            page.get_by_test_id(f"label-{name}").fill(value)
            page.keyboard.press("Enter")
        page.get_by_test_id("label-new").click()
        page.get_by_test_id("toast").wait_for()
        assert page.get_by_test_id("toast").inner_text() == "没有体素改变"
        assert desktop.view("axial") == before


def test_a_finger_cuts_and_one_beside_the_tool_turns_again(phone: Reader, shots: Path) -> None:
    page, fingers = phone.page, Fingers(phone)
    with no_errors(phone):
        opened = open_volume(phone)
        open_part(phone, "labels")
        assert_usable(phone)
        page.screenshot(path=shots / "labels-phone-sheet.png")
        page.get_by_test_id("scalpel-inside").tap()
        page.get_by_test_id("pen-bar").wait_for()
        settle(phone, "volume")
        before = pixels(phone, "volume")
        assert_usable(phone)
        points = loop(phone)
        fingers.down(points[0])
        for start, end in zip(points, [*points[1:], points[0]], strict=True):
            for step in range(1, 9):
                part = step / 8
                fingers.send(
                    "touchMove", [(start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)]
                )
                page.wait_for_timeout(16)
        fingers.up()
        cut = labelled(phone)
        assert cut["right"] == opened["right"]
        after = pixels(phone, "volume")
        within = eroded(on_canvas(phone, points, before.shape), 10)  # type: ignore[arg-type]
        assert before[within].max() > 20 and after[within].max() == 0
        page.screenshot(path=shots / "cut-phone.png")
        page.get_by_test_id("pen-undo").tap()
        settle(phone, "volume")
        assert np.array_equal(pixels(phone, "volume"), before)
        page.get_by_test_id("pen-cancel").tap()
        x, y, width, height = phone.box("volume")
        fingers.drag([(x + width * 0.4, y + height * 0.5)], [(x + width * 0.7, y + height * 0.5)])
        assert settle(phone, "volume")["right"] != opened["right"]


@pytest.mark.parametrize("locale", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("device", ["desk", "phone", "little"])
def test_labels_have_room_and_can_be_used_by_everybody(
    browser: Browser, farview: Service, device: str, locale: str, shots: Path
) -> None:
    little = {**PHONE, "viewport": {"width": 360, "height": 640}}
    options = {"desk": DESKTOP, "phone": PHONE, "little": little}[device]
    with profile(browser, options, locale=locale) as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        with no_errors(reader):
            open_planes(reader)
            open_part(reader, "labels")
            reader.page.get_by_test_id("label-new").click()
            reader.page.get_by_test_id("label-tint").wait_for()
            labelled(reader, "axial")
            assert_usable(reader)
            reader.page.get_by_test_id("label-tint").scroll_into_view_if_needed()
            reader.page.screenshot(path=shots / f"labels-{device}-{locale}.png")
            close_sheet(reader)
