"""`kernels.compose` on a card: one thread per pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels import compose
from kernels.arrays import module_of
from kernels.cuda.device import device, kernel, launch
from kernels.lanes import f32

fused_pixel, differs = device(compose.fused_pixel), device(compose.differs)


@kernel
def spread_fused_cuda(greys, values, colours, low, scale, part, out):
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        place = fused_pixel(values[v, u], low, scale)
        grey = f32(greys[v, u])
        for channel in range(3):
            mixed = grey
            if place >= 0:
                mixed = grey + part * (f32(colours[place, channel]) - grey)
            out[v, u, channel] = np.uint8(mixed + f32(0.5))


@kernel
def spread_labelled_cuda(labels, styles, top, out):
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        label = labels[top + v, u]
        part = styles[label, 3]
        if styles[label, 4] > f32(0) and differs(labels, top + v, u):
            part = f32(1)
        if part > f32(0):
            for channel in range(3):
                own = f32(out[v, u, channel])
                out[v, u, channel] = np.uint8(own + part * (styles[label, channel] * f32(255) - own) + f32(0.5))


def spread_fused(greys: Any, values: Any, colours: Any, low: Any, scale: Any, part: Any, out: Any) -> None:
    """The same arguments as the CPU's `spread_fused_cpu`, the palette in this machine's memory."""
    height, width = out.shape[:2]
    there = module_of(greys).asarray(colours)
    launch(spread_fused_cuda, width, height, greys, values, there, low, scale, part, out)


def spread_labelled(labels: Any, styles: Any, top: int, out: Any) -> None:
    """The same arguments as the CPU's `spread_labelled_cpu`, the styles in this machine's memory."""
    height, width = out.shape[:2]
    launch(spread_labelled_cuda, width, height, labels, module_of(out).asarray(styles), np.int32(top), out)
