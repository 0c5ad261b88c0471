"""A free-form cut: which voxels lie behind a lasso, as seen.

    parallel   (a, b) = ((P − c)·r, (P − c)·d)                       P the voxel's centre, c, r, d the lasso's plane
    an eye     the same of e + s·(P − e),  s = (c − e)·n / (P − e)·n  n = r × d; what is not before the eye is not seen

    inside     an odd number of edges has its ends on both sides of b, and crosses that line to the right of a

Edges are half open and reckoned from their upper end, so that of two lassos that share an edge a voxel is in one.
Source: the crossing-number rule, as Shimrat, "Algorithm 112: position of point relative to polygon", 1962, has it.
Axes: see volume.py. Lassos in millimetres. Tolerance: exact in float32: a voxel within 1e-5 of the lasso's size of an
edge may fall on either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.arrays import driver, on_device
from kernels.errors import InvalidParameter
from kernels.lanes import OPTIONS, PURE, f32
from kernels.volume import Volume

MAX_CORNERS = 4096
BINS = 256  # along b; an edge is looked at only where it may be crossed
UNIT_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Lasso:
    """A closed polygon in a plane.

    Args:
        centre: a point of the plane [3], patient millimetres.
        right, down: unit vectors at a right angle [3].
        corners: [n, 2], millimetres along them from the centre.
        eye: where it is seen from [3], before the plane; None: rays are parallel, along right × down.

    Raises:
        InvalidParameter: fewer than three corners or too many, numbers that are not finite, vectors that are no unit
            vectors at a right angle, an eye that is not before the plane.
    """

    centre: NDArray[np.float64]
    right: NDArray[np.float64]
    down: NDArray[np.float64]
    corners: NDArray[np.float64]
    eye: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        for name, shape in (("centre", (3,)), ("right", (3,)), ("down", (3,)), ("corners", (-1, 2)), ("eye", (3,))):
            value = getattr(self, name)
            if value is None and name == "eye":
                continue
            try:
                array = np.array(value, np.float64)
            except (TypeError, ValueError) as error:
                raise InvalidParameter("a lasso is made of points") from error
            if name == "corners" and len(array) == 0:
                array = array.reshape(0, 2)
            if array.ndim != len(shape) or array.shape[-1] != shape[-1]:
                raise InvalidParameter("a lasso is made of points")
            if not np.isfinite(array).all() or np.abs(array).max(initial=0) > 1e6:
                raise InvalidParameter("a lasso is made of finite numbers within a kilometre")
            object.__setattr__(self, name, array)
        if not 3 <= len(self.corners) <= MAX_CORNERS:
            raise InvalidParameter(f"a lasso has 3 to {MAX_CORNERS} corners, not {len(self.corners)}")
        axes = np.stack([self.right, self.down])
        if np.abs(axes @ axes.T - np.eye(2)).max() > UNIT_TOLERANCE:
            raise InvalidParameter("a lasso's plane has two unit vectors at a right angle")
        if self.eye is not None and (self.centre - self.eye) @ self.normal <= 0:
            raise InvalidParameter("an eye is a point before the plane of the lasso")

    @property
    def normal(self) -> NDArray[np.float64]:
        """The unit vector away from who sees it."""
        return np.asarray(np.cross(self.right, self.down))

    def projection(self, volume: Volume) -> NDArray[np.float64]:
        """[3, 4]: rows give a·w, b·w and w of index points (x, y, place, 1); w ≤ 0 is not before the eye."""
        rows = np.zeros((3, 4))
        basis = np.stack([self.right, self.down])
        if self.eye is None:
            rows[:2, :3], rows[:2, 3], rows[2, 3] = basis, -basis @ self.centre, 1
        else:
            away = (self.centre - self.eye) @ self.normal
            rows[2, :3], rows[2, 3] = self.normal / away, -self.normal @ self.eye / away
            ahead = basis @ (self.eye - self.centre)
            rows[:2, :3], rows[:2, 3] = basis, -basis @ self.eye
            rows[:2] += ahead[:, None] * rows[2]
        return np.asarray(rows @ volume.affine)

    @cached_property
    def edges(self) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32], float, float]:
        """a₀, b₀, b₁ and da/db of edges that run along b, from their least b [n, 4]; of each bin the first in
        `numbers`, those numbers, the least b, and bins per millimetre.
        """
        first, second = self.corners, np.roll(self.corners, -1, axis=0)
        keep = first[:, 1].astype(np.float32) != second[:, 1].astype(np.float32)
        first, second = first[keep], second[keep]
        down = (first[:, 1] <= second[:, 1])[:, None]
        first, second = np.where(down, first, second), np.where(down, second, first)
        # float32 has no place for the slope of an edge that hardly rises.
        slope = np.clip((second[:, 0] - first[:, 0]) / (second[:, 1] - first[:, 1]), -1e30, 1e30)
        table = np.stack([first[:, 0], first[:, 1], second[:, 1], slope], axis=-1).astype(np.float32)
        low, high = float(self.corners[:, 1].min()), float(self.corners[:, 1].max())
        per_mm = BINS / max(high - low, 1e-6)
        # One bin of slack: rounding decides in which of two a b lies.
        begin = np.clip(np.floor((np.minimum(first[:, 1], second[:, 1]) - low) * per_mm) - 1, 0, BINS - 1).astype(int)
        end = np.clip(np.floor((np.maximum(first[:, 1], second[:, 1]) - low) * per_mm) + 1, 0, BINS - 1).astype(int)
        lists = [np.flatnonzero((begin <= b) & (b <= end)) for b in range(BINS)]
        starts = np.concatenate([[0], np.cumsum([len(numbers) for numbers in lists])]).astype(np.int32)
        numbers = np.concatenate([*lists, [0]]).astype(np.int32)  # nothing may be empty
        return (table if len(table) else np.zeros((1, 4), np.float32)), starts, numbers, low, per_mm


def reference(volume: Volume, lasso: Lasso) -> NDArray[np.bool_]:
    """Which voxels [z, y, x] lie behind the lasso, in float64."""
    nz, ny, nx = volume.array.shape
    z, y, x = np.indices((nz, ny, nx)).astype(np.float64)
    points = np.stack([x, y, volume.place_of(z), np.ones_like(z)], axis=-1)
    aw, bw, w = np.moveaxis(points @ lasso.projection(volume).T, -1, 0)
    before = w > 0
    a, b = (np.divide(value, w, where=before, out=np.zeros_like(w)) for value in (aw, bw))
    inside = np.zeros(w.shape, bool)
    for (a0, b0), (a1, b1) in zip(lasso.corners, np.roll(lasso.corners, -1, axis=0), strict=True):
        if b0 != b1:
            inside ^= ((b0 > b) != (b1 > b)) & (a < a0 + (b - b0) * (a1 - a0) / (b1 - b0))
    return np.asarray(inside & before)


def is_inside(a, b, edges, starts, numbers, low, per_mm):
    """Whether (a, b) lies in the lasso; for one voxel."""
    place = (b - low) * per_mm
    if place < f32(-1) or place > f32(BINS + 1):
        return False
    bin_ = min(max(int(place), 0), BINS - 1)
    odd = False
    for i in range(starts[bin_], starts[bin_ + 1]):
        n = numbers[i]
        b0 = edges[n, 1]
        if (b0 > b) != (edges[n, 2] > b) and a < edges[n, 0] + (b - b0) * edges[n, 3]:
            odd = not odd
    return odd


_is_inside = njit(is_inside, forceinline=True, **PURE)


@njit(forceinline=True, **PURE)
def _cut_range(value, step, first, last):
    """Cut first … last, voxels of a row, to those where value + x·step is not below 0, give or take one voxel."""
    if step > 0.0:
        first = max(first, -value / step - 1.0)
    elif step < 0.0:
        last = min(last, -value / step + 1.0)
    elif value < 0.0:
        last = -1.0
    return first, last


@njit(forceinline=True, **PURE)
def _behind_box(a, da, b, db, w, dw, box, nx):
    """Which voxels of a row may lie behind the lasso: its box, seen along the row."""
    first, last = 0.0, nx - 1.0
    first, last = _cut_range(a - box[0] * w, da - box[0] * dw, first, last)
    first, last = _cut_range(box[1] * w - a, box[1] * dw - da, first, last)
    first, last = _cut_range(b - box[2] * w, db - box[2] * dw, first, last)
    first, last = _cut_range(box[3] * w - b, box[3] * dw - db, first, last)
    first, last = _cut_range(w, dw, first, last)
    if first > last:
        return 0, 0
    return max(int(first), 0), min(int(last) + 2, nx)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(labels, size, places, rows, edges, starts, numbers, low, per_mm, box, inside, only, label, begin, end):
    nx, ny, _ = size
    changed = 0
    for row in prange((end - begin) * ny):
        z = begin + row // ny
        y = row % ny
        place = places[z]
        a = rows[0, 1] * y + rows[0, 2] * place + rows[0, 3]
        b = rows[1, 1] * y + rows[1, 2] * place + rows[1, 3]
        w = rows[2, 1] * y + rows[2, 2] * place + rows[2, 3]
        first, last = _behind_box(a, rows[0, 0], b, rows[1, 0], w, rows[2, 0], box, nx)
        a0, b0, w0 = f32(a), f32(b), f32(w)
        da, db, dw = f32(rows[0, 0]), f32(rows[1, 0]), f32(rows[2, 0])
        at = (np.int64(z) * ny + y) * nx
        found = 0
        for x in range(first if inside else 0, last if inside else nx):
            if (only >= 0 and labels[at + x] != only) or labels[at + x] == label:
                continue
            is_behind = False
            if first <= x < last:
                w1 = w0 + f32(x) * dw
                if w1 > f32(0):
                    a1, b1 = (a0 + f32(x) * da) / w1, (b0 + f32(x) * db) / w1
                    is_behind = _is_inside(a1, b1, edges, starts, numbers, low, per_mm)
            if is_behind == inside:
                labels[at + x] = label
                found += 1
        changed += found
    return changed


def cut(
    volume: Volume,
    labels: NDArray[Any],
    lasso: Lasso,
    label: int,
    *,
    inside: bool = True,
    only: int | None = None,
    slices: tuple[int, int] | None = None,
) -> int:
    """Give the voxels behind the lasso, or all others, a label, in place; how many had another one.

    Args:
        labels: uint8 [z, y, x] on the volume's grid, where its voxels lie.
        inside: False: those that are not behind the lasso.
        only: of voxels with this label; None: of all.
        slices: first … last + 1, for work in portions; None: all.

    Raises:
        InvalidParameter: labels of another shape, type or layout, a label or slices that are none.
    """
    if labels.shape != volume.array.shape or labels.dtype != np.uint8 or not labels.flags.c_contiguous:
        raise InvalidParameter(f"a labelmap is C-contiguous uint8 of the volume's shape {volume.array.shape}")
    if not 0 <= label <= 255 or not (only is None or 0 <= only <= 255):
        raise InvalidParameter("a label is 0 to 255")
    if not on_device(labels) and not labels.flags.writeable:
        raise InvalidParameter("a read-only labelmap cannot be cut")
    begin, end = slices or (0, labels.shape[0])
    if not 0 <= begin <= end <= labels.shape[0]:
        raise InvalidParameter(f"a volume of {labels.shape[0]} slices has no slices {begin} to {end}")
    edges, starts, numbers, low, per_mm = lasso.edges
    places = volume.place_of(np.arange(labels.shape[0]))
    # a from … to, b from … to; what only rounding keeps out is left to the edges.
    slack = 1e-5 * np.abs(lasso.corners).max()
    box = np.stack([lasso.corners.min(axis=0) - slack, lasso.corners.max(axis=0) + slack]).T.reshape(-1)
    how = (lasso.projection(volume), edges, starts, numbers, f32(low), f32(per_mm), box)
    what = (bool(inside), -1 if only is None else int(only), np.uint8(label), begin, end)
    spread = driver("cut").spread if on_device(labels) else spread_cpu
    return int(spread(labels.reshape(-1), volume.size, places, *how, *what))
