"""How large and how fine pictures are made, and in how many bands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kernels.bricks import bricks
from kernels.presets import PRESETS
from kernels.rendering import MOVING_EXIT, volume_rendering
from renderd import camera
from renderd.protocol import Flag, View
from renderd.render import (
    MOVING_STEP_MM,
    Renderer,
    VolumeSource,
    step_of,
)
from renderd.rendering import Rendering
from tests.renderd.pictures import finish, want
from tests.renderd.shows import CLIPPED, PLANE, PROJECTED, VOLUME


@pytest.mark.parametrize(
    "view",
    [
        replace(PLANE, thickness_mm=6.0, projection="mean"),
        VOLUME,
        CLIPPED,
        PROJECTED,
    ],
)
def test_a_still_in_bands_is_the_picture_in_one_piece(
    volume: VolumeSource, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = finish(Renderer().start(want(view, 120, 110), volume))
    monkeypatch.setattr("renderd.rendering.BAND_S", 1e-9)
    rendering = Renderer().start(want(view, 120, 110), volume)
    steps = 1
    while not rendering.step():
        steps += 1
    assert steps == 4
    assert np.array_equal(rendering.raw, one)


def test_a_moving_volume_rendering_is_small_enough_to_be_on_time_but_never_tiny(volume: VolumeSource) -> None:
    renderer = Renderer()
    first = renderer.start(want(VOLUME, 1200, 900, final=False), volume)
    assert 256 <= min(first.size.width, first.size.height) < 900
    finish(first)
    renderer.costs.learn(first._kind, 1, 1.0)  # a slow machine
    slow = renderer.start(want(VOLUME, 1200, 900, final=False), volume)
    assert (slow.size.width, slow.size.height) == (341, 256)
    assert slow.flags == Flag.COLOUR | Flag.INTERPOLATED | Flag.REDUCED
    for _ in range(100):
        renderer.costs.learn(first._kind, 1_000_000, 0.001)  # a fast one
    fast = renderer.start(want(VOLUME, 1200, 900, final=False), volume)
    assert (fast.size.width, fast.size.height) == (1200, 900)
    assert fast.flags & Flag.REDUCED  # a ray still ends early


def test_a_moving_volume_rendering_has_the_step_of_a_still_where_there_is_time(volume: VolumeSource) -> None:
    renderer = Renderer()
    made = want(VOLUME, 300, 280, final=False)

    def take(first: Rendering, pixel_s: float) -> None:
        for _ in range(100):
            renderer.costs.learn(first._kind, 1_000_000, 1_000_000 * pixel_s)

    coarse = renderer.start(made, volume)
    take(coarse, 2e-7)
    coarse = renderer.start(made, volume)  # 17 ms, and 42 were expected of a fine one: too near to what there is
    take(coarse, 1e-7)
    fine = renderer.start(made, volume)
    assert (coarse.size, coarse._kind) != (fine.size, fine._kind) and coarse.size == fine.size
    pictures = [finish(rendering) for rendering in (coarse, fine)]
    bounds = (volume.volume, camera.picture(VOLUME, fine.size), PRESETS[VOLUME.preset], bricks(volume.volume))
    for rendering, step_mm, is_fine in zip(pictures, (MOVING_STEP_MM, 0.7), (False, True), strict=True):
        assert np.array_equal(rendering, volume_rendering(*bounds, step_mm, MOVING_EXIT, is_fine))


def test_a_refined_picture_is_the_moving_one_in_full_size_and_in_bands(
    volume: VolumeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderd.rendering.BAND_S", 1e-9)
    renderer = Renderer()
    renderer.costs.learn(renderer.start(want(VOLUME, 300, 280, final=False), volume)._kind, 1, 1.0)  # a slow machine
    refined = renderer.start(want(VOLUME, 300, 280, refined=True), volume)
    assert (refined.size.width, refined.size.height) == (300, 280)
    assert refined.flags == Flag.COLOUR | Flag.INTERPOLATED | Flag.REDUCED
    assert not refined.step()
    made = (volume.volume, camera.picture(VOLUME, refined.size), PRESETS[VOLUME.preset], bricks(volume.volume))
    assert np.array_equal(finish(refined), volume_rendering(*made, MOVING_STEP_MM, MOVING_EXIT, fine=False))


def test_a_viewport_smaller_than_the_least_is_rendered_in_full(volume: VolumeSource) -> None:
    renderer = Renderer()
    tiny = renderer.start(want(VOLUME, 120, 80, final=False, level=5), volume)
    assert (tiny.size.width, tiny.size.height) == (120, 80)


def test_steps_are_fine_at_rest_and_never_too_coarse_while_moving(volume: VolumeSource) -> None:
    assert step_of(volume.volume, fine=True) == pytest.approx(0.7)
    assert step_of(volume.volume, fine=False) == pytest.approx(MOVING_STEP_MM)
