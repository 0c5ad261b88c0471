from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from storage.database import Database, DatabaseTarget
from storage.errors import DatabaseUnsuitable, MigrationChanged, MigrationFailed, SchemaNewer
from storage.instances import Patient, Study
from storage.migrate import FOLDER, migrate, migrations
from tests.database import Server
from tests.storage.rows import add_study, make_institution


@pytest_asyncio.fixture
async def empty_target(database_server: Server) -> AsyncIterator[DatabaseTarget]:
    target = await database_server.make_database("template0")
    yield target
    await database_server.drop_database(target)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "migrations"))


async def test_every_file_is_applied_once_and_in_order(empty_target: DatabaseTarget) -> None:
    names = [re.sub(r"^\d{4}_|\.sql$", "", path.name) for path in sorted(FOLDER.glob("*.sql"))]
    assert await migrate(empty_target) == names
    assert await migrate(empty_target) == []


async def test_two_processes_migrate_at_once(empty_target: DatabaseTarget) -> None:
    done = await asyncio.gather(*(migrate(empty_target) for _ in range(4)))
    assert sorted(len(names) for names in done) == [0, 0, 0, len(migrations())]


async def test_a_changed_file_is_refused_with_its_name(fresh_database_target: DatabaseTarget, folder: Path) -> None:
    path = folder / "0002_images.sql"
    path.write_text(path.read_text() + "-- one more word\n")
    with pytest.raises(MigrationChanged, match="0002_images"):
        await migrate(fresh_database_target, folder)


async def test_a_newer_database_is_refused(fresh_database_target: DatabaseTarget, folder: Path) -> None:
    newest = migrations()[-1]
    (folder / f"{newest.number:04}_{newest.name}.sql").unlink()
    with pytest.raises(SchemaNewer, match=newest.name):
        await migrate(fresh_database_target, folder)


async def test_a_file_that_fails_leaves_nothing_behind(fresh_database_target: DatabaseTarget, folder: Path) -> None:
    number = len(migrations()) + 1
    path = folder / f"{number:04}_reports.sql"
    path.write_text("CREATE TABLE reports (id int); SELECT 1 / 0;")
    with pytest.raises(MigrationFailed, match=f"{number:04}_reports: division by zero"):
        await migrate(fresh_database_target, folder)
    path.write_text("CREATE TABLE reports (id int);")
    assert await migrate(fresh_database_target, folder) == ["reports"]


def test_a_gap_in_the_numbers_is_noticed(folder: Path) -> None:
    (folder / "0002_images.sql").unlink()
    with pytest.raises(ValueError, match="numbered"):
        migrations(folder)


async def test_a_database_that_is_not_utf8_is_refused(database_server: Server) -> None:
    superuser = await database_server.superuser()
    await superuser.execute(
        """CREATE DATABASE latin TEMPLATE template0 OWNER farview_owner ENCODING 'LATIN1'
           LOCALE_PROVIDER libc LOCALE 'C'"""
    )
    await superuser.close()
    target = DatabaseTarget.external(database_server.template.owner.replace("/farview?", "/latin?"))
    with pytest.raises(DatabaseUnsuitable, match="LATIN1"):
        await migrate(target)
    await database_server.drop_database(target)


async def test_a_role_without_the_rights_is_told_which_it_needs(
    database_server: Server, empty_target: DatabaseTarget
) -> None:
    name = empty_target.owner.split("?")[0].rsplit("/", 1)[1]
    target = DatabaseTarget.external(empty_target.owner.replace("user=farview_owner", "user=farview_app"))
    with pytest.raises(MigrationFailed, match=f"permission denied for database {name}.*CREATEROLE"):
        await migrate(target)


async def test_what_a_row_holds_is_not_in_the_sentence(fresh_database_target: DatabaseTarget, folder: Path) -> None:
    path = folder / f"{len(migrations()) + 1:04}_broken.sql"
    path.write_text("CREATE TABLE t (name text UNIQUE); INSERT INTO t VALUES ('SECRET'), ('SECRET');")
    with pytest.raises(MigrationFailed, match="unique") as failed:
        await migrate(fresh_database_target, folder)
    assert "SECRET" not in str(failed.value)


async def test_a_foreign_database_works_with_one_role_for_everything(
    database_server: Server, empty_target: DatabaseTarget
) -> None:
    """FARVIEW_DATABASE_URL: its role owns the database and works as the application role after SET ROLE."""
    target = DatabaseTarget.external(empty_target.owner)
    await migrate(target)
    database = await Database.connect(target, size=2)
    here, there = await make_institution(database, "Here"), await make_institution(database, "There")
    async with database.acting([here]) as connection:
        assert await connection.fetchval("SELECT current_user || ' ' || session_user") == "farview_app farview_owner"
        await add_study(connection, here, Patient("1"), Study("1.1"))
    async with database.acting([there]) as connection:
        assert await connection.fetchval("SELECT count(*) FROM studies") == 0
    await database.close()


async def test_a_superuser_as_foreign_role_is_bound_by_row_level_security_too(
    database_server: Server, empty_target: DatabaseTarget
) -> None:
    url = empty_target.owner.replace("user=farview_owner", "user=postgres")
    await migrate(DatabaseTarget.external(url))
    database = await Database.connect(DatabaseTarget.external(url), size=1)
    here = await make_institution(database, "Here")
    async with database.acting([here]) as connection:
        await add_study(connection, here, Patient("1"), Study("1.1"))
    async with database.acting([]) as connection:
        assert await connection.fetchval("SELECT count(*) FROM studies") == 0
    await database.close()
