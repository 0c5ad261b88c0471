"""Where the samples of planes, slabs and projections lie along the rays of a picture: the slab rule.

    mean       p + (k − (n − 1)/2)·Δ·n̂,  k = 0 … n − 1
    max, min   where the ray meets the slices of the axis it follows most, and both borders p ± (n − 1)/2·Δ·n̂

    Δ = 1 / ‖M⁻¹ n̂‖ (one voxel along the normal n̂, M the affine's 3×3),
    n = max(1, round(T / Δ))

On a slice nothing is lost between two voxels across it, so that an extreme is nearer to that of all points of the ray
than with samples Δ apart, except of rays close to a diagonal of the voxels, and costs half the reads. A projection is a
slab without borders.

Of an uneven stack Δ is reckoned with the least distance between its slices. Where between two slices of no axis a ray
would advance by more than a voxel or pass a slice by, an extreme has the samples of a mean.
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
    """Sample k of pixel (u, v) lies at rows 0 + u · 1 + v · 2 + t · 3 of the grid, t = `ways`[k]: k, but the place of a
    slice where samples lie on those of an uneven stack.

    grid: float64 [5, 3]; the last row: the t at which the ray of pixel (0, 0) meets the picture's plane, and how much
        further it is for the next pixel right and down.
    total: k goes from 0 to total − 1.
    axis: on whose slices samples lie, 0, 1 or 2; −1: on none.
    reach: samples further than this from the plane, in units of t, do not count; where it is not FAR, one at each
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
        on_slices = _through(volume, grid, projection)
        if on_slices.axis >= 0:
            # t is 1 from slice to slice of the axis, which is not the largest step where slices lie far apart.
            return on_slices._replace(reach=half * float(abs(grid[3, on_slices.axis])))
    rows = np.zeros((5, 3))
    rows[:4] = grid
    if half:
        rows[0] -= half * grid[3]
        rows[4, 0] = half
    return Samples(rows, count, -1, FAR, NO_DEPTHS)


def projection_samples(
    volume: Volume, picture: Picture, projection: Projection, clip: ArrayLike | None = None
) -> Samples:
    """Those through the whole volume, wherever the plane lies, as far as half-spaces leave it; see clip.py.

    Raises:
        InvalidParameter: the clip is none.
    """
    samples = _through(volume, index_grid(volume, picture), projection)
    return samples._replace(depths=along_grid(half_spaces(clip), volume.affine, samples.grid[:4]))


def _through(volume: Volume, grid: NDArray[np.float64], projection: Projection) -> Samples:
    """Samples through the whole volume, from the face that rays meet first of the axis they follow most."""
    origin, right, down, step = grid
    axis = int(np.abs(step).argmax())
    followed = _slices_along(volume, step, projection)
    if followed >= 0:
        axis = followed
        total = volume.array.shape[2 - axis]
        step = step / abs(step[axis])
    else:
        total = int(np.ceil(volume.last[axis] / abs(step[axis]))) + 1
        step = step * (volume.last[axis] / (total - 1) / abs(step[axis]))  # the faces have samples, too
    begin = 0.0 if step[axis] > 0 else volume.last[axis]
    plane = np.array([origin[axis] - begin, right[axis], down[axis]]) / step[axis]
    moved = snap(np.stack([point - t * step for point, t in zip((origin, right, down), plane, strict=True)] + [step]))
    moved[0, axis], moved[1, axis], moved[2, axis] = begin, 0.0, 0.0
    return Samples(np.vstack([moved, plane]), total, followed, FAR, NO_DEPTHS)


def _slices_along(volume: Volume, step: NDArray[np.float64], projection: Projection) -> int:
    """The axis between two slices of which rays advance by no more than a voxel along the others; −1: there is none.

    Samples of a mean are evenly apart, besides.
    """
    x, y, place = np.abs(step)
    gaps = np.diff(volume.places) if volume.places is not None else np.ones(1)
    if place <= max(x, y) * gaps.min():
        return int(y > x)
    if max(x, y) * gaps.max() <= place and (volume.places is None or projection != "mean"):
        return 2
    return -1


def ways(samples: Samples, volume: Volume) -> NDArray[np.float64]:
    """The t of every sample, rising."""
    if samples.axis != 2 or volume.places is None:
        return np.arange(float(samples.total))
    return volume.places if samples.grid[3, 2] > 0 else volume.places[-1] - volume.places[::-1]


def ways_at(samples: Samples, volume: Volume, u: float, v: float) -> tuple[NDArray[np.float64], float]:
    """The t of all samples that count for pixel (u, v), borders included, and that of the plane."""
    plane = float(samples.grid[4] @ (1, u, v))
    t = ways(samples, volume)
    if samples.reach == FAR:
        inside = samples.depths @ np.stack(np.broadcast_arrays(1.0, u, v, t)) >= 0
        return t[inside.all(axis=0)], plane
    borders = (plane - samples.reach, plane + samples.reach)
    return np.r_[borders[0], t[(t > borders[0]) & (t < borders[1])], borders[1]], plane
