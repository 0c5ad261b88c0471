"""What whoever looks after the house is told, and that nobody else is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import unix_serve

from api import house as module
from api.parts import DATABASE
from api.trust import TRUST_S, Trust
from renderd.pool import SOCKET
from storage import processes
from storage.errors import DatabaseUnavailable
from storage.institutions import find_or_create_institution
from storage.processes import Process, State
from storage.room import Disk
from storage.users import create_user, grant
from tests.api.conftest import PASSWORD, House

HELD = {"volumes": 2, "volumes_bytes": 300, "budget_bytes": 1000, "frames_bytes": 40, "viewers": 1}


@asynccontextmanager
async def renderer(house: House) -> AsyncIterator[None]:
    def status(page: Any, _: Any) -> Any:
        return page.respond(HTTPStatus.OK, json.dumps(HELD))

    async def nobody(_: Any) -> None:
        raise AssertionError

    async with unix_serve(nobody, str(house.home.runtime / SOCKET), process_request=status):
        yield


async def sign_in_operator(house: House) -> None:
    async with house.database.plain() as connection:
        user = await create_user(connection, "operator", PASSWORD, must_change_password=False)
        await grant(connection, user.id, (await find_or_create_institution(connection, "A")).id, "system")
    await house.sign_in("operator")


async def test_health_says_yes_or_no_and_nothing_else(house: House) -> None:
    down = await house.client.get("/api/health")
    assert (down.status, await down.json()) == (503, {"ok": False})
    async with renderer(house):
        up = await house.client.get("/api/health")
        assert (up.status, await up.json()) == (200, {"ok": True})


async def test_only_whoever_looks_after_the_house_sees_how_it_is(house: House) -> None:
    await house.sign_in()
    assert (await house.client.get("/api/system")).status == 403
    await sign_in_operator(house)
    assert (await house.client.get("/api/system")).status == 200
    assert (await house.client.get("/api/studies")).status == 403


async def test_everything_is_told(house: House) -> None:
    await sign_in_operator(house)
    (house.home.volumes / "1").mkdir(parents=True)
    (house.home.volumes / "1" / "a.volume").write_bytes(bytes(8192))
    (house.home.kernels / "x.nbc").write_bytes(b"")
    waiting = Process("receive", State.WAITING, 60.0, "/l/receive.log", None, 3, 3, 0.5, "2", "OSError: in use")
    processes.write(house.home.runtime, [Process("api", State.RUNNING, 0.0, "/l/api.log", 5), waiting])
    async with renderer(house):
        told = await (await house.client.get("/api/system")).json()
    assert told["renderer"] == HELD
    assert told["database"].startswith("18.")
    assert told["kernels"] == 1
    assert told["disk"]["volumes_bytes"] >= 8192
    assert told["disk"]["state"] in ("ok", "low", "full")
    assert told["ok"] is False
    assert told["processes"][1] == {
        "name": "receive",
        "state": "waiting",
        "since": "1970-01-01T00:01:00Z",
        "restarts": 3,
        "failures": 3,
        "wait_s": 0.5,
        "last_exit": "2",
        "reason": "OSError: in use",
        "log": "/l/receive.log",
    }


@asynccontextmanager
async def away() -> AsyncIterator[None]:
    """Instead of Database.plain."""
    raise DatabaseUnavailable("away")
    yield


async def statuses(house: House, *paths: str) -> list[int]:
    return [(await house.client.get(path)).status for path in paths]


async def test_whoever_looks_after_the_house_sees_that_the_database_is_away_and_nobody_else_does(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert house.client.app is not None
    database = house.client.app[DATABASE]
    await house.sign_in()
    assert await statuses(house, "/api/me") == [200]
    with monkeypatch.context() as patch:
        patch.setattr(database, "plain", away)
        assert await statuses(house, "/api/system") == [503]
    await sign_in_operator(house)
    assert await statuses(house, "/api/me") == [200]
    monkeypatch.setattr(database, "plain", away)
    response = await house.client.get("/api/system")
    assert response.status == 200
    assert ((told := await response.json())["database"], told["ok"]) == (None, False)
    assert await statuses(house, "/api/me", "/api/studies") == [503, 503]
    house.client.session.cookie_jar.clear()
    assert await statuses(house, "/api/system") == [401]


@pytest.mark.parametrize("by_themselves", [True, False])
async def test_whose_session_has_ended_sees_nothing_while_the_database_is_away(
    house: House, monkeypatch: pytest.MonkeyPatch, by_themselves: bool
) -> None:
    await sign_in_operator(house)
    assert await statuses(house, "/api/system") == [200]
    cookies = {cookie.key: cookie.value for cookie in house.client.session.cookie_jar}
    if by_themselves:
        assert (await house.client.post("/api/sign-out", json={})).status == 204
    else:
        async with house.database.plain() as connection:
            await connection.execute("DELETE FROM sessions")
        assert await statuses(house, "/api/system") == [401]
    assert house.client.app is not None
    monkeypatch.setattr(house.client.app[DATABASE], "plain", away)
    house.client.session.cookie_jar.update_cookies(cookies)
    assert await statuses(house, "/api/system") == [503]


async def test_whose_password_must_change_first_sees_nothing_while_the_database_is_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sign_in_operator(house)
    async with house.database.plain() as connection:
        await connection.execute("UPDATE users SET must_change_password = true")
    assert await statuses(house, "/api/system") == [403]
    assert house.client.app is not None
    monkeypatch.setattr(house.client.app[DATABASE], "plain", away)
    assert await statuses(house, "/api/system") == [503]


def test_trust_ends_by_itself_however_often_somebody_asks() -> None:
    trust = Trust()
    trust.found("a", True, 0.0)
    trust.found("b", False, 0.0)
    assert trust.holds("a", TRUST_S - 1) and not trust.holds("b", 1.0) and not trust.holds(None, 1.0)
    assert not trust.holds("a", TRUST_S)


async def test_a_renderer_that_is_away_is_told_as_such(house: House) -> None:
    await sign_in_operator(house)
    told = await (await house.client.get("/api/system")).json()
    assert (told["renderer"], told["ok"]) == (None, False)


@pytest.mark.parametrize(("free", "state"), [(100, "full"), (101, "low"), (500, "low"), (501, "ok")])
def test_a_disk_is_low_before_it_is_full(house: House, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    monkeypatch.setattr(module, "disk_of", lambda _: Disk(free, 10_000))
    assert module.disk_info(house.home, 100).state == state
