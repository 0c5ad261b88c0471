from __future__ import annotations

import asyncio

import asyncpg
import pytest

from storage.database import Database
from storage.institutions import (
    assign_ae_title,
    find_institutions,
    find_or_create_institution,
    institution_of_ae_title,
)


async def test_an_institution_is_found_again_whatever_its_case_and_blanks(database: Database) -> None:
    async with database.plain() as connection:
        made = await find_or_create_institution(connection, "City Hospital")
        assert await find_or_create_institution(connection, "  city  HOSPITAL ") == made
        assert await find_institutions(connection) == [made]


async def test_two_at_once_make_one(database: Database) -> None:
    async def make() -> int:
        async with database.plain() as connection:
            return (await find_or_create_institution(connection, "人民医院")).id

    assert len(set(await asyncio.gather(*(make() for _ in range(5))))) == 1


async def test_a_name_of_blanks_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="name"):
        async with database.plain() as connection:
            await find_or_create_institution(connection, "  ")


async def test_a_calling_ae_title_has_one_owner(database: Database) -> None:
    async with database.plain() as connection:
        east = await find_or_create_institution(connection, "East")
        west = await find_or_create_institution(connection, "West")
        assert await institution_of_ae_title(connection, "CT1") is None
        await assign_ae_title(connection, "CT1 ", east.id)
        assert await institution_of_ae_title(connection, " CT1") == east.id
        await assign_ae_title(connection, "CT1", west.id)
        assert await institution_of_ae_title(connection, "CT1") == west.id


async def test_a_title_longer_than_the_standard_allows_is_refused(database: Database) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        async with database.plain() as connection:
            institution = await find_or_create_institution(connection, "East")
            await assign_ae_title(connection, "SEVENTEEN_LETTERS", institution.id)
