"""Connections to PostgreSQL: who one works as, and which institutions' rows one sees."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg

from storage.errors import DatabaseUnavailable, DiskFull, TryAgain

# While the server is away the pool tries again by itself, each time with a trace in the log. Whoever asks is told.
logging.getLogger("asyncpg.pool").setLevel(logging.CRITICAL)

SCHEMA = "farview"
APPLICATION_ROLE = "farview_app"
CONNECT_TIMEOUT_S = 10
RECONNECT_S = 0.5

# What makes a connection the application's. As the connection's own settings, so that RESET leads back to them.
AS_APPLICATION = {
    "timeout": CONNECT_TIMEOUT_S,
    "server_settings": {"role": APPLICATION_ROLE, "search_path": SCHEMA, "timezone": "UTC"},
}

# asyncpg is untyped; this is its Connection, or a pool's proxy of one, in every signature of this package.
Connection = Any

# What asyncpg raises when the server is away, stopping, starting, full or does not know us.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,  # too many connections, no memory; a full disk is told apart below
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    # A connection that was lost in the middle of an answer: asyncpg still waits for its end and takes nothing new.
    asyncpg.InternalClientError,
)


@dataclass(frozen=True, slots=True)
class DatabaseTarget:
    """Where the database is, as two connection strings: one that works, one that migrates ("" for who never does)."""

    application: str
    owner: str = ""

    @classmethod
    def external(cls, url: str) -> DatabaseTarget:
        """A database of somebody else's: its one role migrates, and works after SET ROLE."""
        return cls(application=url, owner=url)


class Database:
    """A pool of connections that all work as the application role."""

    def __init__(self, pool: Any, target: DatabaseTarget) -> None:
        self._pool = pool
        self._target = target

    @classmethod
    async def connect(cls, target: DatabaseTarget, size: int = 10) -> Database:
        """Open up to `size` connections, one of them now. Close it with `close`."""
        with reaching():
            pool = await asyncpg.create_pool(
                target.application, min_size=1, max_size=size, init=_set_codecs, **AS_APPLICATION
            )
        return cls(pool, target)

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def acting(self, institutions: Sequence[int] | None) -> AsyncIterator[Connection]:
        """One transaction that sees the rows of these institutions and no others; None means all that exist.

        Only the work of the house itself may say None; whoever serves a person passes that person's institutions.
        """
        async with self.plain() as connection, connection.transaction():
            if institutions is None:
                await connection.execute(
                    "SELECT set_config('farview.institutions', string_agg(id::text, ','), true) FROM institutions"
                )
            else:
                seen = ",".join(str(int(institution)) for institution in institutions)
                await connection.execute("SELECT set_config('farview.institutions', $1, true)", seen)
            yield connection

    @asynccontextmanager
    async def plain(self) -> AsyncIterator[Connection]:
        """A connection without a transaction that sees no clinical row: for people, sessions and institutions."""
        with reaching():
            connection = await self._pool.acquire(timeout=CONNECT_TIMEOUT_S)
        try:
            with _working(connection):
                yield connection
        finally:
            # What was to be done is done, or has said why not. The pool has thrown away what it could not reset.
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                await self._pool.release(connection)

    async def notifications(self, channel: str) -> AsyncIterator[str]:
        """What is told on a channel, for ever. "" comes first and after every gap: something may have been missed."""
        while True:
            told: asyncio.Queue[str | None] = asyncio.Queue()
            try:
                with reaching():
                    connection = await asyncpg.connect(self._target.application, **AS_APPLICATION)
            except DatabaseUnavailable:
                await asyncio.sleep(RECONNECT_S)
                continue
            try:
                with _working(connection):
                    connection.add_termination_listener(lambda _, told=told: told.put_nowait(None))
                    await connection.add_listener(channel, lambda *event, told=told: told.put_nowait(event[3]))
                yield ""
                while (payload := await told.get()) is not None:
                    yield payload
            except DatabaseUnavailable:
                pass
            finally:
                connection.terminate()


async def _set_codecs(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads, format="text")


@contextmanager
def reaching() -> Iterator[None]:
    """Around the way to the server: whatever goes wrong there means that it cannot be reached."""
    try:
        yield
    except (OSError, asyncpg.InterfaceError, *AWAY) as error:
        raise DatabaseUnavailable(f"PostgreSQL cannot be reached: {error}") from error


@contextmanager
def _working(connection: Connection) -> Iterator[None]:
    """Around work on a connection. An OSError in here may be the caller's own, so it stays what it is."""
    try:
        yield
    except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as error:
        raise TryAgain(str(error)) from error
    except asyncpg.DiskFullError as error:
        raise DiskFull(f"PostgreSQL has no room: {error}") from error
    except AWAY as error:
        raise DatabaseUnavailable(f"PostgreSQL went away: {error}") from error
    except asyncpg.InterfaceError as error:
        # asyncpg's word both for a connection that the server has cut and for a wrong use of one.
        if _is_cut(connection):
            raise DatabaseUnavailable(f"PostgreSQL went away: {error}") from error
        raise


def _is_cut(connection: Connection) -> bool:
    try:
        return bool(connection.is_closed())
    except asyncpg.InterfaceError:  # the pool has taken it away already
        return True
