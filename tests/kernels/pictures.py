"""Pictures for the filters' tests: modality values, whole or with pixels that have no sample."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from kernels.window import OUTSIDE

Picture = NDArray[np.float32]

# One pixel, one row, one column, no multiple of a packet, more than one packet, more than a group of them.
SHAPES = ((1, 1), (1, 23), (19, 1), (2, 2), (9, 16), (7, 17), (33, 70))
shapes = st.tuples(st.integers(1, 24), st.integers(1, 40))


def noise(shape: tuple[int, int], seed: int = 1, sd: float = 300.0) -> Picture:
    """Normal about 40, as soft tissue and its noise."""
    return np.random.default_rng(seed).normal(40, sd, shape).astype(np.float32)


def torn(shape: tuple[int, int], seed: int = 1, missing: float = 0.3) -> Picture:
    """The same with a part of its pixels `OUTSIDE`, here and there, and all beyond a circle."""
    picture = noise(shape, seed)
    rng = np.random.default_rng(seed + 1)
    y, x = np.indices(shape)
    beyond = np.hypot(y - shape[0] / 2, x - shape[1] / 2) > 0.55 * max(shape)
    return np.where(beyond | (rng.random(shape) < missing), OUTSIDE, picture)


def error(values: Picture, truth: NDArray[np.float64]) -> float:
    """The largest difference; infinite where one has a value and the other none."""
    outside = truth == float(OUTSIDE)
    if ((values == OUTSIDE) != outside).any():
        return float("inf")
    return float(np.abs(values - truth)[~outside].max(initial=0))
