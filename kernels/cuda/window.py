"""`kernels.window` on a card: one thread per value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels import window
from kernels.cuda.device import kernel, launch_flat, variant

grey = variant(window.grey)


@kernel
def spread_cuda(values, middle, scale, sigmoid, invert, out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = np.uint8(grey(values[i], middle, scale, sigmoid, invert))


def spread(values: Any, middle: np.float32, scale: np.float32, sigmoid: bool, invert: bool, out: Any) -> None:
    """The same arguments as the CPU's `spread_cpu`."""
    launch_flat(spread_cuda, out.size, values, middle, scale, np.int32(sigmoid), np.int32(invert), out)
