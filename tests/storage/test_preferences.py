from __future__ import annotations

import asyncpg
import pytest

from storage.database import Connection, Database
from storage.errors import InvalidPreferences
from storage.preferences import LARGEST_BYTES, find_preferences, save_preferences
from storage.users import create_user


async def person(connection: Connection, login: str = "Dr.Li") -> int:
    return (await create_user(connection, login, "Right-1234")).id


async def test_nothing_is_set_at_first_and_the_last_save_counts(database: Database) -> None:
    async with database.plain() as connection:
        user = await person(connection)
        assert await find_preferences(connection, user) == {}
        await save_preferences(connection, user, {"keys": {"B": "cine"}, "名": [1, 2.5, None, True]})
        await save_preferences(connection, user, {"keys": {"N": "cine"}})
        assert await find_preferences(connection, user) == {"keys": {"N": "cine"}}


async def test_everybody_has_their_own(database: Database) -> None:
    async with database.plain() as connection:
        li, wang = await person(connection), await person(connection, "Dr.Wang")
        await save_preferences(connection, li, {"loupe": True})
        assert await find_preferences(connection, wang) == {}


async def test_only_an_account_has_preferences(database: Database) -> None:
    async with database.plain() as connection:
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await save_preferences(connection, 4711, {})


@pytest.mark.parametrize(
    "settings",
    [
        {"text": "a" * LARGEST_BYTES},
        {"text": "骨" * (LARGEST_BYTES // 3)},
        {"number": float("nan")},
        {"text": "a\x00b"},
        {"text": "\ud800"},
        {"set": {1}},
    ],
    ids=["long", "long in UTF-8", "not a number", "NUL", "half a surrogate pair", "not JSON"],
)
async def test_what_cannot_be_kept_is_refused_and_the_old_settings_stay(
    database: Database, settings: dict[str, object]
) -> None:
    async with database.plain() as connection:
        user = await person(connection)
        await save_preferences(connection, user, {"loupe": True})
        with pytest.raises(InvalidPreferences):
            await save_preferences(connection, user, settings)
        assert await find_preferences(connection, user) == {"loupe": True}


async def test_the_database_itself_keeps_only_objects(database: Database) -> None:
    async with database.plain() as connection:
        user = await person(connection)
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("INSERT INTO preferences (user_id, settings) VALUES ($1, $2)", user, [])
