"""Whether the house is up, for whoever watches it. Nothing of a patient, and nothing that costs much."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from api.answers import answer
from api.parts import DATABASE, POOL
from api.permissions import PUBLIC, route
from storage.errors import StorageError

PATIENCE_S = 2


@dataclass(frozen=True, slots=True)
class Health:
    """Which parts answer."""

    database: bool
    renderer: bool


@route("GET", "/api/health", permission=PUBLIC)
async def get_health(request: web.Request) -> web.Response:
    """200 when the database and a renderer answer, else 503."""
    health = Health(database=await _database(request), renderer=await _renderer(request))
    return answer(health, status=200 if health.database and health.renderer else 503)


async def _database(request: web.Request) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S), request.app[DATABASE].plain() as connection:
            return bool(await connection.fetchval("SELECT true"))
    except (StorageError, OSError):  # TimeoutError is an OSError
        return False


async def _renderer(request: web.Request) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S):
            _, writer = await asyncio.open_unix_connection(await request.app[POOL].acquire("health"))
            writer.close()
    except OSError:
        return False
    return True
