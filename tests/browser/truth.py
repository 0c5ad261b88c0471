"""What the demo study looks like, worked out from the phantom with plain numpy: nothing here uses a kernel."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clinical.phantoms.body import body
from farview.demo import SEED, SIDE, SLICES


@cache
def phantom() -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """Values [z, y, x] in HU, and the affine of head first supine: x to the left, y to the back, z to the head."""
    array, spacing = body(SLICES, SIDE, SEED)
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = -(np.array(array.shape[::-1]) - 1) * spacing / 2
    return array, affine


def point(view: dict[str, Any], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Patient points [h, w, 3] under the pixels of a picture of this plane."""
    height, width = shape
    px = view["extent_mm"] / min(width, height)
    u = (np.arange(width) + 0.5 - width / 2) * px
    v = (np.arange(height) + 0.5 - height / 2) * px
    right, down, centre = (np.asarray(view[key], float) for key in ("right", "down", "centre"))
    return centre + u[None, :, None] * right + v[:, None, None] * down


def plane_grey(view: dict[str, Any], shape: tuple[int, int]) -> NDArray[np.float64]:
    """A thin plane of the phantom, trilinear, windowed by PS3.3 C.11.2.1.2; 0…255, black outside."""
    array, affine = phantom()
    index = (point(view, shape) - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
    limit = np.array(array.shape[::-1]) - 1
    inside = np.all((index >= -1e-6) & (index <= limit + 1e-6), axis=-1)
    low = np.clip(np.floor(index).astype(int), 0, limit - 1)
    f = np.clip(index - low, 0, 1)
    hu = np.zeros(shape)
    for dz in (0, 1):
        for dy in (0, 1):
            for dx in (0, 1):
                weight = np.prod(np.where([dx, dy, dz], f, 1 - f), axis=-1)
                hu += weight * array[low[..., 2] + dz, low[..., 1] + dy, low[..., 0] + dx]
    centre, width = view["window"]
    return np.where(inside, np.clip((hu - (centre - 0.5)) / (width - 1) + 0.5, 0, 1) * 255, 0)


def maximum_from_the_front(view: dict[str, Any], shape: tuple[int, int], every: int) -> NDArray[np.float64]:
    """The maximum through the whole phantom, seen from the front, of every so many rows and columns; as `plane_grey`.

    Rays run along y, so that its samples are rows of voxels: bilinear in x and z, then the maximum.
    """
    array, affine = phantom()
    points = point(view, shape)[::every, ::every]
    index = (points - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T
    x, z = index[..., 0], index[..., 2]
    limit_z, _, limit_x = np.array(array.shape) - 1
    inside = (x >= -1e-6) & (x <= limit_x + 1e-6) & (z >= -1e-6) & (z <= limit_z + 1e-6)
    i, k = np.clip(np.floor(x).astype(int), 0, limit_x - 1), np.clip(np.floor(z).astype(int), 0, limit_z - 1)
    fx, fz = np.clip(x - i, 0, 1), np.clip(z - k, 0, 1)
    best = np.full(x.shape, -np.inf)
    for row in array.transpose(1, 0, 2).astype(float):
        low = row[k, i] + fx * (row[k, i + 1] - row[k, i])
        high = row[k + 1, i] + fx * (row[k + 1, i + 1] - row[k + 1, i])
        best = np.maximum(best, low + fz * (high - low))
    centre, width = view["window"]
    return np.where(inside, np.clip((best - (centre - 0.5)) / (width - 1) + 0.5, 0, 1) * 255, 0)


def slab_grey(view: dict[str, Any], shape: tuple[int, int]) -> NDArray[np.float64]:
    """A maximum slab of an axial view: of the slices in it and its two borders; windowing keeps the order of values."""
    _, affine = phantom()
    step, bottom = float(affine[2, 2]), float(affine[2, 3])
    half = (max(1, round(view["thickness_mm"] / step)) - 1) / 2
    middle = (view["centre"][2] - bottom) / step
    slices = np.arange(np.ceil(middle - half), np.floor(middle + half) + 1)
    best = np.zeros(shape)
    for k in (middle - half, *slices, middle + half):
        moved = {**view, "centre": [*view["centre"][:2], bottom + k * step]}
        best = np.maximum(best, plane_grey(moved, shape))
    return best
