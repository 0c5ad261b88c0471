"""One's own preferences over HTTP."""

from __future__ import annotations

import pytest

from tests.api.conftest import House, add_person

PATH = "/api/me/preferences"


async def test_what_was_set_is_there_at_the_next_sign_in(house: House) -> None:
    await house.sign_in()
    assert await (await house.client.get(PATH)).json() == {}
    answered = await house.client.put(PATH, json={"keys": {"B": "cine"}})
    assert answered.status == 204
    await house.client.post("/api/sign-out", json={})
    await house.sign_in()
    assert await (await house.client.get(PATH)).json() == {"keys": {"B": "cine"}}


async def test_nobody_sees_or_changes_anothers(house: House) -> None:
    await add_person(house.database, "other", "A")
    await house.sign_in()
    await house.client.put(PATH, json={"loupe": True})
    await house.sign_in("other")
    assert await (await house.client.get(PATH)).json() == {}
    await house.client.put(PATH, json={"loupe": False})
    await house.sign_in()
    assert await (await house.client.get(PATH)).json() == {"loupe": True}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"[]", 400, "invalid_request"),
        (b"null", 400, "invalid_request"),
        (b"{", 400, "invalid_request"),
        (b'{"a":"' + b"a" * 20_000 + b'"}', 413, "invalid_request"),
        (b'{"a":"\\u0000"}', 422, "invalid_preferences"),
        (b'{"a":NaN}', 422, "invalid_preferences"),
        (b'{"a":' + b"[" * 4000 + b"]" * 4000 + b"}", 400, "invalid_request"),
    ],
)
async def test_only_a_small_object_is_kept(house: House, body: bytes, status: int, code: str) -> None:
    await house.sign_in()
    answered = await house.client.put(PATH, data=body, headers={"Content-Type": "application/json"})
    assert (answered.status, (await answered.json())["code"]) == (status, code)
    assert await (await house.client.get(PATH)).json() == {}
