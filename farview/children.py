"""One child process: started again whenever it ends, ended with us however we end."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from farview.privileges import INSTALLATION

# The first restart is at once: a person looks at a frozen picture meanwhile. Only what keeps failing waits.
BACK_OFF_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
SETTLED_S = 30  # alive for this long, the next failure is a first one again
STOP_S = 8
LARGEST_LOG_BYTES = 10 << 20
# What is for the supervisor alone: a child's environment can be read for as long as it runs.
SECRETS = {"FARVIEW_ADMIN_PASSWORD", "FARVIEW_DATABASE_URL"}

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> Callable[[], None]:
    """For between fork and exec: the kernel kills the child when we end. Linux only; elsewhere it does nothing."""
    parent = os.getpid()

    def run() -> None:
        if sys.platform == "linux":
            # SIGKILL: our own death may be a power cut's rehearsal, and all that must survive is on disk already.
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # we ended between fork and here
                os._exit(1)

    return run


class Child:
    """One module of ours in a process of its own. Its words go to a file in the home's logs."""

    def __init__(self, module: str, environment: Mapping[str, str], logs: Path, sockets: Sequence[int] = ()) -> None:
        self.module = module
        self.log = logs / f"{module.rsplit('.', 1)[-1]}.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if name not in SECRETS},
            **environment,
            # So that `-m` finds our packages from any working folder, installed or in a clone.
            "PYTHONPATH": str(INSTALLATION),
            "PYTHONUNBUFFERED": "1",
            "FARVIEW_SOCKETS": ",".join(map(str, sockets)),
        }
        self._sockets = tuple(sockets)
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def keep(self, ended: Callable[[Child, int], None]) -> None:
        """Start it, and start it again whenever it ends, until `stop`; `ended` is told each time."""
        loop, failures = asyncio.get_running_loop(), 0
        while not self._stopping:
            begun = loop.time()
            code = await self.run()
            if self._stopping:
                return
            ended(self, code)
            failures = 0 if loop.time() - begun > SETTLED_S else failures + 1
            await asyncio.sleep(BACK_OFF_S[min(max(failures - 1, 0), len(BACK_OFF_S) - 1)])

    async def run(self) -> int:
        """Start it once and wait for its end. Call it in the main thread's loop: death signals follow the thread."""
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self.module,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=self._environment,
                pass_fds=self._sockets,
                # A session of its own: Ctrl-C in the terminal reaches us, and we end the children in order.
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, and make it end."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()
