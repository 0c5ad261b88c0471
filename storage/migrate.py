"""Bring a database to the tables of this version: numbered plain SQL files, each applied once, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from storage.database import APPLICATION_ROLE, AWAY, CONNECT_TIMEOUT_S, SCHEMA, Connection, DatabaseTarget, reaching
from storage.errors import DatabaseUnsuitable, MigrationChanged, MigrationFailed, SchemaNewer

FOLDER = Path(__file__).parent / "migrations"
OLDEST_SERVER = 150_000  # PostgreSQL 15
RECORD = "INSERT INTO migrations (number, name, sha256) VALUES ($1, $2, $3)"
LOCK = 0x6661727669657700  # any number, the same for all: "farview" in ASCII


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name and what it does."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations(folder: Path = FOLDER) -> list[Migration]:
    """The files NNNN_name.sql in order; their numbers run from 1 without a gap."""
    found = [
        Migration(int(path.stem[:4]), path.stem[5:], path.read_text("utf-8")) for path in sorted(folder.glob("*.sql"))
    ]
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the migrations in {folder} are not numbered 0001, 0002 …")
    return found


async def migrate(target: DatabaseTarget, folder: Path = FOLDER) -> list[str]:
    """Apply what is missing, each file in its own transaction, and answer the names of what was applied.

    Two processes may call it at once: the second waits and finds nothing to do.

    Raises:
        DatabaseUnavailable: it cannot be reached, or went away.
        SchemaError: it is not what we can work with, or refused a file; the message is a sentence.
    """
    files = migrations(folder)
    with reaching(), _applying("the connection"):
        connection = await asyncpg.connect(
            target.owner, timeout=CONNECT_TIMEOUT_S, server_settings={"search_path": SCHEMA}
        )
    try:
        with reaching():
            await _check_server(connection)
            # Released by the end of the connection, also when this process is killed.
            await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
            return await _apply(connection, files)
    finally:
        await connection.close()


@contextmanager
def _applying(what: str) -> Iterator[None]:
    """Around what the server may refuse, because of the role's rights or of what is in the database."""
    try:
        yield
    except AWAY:
        raise
    except asyncpg.PostgresError as error:
        # The first line alone: the error's DETAIL may quote a row.
        sentence = f"the database refused {what}: {error.args[0] if error.args else type(error).__name__}"
        if isinstance(error, asyncpg.InsufficientPrivilegeError):
            sentence += (
                "; the role of FARVIEW_DATABASE_URL must own the database, and have CREATEROLE or be granted a role "
                f"{APPLICATION_ROLE} that is made for it"
            )
        raise MigrationFailed(sentence) from error


async def _check_server(connection: Connection) -> None:
    version = await connection.fetchval("SELECT current_setting('server_version_num')::integer")
    if version < OLDEST_SERVER:
        raise DatabaseUnsuitable(f"PostgreSQL 15 or newer is needed; this server is {version // 10_000}")
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnsuitable(f"the database is encoded in {encoding}; names of patients need UTF8")


async def _apply(connection: Connection, files: list[Migration]) -> list[str]:
    with _applying("the table of migrations"):
        await connection.execute(
            f"""
            CREATE SCHEMA IF NOT EXISTS {SCHEMA};
            CREATE TABLE IF NOT EXISTS migrations (
                -- A number is applied once.
                number     integer PRIMARY KEY,
                name       text NOT NULL,
                -- Of the file as it was applied: a later change of the file would make two databases differ silently.
                sha256     text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            );
            """
        )
        applied = {row["number"]: row for row in await connection.fetch("SELECT number, name, sha256 FROM migrations")}
    if newer := [row["name"] for number, row in sorted(applied.items()) if number > len(files)]:
        raise SchemaNewer(f"this database was made by a newer Farview: it has the migration {newer[0]!r}")
    done = []
    for file in files:
        if file.number in applied:
            if applied[file.number]["sha256"] != file.sha256:
                raise MigrationChanged(
                    f"the migration {file.number:04}_{file.name}.sql is not the file that was applied; "
                    "an applied migration never changes: put it back and add a new one"
                )
            continue
        with _applying(f"the migration {file.number:04}_{file.name}"):
            async with connection.transaction():
                await connection.execute(file.sql)
                await connection.execute(RECORD, file.number, file.name, file.sha256)
        done.append(file.name)
    return done
