from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
import pytest

from storage.access import find_access
from storage.database import Connection, Database
from storage.sessions import IDLE, end_session, open_session, token_hash
from storage.users import create_user

NOW = datetime(2024, 5, 1, 8, 0, tzinfo=UTC)


async def signed_in(connection: Connection) -> tuple[int, str]:
    user = await create_user(connection, "Dr.Li", "Right-1234")
    return user.id, token_hash(await open_session(connection, user.id, NOW))


async def test_signing_out_ends_the_session(database: Database) -> None:
    async with database.plain() as connection:
        _, session = await signed_in(connection)
        await end_session(connection, session)
        assert await find_access(connection, session, NOW) is None


async def test_the_token_itself_is_no_key(database: Database) -> None:
    async with database.plain() as connection:
        user = await create_user(connection, "Dr.Li", "Right-1234")
        token = await open_session(connection, user.id, NOW)
        assert await find_access(connection, token, NOW) is None
        assert await find_access(connection, token_hash(token), NOW)
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("UPDATE sessions SET token_sha256 = $1", token)


async def test_a_new_session_forgets_those_that_ended(database: Database) -> None:
    async with database.plain() as connection:
        user_id, _ = await signed_in(connection)
        await open_session(connection, user_id, NOW + IDLE)
        assert await connection.fetchval("SELECT count(*) FROM sessions") == 1


async def test_tokens_are_long_and_never_the_same(database: Database) -> None:
    async with database.plain() as connection:
        user = await create_user(connection, "Dr.Li", "Right-1234")
        tokens = {await open_session(connection, user.id, NOW) for _ in range(20)}
    assert len(tokens) == 20 and all(len(token) == 43 for token in tokens)
