"""How large and how fine pictures are made, and in how many bands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kernels.bricks import bricks
from kernels.presets import PRESETS
from kernels.rendering import MOVING_EXIT, SOON_EXIT, volume_rendering
from renderd import camera
from renderd.costs import Costs
from renderd.protocol import Flag, View
from renderd.render import MOVING_STEP_MM, Renderer, step_of
from renderd.rendering import Rendering
from renderd.sources import VolumeSource
from renderd.viewer import Stage
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
    first = renderer.start(want(VOLUME, 1200, 900, Stage.PREVIEW), volume)
    assert 256 <= min(first.size.width, first.size.height) < 900
    finish(first)
    renderer.costs.learn(first._kind, 1, 1.0)  # a slow machine
    slow = renderer.start(want(VOLUME, 1200, 900, Stage.PREVIEW), volume)
    assert (slow.size.width, slow.size.height) == (341, 256)
    assert slow.flags == Flag.COLOUR | Flag.INTERPOLATED | Flag.REDUCED
    for _ in range(100):
        renderer.costs.learn(first._kind, 1_000_000, 0.001)  # a fast one
    fast = renderer.start(want(VOLUME, 1200, 900, Stage.PREVIEW), volume)
    assert (fast.size.width, fast.size.height) == (1200, 900)
    assert fast.flags & Flag.REDUCED  # a ray still ends early


def test_a_moving_volume_rendering_has_the_step_of_a_still_where_there_is_time(volume: VolumeSource) -> None:
    renderer = Renderer()
    made = want(VOLUME, 300, 280, Stage.PREVIEW)

    def take(first: Rendering, pixel_s: float) -> None:
        for _ in range(100):
            renderer.costs.learn(first._kind, 1_000_000, 1_000_000 * pixel_s)

    coarse = renderer.start(made, volume)
    take(coarse, 2e-7)
    coarse = renderer.start(made, volume)  # 17 ms; three and a half times as much is too much
    take(coarse, 1e-7)
    fine = renderer.start(made, volume)
    assert (coarse.size, coarse._kind) != (fine.size, fine._kind) and coarse.size == fine.size
    pictures = [finish(rendering) for rendering in (coarse, fine)]
    bounds = (volume.volume, camera.picture(VOLUME, fine.size), PRESETS[VOLUME.preset], bricks(volume.volume))
    for rendering, how in zip(pictures, ((MOVING_STEP_MM, MOVING_EXIT, False), (0.7, SOON_EXIT, True)), strict=True):
        assert np.array_equal(rendering, volume_rendering(*bounds, *how))


def test_a_refined_picture_is_the_moving_one_in_full_size_and_in_bands(
    volume: VolumeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("renderd.rendering.BAND_S", 1e-9)
    renderer = Renderer()
    renderer.costs.learn(renderer.start(want(VOLUME, 300, 280, Stage.PREVIEW), volume)._kind, 1, 1.0)  # a slow machine
    refined = renderer.start(want(VOLUME, 300, 280, Stage.REFINED), volume)
    assert (refined.size.width, refined.size.height) == (300, 280)
    assert refined.flags == Flag.COLOUR | Flag.INTERPOLATED | Flag.REDUCED
    assert not refined.step()
    made = (volume.volume, camera.picture(VOLUME, refined.size), PRESETS[VOLUME.preset], bricks(volume.volume))
    assert np.array_equal(finish(refined), volume_rendering(*made, MOVING_STEP_MM, MOVING_EXIT, fine=False))


class Machine:
    """A renderer on a machine whose pictures take a known time, in its own seconds, without being made."""

    def __init__(self, volume: VolumeSource, ray_s: float, finer: float = 3.0) -> None:
        self.renderer, self.volume = Renderer(), volume
        self.ray_s, self.finer = ray_s, finer

    def make(self, stage: Stage = Stage.PREVIEW, more_s: float = 0.0) -> tuple[int, bool, float]:
        """Height, whether it is fine, and seconds of a square picture of 1024 pixels a side."""
        rendering = self.renderer.start(want(VOLUME, 1024, 1024, stage), self.volume)
        is_fine = bool(rendering._kind[-1])  # type: ignore[index]
        pixels = rendering.size.width * rendering.size.height
        seconds = pixels * self.ray_s * (self.finer if is_fine else 1) + more_s
        self.renderer.costs.learn(rendering._kind, pixels, seconds)
        return rendering.size.height, is_fine, seconds


def test_what_is_made_once_delays_one_picture_and_keeps_none_small(volume: VolumeSource) -> None:
    machine = Machine(volume, 1e-7)
    assert machine.make(more_s=0.3)[2] > 0.3
    machine.make()
    heights = [machine.make()[0] for _ in range(20)]
    assert set(heights) == {heights[0]} and heights[0] >= 512


def test_one_slow_picture_ends_fine_ones_for_a_second_and_not_for_good(volume: VolumeSource) -> None:
    machine = Machine(volume, 8e-9)
    for _ in range(20):
        machine.make()
    assert machine.make()[:2] == (1024, True)
    machine.make(more_s=0.3)
    after = [machine.make() for _ in range(60)]
    assert not after[0][1] and after[0][0] == 1024
    assert all(is_fine for _, is_fine, _ in after[40:])
    assert all(seconds < 0.045 for *_, seconds in after)


def test_what_is_made_at_rest_does_not_change_the_size_of_the_next_drag(volume: VolumeSource) -> None:
    machine = Machine(volume, 1.5e-7)
    for _ in range(20):
        machine.make()
    before = machine.make()
    machine.make(Stage.REFINED)
    machine.make(Stage.FINAL)
    assert {machine.make()[:2] for _ in range(20)} == {before[:2]}
    assert 0.045 / 2 < before[2] <= 0.045


class Clock:
    """`time` for a rendering: only its rows take any."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.mark.parametrize("usual_s", [None, 1e-7, 1e-6])
def test_a_band_takes_about_as_long_as_the_others_although_there_is_air_above_the_body(
    monkeypatch: pytest.MonkeyPatch, usual_s: float | None
) -> None:
    """Rows of the body take fifty times as long as those of the air, whatever was usual before."""
    clock, costs = Clock(), Costs()
    monkeypatch.setattr("renderd.rendering.time", clock)
    if usual_s is not None:
        costs.learn("kind", 1, usual_s)
    row_s = np.where((np.arange(2048) > 500) & (np.arange(2048) < 1600), 1e-3, 2e-5)
    took: list[float] = []

    def paint(first: int, last: int, _: object) -> None:
        took.append(float(row_s[first:last].sum()))
        clock.now += took[-1]

    size = camera.Size(1024, 2048, 1024, 2048)
    rendering = Rendering(want(VOLUME, 1024, 2048), size, Flag(0), paint, kind="kind", costs=costs)
    while not rendering.step():
        pass
    assert rendering.seconds == pytest.approx(row_s.sum()) == pytest.approx(sum(took))
    # Where the body begins a band may be twice as high as one of air that took a moment.
    worst = sorted(took)[::-1]
    assert worst[0] <= (0.6 if usual_s == 1e-7 else 0.13) and worst[1] <= 0.055
    assert len(took) <= 64


def test_a_viewport_smaller_than_the_least_is_rendered_in_full(volume: VolumeSource) -> None:
    renderer = Renderer()
    tiny = renderer.start(want(VOLUME, 120, 80, Stage.PREVIEW, level=5), volume)
    assert (tiny.size.width, tiny.size.height) == (120, 80)


def test_steps_are_fine_at_rest_and_never_too_coarse_while_moving(volume: VolumeSource) -> None:
    assert step_of(volume.volume, fine=True) == pytest.approx(0.7)
    assert step_of(volume.volume, fine=False) == pytest.approx(MOVING_STEP_MM)
