"""Our own PostgreSQL: a child of this process, on a private socket, that dies with it.

Who may connect: this process's account and PostgreSQL's (peer authentication over a Unix socket, no TCP, no password).
Roles: farview_owner migrates, farview_app works; the superuser `postgres` is for making these two and for backups.
The account may be all three. Row-level security is forced, so only the superuser can dump every row; and taking it out
of the map would stop nobody: the account owns the map and the database's files.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import asyncpg

from storage.account import Account, database_account, own_name
from storage.database import APPLICATION_ROLE, Connection, DatabaseTarget
from storage.errors import PostgresNotStarted
from storage.home import Home
from storage.logs import rotate
from storage.parent import end_with_us
from storage.predecessor import end_predecessor
from storage.programs import SHARED, programs

DATABASE = "farview"
OWNER_ROLE = "farview_owner"
SUPERUSER = "postgres"

START_S = 60  # to the first answer; recovery after a crash answers "starting up" and may take longer
STOP_S = 30

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "50",
    "shared_buffers": "128MB",
    # A row that was acknowledged survives a power cut: the sender deletes its copy after our success.
    "synchronous_commit": "on",
    # The processor belongs to the pictures, and workers would need /dev/shm, which containers keep small.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # No patient in the log: neither statements nor parameters, and no DETAIL, which quotes the row that failed.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
}


def embedded_target(runtime: Path) -> DatabaseTarget:
    """How to reach the PostgreSQL whose sockets are in this runtime folder, our own or the running server's."""
    host = quote(str(sockets(runtime)))
    return DatabaseTarget(
        application=f"postgresql:///{DATABASE}?host={host}&user={APPLICATION_ROLE}",
        owner=f"postgresql:///{DATABASE}?host={host}&user={OWNER_ROLE}",
    )


def sockets(runtime: Path) -> Path:
    """PostgreSQL's own folder in the runtime folder."""
    return runtime / "postgresql"


class EmbeddedPostgres:
    """The server of one home. Hold the home's lock while it runs: two servers on one home would destroy it."""

    def __init__(self, home: Home, shared: Path = SHARED, settings: Mapping[str, str] | None = None) -> None:
        """`shared`: where root copies the programs to; `settings`: PostgreSQL's, over those of this module."""
        self._home = home
        self._settings = SETTINGS | dict(settings or {})
        self._shared = shared
        self._data = home.postgresql / "data"
        self._sockets = sockets(home.runtime)
        self._log = home.logs / "postgresql.log"
        self._process: asyncio.subprocess.Process | None = None
        self._account: Account | None = None
        self._bin = Path()

    @property
    def pid(self) -> int | None:
        """The server's process, while there is one."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> DatabaseTarget:
        """Start the server, made first if there is none, and answer how to reach it.

        Call it from the main thread: Linux sends the signal that ends the server when the starting *thread* ends.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("PostgreSQL must be started from the main thread, or it ends with another one")
        self._account = database_account()
        self._prepare_folders(self._account)
        self._bin = await asyncio.to_thread(programs, self._account, self._shared)
        if not self._data.exists():
            await self._make_cluster()
        self._write_access_rules()
        await end_predecessor(self._data)
        await self._launch()
        return embedded_target(self._home.runtime)

    async def wait(self) -> int:
        """Wait until the server ends, by `stop` or by itself, and answer its exit status."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """End the server: open transactions are rolled back, everything committed is kept."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        for way in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            try:
                process.send_signal(way)
                await asyncio.wait_for(process.wait(), STOP_S)
                return
            except ProcessLookupError:
                return
            except TimeoutError:
                continue

    def _prepare_folders(self, account: Account | None) -> None:
        if account is not None:
            self._home.admit(account)
        for folder in (self._home.postgresql, self._sockets):
            folder.mkdir(mode=0o700, exist_ok=True)
            if account is not None:
                os.chown(folder, account.uid, account.gid)

    async def _make_cluster(self) -> None:
        """initdb under another name first: what a killed initdb leaves is thrown away at the next start."""
        for left in self._home.postgresql.glob("new-*"):
            shutil.rmtree(left, ignore_errors=True)
        new = self._home.postgresql / f"new-{uuid.uuid4().hex[:8]}"
        process = await self._spawn(
            "initdb",
            f"--pgdata={new}",
            f"--username={SUPERUSER}",
            "--auth=peer",
            "--data-checksums",
            "--encoding=UTF8",
            # Built in, so that sorting and upper case do not change with the machine's C library; no ICU.
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-locale",
            "--no-instructions",
            end_with_us_by=signal.SIGKILL,
        )
        log_start = self._log.stat().st_size
        if await process.wait() != 0:
            raise PostgresNotStarted(f"PostgreSQL could not make its database files:\n{self._log_tail(log_start)}")
        new.rename(self._data)
        _sync_folder(self._home.postgresql)

    def _write_access_rules(self) -> None:
        """Written at every start, so that a home that was moved to another account lets that one in."""
        people = {own_name()} | ({self._account.name} if self._account else set())
        roles = (SUPERUSER, OWNER_ROLE, APPLICATION_ROLE)
        maps = [f'farview "{person}" {role}\n' for person in sorted(people) for role in roles]
        for name, text in (("hba.conf", "local all all peer map=farview\n"), ("ident.conf", "".join(maps))):
            path = self._home.postgresql / name
            # Written only when it changes: on a full disk an empty file would be all that is left of it.
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
            path.chmod(0o600)
            if self._account is not None:
                os.chown(path, self._account.uid, self._account.gid)

    async def _launch(self) -> None:
        rotate(self._log)
        log_start = self._log.stat().st_size if self._log.exists() else 0
        settings = self._settings | {
            "unix_socket_directories": str(self._sockets),
            "hba_file": str(self._home.postgresql / "hba.conf"),
            "ident_file": str(self._home.postgresql / "ident.conf"),
        }
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = await self._spawn("postgres", "-D", str(self._data), *arguments, end_with_us_by=signal.SIGINT)
        try:
            await self._make_roles(await self._first_connection(self._process, log_start))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            await self.stop()
            raise PostgresNotStarted(
                f"PostgreSQL started but refused us ({error}):\n{self._log_tail(log_start)}"
            ) from error
        except BaseException:
            await self.stop()
            raise

    async def _first_connection(self, process: asyncio.subprocess.Process, log_start: int) -> Connection:
        deadline = asyncio.get_running_loop().time() + START_S
        while process.returncode is None:
            try:
                return await asyncpg.connect(host=str(self._sockets), user=SUPERUSER, database="postgres")
            except asyncpg.CannotConnectNowError:
                pass  # it recovers from a crash, and says so: however long it takes
            except (OSError, asyncpg.PostgresConnectionError) as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise PostgresNotStarted(
                        f"PostgreSQL did not answer in {START_S} s ({error}):\n{self._log_tail(log_start)}"
                    ) from error
            await asyncio.sleep(0.02)
        raise PostgresNotStarted(f"PostgreSQL ended while starting:\n{self._log_tail(log_start)}")

    async def _make_roles(self, connection: Connection) -> None:
        """The two roles and the database; what a killed first start did not get to is done now."""
        try:
            for role in (OWNER_ROLE, APPLICATION_ROLE):
                if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
                    await connection.execute(
                        f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"
                    )
            await connection.execute(f"GRANT {APPLICATION_ROLE} TO {OWNER_ROLE}")
            if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")
        finally:
            await connection.close()

    async def _spawn(self, program: str, *arguments: str, end_with_us_by: signal.Signals) -> asyncio.subprocess.Process:
        """Start one of PostgreSQL's programs as its account, with a signal for the moment when we end."""
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                str(self._bin / program),
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C"},
                # A session of its own: Ctrl-C in the terminal reaches us, and we end the server last.
                start_new_session=True,
                preexec_fn=end_with_us(end_with_us_by, self._account),
            )

    def _log_tail(self, start: int) -> str:
        """The last lines of the log since `start`."""
        with self._log.open("rb") as log:
            log.seek(start)
            return "\n".join(log.read()[-4000:].decode(errors="replace").splitlines()[-15:])


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
