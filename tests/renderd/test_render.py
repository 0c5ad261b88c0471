"""Pictures by the real kernels against values worked out otherwise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kernels import window
from renderd.protocol import MAX_SIDE, Flag
from renderd.render import Renderer, colour_table
from renderd.sources import StackSource
from storage.dicom.stacks import Stack
from storage.dicom.write import write_colour, write_projection, write_series
from tests.renderd.pictures import finish, want
from tests.renderd.shows import STACK
from tests.renderd.stacks import stack_of


def image(rows: int = 512, columns: int = 512) -> NDArray[np.int16]:
    return np.random.default_rng(1).integers(-1024, 3000, (rows, columns)).astype(np.int16)


def ct(values: NDArray[np.int16], spacing: float = 0.7, **attributes: Any) -> Stack:
    affine = np.diag([spacing, spacing, 1, 1.0])
    return stack_of(list(write_series(values[None], affine, attributes=attributes)))


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


def test_a_viewport_beyond_the_largest_is_rendered_smaller() -> None:
    values = image(16, 16)
    rendering = Renderer().start(want(STACK, 5000, 100), StackSource(ct(values), values))
    assert (rendering.size.width, rendering.size.height) == (MAX_SIDE, 82)
    assert rendering.flags & Flag.REDUCED
