"""What is around the pictures on a phone: targets a thumb can hit, a turned phone, carousels, a lit screen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from benchmarks.browser import PHONE, TABLET_LYING, profile
from benchmarks.reading import Reader
from benchmarks.service import Service
from clinical.phantoms.body import body
from storage.dicom.write import uid_of, write_series
from tests.browser.fingers import Fingers, middle, pixels, settle

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]

# Every target that can be seen and pressed now, smaller than a fingertip: what it is, its width and height.
SMALL = """() => [...document.querySelectorAll('button, input, a, select, [role=slider]')]
  .map((element) => {
    const box = element.getBoundingClientRect();
    const own = element.matches('.unseen, [type=hidden]') || getComputedStyle(element).visibility === 'hidden';
    const name = element.dataset.testid || element.getAttribute('aria-label') || element.className;
    return own || !box.width || !box.height ? null : [name, Math.round(box.width), Math.round(box.height)];
  })
  .filter((target) => target && (target[1] < 44 || target[2] < 44))"""


@pytest.fixture(scope="module")
def three_series(farview: Service, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a patient whose study has three series."""
    folder = tmp_path_factory.mktemp("three")
    array, spacing = body(8, 64, 3)
    affine = np.diag([*spacing, 1.0])
    for number in (1, 2, 3):
        shared = {
            "PatientID": "3",
            "PatientName": "Three^Series",  # nobody may take it for the demo study
            "StudyDescription": "Generated",
            "StudyInstanceUID": uid_of("three"),
            "SeriesNumber": number,
            "SeriesDescription": f"part {number}",
        }
        for i, instance in enumerate(write_series(array, affine, seed=("three", number), attributes=shared)):
            (folder / f"{number}-{i}.dcm").write_bytes(instance)
    result = farview.farview("import", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return "Three"


@pytest.fixture(params=["zh-CN", "en-GB"])
def spoken(request: pytest.FixtureRequest, browser: Browser, farview: Service) -> Iterator[Reader]:
    """A phone in either language."""
    with profile(browser, PHONE, locale=request.param) as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        yield reader


def test_every_target_is_large_enough_for_a_finger(spoken: Reader, shots: Path) -> None:
    page = spoken.page
    language = page.evaluate("() => document.documentElement.lang")
    fingers = Fingers(spoken)

    def check(where: str) -> None:
        page.wait_for_timeout(150)
        page.screenshot(path=shots / f"targets-{language}-{where}.png")
        assert page.evaluate(SMALL) == [], where
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), where

    check("list")
    spoken.open_study("PHANTOM")
    settle(spoken, "stack")
    check("stack")
    page.get_by_test_id("more").tap()
    check("more of a stack")
    page.get_by_test_id("settings-button").tap()
    page.get_by_test_id("settings").wait_for()
    check("settings")
    page.get_by_test_id("settings").get_by_test_id("close-sheet").tap()
    fingers.hold(middle(spoken, "stack"))
    page.get_by_test_id("menu").wait_for()
    check("menu of a stack")
    page.go_back()
    page.get_by_test_id("layout-mpr").tap()
    settle(spoken, "axial")
    check("axial")
    page.get_by_test_id("more").tap()
    check("more of a plane")
    page.get_by_test_id("close-sheet").tap()
    page.get_by_test_id("tab-grid").tap()
    page.wait_for_timeout(300)
    check("grid")
    page.get_by_test_id("tab-volume").tap()
    settle(spoken, "volume")
    check("volume")
    page.get_by_test_id("more").tap()
    check("more of a volume")
    page.get_by_test_id("close-sheet").tap()
    page.set_viewport_size({"width": 844, "height": 390})
    check("volume, phone on its side")
    page.get_by_test_id("layout-stack").tap()
    settle(spoken, "stack")
    check("stack, phone on its side")
    page.get_by_test_id("more").tap()
    check("more, phone on its side")


def test_a_turned_phone_keeps_camera_window_crosshair_and_layout(phone: Reader) -> None:
    page, fingers = phone.page, Fingers(phone)
    phone.open_study("PHANTOM")
    settle(phone, "stack")
    page.get_by_test_id("layout-mpr").tap()
    settle(phone, "axial")
    x, y = middle(phone, "axial")
    fingers.tap((x + 60, y - 30))
    fingers.drag([(x - 30, y), (x + 30, y)], [(x - 50, y), (x + 50, y)])
    page.get_by_test_id("tool-window").tap()
    fingers.drag([(x, y)], [(x + 60, y)])
    page.get_by_test_id("tool-window").tap()
    before = settle(phone, "axial")
    others = [phone.view(role)["centre"] for role in ("coronal", "sagittal")]
    for size in ({"width": 844, "height": 390}, {"width": 390, "height": 844}):
        page.set_viewport_size(size)  # type: ignore[arg-type] # two whole numbers
        width = size["width"]
        phone.wait("(width) => innerWidth === width", width)
        phone.wait(
            "() => { const box = document.querySelector('.pane').getBoundingClientRect();"
            " const drawn = window.farview.drawn.axial;"
            " return Math.abs(drawn.full_width - Math.floor(box.width * devicePixelRatio)) <= 1 }"
        )
        assert settle(phone, "axial") == before
        assert page.locator(".pane").count() == 1
        assert [phone.view(role)["centre"] for role in ("coronal", "sagittal")] == others


def test_a_swipe_goes_to_the_next_series(phone: Reader, three_series: str) -> None:
    page, fingers = phone.page, Fingers(phone)
    page.reload()
    page.get_by_test_id("studies-page").wait_for()
    phone.open_study(three_series)
    settle(phone, "stack")
    page.get_by_test_id("more").tap()
    page.wait_for_timeout(400)
    strip = page.get_by_test_id("series-strip").bounding_box()
    assert strip is not None
    x, y = strip["x"] + strip["width"] / 2, strip["y"] + strip["height"] / 2
    chosen = page.locator("[data-testid=series][aria-pressed=true] .series-name")
    assert "part 1" in chosen.inner_text()
    first = phone.view("stack")["series"]
    fingers.drag([(x + 40, y)], [(x - 50, y)])
    phone.wait("(series) => window.farview.views().stack.series !== series", first)
    assert "part 2" in chosen.inner_text()
    settle(phone, "stack")
    page.wait_for_timeout(400)
    fingers.drag([(x - 40, y)], [(x + 50, y)])
    phone.wait("(series) => window.farview.views().stack.series === series", first)


def test_a_swipe_goes_to_the_next_preset_of_the_volume(phone: Reader, shots: Path) -> None:
    page, fingers = phone.page, Fingers(phone)
    phone.open_study("PHANTOM")
    settle(phone, "stack")
    page.get_by_test_id("layout-volume").tap()
    before = settle(phone, "volume")
    picture = pixels(phone, "volume").astype(float)
    row = page.get_by_test_id("preset-row").bounding_box()
    assert row is not None
    names = page.eval_on_selector_all("[data-testid=preset-row] button", "(all) => all.map((b) => b.dataset.testid)")
    x, y = row["x"] + row["width"] / 2, row["y"] + row["height"] / 2
    fingers.drag([(x + 50, y)], [(x - 45, y)])
    phone.wait("(preset) => window.farview.views().volume.preset !== preset", before["preset"])
    after = settle(phone, "volume")
    assert f"swipe-{after['preset']}" == names[names.index(f"swipe-{before['preset']}") + 1]
    assert {**after, "preset": before["preset"]} == before
    assert np.abs(pixels(phone, "volume") - picture).mean() > 1
    page.screenshot(path=shots / "phone-presets.png")


def test_the_screen_stays_on_while_images_are_read(browser: Browser, farview: Service) -> None:
    with profile(browser, PHONE) as context:
        page = context.new_page()
        page.add_init_script(
            "window.locks = { held: 0 };"
            "Object.defineProperty(navigator, 'wakeLock', { value: { request: async () => { locks.held += 1;"
            " const lock = new EventTarget(); lock.release = async () => { locks.held -= 1 }; return lock } } });"
        )
        reader = Reader(page, farview.address)
        reader.sign_in()
        assert page.evaluate("() => locks.held") == 0
        reader.open_study("PHANTOM")
        reader.wait("() => locks.held === 1")
        hide = (
            "(hidden) => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });"
            " document.dispatchEvent(new Event('visibilitychange')); }"
        )
        page.evaluate(hide, True)
        reader.wait("() => locks.held === 0")
        page.evaluate(hide, False)
        reader.wait("() => locks.held === 1")
        reader.to_list()
        reader.wait("() => locks.held === 0")


def test_a_narrow_viewport_keeps_only_what_must_stand_in_its_corners(phone: Reader) -> None:
    phone.open_study("PHANTOM")
    settle(phone, "stack")
    corners = phone.page.get_by_test_id("corners-stack")
    assert "PHANTOM DEMO" in corners.inner_text()
    phone.page.set_viewport_size({"width": 340, "height": 700})
    phone.wait("() => document.querySelector('.corners-tiny')")
    settle(phone, "stack")
    shown = corners.inner_text()
    assert "PHANTOM DEMO" not in shown
    assert "PHANTOM" in shown  # the ID
    assert "W 400 L 40" in shown
    assert "LOSSLESS" in shown
    assert phone.page.get_by_test_id("scale-bar").is_visible()


def test_bars_keep_clear_of_what_a_phone_covers(phone: Reader) -> None:
    """A notch above, a home bar below: what the safe areas say is left free."""
    page = phone.page
    phone.open_study("PHANTOM")
    settle(phone, "stack")
    before = page.get_by_test_id("more").bounding_box()
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setSafeAreaInsetsOverride", {"insets": {"top": 47, "bottom": 34}})
    page.wait_for_timeout(200)
    after, back = page.get_by_test_id("more").bounding_box(), page.get_by_test_id("back").bounding_box()
    assert before is not None
    assert after is not None
    assert back is not None
    assert after["y"] + after["height"] <= 844 - 34
    assert back["y"] >= 47
    page.get_by_test_id("more").tap()
    foot = page.get_by_test_id("language").bounding_box()
    assert foot is not None


def test_no_pull_and_no_pinch_moves_the_page(phone: Reader) -> None:
    page, fingers = phone.page, Fingers(phone)
    phone.open_study("PHANTOM")
    settle(phone, "stack")
    address, loaded = page.url, page.evaluate("() => performance.timeOrigin")
    fingers.drag([(195, 20)], [(195, 700)], steps=20)  # from the patient strip down
    fingers.drag([(60, 820), (330, 820)], [(20, 820), (380, 820)])  # on the tools
    page.get_by_test_id("more").tap()
    fingers.drag([(150, 600), (250, 600)], [(60, 600), (340, 600)])  # on the sheet
    assert page.evaluate("() => [visualViewport.scale, scrollY, performance.timeOrigin]") == [1, 0, loaded]
    assert page.url == address


def test_a_lying_tablet_has_two_by_two_viewports_under_its_fingers(browser: Browser, farview: Service) -> None:
    with profile(browser, TABLET_LYING) as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        reader.open_study("PHANTOM")
        settle(reader, "stack")
        page = reader.page
        page.get_by_test_id("layout-mpr").tap()
        for role in ("axial", "coronal", "sagittal", "volume"):
            settle(reader, role)
        assert page.evaluate(SMALL) == []
        boxes = {role: reader.box(role) for role in ("axial", "coronal", "sagittal", "volume")}
        assert len({round(box[2]) for box in boxes.values()}) == 1
        fingers = Fingers(reader)
        for role in ("coronal", "sagittal"):
            before = {other: reader.view(other)["centre"] for other in ("axial", "coronal", "sagittal")}
            x, y = middle(reader, role)
            fingers.drag([(x - 40, y + 30)], [(x - 40, y - 50)], lift=False)
            fingers.rest_and_lift()
            after = {other: settle(reader, other)["centre"] for other in before}
            assert [other for other in before if after[other] != pytest.approx(before[other])] == [role]
        # Turned upright it keeps the four.
        page.set_viewport_size({"width": 820, "height": 1180})
        page.wait_for_timeout(300)
        assert page.locator(".pane").count() == 4
        views = {role: settle(reader, role) for role in boxes}
        page.set_viewport_size({"width": 1180, "height": 820})
        page.wait_for_timeout(300)
        for role, view in views.items():
            kept = settle(reader, role)
            assert kept["right"] == view["right"]
            assert page.locator(".pane").count() == 4
