"""The life of one process as its keeper tells it, and how long to wait before the next start."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from storage.processes import Process, State

# The first restart is at once: a person looks at a frozen picture meanwhile. Only what keeps failing waits, and not
# longer than somebody who has just mended it likes to.
BACK_OFF_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
SETTLED_S = 30  # alive for this long, the next failure is a first one again


class Watch:
    """Keeps one `Process` up to date. `changed` is called after every change; `clock` gives seconds since 1970."""

    def __init__(
        self, name: str, log: Path, changed: Callable[[], None] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._changed = changed or (lambda: None)
        self._clock = clock
        self._begun = clock()
        self.process = Process(name, State.STARTING, self._begun, str(log))

    def started(self, pid: int | None = None) -> None:
        """It is there, and not yet ready."""
        self._begun = self._clock()
        state = State.RESTARTING if self.process.restarts else State.STARTING
        self._become(state, pid=pid, wait_s=0.0)

    def ready(self) -> None:
        """It does its work."""
        if self.process.state in (State.STARTING, State.RESTARTING):
            self._become(State.RUNNING)

    def ended(self, how: str, reason: str = "") -> float:
        """It ended, or could not be started; the answer is how many seconds to wait before the next start."""
        process = self.process
        failures = 1 if self._clock() - self._begun > SETTLED_S else process.failures + 1
        wait = BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1]
        self._become(
            State.WAITING if wait else State.RESTARTING,
            pid=None,
            restarts=process.restarts + 1,
            failures=failures,
            wait_s=wait,
            last_exit=how,
            reason=reason,
        )
        self._begun = self._clock()
        return wait

    def stopped(self) -> None:
        """It was ended on purpose."""
        self._become(State.STOPPED, pid=None, wait_s=0.0)

    def _become(self, state: State, **values: object) -> None:
        self.process = replace(self.process, state=state, since=self._clock(), **values)  # type: ignore[arg-type]
        self._changed()


def exit_word(code: int) -> str:
    """A process's exit status as a word: the signal's name, or the code."""
    try:
        return signal.Signals(-code).name if code < 0 else str(code)
    except ValueError:  # a real-time signal has no name
        return str(code)
