"""The stream server on its private Unix socket.

    server → viewer → scene → scheduler → render → encode → server

`Connection` puts what a page says into its Scene and Viewer; the Scheduler asks them what is wanted, has it rendered
and encoded, and hands frames back; the connection sends the newest. docs/PROTOCOL.md tells the story of one drag.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path

import structlog
from websockets.asyncio.server import Server, ServerConnection, unix_serve
from websockets.http11 import Request, Response

from kernels.presets import GROUP_OF, PRESETS
from kernels.transfer import TransferFunction, opacities
from renderd.admission import Admission
from renderd.batches import Batches
from renderd.connection import Connection
from renderd.errors import InvalidMessage, RenderError, SessionEnded
from renderd.library import Library
from renderd.palettes import palettes
from renderd.protocol import LEVELS, MAX_MESSAGE_BYTES, SUBPROTOCOL, Preset, Welcome
from renderd.scheduler import Scheduler
from renderd.workshop import Workshop
from storage.access import CHANNEL
from storage.database import Database
from storage.errors import DatabaseUnavailable
from storage.parent import tell_ready

log = structlog.get_logger()

SESSION_HEADER = "Farview-Session"
STATUS_PATH = "/status"

# RFC 6455 7.4.1. Every other error of this package concerns one viewport and is told as Trouble.
CLOSE_CODES: dict[type[Exception], int] = {
    InvalidMessage: 1007,  # invalid data
    SessionEnded: 1008,  # policy violation
    DatabaseUnavailable: 1013,  # try again later
}
INTERNAL_ERROR = 1011

# What the kernel and the process may hold of a connection that does not read; more would be old frames. A viewer has
# at most eight frames under way anyway.
SEND_BUFFER_BYTES = 256 * 1024
WRITE_LIMIT_BYTES = 32 * 1024
QUEUED_MESSAGES = 16
CLOSE_S = 2


def preset_of(name: str, transfer: TransferFunction) -> Preset:
    """A transfer function as the page lists it, with the colours of what it shows."""
    colours = [colour for _, colour, opacity in opacities(transfer.points) if opacity > 0]
    return Preset(name, GROUP_OF[name], list(transfer.modalities), colours)


WELCOME = Welcome([preset_of(name, transfer) for name, transfer in PRESETS.items()], list(LEVELS), palettes())


def closing(error: BaseException) -> tuple[int, str]:
    """The close code for what ended a connection, and a reason without anybody's data."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    for kind, code in CLOSE_CODES.items():
        if isinstance(error, kind):
            return code, getattr(error, "code", "")
    return INTERNAL_ERROR, error.code if isinstance(error, RenderError) else RenderError.code


class StreamServer:
    """Every connection, and what they share."""

    def __init__(self, database: Database, library: Library, scheduler: Scheduler) -> None:
        self._database = database
        self._library = library
        self._scheduler = scheduler
        self._batches = Batches(database, library, scheduler)
        self._workshop = Workshop(library.volumes, library.claims, scheduler.aside, library.changed)
        self._admissions: set[Admission] = set()

    async def handle(self, page: ServerConnection) -> None:
        """One connection from its first to its last byte. Never raises: nobody would hear it."""
        assert page.request is not None
        _tune(page)
        admission = Admission(self._database, page.request.headers.get(SESSION_HEADER, ""))
        self._admissions.add(admission)
        try:
            await admission.check()
            log.info("connected", user=admission.user_id, connections=len(self._admissions))
            shared = (self._database, self._library, self._scheduler)
            await Connection(page, admission, *shared, batches=self._batches, workshop=self._workshop).run(WELCOME)
        except Exception as error:
            code, reason = closing(error)
            if code == INTERNAL_ERROR:
                log.error("connection_failed", user=admission.user_id, exc_info=error)
            else:
                log.info("connection_ended", user=admission.user_id, code=code, reason=reason, detail=_detail(error))
            await page.close(code, reason)
        finally:
            self._admissions.discard(admission)

    def status(self, page: ServerConnection, request: Request) -> Response | None:
        """What is held in memory, for whoever looks after the house: api.messages.RendererInfo. None: a viewer."""
        if request.path != STATUS_PATH:
            return None
        library = self._library
        told = {
            "volumes": library.volume_count,
            "volumes_bytes": library.volumes.size_bytes,
            "budget_bytes": library.volumes.budget_bytes,
            "frames_bytes": library.frames.size_bytes,
            "viewers": len(self._admissions),
        }
        return page.respond(HTTPStatus.OK, json.dumps(told))

    async def hear_of_access(self) -> None:
        """Pass on what the database tells about sign-outs and roles, until cancelled."""
        async for user in self._database.notifications(CHANNEL):
            for admission in self._admissions:
                if user in ("", str(admission.user_id)):
                    admission.nudge()

    async def close(self) -> None:
        """End what goes on without a connection."""
        await self._batches.close()
        await self._workshop.close()

    @asynccontextmanager
    async def listening(self, path: Path) -> AsyncIterator[Server]:
        """Accept connections on a Unix socket that only this account can use; a stale socket is removed."""
        async with unix_serve(
            self.handle,
            sock=_bound(path),
            process_request=self.status,
            subprotocols=[SUBPROTOCOL],
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            max_queue=QUEUED_MESSAGES,
            write_limit=WRITE_LIMIT_BYTES,
            close_timeout=CLOSE_S,
            server_header=None,
        ) as server:
            yield server
        # Leaving closes every connection with "going away", which the relay passes on as "restarts".


def _bound(path: Path) -> socket.socket:
    with suppress(FileNotFoundError):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)  # before anybody can connect: nobody can until it listens
    return listener


def _tune(page: ServerConnection) -> None:
    connection = page.transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def _detail(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error)


async def serve(database: Database, library: Library, scheduler: Scheduler, path: Path) -> None:
    """Serve until SIGTERM or SIGINT, or until something that must run has ended, which raises."""
    # websockets logs every connection that was cut; ours say more.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    server = StreamServer(database, library, scheduler)
    async with asyncio.TaskGroup() as group:
        running = [
            group.create_task(scheduler.run(), name="scheduler"),
            group.create_task(server.hear_of_access(), name="access"),
        ]
        async with server.listening(path):
            log.info("listening")
            tell_ready(os.environ)
            await stopped.wait()
        await server.close()
        for task in running:
            task.cancel()
    await library.close()
