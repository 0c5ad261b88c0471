"""Signing in and out, the password, and who one is."""

from __future__ import annotations

import time

import structlog
from aiohttp import web

from api.answers import answer
from api.bodies import read_body
from api.errors import NotSignedIn, TooManyAttempts
from api.messages import Me, PasswordChange, SignIn
from api.parts import ATTEMPTS, DATABASE, TRUST
from api.permissions import PUBLIC, SIGNED_IN, access_of, route
from api.session import give_cookie, session_hash, take_cookie
from storage.access import Access, find_access
from storage.errors import SignInError, StorageError
from storage.sessions import end_session, open_session, token_hash
from storage.users import change_password, sign_in

log = structlog.get_logger()


@route("POST", "/api/sign-in", permission=PUBLIC)
async def post_sign_in(request: web.Request) -> web.Response:
    """Open a session. The token is always a new one, and whatever session the browser had ends."""
    body = await read_body(request, SignIn)
    database, attempts, address = request.app[DATABASE], request.app[ATTEMPTS], request.remote or ""
    begun = time.monotonic()
    if not attempts.take(address, begun):
        raise TooManyAttempts
    try:
        user = await sign_in(database, body.login, body.password)
    except SignInError as error:
        # Not the login: people type their password into that field.
        log.warning("sign_in_failed", reason=error.code, address=address)
        raise
    except StorageError:  # nobody's password was judged
        attempts.give_back(address, begun)
        raise
    attempts.give_back(address, begun)
    async with database.plain() as connection:
        if former := session_hash(request):
            await end_session(connection, former)
        token = await open_session(connection, user.id)
    log.info("signed_in", user=user.id, address=address)
    return await _signed_in(request, token)


@route("POST", "/api/sign-out", permission=SIGNED_IN)
async def post_sign_out(request: web.Request) -> web.Response:
    """End the session; its streams close."""
    former = session_hash(request)
    assert former is not None  # the guard found a session by it
    async with request.app[DATABASE].plain() as connection:
        await end_session(connection, former)
    request.app[TRUST].found(former, False, time.monotonic())
    response = web.Response(status=204)
    take_cookie(response)
    return response


@route("POST", "/api/password", permission=SIGNED_IN)
async def post_password(request: web.Request) -> web.Response:
    """Change one's own password. Every session of the account ends, and this browser gets a new one."""
    body = await read_body(request, PasswordChange)
    database, user_id = request.app[DATABASE], access_of(request).user_id
    await change_password(database, user_id, body.old, body.new)
    former = session_hash(request)
    assert former is not None  # the guard found a session by it
    request.app[TRUST].found(former, False, time.monotonic())
    async with database.plain() as connection:
        token = await open_session(connection, user_id)
    log.info("password_changed", user=user_id)
    return await _signed_in(request, token)


@route("GET", "/api/me", permission=SIGNED_IN)
async def get_me(request: web.Request) -> web.Response:
    """Who is signed in."""
    return _me(access_of(request))


def _me(access: Access) -> web.Response:
    names, permissions = sorted(access.institutions.values()), sorted(access.permissions)
    return answer(Me(access.login, names, permissions, access.must_change_password))


async def _signed_in(request: web.Request, token: str) -> web.Response:
    async with request.app[DATABASE].plain() as connection:
        access = await find_access(connection, token_hash(token))
    if access is None:  # the account was closed at this moment
        raise NotSignedIn
    response = _me(access)
    give_cookie(request, response, token)
    return response
