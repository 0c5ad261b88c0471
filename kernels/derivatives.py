"""Gaussian derivatives of a volume, a row of voxels at a time.

    D^(i,j,k) G_σ ∗ V     separable: weights along z, then y, then x, of the orders i, j, k ∈ {0, 1, 2}
    order 0               w_n ∝ exp(−n² / 2σ²), Σ w_n = 1
    order 1               w_n ∝ n exp(−n² / 2σ²), Σ n w_n = 1
    order 2               w_n ∝ (n² / b − 1) exp(−n² / 2σ²), b such that Σ w_n = 0, Σ n² w_n = 2

σ and n in voxels of the axis, |n| ≤ the nearest whole of 4σ. So scaled, derivatives of quadratic functions are exact
for every σ, and a constant has none, which sampled derivatives of a Gaussian only nearly have; for σ → 0 they become
differences of neighbours.

Along z straight from the voxels, a few slices at a time, into a ring of the last rows; from it along y into one row;
then along x: nothing larger than the ring, which fits into a core's second-level cache, is ever written but the result.
Source: own; weights of order 0 as scipy.ndimage.gaussian_filter has them (opened).
Axes: see volume.py. Border: the voxels at the edge go on.
Tolerance: against `reference` (float64) 1e-6 of the largest absolute voxel times the sum of the absolute weights.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from kernels.errors import InvalidParameter
from kernels.lane_memory import store, vector
from kernels.lanes import INNER, LANES, PURE, f32

TRUNCATE = 4.0  # standard deviations
MAX_RADIUS = 512  # voxels
LEAST_SIGMA = 0.1  # voxels; below it the neighbours' weights are those of differences, to the last bit

DEPTH = 8  # slices that are filtered together
UNROLLED = 4 * LANES  # values at a time


class Taps(NamedTuple):
    """Weights for the distances 0, 1, 2, … along each axis, [orders, radius + 1], float32; odd orders change sign."""

    z: NDArray[np.float32]
    y: NDArray[np.float32]
    x: NDArray[np.float32]

    @property
    def reach(self) -> tuple[int, int, int]:
        """How many voxels beyond its own a result depends on, along z, y and x."""
        z, y, x = (axis.shape[1] - 1 for axis in self)
        return z, y, x


@lru_cache(64)
def weights(sigma: float, order: int) -> tuple[float, ...]:
    """The weights for −r … r voxels."""
    radius = max(int(TRUNCATE * sigma + 0.5), min(order, 1))
    n = np.arange(-radius, radius + 1, dtype=np.float64)
    w = np.exp(-0.5 * (n / max(sigma, LEAST_SIGMA)) ** 2) if radius else np.ones(1)
    if order == 1:
        w *= n
        w /= (n * w).sum()
    elif order == 2:
        w *= n**2 * w.sum() / (n**2 * w).sum() - 1
        w *= 2 / (n**2 * w).sum()
    else:
        w /= w.sum()
    return tuple(w.tolist())


def reference(
    array: NDArray[Any], spacing_mm: tuple[float, float, float], sigma_mm: float, orders: tuple[int, int, int]
) -> NDArray[np.float64]:
    """One derivative per mm of the order (z, y, x), axis by axis, the array continued by its edges. Float64."""
    values = np.asarray(array, np.float64)
    for axis, (order, spacing) in enumerate(zip(orders, spacing_mm[::-1], strict=True)):
        w = weights(sigma_mm / spacing, order)
        radius, n = len(w) // 2, values.shape[axis]
        shifted = (np.take(values, np.clip(np.arange(n) + k - radius, 0, n - 1), axis) for k in range(len(w)))
        values = np.asarray(sum(weight * part for weight, part in zip(w, shifted, strict=True))) / spacing**order
    return values


def taps(spacing_mm: tuple[float, float, float], sigma_mm: float, orders: int, unit_mm: float = 1.0) -> Taps:
    """Weights of the orders below `orders`, derivatives in 1 / unit_mm.

    Raises:
        InvalidParameter: a sigma that is negative, not finite, or wider than MAX_RADIUS voxels.
    """
    if not 0 <= sigma_mm < np.inf:
        raise InvalidParameter(f"a sigma is a length of at least 0 mm, not {sigma_mm}")
    if TRUNCATE * sigma_mm / min(spacing_mm) > MAX_RADIUS:
        most = MAX_RADIUS * min(spacing_mm) / TRUNCATE
        raise InvalidParameter(f"a sigma of {sigma_mm} mm is wider than {most:.3g} mm, the most on this grid")
    return Taps(*(_axis_taps(sigma_mm / s, orders, unit_mm / s) for s in spacing_mm[::-1]))


def _axis_taps(sigma: float, orders: int, scale: float) -> NDArray[np.float32]:
    radius = len(weights(sigma, orders - 1)) // 2
    found = np.zeros((orders, radius + 1), np.float32)
    for order in range(orders):
        half = weights(sigma, order)
        half = half[len(half) // 2 :]
        found[order, : len(half)] = np.array(half) * scale**order
    return found


class Room(NamedTuple):
    """What one thread needs: flat float32 rows, `width` values each, and where the rows lie that are folded."""

    source: NDArray[np.float32]  # of one y: the slices a derivative along z takes
    ring: NDArray[np.float32]  # derivatives along z of the last rows, for each order and slice
    spare: NDArray[np.float32]  # one row of them after y
    rows: NDArray[np.float32]  # and after x: one for each derivative that is wanted
    places: NDArray[np.int64]
    width: int
    wanted: int


@njit(**INNER)
def room_for(taps, across, rows):
    """Room for rows of a box `across` voxels wide."""
    orders, rz = taps.z.shape[0], taps.z.shape[1] - 1
    ry, rx = taps.y.shape[1] - 1, taps.x.shape[1] - 1
    wanted = (across + UNROLLED - 1) // UNROLLED * UNROLLED
    width = (wanted + 2 * rx + UNROLLED - 1) // UNROLLED * UNROLLED
    return Room(
        np.empty((DEPTH + 2 * rz) * width, np.float32),
        np.empty(orders * DEPTH * (2 * ry + 1) * width, np.float32),
        np.empty(width, np.float32),
        np.empty(rows * wanted, np.float32),
        np.empty(2 * max(rz, ry, rx) + 1, np.int64),
        width,
        wanted,
    )


@njit(**PURE)
def take_row(voxels, size, z, y, x0, out):
    """Voxels of a row as float32, from x0 on; those beyond the volume are the nearest in it."""
    nx, ny, nz = size
    row = (min(max(z, 0), nz - 1) * ny + min(max(y, 0), ny - 1)) * nx
    begin = min(max(-x0, 0), out.size)
    end = max(min(nx - x0, out.size), begin)
    out[:begin] = voxels[row]
    put_row(voxels[row + x0 + begin : row + x0 + end], out[begin:end])
    out[end:] = voxels[row + nx - 1]


@njit(**PURE)
def put_row(values, out):
    """`out` filled with as many values; of whole arrays, so that the compiler makes SIMD of it."""
    for i in range(out.size):
        out[i] = values[i]


@njit(**PURE)
def fold(rows, places, taps, order, out, at, width):
    """The weighted sum of rows: the middle one, and those on both sides of it, in pairs."""
    radius = taps.shape[1] - 1
    sign = f32(1 - 2 * (order & 1))
    # Four sums at a time: one alone would wait for itself, and more do not fit into AVX2's registers.
    for x in range(0, width, UNROLLED):
        weight, middle = taps[order, 0], places[radius] + x
        a = weight * vector(rows, middle)
        b = weight * vector(rows, middle + LANES)
        c = weight * vector(rows, middle + 2 * LANES)
        d = weight * vector(rows, middle + 3 * LANES)
        for k in range(1, radius + 1):
            weight, after, before = taps[order, k], places[radius + k] + x, places[radius - k] + x
            a = a + weight * (vector(rows, after) + sign * vector(rows, before))
            b = b + weight * (vector(rows, after + LANES) + sign * vector(rows, before + LANES))
            c = c + weight * (vector(rows, after + 2 * LANES) + sign * vector(rows, before + 2 * LANES))
            d = d + weight * (vector(rows, after + 3 * LANES) + sign * vector(rows, before + 3 * LANES))
        store(a, out, at + x)
        store(b, out, at + x + LANES)
        store(c, out, at + x + 2 * LANES)
        store(d, out, at + x + 3 * LANES)


@njit(**PURE)
def fold_slices(voxels, size, z0, depth, y, x0, taps, room):
    """Derivatives along z of one row of `depth` slices, into the ring."""
    orders, rz, turns = taps.z.shape[0], taps.z.shape[1] - 1, 2 * taps.y.shape[1] - 1
    for k in range(depth + 2 * rz):
        row = room.source[k * room.width : (k + 1) * room.width]
        take_row(voxels, size, z0 - rz + k, y, x0 - taps.x.shape[1] + 1, row)
    for d in range(depth):
        for k in range(2 * rz + 1):
            room.places[k] = (d + k) * room.width
        for order in range(orders):
            row = (order * DEPTH + d) * turns + y % turns
            fold(room.source, room.places, taps.z, order, room.ring, row * room.width, room.width)


@njit(**PURE)
def fold_rows(d, y, taps, order_z, order_y, order_x, room, number):
    """One derivative of row y of the d-th slice: row `number` of the room's rows."""
    ry, rx = taps.y.shape[1] - 1, taps.x.shape[1] - 1
    turns = 2 * ry + 1
    for k in range(turns):
        room.places[k] = ((order_z * DEPTH + d) * turns + (y - ry + k) % turns) * room.width
    fold(room.ring, room.places, taps.y, order_y, room.spare, 0, room.width)
    for k in range(2 * rx + 1):
        room.places[k] = k
    fold(room.spare, room.places, taps.x, order_x, room.rows, number * room.wanted, room.wanted)


@njit(**PURE)
def task_count(box, first, last, taps):
    """A task is DEPTH slices and a band of rows of them."""
    band = band_of(taps)
    return ((last - first + DEPTH - 1) // DEPTH) * ((box.y1 - box.y0 + band - 1) // band)


@njit(**PURE)
def band_of(taps):
    """Rows a task has: many against those it filters for the next task's sake, too."""
    return max(64, 4 * taps.y.shape[1])


@njit(**PURE)
def task_at(number, box, first, last, taps):
    """Slices and rows first … last + 1 of a task."""
    band = band_of(taps)
    bands = (box.y1 - box.y0 + band - 1) // band
    z = first + number // bands * DEPTH
    y = box.y0 + number % bands * band
    return z, min(z + DEPTH, last), y, min(y + band, box.y1)
