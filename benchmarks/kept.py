"""Dense frames take minutes: they are kept between runs, each named for everything that it depends on."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def folder() -> Path:
    """Below the user's cache folder; not made yet."""
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(base) / "farview" / "benchmarks"


def source(*modules: Any) -> str:
    """A digest of the text of modules."""
    digest = hashlib.sha256()
    for module in modules:
        digest.update(Path(module.__file__).read_bytes())
    return digest.hexdigest()


def kept(what: str, depends_on: Sequence[object], make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """The array of an earlier run, or what `make` returns. `what` is said while it is made.

    depends_on: whatever would make another array, as values whose repr is the same in every run.
    """
    name = hashlib.sha256(repr((what, *depends_on)).encode()).hexdigest()[:32]
    path = folder() / f"{name}.npy"
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError):
        pass  # none yet, or one that a full disk cut off
    begun = time.monotonic()
    array = make()
    sys.stderr.write(f"{what}: made in {time.monotonic() - begun:.0f} s, kept for the next run\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}")
    with half.open("wb") as file:
        np.save(file, array)
    half.replace(path)
    return array
