"""A reader at the page: signs in, opens studies, drags; and what the page saw, by its own clock."""

from __future__ import annotations

import base64
import math
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page

from benchmarks.service import LOGIN, PASSWORD

# Runs before the page. `clicked`: performance.now() of the last click on a row, `released`: of the last button let go.
# `events`: every drawn frame.
# `keep(role)` asks for a copy of the pixels of each frame of that viewport as it is drawn.
WATCH = """
window.bench = { clicked: null, released: null, events: [], kept: {}, keeping: null };
document.addEventListener('click', (event) => {
  if (event.target.closest('[data-testid=study-row]')) {
    window.bench.clicked = performance.now();
    window.bench.events = [];
    window.bench.kept = {};
  }
}, true);
document.addEventListener('pointerup', () => { window.bench.released = performance.now(); }, true);
window.addEventListener('farview:drawn', ({ detail }) => {
  const { bench } = window;
  bench.events.push({ ...detail });
  if (bench.keeping !== detail.role || detail.verified !== null) return;
  const canvas = document.querySelector(`[data-testid=canvas-${detail.role}]`);
  const { width, height } = canvas;
  bench.kept[detail.sequence] = canvas.getContext('2d').getImageData(0, 0, width, height);
});
"""

FETCH_GREY = """(sequence) => {
  const { data, width, height } = window.bench.kept[sequence];
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i += 1) grey[i] = data[4 * i];
  let text = '';
  for (let i = 0; i < grey.length; i += 32768) text += String.fromCharCode(...grey.subarray(i, i + 32768));
  return { width, height, grey: btoa(text) };
}"""


class Drag(NamedTuple):
    """Frames drawn per second while a viewport was dragged, and the page's event of the newest."""

    fps: float
    newest: dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """One frame that came onto the screen; the times are the page's own, seconds after the click on the row."""

    at_s: float
    event: dict[str, Any]

    @property
    def role(self) -> str:
        return str(self.event["role"])


class Reader:
    """Drives one page."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        page.add_init_script(WATCH)

    def sign_in(self) -> None:
        """To the study list, with the stream open."""
        self.page.goto(self.address)
        fields = self.page.locator("[data-testid=sign-in-page] input")
        fields.nth(0).fill(LOGIN)
        fields.nth(1).fill(PASSWORD)
        self.page.get_by_test_id("sign-in").click()
        self.page.get_by_test_id("studies-page").wait_for()

    def to_list(self) -> None:
        self.page.get_by_test_id("back").click()
        self.page.get_by_test_id("studies-page").wait_for()

    def open_study(self, text: str, keep: str | None = None) -> None:
        """Click the row that contains `text`."""
        self.page.evaluate("(role) => { window.bench.keeping = role }", keep)
        self.page.get_by_test_id("study-row").filter(has_text=text).first.click()

    def wait(self, condition: str, argument: object = None, timeout_s: float = 60) -> None:
        """Until this JavaScript function of the page is true; looked at in every animation frame."""
        self.page.wait_for_function(condition, arg=argument, timeout=timeout_s * 1000, polling="raf")

    def wait_drawn(self, *roles: str, final: bool = False, timeout_s: float = 60) -> None:
        """Until every one of these viewports has drawn since the click; `final`: and its checksum was right."""
        self.wait(
            "({ roles, final }) => roles.every((role) => window.bench.events.some("
            "(e) => e.role === role && (!final || e.verified === true)))",
            {"roles": list(roles), "final": final},
            timeout_s,
        )

    def forget(self) -> None:
        """Start a new list of drawn frames."""
        self.page.evaluate("() => { window.bench.events = []; window.bench.kept = {} }")

    def drawn(self) -> list[Drawn]:
        events = self.page.evaluate("() => ({ clicked: window.bench.clicked, events: window.bench.events })")
        clicked = events["clicked"] or 0.0
        return [Drawn((event["drawnAt"] - clicked) / 1000, event) for event in events["events"]]

    def settled(self, role: str) -> tuple[float, float]:
        """Milliseconds from letting go until a viewport was there in full size, and until it was final."""
        self.wait(
            "(role) => window.bench.events.some("
            "(e) => e.role === role && e.verified === true && e.drawnAt > window.bench.released)",
            role,
        )
        released = float(self.page.evaluate("() => window.bench.released"))
        after = [d.event for d in self.drawn() if d.role == role and d.event["drawnAt"] > released]
        full = next(event for event in after if event["width"] == event["full_width"])
        final = next(event for event in after if event["final"])
        return full["drawnAt"] - released, final["drawnAt"] - released

    def now_s(self) -> float:
        """Seconds since the click, by the page's clock."""
        return float(self.page.evaluate("() => (performance.now() - window.bench.clicked) / 1000"))

    def grey(self, sequence: int) -> NDArray[np.uint8]:
        """The pixels [h, w] that were kept when this frame was drawn."""
        kept = self.page.evaluate(FETCH_GREY, sequence)
        pixels = np.frombuffer(base64.b64decode(kept["grey"]), np.uint8)
        return pixels.reshape(kept["height"], kept["width"])

    def view(self, role: str) -> dict[str, Any]:
        view: dict[str, Any] = self.page.evaluate("(role) => window.farview.views()[role]", role)
        return view

    def box(self, role: str) -> tuple[float, float, float, float]:
        """x, y, width, height of a viewport on the page, CSS pixels."""
        box = self.page.get_by_test_id(f"viewport-{role}").bounding_box()
        assert box is not None
        return box["x"], box["y"], box["width"], box["height"]

    def make_square(self, role: str, side: int) -> None:
        """Give the page the size at which this viewport, shown alone, is side × side."""
        for _ in range(2):  # a wider page may lay its bars out otherwise
            _, _, width, height = self.box(role)
            page = self.page.viewport_size
            assert page is not None
            size = {"width": page["width"] + side - round(width), "height": page["height"] + side - round(height)}
            self.page.set_viewport_size(size)  # type: ignore[arg-type] # two whole numbers
            self.page.wait_for_timeout(300)

    def drag_for(self, role: str, seconds: float, button: str = "left", radius: float = 0.25) -> Drag:
        """Drag in circles about the middle of a viewport, sixty moves a second."""
        x, y, width, height = self.box(role)
        centre_x, centre_y, r = x + width / 2, y + height / 2, radius * min(width, height)
        mouse = self.page.mouse
        mouse.move(centre_x + r, centre_y)
        mouse.down(button=button)  # type: ignore[arg-type] # one of the three buttons
        mouse.move(centre_x + r, centre_y + 12)
        self.forget()
        begun = time.monotonic()
        steps = 0
        while (passed := time.monotonic() - begun) < seconds:
            angle = 2 * math.pi * passed / 4
            mouse.move(centre_x + r * math.cos(angle), centre_y + r * math.sin(angle) + 12)
            steps += 1
            time.sleep(max(0.0, begun + steps / 60 - time.monotonic()))
        events = [d.event for d in self.drawn() if d.role == role and d.event["verified"] is None]
        mouse.up(button=button)  # type: ignore[arg-type]
        if len(events) < 2:
            return Drag(0.0, {})
        fps = float(len(events) - 1) / float(events[-1]["drawnAt"] - events[0]["drawnAt"]) * 1000
        return Drag(fps, events[-1])


def expected_grey(
    values: NDArray[Any], view: dict[str, Any], spacing: tuple[float, float], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """What a stack view of one slice should look like, 0…255, in plain numpy: bilinear, then PS3.3 C.11.2.1.2.

    values: [y, x] HU; spacing: (x, y) mm per pixel; shape: (height, width) of the picture.
    """
    height, width = shape
    px = view["extent_mm"] / min(width, height)
    u = (np.arange(width) + 0.5 - width / 2) * px
    v = (np.arange(height) + 0.5 - height / 2) * px
    right, down, centre = (np.asarray(view[key], float) for key in ("right", "down", "centre"))
    x = (centre[0] + u[None, :] * right[0] + v[:, None] * down[0]) / spacing[0]
    y = (centre[1] + u[None, :] * right[1] + v[:, None] * down[1]) / spacing[1]
    rows, columns = values.shape
    # A pixel reaches half a pixel beyond its centre; there its own value stands.
    inside = (x >= -0.5) & (x <= columns - 0.5) & (y >= -0.5) & (y <= rows - 0.5)
    x, y = np.clip(x, 0, columns - 1), np.clip(y, 0, rows - 1)
    i = np.clip(x.astype(int), 0, columns - 2)
    j = np.clip(y.astype(int), 0, rows - 2)
    fx, fy = x - i, y - j
    a = values.astype(float)
    top = a[j, i] * (1 - fx) + a[j, i + 1] * fx
    bottom = a[j + 1, i] * (1 - fx) + a[j + 1, i + 1] * fx
    hu = top * (1 - fy) + bottom * fy
    window_centre, window_width = view["window"]
    grey = np.clip((hu - (window_centre - 0.5)) / (window_width - 1) + 0.5, 0, 1) * 255
    return np.where(inside, grey, 0)
