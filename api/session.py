"""The cookie that carries a session's token. Only its hash goes further than this module."""

from __future__ import annotations

from aiohttp import web

from storage.sessions import ABSOLUTE, token_hash

COOKIE = "farview"
LONGEST_TOKEN = 128


def session_hash(request: web.Request) -> str | None:
    """The hash of the request's token, or None when it has none."""
    token = request.cookies.get(COOKIE)
    return token_hash(token) if token and len(token) <= LONGEST_TOKEN else None


def give_cookie(request: web.Request, response: web.Response, token: str) -> None:
    """Sign the browser in: no script reads the cookie, no other site's page sends it, TLS once means TLS always."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(ABSOLUTE.total_seconds()),
        httponly=True,
        samesite="Strict",
        # Behind a proxy that speaks TLS for us, only the page's origin shows it.
        secure=request.secure or request.headers.get("Origin", "").startswith("https:"),
    )


def take_cookie(response: web.Response) -> None:
    """Sign the browser out."""
    response.del_cookie(COOKIE, httponly=True, samesite="Strict")
