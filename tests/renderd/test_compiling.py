"""The first start of an installation, with processes that only say that they have compiled something."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from kernels.cache import COMPLETE, TOOLS
from kernels.warm import Warmth, share
from renderd import compiling
from renderd.pool import LocalPool
from renderd.render import Renderer
from renderd.scheduler import Scheduler

ROOT = Path(__file__).resolve().parents[2]
COMPILES = "import sys\nfor _ in range({steps})[int(sys.argv[1])::int(sys.argv[2])]: print('.', flush=True)"


def compiler(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(compiling, "COMMAND", (sys.executable, "-c", code))


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a page would be told at each time when everything is loaded; nothing is."""
    told: list[str] = []

    def load() -> Warmth:
        told.append("loaded")
        return Warmth(0, 0)

    monkeypatch.setattr(compiling, "compile_all", load)
    return told


async def test_a_first_start_compiles_in_as_many_processes_as_there_are_cores_and_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loads: list[str]
) -> None:
    steps = len(share(0, 1))
    compiler(monkeypatch, COMPILES.format(steps=steps))
    tell, told, pool = compiling._tell, [], LocalPool(tmp_path)

    def tell_and_look(file: Path, words: str) -> None:
        tell(file, words)
        told.append(pool.preparing())

    monkeypatch.setattr(compiling, "_tell", tell_and_look)
    await compiling.warm(Scheduler(Renderer()), tmp_path, tmp_path)
    assert told == [f"{done}/{steps}" for done in range(steps + 1)]
    assert pool.preparing() == ""
    # The next start, or one after a restart, only loads.
    await compiling.warm(Scheduler(Renderer()), tmp_path, tmp_path)
    assert len(told) == steps + 1
    assert loads == ["loaded", "loaded"]


async def test_what_another_process_could_not_compile_is_compiled_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loads: list[str]
) -> None:
    compiler(monkeypatch, "raise SystemExit(1)")
    await compiling.warm(Scheduler(Renderer()), tmp_path, tmp_path)
    assert loads == ["loaded"]


async def test_who_stops_waiting_leaves_no_process_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loads: list[str]
) -> None:
    started = tmp_path / "started"
    started.mkdir()
    compiler(
        monkeypatch,
        f"import os, pathlib, time\n(pathlib.Path({str(started)!r}) / str(os.getpid())).touch()\ntime.sleep(99)",
    )
    parts = min(os.cpu_count() or 1, compiling.MOST_PROCESSES)
    warming = asyncio.create_task(compiling.warm(Scheduler(Renderer()), tmp_path, tmp_path))
    async with asyncio.timeout(30):
        while len(list(started.iterdir())) < parts:  # noqa: ASYNC110 - other processes tell it
            await asyncio.sleep(0.01)
    warming.cancel()
    await asyncio.wait([warming])
    async with asyncio.timeout(10):
        while any(_runs(int(path.name)) for path in started.iterdir()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert LocalPool(tmp_path).preparing() == ""
    assert not (tmp_path / COMPLETE).exists()
    assert loads == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="death signals are Linux's")
def test_compilers_end_when_their_server_is_killed(tmp_path: Path) -> None:
    """The real ones in the middle of their work, which a killed server can no longer end."""
    program = """
import asyncio, uvloop
from renderd import compiling
async def main():
    begin = asyncio.create_subprocess_exec
    async def begin_and_tell(*arguments, **how):
        process = await begin(*arguments, **how)
        print(process.pid, flush=True)
        return process
    asyncio.create_subprocess_exec = begin_and_tell
    await compiling.compile_apart(lambda done, total: None)
uvloop.run(main())  # as the server does
"""
    server = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    parts = min(os.cpu_count() or 1, compiling.MOST_PROCESSES)
    compilers = [int(server.stdout.readline()) for _ in range(parts)]
    # Descriptors of the processes: their numbers could be given to others, these cannot.
    descriptors = [os.pidfd_open(pid) for pid in compilers]
    try:
        assert not select.select(descriptors, [], [], 0)[0], "a compiler has ended by itself"
        server.kill()
        server.wait()
        for descriptor in descriptors:
            assert select.select([descriptor], [], [], 10)[0], "a compiler is still there"
    finally:
        for descriptor in descriptors:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            os.close(descriptor)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_the_tools_kernels_come_later_and_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runs, told = tmp_path / "runs", list[str]()
    code = f"import pathlib; f = pathlib.Path({str(runs)!r}).open('a'); f.write('.')"
    monkeypatch.setattr(compiling, "TOOLS_COMMAND", (sys.executable, "-c", code))
    for _ in range(2):
        await compiling.warm_tools(tmp_path, lambda: told.append("prepared"))
    assert runs.read_text() == "."
    assert told == ["prepared", "prepared"]
    assert (tmp_path / TOOLS).exists()


async def test_tools_that_could_not_be_compiled_are_left_to_who_needs_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told: list[str] = []
    monkeypatch.setattr(compiling, "TOOLS_COMMAND", (sys.executable, "-c", "raise SystemExit(1)"))
    await compiling.warm_tools(tmp_path, lambda: told.append("prepared"))
    assert told == ["prepared"]
    assert not (tmp_path / TOOLS).exists()


async def test_tools_whose_compiler_cannot_be_started_are_left_to_who_needs_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told: list[str] = []
    monkeypatch.setattr(compiling, "TOOLS_COMMAND", (str(tmp_path / "no such program"),))
    await compiling.warm_tools(tmp_path, lambda: told.append("prepared"))
    assert told == ["prepared"]
    assert not (tmp_path / TOOLS).exists()


async def test_a_house_that_closes_ends_the_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = tmp_path / "started"
    code = f"import os, pathlib, time; pathlib.Path({str(started)!r}).write_text(str(os.getpid())); time.sleep(99)"
    monkeypatch.setattr(compiling, "TOOLS_COMMAND", (sys.executable, "-c", code))
    task = asyncio.create_task(compiling.warm_tools(tmp_path, lambda: None))
    while not started.exists() or not started.read_text():  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.01)
    descriptor = os.pidfd_open(int(started.read_text()))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert select.select([descriptor], [], [], 10)[0]
