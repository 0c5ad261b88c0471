"""`kernels.picture_gamma` on a card: one thread per pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels import picture_gamma
from kernels.cuda.device import kernel, launch_flat, variant

bent = variant(picture_gamma.bent)


@kernel
def spread_cuda(values, low, width, scale, power, out):
    i = cuda.grid(1)
    if i < out.size:
        out[i] = bent(values[i], low, width, scale, power)


def spread(values: Any, low: np.float32, width: np.float32, scale: np.float32, power: np.float32, out: Any) -> None:
    """The same arguments as the CPU's `spread_cpu`."""
    launch_flat(spread_cuda, out.size, values, low, width, scale, power, out)
