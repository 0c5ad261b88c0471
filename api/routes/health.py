"""How the house is. For whoever watches it from outside: yes or no. For whoever looks after it: everything."""

from __future__ import annotations

import asyncio

from aiohttp import web

from api.answers import answer
from api.house import database_version, renderer_info, system_info
from api.messages import Health
from api.parts import DATABASE, POOL
from api.permissions import PUBLIC, route
from storage.access import READ_SYSTEM


@route("GET", "/api/health", permission=PUBLIC)
async def get_health(request: web.Request) -> web.Response:
    """200 when the database and a renderer answer, else 503. Nothing about what is wrong: anybody may ask."""
    database, renderer = await asyncio.gather(
        database_version(request.app[DATABASE]), renderer_info(await request.app[POOL].acquire("health"))
    )
    health = Health(ok=database is not None and renderer is not None)
    return answer(health, status=200 if health.ok else 503)


@route("GET", "/api/system", permission=READ_SYSTEM)
async def get_system(request: web.Request) -> web.Response:
    """Processes, disk, database, renderer: what the system page shows."""
    return answer(await system_info(request.app))
