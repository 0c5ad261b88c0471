from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from kernels import scalars
from kernels.errors import InvalidParameter
from kernels.lane_memory import entry, mean_colour, store, vector
from kernels.lanes import LANES, OPTIONS
from kernels.presets import PRESETS
from kernels.transfer import CELLS, TransferFunction, from_opacities, opacities, packed, percentile_range

RISING = TransferFunction(((0.0, (0, 0, 0), 0.0), (100.0, (1, 0.5, 0), 2.0)))


def test_cumulated_extinction_is_the_integral_over_values():
    table = RISING.table()
    # τ = v/50, so between 0 and v the mean is v/100.
    for v in (10, 50, 99):
        cell = round(v * table.scale)
        assert table.cumulated[cell] / cell == pytest.approx(v / 100, rel=2e-3)
    assert table.cumulated.shape == (CELLS + 1,)


def test_one_cell_of_the_table_has_the_extinction_of_its_value():
    table = RISING.table()
    cell = round(70 * float(table.scale))
    assert table.cumulated[cell + 1] - table.cumulated[cell] == pytest.approx(1.4, rel=1e-2)


def test_an_entry_is_the_extinction_and_the_colour_of_its_cell():
    table = RISING.table()
    halves = table.entries.view(np.int32).reshape(-1, 2)
    assert np.array_equal(halves[:, 0].view(np.float32), table.cumulated)
    assert np.array_equal(halves[:, 1], table.colours)
    assert table.colours[0] == packed(np.zeros(3)) and table.colours[-1] == packed(np.array([1, 0.5, 0]))


@njit(**OPTIONS)
def lanes_of_table(cumulated, colours, entries, one, other, out):  # noqa: PLR0917
    """Of LANES pairs of entries: red, green and blue between them, and what the first one cumulates."""
    low, packed_low = entry(cumulated, colours, entries, vector(one, 0))
    _, packed_high = entry(cumulated, colours, entries, vector(other, 0))
    red, green, blue = mean_colour(packed_low, packed_high)
    store(red, out, 0)
    store(green, out, LANES)
    store(blue, out, 2 * LANES)
    store(low, out, 3 * LANES)


def test_a_mean_colour_is_the_mean_of_every_channel_by_itself():
    """Of lanes and of one lane alone, to half a step of a channel and the rounding of both colours to theirs."""
    rng = np.random.default_rng(3)
    channels = np.concatenate([rng.random((200, 3)), rng.integers(0, 2, (200, 3))])
    cumulated, colours = rng.random(400).astype(np.float32), packed(channels)
    entries = np.stack([cumulated.view(np.int32), colours], axis=-1).view(np.int64)[:, 0].copy()
    steps = 1 / np.array([2047, 2047, 1023])
    for _ in range(50):
        one, other = rng.integers(0, 400, (2, LANES)).astype(np.int32)
        expected = (channels[one] + channels[other]) / 2
        out = np.empty((4, LANES), np.float32)
        lanes_of_table(cumulated, colours, entries, one, other, out.reshape(-1))
        assert (np.abs(out[:3].T - expected) <= 1.01 * steps).all()
        assert np.array_equal(out[3], cumulated[one])
        alone = [scalars.mean_colour(colours[a], colours[b]) for a, b in zip(one, other, strict=True)]
        assert np.array_equal(np.array(alone, np.float32), out[:3].T)
        assert scalars.entry(cumulated, colours, entries, one[0]) == (cumulated[one[0]], colours[one[0]])


def test_a_shift_moves_every_point():
    assert RISING.shifted(30).extinction(np.array([80.0])) == pytest.approx(1.0)


def test_a_relative_function_is_stretched_over_the_volume_s_range():
    relative = TransferFunction(((0.0, (0, 0, 0), 0.0), (1.0, (1, 1, 1), 2.0)), relative=True, flat_gradient=0.02)
    scaled = relative.scaled(100, 300)
    assert scaled.extinction(np.array([200.0])) == pytest.approx(1.0)
    assert scaled.flat_gradient == pytest.approx(4)
    assert RISING.scaled(100, 300) is RISING
    with pytest.raises(InvalidParameter):
        relative.table()


def test_the_range_of_a_volume_leaves_out_its_extremes():
    array = np.random.default_rng(0).normal(500, 10, (60, 70, 80)).astype(np.float32)
    array[0, 0, :3] = 1e6
    low, high = percentile_range(array)
    assert low == pytest.approx(500 - 25.8, abs=1)
    assert high == pytest.approx(500 + 25.8, abs=1)


@pytest.mark.parametrize(
    "points",
    [
        (),
        ((0.0, (0, 0, 0), 0.0),),
        ((1.0, (0, 0, 0), 0.0), (1.0, (0, 0, 0), 0.0)),
        ((0.0, (0, 0, 2), 0.0), (1.0, (0, 0, 0), 0.0)),
        ((0.0, (0, 0, 0), -1.0), (1.0, (0, 0, 0), 0.0)),
        ((0.0, (0, 0, 0), float("nan")), (1.0, (0, 0, 0), 0.0)),
    ],
)
def test_a_function_without_meaning_is_refused(points):
    with pytest.raises(InvalidParameter):
        TransferFunction(points)


def test_an_opacity_is_that_of_one_millimetre():
    (_, colour, tau), _ = from_opacities([(0, "#ff8000", 0.5), (1, "#000000", 0)])
    assert colour == pytest.approx((1, 128 / 255, 0))
    assert np.exp(-tau * 1) == pytest.approx(0.5)
    assert np.exp(-tau * 2) == pytest.approx(0.25)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_the_curve_that_it_is_told_as(name):
    points = PRESETS[name].points
    assert from_opacities(opacities(points)) == points


@pytest.mark.parametrize(
    "point", [(0, "red", 0.5), (0, "#12345", 0.5), (0, "#gg0000", 0.5), (0, "#000000", 1.0), (0, "#000000", -0.1)]
)
def test_a_point_without_colour_or_opacity_is_refused(point):
    with pytest.raises(InvalidParameter):
        from_opacities([(-1, "#000000", 0), point])


def test_the_same_curve_has_one_table():
    curve = [(0.0, "#102030", 0.0), (50.0, "#ffffff", 0.5)]
    first, second = (TransferFunction(from_opacities(list(curve))) for _ in range(2))
    assert first is not second
    assert first.table() is second.table()
