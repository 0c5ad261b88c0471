"""Fingers on the glass, and what the canvas shows afterwards."""

from __future__ import annotations

import base64
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import CDPSession

from benchmarks.reading import Reader

Point = tuple[float, float]

CANVAS = """(role) => {
  const canvas = document.querySelector(`[data-testid=canvas-${role}]`);
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  const red = new Uint8Array(width * height);
  for (let i = 0; i < red.length; i += 1) red[i] = data[4 * i];
  let text = '';
  for (let i = 0; i < red.length; i += 32768) text += String.fromCharCode(...red.subarray(i, i + 32768));
  return { width, height, red: btoa(text) };
}"""

COLOURS = """(role) => {
  const canvas = document.querySelector(`[data-testid=canvas-${role}]`);
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  let text = '';
  for (let i = 0; i < data.length; i += 32768) text += String.fromCharCode(...data.subarray(i, i + 32768));
  return { width, height, rgba: btoa(text) };
}"""

# The drawn picture is the still of what is wanted now, in the size that is wanted now, checked against its digest.
SETTLED = """(role) => {
  const { drawn, views } = window.farview;
  const [picture, view] = [drawn[role], views()[role]];
  const pane = document.querySelector(`[data-testid=viewport-${role}]`);
  if (!picture || picture.verified !== true || !view) return false;
  const box = pane?.getBoundingClientRect();
  const own = (side) => (box ? Math.floor(box[side] * devicePixelRatio) : picture[`full_${side}`]);
  const fits = picture.full_width === own('width') && picture.full_height === own('height');
  return fits && JSON.stringify(picture.view) === JSON.stringify(view);
}"""


class Fingers:
    """Touches through the browser's own input pipeline, so that scrolling and zooming of the page would show."""

    def __init__(self, reader: Reader) -> None:
        self.session: CDPSession = reader.page.context.new_cdp_session(reader.page)
        self.page = reader.page

    def send(self, kind: str, points: list[Point], at_s: float | None = None) -> None:
        touches = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        event: dict[str, Any] = {"type": kind, "touchPoints": touches}
        self.session.send("Input.dispatchTouchEvent", event if at_s is None else {**event, "timestamp": at_s})

    def down(self, *points: Point) -> None:
        self.send("touchStart", list(points))

    def up(self) -> None:
        self.send("touchEnd", [])

    def drag(self, start: list[Point], end: list[Point], steps: int = 12, lift: bool = True) -> None:
        """Put fingers down, move them in a straight line, lift them."""
        self.send("touchStart", start)
        for step in range(1, steps + 1):
            part = step / steps
            self.send(
                "touchMove",
                [(x + (u - x) * part, y + (v - y) * part) for (x, y), (u, v) in zip(start, end, strict=True)],
            )
            self.page.wait_for_timeout(16)
        if lift:
            self.up()

    def flick(self, start: Point, end: Point) -> None:
        """A twentieth of a second from here to there and off the glass, by the events' own clock: we may be slow."""
        begun = time.time() - 0.05
        self.send("touchStart", [start], begun)
        for step in range(1, 6):
            part = step / 5
            point = (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)
            self.send("touchMove", [point], begun + 0.05 * part)
        self.send("touchEnd", [], begun + 0.05)

    def rest_and_lift(self) -> None:
        """Hold still long enough that lifting is no flick."""
        self.page.wait_for_timeout(120)
        self.up()

    def tap(self, *points: Point) -> None:
        self.send("touchStart", list(points))
        self.up()

    def double_tap(self, point: Point) -> None:
        self.tap(point)
        self.tap(point)

    def hold(self, point: Point, lift: bool = True) -> None:
        """A long press."""
        self.down(point)
        self.page.wait_for_timeout(650)
        if lift:
            self.up()


def middle(reader: Reader, role: str) -> Point:
    x, y, width, height = reader.box(role)
    return x + width / 2, y + height / 2


def settle(reader: Reader, role: str) -> dict[str, Any]:
    """Wait for the lossless still of what this viewport wants; the view that it shows."""
    reader.wait(SETTLED, role)
    view: dict[str, Any] = reader.page.evaluate("(role) => window.farview.drawn[role].view", role)
    return view


def pixels(reader: Reader, role: str) -> NDArray[np.uint8]:
    """What the canvas shows now [h, w]: the red channel, which is the grey of a grey picture."""
    kept = reader.page.evaluate(CANVAS, role)
    return np.frombuffer(base64.b64decode(kept["red"]), np.uint8).reshape(kept["height"], kept["width"])


def still(reader: Reader, role: str) -> NDArray[np.uint8]:
    """`pixels` of the lossless still: looked at in the moment in which it is there, whatever moves afterwards."""
    both = f"(role) => ({SETTLED})(role) && ({CANVAS})(role)"
    kept = reader.page.wait_for_function(both, arg=role, polling="raf", timeout=60_000).json_value()
    return np.frombuffer(base64.b64decode(kept["red"]), np.uint8).reshape(kept["height"], kept["width"])


def colours(reader: Reader, role: str) -> NDArray[np.uint8]:
    """What the canvas shows now in colours [h, w, 3]."""
    kept = reader.page.evaluate(COLOURS, role)
    rgba = np.frombuffer(base64.b64decode(kept["rgba"]), np.uint8)
    return rgba.reshape(kept["height"], kept["width"], 4)[..., :3]


def under(view: dict[str, Any], box: tuple[float, float, float, float], point: Point) -> NDArray[np.float64]:
    """What lies under a point of the page, in the view's own space: the image's millimetres, or the patient's."""
    x, y, width, height = box
    mm = view["extent_mm"] / min(width, height)
    centre, right, down = (np.asarray(view[key], float) for key in ("centre", "right", "down"))
    result: NDArray[np.float64] = (
        centre + (point[0] - x - width / 2) * mm * right + (point[1] - y - height / 2) * mm * down
    )
    return result


def prefer(reader: Reader, testid: str) -> None:
    """Press something in the settings."""
    page = reader.page
    if page.get_by_test_id("more").count():
        page.get_by_test_id("more").tap()
    page.get_by_test_id("settings-button").tap()
    page.get_by_test_id(testid).tap()
    page.get_by_test_id("settings").get_by_test_id("close-sheet").tap()
    page.get_by_test_id("settings").wait_for(state="detached")


def cross(reader: Reader) -> list[float]:
    """Where the planes meet: what each of them shows at its own depth."""
    return [
        reader.view("sagittal")["centre"][0],
        reader.view("coronal")["centre"][1],
        reader.view("axial")["centre"][2],
    ]
