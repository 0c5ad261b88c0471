from __future__ import annotations

import pytest

from storage.database import Database
from storage.derived import find_derived, next_number
from storage.errors import NotFound
from storage.instances import Patient, Series, Study
from tests.storage.rows import add_study, make_institution

PATIENT = Patient("P1")


async def test_a_derived_series_is_found_in_its_source_s_study_alone(database: Database) -> None:
    here, there = await make_institution(database, "Here"), await make_institution(database, "There")
    async with database.acting([here]) as connection:
        source = await add_study(connection, here, PATIENT, Study("1.2"), series=Series("1.2.1", 3, "CT"))
        derived = await add_study(connection, here, PATIENT, Study("1.2"), series=Series("1.2.9", 301, "CT"))
        other = await add_study(connection, here, PATIENT, Study("1.3"), series=Series("1.3.1", 3, "CT"))
        assert await find_derived(connection, source, "1.2.9") == derived
        assert await find_derived(connection, other, "1.2.9") is None
        assert await find_derived(connection, source, "1.2.8") is None
    async with database.acting([there]) as connection:
        assert await find_derived(connection, source, "1.2.9") is None


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [
        (3, [], 301),
        (3, [301, 302, None], 303),
        (3, [302], 301),
        (3, [30101], 301),
        (301, [], 30101),
        (None, [], 9001),
        (0, [], 9001),
        (-5, [], 9001),
        (2**31 - 1, [], 9001),
    ],
)
async def test_its_number_tells_the_source_and_is_free(
    database: Database, own: int | None, others: list[int | None], expected: int
) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        source = await add_study(connection, here, PATIENT, Study("1.2"), series=Series("1.2.1", own, "CT"))
        for i, number in enumerate(others):
            await add_study(connection, here, PATIENT, Study("1.2"), series=Series(f"1.2.2.{i}", number, "CT"))
        assert await next_number(connection, source) == expected
        with pytest.raises(NotFound):
            await next_number(connection, source + 1000)
