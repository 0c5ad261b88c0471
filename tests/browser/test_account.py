"""What somebody who is signed in does with the own account, and may see when nobody can sign in."""

from __future__ import annotations

import pytest

from benchmarks.reading import Reader
from benchmarks.service import PASSWORD

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]

OTHER = "Another-password-2"


def change(reader: Reader, old: str, new: str) -> None:
    page = reader.page
    page.get_by_test_id("account").click()
    form = page.get_by_test_id("password-page")
    for name, text in (("old", old), ("new", new), ("repeat", new)):
        form.locator(f"input[name={name}]").fill(text)
    page.get_by_test_id("save-password").click()


def test_a_password_is_changed_and_the_reader_goes_on(desktop: Reader) -> None:
    page = desktop.page
    page.get_by_test_id("account").click()
    page.go_back()
    page.get_by_test_id("studies-page").wait_for()

    change(desktop, "not the password", OTHER)
    page.get_by_test_id("password-page").get_by_role("alert").wait_for()
    page.go_back()
    change(desktop, PASSWORD, OTHER)
    try:
        page.get_by_test_id("studies-page").wait_for()
        desktop.open_study("PHANTOM")
        desktop.wait_drawn("stack", final=True)
        desktop.to_list()
    finally:
        change(desktop, OTHER, PASSWORD)
        page.get_by_test_id("studies-page").wait_for()


def test_who_looks_after_the_house_opens_its_page_while_the_database_is_away(desktop: Reader) -> None:
    """As the server answers then: it knows nobody, but trusts this session with this one page."""
    page = desktop.page
    page.get_by_test_id("system").click()
    page.get_by_test_id("system-page").wait_for()
    page.route("**/api/me", lambda route: route.fulfill(status=503, json={"code": "database_unavailable"}))
    page.reload()
    page.get_by_test_id("process-renderd").wait_for()
    assert page.get_by_test_id("sign-in-page").count() == 0
