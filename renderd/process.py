"""What the renderd process does from its start to its end."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import structlog

from renderd.compiling import warm, warm_tools
from renderd.library import Library
from renderd.pool import SOCKET
from renderd.render import Renderer
from renderd.residence import open_residence
from renderd.scheduler import Scheduler
from renderd.server import serve as serve_stream
from storage.blobs import BlobStore
from storage.database import Database, DatabaseTarget
from storage.home import Home
from storage.leftovers import remove_unfinished

log = structlog.get_logger()

DATABASE_CONNECTIONS = 4


async def serve(home: Home, target: DatabaseTarget, volume_bytes: int, reserve_bytes: int, gpu: str) -> None:
    """Serve until SIGTERM. Kernels are compiled before the socket listens, so that nobody waits for that later."""
    begun = time.monotonic()
    renderer = Renderer()
    scheduler = Scheduler(renderer)
    warming = asyncio.create_task(warm(scheduler, Path(os.environ["NUMBA_CACHE_DIR"]), home.runtime), name="warm")
    database = await Database.connect(target, size=DATABASE_CONNECTIONS)
    try:
        await warming
        log.info("ready", seconds=round(time.monotonic() - begun, 3))
        # Not the loop's executor, whose threads would be waited for at the end.
        threading.Thread(target=_clean_up, args=(home,), name="clean up", daemon=True).start()
        threading.Thread(target=_find_card, args=(renderer, gpu), name="find card", daemon=True).start()
        library = Library(home, BlobStore(home.blobs, reserve_bytes), volume_bytes)
        library.tools_ready = False
        later = asyncio.create_task(
            warm_tools(Path(os.environ["NUMBA_CACHE_DIR"]), library.prepared), name="warm tools"
        )
        try:
            await serve_stream(database, library, scheduler, home.runtime / SOCKET)
        finally:
            later.cancel()
    finally:
        await database.close()


def _find_card(renderer: Renderer, setting: str) -> None:
    # Half a minute of compiling where there is a card: until then the CPU makes the pictures.
    renderer.residence = open_residence(setting)


def _clean_up(home: Home) -> None:
    if removed := remove_unfinished(home):
        log.info("unfinished_files_removed", count=removed)
