"""A child comes back when it is killed, and never outlives us."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from farview import children, watch
from farview.children import Child, last_words
from storage import logs
from storage.processes import State

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Child]:
    """Makes a child that runs this program."""
    monkeypatch.setattr(children, "INSTALLATION", tmp_path)

    def make(program: str) -> Child:
        (tmp_path / "program.py").write_text(program)
        return Child("program", {"TOLD": "yes"}, tmp_path)

    return make


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)


async def test_a_killed_child_is_started_again_until_it_is_stopped(module: Callable[[str], Child]) -> None:
    child = module("import os, time\nprint(os.getpid(), os.environ['TOLD'], flush=True)\ntime.sleep(600)\n")
    ended: list[str] = []
    keeping = asyncio.create_task(child.keep(lambda _, how: ended.append(how)))
    for times in (1, 2, 3):
        await until(lambda times=times: child.log.exists() and child.log.read_text().count("yes") == times)  # type: ignore[misc]
        assert child.pid is not None
        if times < 3:
            os.kill(child.pid, signal.SIGKILL)
    assert ended == ["SIGKILL", "SIGKILL"]
    last = child.pid
    await child.stop()
    await keeping
    assert last is not None and child.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)
    assert ended == ["SIGKILL", "SIGKILL"]


async def test_a_child_runs_from_the_moment_when_it_says_so(module: Callable[[str], Child]) -> None:
    child = module(
        "import os, sys, time\nprint('up', flush=True)\nsys.stdin.read()\n"
        "while not os.path.exists(os.environ['TOLD_FILE']): time.sleep(0.01)\n"
        "os.write(int(os.environ['FARVIEW_READY']), b'1')\ntime.sleep(600)\n"
    )
    go = child.log.with_name("go")
    child._environment["TOLD_FILE"] = str(go)
    keeping = asyncio.create_task(child.keep(lambda *_: None))
    await until(lambda: child.log.exists() and "up" in child.log.read_text())
    assert child.watch.process.state is State.STARTING
    assert child.watch.process.pid == child.pid
    go.touch()
    await until(lambda: child.watch.process.state is State.RUNNING)
    await child.stop()
    await keeping
    assert child.watch.process.state is State.STOPPED


async def test_a_child_that_cannot_start_waits_says_why_and_is_hurried(
    module: Callable[[str], Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "BACK_OFF_S", (0.0, 3600.0))
    child = module("""import json, sys\nprint(json.dumps({"event": "cannot", "reason": "in use"}))\nsys.exit(2)\n""")
    ended: list[str] = []
    keeping = asyncio.create_task(child.keep(lambda _, how: ended.append(how)))
    await until(lambda: child.watch.process.state is State.WAITING)
    process = child.watch.process
    assert (process.failures, process.wait_s, process.last_exit, process.reason) == (2, 3600, "2", "cannot: in use")
    child.hurry()
    await until(lambda: child.watch.process.failures == 3)
    # Not even a log to write to: a full disk, no more files, no memory for a process.
    child.log.unlink()
    child.log.mkdir()
    child.hurry()
    await until(lambda: child.watch.process.failures == 4)
    assert (child.watch.process.last_exit, child.watch.process.reason) == ("IsADirectoryError", "Is a directory")
    await child.stop()
    await keeping
    assert ended == ["2", "2", "2", "IsADirectoryError"]


def test_the_last_words_are_the_reason_of_the_last_event(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_words(log) == ""
    for text, words in (
        ("", ""),
        ('{"event": "a"}\n{"event": "cannot_receive", "error": "OSError", "reason": "in use"}\n', "OSError: in use"),
        ('{"event": "ended"}\n', "ended"),
        ('{"event": "volume_loaded", "level": "info"}\n', ""),
        ("Traceback …\n  File …\nKeyError: 'x'\n", "KeyError: 'x'"),
        ("[1]\n", "[1]"),
        ("x" * 10_000, "x" * 300),
    ):
        log.write_text(text)
        assert last_words(log) == words


async def test_a_child_that_ignores_the_request_is_killed(
    module: Callable[[str], Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "STOP_S", 0.1)
    child = module("import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(600)\n")
    running = asyncio.create_task(child.run())
    await until(lambda: child.log.exists() and "up" in child.log.read_text())
    await child.stop()
    assert await running == -9


async def test_a_child_is_not_told_what_only_the_supervisor_needs(
    module: Callable[[str], Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARVIEW_ADMIN_PASSWORD", "Secret-123")
    monkeypatch.setenv("FARVIEW_DATABASE_URL", "postgresql://somebody:secret@elsewhere/farview")
    child = module("import os\nprint([name for name in os.environ if name.endswith(('PASSWORD', '_URL'))])\n")
    assert await child.run() == 0
    assert child.log.read_text() == "[]\n"


async def test_a_child_whose_start_fails_for_whatever_reason_is_started_again(
    module: Callable[[str], Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "BACK_OFF_S", (0.0,))
    child = module("import time\ntime.sleep(600)\n")
    run, failures = child.run, iter([KeyError("a"), PermissionError(13, "Permission denied"), ValueError("b")])

    async def fail_at_first() -> int:
        for error in failures:
            raise error
        return await run()

    monkeypatch.setattr(child, "run", fail_at_first)
    ended: list[str] = []
    keeping = asyncio.create_task(child.keep(lambda _, how: ended.append(how)))
    await until(lambda: child.pid is not None)
    assert ended == ["KeyError", "PermissionError", "ValueError"]
    await child.stop()
    await keeping


async def test_a_large_log_makes_room(module: Callable[[str], Child], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST_LOG_BYTES", 10)
    child = module("print('a line of words')\n")
    assert await child.run() == 0
    assert await child.run() == 0
    assert child.log.read_text() == child.log.with_suffix(".log.1").read_text() == "a line of words\n"


@pytest.mark.skipif(sys.platform != "linux", reason="death signals are Linux's")
def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n")
    parent = f"""
import asyncio, os, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from farview import children
children.INSTALLATION = Path({str(tmp_path)!r})
async def main():
    child = children.Child("program", {{}}, Path({str(tmp_path)!r}))
    task = asyncio.create_task(child.run())
    while not (child.log.exists() and child.log.read_text()):
        await asyncio.sleep(0.01)
    print(child.pid, flush=True)
    await task
asyncio.run(main())
"""
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    # A descriptor of the process: its number could be given to another one, this cannot.
    descriptor = os.pidfd_open(child)
    process.kill()
    process.wait()
    import select

    assert select.select([descriptor], [], [], 10)[0], "the child is still there"
    os.close(descriptor)
