from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

import storage.programs
from storage.account import Account, database_account
from storage.database import Database
from storage.errors import PostgresNotStarted
from storage.home import Home
from storage.migrate import migrate
from storage.postgres import SETTINGS, EmbeddedPostgres, embedded_target, sockets
from storage.programs import programs
from tests.database import Server, is_root

pytestmark = pytest.mark.slow  # real processes, started and stopped

ROOT = Path(__file__).parents[2]

needs_root = pytest.mark.skipif(not is_root(), reason="only root can try as another local user")


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """One home for the tests of this file, which leave it behind in every state that it must survive."""
    folder = Path(tempfile.mkdtemp(prefix="fv-", dir="/tmp"))
    folder.chmod(0o711)
    made = Home(folder / "home", folder / "run")
    made.prepare()
    yield made
    shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture
async def postgres(home: Home, postgres_programs: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(home, postgres_programs)
    yield server
    await server.stop()


async def execute(home: Home, sql: str) -> object:
    connection = await asyncpg.connect(embedded_target(home.runtime).owner)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def until(what: Callable[[], bool]) -> None:
    """Wait for something that another process does; half a minute is "never"."""
    async with asyncio.timeout(30):
        while not what():  # noqa: ASYNC110 - there is no event for what happens elsewhere
            await asyncio.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether this process is there and more than a zombie."""
    done = subprocess.run(["ps", "-p", str(pid), "-o", "stat="], capture_output=True, text=True, check=False)
    return done.returncode == 0 and not done.stdout.startswith("Z")


def process_of_the_servers_account() -> subprocess.Popen[bytes]:
    account = database_account()
    return subprocess.Popen(["sleep", "600"], **({"user": account.uid, "group": account.gid} if account else {}))


def child(home: Home, shared: Path, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.storage.postgres_child", home.path, home.runtime, shared],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


async def test_what_was_stored_is_there_after_a_restart(home: Home, postgres: EmbeddedPostgres) -> None:
    await postgres.start()
    await execute(home, "CREATE TABLE kept AS SELECT 1 AS number")
    await postgres.stop()
    assert postgres.pid is None and await postgres.wait() == 0
    await postgres.start()
    assert await execute(home, "SELECT number FROM kept") == 1


async def test_a_killed_server_starts_again_with_everything_that_was_committed(
    home: Home, postgres: EmbeddedPostgres
) -> None:
    await postgres.start()
    await execute(home, "CREATE TABLE committed AS SELECT generate_series(1, 1000) AS number")
    assert postgres.pid
    os.kill(postgres.pid, signal.SIGKILL)
    assert await postgres.wait() == -signal.SIGKILL
    assert (home.postgresql / "data" / "postmaster.pid").exists()
    await postgres.start()
    assert await execute(home, "SELECT count(*) FROM committed") == 1000


async def test_a_server_that_is_killed_while_it_is_asked_for_its_roles_did_not_start(
    postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_roles = postgres._make_roles

    async def killed(connection: asyncpg.Connection) -> None:
        assert postgres.pid
        os.kill(postgres.pid, signal.SIGKILL)
        await until(connection.is_closed)
        await make_roles(connection)

    monkeypatch.setattr(postgres, "_make_roles", killed)
    with pytest.raises(PostgresNotStarted):
        await postgres.start()


async def test_the_server_ends_when_its_parent_is_killed(home: Home, postgres_programs: Path) -> None:
    parent = child(home, postgres_programs)
    assert parent.stdout
    assert parent.stdout.readline() == "starting\n"
    pid = int(parent.stdout.readline())
    assert runs(pid)
    parent.kill()
    parent.wait()
    await until(lambda: not runs(pid))


@pytest.mark.slow
async def test_a_start_that_is_killed_while_it_makes_the_database_is_made_good_by_the_next(
    home: Home, postgres_programs: Path
) -> None:
    other = Home(home.path.parent / "other", home.path.parent / "other-run")
    parent = child(other, postgres_programs)
    # Its files have begun and are not finished.
    await until(lambda: any(other.postgresql.glob("new-*/base")))
    parent.kill()
    parent.wait()
    postgres = EmbeddedPostgres(other, postgres_programs)
    await migrate(await postgres.start())
    assert [path.name for path in other.postgresql.iterdir() if path.is_dir()] == ["data"]
    await postgres.stop()


async def test_a_server_that_lost_its_parent_is_ended_by_the_next_start(
    home: Home, postgres: EmbeddedPostgres, postgres_programs: Path
) -> None:
    await postgres.start()
    successor = EmbeddedPostgres(home, postgres_programs)
    await successor.start()
    assert await postgres.wait() == 0
    assert await execute(home, "SELECT 1") == 1
    await successor.stop()


async def test_a_pid_file_whose_number_another_process_has_now_does_not_keep_it_from_starting(
    home: Home, postgres: EmbeddedPostgres
) -> None:
    await postgres.start()
    assert postgres.pid
    os.kill(postgres.pid, signal.SIGKILL)
    await postgres.wait()
    stranger = process_of_the_servers_account()
    try:
        file = home.postgresql / "data" / "postmaster.pid"
        file.write_text("\n".join([str(stranger.pid), *file.read_text().splitlines()[1:]]) + "\n")
        await postgres.start()
        assert await execute(home, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_server_that_does_not_start_says_why(home: Home, postgres: EmbeddedPostgres) -> None:
    await postgres.start()
    await postgres.stop()
    version = home.postgresql / "data" / "PG_VERSION"
    version.write_text("12\n")
    try:
        with pytest.raises(PostgresNotStarted, match="database files are incompatible with server"):
            await postgres.start()
    finally:
        version.write_text("18\n")


async def test_it_must_be_started_from_the_main_thread(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(RuntimeError, match="main thread"):
        await asyncio.to_thread(asyncio.run, postgres.start())


async def test_the_server_is_set_up_as_we_need_it(database_server: Server) -> None:
    superuser = await database_server.superuser("farview")
    for name, value in {
        "listen_addresses": "",
        "data_checksums": "on",
        "server_encoding": "UTF8",
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }.items():
        assert await superuser.fetchval("SELECT current_setting($1)", name) == value, name
    database = await superuser.fetchrow("SELECT * FROM pg_database WHERE datname = 'farview'")
    assert (database["datlocprovider"], database["datlocale"]) == (b"b", "C.UTF-8")
    assert await superuser.fetchval("SELECT lower('ÄÉЖ')") == "äéж"
    rules = await superuser.fetch("SELECT type, auth_method FROM pg_hba_file_rules")
    assert [tuple(rule) for rule in rules] == [("local", "peer")]
    roles = await superuser.fetch(
        """SELECT rolname FROM pg_roles WHERE rolname LIKE 'farview%'
           AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)"""
    )
    assert {role["rolname"] for role in roles} == {"farview_owner", "farview_app"}
    await superuser.close()


def test_commits_are_durable_unless_a_test_says_otherwise() -> None:
    assert SETTINGS["synchronous_commit"] == "on" and "fsync" not in SETTINGS


async def test_no_value_of_a_row_gets_into_the_log(database: Database, database_server: Server) -> None:
    log = database_server.home.logs / "postgresql.log"
    for sql in (
        "INSERT INTO ae_titles (ae_title, institution_id) VALUES ('SECRET_1', 99)",  # the error's DETAIL has the key
        "SELECT 'SECRET_2' FROM nowhere",  # the statement
    ):
        with pytest.raises(asyncpg.PostgresError):
            async with database.plain() as connection:
                await connection.execute(sql)
    with pytest.raises(asyncpg.PostgresError):
        async with database.plain() as connection:
            await connection.execute("INSERT INTO users (login, login_key) VALUES ($1, $1)", "SECRET_3")
    text = log.read_text()
    assert "foreign key" in text and "nowhere" in text
    assert "SECRET" not in text


@needs_root
async def test_another_local_user_is_refused_by_the_folder_and_by_the_server(
    home: Home, postgres: EmbeddedPostgres, postgres_programs: Path
) -> None:
    await postgres.start()
    account = database_account()
    assert account
    name = next(name for name in ("nobody", "daemon") if name != account.name)
    other = pwd.getpwnam(name)
    psql = programs(account, postgres_programs) / "psql"

    def attempt(role: str) -> str:
        done = subprocess.run(
            [psql, "-h", sockets(home.runtime), "-U", role, "-d", "farview", "-c", "SELECT 1"],
            user=other.pw_uid,
            group=other.pw_gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        return done.stderr

    for role in ("postgres", "farview_owner", "farview_app"):
        assert "Permission denied" in attempt(role)
    socket = sockets(home.runtime) / ".s.PGSQL.5432"
    for path, mode in ((home.runtime, 0o711), (sockets(home.runtime), 0o711), (socket, 0o777)):
        path.chmod(mode)
    for role in ("postgres", "farview_owner", "farview_app", name):
        assert "Peer authentication failed" in attempt(role)
    for path, mode in ((home.runtime, 0o710), (sockets(home.runtime), 0o700)):
        path.chmod(mode)


@needs_root
async def test_root_does_not_open_what_is_beside_the_database(home: Home, postgres: EmbeddedPostgres) -> None:
    above = home.path.parent.stat().st_mode
    await postgres.start()
    assert home.path.parent.stat().st_mode == above
    account = database_account()
    assert account and account.can_use(home.postgresql, write=True)
    for folder in (home.blobs, home.volumes, home.kernels, home.logs):
        assert not account.can_use(folder)
    nobody = pwd.getpwnam("nobody")
    if nobody.pw_uid != account.uid:
        assert not Account("nobody", nobody.pw_uid, nobody.pw_gid).can_use(home.path)


@needs_root
def test_an_ordinary_user_starts_it_too(
    open_folder: Path, postgres_programs: Path, database_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a forked process that becomes `nobody`: this Python itself may lie where that account cannot read it."""
    entry = pwd.getpwnam("nobody")
    nobody = Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    folder = open_folder / "nobody"
    folder.mkdir(mode=0o700)
    os.chown(folder, nobody.uid, nobody.gid)
    copied = next(postgres_programs.glob("postgresql-*"))
    monkeypatch.setattr(storage.programs, "_site_folder", lambda: copied)

    async def use() -> int:
        home = Home(folder / "home", folder / "run")
        home.prepare()
        postgres = EmbeddedPostgres(home)
        await migrate(await postgres.start())
        found = await execute(home, "SELECT 17")
        await postgres.stop()
        return 0 if found == 17 else 1

    process = os.fork()
    if process == 0:
        status = 99
        try:
            nobody.become()
            status = asyncio.run(use())
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    assert (folder / "home" / "postgresql" / "data").stat().st_uid == nobody.uid
