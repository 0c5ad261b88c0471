from __future__ import annotations

import asyncio

import pytest

from storage.database import Database
from storage.errors import TryAgain
from storage.instances import (
    Patient,
    Series,
    Study,
    find_existing,
    insert_conflict,
    insert_instances,
    place,
)
from tests.storage.rows import add_study, instance, make_institution, sha256


async def count(database: Database, table: str) -> int:
    async with database.acting(None) as connection:
        number: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    return number


async def test_the_same_place_is_found_again_and_keeps_its_first_values(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        first = await place(connection, here, Patient("1", name="A"), Study("1.1"), Series("1.1.1", 1, "CT"))
        again = await place(connection, here, Patient("1", name="B"), Study("1.1"), Series("1.1.1", 2, "MR"))
        assert again == first
        assert await connection.fetchval("SELECT patient_name FROM studies") == "A"
        assert await connection.fetchval("SELECT modality FROM series") == "CT"


async def test_one_patient_has_several_studies(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        await add_study(connection, here, Patient("1"), Study("1.1"))
        await add_study(connection, here, Patient("1"), Study("1.2"))
    assert (await count(database, "patients"), await count(database, "studies")) == (1, 2)


@pytest.mark.parametrize(
    ("first", "second", "joins"),
    [
        (Patient("1"), Patient("2"), False),
        (Patient("1"), Patient(""), False),
        (Patient(""), Patient("1"), False),
        (Patient("1", issuer="East"), Patient("1", issuer="West"), False),
        (Patient("1", issuer="East"), Patient("1"), True),
        (Patient("1"), Patient("1", issuer="East"), True),
        (Patient("1", name="WANG^XIAODONG"), Patient("1", name="王^小东"), True),
    ],
)
async def test_only_the_same_patient_joins_a_study(
    database: Database, first: Patient, second: Patient, joins: bool
) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        await place(connection, here, first, Study("1.1"), Series("1.1.1"))
        found = await place(connection, here, second, Study("1.1"), Series("1.1.2"))
    assert (found is not None) == joins
    assert (await count(database, "patients"), await count(database, "series")) == (1, 2 if joins else 1)


async def test_equal_identifiers_of_two_issuers_are_two_patients(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        await add_study(connection, here, Patient("1", issuer="East"), Study("1.1"))
        await add_study(connection, here, Patient("1", issuer="West"), Study("1.2"))
    assert await count(database, "patients") == 2


async def test_equal_identifiers_at_two_institutions_are_two_patients_and_a_shared_study_is_two_rows(
    database: Database,
) -> None:
    for name in ("Here", "There"):
        where = await make_institution(database, name)
        async with database.acting([where]) as connection:
            await add_study(connection, where, Patient("1"), Study("1.1"))
    for table in ("patients", "studies", "series", "instances"):
        assert await count(database, table) == 2


async def test_a_missing_patient_id_never_merges_two_studies(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        await add_study(connection, here, Patient("", name="A"), Study("1.1"))
        await add_study(connection, here, Patient("", name="A"), Study("1.2"))
        await add_study(connection, here, Patient("", name="A"), Study("1.1"), series=Series("1.1.7"))
    assert (await count(database, "patients"), await count(database, "studies")) == (2, 2)


async def test_two_first_images_at_once_make_one_study_and_one_patient(database: Database) -> None:
    here = await make_institution(database, "Here")

    async def receive(number: int) -> None:
        async with database.acting([here]) as connection:
            series = Series(f"1.1.{number}")
            await add_study(connection, here, Patient(""), Study("1.1"), series=series)

    await asyncio.gather(*(receive(number) for number in range(5)))
    counts = [await count(database, table) for table in ("patients", "studies", "series", "instances")]
    assert counts == [1, 1, 5, 5]


async def test_an_instance_is_new_once(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        series_id = await place(connection, here, Patient("1"), Study("1.1"), Series("1.1.1"))
        batch = [instance(series_id, "1.1.1.1"), instance(series_id, "1.1.1.2"), instance(series_id, "1.1.1.1")]
        assert await insert_instances(connection, here, batch) == {"1.1.1.1", "1.1.1.2"}
        assert await insert_instances(connection, here, [*batch, instance(series_id, "1.1.1.3")]) == {"1.1.1.3"}
    assert await count(database, "instances") == 3


async def test_an_existing_instance_answers_its_digest(database: Database) -> None:
    here, there = await make_institution(database, "Here"), await make_institution(database, "There")
    async with database.acting([here]) as connection:
        await add_study(connection, here, Patient("1"), Study("1.1"), instances=2)
        found = await find_existing(connection, here, ["1.1.1.2", "9.9"])
        assert found["1.1.1.2"].dataset_sha256 == sha256("1.1.1.2")
        assert list(found) == ["1.1.1.2"]
        assert await find_existing(connection, there, ["1.1.1.2"]) == {}


async def test_one_instance_that_arrives_twice_at_once_is_stored_once(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        series_id = await place(connection, here, Patient("1"), Study("1.1"), Series("1.1.1"))

    async def receive() -> int:
        async with database.acting([here]) as connection:
            return len(await insert_instances(connection, here, [instance(series_id, "1.1.1.1")]))

    assert sum(await asyncio.gather(*(receive() for _ in range(5)))) == 1


async def test_batches_in_opposite_order_wait_in_turn(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        series_id = await place(connection, here, Patient("1"), Study("1.1"), Series("1.1.1"))
    forward = [instance(series_id, f"1.1.1.{number}") for number in range(200)]

    async def receive(batch: list) -> int:
        async with database.acting([here]) as connection:
            return len(await insert_instances(connection, here, batch))

    assert sum(await asyncio.gather(receive(forward), receive(forward[::-1]))) == 200


async def test_two_transactions_that_wait_for_each_other_are_told_to_try_again(database: Database) -> None:
    here = await make_institution(database, "Here")
    locked = [asyncio.Event(), asyncio.Event()]

    async def work(mine: int, other: int) -> None:
        async with database.acting([here]) as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", mine)
            locked[mine].set()
            await locked[other].wait()
            await connection.execute("SELECT pg_advisory_xact_lock($1)", other)

    results = await asyncio.gather(work(0, 1), work(1, 0), return_exceptions=True)
    assert sorted(type(result) for result in results if result is not None) == [TryAgain]


async def test_other_content_is_kept_as_one_conflict_however_often_it_comes(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        series_id = await add_study(connection, here, Patient("1"), Study("1.1"))
        first = (await find_existing(connection, here, ["1.1.1.1"]))["1.1.1.1"]
        other = instance(series_id, "1.1.1.1", content="other")
        assert await insert_conflict(connection, here, first, other, "1.1", "MODALITY1")
        assert not await insert_conflict(connection, here, first, other, "1.1", "MODALITY1")
        third = instance(series_id, "1.1.1.1", content="third")
        assert await insert_conflict(connection, here, first, third, "1.1", "import")
        rows = await connection.fetch("SELECT arrivals, origin FROM conflicts ORDER BY id")
        shown = (await find_existing(connection, here, ["1.1.1.1"]))["1.1.1.1"]
    assert [tuple(row) for row in rows] == [(2, "MODALITY1"), (1, "import")]
    assert shown == first


async def test_an_instance_of_another_patient_is_kept_as_one_conflict(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        other = instance(0, "1.1.1.1")
        assert await insert_conflict(connection, here, None, other, "1.1", "MODALITY1")
        assert not await insert_conflict(connection, here, None, other, "1.1", "MODALITY1")
        rows = await connection.fetch("SELECT reason, sop_instance_uid, instance_id, arrivals FROM conflicts")
    assert [tuple(row) for row in rows] == [("other_patient", "1.1.1.1", None, 2)]


async def test_a_conflict_that_was_kept_without_its_study_is_counted_once_it_comes_again(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        other = instance(0, "1.1.1.1")
        await insert_conflict(connection, here, None, other, "1.1", "MODALITY1")
        await connection.execute("UPDATE conflicts SET study_instance_uid = ''")  # as before it was written down
        await insert_conflict(connection, here, None, other, "1.1", "MODALITY1")
        assert await connection.fetchval("SELECT study_instance_uid FROM conflicts") == "1.1"


@pytest.mark.parametrize("header", [{}, {"名": "王^小东", "frames": [[0, 1.5, None]], "nested": {"a": True}}])
async def test_a_header_comes_back_as_it_went_in(database: Database, header: dict) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        series_id = await place(connection, here, Patient("1"), Study("1.1"), Series("1.1.1"))
        await insert_instances(connection, here, [instance(series_id, "1.1.1.1", header=header)])
        assert await connection.fetchval("SELECT header FROM instances") == header


async def test_a_number_beyond_the_standards_range_counts_as_none(database: Database) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        series_id = await place(connection, here, Patient("1"), Study("1.1"), Series("1.1.1", 10**11))
        await insert_instances(connection, here, [instance(series_id, "1.1.1.1", -(10**11))])
        assert await connection.fetchval("SELECT number FROM series") is None
        assert await connection.fetchval("SELECT instance_number FROM instances") is None
