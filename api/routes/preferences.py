"""What somebody has set for themselves. The page alone knows what it means."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from api.answers import answer
from api.bodies import read_body
from api.parts import DATABASE
from api.permissions import SIGNED_IN, access_of, route
from storage.preferences import find_preferences, save_preferences


@route("GET", "/api/me/preferences", permission=SIGNED_IN)
async def get_preferences(request: web.Request) -> web.Response:
    """One's own preferences: an object, empty at first."""
    async with request.app[DATABASE].plain() as connection:
        return answer(await find_preferences(connection, access_of(request).user_id))


@route("PUT", "/api/me/preferences", permission=SIGNED_IN)
async def put_preferences(request: web.Request) -> web.Response:
    """Replace one's own preferences by an object of at most 16 KiB."""
    settings: dict[str, Any] = await read_body(request, dict)
    async with request.app[DATABASE].plain() as connection:
        await save_preferences(connection, access_of(request).user_id, settings)
    return web.Response(status=204)
