"""The first start of an installation: every kernel is compiled, by as many processes as there are cores.

Those of the tools come when the house is open, by one process that leaves the cores to whoever looks at pictures; what
needs them waits until then.
How far it is stands in a file that the api reads (`pool.LocalPool.preparing`), so that a page can say what it waits
for. Later starts load what was compiled.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from kernels.cache import COMPLETE, TOOLS
from kernels.warm import compile_all, share
from renderd.pool import PREPARING
from renderd.scheduler import Scheduler
from storage.parent import end_with_us

log = structlog.get_logger()

MOST_PROCESSES = 4  # one volume rendering takes as long as all other kernels: more would wait for it
COMMAND = (sys.executable, "-m", "kernels.warm")
TOOLS_COMMAND = ("nice", sys.executable, "-m", "kernels.warm_tools", "0", "1")


async def warm(scheduler: Scheduler, kernels: Path, runtime: Path) -> None:
    """Compile what this installation has not compiled yet, then load everything on the compute thread.

    Args:
        kernels: where compiled kernels are kept, see kernels/cache.py.
        runtime: the folder that the api reads.
    """
    told = runtime / PREPARING
    try:
        if not (kernels / COMPLETE).exists():
            await compile_apart(lambda done, total: _tell(told, f"{done}/{total}"))
        # On the compute thread from the start: numba's own threads answer to whoever calls first.
        warmth = await asyncio.get_running_loop().run_in_executor(scheduler.compute, compile_all)
        (kernels / COMPLETE).touch()
        log.info("warm", kernels=str(warmth))
    finally:
        told.unlink(missing_ok=True)


async def warm_tools(kernels: Path, prepared: Callable[[], None]) -> None:
    """Compile the tools' kernels unless they are there, then call `prepared`; a picture that needs one loads it.

    What fails there is compiled by the first who needs it, who then waits.
    """
    try:
        if not (kernels / TOOLS).exists():
            await _compile_tools(kernels)
    except Exception:  # no `nice`, no more processes, a full disk: nobody waits for ever because of that
        log.exception("tools_not_compiled")
    prepared()


async def _compile_tools(kernels: Path) -> None:
    begun = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *TOOLS_COMMAND, stdout=asyncio.subprocess.DEVNULL, preexec_fn=end_with_us(signal.SIGKILL)
    )
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    if code:
        log.warning("compiler_ended", code=code)
    else:
        (kernels / TOOLS).touch()
        log.info("warm_tools", seconds=round(time.monotonic() - begun, 1))


async def compile_apart(tell: Callable[[int, int], None]) -> None:
    """Compile every kernel in other processes; what fails there is compiled, and complained of, by `compile_all`."""
    parts = min(os.cpu_count() or 1, MOST_PROCESSES)
    done, total = 0, len(share(0, 1))
    tell(done, total)

    async def compile_part(part: int) -> None:
        nonlocal done
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            str(part),
            str(parts),
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=end_with_us(signal.SIGKILL),
        )
        assert process.stdout is not None
        try:
            async for _ in process.stdout:
                done += 1
                tell(done, total)
            if code := await process.wait():
                log.warning("compiler_ended", code=code)
        finally:
            if process.returncode is None:
                process.kill()

    async with asyncio.TaskGroup() as group:
        for part in range(parts):
            group.create_task(compile_part(part), name="compile")


def _tell(file: Path, words: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(words)
    new.replace(file)
