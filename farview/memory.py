"""How much memory there is: the machine's, or what a container or a service is allowed of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

ROOT = Path("/")
LIMITS = {2: ("sys/fs/cgroup", "memory.max"), 1: ("sys/fs/cgroup/memory", "memory.limit_in_bytes")}


def memory_bytes(root: Path = ROOT) -> int:
    """The memory that this process and its children may use together."""
    return min([os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), *_limits(root)])


def _limits(root: Path) -> Iterator[int]:
    """Those of our control group and of all that it is part of (cgroups(7)); macOS has none."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, group = line.split(":", 2)
        if number != "0" and "memory" not in controllers.split(","):
            continue
        folder, name = LIMITS[2 if number == "0" else 1]
        for part in (PurePosixPath(group), *PurePosixPath(group).parents):
            # No file: the root has none, and a container does not see those outside. No number: no limit.
            with suppress(OSError, ValueError):
                yield int((root / folder / part.relative_to("/") / name).read_text())
