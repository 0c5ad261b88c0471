"""How the house is, as far as this process can find out in a moment."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import aiohttp
from aiohttp import web
from pydantic import ValidationError

from api.answers import adapter
from api.messages import DiskInfo, ProcessInfo, RendererInfo, SystemInfo
from api.parts import DATABASE, POOL, SETTINGS
from storage import processes
from storage.database import Database
from storage.errors import StorageError
from storage.home import Home
from storage.room import disk_of

PATIENCE_S = 2
WARN_RESERVES = 5  # so many times the reserve free: there is time to make room
VOLUMES_KEPT_S = 30  # looking through the volume files takes a moment on a large archive

_volumes: dict[Path, tuple[float, int]] = {}


async def system_info(app: web.Application) -> SystemInfo:
    """Everything that the page shows of the processes, the disk and the database."""
    settings = app[SETTINGS]
    home = Home(settings.home, settings.runtime)
    database, renderer, disk, kernels = await asyncio.gather(
        database_version(app[DATABASE]),
        renderer_info(await app[POOL].acquire("system")),
        asyncio.to_thread(disk_info, home, settings.reserve_bytes),
        asyncio.to_thread(lambda: sum(1 for path in _files(home.kernels) if path.name.endswith(".nbc"))),
    )
    known = [process_info(process) for process in processes.read(settings.runtime)]
    return SystemInfo(
        version=own_version(),
        now=text_of(time.time()),
        ok=bool(database and renderer and disk.state != "full" and all(one.state == "running" for one in known)),
        processes=known,
        database=database,
        renderer=renderer,
        disk=disk,
        kernels=kernels,
        dicom_port=settings.dicom_port,
        ae_title=settings.ae_title,
    )


async def database_version(database: Database) -> str | None:
    """What the server calls itself, or None when it does not answer soon."""
    try:
        async with asyncio.timeout(PATIENCE_S), database.plain() as connection:
            # Some builds add where they were made.
            return str(await connection.fetchval("SHOW server_version")).split(" ")[0]
    except (StorageError, OSError):  # TimeoutError is an OSError
        return None


async def renderer_info(socket: str) -> RendererInfo | None:
    """What renderd answers on its socket, or None when it does not soon."""
    try:
        async with (
            asyncio.timeout(PATIENCE_S),
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=socket)) as session,
            session.get("http://renderd/status") as response,
        ):
            found: RendererInfo = adapter(RendererInfo).validate_json(await response.read())
            return found
    except (OSError, aiohttp.ClientError, ValidationError):
        return None


def disk_info(home: Home, reserve: int) -> DiskInfo:
    """The home's disk; looks through the volume files."""
    disk = disk_of(home.path)
    warn = min(WARN_RESERVES * reserve, disk.total // 2)
    state = "full" if disk.free <= reserve else "low" if disk.free <= warn else "ok"
    return DiskInfo(str(home.path), state, disk.free, disk.total, reserve, warn, volumes_bytes(home.volumes))


def volumes_bytes(folder: Path) -> int:
    """What the volume files take on the disk, as it was within the last half minute."""
    at, size = _volumes.get(folder, (0.0, 0))
    if not at or time.monotonic() - at > VOLUMES_KEPT_S:
        size = sum(_size(path) for path in _files(folder))
        _volumes[folder] = (time.monotonic(), size)
    return size


def _files(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        yield from (Path(root, name) for name in names)


def _size(path: Path) -> int:
    try:
        return path.stat().st_blocks * 512
    except OSError:  # removed meanwhile
        return 0


def process_info(process: processes.Process) -> ProcessInfo:
    return ProcessInfo(
        name=process.name,
        state=process.state.value,
        since=text_of(process.since),
        restarts=process.restarts,
        failures=process.failures,
        wait_s=process.wait_s,
        last_exit=process.last_exit,
        reason=process.reason,
        log=process.log,
    )


def text_of(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def own_version() -> str:
    try:
        return version("farview")
    except PackageNotFoundError:  # run from a clone that was never installed
        return ""
