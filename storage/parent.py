"""What binds a process to the one that started it: it ends with it, and tells it once that it is ready."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress

from storage.account import Account

READY = "FARVIEW_READY"  # the number of the pipe that a child writes to when it is ready

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def end_with_us(by: signal.Signals, account: Account | None = None) -> Callable[[], None]:
    """For between fork and exec: become this account, and get this signal when we end. The signal is Linux's alone."""
    parent = os.getpid()

    def run() -> None:
        if account is not None:
            account.become()
        if sys.platform == "linux":
            # After the change of account, which clears it.
            _libc.prctl(_PR_SET_PDEATHSIG, by)
            if os.getppid() != parent:  # we ended between fork and here
                os._exit(1)

    return run


def tell_ready(environment: Mapping[str, str]) -> None:
    """Tell whoever started this process that it does its work from now on; nothing happens when nobody asked."""
    number = environment.get(READY, "")
    if number.isdigit():
        with suppress(OSError):
            os.write(int(number), b"1")
            os.close(int(number))
