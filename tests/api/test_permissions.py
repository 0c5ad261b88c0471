"""Every route says who may call it, and the guard holds everybody to it."""

from __future__ import annotations

import pytest
from aiohttp import web

from api.permissions import PUBLIC, SIGNED_IN, Route, permission_of
from storage.access import ROLES
from tests.api.conftest import LOGIN, PASSWORD, House, add_person

PUBLIC_ROUTES = {"/api/sign-in", "/api/health", "/{path}"}


def declared(house: House) -> list[Route]:
    """The routes of the running application, with what each needs, or "" when it does not say."""
    assert house.client.app is not None
    return [
        Route(route.method, route.resource.canonical if route.resource else "", permission_of(route.handler) or "")
        for route in house.client.app.router.routes()
    ]


async def test_every_route_names_a_permission_that_exists(house: House) -> None:
    known = {PUBLIC, SIGNED_IN}.union(*ROLES.values())
    without = [route for route in declared(house) if route.permission not in known]
    assert without == []
    assert len(declared(house)) >= 10


async def test_only_these_routes_are_public(house: House) -> None:
    assert {route.path for route in declared(house) if route.permission == PUBLIC} == PUBLIC_ROUTES


async def test_every_other_route_answers_401_without_a_session(house: House) -> None:
    for route in declared(house):
        if route.permission != PUBLIC:
            response = await house.client.request(route.method, route.path.replace("{id}", "1"))
            assert (response.status, (await response.json())["code"]) == (401, "not_signed_in"), route


async def test_a_person_without_a_role_is_refused(house: House) -> None:
    await add_person(house.database, "nobody-yet")
    await house.sign_in("nobody-yet")
    response = await house.client.get("/api/studies")
    assert (response.status, (await response.json())["code"]) == (403, "forbidden")


async def test_a_one_time_password_opens_nothing_but_the_account(house: House) -> None:
    await add_person(house.database, "fresh", "A", must_change_password=True)
    await house.sign_in("fresh")
    for route in declared(house):
        if route.permission not in (PUBLIC, SIGNED_IN):
            path = route.path.replace("{id}", str(house.series["A"]))
            response = await house.client.request(route.method, path)
            assert (response.status, (await response.json())["code"]) == (403, "password_must_change"), route
    me = await (await house.client.get("/api/me")).json()
    assert me["must_change_password"] is True
    changed = await house.client.post("/api/password", json={"old": PASSWORD, "new": "Another-horse-8"})
    assert (await changed.json())["must_change_password"] is False
    assert (await house.client.get("/api/studies")).status == 200


async def test_a_study_of_another_institution_is_answered_like_a_missing_one(house: House) -> None:
    await house.sign_in()
    foreign = await house.client.get(f"/api/studies/{house.studies['B']}")
    missing = await house.client.get("/api/studies/999999999")
    assert foreign.status == missing.status == 404
    assert await foreign.read() == await missing.read()
    picture = await house.client.get(f"/api/series/{house.series['B']}/thumbnail")
    assert picture.status == 404
    listed = await (await house.client.get("/api/studies")).json()
    assert [study["institution"] for study in listed["studies"]] == ["A"]
    assert listed["total"] == 1


@pytest.mark.parametrize("text", ["0", "-1", "x", "1e3", "99999999999999999999999", "%00", "١"])
async def test_what_cannot_be_an_id_is_not_found(house: House, text: str) -> None:
    await house.sign_in()
    assert (await house.client.get(f"/api/studies/{text}")).status == 404


async def test_a_page_of_another_site_can_change_nothing(house: House) -> None:
    body = {"login": LOGIN, "password": PASSWORD}
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}):
        response = await house.client.post("/api/sign-in", json=body, headers=headers)
        assert (response.status, (await response.json())["code"]) == (403, "forbidden"), headers
    own = {"Origin": f"https://{house.client.host}:{house.client.port}", "Sec-Fetch-Site": "same-origin"}
    assert (await house.client.post("/api/sign-in", json=body, headers=own)).status == 200


async def test_a_page_of_another_site_cannot_open_the_stream(house: House) -> None:
    await house.sign_in()
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Origin": "https://evil.example"}
    assert (await house.client.get("/stream", headers=headers)).status == 403


async def test_a_route_that_was_added_without_a_word_is_closed_to_everybody() -> None:
    async def forgotten(request: web.Request) -> web.Response:
        raise AssertionError

    assert permission_of(forgotten) is None
