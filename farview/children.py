"""One child process: started again whenever it ends, ended with us however we end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from farview.privileges import INSTALLATION
from farview.watch import Watch, exit_word
from storage.logs import rotate
from storage.parent import READY, end_with_us

STOP_S = 8
TAIL_BYTES = 4096  # of the log, where a process says why it ends
LONGEST_REASON = 300
# What is for the supervisor alone: a child's environment can be read for as long as it runs.
SECRETS = {"FARVIEW_ADMIN_PASSWORD", "FARVIEW_DATABASE_URL"}


class Child:
    """One module of ours in a process of its own. Its words go to a file in the home's logs."""

    def __init__(
        self,
        module: str,
        environment: Mapping[str, str],
        logs: Path,
        sockets: Sequence[int] = (),
        changed: Callable[[], None] | None = None,
    ) -> None:
        """changed: called whenever `watch.process` has changed."""
        self.module = module
        name = module.rsplit(".", 1)[-1]
        self.log = logs / f"{name}.log"
        self.watch = Watch(name, self.log, changed)
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
        self._hurried = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process and self._process.returncode is None else None

    def hurry(self) -> None:
        """What it may have failed for is there again: do not wait any longer before the next start."""
        self._hurried.set()

    async def keep(self, ended: Callable[[Child, str], None]) -> None:
        """Start it, and start it again whenever it ends, until `stop`; `ended` is told each time, and how it was."""
        while not self._stopping:
            try:
                how = exit_word(await self.run())
                reason = await asyncio.to_thread(last_words, self.log)
            except OSError as error:  # no file, no process, no memory for one: the machine may have them again soon
                how, reason = type(error).__name__, error.strerror or ""
            except Exception as error:  # a mistake of ours: nobody else would start it again
                how, reason = type(error).__name__, ""
            if self._stopping:
                return
            wait = self.watch.ended(how, reason)
            ended(self, how)
            self._hurried.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurried.wait(), wait)

    async def run(self) -> int:
        """Start it once and wait for its end. Call it in the main thread's loop: death signals follow the thread."""
        rotate(self.log)
        hears, tells = os.pipe()
        loop = asyncio.get_running_loop()
        try:
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    self.module,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env={**self._environment, READY: str(tells)},
                    pass_fds=(*self._sockets, tells),
                    # A session of its own: Ctrl-C in the terminal reaches us, and we end the children in order.
                    start_new_session=True,
                    # SIGKILL: our own death may be a power cut's rehearsal, and what must survive is on disk already.
                    preexec_fn=end_with_us(signal.SIGKILL),
                )
            os.close(tells)
            tells = -1
            self.watch.started(self._process.pid)
            loop.add_reader(hears, self._hear, hears)
            return await self._process.wait()
        finally:
            loop.remove_reader(hears)
            os.close(hears)
            if tells >= 0:
                os.close(tells)

    def _hear(self, pipe: int) -> None:
        """It has said that it is ready, or has ended without a word."""
        asyncio.get_running_loop().remove_reader(pipe)
        if os.read(pipe, 1):
            self.watch.ready()

    async def stop(self) -> None:
        """Ask it to end, and make it end."""
        self._stopping = True
        self._hurried.set()
        self.watch.stopped()
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


def last_words(log: Path) -> str:
    """The reason in the last event of a log, else its last line; "" when that is no complaint."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    if not lines:
        return ""
    try:
        event = json.loads(lines[-1])
        if event.get("level") in ("debug", "info"):
            return ""  # what it did last before somebody killed it is not why it ended
        said = f"{event.get('error') or event['event']}: {event.get('reason') or ''}".rstrip(": ")
    except (ValueError, TypeError, KeyError, AttributeError):
        said = lines[-1].strip()  # the last line of a traceback names the error
    return said[:LONGEST_REASON]
