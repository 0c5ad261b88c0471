"""A volume smoothed within regions and not across their borders: the bilateral filter.

    b(p) = v(p) + Σ w (v(q) − v(p)) / Σ w,   w = exp(−|q − p|² / 2σ² − (v(q) − v(p))² / 2τ²)

over the voxels q within 2σ of p. Where σ is above 1.6 voxels of an axis those would be too many: then along one axis
after the other, that of the finest spacing first.
Source: Tomasi and Manduchi, "Bilateral filtering for gray and color images", 1998; in passes Pham and van Vliet,
"Separable bilateral filtering for fast video preprocessing", 2005; the form of a mean of differences (which keeps a
constant exactly) and the cut as in picture_bilateral.py.
Axes: see volume.py; σ in mm, τ in values. Border: the voxels at the edge go on.
Tolerance: 2e-4 of the largest difference within a neighbourhood against `reference` (a quick exponential), in each
pass.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.arrays import driver, on_device
from kernels.box import Box, Region, box_of, require_finite, spacing_of
from kernels.derivatives import put_row, take_row
from kernels.errors import InvalidParameter
from kernels.lane_memory import store, vector
from kernels.lanes import LANES, OPTIONS, PURE, f32, shared, splat
from kernels.picture import output
from kernels.picture_bilateral import FULL
from kernels.progress import Progress, pieces
from kernels.sampling import exp_minus
from kernels.volume import Volume

MOST_SIGMA = 32.0  # voxels
LEAST_VALUE, MOST_VALUE = 1e-6, 1e9
CUT = 2.0  # σ
BAND = 32  # rows a task has
AHEAD = 32  # slices that go through all passes at once


class Neighbours(NamedTuple):
    """Who counts in a pass, the voxel itself included."""

    offsets: NDArray[np.int64]  # [n, 3], voxels along z, y, x
    far: NDArray[np.float32]  # [n], |q − p|² / 2σ²
    reach: tuple[int, int, int]  # the farthest along z, y, x


def passes(spacing_mm: tuple[float, float, float], sigma_mm: float) -> list[Neighbours]:
    """Who counts in what is done one after the other: all within the cut, or those along each axis.

    Raises:
        InvalidParameter: a sigma that is not positive and finite, or wider than MOST_SIGMA voxels.
    """
    most = MOST_SIGMA * min(spacing_mm)
    if not 0 < sigma_mm <= most:
        raise InvalidParameter(f"a sigma is above 0 and on this grid at most {most:.3g} mm, not {sigma_mm}")
    whole = [np.arange(-n, n + 1) for n in (int(CUT * sigma_mm / spacing + 1e-6) for spacing in spacing_mm[::-1])]
    if sigma_mm <= FULL * min(spacing_mm) * (1 + 1e-6):
        return [_neighbours(whole, spacing_mm, sigma_mm)]
    alone = np.zeros(1, int)
    return [
        _neighbours([axis if number == n else alone for number, axis in enumerate(whole)], spacing_mm, sigma_mm)
        for n in sorted((2, 1, 0), key=lambda n: spacing_mm[2 - n])
    ]


def _neighbours(axes: list[NDArray[np.int64]], spacing_mm: tuple[float, float, float], sigma_mm: float) -> Neighbours:
    offsets = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    far = ((offsets * spacing_mm[::-1] / sigma_mm) ** 2).sum(axis=1) / 2
    near = far <= CUT**2 / 2 + 1e-6
    z, y, x = (int(axis.max()) for axis in axes)
    return Neighbours(offsets[near].astype(np.int64), far[near].astype(np.float32), (z, y, x))


def reference(volume: Volume, sigma_mm: float, sigma_value: float) -> NDArray[np.float64]:
    """The formula in float64, of a whole volume."""
    values = volume.array.astype(np.float64)
    for around in passes(spacing_of(volume), sigma_mm):
        padded = np.pad(values, [(r, r) for r in around.reach], mode="edge")
        total, share = np.zeros(values.shape), np.zeros(values.shape)
        for offset, far in zip(around.offsets, around.far.astype(np.float64), strict=True):
            starts = offset + around.reach
            apart = padded[tuple(slice(s, s + n) for s, n in zip(starts, values.shape, strict=True))] - values
            weight = np.exp(-far - apart**2 / (2 * sigma_value**2))
            total += weight * apart
            share += weight
        values = np.asarray(values + total / share)
    return values


@shared
def counted(total, share, value, centre, far, steep):
    """One neighbour more. Its distance is `far` of the exponent, its difference the square of `steep` times that."""
    apart = value - centre
    unlike = apart * steep
    weight = exp_minus(far + unlike * unlike)
    return total + weight * apart, share + weight


@njit(**PURE)
def smooth_row(rows, places, far, steep, middle, out):
    """A row of means into `out`; the neighbours' rows begin at `places`, the row itself at `middle`."""
    for x in range(0, out.size, LANES):
        centre = vector(rows, middle + x)
        total, share = splat(f32(0), centre), splat(f32(0), centre)
        for n in range(places.size):
            total, share = counted(total, share, vector(rows, places[n] + x), centre, far[n], steep)
        store(centre + total / share, out, x)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(voxels, size, box, first, last, offsets, far, reach, steep, out):
    """A ring of the rows about the last one of every slice that counts, edges continued."""
    rz, ry, rx = reach
    across, turns = box.x1 - box.x0, 2 * ry + 1
    wanted = (across + LANES - 1) // LANES * LANES
    width = wanted + 2 * rx
    bands = (box.y1 - box.y0 + BAND - 1) // BAND
    used = np.zeros(2 * rz + 1, np.bool_)
    for n in range(far.size):
        used[offsets[n, 0] + rz] = True
    for task in prange((last - first) * bands):
        z = first + task // bands
        begin = box.y0 + task % bands * BAND
        end = min(begin + BAND, box.y1)
        rows = np.empty((2 * rz + 1) * turns * width, np.float32)
        places = np.empty(far.size, np.int64)
        result = np.empty(wanted, np.float32)
        for ahead in range(begin - ry, end + ry):
            for k in range(2 * rz + 1):
                if used[k]:
                    row = (k * turns + ahead % turns) * width
                    take_row(voxels, size, z + k - rz, ahead, box.x0 - rx, rows[row : row + width])
            y = ahead - ry
            if y >= begin:
                for n in range(far.size):
                    slice_, row = offsets[n, 0] + rz, (y + offsets[n, 1]) % turns
                    places[n] = (slice_ * turns + row) * width + rx + offsets[n, 2]
                smooth_row(rows, places, far, steep, (rz * turns + y % turns) * width + rx, result)
                put_row(result, out[z - box.z0, y - box.y0])


def bilateral(
    volume: Volume,
    sigma_mm: float,
    sigma_value: float,
    *,
    region: Region | None = None,
    progress: Progress | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[np.float32]:
    """The smoothed volume, float32 [z, y, x], of the region's shape.

    Args:
        sigma_mm: σ, how far neighbours count; at most 32 voxels.
        sigma_value: τ, how different they may be, in units of the values; of a CT about twice its noise.
        region, progress, out: see gaussian.py.

    Raises:
        InvalidVolume: slices lie unevenly, axes are sheared, voxels are not finite.
        InvalidParameter: a sigma, region or `out` that will not do.
    """
    if not LEAST_VALUE <= sigma_value <= MOST_VALUE:
        raise InvalidParameter(f"a sigma of values is {LEAST_VALUE:g} … {MOST_VALUE:g}, not {sigma_value}")
    box, shape = box_of(region, volume.array.shape), volume.array.shape
    steps = passes(spacing_of(volume), sigma_mm)
    require_finite(volume, box.grown(_reach(steps), shape))
    result = output(out, box.shape, np.float32, volume.array)
    steep = np.float32(1 / (math.sqrt(2) * sigma_value))
    spread = driver("bilateral").spread if on_device(volume.array) else spread_cpu
    voxels, part = volume.voxels, box_of(None, shape)
    done = box.z0
    for first, last in pieces(box.z0, box.z1, progress, 1):
        if len(steps) > 1 and last > done:
            done = min(max(last, first + AHEAD), box.z1)
            voxels, part = _before(volume, box._replace(z0=first, z1=done), steps, steep, spread)
        size = part.shape[::-1]
        spread(voxels, size, box.within(part), first - part.z0, last - part.z0, *steps[-1], steep, result)
    return result


def _reach(steps: list[Neighbours]) -> tuple[int, int, int]:
    z, y, x = (max(step.reach[axis] for step in steps) for axis in range(3))
    return z, y, x


def _before(volume: Volume, box: Box, steps: list[Neighbours], steep: np.float32, spread: Any) -> tuple[Any, Box]:
    """What the last pass over a box reads: flat float32 voxels, and the box that they fill."""
    shape = volume.array.shape
    voxels, part = volume.voxels, box_of(None, shape)
    for n, step in enumerate(steps[:-1]):
        wanted = box.grown(_reach(steps[n + 1 :]), shape)
        made = output(None, wanted.shape, np.float32, volume.array)
        within = wanted.within(part)
        spread(voxels, part.shape[::-1], within, within.z0, within.z1, *step, steep, made)
        voxels, part = made.reshape(-1), wanted
    return voxels, part
