"""`kernels.picture_unsharp` on a card: one thread per pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels import picture_unsharp
from kernels.cuda.device import kernel, launch_flat, variant

sharpened = variant(picture_unsharp.sharpened)


@kernel
def spread_cuda(values, strength, out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = sharpened(values[i], out[i], strength)


def spread(values: Any, strength: np.float32, out: Any) -> None:
    """The same arguments as the CPU's `spread_cpu`."""
    launch_flat(spread_cuda, out.size, values, strength, out)
