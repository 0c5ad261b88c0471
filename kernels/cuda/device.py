"""How the lanes' formulas become CUDA kernels: one thread per pixel, each the scalar reading of the same source.

With its sisters the only place that imports numba-cuda (`pip install 'farview[gpu]'`); `kernels.arrays.driver` imports
them with the first array that lies on a card.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import cuda
from numba.cuda.core import config

from kernels.scalars import scalar_variant

# A warp of 32 threads is then 8 × 4 pixels, whose rays stay in the same voxels; 128 threads leave a large kernel
# enough registers. To be tried on a card: nothing here was timed on one.
BLOCK = (8, 16)
LINE = 128  # threads for kernels over flat arrays

# Under numba's simulator (NUMBA_ENABLE_CUDASIM=1) threads are Python's, and functions stay as they are.
SIMULATED = bool(config.ENABLE_CUDASIM)

_known: dict[bool, dict[Any, Any]] = {False: {}, True: {}}


def variant(function: Any, *, fast: bool = False) -> Any:
    """A `shared` function as a device function.

    fast: approximate division and square root, to two units in the last place. For pictures; a value that a reader
        may look up is divided exactly, and the mean of equal values is that value.
    """
    known = _known[fast]
    if function not in known:
        known[function] = scalar_variant(function, lambda source: device(source, fast=fast), known)
    return known[function]


def device(function: Callable[..., Any], *, fast: bool = False) -> Any:
    """A function that kernels call."""
    return function if SIMULATED else cuda.jit(function, device=True, fastmath=fast)


def fast_device(function: Callable[..., Any]) -> Any:
    """A function that fast kernels call."""
    return device(function, fast=True)


def kernel(function: Callable[..., None]) -> Any:
    """A function that `launch` starts."""
    return cuda.jit(function)


def fast_kernel(function: Callable[..., None]) -> Any:
    """The same with the arithmetic of `variant(…, fast=True)`."""
    return cuda.jit(function, fastmath=True)


def launch(function: Any, width: int, height: int, *arguments: Any) -> None:
    """One thread for each pixel of a picture."""
    start(function, (-(-width // BLOCK[0]), -(-height // BLOCK[1])), BLOCK, arguments)


def launch_flat(function: Any, count: int, *arguments: Any) -> None:
    """One thread for each element of a flat array."""
    start(function, (-(-count // LINE),), (LINE,), arguments)


def start(function: Any, grid: tuple[int, ...], block: tuple[int, ...], arguments: tuple[Any, ...]) -> None:
    """Every launch comes through here. It is meant to return before the kernel has ended, as all work for a card does.

    Whether it does depends on how numba-cuda takes over cupy's arrays; `make gpu-check` times that.
    """
    function[grid, block](*arguments)


@kernel
def nothing_cuda(array):
    """What is left of a launch when the kernel does nothing."""


def launch_nothing(array: Any) -> None:
    """A launch with one array."""
    launch_flat(nothing_cuda, 1, array)
