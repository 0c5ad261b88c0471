"""Where a picture's pixels lie, for threads that count in float32.

The CPU computes the corner of each tile in float64. A thread has no such corner, and float64 is slow on most cards, so
pixels are counted from the middle of the picture: the rounding grows with the distance from the counted pixel, not from
the first, and stays below 1e-4 of a voxel for pictures and volumes of clinical size. Half-integers stay exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.lanes import f32

Reals = tuple[np.float32, ...]


def reals(values: Any) -> Reals:
    """Numbers as a kernel takes them."""
    return tuple(f32(value) for value in values)


def from_middle(
    origin: NDArray[np.float64], right: NDArray[np.float64], down: NDArray[np.float64], width: int, height: int
) -> tuple[tuple[np.int32, np.int32], Reals, Reals, Reals]:
    """The pixel (u, v) from which others are counted, where it lies, and the steps right and down."""
    u, v = width // 2, height // 2
    return (np.int32(u), np.int32(v)), reals(origin + u * right + v * down), reals(right), reals(down)
