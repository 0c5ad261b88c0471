"""A whole Farview with its demo study, and the system's Chromium as desktop and phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from benchmarks.browser import DESKTOP, PHONE, TABLET, chromium, executable, profile
from benchmarks.reading import Reader
from benchmarks.service import Service
from tests.browser.fingers import settle

# What a reader sets is kept by the account; the next test's reader has set nothing.
FORGET = """() => fetch('api/me/preferences', {
  method: 'PUT', body: '{}', headers: { 'Content-Type': 'application/json' },
})"""

PROFILES = {"phone": PHONE, "tablet": TABLET}


@pytest.fixture(scope="module")  # while it is there, its event loop runs, and no test of ours can run another
def browser() -> Iterator[Browser]:
    if executable() is None:
        pytest.skip("needs Chromium: on Debian `apt-get install chromium`")
    with chromium() as one:
        yield one


@pytest.fixture(scope="session")
def farview() -> Iterator[Service]:
    """Running, with the demo study arrived and its volume file written."""
    service = Service()
    try:
        service.start("--demo")
        service.wait_for_log("The demo study is ready")
        yield service
    finally:
        service.close()


@pytest.fixture
def desktop(browser: Browser, farview: Service) -> Iterator[Reader]:
    """A reader at a 1440×900 screen, signed in."""
    with profile(browser, DESKTOP) as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        yield reader


@pytest.fixture
def phone(browser: Browser, farview: Service) -> Iterator[Reader]:
    """A reader with a phone of 390×844 and fingers, signed in."""
    with profile(browser, PHONE) as context:
        reader = Reader(context.new_page(), farview.address)
        reader.sign_in()
        yield reader


@pytest.fixture(params=list(PROFILES))
def reader(request: pytest.FixtureRequest, browser: Browser, farview: Service) -> Iterator[Reader]:
    """A phone's reader, and a tablet's: signed in, with the demo study's stack on the screen."""
    with profile(browser, PROFILES[request.param]) as context:
        one = Reader(context.new_page(), farview.address)
        one.sign_in()
        one.open_study("PHANTOM")
        settle(one, "stack")
        yield one
        one.page.evaluate(FORGET)
        assert one.page.evaluate("() => [window.visualViewport.scale, scrollX, scrollY]") == [1, 0, 0]
        assert one.page.evaluate("() => String(getSelection())") == ""


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where tests leave screenshots for people to look at."""
    return tmp_path_factory.mktemp("screenshots")
