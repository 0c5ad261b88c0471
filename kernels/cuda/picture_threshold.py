"""`kernels.picture_threshold` on a card: one thread per pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels import picture_threshold
from kernels.cuda.device import kernel, launch_flat, variant

cut = variant(picture_threshold.cut)


@kernel
def spread_cuda(values, low, high, keeps_inside, out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = cut(values[i], low, high, keeps_inside)


def spread(values: Any, low: np.float32, high: np.float32, keeps_inside: bool, out: Any) -> None:
    """The same arguments as the CPU's `spread_cpu`."""
    launch_flat(spread_cuda, out.size, values, low, high, keeps_inside, out)
