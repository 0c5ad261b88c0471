"""Pictures by the real kernels against values worked out otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kernels import window
from kernels.bricks import bricks
from kernels.plane import MODES, project
from kernels.presets import PRESETS
from kernels.rendering import MOVING_EXIT, volume_rendering
from renderd import camera
from renderd.assemble import Assembly
from renderd.errors import InvalidCurve, PresetNotFound
from renderd.protocol import MAX_SIDE, ClipBox, Flag, View
from renderd.render import (
    MOVING_STEP_MM,
    Renderer,
    StackSource,
    VolumeSource,
    colour_table,
    step_of,
)
from renderd.rendering import Rendering
from renderd.transfers import transfer_of
from renderd.viewer import Want
from storage.blobs import BlobStore
from storage.dicom.stacks import Stack
from storage.dicom.write import write_colour, write_projection, write_series
from storage.home import Home
from tests.renderd.conftest import AFFINE, SHAPE, phantom
from tests.renderd.shows import CLIPPED, CURVE, PLANE, PROJECTED, STACK, VOLUME
from tests.renderd.stacks import INSTITUTION, stack_of

# Opaque within a tenth of a millimetre from 500 on.
SOLID = ((499.0, "#ffffff", 0.0), (501.0, "#ffffff", 0.9999))


def want(view: View, width: int, height: int, *, final: bool = True, level: int = 0, refined: bool = False) -> Want:
    return Want(1, 1, view, width, height, 1, final and not refined, level, refined)


def finish(rendering: Rendering) -> NDArray[np.uint8]:
    while not rendering.step():
        pass
    return rendering.raw


def image(rows: int = 512, columns: int = 512) -> NDArray[np.int16]:
    return np.random.default_rng(1).integers(-1024, 3000, (rows, columns)).astype(np.int16)


def ct(values: NDArray[np.int16], spacing: float = 0.7, **attributes: Any) -> Stack:
    affine = np.diag([spacing, spacing, 1, 1.0])
    return stack_of(list(write_series(values[None], affine, attributes=attributes)))


@pytest.fixture
def volume(tmp_path: Path) -> VolumeSource:
    """The phantom as a volume in memory."""
    home = Home(tmp_path / "home", tmp_path / "run")
    home.prepare()
    blobs = BlobStore(home.blobs)
    stack = stack_of(list(write_series(phantom(), AFFINE)), blobs)
    assembly = Assembly(home, blobs, INSTITUTION, stack)
    assembly.run()
    return VolumeSource(stack, assembly)


def test_a_whole_frame_one_to_one_is_its_windowed_values_bit_for_bit() -> None:
    values = image()
    spacing = 0.7
    view = replace(STACK, centre=(255.5 * spacing, 255.5 * spacing), extent_mm=512 * spacing)
    rendering = Renderer().start(want(view, 512, 512), StackSource(ct(values, spacing), values))
    expected = window.reference(values.astype(np.float32), 40.0, 400.0, False, "LINEAR")
    assert np.array_equal(finish(rendering), expected)
    assert rendering.flags == Flag(0)


def test_an_odd_viewport_over_an_even_image_still_shows_stored_values() -> None:
    values = image(64, 64)
    view = replace(STACK, centre=(31.5, 31.5), extent_mm=51.0, window=(1000.0, 4096.0))
    rendering = Renderer().start(want(view, 51, 51), StackSource(ct(values, 1.0), values))
    expected = window.reference(values.astype(np.float32), 1000.0, 4096.0, False, "LINEAR")
    raw = finish(rendering)
    assert any(np.array_equal(raw, expected[y : y + 51, x : x + 51]) for x in (6, 7) for y in (6, 7))
    assert not rendering.flags & Flag.INTERPOLATED


def test_a_zoomed_frame_is_flagged_interpolated() -> None:
    values = image(64, 64)
    rendering = Renderer().start(want(replace(STACK, extent_mm=30.0), 64, 64), StackSource(ct(values, 1.0), values))
    finish(rendering)
    assert rendering.flags == Flag.INTERPOLATED


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_the_header_s_voi_function_is_honoured(function: str) -> None:
    values = image(64, 64)
    view = replace(STACK, centre=(31.5, 31.5), extent_mm=64.0)
    stack = ct(values, 1.0, VOILUTFunction=function)
    raw = finish(Renderer().start(want(view, 64, 64), StackSource(stack, values)))
    expected = window.reference(values.astype(np.float32), 40.0, 400.0, False, function)  # type: ignore[arg-type]
    # A value on the border between two greys may round the other way, see kernels/window.py.
    assert np.abs(raw.astype(int) - expected).max() <= 1 and (raw != expected).mean() < 0.01


def test_a_window_narrower_than_one_is_exact() -> None:
    values = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    view = replace(STACK, centre=(31.5, 31.5), extent_mm=64.0, window=(0.5, 0.8))
    raw = finish(Renderer().start(want(view, 64, 64), StackSource(ct(image(64, 64), 1.0), values)))
    expected = np.clip((values.astype(float) - 0.5) / 0.8 + 0.5, 0, 1) * 255
    assert np.abs(raw - expected).max() <= 0.501


def test_monochrome1_and_invert_cancel_out_and_outside_stays_black() -> None:
    values = np.full((40, 40), 1500, np.int16)
    stack = stack_of([write_projection(values.astype(np.uint16), attributes={"ImagerPixelSpacing": [1, 1]})])
    assert stack.inverted
    view = replace(STACK, centre=(19.5, 19.5), extent_mm=60.0, window=(2048.0, 4096.0))
    plain = finish(Renderer().start(want(view, 60, 60), StackSource(stack, values)))
    inverted = finish(Renderer().start(want(replace(view, invert=True), 60, 60), StackSource(stack, values)))
    assert (plain[30, 30], inverted[30, 30]) == (162, 93)
    assert plain[0, 0] == inverted[0, 0] == 0


def test_colours_are_shown_as_stored_with_the_window_that_a_page_sends_by_default() -> None:
    values = np.random.default_rng(2).integers(0, 256, (48, 64, 3)).astype(np.uint8)
    stack = stack_of([write_colour(values)])
    view = replace(STACK, centre=(31.5, 23.5), extent_mm=48.0, window=(127.5, 255.0))
    rendering = Renderer().start(want(view, 64, 48), StackSource(stack, values))
    assert np.array_equal(finish(rendering), values) and rendering.flags == Flag.COLOUR
    inverted = finish(Renderer().start(want(replace(view, invert=True), 64, 48), StackSource(stack, values)))
    assert np.array_equal(inverted, 255 - values)
    wide = finish(
        Renderer().start(want(replace(view, extent_mm=96.0, invert=True), 64, 48), StackSource(stack, values))
    )
    assert not wide[0].any()


def test_a_colour_window_is_a_table() -> None:
    table = colour_table(100.0, 50.0)
    assert table is not None and (table[75], table[100], table[125], table[200]) == (0, 128, 255, 255)
    assert colour_table(127.5, 255.0) is None


def test_an_image_without_spacing_counts_one_millimetre_per_column() -> None:
    values = np.zeros((40, 60, 3), np.uint8)
    values[10, 20] = 255
    stack = stack_of([write_colour(values, attributes={"PixelAspectRatio": [2, 1]})])
    view = replace(STACK, centre=(20.0, 20.0), extent_mm=1.0, window=(127.5, 255.0))  # the bright pixel's middle
    raw = finish(Renderer().start(want(view, 8, 8), StackSource(stack, values)))
    assert raw.min() > 60


def test_an_axial_plane_on_voxels_is_the_slice(volume: VolumeSource) -> None:
    centre = AFFINE @ [(SHAPE[2] - 1) / 2, (SHAPE[1] - 1) / 2, 5, 1]
    view = replace(PLANE, centre=tuple(centre[:3]), extent_mm=SHAPE[1] * 0.8)
    rendering = Renderer().start(want(view, SHAPE[2], SHAPE[1]), volume)
    expected = window.reference(phantom()[5].astype(np.float32), 40.0, 400.0, False, "LINEAR")
    assert np.array_equal(finish(rendering), expected)
    assert rendering.flags == Flag.INTERPOLATED


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


def test_a_viewport_beyond_the_largest_is_rendered_smaller() -> None:
    values = image(16, 16)
    rendering = Renderer().start(want(STACK, 5000, 100), StackSource(ct(values), values))
    assert (rendering.size.width, rendering.size.height) == (MAX_SIDE, 82)
    assert rendering.flags & Flag.REDUCED


def test_a_shift_moves_the_opacity_curve(volume: VolumeSource) -> None:
    plain = finish(Renderer().start(want(VOLUME, 64, 64), volume))
    hidden = finish(Renderer().start(want(replace(VOLUME, shift=3000.0), 64, 64), volume))
    assert plain.any() and not hidden.any()


def test_relative_presets_follow_the_volume_s_range(volume: VolumeSource) -> None:
    rendering = Renderer().start(want(replace(VOLUME, preset="mr_default"), 64, 64), volume)
    assert finish(rendering).any()
    assert volume.assembly.value_range is not None and volume.assembly.value_range[0] < -900


def test_an_unknown_preset_is_refused(volume: VolumeSource) -> None:
    with pytest.raises(PresetNotFound):
        Renderer().start(want(replace(VOLUME, preset="ct_gold"), 64, 64), volume)


def test_a_curve_takes_the_place_of_the_preset_s(volume: VolumeSource) -> None:
    """The phantom's ball of 400 HU, which the curve shows white and the preset ivory; then one that begins above."""
    own = finish(Renderer().start(want(replace(VOLUME, curve=CURVE), 64, 64), volume))
    preset = finish(Renderer().start(want(VOLUME, 64, 64), volume))
    middle, ivory = own[32, 32].astype(int), preset[32, 32].astype(int)
    assert middle.min() > 100 and np.ptp(middle) < np.ptp(ivory)
    above = tuple((value + 500, colour, opacity) for value, colour, opacity in CURVE)
    assert not finish(Renderer().start(want(replace(VOLUME, curve=above), 64, 64), volume)).any()
    back = replace(VOLUME, curve=above, shift=-500.0)
    assert np.array_equal(finish(Renderer().start(want(back, 64, 64), volume)), own)


def test_a_curve_is_lit_as_its_preset_and_has_one_table(volume: VolumeSource) -> None:
    first, second = (
        transfer_of(replace(VOLUME, preset="mr_brain", curve=tuple(list(CURVE))), volume.assembly) for _ in range(2)
    )
    low, high = volume.assembly.value_range or (0.0, 0.0)
    assert first.flat_gradient == pytest.approx(0.02 * (high - low))
    assert first.table() is second.table()


@pytest.mark.parametrize("values", [(100.0, 100.0), (100.0, 90.0), (0.0, 1e-10)])
def test_a_curve_whose_values_do_not_rise_is_refused(volume: VolumeSource, values: tuple[float, float]) -> None:
    low, high = values
    view = replace(VOLUME, curve=((low, "#000000", 0.0), (high, "#ffffff", 0.5)))
    with pytest.raises(InvalidCurve):
        Renderer().start(want(view, 64, 64), volume)


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("projection", list(MODES))
def test_a_projection_is_the_window_of_what_the_kernel_finds_in_the_clip(
    volume: VolumeSource, projection: str, invert: bool
) -> None:
    view = replace(PROJECTED, projection=projection, invert=invert, right=(0.8, 0.6, 0.0))
    rendering = Renderer().start(want(view, 90, 70), volume)
    raw = finish(rendering)
    picture = camera.picture(view, rendering.size)
    values = project(volume.volume, picture, projection, clip=camera.clip(view))  # type: ignore[arg-type]
    assert np.array_equal(raw, window.reference(values, 200.0, 700.0, invert, "LINEAR"))
    assert raw.shape == (70, 90) and rendering.flags == Flag.INTERPOLATED
    shown = values != window.OUTSIDE
    assert 0.02 < shown.mean() < 0.9 and not raw[~shown].any() and len(np.unique(raw)) > 20


def test_the_maximum_of_a_box_seen_from_the_front_is_numpy_s(volume: VolumeSource) -> None:
    """A pixel a voxel, 0.8 mm across; a slice of 2 mm is two and a half pixels, and every other one has one on it."""
    first, last = AFFINE @ [5, 3, 2, 1], AFFINE @ [39, 20, 8, 1]
    axes = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    box = ClipBox(tuple((first + last)[:3] / 2), axes, tuple((last - first)[:3] / 2 + 0.1))
    view = replace(VOLUME, projection="max", window=(0.0, 2000.0), clip_box=box)
    view = replace(view, centre=box.centre, extent_mm=35 * 0.8, right=(1.0, 0.0, 0.0), down=(0.0, 0.0, -1.0))
    raw = finish(Renderer().start(want(view, 35, 35), volume))
    inside = volume.volume.array[2:9, 3:21, 5:40]
    expected = window.reference(inside.max(axis=1).astype(np.float32), 0.0, 2000.0, False, "LINEAR")
    rows = [17 - round(2.5 * (z - 3)) for z in (1, 3, 5)]
    assert np.array_equal(raw[rows], expected[[1, 3, 5]])


def test_a_projection_ignores_perspective_and_the_preset_s_curve(volume: VolumeSource) -> None:
    plain = finish(Renderer().start(want(PROJECTED, 64, 64), volume))
    other = replace(PROJECTED, perspective=None, preset="ct_lung", curve=CURVE, shift=40.0)
    assert np.array_equal(finish(Renderer().start(want(other, 64, 64), volume)), plain)


def test_a_moving_projection_is_smaller_where_it_must_be_and_else_the_same(volume: VolumeSource) -> None:
    renderer = Renderer()
    first = renderer.start(want(PROJECTED, 300, 280, final=False), volume)
    assert first.flags & Flag.COLOUR == Flag(0)
    renderer.costs.learn(first._kind, 1, 1.0)  # a slow machine
    slow = renderer.start(want(PROJECTED, 1200, 900, final=False), volume)
    assert (slow.size.width, slow.size.height) == (341, 256) and slow.flags & Flag.REDUCED
    for _ in range(100):
        renderer.costs.learn(first._kind, 1_000_000, 0.001)  # a fast one
    fast = renderer.start(want(PROJECTED, 300, 280, final=False), volume)
    assert fast.flags == Flag.INTERPOLATED
    assert np.array_equal(finish(fast), finish(Renderer().start(want(PROJECTED, 300, 280), volume)))


def test_a_volume_is_held_as_long_as_a_picture_is_made_from_it(volume: VolumeSource) -> None:
    assembly = volume.assembly
    assert assembly.held
    again = VolumeSource(volume.stack, assembly)
    assert len(assembly.sources) == 2
    del again
    assert len(assembly.sources) == 1


def rows_of(raw: NDArray[np.uint8]) -> NDArray[np.intp]:
    return np.flatnonzero(raw.any(axis=(1, 2)))


def test_what_is_outside_the_clip_box_is_black_and_the_rest_as_it_was(volume: VolumeSource) -> None:
    """From the front, half a millimetre a pixel: the box ends 4 mm above the middle and 6 mm below, between rows."""
    view = replace(VOLUME, centre=(0.0, 0.0, 3.0), extent_mm=32.0)
    whole = finish(Renderer().start(want(view, 64, 64), volume))
    axes = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    box = ClipBox((0.0, 0.0, 2.0), axes, (500.0, 500.0, 5.0))
    cut = finish(Renderer().start(want(replace(view, clip_box=box), 64, 64), volume))
    assert rows_of(whole)[[0, -1]].tolist() != [24, 43]
    assert rows_of(cut)[[0, -1]].tolist() == [24, 43]
    assert np.abs(cut[24:44].astype(int) - whole[24:44]).max() <= 1
    planes = ((0.0, 0.0, 1.0, -3.0), (0.0, 0.0, -1.0, -7.0))
    assert np.array_equal(finish(Renderer().start(want(replace(view, clip_planes=planes), 64, 64), volume)), cut)


@pytest.mark.parametrize("angle", [30.0, 60.0])
def test_a_ball_in_perspective_is_as_wide_as_its_tangents(volume: VolumeSource, angle: float) -> None:
    """Tangents from an eye at distance D touch a ball of radius R at tan φ = R / √(D² − R²); here 30 mm in front."""
    z, y, x = np.indices(SHAPE).astype(float)
    centre, radius, pixel_mm = volume.volume.centre_mm, 9.0, 0.2
    distance = np.linalg.norm(volume.volume.to_patient(np.stack([x, y, z], axis=-1)) - centre, axis=-1)
    volume.volume.array[...] = np.clip(500 + 500 * (radius - distance), -1000, 1000)  # 500 at the radius
    view = replace(VOLUME, centre=tuple(centre + np.array([0, 30, 0])), extent_mm=60.0, perspective=angle, curve=SOLID)
    raw = finish(Renderer().start(want(view, 300, 300), volume))
    eye_mm = 30 / np.tan(np.radians(angle) / 2)
    wide = np.flatnonzero(raw[150].max(axis=-1) > 40)
    truth = radius / np.sqrt((eye_mm - 30) ** 2 - radius**2) * eye_mm
    assert (wide[-1] - wide[0] + 1) * pixel_mm == pytest.approx(2 * truth, abs=3 * pixel_mm)
    assert abs(wide[0] + wide[-1] - 299) <= 2


def test_the_eye_comes_closer_without_seeing_what_is_behind_it(volume: VolumeSource) -> None:
    """An eye in the middle of the ball, which is solid, sees it close by; one behind the ball looks into the air."""
    near = replace(VOLUME, extent_mm=0.5, perspective=60.0, centre=tuple(volume.volume.centre_mm))
    assert finish(Renderer().start(want(near, 32, 32), volume)).min() > 0
    away = replace(near, centre=(0.0, 60.0, 3.0))
    assert not finish(Renderer().start(want(away, 32, 32), volume)).any()
