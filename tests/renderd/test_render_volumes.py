"""Planes, volume renderings and projections by the real kernels against values worked out otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from kernels import window
from kernels.plane import MODES, project
from renderd import camera
from renderd.errors import InvalidCurve, PresetNotFound
from renderd.protocol import ClipBox, Flag
from renderd.render import Renderer
from renderd.sources import VolumeSource
from renderd.transfers import transfer_of
from renderd.viewer import Stage
from tests.renderd.conftest import AFFINE, SHAPE, phantom
from tests.renderd.pictures import finish, want
from tests.renderd.shows import CURVE, PLANE, PROJECTED, VOLUME

# Opaque within a tenth of a millimetre from 500 on.
SOLID = ((499.0, "#ffffff", 0.0), (501.0, "#ffffff", 0.9999))


def test_an_axial_plane_on_voxels_is_the_slice(volume: VolumeSource) -> None:
    centre = AFFINE @ [(SHAPE[2] - 1) / 2, (SHAPE[1] - 1) / 2, 5, 1]
    view = replace(PLANE, centre=tuple(centre[:3]), extent_mm=SHAPE[1] * 0.8)
    rendering = Renderer().start(want(view, SHAPE[2], SHAPE[1]), volume)
    expected = window.reference(phantom()[5].astype(np.float32), 40.0, 400.0, False, "LINEAR")
    assert np.array_equal(finish(rendering), expected)
    assert rendering.flags == Flag.INTERPOLATED


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
    first = renderer.start(want(PROJECTED, 300, 280, Stage.PREVIEW), volume)
    assert first.flags & Flag.COLOUR == Flag(0)
    renderer.costs.learn(first._kind, 1, 1.0)  # a slow machine
    slow = renderer.start(want(PROJECTED, 1200, 900, Stage.PREVIEW), volume)
    assert (slow.size.width, slow.size.height) == (341, 256) and slow.flags & Flag.REDUCED
    for _ in range(100):
        renderer.costs.learn(first._kind, 1_000_000, 0.001)  # a fast one
    fast = renderer.start(want(PROJECTED, 300, 280, Stage.PREVIEW), volume)
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
