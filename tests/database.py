"""A real PostgreSQL for tests: one server for the whole run, an empty database for each test that asks."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from storage.database import Database, DatabaseTarget
from storage.home import Home
from storage.migrate import migrate
from storage.postgres import EmbeddedPostgres, sockets


@dataclass
class Server:
    """The running server; `template` is a migrated database that nobody connects to."""

    home: Home
    postgres: EmbeddedPostgres
    template: DatabaseTarget
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def superuser(self, database: str = "postgres") -> asyncpg.Connection:
        return await asyncpg.connect(host=str(sockets(self.home.runtime)), user="postgres", database=database)

    async def make_database(self, template: str = "farview") -> DatabaseTarget:
        name = f"test_{next(self._numbers)}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {template} OWNER farview_owner")
        return DatabaseTarget(
            application=self.template.application.replace("/farview?", f"/{name}?"),
            owner=self.template.owner.replace("/farview?", f"/{name}?"),
        )

    async def drop_database(self, target: DatabaseTarget) -> None:
        await self._execute(f"DROP DATABASE {_name(target)} WITH (FORCE)")

    async def empty_database(self, target: DatabaseTarget) -> None:
        """Take every row out of it: a tenth of what a new database costs."""
        connection = await self.superuser(_name(target))
        try:
            tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'farview'")
            names = [row["tablename"] for row in tables if row["tablename"] != "migrations"]
            # As a replica: no trigger and no foreign key, so the order does not matter.
            await connection.execute(
                "SET session_replication_role = replica;" + ";".join(f"DELETE FROM farview.{name}" for name in names)
            )
        finally:
            await connection.close()

    async def _execute(self, sql: str) -> None:
        connection = await self.superuser()
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder with a short path that other accounts can pass through; pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="fv-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_programs(open_folder: Path) -> Path:
    """Where PostgreSQL's programs are copied to when the tests run as root."""
    return open_folder / "shared"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database_server(open_folder: Path, postgres_programs: Path) -> AsyncIterator[Server]:
    """A running PostgreSQL in a home of its own, its database migrated."""
    home = Home(open_folder / "home", open_folder / "run")
    home.prepare()
    # These databases need not survive a power cut; a fresh one for every test then costs little.
    postgres = EmbeddedPostgres(home, postgres_programs, {"fsync": "off", "synchronous_commit": "off"})
    target = await postgres.start()
    await migrate(target)
    yield Server(home, postgres, target)
    # At once, without the last checkpoint: the files are thrown away.
    if postgres.pid:
        os.kill(postgres.pid, signal.SIGQUIT)
    await postgres.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _common_target(database_server: Server) -> DatabaseTarget:
    return await database_server.make_database()


@pytest_asyncio.fixture
async def database_target(database_server: Server, _common_target: DatabaseTarget) -> AsyncIterator[DatabaseTarget]:
    """How to reach a migrated, empty database. Its rows go after the test; do not change its tables."""
    yield _common_target
    await database_server.empty_database(_common_target)


@pytest_asyncio.fixture
async def fresh_database_target(database_server: Server) -> AsyncIterator[DatabaseTarget]:
    """How to reach a migrated, empty database that only this test ever uses."""
    target = await database_server.make_database()
    yield target
    await database_server.drop_database(target)


@pytest_asyncio.fixture
async def database(database_target: DatabaseTarget) -> AsyncIterator[Database]:
    """A migrated, empty database, opened as the application role."""
    opened = await Database.connect(database_target, size=5)
    yield opened
    await opened.close()


def _name(target: DatabaseTarget) -> str:
    return target.owner.split("?")[0].rsplit("/", 1)[1]


def is_root() -> bool:
    return os.geteuid() == 0
