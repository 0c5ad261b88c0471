"""A whole Farview for stories about faults: its processes by name, its people and pages, its rows and its files."""

from __future__ import annotations

import hashlib
import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
from websockets.asyncio.client import connect

from benchmarks.service import LOGIN, PASSWORD, Service
from renderd.protocol import SUBPROTOCOL
from storage.account import database_account
from storage.home import Home
from storage.postgres import sockets
from storage.programs import programs
from storage.volume_files import VolumeFile
from tests.renderd.page import PATIENCE_S, Page

PROCESSES = ("postgres", "storage.dicom.receive", "renderd", "api")


class House(Service):
    """`farview serve` with hands for what a test wants to break."""

    def __init__(self, home: Path | None = None, **settings: str) -> None:
        """home: a folder to work in instead of one of its own; it is the caller's to remove."""
        super().__init__()
        if home is not None:
            self.home.rmdir()
            self.home = home
        self._settings = settings
        self._cookie = ""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self._settings}

    def pids(self) -> dict[str, int]:
        """The supervisor's children by what they run."""
        if self.process is None:
            return {}
        found = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                command = child.cmdline()
            except psutil.Error:
                continue
            if command:
                found["postgres" if "postgres" in command[0].rsplit("/", 1)[-1] else command[-1]] = child.pid
        return found

    def spent_s(self, name: str) -> float:
        """The processor's seconds that one of the processes has had: a busy machine does not make them more."""
        times = psutil.Process(self.pids()[name]).cpu_times()
        return times.user + times.system

    def kill_one(self, name: str) -> None:
        """kill -9 of one of the processes, as soon as it is there."""
        psutil.Process(self.until(lambda: self.pids().get(name), f"{name} is there")).kill()

    def until(self, condition: Callable[[], Any], what: str, timeout_s: float = 60) -> Any:
        """Wait until something is so, and answer it."""
        deadline = time.monotonic() + timeout_s
        while not (found := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"not within {timeout_s} s: {what}\n{self.log.read_text('utf-8', 'replace')[-3000:]}"
                )
            time.sleep(0.05)
        return found

    # ── as a person ──

    def ask(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """A request with the session's cookie: status and answer; (0, None) when nobody answers."""
        request = urllib.request.Request(self.address + path, json.dumps(body).encode() if body is not None else None)
        request.add_header("Content-Type", "application/json")
        request.add_header("Cookie", self._cookie)
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error  # type: ignore[assignment]
        except OSError:
            return 0, None
        with answer:
            if "Set-Cookie" in answer.headers:
                self._cookie = answer.headers["Set-Cookie"].split(";")[0]
            text = answer.read()
        try:
            return answer.status, json.loads(text) if text else None
        except ValueError:
            return answer.status, text

    def sign_in(self) -> None:
        status, answer = self.ask("/api/sign-in", {"login": LOGIN, "password": PASSWORD})
        assert status == 200, answer

    def studies(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            status, answer = self.ask(f"/api/studies?limit=200&offset={len(found)}")
            assert status == 200, answer
            found += answer["studies"]
            if len(found) >= answer["total"]:
                return found

    @asynccontextmanager
    async def page(self) -> AsyncIterator[Page]:
        """A viewer through the one public port."""
        async with connect(
            f"ws://127.0.0.1:{self.port}/stream",
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]
            additional_headers={"Cookie": self._cookie},
            compression=None,
            max_size=None,
            open_timeout=PATIENCE_S,
        ) as socket:
            yield Page(socket)

    # ── as who looks into the cupboards ──

    def rows(self, sql: str) -> list[list[str]]:
        """Rows of every institution as text, while it is served; None is an empty text."""
        holder = Home(self.home).holder()
        assert holder is not None, "nobody serves this home"
        account = database_account()
        done = subprocess.run(
            [
                *(str(programs(account) / "psql"), "-X", "-A", "-t", "-F", "\t", "-h", str(sockets(holder.runtime))),
                *("-U", "postgres", "-d", "farview", "-c", f"SET search_path = farview; {sql}"),
            ],
            user=account.uid if account else None,  # whoever started it as root is not in its map
            cwd="/",
            capture_output=True,
            text=True,
            check=True,
        )
        return [line.split("\t") for line in done.stdout.splitlines()[1:]]

    def blobs(self) -> dict[str, bool]:
        """The name of every file among the blobs, and whether it is its SHA-256."""
        files = [path for path in (self.home / "blobs").rglob("*") if path.is_file()]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() == path.name for path in files}

    def stored(self) -> int:
        """How many blobs there are; also while others come."""
        return sum(1 for path in (self.home / "blobs").rglob("[!.]*") if path.is_file())

    def blob(self, sha256: str) -> bytes:
        """The bytes under this name."""
        return next((self.home / "blobs").rglob(sha256)).read_bytes()

    def volume_files(self) -> list[VolumeFile]:
        return [VolumeFile.open(path) for path in (self.home / "volumes").rglob("*.volume")]

    def unfinished(self) -> list[str]:
        """Temporary files among blobs and volumes."""
        folders = (self.home / "blobs", self.home / "volumes")
        return [str(path) for folder in folders for path in folder.rglob(".*") if path.is_file()]


class Memory(threading.Thread):
    """The largest resident memory of every process below one, bytes by what it runs."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak: dict[str, int] = {}
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.05):
            for process in self._processes():
                try:
                    command = process.cmdline()
                    name = command[-1] if command and "postgres" not in command[0] else "postgres"
                    # Shared pages of PostgreSQL's processes are counted in each of them.
                    self.peak[name] = max(self.peak.get(name, 0), process.memory_info().rss)
                except psutil.Error:
                    continue

    def _processes(self) -> list[psutil.Process]:
        try:
            one = psutil.Process(self._pid)
            return [one, *one.children(recursive=True)]
        except psutil.Error:
            return []

    def stop(self) -> dict[str, int]:
        self._ended.set()
        self.join()
        return self.peak
