"""How the processes of one home are: the supervisor writes it into the runtime folder, the api reads it there.

Not in the database: PostgreSQL is one of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

NAME = "processes.json"


class State(StrEnum):
    """What a process is doing, as far as its supervisor knows."""

    STARTING = "starting"  # for the first time
    RUNNING = "running"  # it has said that it does its work
    RESTARTING = "restarting"  # it ended and is being started again
    WAITING = "waiting"  # it ended again and again; the next start is `wait_s` after `since`
    STOPPED = "stopped"  # on purpose


@dataclass(frozen=True, slots=True)
class Process:
    """One process. `since`: when it came into this state, seconds since 1970."""

    name: str
    state: State
    since: float
    log: str
    pid: int | None = None
    restarts: int = 0  # since the supervisor started
    failures: int = 0  # in a row
    wait_s: float = 0.0
    last_exit: str = ""  # a signal's name, an exit code, or why it could not be started
    reason: str = ""  # the last thing that it said before that


def write(runtime: Path, processes: Sequence[Process]) -> None:
    """Replace what was there, in one step. A full disk keeps the older one."""
    temporary = runtime / f".{NAME}.new"
    with suppress(OSError):
        temporary.write_text(json.dumps([asdict(process) for process in processes]))
        temporary.chmod(0o600)
        temporary.replace(runtime / NAME)


def read(runtime: Path) -> list[Process]:
    """What was written last; an empty list when there is no supervisor."""
    try:
        return [
            Process(**{**process, "state": State(process["state"])})
            for process in json.loads((runtime / NAME).read_text())
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def remove(runtime: Path) -> None:
    """The supervisor ends."""
    for name in (NAME, f".{NAME}.new"):
        with suppress(OSError):
            os.unlink(runtime / name)  # noqa: PTH108 - shorter than two Paths
