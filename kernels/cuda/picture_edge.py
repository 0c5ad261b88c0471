"""`kernels.picture_edge` on a card: one thread per pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels import picture_edge
from kernels.cuda.device import device, kernel, launch, variant
from kernels.window import OUTSIDE

steepness = variant(picture_edge.steepness)


@device
def pixel(values, u, v):
    """Beyond the edge there are no samples."""
    if u >= 0 and v >= 0 and u < values.shape[1] and v < values.shape[0]:
        return values[v, u]
    return OUTSIDE


@device
def three(values, u, v):
    return pixel(values, u - 1, v), pixel(values, u, v), pixel(values, u + 1, v)


@kernel
def spread_cuda(values, per_mm, out):
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        out[v, u] = steepness(three(values, u, v - 1), three(values, u, v), three(values, u, v + 1), per_mm)


def spread(values: Any, per_mm: np.float32, out: Any) -> None:
    """The magnitude of the gradient of a picture without a margin into `out`."""
    launch(spread_cuda, out.shape[1], out.shape[0], values, per_mm, out)
