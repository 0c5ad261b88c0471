"""What keeps the processes of a home; the processes themselves are started in test_serve.py."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from farview import supervisor as module
from farview import watch
from farview.settings import Settings
from farview.supervisor import Supervisor
from storage import logs, processes
from storage.errors import PostgresNotStarted
from storage.home import Home
from storage.processes import State


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home", tmp_path / "run")
    home.prepare()
    return home


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - a task without an event
            await asyncio.sleep(0.01)


class Postgres:
    """Ends at once, cannot be started for these reasons, and then runs."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self._ended = True

    async def wait(self) -> int:
        if not self._ended:
            await asyncio.Event().wait()
        return -9

    async def start(self) -> None:
        if self._errors:
            raise self._errors.pop(0)
        self._ended = False


async def test_a_database_that_cannot_be_started_for_whatever_reason_is_started_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "BACK_OFF_S", (0.0,))
    said: list[str] = []
    supervisor = Supervisor(Settings(home=home.path), home, 0, said.append)
    postgres: Any = Postgres(PostgresNotStarted("why"), asyncpg.InterfaceError("closed"), KeyError("name"))
    keeping = asyncio.create_task(supervisor._keep_postgres(postgres))
    await until(lambda: keeping.done() or running(home))
    assert not keeping.done()
    assert processes.read(home.runtime)[0].failures == 4
    reasons = ("why", "InterfaceError", "KeyError")
    assert all(reason in sentence for reason, sentence in zip(reasons, said[1:], strict=True)), said
    keeping.cancel()


def running(home: Home) -> bool:
    return [process.state for process in processes.read(home.runtime)] == [State.RUNNING]


async def test_logs_are_kept_small_while_everything_runs(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOGS_S", 0)
    monkeypatch.setattr(logs, "LARGEST_LOG_BYTES", 10)
    supervisor = Supervisor(Settings(home=home.path), home, 0)
    keeping = asyncio.create_task(supervisor._keep_logs_small())
    for name in ("receive.log", "postgresql.log"):
        (home.logs / name).write_text("more than ten bytes")
        await until(lambda name=name: (home.logs / name).stat().st_size == 0)  # type: ignore[misc]
    keeping.cancel()
