"""What is counted is what is read: where that is known beforehand."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from benchmarks import counted as counting
from benchmarks import ours
from benchmarks.counted import LINE_SHIFT, _copy, counted
from benchmarks.views import VIEWS, centred
from kernels.bricks import Bricks
from kernels.lanes import LANES, TILE_HEIGHT, TILE_WIDTH
from kernels.picture import Picture
from kernels.window import OUTSIDE

TURNED = replace(VIEWS[1], half_mm=14.0)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def volume():
    """Rows of 32 voxels, each a cache line or across two: 64 bytes."""
    values = np.random.default_rng(1).integers(-1000, 3000, (20, 24, 32)).astype(np.int16)
    return centred(values, (1.0, 1.0, 1.0))


def lines_of(volume, rows) -> int:
    """How many cache lines hold these rows of voxels, numbered through the volume."""
    nx, begin = volume.array.shape[2], volume.array.ctypes.data
    bytes_of = (np.asarray(rows)[:, None] * nx + np.arange(nx)) * 2 + begin
    return len(np.unique(bytes_of >> LINE_SHIFT))


def test_a_turned_plane_takes_a_sample_for_each_pixel_of_tiles_in_the_volume_and_shows_the_same(volume):
    drawn = {}
    picture = TURNED.picture(48)

    def draw(module) -> None:
        drawn[module.plane_values] = module.plane_values(volume, picture)

    work = counted(volume, draw)
    draw(ours)
    shown = drawn[ours.plane_values] > OUTSIDE
    tiles = shown.reshape(48 // TILE_HEIGHT, TILE_HEIGHT, 48 // TILE_WIDTH, TILE_WIDTH).any(axis=(1, 3)).sum()
    assert LANES * tiles <= work.samples < 48 * 48
    assert 0 < work.touched <= lines_of(volume, range(20 * 24)) << LINE_SHIFT
    assert len(drawn) == 2  # of two functions, the copy's and ours
    first, second = drawn.values()
    assert np.abs(first - second).max() < 0.1  # of values up to 3000: another order of the last roundings


def test_a_plane_along_rows_reads_whole_rows_of_voxels(volume):
    """Between four rows of voxels, eight times: of each row of pixels the four, in windows for a packet's lanes."""
    right, down = np.array([1.0, 0, 0]), np.array([0.0, 0.5, 0.0])
    picture = Picture(np.array([-15.5, -1.25, 0.0]), right, down, 32, 8)  # half way between two slices
    work = counted(volume, lambda ours: ours.plane_values(volume, picture))
    places = 11.5 - 1.25 + 0.5 * np.arange(8)  # of rows of voxels: none of them whole
    assert work.samples == 32 * 8
    rows = {int(place) + 24 * k + more for place in places for k in (9, 10) for more in (0, 1)}
    assert work.touched == lines_of(volume, sorted(rows)) << LINE_SHIFT


def test_what_is_skipped_is_not_counted():
    """Of a maximum the bricks say which runs can be left out; said to be equally high, none can."""
    picture = TURNED.picture(48)
    array = np.zeros((64, 64, 64), np.int16)
    array[:, 28:36] = 1000  # a wall that every ray meets
    some = centred(array, (1.0, 1.0, 1.0))
    grid = ours.acceleration(some)
    high = Bricks(grid.lowest, np.full_like(grid.highest, 3000))
    skipping, plain = (counted(some, lambda ours, grid=grid: ours.mip(some, picture, grid)) for grid in (grid, high))
    assert 0 < skipping.samples < 0.7 * plain.samples
    assert skipping.touched <= plain.touched


@pytest.mark.parametrize("fails", [False, True])
def test_the_real_kernels_stay_as_they_were(volume, monkeypatch, fails):
    """Also beside a card's kernels, which a process may have loaded, and where a copy cannot be made."""
    import kernels.cuda.device
    from kernels import cuda, lanes

    before, shared = dict(sys.modules), list(lanes.SHARED)
    _copy.cache_clear()
    if fails:
        monkeypatch.setattr(counting, "import_module", lambda name: 1 / 0)
    with pytest.raises(ZeroDivisionError) if fails else nullcontext():
        counted(volume, lambda ours: None)
    for name, module in before.items():
        assert sys.modules[name] is module
        if name.startswith("kernels."):
            assert getattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2]) is module
    assert (kernels.cuda, kernels.plane, sys.modules["benchmarks.ours"]) == (cuda, ours.plane, ours)
    assert shared == lanes.SHARED
    assert Dispatcher.enable_caching.__name__ == "enable_caching"
