"""VOI tables, overlays and shutters in pictures of the real kernels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from kernels import window
from renderd.protocol import Flag, StackView
from renderd.render import Renderer
from renderd.rendering import Rendering
from renderd.sources import StackSource
from renderd.viewer import Stage
from storage.dicom.masks import Masks
from storage.dicom.stacks import Stack
from storage.dicom.write import write_colour, write_projection
from tests.renderd.pictures import want
from tests.renderd.shows import STACK
from tests.renderd.stacks import stack_of

SIDE = 64
VIEW = replace(STACK, centre=(31.5, 31.5), extent_mm=64.0, window=(2048.0, 4096.0))


def voi_lut(first: int, entries: list[int], bits: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), first, bits])
    item.add_new("LUTData", "US", entries)
    return item


def projection(image: NDArray[Any], **attributes: Any) -> Stack:
    plain = {"ImagerPixelSpacing": [1, 1], "PhotometricInterpretation": "MONOCHROME2"}
    return stack_of([write_projection(image.astype(np.uint16), attributes={**plain, **attributes})])


def picture(source: StackSource, view: StackView, side: int = SIDE, *, final: bool = True) -> Rendering:
    rendering = Renderer().start(want(view, side, side, Stage.FINAL if final else Stage.PREVIEW), source)
    while not rendering.step():
        pass
    return rendering


def noise(low: int = 0, high: int = 4096) -> NDArray[np.int16]:
    return np.random.default_rng(4).integers(low, high, (SIDE, SIDE)).astype(np.int16)


CURVE = [int(255 * (i / 999) ** 2) for i in range(1000)]


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_voi_table_replaces_the_window(photometric: str, invert: bool) -> None:
    values = noise()
    stack = projection(values, VOILUTSequence=[voi_lut(2000, CURVE, 8)], PhotometricInterpretation=photometric)
    raw = picture(StackSource(stack, values), replace(VIEW, lut=0, invert=invert)).raw
    expected = np.array(CURVE)[np.clip(values.astype(int) - 2000, 0, 999)]
    assert np.array_equal(raw, 255 - expected if invert != (photometric == "MONOCHROME1") else expected)


def test_values_are_interpolated_before_the_table_and_never_after() -> None:
    values = np.zeros((SIDE, SIDE), np.int16)
    values[:, 32:] = 100
    table = [0] * 45 + [255] * 11 + [0] * 45  # only what lies half way between the two is white
    stack = projection(values, VOILUTSequence=[voi_lut(0, table, 8)])
    # 20 pixels of the picture to one of the image: some lie half way between columns 31 and 32.
    raw = picture(StackSource(stack, values), replace(VIEW, extent_mm=3.2, lut=0)).raw
    assert raw.max() == 255 and set(np.unique(raw)) == {0, 255}


def test_outside_of_the_image_is_black_whatever_the_table_says() -> None:
    stack = projection(noise(), VOILUTSequence=[voi_lut(0, [200, 255], 8)])
    raw = picture(StackSource(stack, noise()), replace(VIEW, extent_mm=128.0, lut=0, invert=True)).raw
    assert raw[0, 0] == 0 and raw[32, 32] in (0, 55)


def test_each_frame_has_its_own_table_and_without_one_its_window() -> None:
    values = np.full((SIDE, SIDE), 1, np.int16)
    heads: list[dict[str, Any]] = [
        {"VOILUTSequence": [voi_lut(0, [0, 50, 255], 8)], "InstanceNumber": 1},
        {"VOILUTSequence": [voi_lut(0, [0, 100, 255], 8)], "InstanceNumber": 2},
        {"InstanceNumber": 3},
    ]
    files = [
        write_projection(values.astype(np.uint16), seed=n, attributes={"SeriesInstanceUID": "1.2", **attributes})
        for n, attributes in enumerate(heads)
    ]
    stack = stack_of(files)
    assert len(stack.frames) == 3
    view = replace(VIEW, lut=0, window=(0.5, 1.0), extent_mm=12.8, centre=(6.4, 6.4))
    greys = [int(picture(StackSource(stack, values), replace(view, frame=n)).raw[32, 32]) for n in range(3)]
    assert greys == [255 - 50, 255 - 100, 0]


def test_a_table_that_the_image_does_not_have_leaves_the_window() -> None:
    values = noise()
    raw = picture(StackSource(projection(values), values), replace(VIEW, lut=3)).raw
    assert np.array_equal(raw, window.reference(values.astype(np.float32), 2048, 4096, False, "LINEAR"))


def covered(**masks: Any) -> StackSource:
    values = noise(1000, 3000)
    return StackSource(projection(values), values, Masks(**masks))


def frame_mask() -> NDArray[np.uint8]:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[10, 5:60] = mask[5:60, 20] = 255
    return mask


@pytest.mark.parametrize("invert", [False, True])
def test_an_overlay_is_drawn_crisply_and_nothing_else_changes(invert: bool) -> None:
    mask = frame_mask()
    drawn = picture(covered(overlay=mask), replace(VIEW, invert=invert))
    plain = picture(covered(), replace(VIEW, invert=invert))
    assert np.array_equal(drawn.raw, np.where(mask > 0, 255, plain.raw))
    assert drawn.flags == Flag.DRAWN and plain.flags == Flag(0)


def test_overlays_and_shutters_can_be_switched_off() -> None:
    hides = np.zeros((SIDE, SIDE), np.uint8)
    hides[:, :8] = 255
    source = covered(overlay=frame_mask(), shutter=hides, shutter_grey=40)
    plain = picture(covered(), VIEW).raw
    no_overlay = picture(source, replace(VIEW, overlays=False))
    assert np.array_equal(no_overlay.raw, np.where(hides > 0, 40, plain)) and no_overlay.flags == Flag.DRAWN
    no_shutter = picture(source, replace(VIEW, shutter=False))
    assert np.array_equal(no_shutter.raw, np.where(frame_mask() > 0, 255, plain))
    neither = picture(source, replace(VIEW, overlays=False, shutter=False))
    assert np.array_equal(neither.raw, plain) and neither.flags == Flag(0)
    both = picture(source, VIEW).raw
    assert np.array_equal(both, np.where(frame_mask() > 0, 255, np.where(hides > 0, 40, plain)))


@pytest.mark.parametrize("side", [32, 21, 16, 13])
def test_a_thin_line_never_vanishes_in_a_small_picture(side: int) -> None:
    view = replace(VIEW, invert=True, window=(2000.0, 40000.0))
    raw = picture(covered(overlay=frame_mask()), view, side).raw
    rows = (raw == 255).sum(axis=1)
    assert rows.max() >= side * 0.8  # the horizontal line
    assert (raw == 255).sum(axis=0).max() >= side * 0.8  # and the vertical one


def test_an_enlarged_overlay_has_no_grey_edges_and_stands_where_its_pixels_do() -> None:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[31, 31] = 255
    values = np.zeros((SIDE, SIDE), np.int16)
    view = replace(VIEW, centre=(31.0, 31.0), extent_mm=4.0, window=(2000.0, 100.0))
    raw = picture(StackSource(projection(values), values, Masks(overlay=mask)), view).raw
    assert set(np.unique(raw)) == {0, 255}
    ys, xs = np.nonzero(raw)
    assert ys.mean() == pytest.approx(31.5, abs=0.6) and xs.mean() == pytest.approx(31.5, abs=0.6)
    assert 100 < len(ys) < 300  # a pixel of the image is 16 × 16 of the picture


def test_an_overlay_beside_the_picture_costs_nothing_and_is_not_flagged() -> None:
    mask = np.zeros((SIDE, SIDE), np.uint8)
    mask[60, 60] = 255
    away = picture(covered(overlay=mask), replace(VIEW, centre=(10.0, 10.0), extent_mm=16.0))
    assert not away.flags & Flag.DRAWN
    near = picture(covered(overlay=mask), replace(VIEW, centre=(60.0, 60.0), extent_mm=16.0))
    assert near.flags & Flag.DRAWN


def test_colours_are_drawn_over_too() -> None:
    values = np.random.default_rng(2).integers(0, 200, (SIDE, SIDE, 3)).astype(np.uint8)
    hides = np.zeros((SIDE, SIDE), np.uint8)
    hides[50:] = 255
    source = StackSource(stack_of([write_colour(values)]), values, Masks(frame_mask(), hides, 7))
    rendering = picture(source, replace(VIEW, window=(127.5, 255.0)))
    expected = np.where(hides[..., None] > 0, 7, values)
    assert np.array_equal(rendering.raw, np.where(frame_mask()[..., None] > 0, 255, expected))
    assert rendering.flags == Flag.COLOUR | Flag.DRAWN


def test_a_moving_picture_is_drawn_over_like_a_still_one() -> None:
    source = covered(overlay=frame_mask())
    assert np.array_equal(picture(source, VIEW, final=False).raw, picture(source, VIEW).raw)


def test_bands_of_a_still_are_drawn_like_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    source = covered(overlay=frame_mask(), shutter=255 - frame_mask(), shutter_grey=9)
    view = replace(VIEW, extent_mm=50.0)
    whole = picture(source, view, 100).raw
    monkeypatch.setattr("renderd.rendering.BAND_S", 1e-9)
    assert np.array_equal(picture(source, view, 100).raw, whole)
