"""The application: its parts, its walls from the outside in, and its routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType

import structlog
from aiohttp import WSCloseCode, web

from api.attempts import Attempts
from api.bodies import MAX_BODY_BYTES
from api.errors import problems
from api.headers import add_headers
from api.page import STATIC, Page
from api.parts import ATTEMPTS, BLOBS, DATABASE, PAGE, POOL, SETTINGS, STREAMS, TRUST, Streams
from api.permissions import add_routes, guard
from api.routes import health, page, preferences, series, sign_in, stream, studies
from api.settings import Settings
from api.trust import Trust
from api.warm import warm
from renderd.pool import LocalPool
from storage.blobs import BlobStore
from storage.database import Database
from storage.errors import StorageError
from storage.home import Home
from storage.rereading import read_all_again

log = structlog.get_logger()

CONNECTIONS = 10  # to the database; a request needs one for a few milliseconds

# The page's route takes every path that no other one does, so it comes last.
ROUTES: tuple[ModuleType, ...] = (sign_in, preferences, studies, series, stream, health, page)


def application(settings: Settings, static: Path = STATIC) -> web.Application:
    """An application that opens the database when it starts and closes its streams when it ends."""
    app = web.Application(middlewares=[problems, guard], client_max_size=MAX_BODY_BYTES)
    home = Home(settings.home, settings.runtime)
    app[SETTINGS] = settings
    app[BLOBS] = BlobStore(home.blobs, settings.reserve_bytes)
    app[POOL] = LocalPool(settings.runtime)
    app[ATTEMPTS] = Attempts()
    app[TRUST] = Trust()
    app[PAGE] = Page(static)
    app[STREAMS] = Streams()
    add_routes(app, *ROUTES)
    app.cleanup_ctx.append(_database)
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(_close_streams)
    return app


async def _database(app: web.Application) -> AsyncIterator[None]:
    app[DATABASE] = await Database.connect(app[SETTINGS].database, CONNECTIONS)
    warming = asyncio.create_task(warm(app[DATABASE]), name="warm")
    rereading = asyncio.create_task(_read_again(app), name="read stale headers again")
    yield
    rereading.cancel()
    await asyncio.gather(warming, rereading, return_exceptions=True)
    await app[DATABASE].close()


async def _read_again(app: web.Application) -> None:
    try:
        await read_all_again(app[DATABASE], app[BLOBS])
    except StorageError as error:  # whoever opens one of those studies has it read again then
        log.warning("headers_not_read_again", code=error.code)


async def _close_streams(app: web.Application) -> None:
    streams: Streams = app[STREAMS]
    for viewer in list(streams):
        await viewer.close(code=WSCloseCode.SERVICE_RESTART)
