"""Room on the disk: nothing is stored that would take the last of it.

PostgreSQL ends when it cannot write, and then nobody can read either. So what is large stops first, and the rest of
the disk, the reserve, is left to the database and the logs.
"""

from __future__ import annotations

import errno
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from storage.errors import DiskFull

DEFAULT_RESERVE = 1 << 30


@dataclass(frozen=True, slots=True)
class Disk:
    """One file system, in bytes, as far as this account may fill it."""

    free: int
    total: int


def disk_of(folder: Path) -> Disk:
    """The disk that a folder is on, or will be on when it is made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    found = os.statvfs(folder)
    return Disk(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


def check_room(folder: Path, size: int, reserve: int) -> None:
    """Raise DiskFull unless `size` bytes can be stored in this folder and the reserve stays free."""
    free = disk_of(folder).free
    if size + reserve > free:
        raise DiskFull(f"{free >> 20} MiB free, {reserve >> 20} MiB of them kept for the database")


def claim_room(descriptor: int, size: int, folder: Path, reserve: int) -> None:
    """Take `size` bytes of the disk for a new, open file before it is written, or raise DiskFull as `check_room` does.

    One at a time for all files below `folder`, whichever process writes them: else several of them find the same room.
    """
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        check_room(folder, size, reserve)
        if hasattr(os, "posix_fallocate"):  # macOS has none: there the check is all
            os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # a file system that takes no room beforehand
            raise
    finally:
        os.close(lock)
