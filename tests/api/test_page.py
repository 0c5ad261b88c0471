"""The page, its files, and the headers of every answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.headers import content_policy
from api.page import Page
from tests.api.conftest import House


async def test_the_page_is_asked_for_anew_and_its_hashed_files_never(house: House) -> None:
    page = await house.client.get("/")
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    script = await house.client.get("/assets/main-abc123.js")
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "immutable" in script.headers["Cache-Control"]
    again = await house.client.get("/", headers={"If-None-Match": page.headers["ETag"]})
    assert again.status == 304


async def test_a_compressed_file_goes_to_whoever_takes_it(house: House) -> None:
    async with house.client.session.get(
        house.client.make_url("/assets/main-abc123.js"), headers={"Accept-Encoding": "identity"}
    ) as plain:
        assert await plain.text() == "console.log(1)"
        assert plain.headers["Vary"] == "Accept-Encoding"
    raw = await house.client.get("/assets/main-abc123.js", headers={"Accept-Encoding": "gzip"}, auto_decompress=False)
    assert raw.headers["Content-Encoding"] == "gzip"
    assert await raw.read() == b"gzipped"


@pytest.mark.parametrize(
    "path", ["/../settings.py", "/assets/../../secret", "/%2e%2e/settings.py", "/assets/main-abc123.js.gz", "/x"]
)
async def test_only_the_files_of_the_build_are_there(house: House, path: str) -> None:
    (house.home.path / "secret").write_text("secret")
    response = await house.client.get(path)
    assert response.status == 404


def test_a_folder_that_is_not_there_is_a_page_that_is_not_built(tmp_path: Path) -> None:
    assert not Page(tmp_path / "missing").built


async def test_every_answer_says_what_a_browser_may_do_with_it(house: House) -> None:
    for path in ("/", "/api/me", "/api/nothing", "/assets/main-abc123.js"):
        headers = (await house.client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        policy = headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert "aiohttp" not in headers.get("Server", "")


async def test_nothing_below_api_is_kept_by_a_browser(house: House) -> None:
    await house.sign_in()
    for path in ("/api/me", "/api/studies", f"/api/series/{house.series['A']}/thumbnail", "/api/nothing"):
        assert (await house.client.get(path)).headers["Cache-Control"] == "no-store"


def test_a_strange_host_gets_no_word_into_the_policy() -> None:
    assert "wss://pacs.example:8765" in content_policy("pacs.example:8765")
    assert "wss://[::1]:8765" in content_policy("[::1]:8765")
    for host in ("x; script-src *", "a b", "", "'unsafe-inline'"):
        assert "ws:" not in content_policy(host)
