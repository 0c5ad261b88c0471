"""Signing in and out, and what a session is."""

from __future__ import annotations

import asyncio
from http.cookies import SimpleCookie

import pytest

from api import attempts
from tests.api.conftest import LOGIN, PASSWORD, House, add_person

NEW = "Another-horse-8"


async def post(house: House, path: str, **body: str):  # type: ignore[no-untyped-def]
    response = await house.client.post(path, json=body)
    return response.status, await response.json(), response


def token_of(response) -> str:  # type: ignore[no-untyped-def]
    cookie = SimpleCookie(response.headers["Set-Cookie"])["farview"]
    assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["path"] == "/"
    return cookie.value


async def test_signing_in_answers_who_one_is(house: House) -> None:
    status, me, _ = await post(house, "/api/sign-in", login=LOGIN, password=PASSWORD)
    assert status == 200
    assert me == {
        "login": LOGIN,
        "institutions": ["A"],
        "permissions": ["series.derive", "studies.read"],
        "must_change_password": False,
    }
    assert await (await house.client.get("/api/me")).json() == me


async def test_unknown_login_and_wrong_password_get_the_same_answer(house: House) -> None:
    wrong = await post(house, "/api/sign-in", login=LOGIN, password="Wrong-horse-1")
    unknown = await post(house, "/api/sign-in", login="somebody-else", password="Wrong-horse-1")
    assert wrong[:2] == unknown[:2] == (403, {"code": "wrong_password", "detail": ""})
    assert "Set-Cookie" not in wrong[2].headers


async def test_five_wrong_passwords_lock_the_login_known_or_not(house: House) -> None:
    for login in (LOGIN, "somebody-else"):
        for _ in range(5):
            assert (await post(house, "/api/sign-in", login=login, password="Wrong-horse-1"))[0] == 403
        status, body, _ = await post(house, "/api/sign-in", login=login, password=PASSWORD)
        assert (status, body["code"]) == (429, "account_locked")


async def test_an_address_without_attempts_left_is_told_so_before_any_password_is_looked_at(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "ALLOWED", 3)
    # At once, for three logins that do not exist: whoever looked first and counted later would let all of them pass.
    tries = [post(house, "/api/sign-in", login=f"nobody-{n}", password="Wrong-horse-1") for n in range(8)]
    codes = [body["code"] for _, body, _ in await asyncio.gather(*tries)]
    assert sorted(codes) == ["too_many_attempts"] * 5 + ["wrong_password"] * 3
    assert (await post(house, "/api/sign-in", login=LOGIN, password=PASSWORD))[0] == 429


async def test_signing_in_uses_up_no_attempt(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "ALLOWED", 2)
    for _ in range(4):
        assert (await post(house, "/api/sign-in", login=LOGIN, password=PASSWORD))[0] == 200


async def test_every_sign_in_has_a_new_token_and_ends_the_former_session(house: House) -> None:
    first = token_of((await post(house, "/api/sign-in", login=LOGIN, password=PASSWORD))[2])
    second = token_of((await post(house, "/api/sign-in", login=LOGIN, password=PASSWORD))[2])
    assert first != second
    house.client.session.cookie_jar.clear()
    old = await house.client.get("/api/me", headers={"Cookie": f"farview={first}"})
    assert old.status == 401
    assert (await house.client.get("/api/me", headers={"Cookie": f"farview={second}"})).status == 200


async def test_a_token_that_somebody_planted_is_never_taken_over(house: House) -> None:
    planted = "a" * 43
    response = await house.client.post(
        "/api/sign-in", json={"login": LOGIN, "password": PASSWORD}, headers={"Cookie": f"farview={planted}"}
    )
    assert token_of(response) != planted


async def test_signing_out_ends_the_session(house: House) -> None:
    token = token_of((await post(house, "/api/sign-in", login=LOGIN, password=PASSWORD))[2])
    response = await house.client.post("/api/sign-out", json={})
    assert response.status == 204
    assert (await house.client.get("/api/me", headers={"Cookie": f"farview={token}"})).status == 401


async def test_a_new_password_ends_every_other_session(house: House) -> None:
    elsewhere = token_of((await post(house, "/api/sign-in", login=LOGIN, password=PASSWORD))[2])
    house.client.session.cookie_jar.clear()
    await house.sign_in()
    status, me, response = await post(house, "/api/password", old=PASSWORD, new=NEW)
    assert (status, me["login"]) == (200, LOGIN)
    assert (await house.client.get("/api/me")).status == 200
    assert token_of(response)
    house.client.session.cookie_jar.clear()
    assert (await house.client.get("/api/me", headers={"Cookie": f"farview={elsewhere}"})).status == 401
    await house.sign_in(password=NEW)


@pytest.mark.parametrize(
    ("old", "new", "status", "code"),
    [
        ("Wrong-horse-1", NEW, 403, "wrong_password"),
        (PASSWORD, "short", 422, "password_too_short"),
        (PASSWORD, PASSWORD, 422, "password_unchanged"),
    ],
)
async def test_a_password_is_changed_only_by_its_owner_and_by_the_rules(
    house: House, old: str, new: str, status: int, code: str
) -> None:
    await house.sign_in()
    answered, body, _ = await post(house, "/api/password", old=old, new=new)
    assert (answered, body["code"]) == (status, code)
    assert (await house.client.get("/api/me")).status == 200


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b'{"login":"a","password":"b"}', "text/plain", 415),
        (b"login=a&password=b", "application/x-www-form-urlencoded", 415),
        (b"{", "application/json", 400),
        (b'{"login":"a"}', "application/json", 400),
        (b'{"login":1,"password":"b"}', "application/json", 400),
        (b'{"login":"a","password":"b","role":"admin"}', "application/json", 400),
        (b'{"login":"' + b"a" * 20_000 + b'","password":"b"}', "application/json", 413),
    ],
)
async def test_only_a_small_json_body_of_the_right_shape_is_read(
    house: House, body: bytes, kind: str, status: int
) -> None:
    response = await house.client.post("/api/sign-in", data=body, headers={"Content-Type": kind})
    assert (response.status, (await response.json())["code"]) == (status, "invalid_request")


async def test_the_cookie_is_secure_where_the_page_came_over_tls(house: House) -> None:
    body = {"login": LOGIN, "password": PASSWORD}
    plain = await house.client.post("/api/sign-in", json=body)
    assert not SimpleCookie(plain.headers["Set-Cookie"])["farview"]["secure"]
    behind_proxy = await house.client.post(
        "/api/sign-in", json=body, headers={"Origin": f"https://{house.client.host}:{house.client.port}"}
    )
    assert SimpleCookie(behind_proxy.headers["Set-Cookie"])["farview"]["secure"]


async def test_neither_logins_nor_passwords_nor_tokens_are_logged(house: House, capsys) -> None:  # type: ignore[no-untyped-def]
    await add_person(house.database, "rarely-seen", "A")
    await post(house, "/api/sign-in", login="rarely-seen", password="Wrong-horse-1")
    token = token_of((await post(house, "/api/sign-in", login="rarely-seen", password=PASSWORD))[2])
    logged = "".join(capsys.readouterr())
    assert "sign_in_failed" in logged and "signed_in" in logged
    for secret in ("rarely-seen", PASSWORD, "Wrong-horse-1", token):
        assert secret not in logged
