"""Series that were computed from others: which are there, and which number the next one gets.

All of it runs in the caller's transaction, `Database.acting([institution_id])`.
"""

from __future__ import annotations

from storage.database import Connection
from storage.errors import NotFound
from storage.sql import load

SQL = load(__file__)

# Numbers of series are small; what is larger is left alone, so that a derived one's fits into 32 bits.
LARGEST = 10_000_000
UNNUMBERED = 90


async def find_derived(connection: Connection, source_id: int, series_instance_uid: str) -> int | None:
    """The id of the series with this UID in the study of the series it was computed from; None: there is none."""
    found: int | None = await connection.fetchval(SQL["find_derived"], source_id, series_instance_uid)
    return found


async def next_number(connection: Connection, source_id: int) -> int:
    """A SeriesNumber that no series of the study has: 301 for the first that is computed from series 3.

    NotFound: there is no such source.
    """
    row = await connection.fetchrow(SQL["find_numbers"], source_id)
    if row is None:
        raise NotFound(f"series {source_id}")
    number, taken = row["number"], set(row["taken"] or ())
    base = 100 * (number if number and 0 < number < LARGEST else UNNUMBERED)
    return next(n for n in range(base + 1, base + 2 + len(taken)) if n not in taken)
