"""Nobody waits for a compiler while looking at a picture."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import kernels
from kernels import (
    bricks,
    filters,
    image,
    labelmap,
    layers,
    packets,
    plane,
    rendering,
    warm,
    warm_tools,
    window,
)
from kernels.presets import PRESETS
from kernels.volume import Volume
from tests.kernels.grids import DTYPES, SHEARED, centred, random_volume


def test_every_driver_is_warmed_up():
    """A driver is what starts threads and keeps its machine code; all others are compiled into one."""
    stems = sorted(path.stem for path in Path(kernels.__file__).parent.glob("*.py") if path.stem != "__init__")
    found = set()
    for stem in stems:
        module = importlib.import_module(f"kernels.{stem}")
        for thing in vars(module).values():
            if isinstance(thing, Dispatcher) and thing.targetoptions.get("parallel"):
                found.add(f"{thing.py_func.__module__}.{thing.py_func.__name__}")
    warmed = [*warm.DRIVERS, *warm_tools.DRIVERS]
    assert found == {f"{driver.py_func.__module__}.{driver.py_func.__name__}" for driver in warmed}


@pytest.mark.slow
def test_after_it_no_volume_frame_or_picture_needs_the_compiler():
    told = []
    warm.compile_all(lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(told[-1][1] + 1))
    assert len({total for _, total in told}) == 1
    kinds = [len(driver.signatures) for driver in warm.DRIVERS]
    assert min(kinds) > 0

    frame = np.zeros((9, 7))
    for dtype in image.DTYPES:
        window.window(image.sample(frame.astype(dtype), np.eye(2, 3), 5, 4), 40, 400, True)
    image.sample(np.zeros((9, 7, 3), np.uint8), np.eye(2, 3), 5, 4)
    for dtype in DTYPES:
        array = random_volume(dtype, (5, 6, 7), SHEARED).array
        array.flags.writeable = False
        for places, holes in ((None, ()), ((0, 1, 1.5, 3, 4), ()), ((0, 1, 1.5, 3, 4), (0, 2))):
            volume = Volume(array, SHEARED, places, holes)
            picture = centred(volume, 9, 7, 0.5, (10, 20, 30))
            grid = bricks.bricks(volume)
            for projection in ("max", "min", "mean"):
                plane.slab(volume, picture, projection, 5)
            for fine in (False, True):
                rendering.volume_rendering(volume, picture, PRESETS["ct_bone"], grid, 0.5, fine=fine)
            rendering.volume_rendering_rgba(volume, picture, PRESETS["ct_skin"], grid, 0.5)
    assert [len(driver.signatures) for driver in warm.DRIVERS] == kinds


@pytest.mark.slow
def test_after_theirs_no_tool_needs_the_compiler():
    warm_tools.compile_tools()
    drivers = [*warm_tools.DRIVERS, packets.spread_cpu, rendering.spread_cpu]
    kinds = [len(driver.signatures) for driver in drivers]
    assert min(kinds) > 0
    for name in filters.KINDS:
        for values in (np.zeros((9, 7), np.float32), np.full((9, 7), window.OUTSIDE)):
            values.flags.writeable = False
            filters.apply(filters.Filter(name), values, 0.5, (40, 400))
    for dtype in DTYPES:
        array = random_volume(dtype, (9, 8, 7), SHEARED).array
        array.flags.writeable = False
        for places, holes in ((None, ()), (np.cumsum([0, 1, 0.5, *[1] * 6]), (2,))):
            volume = Volume(array, SHEARED, places, holes)
            picture, grid = centred(volume, 9, 7, 0.5, (10, 20, 30)), bricks.bricks(volume)
            labels = np.random.default_rng(1).integers(0, 3, array.shape).astype(np.uint8)
            mask, tables = layers.Layer(labelmap.mask_of(labels, np.arange(256) > 0)), np.zeros((256, 4), np.float32)
            over = layers.Layers(volume, mask, layers.Layer(labels), tables, mask, tables)
            for projection in ("max", "min", "mean"):
                plane.slab(volume, picture, projection, 5, layers=over)
                plane.project(volume, picture, projection, bricks=grid, layers=over)
            for fine in (False, True):
                rendering.volume_rendering(volume, picture, PRESETS["ct_bone"], grid, 0.5, fine=fine, layers=over)
            for thickness in (0.0, 5.0, None):
                labelmap.labels_seen(volume, labels, picture, np.ones(256, bool), thickness)
    assert [len(driver.signatures) for driver in drivers] == kinds


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 50])
def test_the_shares_of_processes_are_all_steps_once(monkeypatch, parts):
    monkeypatch.setattr(warm, "_steps", lambda: list(range(14)))
    shares = [warm.share(part, parts) for part in range(parts)]
    assert sorted(step for share in shares for step in share) == list(range(14))


@pytest.mark.slow
def test_a_second_time_nothing_is_compiled_or_loaded():
    warm.compile_all()
    assert warm.compile_all() == warm.Warmth(0, 0)
