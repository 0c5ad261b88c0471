"""Starts, watches and stops the processes of one home: PostgreSQL first, and last to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp

from farview.children import Child
from farview.errors import NotReady
from farview.listening import in_url
from farview.settings import Settings
from farview.watch import Watch, exit_word
from farview.words import say
from storage import processes
from storage.database import Database, DatabaseTarget
from storage.errors import StorageError
from storage.home import Home
from storage.institutions import find_or_create_institution, let_first_account_read
from storage.logs import rotate
from storage.migrate import migrate
from storage.postgres import EmbeddedPostgres
from storage.users import ensure_first_account

# In this order they start; the api, which people see, ends first.
RECEIVE, RENDERD, API = "storage.dicom.receive", "renderd", "api"
NAMES = {RECEIVE: "DICOM", RENDERD: "renderd", API: "api"}

READY_S = 600  # the first start compiles kernels, on a small machine for minutes
LOOK_S = 0.1
TELL_S = 20
LOGS_S = 10  # a sender that is refused without end fills some hundred kilobytes meanwhile

Tell = Callable[[str], None]


class Supervisor:
    """The processes of one home. Hold the home's lock while it runs."""

    def __init__(self, settings: Settings, home: Home, listening: int, tell: Tell = print) -> None:
        """`listening`: the file number of the api's socket; `tell` shows a sentence to whoever started us."""
        self._settings = settings
        self._home = home
        self._listening = listening
        self._tell = tell
        self._postgres = EmbeddedPostgres(home) if settings.database_url is None else None
        self._children: list[Child] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self._database_watch = Watch("postgresql", home.logs / "postgresql.log", self._tell_states)
        self.environment: Mapping[str, str] = {}

    async def start(self) -> str | None:
        """Start everything; the answer is the one-time password of the first account, while there is one.

        Raises what storage raises when the database does not come up.
        """
        target = await self._database()
        await migrate(target)
        database = await Database.connect(target, size=1)
        try:
            given = self._settings.admin_password
            password = await ensure_first_account(database, given.get_secret_value() if given else None)
            # So that the first account sees an empty list from the start, and not that it may see none.
            async with database.plain() as connection:
                await find_or_create_institution(connection, self._settings.institution)
                await let_first_account_read(connection)
        finally:
            await database.close()
        self.environment = self._settings.environment(self._home.runtime, target)
        for module in (RECEIVE, RENDERD, API):
            sockets = (self._listening,) if module == API else ()
            host = self._settings.dicom_address if module == RECEIVE else self._settings.address
            environment = {**self.environment, "FARVIEW_HOST": host}
            child = Child(module, environment, self._home.logs, sockets, self._tell_states)
            self._children.append(child)
            self._tasks.append(asyncio.create_task(child.keep(self._ended), name=module))
        if self._postgres is not None:
            self._tasks.append(asyncio.create_task(self._keep_postgres(self._postgres), name="postgresql"))
        self._tasks.append(asyncio.create_task(self._keep_logs_small(), name="logs"))
        return password

    async def ready(self) -> None:
        """Wait until the api reaches the database and a renderer, or NotReady."""
        scheme = "https" if self._settings.encrypted else "http"
        host = self._settings.address if self._settings.host else "127.0.0.1"
        address = f"{scheme}://{in_url(host)}:{self._settings.port}/api/health"
        loop, told_at = asyncio.get_running_loop(), asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(READY_S), aiohttp.ClientSession() as session:
                while not await _healthy(session, address):
                    await asyncio.sleep(LOOK_S)
                    if loop.time() - told_at > TELL_S:
                        told_at = loop.time()
                        self._tell(say("compiling", count=compiled(self._home.kernels)))
        except TimeoutError:
            raise NotReady("not_ready", seconds=READY_S, logs=self._home.logs) from None

    async def stop(self) -> None:
        """End everything in order: who asks before who answers."""
        self._stopping = True
        for child in reversed(self._children):
            await child.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._postgres is not None:
            await self._postgres.stop()
        processes.remove(self._home.runtime)

    async def _database(self) -> DatabaseTarget:
        if self._postgres is not None:
            self._database_watch.started()
            target = await self._postgres.start()
            self._database_watch.ready()
            return target
        assert self._settings.database_url is not None
        return DatabaseTarget.external(self._settings.database_url.get_secret_value())

    async def _keep_postgres(self, postgres: EmbeddedPostgres) -> None:
        watch = self._database_watch
        while True:
            how, reason = exit_word(await postgres.wait()), ""
            while not self._stopping:
                wait = watch.ended(how, reason)
                self._tell(say("database_gone", why=reason) if reason else say("database_ended"))
                await asyncio.sleep(wait)
                watch.started()
                try:
                    await postgres.start()
                    break
                except (StorageError, OSError) as error:  # OSError: a full disk, before it is even started
                    how, reason = type(error).__name__, short(error)
                except Exception as error:  # a mistake of ours: nobody else would start it again
                    how = reason = type(error).__name__
            if self._stopping:
                return
            watch.ready()
            for child in self._children:
                child.hurry()

    async def _keep_logs_small(self) -> None:
        while True:
            await asyncio.sleep(LOGS_S)
            for log in await asyncio.to_thread(lambda: list(self._home.logs.glob("*.log"))):
                await asyncio.to_thread(rotate, log)

    def _tell_states(self) -> None:
        """For the page that shows how the house is."""
        known = [self._database_watch.process] if self._postgres is not None else []
        processes.write(self._home.runtime, [*known, *(child.watch.process for child in self._children)])

    def _ended(self, child: Child, how: str) -> None:
        self._tell(say("child_ended", name=NAMES[child.module], how=how, log=child.log))


def short(error: Exception) -> str:
    """What PostgreSQL could not do and the last line of its log, which says why."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(dict.fromkeys(lines[:1] + lines[-1:]))[:300]


def compiled(kernels: Path) -> int:
    """How many kernels numba has compiled into this folder; it names its files so."""
    return sum(1 for _ in kernels.rglob("*.nbc"))


async def _healthy(session: aiohttp.ClientSession, address: str) -> bool:
    try:
        # Our own certificate may carry another name than this address.
        async with session.get(address, ssl=False, timeout=aiohttp.ClientTimeout(5)) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
