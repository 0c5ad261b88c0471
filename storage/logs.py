"""One JSON line per event on standard error, from every process, into a file that stays small."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

STANDARD_ERROR = 2
LARGEST_LOG_BYTES = 10 << 20


class Lines:
    """Writes lines and never fails: a full disk must not turn a refusal into a crash."""

    def __init__(self, *_: Any) -> None:
        pass

    def msg(self, line: str) -> None:
        try:
            rest = memoryview(f"{line}\n".encode("utf-8", "backslashreplace"))
            while rest:
                rest = rest[os.write(STANDARD_ERROR, rest) :]
        except OSError:
            pass

    debug = info = warning = error = critical = msg


def to_standard_error() -> None:
    """Set structlog up. Call it first in a process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=Lines,
    )


def rotate(log: Path) -> None:
    """Begin a log that is large anew; what it said before is kept once, beside it.

    Copied and cut, not renamed: whoever writes it has it open, for appending, and goes on.
    """
    with suppress(OSError):  # there is none
        if log.stat().st_size > LARGEST_LOG_BYTES:
            try:
                shutil.copyfile(log, log.with_suffix(".log.1"))
            finally:  # also without room for a copy: the rest of the disk is the database's
                os.truncate(log, 0)
