"""Every error of ours has an HTTP status, and nothing of it leaks."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from api.errors import STATUS, ApiError, problems
from storage.errors import DatabaseUnavailable, NotFound, StorageError, WeakPassword


def tree(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


def test_every_error_of_the_api_and_of_storage_has_a_row() -> None:
    ours = [*tree(ApiError), *tree(StorageError)]
    missing = [cls for cls in ours if cls not in STATUS and cls.__module__ in ("api.errors", "storage.errors")]
    assert missing == []


def test_only_a_missing_session_is_401() -> None:
    # The page takes 401 for the end of its session.
    assert [cls.__name__ for cls, status in STATUS.items() if status == 401] == ["NotSignedIn"]


async def answer_to(error: Exception) -> tuple[int, dict[str, str], str]:
    async def handler(request: web.Request) -> web.StreamResponse:
        raise error

    app = web.Application(middlewares=[problems])
    app.router.add_get("/secret/{name}", handler)
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/secret/Zhang?query=Zhang")
        return response.status, await response.json(), await response.text()


async def test_an_error_of_ours_is_its_code_and_none_of_its_words() -> None:
    status, body, text = await answer_to(NotFound("patient Zhang, /var/lib/farview"))
    assert (status, body) == (404, {"code": "not_found", "detail": ""})
    status, body, text = await answer_to(DatabaseUnavailable("password=secret"))
    assert (status, body["code"]) == (503, "database_unavailable")
    assert "secret" not in text


async def test_an_error_may_choose_its_own_code() -> None:
    status, body, _ = await answer_to(WeakPassword("password_too_short"))
    assert (status, body["code"]) == (422, "password_too_short")


async def test_an_unforeseen_error_is_an_incident_without_its_message(capsys) -> None:  # type: ignore[no-untyped-def]
    status, body, text = await answer_to(RuntimeError("Zhang San, token abc"))
    assert (status, body["code"]) == (500, "unexpected")
    assert "Zhang" not in text and "Traceback" not in text
    logged = "".join(capsys.readouterr())
    assert body["detail"] in logged
    assert "Zhang" not in logged and "abc" not in logged
    assert "RuntimeError" in logged and "/secret/{name}" in logged


async def test_a_missing_path_and_a_wrong_method_are_problems_too() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response()

    app = web.Application(middlewares=[problems])
    app.router.add_get("/only-get", handler)
    async with TestClient(TestServer(app)) as client:
        missing = await client.get("/nothing")
        assert (missing.status, (await missing.json())["code"]) == (404, "not_found")
        wrong = await client.delete("/only-get")
        assert (wrong.status, (await wrong.json())["code"]) == (405, "invalid_request")
        assert "GET" in wrong.headers["Allow"]
