"""The renderd process: `python -m renderd`, started by `farview serve` with its environment."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
from pathlib import Path

import structlog
import uvloop

from kernels.cache import use_cache
from storage.database import DatabaseTarget
from storage.errors import StorageError
from storage.home import Home

log = structlog.get_logger()

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """The kernel ends this process when its parent ends, however that happens. Linux only."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)


def main() -> int:
    die_with_parent()
    # One JSON line per event.
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING)
    environment = os.environ
    home = Home(Path(environment["FARVIEW_HOME"]), Path(environment["FARVIEW_RUNTIME"]))
    target = DatabaseTarget(environment["FARVIEW_DATABASE_APPLICATION"])
    use_cache(home.kernels)
    from renderd.process import serve  # noqa: PLC0415 - kernels are imported only after their cache has a place

    try:
        uvloop.run(serve(home, target, int(environment.get("FARVIEW_VOLUME_BYTES") or 0) or None))
    except (StorageError, OSError) as error:
        log.error("cannot_serve", error=type(error).__name__, reason=str(error))
        return 2
    except Exception as error:
        log.critical("ended", exc_info=error)
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Not sys.exit: a decoding thread may still work on a frame that nobody waits for, and would be waited for.
    os._exit(code)
