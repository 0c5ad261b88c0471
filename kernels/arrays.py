"""The array is the backend: numpy's arrays are computed on the CPU, those in a card's memory on the card.

Nothing here imports a GPU library: whoever holds such an array has imported it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.errors import NoBackend

NAME = "__cuda_array_interface__"  # what cupy, and everything else that lies in a card's memory, has


def on_device(array: Any) -> bool:
    """Whether an array lies in a card's memory.

    Raises:
        NoBackend: it lies in neither memory.
    """
    if hasattr(array, NAME):
        return True
    if isinstance(array, np.ndarray):
        return False
    kind = type(array)
    raise NoBackend(f"kernels run on numpy and cupy arrays, not on {kind.__module__}.{kind.__name__}")


def module_of(array: Any) -> Any:
    """The module an array comes from: numpy or cupy."""
    return sys.modules[type(array).__module__.partition(".")[0]]


def to_host(array: Any) -> NDArray[Any]:
    """An array as numpy's; one that is in this memory stays itself."""
    return np.asarray(array.get()) if on_device(array) else array


def driver(kernel: str) -> Any:
    """The CUDA drivers of one kernel file. Imported with the first array on a card: numba-cuda takes half a second."""
    return import_module(f"kernels.cuda.{kernel}")


def ndimage_of(array: Any) -> Any:
    """scipy.ndimage for where an array lies: its own, or cupyx's, whose functions have the same names and arguments."""
    return import_module("cupyx.scipy.ndimage" if on_device(array) else "scipy.ndimage")
