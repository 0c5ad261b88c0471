"""Patches give what lanes read for themselves, to the last bit, and are only used where they hold every lane."""

from __future__ import annotations

from collections import namedtuple
from types import FunctionType

import numpy as np
import pytest
from numba import njit

from kernels.lane_memory import store, vector
from kernels.lane_windows import PATCH
from kernels.lanes import LANES, OPTIONS, f32, i32
from kernels.march import at_patches, at_slices, patch_of
from kernels.patches import FEW, FURTHEST, MANY, SOME, on_patch, patch_rows
from kernels.sampling import cell, on_slice
from kernels.scalars import PRIMITIVES
from kernels.segments import bounds_of
from kernels.volume import Volume
from tests.kernels.grids import DTYPES

Stack = namedtuple("Stack", "cells")
EVEN, UNEVEN = Stack(0), Stack(5)
COLUMNS, ROWS = 19, 13


@njit(**OPTIONS)
def both(array, across, positions, corner, count):
    """LANES values from a patch, and as many read one by one; positions: those along x, then those of the rows."""
    out = np.empty(2 * LANES, np.float32)
    x, row = vector(positions, 0), vector(positions, LANES)
    ix, fx = cell(x, COLUMNS)
    iy, fy = cell(row, ROWS)
    left, top = corner
    if count == FEW:
        store(on_patch(array, 0, COLUMNS, ROWS, across, ix, fx, iy, fy, left, top, FEW), out, 0)
    elif count == SOME:
        store(on_patch(array, 0, COLUMNS, ROWS, across, ix, fx, iy, fy, left, top, SOME), out, 0)
    else:
        store(on_patch(array, 0, COLUMNS, ROWS, across, ix, fx, iy, fy, left, top, MANY), out, 0)
    store(on_slice(array, 0, COLUMNS, ROWS, across, x, row), out, LANES)
    return out


@njit(**OPTIONS)
def rows(array, size, slices, axis, extent):
    return patch_rows(array, size, slices, axis, extent[0], extent[1])


def needed(width: float, height: float, axis: int = 1, size: tuple[int, int, int] = (512, 512, 500)) -> int:
    """`patch_rows` of an even stack of int16."""
    return int(rows(np.zeros(1, np.int16), tuple(map(i32, size)), EVEN, axis, (f32(width), f32(height))))


@pytest.fixture(scope="module")
def patches() -> None:
    if needed(1, 1) == 0:
        pytest.skip("this processor does not choose words from a register: it has no patches")


@pytest.mark.parametrize("across", [COLUMNS, 3 * COLUMNS])
@pytest.mark.parametrize("count", [FEW, SOME, MANY])
def test_the_same_bits_as_reads_of_every_lane(patches: None, count: int, across: int) -> None:
    """Also where positions are beyond the slice: they are clamped to it."""
    rng = np.random.default_rng(11)
    array = rng.integers(-32768, 32768, across * (ROWS - 1) + COLUMNS).astype(np.int16)
    for _ in range(3000):
        width, height = rng.uniform(0, PATCH - 2.01), rng.uniform(0, count - 2.01)
        left, top = f32(rng.uniform(-9, COLUMNS + 2)), f32(rng.uniform(-9, ROWS + 2))
        x = (left + rng.uniform(0, width, LANES)).astype(np.float32)
        row = (top + rng.uniform(0, height, LANES)).astype(np.float32)
        x[rng.integers(LANES)], row[rng.integers(LANES)] = left, top
        if rng.random() < 0.3:  # on voxels
            x, row = np.round(x), np.round(row)
            left, top = x.min(), row.min()
        out = both(array, across, np.concatenate([x, row]), (left, top), count)
        assert (out[:LANES] == out[LANES:]).all(), (left, top, x, row)


def test_a_position_that_rounding_put_below_the_least_is_still_in_the_patch(patches: None) -> None:
    array = np.arange(COLUMNS * ROWS, dtype=np.int16)
    positions = np.repeat(np.array([4.9995, 6.9995], np.float32), LANES)
    out = both(array, COLUMNS, positions, (f32(5), f32(7)), FEW)
    assert (out[:LANES] == out[LANES:]).all()


@pytest.mark.parametrize("count", [FEW, SOME, MANY])
def test_a_patch_lies_in_its_slice(count: int) -> None:
    """Wherever lanes are; the last of three slices side by side must not be left either."""
    read = []

    def rows_at_once(array, at, across, index, part):
        read.append(at)
        return f32(0), f32(0)

    names = dict.fromkeys(("between_four_rows", "between_six_rows", "between_eight_rows"), rows_at_once)
    source = on_patch.py_func
    place = FunctionType(source.__code__, {**source.__globals__, **names})
    columns, lines, across, offset = 11, 9, 3 * 11, 2 * 11
    for left in (-1e9, -3.0, 0.0, 2.5, 3.0, 8.999, 10.0, 14.0, 1e9):
        for top in (-1e9, -2.0, 0.0, 0.999, 1.0, 4.5, 7.0, 8.0, 20.0, 1e9):
            place(None, offset, columns, lines, across, i32(0), f32(0), i32(0), f32(0), f32(left), f32(top), count)
            at, column = divmod(read[-1] - offset, across)
            assert 0 <= column <= columns - PATCH and 0 <= at <= lines - count
    assert {offset, offset + columns - PATCH, offset + (lines - count) * across} <= set(read)


def test_a_volume_too_long_for_positions_in_float32_has_none(patches: None) -> None:
    assert needed(1, 1, size=(512, 512, FURTHEST)) == FEW
    assert needed(1, 1, size=(512, 512, FURTHEST + 1)) == needed(1, 1, size=(FURTHEST + 1, 512, 500)) == 0


def test_as_many_rows_as_the_lanes_reach(patches: None) -> None:
    assert needed(5.9, 1.9) == FEW and needed(5.9, 2.0) == SOME and needed(5.9, 3.9) == SOME
    assert needed(5.9, 4.0) == MANY and needed(5.9, 5.9) == MANY
    assert needed(6.0, 1.0) == 0 and needed(1.0, 6.0) == 0
    assert needed(1, 1, axis=2) == FEW and needed(1, 5, axis=2) == MANY
    assert needed(1, 1, axis=0) == 0 and needed(1, 1, axis=-1) == 0


def test_no_patch_is_larger_than_its_slice(patches: None) -> None:
    assert needed(1, 1, size=(7, 512, 500)) == 0 and needed(1, 1, size=(8, 512, 500)) == FEW
    assert needed(1, 1, size=(512, 512, 3)) == 0 and needed(1, 1, size=(512, 512, 4)) == FEW
    assert needed(1, 3, size=(512, 512, 5)) == 0 and needed(1, 3, size=(512, 512, 6)) == SOME
    assert needed(1, 5, size=(512, 512, 7)) == 0 and needed(1, 5, size=(512, 512, 8)) == MANY
    assert needed(1, 5, axis=2, size=(512, 7, 500)) == 0 and needed(1, 5, axis=2, size=(512, 8, 2)) == MANY


def test_rows_across_an_uneven_stack_are_at_no_whole_places(patches: None) -> None:
    size, array = (i32(512), i32(512), i32(500)), np.zeros(1, np.int16)
    assert rows(array, size, UNEVEN, 1, (f32(1), f32(1))) == 0
    assert rows(array, size, UNEVEN, 2, (f32(1), f32(1))) == FEW


@pytest.mark.parametrize("dtype", [kind for kind in DTYPES if kind != np.int16])
def test_only_int16_has_patches(patches: None, dtype: type[np.generic]) -> None:
    size = (i32(512), i32(512), i32(500))
    assert rows(np.zeros(1, dtype), size, EVEN, 1, (f32(1), f32(1))) == 0


REFERENCE = 20  # the slice on which rays begin: their ways have both signs


@njit(**OPTIONS)
def marched(volume, axis, lanes, numbered):
    """Values on four slices of a rendering, one by one and from patches, and how many rows these patches have."""
    out = np.zeros((2, 4, LANES), np.float32)
    flat = out.reshape(-1)
    x, y, z = vector(lanes, 0), vector(lanes, LANES), vector(lanes, 2 * LANES)
    dx, dy, dz = vector(lanes, 3 * LANES), vector(lanes, 4 * LANES), vector(lanes, 5 * LANES)
    bounds = bounds_of(x, y, z, dx, dy, dz)
    array, size, slices = volume
    first, step = numbered
    sign = f32(1 if step > 0 else -1)
    numbers = (first, first + step, first + 2 * step, first + 3 * step)
    ways = (
        sign * f32(numbers[0] - REFERENCE),
        sign * f32(numbers[1] - REFERENCE),
        sign * f32(numbers[2] - REFERENCE),
        sign * f32(numbers[3] - REFERENCE),
    )
    rows = patch_of(array, size, slices, axis, bounds, ways[0], ways[3])
    values = at_slices(array, size, slices, axis, x, y, z, dx, dy, dz, ways, numbers)
    for i in range(4):
        store(values[i], flat, i * LANES)
    if rows == FEW:
        values = at_patches(array, size, axis, bounds, x, y, z, dx, dy, dz, ways, numbers, FEW)
    elif rows == SOME:
        values = at_patches(array, size, axis, bounds, x, y, z, dx, dy, dz, ways, numbers, SOME)
    elif rows == MANY:
        values = at_patches(array, size, axis, bounds, x, y, z, dx, dy, dz, ways, numbers, MANY)
    for i in range(4):
        store(values[i], flat, (4 + i) * LANES)
    return out, rows


@pytest.mark.parametrize("axis", [1, 2])
def test_patches_of_a_rendering_hold_rays_that_spread_and_meet(patches: None, axis: int) -> None:
    """Rays of an eye: directions of their own, before and behind the slice on which they begin."""
    rng = np.random.default_rng(5)
    shape = (23, 41, 43)
    volume = Volume(rng.integers(-32768, 32768, shape[::-1]).astype(np.int16), np.eye(4))
    voxels = (volume.voxels, volume.size, volume.slices)
    seen = dict.fromkeys((0, FEW, SOME, MANY), 0)
    for _ in range(4000):
        spread, turned, extent = rng.uniform(0, 0.15), rng.uniform(-0.8, 0.8, 3), rng.uniform(0, 5)
        lanes = np.zeros((6, LANES), np.float32)
        for side in {0, 1, 2} - {axis}:
            lanes[side] = rng.uniform(-3, shape[side] + 3) + rng.uniform(0, extent, LANES)
            lanes[3 + side] = turned[side] + rng.uniform(-spread, spread, LANES)
        step = int(rng.choice([-2, -1, 1, 2]))
        lanes[3 + axis] = np.sign(step)
        out, rows = marched(voxels, axis, lanes.reshape(-1), (int(rng.integers(8, 32)), step))
        seen[rows] += 1
        assert rows == 0 or np.array_equal(out[0], out[1])
    assert min(seen.values()) > 100, seen


def test_no_patch_is_trusted_so_far_away_that_rounding_passes_its_margin(patches: None) -> None:
    lanes = np.zeros((6, LANES), np.float32)
    lanes[4] = 1
    size, array = tuple(map(i32, (23, 41, 43))), np.zeros(23 * 41 * 43, np.int16)
    assert rows_at(array, size, lanes.reshape(-1), f32(FURTHEST - 9)) == FEW
    assert rows_at(array, size, lanes.reshape(-1), f32(FURTHEST - 3)) == 0


@njit(**OPTIONS)
def rows_at(array, size, lanes, way):
    x, y, z = vector(lanes, 0), vector(lanes, LANES), vector(lanes, 2 * LANES)
    dx, dy, dz = vector(lanes, 3 * LANES), vector(lanes, 4 * LANES), vector(lanes, 5 * LANES)
    return patch_of(array, size, EVEN, 1, bounds_of(x, y, z, dx, dy, dz), way, way + f32(4))


@pytest.mark.parametrize("name", ["between_four_rows", "between_six_rows", "between_eight_rows"])
def test_the_scalar_reading(name: str) -> None:
    array = (np.arange(200, dtype=np.int16) * 37) % 101
    a, b = PRIMITIVES[name](array, 3, COLUMNS, i32(2 * PATCH + 5), f32(0.25))
    at = 3 + 2 * COLUMNS + 5
    assert a == np.interp(0.25, [0, 1], array[at : at + 2]) and b == np.interp(0.25, [0, 1], array[at + 19 : at + 21])
