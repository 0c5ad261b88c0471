"""Where compiled kernels survive a restart.

Numba stores what it compiled when `cache=True`, but it looks only at the file a kernel stands in: after an edit of
`lanes.py` it would still load the old `plane.py`. So the folder is named for everything the machine code depends on:
all sources of this package, where they lie (Numba finds nothing that was compiled of the same ones elsewhere), its
version, and the processor.

This module imports no kernel and not even Numba, so that it can run before them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import llvmlite.binding

SOURCES = Path(__file__).parent
COMPLETE = "complete"  # stands in the folder when no kernel of the first pictures is missing,
TOOLS = "tools"  # and this when none of the tools is, see warm_tools.py


def fingerprint(sources: Path = SOURCES) -> str:
    """The name of the folder for these sources, this Numba and this processor; 16 hexadecimal digits."""
    digest = hashlib.sha256(f"{sources.resolve()}\n".encode())
    for path in sorted(sources.glob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    digest.update(" ".join((version("numba"), version("llvmlite"), *processor())).encode())
    return digest.hexdigest()[:16]


def processor() -> tuple[str, str]:
    """Name and features of the processor that code is made for: this one, unless Numba's own variables name another."""
    name = os.environ.get("NUMBA_CPU_NAME") or llvmlite.binding.get_host_cpu_name()
    if name == "generic":
        return name, os.environ.get("NUMBA_CPU_FEATURES", "")
    return name, os.environ.get("NUMBA_CPU_FEATURES", llvmlite.binding.get_host_cpu_features().flatten())


def use_cache(folder: Path) -> Path:
    """Keep compiled kernels below `folder`; returns the folder itself. Call it before importing any kernel."""
    name = fingerprint()
    chosen = folder if folder.name == name else folder / name
    chosen.mkdir(parents=True, exist_ok=True)
    os.environ["NUMBA_CACHE_DIR"] = str(chosen)
    if "numba" in sys.modules:  # it has read its environment already
        sys.modules["numba"].config.CACHE_DIR = str(chosen)
    return chosen


def ensure_cache() -> Path:
    """Keep the folder chosen by NUMBA_CACHE_DIR, or take one below the user's cache folder. `lanes` calls this."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return use_cache(Path(chosen))
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    try:
        folder = Path(base) / "farview" / "kernels"
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return use_cache(folder)
    except OSError:
        pass  # an account without a home: compile once per boot
    return use_cache(_private_temporary_folder())


def lock_saving() -> None:
    """Let several processes compile into one folder; call it when Numba has been imported.

    Numba numbers what it saves by an index that it reads and writes without a lock: of two processes that compile one
    driver for two types, one could lose its entry, and find the other's machine code under its own number.
    """
    from numba.core.caching import IndexDataCacheFile  # noqa: PLC0415

    save = IndexDataCacheFile.save

    def save_alone(index: Any, key: object, data: object) -> None:
        with Path(f"{index._index_path}.lock").open("ab") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            save(index, key, data)

    IndexDataCacheFile.save = save_alone  # type: ignore[method-assign]


def _private_temporary_folder() -> Path:
    """A folder below the temporary one that only this user can write: what lies in it is executed."""
    folder = Path(tempfile.gettempdir()) / f"farview-kernels-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o022:
            return Path(tempfile.mkdtemp(prefix="farview-kernels-"))
    return folder
