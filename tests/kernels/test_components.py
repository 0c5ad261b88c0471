from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from kernels.components import DUAL, components, filled, largest, seeded, without_small
from kernels.errors import Cancelled, InvalidParameter, NoBackend
from tests.kernels.standin import Array
from tests.kernels.standin_ndimage import put_cupyx

every = pytest.mark.parametrize("connectivity", [6, 18, 26])
shapes = st.tuples(*[st.integers(1, 10)] * 3)
shares = st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.7, 0.95, 1.0])


def speckled(shape=(11, 13, 15), share=0.3, seed=1, dtype=bool):
    return (np.random.default_rng(seed).random(shape) < share).astype(dtype)


def structure(connectivity):
    return ndimage.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[connectivity])


def same_parts(a, b):
    """Whether two labellings tell the same voxels apart, whatever the numbers."""
    pairs = np.unique(np.stack([a.ravel(), b.ravel()]), axis=1)
    return len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]


@every
@settings(max_examples=40, deadline=None)
@given(shape=shapes, share=shares, seed=st.integers(0, 999))
def test_parts_are_those_that_scipy_finds(connectivity, shape, share, seed):
    mask = speckled(shape, share, seed)
    found = components(mask, connectivity)
    truth, count = ndimage.label(mask, structure(connectivity))
    assert len(found.sizes) == count + 1
    assert same_parts(found.labels, truth)
    assert np.array_equal(found.labels > 0, mask)
    assert np.array_equal(found.sizes, np.bincount(found.labels.ravel(), minlength=count + 1))


def test_corners_and_edges_join_only_where_they_count():
    mask = np.zeros((2, 3, 3), bool)
    mask[0, 0, 0] = mask[0, 1, 1] = mask[1, 2, 2] = True  # an edge, then a corner
    assert [len(components(mask, c).sizes) - 1 for c in (6, 18, 26)] == [3, 2, 1]


@every
@settings(max_examples=40, deadline=None)
@given(shape=shapes, share=shares, seed=st.integers(0, 999))
def test_the_largest_part_is_one_of_the_most_voxels(connectivity, shape, share, seed):
    mask = speckled(shape, share, seed, np.uint8)
    found = largest(mask, connectivity)
    assert found.dtype == np.uint8
    labels, count = ndimage.label(mask, structure(connectivity))
    sizes = np.bincount(labels.ravel())[1:]
    assert found.sum() == sizes.max(initial=0)
    assert len(np.unique(labels[found > 0])) == min(count, 1)


@every
def test_small_parts_go(connectivity):
    mask = speckled()
    labels, _ = ndimage.label(mask, structure(connectivity))
    sizes = np.bincount(labels.ravel())
    for fewest in (0, 1, 2, 5, 10**6):
        truth = mask & (sizes[labels] >= fewest)
        assert np.array_equal(without_small(mask, fewest, connectivity), truth)


@every
def test_parts_with_a_seed_stay_and_a_seed_beside_the_mask_finds_nothing(connectivity):
    mask = speckled()
    labels, _ = ndimage.label(mask, structure(connectivity))
    inside, outside = np.argwhere(mask)[[3, 40]], np.argwhere(~mask)[:5]
    assert np.array_equal(seeded(mask, inside, connectivity), np.isin(labels, labels[tuple(inside.T)]))
    assert not seeded(mask, outside, connectivity).any()
    assert not seeded(mask, [], connectivity).any()
    both = np.concatenate([inside, outside])
    assert np.array_equal(seeded(mask, both, connectivity), seeded(mask, inside, connectivity))


@every
@settings(max_examples=40, deadline=None)
@given(shape=shapes, share=shares, seed=st.integers(0, 999))
def test_holes_are_those_that_scipy_fills(connectivity, shape, share, seed):
    mask = speckled(shape, share, seed)
    assert np.array_equal(filled(mask, connectivity), ndimage.binary_fill_holes(mask, structure(DUAL[connectivity])))


def test_a_shell_is_filled_and_an_open_one_is_not():
    z, y, x = np.indices((21, 21, 21)) - 10
    square = z**2 + y**2 + x**2
    shell = (square <= 64) & (square > 25)
    assert np.array_equal(filled(shell), square <= 64)
    drilled = shell.copy()
    drilled[10, 10, :10] = False
    assert np.array_equal(filled(drilled), drilled)
    assert np.array_equal(filled(shell, most=(square <= 25).sum() - 1), shell)
    assert np.array_equal(filled(shell, most=(square <= 25).sum()), square <= 64)


def test_a_cavity_that_the_border_cuts_is_no_hole():
    mask = np.ones((5, 6, 7), np.uint8)
    mask[2, 2, 0] = mask[2, 3, 3] = 0
    found = filled(mask)
    assert found[2, 2, 0] == 0 and found[2, 3, 3] == 1 and found.dtype == np.uint8


@pytest.mark.parametrize("mask", [np.zeros((4, 5, 6), bool), np.ones((4, 5, 6), bool), np.ones((2, 2, 2), np.uint8)])
def test_empty_and_full_masks_are_no_parts_and_one(mask):
    assert components(mask).sizes.tolist()[1:] == ([mask.size] if mask.any() else [])
    for found in (largest(mask), filled(mask), without_small(mask, 2), seeded(mask, [[1, 1, 1]])):
        assert np.array_equal(found, mask)


def test_read_only_strided_masks_are_taken():
    mask = speckled((22, 13, 30))[::2, :, ::-2]
    mask.flags.writeable = False
    assert np.array_equal(largest(mask), largest(mask.copy()))
    assert np.array_equal(filled(mask), filled(mask.copy()))


@pytest.mark.parametrize("run", [largest, filled, lambda m, **how: seeded(m, [[0, 0, 0]], **how)])
def test_progress_is_told_and_may_end_the_work(run):
    told = []
    run(speckled(), progress=lambda *one: told.append(one))
    assert told == [(1, 2), (2, 2)]

    def progress(done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        run(speckled(), progress=progress)


def test_what_has_no_meaning_is_refused():
    for mask in (np.zeros((3, 4), bool), np.zeros((3, 4, 5), np.int16), np.zeros((3, 0, 5), bool)):
        for run in (components, largest, filled):
            with pytest.raises(InvalidParameter):
                run(mask)
    with pytest.raises(NoBackend):
        components([[[1]]])
    for run in (components, largest, filled):
        with pytest.raises(InvalidParameter):
            run(speckled(), 8)
    with pytest.raises(InvalidParameter):
        without_small(speckled(), -1)
    for seeds in ([[1, 2]], [[-1, 0, 0]], [[0, 0, 15]], [[0.5, 0, 0]], [0, 0, 0]):
        with pytest.raises(InvalidParameter):
            seeded(speckled(), seeds)


@every
def test_a_card_is_asked_for_the_same(connectivity, monkeypatch):
    card = put_cupyx(monkeypatch)
    for share in (0.0, 0.3, 0.7, 1.0):
        mask = speckled(share=share, dtype=np.uint8)
        there = card.asarray(mask)
        found = components(there, connectivity)
        assert isinstance(found.labels, Array)
        assert same_parts(found.labels.get(), components(mask, connectivity).labels)
        assert sorted(found.sizes[1:]) == sorted(components(mask, connectivity).sizes[1:])
        seeds = [[3, 4, 5], [0, 0, 0], [10, 12, 14]]
        for a, b in (
            (filled(there, connectivity), filled(mask, connectivity)),
            (filled(there, connectivity, 3), filled(mask, connectivity, 3)),
            (seeded(there, seeds, connectivity), seeded(mask, seeds, connectivity)),
            (without_small(there, 3, connectivity), without_small(mask, 3, connectivity)),
        ):
            assert isinstance(a, Array) and a.dtype == np.uint8
            assert np.array_equal(a.get(), b)
        assert largest(there, connectivity).sum() == largest(mask, connectivity).sum()
