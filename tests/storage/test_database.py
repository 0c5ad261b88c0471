from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import aclosing
from pathlib import Path

import asyncpg
import psutil
import pytest

from storage.database import Connection, Database, DatabaseTarget
from storage.errors import DatabaseUnavailable
from storage.home import Home
from storage.instances import Patient, Study, insert_instances
from storage.migrate import migrate
from storage.postgres import EmbeddedPostgres
from tests.database import Server
from tests.storage.rows import add_study, instance, make_institution

CLINICAL = ("patients", "studies", "series", "instances", "conflicts")


async def test_work_is_done_as_the_application_role(database: Database) -> None:
    async with database.plain() as connection:
        assert await connection.fetchval("SELECT current_user") == "farview_app"
        role = await connection.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
    assert not role["rolsuper"] and not role["rolbypassrls"] and not role["rolcreaterole"]


async def test_a_transaction_sees_only_the_rows_of_its_institutions(database: Database) -> None:
    here, there = await make_institution(database, "Here"), await make_institution(database, "There")
    for where in (here, there):
        async with database.acting([where]) as connection:
            await add_study(connection, where, Patient("1"), Study(f"1.{where}"))
    for table in CLINICAL[:4]:
        async with database.acting([here]) as connection:
            assert [row[0] for row in await connection.fetch(f"SELECT institution_id FROM {table}")] == [here]
        async with database.acting([here, there]) as connection:
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 2
        async with database.acting(None) as connection:
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 2
        async with database.acting([]) as connection:
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
        async with database.plain() as connection:
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_what_one_transaction_saw_the_next_one_on_the_connection_does_not(
    database_target: DatabaseTarget,
) -> None:
    database = await Database.connect(database_target, size=1)
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        await add_study(connection, here, Patient("1"), Study("1.1"))
    async with database.plain() as connection:
        assert await connection.fetchval("SELECT count(*) FROM studies") == 0
    await database.close()


async def test_nobody_writes_into_an_institution_they_do_not_act_for(database: Database) -> None:
    here, there = await make_institution(database, "Here"), await make_institution(database, "There")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.acting([here]) as connection:
            await add_study(connection, there, Patient("1"), Study("1.1"))
    async with database.acting([here]) as connection:
        await add_study(connection, here, Patient("1"), Study("1.2"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.acting([here]) as connection:
            await connection.execute("UPDATE studies SET institution_id = $1", there)


async def test_a_row_cannot_hang_under_another_institutions_row(database: Database) -> None:
    here, there = await make_institution(database, "Here"), await make_institution(database, "There")
    async with database.acting([here]) as connection:
        series_id = await add_study(connection, here, Patient("1"), Study("1.1"))
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with database.acting([here, there]) as connection:
            await insert_instances(connection, there, [instance(series_id, "1.1.9")])


@pytest.mark.parametrize(
    "attempt",
    [
        "SET row_security = off; SELECT * FROM patients",
        "ALTER TABLE patients DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_institution ON patients",
        "CREATE POLICY mine ON patients USING (true)",
        "ALTER ROLE farview_app BYPASSRLS",
        "SET ROLE farview_owner",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER FUNCTION acting_institutions() OWNER TO farview_app",
        "CREATE OR REPLACE FUNCTION farview.acting_institutions() RETURNS integer[] LANGUAGE sql AS 'SELECT ARRAY[1]'",
        "DELETE FROM instances",
        "TRUNCATE instances",
        "UPDATE migrations SET sha256 = ''",
        "COPY users TO PROGRAM 'cat'",
        "CREATE TABLE farview.mine (id int)",
    ],
)
async def test_the_application_role_cannot_lift_its_own_walls(database: Database, attempt: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with database.plain() as connection:
            await connection.execute(attempt)


async def test_the_owner_sees_no_clinical_row_by_mistake(database: Database, database_target: DatabaseTarget) -> None:
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        await add_study(connection, here, Patient("1"), Study("1.1"))
    owner = await asyncpg.connect(database_target.owner)
    assert await owner.fetchval("SELECT count(*) FROM farview.studies") == 0
    await owner.close()


async def test_every_table_with_clinical_rows_is_walled(database: Database) -> None:
    async with database.plain() as connection:
        rows = await connection.fetch(
            """SELECT relname, relrowsecurity AND relforcerowsecurity AS walled FROM pg_class
               JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = 'farview' AND relkind = 'r'"""
        )
    assert {row["relname"] for row in rows if row["walled"]} == set(CLINICAL)


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    nowhere = DatabaseTarget.external("postgresql:///farview?host=/nonexistent&user=farview_app")
    with pytest.raises(DatabaseUnavailable):
        await Database.connect(nowhere)


async def test_a_server_that_cuts_a_connection_is_unavailable_and_the_next_one_works(
    database: Database, database_server: Server
) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with database.plain() as connection:
            superuser = await database_server.superuser()
            await superuser.fetchval("SELECT pg_terminate_backend($1, 5000)", connection.get_server_pid())
            await superuser.close()
            await connection.fetchval("SELECT 1")
    async with database.plain() as connection:
        assert await connection.fetchval("SELECT 1") == 1


def cut(connection: Connection) -> None:
    """End the server's side of a connection before our loop can notice: it does not run meanwhile."""
    server = psutil.Process(connection.get_server_pid())
    server.terminate()
    server.wait(10)


async def test_a_connection_that_is_lost_after_the_work_was_done_is_no_error(database: Database) -> None:
    async with database.plain() as connection:
        found = await connection.fetchval("SELECT 1")
        cut(connection)
    assert found == 1
    async with database.plain() as connection:
        assert await connection.fetchval("SELECT 2") == 2


async def test_a_transaction_whose_end_is_not_confirmed_is_unavailable(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with database.acting([]) as connection:
            cut(connection)


async def test_the_callers_own_error_is_told_although_the_connection_is_lost_too(database: Database) -> None:
    with pytest.raises(FileNotFoundError):
        async with database.plain() as connection:
            cut(connection)
            raise FileNotFoundError


@pytest.mark.slow
async def test_whenever_the_server_dies_whoever_works_hears_that_it_is_away(
    open_folder: Path, postgres_programs: Path
) -> None:
    home = Home(open_folder / "dies", open_folder / "d")
    home.prepare()
    postgres = EmbeddedPostgres(home, postgres_programs)
    target = await postgres.start()
    await migrate(target)
    chance = random.Random(1)

    async def work(database: Database) -> None:
        while True:
            async with database.acting([1]) as connection:
                await connection.fetchval("SELECT 1")

    try:
        for number in range(8):
            database = await Database.connect(target, size=2)
            tasks = [asyncio.create_task(work(database)) for _ in range(2)]
            await asyncio.sleep(chance.uniform(0.05, 0.1))
            assert postgres.pid is not None
            os.kill(postgres.pid, signal.SIGQUIT if number % 2 else signal.SIGKILL)
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(end) for end in ends} == {DatabaseUnavailable}, ends
            await postgres.wait()
            await database.close()
            await postgres.start()
    finally:
        await postgres.stop()


async def test_an_error_of_the_callers_own_passes_unchanged(database: Database) -> None:
    with pytest.raises(FileNotFoundError):
        async with database.acting([]):
            raise FileNotFoundError


async def test_who_listens_hears_what_is_told_and_first_that_something_may_be_missed(database: Database) -> None:
    async with aclosing(database.notifications("farview_access")) as told:
        assert await anext(told) == ""
        async with database.plain() as connection:
            await connection.execute("SELECT pg_notify('farview_access', '7')")
        assert await anext(told) == "7"


async def test_who_listens_hears_of_a_gap(database: Database, database_server: Server) -> None:
    async with aclosing(database.notifications("farview_access")) as told:
        assert await anext(told) == ""
        superuser = await database_server.superuser()
        await superuser.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE usename = 'farview_app' AND query LIKE 'LISTEN%'"""
        )
        await superuser.close()
        assert await anext(told) == ""


async def test_an_address_of_another_kind_of_database_is_one_that_cannot_be_reached() -> None:
    with pytest.raises(DatabaseUnavailable) as refused:
        await Database.connect(DatabaseTarget.external("mysql://somebody:secret@elsewhere/farview"))
    assert "secret" not in str(refused.value)
