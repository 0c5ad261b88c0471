"""The renderd process: `python -m renderd`, started by `farview serve` with its environment."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import structlog
import uvloop

from kernels.cache import use_cache
from storage.database import DatabaseTarget
from storage.errors import StorageError
from storage.home import Home
from storage.logs import to_standard_error
from storage.room import DEFAULT_RESERVE

log = structlog.get_logger()


def main() -> int:
    to_standard_error()
    logging.basicConfig(level=logging.WARNING)
    environment = os.environ
    home = Home(Path(environment["FARVIEW_HOME"]), Path(environment["FARVIEW_RUNTIME"]))
    target = DatabaseTarget(environment["FARVIEW_DATABASE_APPLICATION"])
    use_cache(home.kernels)
    from renderd.process import serve  # noqa: PLC0415 - kernels are imported only after their cache has a place

    try:
        volume_bytes = int(environment["FARVIEW_VOLUME_BYTES"])
        reserve_bytes = int(environment.get("FARVIEW_DISK_RESERVE", DEFAULT_RESERVE))
        uvloop.run(serve(home, target, volume_bytes, reserve_bytes, environment.get("FARVIEW_GPU") or "auto"))
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
