"""The first start of an installation, with processes that only say that they have compiled something."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from kernels.warm import Warmth, share
from renderd import compiling
from renderd.pool import LocalPool
from renderd.render import Renderer
from renderd.scheduler import Scheduler

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
    assert not (tmp_path / compiling.COMPLETE).exists()
    assert loads == []


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
