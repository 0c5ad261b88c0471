"""What the page does with cines, phases, missing slices, VOI LUTs, overlays, own keys and the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Download

from benchmarks.browser import DESKTOP, PHONE, profile
from benchmarks.reading import Reader
from benchmarks.service import LOGIN, PASSWORD, Service
from tests.browser.studies import FRAMES, MISSING, PHASES, SLICES, STEP_MM, TRIGGER_MS, cine_pixels, write_studies

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parents[2] / "viewer" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIOLATIONS = """async (rules) => (await axe.run(document, { runOnly: rules })).violations
  .map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 160))])"""


@pytest.fixture(scope="session", autouse=True)
def studies(farview: Service, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The studies of tests/browser/studies.py, imported."""
    folder = tmp_path_factory.mktemp("studies")
    write_studies(folder)
    done = farview.farview("import", folder)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def english(browser: Browser, farview: Service) -> Iterator[Reader]:
    """The reader at a desk in English."""
    with profile(browser, DESKTOP, locale="en-US") as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        yield reader


def open_study(reader: Reader, name: str, keep: str | None = None) -> None:
    reader.open_study(name, keep)
    reader.wait_drawn("stack", final=True)


def rested(reader: Reader, role: str, condition: str = "true") -> dict[str, object]:
    """Wait for a verified picture of this viewport whose event `e` meets a condition, and give the event."""
    reader.wait(f"() => window.bench.events.some((e) => e.role === '{role}' && e.verified === true && {condition})")
    return next(d.event for d in reversed(reader.drawn()) if d.role == role and d.event["verified"] is True)


# ── cine ──


def test_a_cine_plays_every_frame_at_its_pace_and_stops_where_the_reader_stops_it(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    open_study(desktop, "PLAYER")
    assert page.get_by_test_id("player").is_visible()
    assert desktop.view("stack")["frame"] == 0, "nothing plays by itself"
    desktop.forget()
    page.keyboard.press("c")
    desktop.wait("() => new Set(window.bench.events.map((e) => e.view.frame)).size >= 20")
    page.screenshot(path=shots / "cine.png")
    seen = [d.event for d in desktop.drawn() if d.role == "stack"]
    # Each picture stands for the moment at which its frame was due: the clock never falls behind a slow line.
    rounds = 0
    for before, event in pairwise(seen):
        rounds += event["view"]["frame"] < before["view"]["frame"]
    passed_ms = seen[-1]["drawnAt"] - seen[0]["drawnAt"]
    frames = rounds * FRAMES + seen[-1]["view"]["frame"] - seen[0]["view"]["frame"]
    assert frames * 50 == pytest.approx(passed_ms, abs=400)
    assert "帧/秒" in page.get_by_test_id("measured").inner_text()

    desktop.forget()
    page.keyboard.press("Escape")
    event = rested(desktop, "stack")
    assert event["view"]["frame"] == desktop.view("stack")["frame"]  # type: ignore[index]
    stood = desktop.view("stack")["frame"]
    page.wait_for_timeout(300)
    assert desktop.view("stack")["frame"] == stood

    page.keyboard.press("c")
    page.keyboard.press("ArrowDown")
    assert page.get_by_test_id("play").inner_text().strip() == "播放"


def test_a_hidden_page_stops_its_cine(desktop: Reader) -> None:
    open_study(desktop, "PLAYER")
    page = desktop.page
    page.get_by_test_id("play").click()
    page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    assert page.get_by_test_id("play").inner_text().strip() == "播放"


# ── overlays, shutter, VOI LUT ──


def test_overlay_and_shutter_can_be_hidden_and_only_then_the_pixels_are_called_original(desktop: Reader) -> None:
    page = desktop.page
    open_study(desktop, "PLAYER", keep="stack")
    page.get_by_test_id("original-pixels").click()
    desktop.forget()
    page.get_by_test_id("window-header1").click()  # the VOI LUT that turns black and white round
    event = rested(desktop, "stack", "e.view.lut === 0")
    assert event["quality"] == ["LOSSLESS ✓", "covered"]
    assert "VOI LUT REVERSED" in page.get_by_test_id("window-text").inner_text()
    grey = desktop.grey(event["sequence"])  # type: ignore[arg-type]
    truth = np.round((4095 - cine_pixels()[0].astype(float)) / 4095 * 255)
    y, x = (grey.shape[0] - truth.shape[0]) // 2, (grey.shape[1] - truth.shape[1]) // 2
    assert abs(grey[y + 48, x + 48] - truth[48, 48]) <= 1
    assert grey[y + 10, x + 48] != truth[10, 48], "the overlay lies here"

    desktop.forget()
    page.keyboard.press("Shift+O")
    page.keyboard.press("Shift+S")
    event = rested(desktop, "stack", "e.view.overlays === false && e.view.shutter === false")
    assert event["quality"] == ["LOSSLESS ✓", "original"]
    grey = desktop.grey(event["sequence"])  # type: ignore[arg-type]
    assert np.abs(grey[y : y + 96, x : x + 96] - truth).max() <= 1

    # Dragging the window leaves the table.
    left, top, width, height = desktop.box("stack")
    page.mouse.move(left + width / 2, top + height / 2)
    page.mouse.down()
    page.mouse.move(left + width / 2 + 40, top + height / 2, steps=4)
    page.mouse.up()
    assert desktop.view("stack").get("lut") is None
    assert page.get_by_test_id("window-text").inner_text().startswith("W ")


# ── phases ──


def test_the_phases_of_a_heart_are_one_series_under_a_slider_and_the_view_stays(desktop: Reader, shots: Path) -> None:
    page = desktop.page
    open_study(desktop, "HEART", keep="stack")
    assert page.get_by_test_id("series").count() == 1
    first = desktop.view("stack")
    slider = page.get_by_test_id("phase-slider")
    assert slider.get_attribute("max") == str(PHASES - 1)
    widths = []
    for phase in range(PHASES):
        desktop.forget()
        if phase:
            page.keyboard.press("]")
        else:  # away and back, so that this one is drawn again
            page.keyboard.press("]")
            page.keyboard.press("[")
        assert f"触发 {phase * TRIGGER_MS} ms" in page.get_by_test_id("phase-text").inner_text()
        desktop.wait("() => window.bench.events.some((e) => e.verified === true"
                     " && e.view.stack === window.farview.views().stack.stack)")  # fmt: skip
        event = next(d.event for d in reversed(desktop.drawn()) if d.event["verified"] is True)
        grey = desktop.grey(event["sequence"])
        widths.append(int((grey[grey.shape[0] // 2] > 128).sum()))
        assert f"触发 {phase * TRIGGER_MS} ms" in page.get_by_test_id("phase-corner").first.inner_text()
    assert widths == sorted(widths) and widths[-1] > widths[0], "the ball grows from phase to phase"
    last = desktop.view("stack")
    assert {k: v for k, v in last.items() if k != "stack"} == {k: v for k, v in first.items() if k != "stack"}

    # Planes and volume rendering follow the slider too, and keep where they are.
    page.keyboard.press("m")
    desktop.wait_drawn("axial", "coronal", "sagittal", "volume", final=True)
    before = desktop.view("coronal")
    desktop.forget()
    slider.focus()
    page.keyboard.press("Home")
    desktop.wait_drawn("axial", "coronal", "sagittal", "volume", final=True)
    after = desktop.view("coronal")
    assert after["stack"] != before["stack"]
    assert {**after, "stack": ""} == {**before, "stack": ""}
    page.screenshot(path=shots / "phases.png")


# ── geometry ──


def test_missing_slices_are_told_and_nothing_stands_in_their_place(english: Reader, shots: Path) -> None:
    page = english.page
    open_study(english, "GAP")
    chip = page.get_by_test_id("chip-note_missing_slices").first
    assert chip.inner_text() == "3 slices missing"
    chip.click()
    told = page.get_by_test_id("note-text").first.inner_text()
    low, high = STEP_MM * (MISSING[0] - 1), STEP_MM * (MISSING[-1] + 1)
    assert f"between {low:g} and {high:g} mm" in told
    page.keyboard.press("m")
    english.wait_drawn("axial", "coronal", final=True)
    # The axial plane goes from stored slice to stored slice: 27 of them, and never into the gap.
    assert "/27" in page.get_by_test_id("corners-axial").get_by_test_id("image-position").inner_text()
    heights = []
    page.keyboard.press("Home")
    for _ in range(SLICES - len(MISSING)):
        heights.append(round(english.view("axial")["centre"][2], 6))
        page.keyboard.press("ArrowDown")
    assert heights == [STEP_MM * z for z in range(SLICES) if z not in MISSING]
    # A point in the gap: the reader is told that there is nothing.
    x, y, width, height = english.box("coronal")
    view = english.view("coronal")
    px = view["extent_mm"] / min(width, height)
    wanted = STEP_MM * MISSING[1]
    down = (view["centre"][2] - wanted) / px  # the coronal plane has the feet below
    page.mouse.click(x + width / 2 + 20, y + height / 2 + down)
    page.get_by_test_id("corners-axial").get_by_test_id("between").wait_for()
    assert "not stored" in page.get_by_test_id("corners-coronal").get_by_test_id("between").inner_text()
    page.screenshot(path=shots / "gap.png")


@pytest.mark.parametrize(
    ("locale", "corner", "sentence"),
    [
        ("zh-CN", "图像 {}/8", "第 2 幅（共 8 幅）无法解码"),
        ("en-US", "Im {}/8", "Image 2 of 8 cannot be decoded"),
    ],
)
def test_an_image_that_cannot_be_decoded_is_named_by_the_number_in_the_corner(
    browser: Browser, farview: Service, locale: str, corner: str, sentence: str
) -> None:
    with profile(browser, DESKTOP, locale=locale) as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        open_study(reader, "SPOILT")
        page = reader.page
        stack = page.get_by_test_id("viewport-stack")
        for key, shown in [("Home", 1), ("ArrowDown", None), ("ArrowDown", 3)]:
            page.keyboard.press(key)
            if shown:
                stack.get_by_text(corner.format(shown)).wait_for()
            else:
                stack.get_by_test_id("trouble").filter(has_text=sentence).wait_for()
        page.keyboard.press("m")
        for role in ("axial", "volume"):
            page.get_by_test_id(f"viewport-{role}").get_by_test_id("trouble").filter(has_text=sentence).wait_for()


def test_objects_without_pictures_are_listed(desktop: Reader) -> None:
    desktop.open_study("REPORT")
    page = desktop.page
    page.get_by_test_id("stored-only").wait_for()
    assert "结构化报告 2" in page.get_by_test_id("stored-only").inner_text()
    assert "结构化报告 2" in page.get_by_test_id("stored-study").inner_text()


def test_what_is_kept_as_a_conflict_is_told_at_the_desk_and_on_the_phone(
    desktop: Reader, phone: Reader, shots: Path
) -> None:
    for name, reader in (("desk", desktop), ("phone", phone)):
        reader.open_study("REPORT")
        if reader is phone:
            reader.page.get_by_test_id("more").click()
        said = reader.page.get_by_test_id("conflicts")
        said.wait_for()
        assert said.inner_text() == "另有 1 幅影像标识相同而内容不同，或患者不符：已保留，未显示"
        reader.page.screenshot(path=shots / f"conflicts_{name}.png")


# ── keys ──


def test_keys_are_assigned_by_pressing_told_of_conflicts_and_kept_in_the_account(
    browser: Browser, farview: Service, desktop: Reader, tmp_path: Path
) -> None:
    page = desktop.page
    open_study(desktop, "GAP")
    page.get_by_test_id("settings-button").click()
    page.get_by_test_id("keys-windows").locator("summary").click()
    page.get_by_test_id("add-key-window:infant_brain").click()
    page.keyboard.press("j")
    page.get_by_test_id("add-key-window:cardiac").click()
    page.keyboard.press("3")
    assert "肺" in page.get_by_test_id("key-told").inner_text(), "3 is the lung's, and the reader is told"
    page.get_by_test_id("replace-key").click()
    with page.expect_download() as download:
        page.get_by_test_id("export-keys").click()
    taken: Download = download.value
    file = tmp_path / "keys.json"
    taken.save_as(file)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert desktop.view("stack")["window"] == [32, 70]
    page.keyboard.press("3")
    assert desktop.view("stack")["window"] == [200, 800]

    # Another machine, the same account.
    with profile(browser, DESKTOP) as context:
        other = Reader(context.new_page(), farview.address)
        other.sign_in()
        open_study(other, "GAP")
        other.page.keyboard.press("j")
        assert other.view("stack")["window"] == [32, 70]
        # Back to the keys as they came, then the file.
        other.page.get_by_test_id("settings-button").click()
        other.page.get_by_test_id("reset-keys").click()
        other.page.keyboard.press("Escape")
        other.page.keyboard.press("3")
        assert other.view("stack")["window"] == [-600, 1500]
        other.page.get_by_test_id("settings-button").click()
        other.page.get_by_test_id("keys-file").set_input_files(file)
        other.page.get_by_test_id("key-told").filter(has_text="已导入").wait_for()
        other.page.keyboard.press("Escape")
        other.page.keyboard.press("3")
        assert other.view("stack")["window"] == [200, 800]
        other.page.get_by_test_id("settings-button").click()
        other.page.get_by_test_id("reset-keys").click()


def test_no_key_acts_while_a_number_is_typed(desktop: Reader) -> None:
    open_study(desktop, "GAP")
    page = desktop.page
    before = desktop.view("stack")
    page.get_by_test_id("window-width").focus()
    page.keyboard.press("i")
    page.keyboard.press("3")
    page.keyboard.press("Escape")
    assert desktop.view("stack") == before


def test_from_the_door_to_a_window_of_the_planes_and_back_without_a_mouse(browser: Browser, farview: Service) -> None:
    with profile(browser, DESKTOP) as context:
        reader = Reader(context.new_page(), farview.address)
        page = reader.page
        page.goto(farview.address)
        page.get_by_test_id("sign-in-page").wait_for()

        def tab_to(testid: str, most: int = 40) -> None:
            for _ in range(most):
                if page.evaluate("() => document.activeElement?.dataset.testid") == testid:
                    return
                page.keyboard.press("Tab")
            raise AssertionError(f"Tab never reaches {testid}")

        tab_to("login")
        page.keyboard.type(LOGIN)
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_test_id("study-row").first.wait_for()
        tab_to("search")
        page.keyboard.type("GAP")
        page.wait_for_function("() => document.querySelectorAll('[data-testid=study-row]').length === 1")
        page.keyboard.press("ArrowDown")
        focused = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
        assert focused != "none", "one sees where one is"
        page.keyboard.press("Enter")
        reader.wait_drawn("stack", final=True)
        page.keyboard.press("m")
        reader.wait_drawn("axial", "coronal", "sagittal", final=True)
        page.keyboard.press("4")
        assert reader.view("coronal")["window"] == [500, 2000]
        # Tabs: arrows go through them.
        tab_to("tab-grid")
        page.keyboard.press("ArrowRight")
        assert page.get_by_test_id("tab-axial").get_attribute("aria-selected") == "true"
        # A dialogue keeps the focus, and Escape gives it back to what opened it.
        tab_to("settings-button", 80)
        page.keyboard.press("Enter")
        page.get_by_test_id("keys-section").wait_for()
        for _ in range(60):
            page.keyboard.press("Tab")
            assert page.evaluate("() => document.activeElement.closest('[role=dialog]') !== null")
        page.keyboard.press("Escape")
        page.get_by_test_id("settings").wait_for(state="detached")
        assert page.evaluate("() => document.activeElement?.dataset.testid") == "settings-button"
        tab_to("back", 80)
        page.keyboard.press("Enter")
        page.get_by_test_id("studies-page").wait_for()


# ── WCAG ──


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_every_page_passes_the_rules_of_axe(
    browser: Browser, farview: Service, device: dict[str, object], locale: str, shots: Path
) -> None:
    if not AXE.exists():
        pytest.skip("needs axe-core: run `python viewer/hatch_build.py --check` once")
    small = device is PHONE
    with profile(browser, device, locale=locale) as context:
        reader = Reader(context.new_page(), farview.address)
        page = reader.page
        found: dict[str, object] = {}

        def look(name: str) -> None:
            page.screenshot(path=shots / f"{locale}-{'phone' if small else 'desktop'}-{name}.png")
            page.evaluate(AXE.read_text())
            if violations := page.evaluate(VIOLATIONS, RULES):
                found[name] = violations

        page.goto(farview.address)
        page.get_by_test_id("sign-in-page").wait_for()
        look("door")
        reader.sign_in()
        page.get_by_test_id("study-row").first.wait_for()
        assert page.evaluate("() => document.documentElement.lang") == ("zh-CN" if locale == "zh-CN" else "en")
        look("list")
        open_study(reader, "PLAYER")
        look("player")
        reader.to_list()
        open_study(reader, "HEART")
        look("phases")
        reader.to_list()
        open_study(reader, "GAP")
        page.get_by_test_id("chip-note_missing_slices").first.click()
        look("notes")
        page.keyboard.press("m")
        reader.wait_drawn("axial", final=True)
        look("planes")
        page.keyboard.press("?")
        page.get_by_test_id("help").wait_for()
        look("help")
        page.keyboard.press("Escape")
        if small:
            page.get_by_test_id("more").click()
            page.get_by_test_id("sheet").wait_for()
            look("more")
        page.get_by_test_id("settings-button").click()
        page.get_by_test_id("keys-section").wait_for()
        look("settings")
        page.keyboard.press("Escape")
        page.keyboard.press("v")
        reader.wait_drawn("volume")
        look("volume")
        reader.to_list()
        reader.open_study("REPORT")
        page.get_by_test_id("stored-study").wait_for()
        look("report")
        assert found == {}


@pytest.mark.parametrize("study", ["PLAYER", "HEART", "GAP"])
def test_at_twice_the_size_nothing_is_cut_off(browser: Browser, farview: Service, study: str) -> None:
    """200 % zoom of a 1440×900 window is a page of 720×450 CSS pixels with twice the pixels each."""
    zoomed = {**DESKTOP, "viewport": {"width": 720, "height": 450}, "device_scale_factor": 2}
    with profile(browser, zoomed) as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        page = reader.page
        fits = "() => document.documentElement.scrollWidth <= innerWidth && document.body.scrollHeight <= innerHeight"
        page.get_by_test_id("study-row").first.wait_for()
        assert page.evaluate(fits)
        open_study(reader, study)
        assert page.evaluate(fits)
        cut = page.evaluate(
            "() => [...document.querySelectorAll('button:not(.series)')].filter((b) => b.getClientRects().length"
            " && !b.closest('.series-strip,.sheet,.presets') && b.getBoundingClientRect().right > innerWidth + 1)"
            ".map((b) => b.outerHTML.slice(0, 120))"
        )
        assert cut == []
