"""A PostgreSQL that an earlier, killed Farview left behind: still running, or only its pid file."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path

from storage.errors import PostgresNotStarted

FAST_S = 30
IMMEDIATE_S = 10


async def end_predecessor(data: Path) -> None:
    """See that no server works on these files and that no stale pid file keeps one from starting.

    Call it while holding the home's lock: whatever still runs on these files then has lost its parent.
    PostgreSQL's own check takes any living process of the same user with that number for a server, so a number that
    was given to another process since would keep it from starting for ever.
    """
    file = data / "postmaster.pid"
    pid = _pid_in(file)
    if pid is None:
        return
    for way, patience_s in ((signal.SIGINT, FAST_S), (signal.SIGQUIT, IMMEDIATE_S)):
        if not _is_server_of(pid, data):
            file.unlink(missing_ok=True)
            return
        os.kill(pid, way)
        for _ in range(patience_s * 20):
            if not _is_server_of(pid, data):
                break
            await asyncio.sleep(0.05)
    if _is_server_of(pid, data):
        raise PostgresNotStarted(f"an earlier PostgreSQL (process {pid}) still runs on {data} and does not end")
    file.unlink(missing_ok=True)


def _pid_in(file: Path) -> int | None:
    try:
        return int(file.read_text().splitlines()[0]) or None
    except (FileNotFoundError, ValueError, IndexError):
        return None


def _is_server_of(pid: int, data: Path) -> bool:
    """Whether this process is a PostgreSQL that works on these files. A server's working folder is its data."""
    process = Path(f"/proc/{pid}")
    if process.parent.joinpath("self").exists():
        try:
            # A zombie has no working folder.
            return (process / "cwd").readlink() == data.resolve() and (process / "comm").read_text().startswith(
                "postgres"
            )
        except OSError:
            return False
    done = subprocess.run(["ps", "-p", str(pid), "-o", "stat=,command="], capture_output=True, text=True, check=False)
    return "postgres" in done.stdout and str(data) in done.stdout and not done.stdout.lstrip().startswith("Z")
