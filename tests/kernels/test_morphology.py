from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from kernels.errors import Cancelled, InvalidParameter, NoBackend
from kernels.morphology import closing, dilation, erosion, opening, reference
from tests.kernels.standin import Array
from tests.kernels.standin_ndimage import put_cupyx

SPACING = (0.7, 0.9, 1.3)
BOTH = {"dilation": dilation, "erosion": erosion}
ALL = {**BOTH, "opening": opening, "closing": closing}
every = pytest.mark.parametrize("name", ALL)


def speckled(shape=(13, 17, 19), share=0.1, seed=1, dtype=bool):
    return (np.random.default_rng(seed).random(shape) < share).astype(dtype)


def ball(radius, shape=(31, 41, 51)):
    z, y, x = (np.indices(shape)[k] - shape[k] // 2 for k in range(3))
    return (z * 1.3) ** 2 + (y * 0.9) ** 2 + (x * 0.7) ** 2 <= radius**2 + 1e-9


def whole(name, mask, radius, spacing=SPACING):
    """By the definition, offset by offset."""
    steps = {"opening": ("erosion", "dilation"), "closing": ("dilation", "erosion")}.get(name, (name,))
    for step in steps:
        mask = reference(mask, radius, spacing, step)
    return mask


@every
@pytest.mark.parametrize("dtype", [bool, np.uint8])
@settings(max_examples=25, deadline=None)
@given(
    made=st.tuples(
        st.tuples(*[st.integers(1, 12)] * 3), st.sampled_from([0.02, 0.1, 0.5, 0.9, 0.98]), st.integers(0, 999)
    ),
    radius=st.one_of(st.sampled_from([0.0, 0.7, 0.9, 1.3, 1.4, 1.8, 2.6]), st.floats(0, 6)),
)
def test_any_mask_agrees_with_the_definition_bit_for_bit(name, dtype, made, radius):
    mask = speckled(*made, dtype)
    found = ALL[name](mask, radius, SPACING)
    assert found.dtype == dtype
    assert np.array_equal(found, whole(name, mask, radius))


def test_one_voxel_grows_to_a_ball_with_its_border():
    mask = np.zeros((31, 41, 51), bool)
    mask[15, 20, 25] = True
    for radius in (0.7, 1.3, 1.4, 2.8, 6.3, 9.1):  # multiples of a spacing end on a voxel
        assert np.array_equal(dilation(mask, radius, SPACING), ball(radius))


def test_a_ball_is_worn_down_to_a_smaller_one():
    found = erosion(ball(9.0), 4.0, SPACING)
    assert (found <= ball(5.6)).all() and (ball(4.4) <= found).all()


def test_the_reference_is_scipy_s_with_the_same_ball():
    mask, radius = speckled(), 2.0
    z, y, x = np.indices((3, 5, 5)) - np.array([1, 2, 2])[:, None, None, None]
    structure = (z * 1.3) ** 2 + (y * 0.9) ** 2 + (x * 0.7) ** 2 <= radius**2
    assert np.array_equal(reference(mask, radius, SPACING, "dilation"), ndimage.binary_dilation(mask, structure))
    eroded = ndimage.binary_erosion(~mask, structure, border_value=1)
    assert np.array_equal(reference(~mask, radius, SPACING, "erosion"), eroded)


def test_inside_it_is_itk_s_distance_threshold():
    mask = ball(8.0) & ~ball(3.0)
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(SPACING)
    distances = sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(image, False, False, True))
    for radius in (0.5, 1.0, 2.2, 3.1):
        apart = np.abs(np.abs(distances) - radius) > 1e-3
        # ITK's are to the border voxels of the mask: outside those of the mask, inside its own outermost.
        assert np.array_equal(dilation(mask, radius, SPACING)[apart], (distances <= radius)[apart])


@every
@pytest.mark.parametrize(
    "region",
    [
        (slice(3, 9), slice(0, 5), slice(4, 19)),
        (slice(12, None), slice(16, None), slice(18, None)),
        (slice(5, 6), slice(None), slice(7, 8)),
    ],
)
@pytest.mark.parametrize("radius", [0.0, 1.3, 2.5, 40.0])
def test_a_region_is_that_part_of_the_whole(name, region, radius):
    for share in (0.01, 0.3, 0.9):
        mask = speckled(share=share)
        assert np.array_equal(ALL[name](mask, radius, SPACING, region=region), ALL[name](mask, radius, SPACING)[region])


@every
@pytest.mark.parametrize("radius", [0.0, 1.0, 1e6])
def test_empty_and_full_masks_stay_what_they_are(name, radius):
    for mask in (np.zeros((4, 5, 6), bool), np.ones((4, 5, 6), bool), np.zeros((2, 2, 2), np.uint8)):
        assert np.array_equal(ALL[name](mask, radius, SPACING), mask)


def test_a_huge_radius_leaves_all_or_nothing():
    mask = speckled()
    assert dilation(mask, 1e9, SPACING).all()
    assert not erosion(mask, 1e9, SPACING).any()
    assert not opening(mask, 1e9, SPACING).any()
    assert closing(mask, 1e9, SPACING).all()


@every
def test_no_radius_changes_nothing(name):
    mask = speckled(dtype=np.uint8) * 7
    assert np.array_equal(ALL[name](mask, 0, SPACING), mask != 0)


def test_what_lies_outside_wears_nothing_down():
    """A body that the field of view cuts stays whole at the cut."""
    mask = np.zeros((12, 12, 12), bool)
    mask[:6] = True
    assert np.array_equal(np.flatnonzero(erosion(mask, 2.0, (1, 1, 1)).any(axis=(1, 2))), range(4))


def test_openings_and_closings_do_what_they_are_for():
    mask = ball(6.0)
    spur = mask.copy()
    spur[15, 20, 32:45] = True  # one voxel wide
    opened = opening(spur, 1.5, SPACING)
    assert spur[..., 36:].any() and not opened[..., 36:].any()
    assert np.array_equal(opened[..., :32], opening(mask, 1.5, SPACING)[..., :32])
    holed = mask.copy()
    holed[14:16, 19:21, 24:26] = False
    assert np.array_equal(closing(holed, 2.0, SPACING), closing(mask, 2.0, SPACING))
    for seed in range(5):
        noise = speckled(share=0.4, seed=seed)
        opened, closed = opening(noise, 1.4, SPACING), closing(noise, 1.4, SPACING)
        assert (opened <= noise).all() and (noise <= closed).all()
        assert np.array_equal(opening(opened, 1.4, SPACING), opened)
        assert np.array_equal(erosion(noise, 1.4, SPACING), ~dilation(~noise, 1.4, SPACING))


@every
def test_read_only_strided_masks_are_taken_and_stay_as_they_are(name):
    mask = speckled((26, 17, 38), 0.2)[::2, :, ::2]
    mask.flags.writeable = False
    before = mask.copy()
    assert np.array_equal(ALL[name](mask, 1.4, SPACING), ALL[name](before, 1.4, SPACING))
    assert np.array_equal(mask, before)


@every
def test_progress_rises_to_the_whole_and_may_end_the_work(name):
    mask, told = speckled((60, 9, 9)), []
    found = ALL[name](mask, 1.4, SPACING, progress=lambda done, total: told.append(done / total))
    assert told == sorted(told) and told[-1] == 1 and len(told) > 3
    assert np.array_equal(found, ALL[name](mask, 1.4, SPACING))

    def progress(done, total):
        told.append("cancelled")
        raise Cancelled

    with pytest.raises(Cancelled):
        ALL[name](mask, 1.4, SPACING, progress=progress)
    assert told.count("cancelled") == 1


@every
@pytest.mark.parametrize(
    "mask",
    [
        np.zeros((3, 4), bool),
        np.zeros((3, 4, 5), np.int16),
        np.zeros((3, 4, 5), np.float32),
        np.zeros((3, 0, 5), bool),
    ],
)
def test_what_is_no_mask_is_refused(name, mask):
    with pytest.raises(InvalidParameter):
        ALL[name](mask, 1.0, SPACING)
    with pytest.raises(NoBackend):
        ALL[name](mask.tolist(), 1.0, SPACING)


@every
def test_radii_and_spacings_without_a_meaning_are_refused(name):
    for radius in (-1, np.nan, np.inf):
        with pytest.raises(InvalidParameter):
            ALL[name](speckled(), radius, SPACING)
    for spacing in ((1, 1), (1, 0, 1), (1, 1, np.nan), (1, 1, -1), (1, 1, np.inf)):
        with pytest.raises(InvalidParameter):
            ALL[name](speckled(), 1.0, spacing)


@every
@pytest.mark.parametrize("dtype", [bool, np.uint8])
def test_a_card_is_asked_for_the_same(name, dtype, monkeypatch):
    card = put_cupyx(monkeypatch)
    for share in (0.0, 0.1, 0.9, 1.0):
        mask = speckled(share=share, dtype=dtype)
        for radius, region in ((0.0, None), (1.3, None), (2.5, (slice(3, 9), slice(0, 5), slice(4, 19))), (99.0, None)):
            found = ALL[name](card.asarray(mask), radius, SPACING, region=region)
            assert isinstance(found, Array) and found.dtype == dtype
            assert np.array_equal(found.get(), ALL[name](mask, radius, SPACING, region=region))
