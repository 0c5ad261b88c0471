"""`kernels.derivatives` on a card: cupyx's correlations along one axis with the CPU's weights. Not yet run on one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kernels.arrays import module_of, ndimage_of
from kernels.box import Box
from kernels.derivatives import Taps


def derivatives(
    voxels: Any, size: Any, box: Box, first: int, last: int, taps: Taps, orders: Sequence[tuple[int, int, int]]
) -> list[Any]:
    """Of the slices `first` to before `last` of a box, float32: one array for each of the orders along z, y and x."""
    shape = tuple(int(n) for n in size[::-1])
    slab = box._replace(z0=first, z1=last)
    around = slab.grown(taps.reach, shape)
    values = voxels.reshape(shape)[around.region].astype(np.float32)
    inner = slab.within(around).region
    known: dict[tuple[int, ...], Any] = {(): values}
    for wanted in orders:
        for axis in range(3):
            if wanted[: axis + 1] not in known:
                weights = _weights(taps[axis], wanted[axis])
                known[wanted[: axis + 1]] = _correlated(known[wanted[:axis]], weights, axis)
    return [known[wanted][inner] for wanted in orders]


def _weights(taps: Any, order: int) -> Any:
    """Of −radius … radius voxels."""
    half = taps[order]
    return np.concatenate([(1 - 2 * (order & 1)) * half[:0:-1], half])


def _correlated(values: Any, weights: Any, axis: int) -> Any:
    there = module_of(values).asarray(weights)
    return ndimage_of(values).correlate1d(values, there, axis, output=np.float32, mode="nearest")
