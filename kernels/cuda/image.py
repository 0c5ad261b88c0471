"""`kernels.image` on a card: one thread per pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda
from numpy.typing import NDArray

from kernels import image
from kernels.cuda.device import device, kernel, launch, variant
from kernels.cuda.grid import from_middle
from kernels.lanes import f32
from kernels.window import OUTSIDE

pixel = variant(image.pixel)


@device
def value(u, v, pixels, columns, rows, channels, channel, counted, middle, right, down, n):
    """What one pixel shows, and how many samples it is the mean of."""
    across = f32(u - counted[0])
    along = f32(v - counted[1])
    x = middle[0] + across * right[0] + along * down[0]
    y = middle[1] + across * right[1] + along * down[1]
    axes = (right[0], right[1], down[0], down[1])
    return pixel(pixels, columns, rows, channels, channel, x, y, axes, n)


@kernel
def spread_cuda(pixels, columns, rows, counted, middle, right, down, n, out):
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        mean, count = value(u, v, pixels, columns, rows, 1, 0, counted, middle, right, down, n)
        out[v, u] = mean if count > f32(0) else OUTSIDE


@kernel
def spread_colour_cuda(pixels, columns, rows, counted, middle, right, down, n, out):
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        for channel in range(3):
            mean, _ = value(u, v, pixels, columns, rows, 3, channel, counted, middle, right, down, n)
            out[v, u, channel] = np.uint8(mean + f32(0.5))


def spread(pixels: Any, columns: Any, rows: Any, matrix: NDArray[np.float64], n: int, out: Any) -> None:
    """The same arguments as the CPU's `spread_cpu`."""
    _launch(spread_cuda, pixels, columns, rows, matrix, n, out)


def spread_colour(pixels: Any, columns: Any, rows: Any, matrix: NDArray[np.float64], n: int, out: Any) -> None:
    """The same arguments as the CPU's `spread_colour_cpu`."""
    _launch(spread_colour_cuda, pixels, columns, rows, matrix, n, out)


def _launch(function: Any, pixels: Any, columns: Any, rows: Any, matrix: NDArray[np.float64], n: int, out: Any) -> None:
    height, width = out.shape[:2]
    grid = from_middle(matrix[:, 2], matrix[:, 0], matrix[:, 1], width, height)
    launch(function, width, height, pixels, np.int32(columns), np.int32(rows), *grid, np.int32(n), out)
