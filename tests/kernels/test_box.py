from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.box import Box, box_of, require_finite, spacing_of
from kernels.errors import InvalidParameter, InvalidVolume
from kernels.volume import Volume
from tests.kernels.grids import LEFT_HANDED, SHEARED, rotation
from tests.kernels.standin_ndimage import put_cupyx

SHAPE = (9, 10, 11)
ALL = slice(None)


def volume(affine=None, places=None, holes=(), dtype=np.int16):
    return Volume(np.zeros(SHAPE, dtype), np.eye(4) if affine is None else affine, places, holes)


@given(st.data())
def test_a_region_is_what_numpy_takes_it_for(data):
    array = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    region = []
    for n in SHAPE:
        start, stop = sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2, unique=True)))
        region.append(slice(data.draw(st.sampled_from([start, None])) if start == 0 else start, stop))
    box = box_of(tuple(region), SHAPE)
    assert np.array_equal(array[box.region], array[tuple(region)])
    assert box.shape == array[tuple(region)].shape
    wider = box.grown((1, 2, 3), SHAPE)
    assert np.array_equal(array[wider.region][box.within(wider).region], array[tuple(region)])
    assert box.common(wider) == box


def test_no_region_is_the_whole_volume():
    assert box_of(None, SHAPE) == Box(0, 9, 0, 10, 0, 11)
    assert box_of((ALL, slice(2, 4), ALL), SHAPE) == Box(0, 9, 2, 4, 0, 11)


@pytest.mark.parametrize(
    "region",
    [
        (ALL, ALL),
        [ALL, ALL, ALL],
        (ALL, ALL, 3),
        (slice(3, 3), ALL, ALL),
        (slice(0, 10), ALL, ALL),
        (slice(-2, None), ALL, ALL),
        (slice(0, 8, 2), ALL, ALL),
        (ALL, slice(4, 2), ALL),
    ],
)
def test_a_region_that_is_none_is_refused(region):
    with pytest.raises(InvalidParameter):
        box_of(region, SHAPE)


def test_spacing_is_that_of_the_voxels_however_the_volume_is_turned():
    turned = np.eye(4)
    turned[:3, :3] = rotation((20, 30, 40)) * (0.5, 0.6, 2.0)
    assert spacing_of(volume(turned)) == pytest.approx((0.5, 0.6, 2.0))
    assert spacing_of(volume(LEFT_HANDED)) == pytest.approx((0.9, 0.9, 1.7))


def test_slices_that_are_even_in_places_have_their_real_spacing():
    places = np.arange(9) * 2.5
    assert spacing_of(volume(np.diag([1, 1, 0.8, 1.0]), places)) == pytest.approx((1, 1, 2.0))
    assert spacing_of(volume(places=places + 0.01 * np.sin(np.pi * places / 20))) == pytest.approx((1, 1, 2.5))


@pytest.mark.parametrize(
    "uneven",
    [
        volume(SHEARED),
        volume(places=[0, 1, 2, 3, 4.1, 5, 6, 7, 8]),
        volume(places=[0, 1, 2, 3, 4, 6, 7, 8, 9], holes=(4,)),
        volume(places=np.cumsum([0, *[0.993] * 4, *[1.007] * 4])),  # each step nearly right, the middle far off
        volume(holes=(4,)),
    ],
)
def test_an_uneven_or_sheared_volume_is_refused_and_told_what_helps(uneven):
    with pytest.raises(InvalidVolume, match="resample"):
        spacing_of(uneven)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [(0, 0, 0), (8, 9, 10), (4, 5, 6)])
def test_a_value_that_is_no_number_is_found_where_it_is(wrong, place):
    values = np.random.default_rng(1).normal(0, 1e30, SHAPE).astype(np.float32)
    values[1, 2, 3] = 3.4e38
    values[1, 2, 4] = 1e-45
    one = Volume(values, np.eye(4))
    require_finite(one, box_of(None, SHAPE))
    values[place] = wrong
    values.flags.writeable = False
    one = Volume(values, np.eye(4))
    with pytest.raises(InvalidVolume, match="finite"):
        require_finite(one, box_of(None, SHAPE))
    for axis in range(3):
        beside = [ALL, ALL, ALL]
        beside[axis] = slice(0, 4) if place[axis] >= 4 else slice(1, 3)
        require_finite(one, box_of(tuple(beside), SHAPE))


def test_a_card_looks_for_them_too(monkeypatch):
    card = put_cupyx(monkeypatch)
    values = np.zeros(SHAPE, np.float32)
    require_finite(Volume(card.asarray(values), np.eye(4)), box_of(None, SHAPE))
    values[3, 3, 3] = np.nan
    with pytest.raises(InvalidVolume):
        require_finite(Volume(card.asarray(values), np.eye(4)), box_of(None, SHAPE))
