"""Vesselness: how much the surroundings of a voxel look like a tube of a given width, from 0 to below 1.

    H = σ² ∇∇ G_σ ∗ V, eigenvalues |λ1| ≤ |λ2| ≤ |λ3|
    R_A = |λ2| / |λ3|,  R_B = |λ1| / √|λ2 λ3|,  S = ‖H‖
    v(σ) = 0 unless λ2, λ3 < 0 (of a dark tube: > 0), else
           (1 − exp(−R_A² / 2α²)) · exp(−R_B² / 2β²) · (1 − exp(−S² / 2c²))
    v = max over σ of v(σ)

Source: Frangi, Niessen, Vincken and Viergever, "Multiscale vessel enhancement filtering", 1998, eq. 10 to 14, as
scikit-image's `frangi` reads them (opened; the paper itself was not at hand).
Axes: see volume.py. Border: the voxels at the edge go on.
On a card: correlations of cupyx.scipy.ndimage and the formula below, not yet run on one.
Tolerance: 1e-5 against `reference` (float32, and an exponential good to 2e-6, against float64).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels import eigenvalues as eigen
from kernels.arrays import driver, on_device
from kernels.box import Region, box_of, require_finite, spacing_of
from kernels.derivatives import DEPTH, fold_rows, fold_slices, room_for, taps, task_at, task_count
from kernels.derivatives import reference as derivative
from kernels.eigenvalues import eigenvalues
from kernels.errors import InvalidParameter
from kernels.lane_memory import store, vector
from kernels.lanes import INNER, LANES, OPTIONS, f32, minimum, shared, where
from kernels.picture import output
from kernels.progress import Progress, part, pieces
from kernels.sampling import exp_minus
from kernels.volume import Volume

COMPONENTS = ((0, 0, 2), (0, 2, 0), (2, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0))  # xx yy zz xy xz yz, orders z y x

ALPHA, BETA, C = 0.5, 0.5, 50.0
LEAST = 1e-6


class Shape(NamedTuple):
    """1 / 2α², 1 / 2β² and 1 / 2c²."""

    plate: np.float32
    blob: np.float32
    flat: np.float32


def reference(
    volume: Volume,
    scales_mm: Sequence[float],
    bright: bool = True,
    alpha: float = ALPHA,
    beta: float = BETA,
    c: float = C,
) -> NDArray[np.float64]:
    """The formulas above in float64, of a whole volume."""
    best = np.zeros(volume.array.shape)
    sign = 1 if bright else -1
    for sigma in scales_mm:
        hessian = (derivative(volume.array, spacing_of(volume), sigma, orders) for orders in COMPONENTS)
        values = eigen.reference(*(sign * sigma**2 * one for one in hessian))
        l1, l2, l3 = np.take_along_axis(values, np.abs(values).argsort(axis=0), axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            plate = 1 - np.exp(-((l2 / l3) ** 2) / (2 * alpha**2))
            blob = np.exp(-(l1**2 / np.abs(l2 * l3)) / (2 * beta**2))
        flat = 1 - np.exp(-(values**2).sum(axis=0) / (2 * c**2))
        best = np.maximum(best, np.where((l2 < 0) & (l3 < 0), plate * blob * flat, 0))
    return best


@shared
def tubular(xx, yy, zz, xy, xz, yz, shape):
    """Of a bright tube, at one scale.

    Of the eigenvalues in order, at most two are below zero where the first is above it; so λ2 and λ3 are negative where
    the middle one is and the largest is not farther from zero.
    """
    largest, middle, smallest = eigenvalues(xx, yy, zz, xy, xz, yz)
    l2, l3 = minimum(middle, f32(-1e-15)), minimum(smallest, f32(-1e-15))
    ratio = l2 / l3
    plate = f32(1) - exp_minus(ratio * ratio * shape.plate)
    blob = exp_minus(largest / l2 * (largest / l3) * shape.blob)
    flat = f32(1) - exp_minus((largest * largest + middle * middle + smallest * smallest) * shape.flat)
    return where((middle < f32(0)) & (largest + middle <= f32(0)), plate * blob * flat, f32(0))


@njit(**INNER)
def put_tubular(rows, length, shape, out):
    """Of six rows of second derivatives: into the first of them, and where it is larger into `out`."""
    for i in range(0, length, LANES):
        xx, yy, zz = vector(rows, i), vector(rows, length + i), vector(rows, 2 * length + i)
        xy, xz, yz = vector(rows, 3 * length + i), vector(rows, 4 * length + i), vector(rows, 5 * length + i)
        store(tubular(xx, yy, zz, xy, xz, yz, shape), rows, i)
    for i in range(out.size):
        out[i] = max(out[i], rows[i])


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(voxels, size, box, first, last, taps, shape, out):
    """Where it is more than `out` has."""
    ry = taps.y.shape[1] - 1
    for task in prange(task_count(box, first, last, taps)):
        z0, z1, y0, y1 = task_at(task, box, first, last, taps)
        room = room_for(taps, box.x1 - box.x0, 6)
        for ahead in range(y0 - ry, y1 + ry):
            fold_slices(voxels, size, z0, z1 - z0, ahead, box.x0, taps, room)
            y = ahead - ry
            if y >= y0:
                for z in range(z0, z1):
                    for number in range(6):
                        order_z, order_y, order_x = COMPONENTS[number]
                        fold_rows(z - z0, y, taps, order_z, order_y, order_x, room, number)
                    put_tubular(room.rows, room.wanted, shape, out[z - box.z0, y - box.y0])


def vesselness(
    volume: Volume,
    scales_mm: Sequence[float],
    bright: bool = True,
    *,
    alpha: float = ALPHA,
    beta: float = BETA,
    c: float = C,
    region: Region | None = None,
    progress: Progress | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[np.float32]:
    """The vesselness of every voxel, float32 [z, y, x] in 0 … 1, of the region's shape.

    Args:
        scales_mm: the σ, a few: a tube of radius r answers most to σ near r / √2 … r. Half a voxel and more.
        bright: whether tubes are brighter than what is around them, as contrast-filled vessels, or darker, as airways.
        alpha: below it R_A counts as a plate. beta: above it R_B counts as a blob. Both without a unit.
        c: below it S counts as flat, in units of the values: half of the largest ‖H‖ of what is looked for, of vessels
            300 HU above their surroundings 50 HU.
        region, progress, out: see gaussian.py.

    Raises:
        InvalidVolume: slices lie unevenly, axes are sheared, voxels are not finite.
        InvalidParameter: no scale, or parameters that are not positive; a sigma, region or `out` that will not do.
    """
    if not scales_mm or not all(0 < sigma < np.inf for sigma in scales_mm):
        raise InvalidParameter("scales are one or more lengths above 0 mm")
    if not all(LEAST <= x < np.inf for x in (alpha, beta, c)):
        raise InvalidParameter("alpha, beta and c are positive")
    box = box_of(region, volume.array.shape)
    spacing = spacing_of(volume)
    tables = [taps(spacing, sigma, 3, sigma) for sigma in scales_mm]
    for table in tables:
        require_finite(volume, box.grown(table.reach, volume.array.shape))
    result = output(out, box.shape, np.float32, volume.array)
    result[...] = 0
    shape = Shape(*(np.float32(1 / (2 * x * x)) for x in (alpha, beta, c)))
    spread = driver("vesselness").spread if on_device(volume.array) else spread_cpu
    for number, table in enumerate(tables):
        # Of a dark tube the second derivatives are those of a bright one, negated.
        signed = table if bright else table._replace(z=-table.z)
        for first, last in pieces(box.z0, box.z1, part(progress, number, len(tables)), DEPTH):
            spread(volume.voxels, volume.size, box, first, last, signed, shape, result)
    return result
