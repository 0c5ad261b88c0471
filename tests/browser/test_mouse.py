"""What the mouse does on a desk: every row of its table, by what is drawn afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.reading import Reader, expected_grey
from tests.browser.fingers import middle, pixels, settle, under
from tests.browser.truth import phantom

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]


def drag(reader: Reader, start: tuple[float, float], end: tuple[float, float], *buttons: str) -> None:
    mouse = reader.page.mouse
    mouse.move(*start)
    for button in buttons:
        mouse.down(button=button)  # type: ignore[arg-type] # left, right or middle
    mouse.move(start[0] + 2, start[1] + 2)
    for step in range(1, 9):
        mouse.move(start[0] + 2 + (end[0] - start[0]) * step / 8, start[1] + 2 + (end[1] - start[1]) * step / 8)
    for button in buttons:
        mouse.up(button=button)  # type: ignore[arg-type]


def looks_right(reader: Reader) -> dict[str, Any]:
    view = settle(reader, "stack")
    array, affine = phantom()
    grey = pixels(reader, "stack")
    truth = expected_grey(array[view["frame"]], view, (affine[0, 0], affine[1, 1]), grey.shape)  # type: ignore[arg-type]
    assert np.abs(grey - truth).max() <= 1
    return view


def test_buttons_and_wheel_on_a_stack(desktop: Reader) -> None:
    page, mouse = desktop.page, desktop.page.mouse
    desktop.open_study("PHANTOM")
    first = looks_right(desktop)
    box = desktop.box("stack")
    x, y = middle(desktop, "stack")

    drag(desktop, (x, y), (x + 60, y + 30), "left")  # the window, where no tool was chosen
    windowed = looks_right(desktop)
    assert windowed["window"][1] > first["window"][1]
    assert windowed["window"][0] > first["window"][0]

    drag(desktop, (x, y), (x, y - 80), "right")  # zoom
    zoomed = looks_right(desktop)
    assert zoomed["extent_mm"] < windowed["extent_mm"] * 0.75
    assert page.get_by_test_id("menu").count() == 0

    held = under(zoomed, box, (x, y))
    drag(desktop, (x, y), (x + 50, y + 20), "middle")  # pan
    panned = looks_right(desktop)
    assert np.abs(under(panned, box, (x + 50, y + 20)) - held).max() < 1

    mouse.move(x, y)
    mouse.wheel(0, 100)  # an image
    assert looks_right(desktop)["frame"] == panned["frame"] + 1
    page.keyboard.down("Shift")
    mouse.wheel(0, 100)  # five
    page.keyboard.up("Shift")
    assert looks_right(desktop)["frame"] == panned["frame"] + 6
    page.keyboard.down("Control")
    mouse.wheel(0, -100)  # zoom, about the pointer
    page.keyboard.up("Control")
    closer = looks_right(desktop)
    assert closer["extent_mm"] < panned["extent_mm"]
    assert np.abs(under(closer, box, (x, y)) - under(panned, box, (x, y))).max() < 0.5

    drag(desktop, (x, y), (x + 40, y + 40), "left", "right")  # both: the window again, whatever the tool
    both = looks_right(desktop)
    assert both["window"][1] > windowed["window"][1]
    assert (both["frame"], both["extent_mm"]) == (closer["frame"], closer["extent_mm"])


def test_undo_and_redo_of_how_it_looks(desktop: Reader) -> None:
    page = desktop.page
    desktop.open_study("PHANTOM")
    first = looks_right(desktop)
    x, y = middle(desktop, "stack")
    drag(desktop, (x, y), (x + 60, y + 30), "left")
    windowed = looks_right(desktop)
    page.keyboard.press("r")
    turned = looks_right(desktop)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+z")
    undone = looks_right(desktop)
    assert (undone["right"], undone["window"], undone["frame"]) == ([1, 0], windowed["window"], first["frame"] + 1)
    page.keyboard.press("Control+z")
    assert looks_right(desktop)["window"] == first["window"]
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+Shift+z")
    redone = looks_right(desktop)
    assert (redone["right"], redone["window"]) == (turned["right"], windowed["window"])


def test_the_right_button_opens_a_menu_and_a_double_click_fills_the_layout(desktop: Reader, shots: Path) -> None:
    page, mouse = desktop.page, desktop.page.mouse
    desktop.open_study("PHANTOM")
    settle(desktop, "stack")
    page.keyboard.press("m")
    for role in ("axial", "coronal", "sagittal"):
        settle(desktop, role)
    x, y = middle(desktop, "coronal")
    mouse.move(x, y)
    page.keyboard.down("Alt")
    mouse.wheel(0, -300)  # a slab
    page.keyboard.up("Alt")
    assert settle(desktop, "coronal")["thickness_mm"] == 1

    cross = desktop.view("sagittal")["centre"]
    mouse.click(x + 30, y + 20, button="right")
    menu = page.get_by_test_id("menu")
    menu.wait_for()
    assert desktop.view("sagittal")["centre"] == cross  # a right click points at nothing
    box = menu.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= 1440
    assert box["y"] + box["height"] <= 900
    page.screenshot(path=shots / "desktop-menu.png")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    menu.wait_for(state="detached")
    mouse.click(x + 30, y + 20, button="right")
    page.get_by_test_id("menu-flip-horizontal").click()
    assert settle(desktop, "coronal")["right"] == [-1, 0, 0]

    mouse.dblclick(x, y)
    desktop.wait("() => document.querySelectorAll('.pane').length === 1")
    settle(desktop, "coronal")
    mouse.dblclick(*middle(desktop, "coronal"))
    desktop.wait("() => document.querySelectorAll('.pane').length === 4")
