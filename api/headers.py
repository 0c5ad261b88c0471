"""The headers of every answer: what a browser may do with it, and that it keeps nothing of a patient."""

from __future__ import annotations

import re

from aiohttp import web

from api.parts import SETTINGS

HSTS = "max-age=31536000"

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # frame-ancestors for old browsers
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "font-src 'self'; manifest-src 'self'; connect-src 'self'{stream}; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")


def content_policy(host: str) -> str:
    """The Content-Security-Policy of a page that was asked for at this host."""
    # Safari before 15.4 does not count the WebSocket of the same host as 'self', so it is named.
    stream = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return POLICY.format(stream=stream)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Complete an answer just before it is sent."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "Farview"  # aiohttp would tell its version
    response.headers["Content-Security-Policy"] = content_policy(request.host)
    response.headers.setdefault("Cache-Control", "no-store")
    settings = request.app[SETTINGS]
    if settings.tls_cert is not None:
        response.headers["Strict-Transport-Security"] = HSTS
