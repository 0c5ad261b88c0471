"""Institutions, and which of them owns what a calling AE title sends."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from storage.database import Connection
from storage.sql import load

SQL = load(__file__)


@dataclass(frozen=True, slots=True)
class Institution:
    """An owner of rows and bytes."""

    id: int
    name: str


async def find_or_create_institution(connection: Connection, name: str) -> Institution:
    """The institution of this name, whatever its upper and lower case; made now if there is none.

    A new one is read by the first account.
    """
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name:
        raise ValueError("an institution needs a name")
    if row := await connection.fetchrow(SQL["find_one"], name):
        return Institution(**row)
    async with connection.transaction():
        row = await connection.fetchrow(SQL["create"], name) or await connection.fetchrow(SQL["find_one"], name)
        await let_first_account_read(connection)
    return Institution(**row)


async def let_first_account_read(connection: Connection) -> None:
    """The first account reads every institution and sees how the house is; nothing happens while there is none."""
    await connection.execute(SQL["let_first_account_read"])


async def find_institutions(connection: Connection) -> list[Institution]:
    """All of them, by name."""
    return [Institution(**row) for row in await connection.fetch(SQL["find_all"])]


async def institution_of_ae_title(connection: Connection, ae_title: str) -> int | None:
    """The institution whose sender this calling AE title is, or None."""
    owner: int | None = await connection.fetchval(SQL["of_ae_title"], ae_title.strip())
    return owner


async def assign_ae_title(connection: Connection, ae_title: str, institution_id: int) -> None:
    """From now on what this calling AE title sends belongs to this institution."""
    await connection.execute(SQL["assign_ae_title"], ae_title.strip(), institution_id)
