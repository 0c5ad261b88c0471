"""`kernels.picture_bilateral` on a card: one thread per pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from kernels import picture_bilateral
from kernels.cuda.device import kernel, launch, variant
from kernels.lanes import f32
from kernels.pixels import SAMPLED
from kernels.window import OUTSIDE

counted = variant(picture_bilateral.counted)
smoothed = variant(picture_bilateral.smoothed)


@kernel
def spread_cuda(values, down, across, near, steep, out):
    u, v = cuda.grid(2)
    if u < out.shape[1] and v < out.shape[0]:
        centre = values[v, u]
        shown = OUTSIDE
        if centre > SAMPLED:
            total, share = f32(0), f32(0)
            left, right = max(u - across, 0), min(u + across, out.shape[1] - 1)
            x, y, bottom = left, max(v - down, 0), min(v + down, out.shape[0] - 1)
            while y <= bottom:  # one loop: of two the compiler unrolls the inner one, which takes registers
                value = values[y, x]
                if value > SAMPLED:
                    far = f32((y - v) * (y - v) + (x - u) * (x - u)) * near
                    total, share = counted(total, share, value, centre, far, steep)
                x += 1
                if x > right:
                    x, y = left, y + 1
            shown = smoothed(total, share, centre)
        out[v, u] = shown


def spread(values: Any, down: int, across: int, near: np.float32, steep: np.float32, out: Any) -> None:
    """One pass over the picture, into `out`, which may be the picture itself."""
    source = values.copy() if out is values else values
    launch(spread_cuda, out.shape[1], out.shape[0], source, np.int32(down), np.int32(across), near, steep, out)
    if source is not values:
        source.fill(0)  # the pool hands its memory on
