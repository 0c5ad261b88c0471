"""`kernels.picture_gaussian` on a card: one thread per pixel, for the rows and then for the columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from kernels.arrays import module_of
from kernels.cuda.device import kernel, launch
from kernels.lanes import f32
from kernels.pixels import SAMPLED
from kernels.window import OUTSIDE


@kernel
def rows_cuda(values, weights, radius, total, share):
    u, v = cuda.grid(2)
    if u < values.shape[1] and v < values.shape[0]:
        value_sum, weight_sum = f32(0), f32(0)
        for i in range(max(u - radius, 0), min(u + radius, values.shape[1] - 1) + 1):
            value = values[v, i]
            if value > SAMPLED:
                weight = weights[i - u + radius]
                value_sum += weight * value
                weight_sum += weight
        total[v, u] = value_sum
        share[v, u] = weight_sum


@kernel
def columns_cuda(values, weights, radius, total, share, out):
    u, v = cuda.grid(2)
    if u < values.shape[1] and v < values.shape[0]:
        if values[v, u] > SAMPLED:
            value_sum, weight_sum = f32(0), f32(0)
            for j in range(max(v - radius, 0), min(v + radius, values.shape[0] - 1) + 1):
                weight = weights[j - v + radius]
                value_sum += weight * total[j, u]
                weight_sum += weight * share[j, u]
            out[v, u] = value_sum / weight_sum
        else:
            out[v, u] = OUTSIDE


def spread(values: Any, weights: NDArray[np.float32], out: Any) -> None:
    """The blurred picture into `out`; `weights` are those of one axis, in host memory."""
    module = module_of(values)
    height, width = values.shape
    radius, there = np.int32(len(weights) // 2), module.asarray(weights)
    total, share = (module.empty(values.shape, np.float32) for _ in range(2))
    launch(rows_cuda, width, height, values, there, radius, total, share)
    launch(columns_cuda, width, height, values, there, radius, total, share, out)
    for array in (total, share, there):
        array.fill(0)  # the pool hands its memory on
