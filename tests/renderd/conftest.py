"""A renderd over a real database, real kernels and a real socket, in the test's own loop."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
import structlog
from numpy.typing import NDArray

from renderd.assemble import Assembly
from renderd.library import Library
from renderd.pool import LocalPool
from renderd.render import Renderer
from renderd.scheduler import Scheduler
from renderd.server import StreamServer
from renderd.sources import VolumeSource
from storage.access import ROLES
from storage.arrival import Arrival, Outcome
from storage.blobs import BlobStore
from storage.database import Database
from storage.dicom.stacks import Stack, stacks_of
from storage.dicom.write import write_series
from storage.home import Home
from storage.institutions import find_or_create_institution
from storage.sessions import open_session, token_hash
from storage.studies import find_series
from storage.users import create_user, grant
from tests.renderd.page import Page, connect
from tests.renderd.shows import NOWHERE
from tests.renderd.stacks import INSTITUTION, stack_of

PASSWORD = "Correct-horse-7"
AFFINE = np.array([[0.8, 0, 0, -20], [0, 0.8, 0, -16], [0, 0, 2.0, -8], [0, 0, 0, 1]])
SHAPE = (12, 40, 50)


def phantom(seed: int = 5) -> NDArray[np.int16]:
    """A smooth solid with some noise, [z, y, x] in HU."""
    z, y, x = np.mgrid[-1 : 1 : SHAPE[0] * 1j, -1 : 1 : SHAPE[1] * 1j, -1 : 1 : SHAPE[2] * 1j]
    ball = 1400 * (x**2 + y**2 + z**2 < 0.6) - 1000
    noise = np.random.default_rng(seed).normal(0, 20, SHAPE)
    return np.maximum(ball + noise, -1024).astype(np.int16)  # the least that a CT stores


@dataclass
class House:
    """Everything behind one socket."""

    database: Database
    home: Home
    blobs: BlobStore
    library: Library
    scheduler: Scheduler
    server: StreamServer
    socket: Path
    sessions: dict[str, str] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)  # of the first Stack of each series that was added

    async def add(self, files: Sequence[bytes], institution: str = "Here") -> int:
        """Take instances in; the id of their series."""
        async with self.database.plain() as connection:
            owner = (await find_or_create_institution(connection, institution)).id
        outcomes = await Arrival(self.database, self.blobs).receive_all(list(files), owner, "import")
        assert set(outcomes) == {Outcome.NEW}
        async with self.database.acting([owner]) as connection:
            series: int = await connection.fetchval("SELECT max(id) FROM series")
            stacks = stacks_of((await find_series(connection, series)).instances)
        if stacks:
            self.digests[series] = stacks[0].digest
        return series

    def seen(self, view: Any, series: int, **values: Any) -> Any:
        """A view of the first Stack that a series had when it was added."""
        return replace(view, **{"series": series, "stack": self.digests.get(series, NOWHERE), **values})

    async def add_ct(self, array: NDArray[np.int16] | None = None, seed: object = 0, institution: str = "Here") -> int:
        return await self.add(list(write_series(phantom() if array is None else array, AFFINE, seed=seed)), institution)

    async def stack(self, series: int) -> tuple[int, Stack]:
        """The institution and the first Stack of a series."""
        async with self.database.acting(None) as connection:
            stored = await find_series(connection, series)
        return stored.institution_id, stacks_of(stored.instances)[0]

    async def sign_in(self, login: str = "reader", institution: str = "Here") -> str:
        """A person who may read one institution; the hash of a new session."""
        async with self.database.plain() as connection:
            user = await create_user(connection, login, PASSWORD, must_change_password=False)
            owner = await find_or_create_institution(connection, institution)
            await grant(connection, user.id, owner.id, next(iter(ROLES)))
            return token_hash(await open_session(connection, user.id))

    def connect(self, session: str) -> AbstractAsyncContextManager[Page]:
        return connect(self.socket, session)


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> Iterator[None]:
    """structlog's own default renders a traceback with every variable in it, for seconds."""
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])
    yield
    structlog.reset_defaults()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Unix sockets have short paths; pytest's own folders do not."""
    with tempfile.TemporaryDirectory(prefix="fv-", dir="/tmp") as folder:
        yield Path(folder)


@pytest_asyncio.fixture
async def house(database: Database, tmp_path: Path, short_folder: Path) -> AsyncIterator[House]:
    home = Home(tmp_path / "home", short_folder)
    home.prepare()
    blobs = BlobStore(home.blobs)
    library = Library(home, blobs, 64 << 20)
    scheduler = Scheduler(Renderer())
    server = StreamServer(database, library, scheduler)
    socket = Path(LocalPool(short_folder).address)
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(scheduler.run()), group.create_task(server.hear_of_access())]
        async with server.listening(socket):
            yield House(database, home, blobs, library, scheduler, server, socket)
        await server.close()
        for task in running:
            task.cancel()
    await library.close()


@pytest_asyncio.fixture
async def page(house: House) -> AsyncIterator[Page]:
    """A signed-in page."""
    async with house.connect(await house.sign_in()) as page:
        yield page


@pytest.fixture
def volume(tmp_path: Path) -> VolumeSource:
    """The phantom as a volume in memory."""
    home = Home(tmp_path / "home", tmp_path / "run")
    home.prepare()
    blobs = BlobStore(home.blobs)
    stack = stack_of(list(write_series(phantom(), AFFINE)), blobs)
    assembly = Assembly(home, blobs, INSTITUTION, stack)
    assembly.run()
    return VolumeSource(stack, assembly)
