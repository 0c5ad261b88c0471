"""renderd as the supervisor starts it: a process with an environment."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from renderd.pool import SOCKET
from storage.database import DatabaseTarget
from tests.renderd.conftest import House
from tests.renderd.page import connect
from tests.renderd.shows import PLANE, show

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 240  # the first start on a machine compiles


class Process:
    """One renderd beside the test's own, on the same database and home."""

    def __init__(self, house: House, target: DatabaseTarget, folder: Path) -> None:
        self.runtime = folder / "r"
        self.runtime.mkdir(mode=0o700, exist_ok=True)
        self.log = folder / "log"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "FARVIEW_HOME": str(house.home.path),
            "FARVIEW_RUNTIME": str(self.runtime),
            "FARVIEW_DATABASE_APPLICATION": target.application,
            "FARVIEW_DATABASE_OWNER": target.owner,
            "FARVIEW_VOLUME_BYTES": str(64 << 20),
        }
        self.process: asyncio.subprocess.Process | None = None

    @property
    def socket(self) -> Path:
        return self.runtime / SOCKET

    async def start(self) -> asyncio.subprocess.Process:
        """Start it and wait until it listens."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "renderd", env=self.environment, stdout=log, stderr=log, cwd="/"
            )
        async with asyncio.timeout(PATIENCE_S):
            while not await self.listens():
                assert self.process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.05)
        return self.process

    async def listens(self) -> bool:
        try:
            _, writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            return False
        writer.close()
        return True

    def said(self, event: str) -> dict[str, object]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        found: dict[str, object] = next(line for line in lines if line["event"] == event)
        return found


@pytest_asyncio.fixture
async def process(house: House, database_target: DatabaseTarget, short_folder: Path) -> AsyncIterator[Process]:
    process = Process(house, database_target, short_folder)
    # Compiled kernels of earlier runs are as good as those of this home.
    kernels = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "farview" / "kernels"
    if kernels.is_dir():
        house.home.kernels.rmdir()
        house.home.kernels.symlink_to(kernels)
    yield process
    if process.process is not None and process.process.returncode is None:
        process.process.kill()
        await process.process.wait()


@pytest.mark.slow
async def test_a_killed_renderd_starts_again_over_its_stale_socket_and_shows_the_same(
    house: House, process: Process
) -> None:
    series = await house.add_ct()
    session = await house.sign_in()
    digests = []
    for _ in range(2):
        running = await process.start()
        async with connect(process.socket, session) as page:
            await page.send(show(view=house.seen(PLANE, series)))
            digests.append((await page.final()).digest)
        running.kill()
        await running.wait()
        assert process.socket.exists()
    assert digests[0] == digests[1]
    assert str(process.said("connected").get("user")).isdigit()
    assert "PHANTOM" not in process.log.read_text()


@pytest.mark.slow
async def test_sigterm_ends_it_cleanly_with_a_word_to_the_page(house: House, process: Process) -> None:
    running = await process.start()
    async with connect(process.socket, await house.sign_in()) as page:
        await page.silence()
        running.send_signal(signal.SIGTERM)
        await page.socket.wait_closed()
        assert page.socket.close_code == 1001
    async with asyncio.timeout(10):
        assert await running.wait() == 0


@pytest.mark.slow
async def test_without_a_database_it_says_so_and_ends(short_folder: Path, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "FARVIEW_HOME": str(tmp_path),
        "FARVIEW_RUNTIME": str(short_folder),
        "FARVIEW_DATABASE_APPLICATION": f"postgresql:///none?host={short_folder}&user=nobody",
        "FARVIEW_VOLUME_BYTES": "1",
    }
    code = (
        "import asyncio, renderd.process, renderd.__main__, sys;"
        "renderd.process.warm = lambda *_: asyncio.sleep(0); sys.exit(renderd.__main__.main())"
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "cannot_serve" in done.stderr
