"""What this machine can do at most, on as many threads as the kernels get: the yardsticks of the table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numba import njit, prange

from kernels.lane_memory import ramp, store
from kernels.lanes import LANES, OPTIONS, f32, splat
from kernels.sampling import trilinear

SIDE = 16  # of a volume of 8 KiB, which stays in a first-level cache with room to spare
TILES = 1 << 12  # of packets, taken in turn


@dataclass(frozen=True)
class Limits:
    """Trilinear samples a second from the first-level cache; bytes a second of a copy, reads and writes counted."""

    samples_per_s: float
    bytes_per_s: float


def measure(copy_bytes: int = 1 << 29) -> Limits:
    """The best of five each."""
    voxels = (np.arange(SIDE**3) % 251).astype(np.int16)
    sums = np.empty((TILES, LANES), np.float32)
    rounds = max(1, copy_bytes >> 21)
    _sample(voxels, rounds, sums)
    samples = TILES * LANES * rounds / min(_seconds(lambda: _sample(voxels, rounds, sums)) for _ in range(5))
    source = np.zeros(copy_bytes // 8)
    target = np.ones_like(source)
    _copy(source, target)
    copied = 2 * source.nbytes / min(_seconds(lambda: _copy(source, target)) for _ in range(5))
    return Limits(samples, copied)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


@njit(parallel=True, cache=True, **OPTIONS)
def _sample(voxels, rounds, sums):
    size = (np.int32(SIDE), np.int32(SIDE), np.int32(SIDE))
    for tile in prange(TILES):
        x = ramp(f32(1 + tile % 7), f32(0.9), f32(0.3))
        y = ramp(f32(1 + tile % 5), f32(0.2), f32(0.8))
        z = ramp(f32(1 + tile % 3), f32(0.4), f32(0.1))
        total = splat(f32(0), x)
        for k in range(rounds):
            t = f32(k % 16)
            total = total + trilinear(voxels, size, x + t * f32(0.31), y + t * f32(0.17), z + t * f32(0.53))
        store(total, sums[tile], 0)


@njit(parallel=True, cache=True)
def _copy(source, target):
    parts = 64
    share = (source.size + parts - 1) // parts
    for part in prange(parts):
        low, high = part * share, min(source.size, (part + 1) * share)
        target[low:high] = source[low:high]
