"""Who may call a route: every route names what it needs, and the guard refuses one that does not.

    @route("GET", "/api/studies", permission=READ_STUDIES)
    async def studies(request): ...

PUBLIC: anybody. SIGNED_IN: whoever has a session, also while a one-time password must be replaced, so such a route
gives nothing but the account itself. Anything else is a permission of storage/access.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from urllib.parse import urlsplit

from aiohttp import web

from api.answers import Handler
from api.errors import ForeignOrigin, NotAllowed, NotSignedIn, PasswordMustChange
from api.parts import DATABASE, TRUST
from api.session import session_hash
from storage.access import READ_SYSTEM, Access, find_access
from storage.errors import DatabaseUnavailable

PUBLIC = "public"
SIGNED_IN = "signed in"

ACCESS = web.RequestKey("access", Access)

READING_METHODS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Route:
    """One route as its decorator declares it."""

    method: str
    path: str
    permission: str


_routes: dict[Handler, Route] = {}


def route(method: str, path: str, *, permission: str) -> Callable[[Handler], Handler]:
    """Declare a handler's route and the permission that it needs."""

    def declare(handler: Handler) -> Handler:
        _routes[handler] = Route(method, path, permission)
        return handler

    return declare


def add_routes(application: web.Application, *modules: ModuleType) -> None:
    """Add every handler that these modules declare."""
    for handler, declared in _routes.items():
        if handler.__module__ in {module.__name__ for module in modules}:
            application.router.add_route(declared.method, declared.path, handler)


def permission_of(handler: Handler) -> str | None:
    """What this handler's route needs; None when it was added without saying."""
    declared = _routes.get(handler)
    return declared.permission if declared else None


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request pass only to a route whose permission the asker has."""
    if request.match_info.http_exception is not None:
        return await handler(request)  # no such route, or another method
    needed = permission_of(request.match_info.handler)
    check_origin(request)
    if needed != PUBLIC:
        try:
            access = await _find_access(request)
        except DatabaseUnavailable:
            # The one route that asks nothing of who it is for, and says what is wrong with the database.
            if needed == READ_SYSTEM and request.app[TRUST].holds(session_hash(request), time.monotonic()):
                return await handler(request)
            raise
        if access is None:
            raise NotSignedIn
        if needed != SIGNED_IN:
            if access.must_change_password:
                raise PasswordMustChange
            if needed is None or not access.may(needed):
                raise NotAllowed
        request[ACCESS] = access
    return await handler(request)


def access_of(request: web.Request) -> Access:
    """What the asker may do; of a route that is not PUBLIC."""
    return request[ACCESS]


def check_origin(request: web.Request) -> None:
    """Raise ForeignOrigin when a page of another site changes something or opens the stream.

    A browser names the page's origin in both cases; what is not a browser has no cookie that somebody could misuse.
    """
    changes = request.method not in READING_METHODS
    opens = request.headers.get("Upgrade", "").lower() == "websocket"
    if not changes and not opens:
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise ForeignOrigin
    origin = request.headers.get("Origin")
    # Host and port, not the scheme: a proxy in front may speak TLS where we do not.
    if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
        raise ForeignOrigin


async def _find_access(request: web.Request) -> Access | None:
    token = session_hash(request)
    if token is None:
        return None
    async with request.app[DATABASE].plain() as connection:
        access = await find_access(connection, token)
    may = access is not None and access.may(READ_SYSTEM) and not access.must_change_password
    request.app[TRUST].found(token, may, time.monotonic())
    return access
