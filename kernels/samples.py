"""Where the samples of planes, slabs and projections lie along the rays of a picture: the slab rule.

    mean       p + (k − (n − 1)/2)·Δ·n̂,  k = 0 … n − 1
    max, min   where the ray meets the slices of the axis it follows most, and both borders p ± (n − 1)/2·Δ·n̂

    Δ = 1 / ‖M⁻¹ n̂‖ (one voxel along the normal n̂, M the affine's 3×3, whatever the places of its slices),
    n = max(1, round(T / Δ))

On a slice nothing is lost between two voxels, so that an extreme is nearer to that of all points of the ray than with
samples Δ apart, and costs half the reads. Slices of an uneven stack are no even steps: along them a slab has the
samples of the mean. A projection is a slab without borders, and along an uneven stack its samples lie at whole places.
Source: docs/ARCHITECTURE.md, "Stacks, volumes, kernels" (the slab rule).
Axes: index points (x, y, place), see volume.py.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.clip import along_grid, half_spaces
from kernels.picture import Picture, index_grid, snap, spacing_along
from kernels.sampling import FAR
from kernels.volume import Volume

Projection = Literal["max", "min", "mean"]
MAX, MIN, MEAN = 0, 1, 2
MODES = {"max": MAX, "min": MIN, "mean": MEAN}
NO_DEPTHS = np.empty((0, 4))


class Samples(NamedTuple):
    """Sample k of pixel (u, v) lies at rows 0 + u · 1 + v · 2 + k · 3 of the grid.

    grid: float64 [5, 3]; the last row: the k at which the ray of pixel (0, 0) meets the picture's plane, and how much
        further it is for the next pixel right and down.
    total: k goes from 0 to total − 1.
    axis: on whose slices samples lie, 0, 1 or 2; −1: on none.
    reach: samples further than this from the plane, in steps of k, do not count; where it is not FAR, one at each
        border does.
    depths: float64 [n, 4]; of half-spaces that cut the volume, see `clip.along_grid`: what is outside one does not
        count.
    """

    grid: NDArray[np.float64]
    total: int
    axis: int
    reach: float
    depths: NDArray[np.float64]


def sample_count(volume: Volume, picture: Picture, thickness_mm: float) -> int:
    """How many samples Δ apart a slab of this thickness has along its normal."""
    return max(1, round(thickness_mm / spacing_along(volume, picture.normal)))


def slab_samples(volume: Volume, picture: Picture, projection: Projection, thickness_mm: float) -> Samples:
    """Those of a slab centred on the plane; a thickness of 0 is the plane."""
    count = sample_count(volume, picture, thickness_mm) if thickness_mm else 1
    half = (count - 1) / 2
    grid = index_grid(volume, picture)
    if count > 1 and projection != "mean":
        on_slices = _on_slices(volume, grid)
        if on_slices.axis >= 0:
            return on_slices._replace(reach=half * float(np.abs(grid[3]).max()))
    rows = np.zeros((5, 3))
    rows[:4] = grid
    if half:
        rows[0] -= half * grid[3]
        rows[4, 0] = half
    return Samples(rows, count, -1, FAR, NO_DEPTHS)


def projection_samples(volume: Volume, picture: Picture, clip: ArrayLike | None = None) -> Samples:
    """Those through the whole volume, wherever the plane lies, as far as half-spaces leave it; see clip.py.

    Raises:
        InvalidParameter: the clip is none.
    """
    samples = _on_slices(volume, index_grid(volume, picture))
    return samples._replace(depths=along_grid(half_spaces(clip), volume.affine, samples.grid[:4]))


def _on_slices(volume: Volume, grid: NDArray[np.float64]) -> Samples:
    origin, right, down, step = grid
    axis = int(np.abs(step).argmax())
    step = step / abs(step[axis])
    begin = 0.0 if step[axis] > 0 else float(np.floor(volume.last[axis]))
    plane = np.array([origin[axis] - begin, right[axis], down[axis]]) * step[axis]
    moved = snap(np.stack([point - k * step for point, k in zip((origin, right, down), plane, strict=True)] + [step]))
    moved[0, axis], moved[1, axis], moved[2, axis] = begin, 0.0, 0.0
    is_places = axis == 2 and volume.places is not None
    numbers = int(volume.last[axis]) + 1
    return Samples(np.vstack([moved, plane]), numbers, -1 if is_places else axis, FAR, NO_DEPTHS)


def numbers_at(samples: Samples, u: float, v: float) -> tuple[NDArray[np.float64], float]:
    """The k of all samples that count for pixel (u, v), borders included, and that of the plane."""
    plane = float(samples.grid[4] @ (1, u, v))
    k = np.arange(samples.total, dtype=np.float64)
    if samples.reach == FAR:
        inside = samples.depths @ np.stack(np.broadcast_arrays(1.0, u, v, k)) >= 0
        return k[inside.all(axis=0)], plane
    borders = (plane - samples.reach, plane + samples.reach)
    return np.r_[borders[0], k[(k > borders[0]) & (k < borders[1])], borders[1]], plane
