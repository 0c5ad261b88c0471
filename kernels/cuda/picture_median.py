"""`kernels.picture_median` on a card: one thread per pixel, which looks for the samples of the ranks in the middle.

A thread has no room for 49 values but in memory; counting for each how many are less takes no room at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels.cuda.device import device, kernel, launch
from kernels.lanes import f32
from kernels.pixels import SAMPLED
from kernels.window import OUTSIDE


@device
def middle(values, left, right, top, bottom):
    """The median of the samples in columns left … right − 1 and rows top … bottom − 1; there is one at least."""
    samples = np.int32(0)
    for j in range(top, bottom):
        for i in range(left, right):
            if values[j, i] > SAMPLED:
                samples += np.int32(1)
    lower, upper = f32(0), f32(0)
    for j in range(top, bottom):
        for i in range(left, right):
            value = values[j, i]
            if value > SAMPLED:
                less, equal = np.int32(0), np.int32(0)
                for n in range(top, bottom):
                    for m in range(left, right):
                        other = values[n, m]
                        if other == value:
                            equal += np.int32(1)
                        elif other > SAMPLED and other < value:
                            less += np.int32(1)
                if less <= (samples - 1) // 2 < less + equal:
                    lower = value
                if less <= samples // 2 < less + equal:
                    upper = value
    return (lower + upper) * f32(0.5)


@kernel
def spread_cuda(values, radius, out):
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        shown = OUTSIDE
        if values[v, u] > SAMPLED:
            left, right = max(u - radius, 0), min(u + radius + 1, out.shape[1])
            top, bottom = max(v - radius, 0), min(v + radius + 1, out.shape[0])
            shown = middle(values, left, right, top, bottom)
        out[v, u] = shown


def spread(values: Any, radius: int, out: Any) -> None:
    """The picture of medians into `out`."""
    launch(spread_cuda, out.shape[1], out.shape[0], values, np.int32(radius), out)
