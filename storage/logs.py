"""One JSON line per event on standard error, from every process."""

from __future__ import annotations

import os
from typing import Any

import structlog

STANDARD_ERROR = 2


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
