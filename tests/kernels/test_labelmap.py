"""Labels on planes, slabs and projections, against the reference and where they must lie."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.clip import Box
from kernels.errors import InvalidParameter
from kernels.labelmap import labels_seen, mask_of, reference
from kernels.picture import Picture
from kernels.plane import slab
from kernels.volume import Volume
from tests.kernels.grids import LEFT_HANDED, SHEARED, centred, random_volume, rotation

EVERY = np.ones(256, bool)


def blobs(shape, seed=5):
    """A few boxes of labels in nothing."""
    rng, labels = np.random.default_rng(seed), np.zeros(shape, np.uint8)
    for label in range(1, 40):
        low = [rng.integers(0, max(n - 4, 1)) for n in shape]
        labels[tuple(slice(a, a + rng.integers(2, 7)) for a in low)] = label
    return labels


def border_free(volume, labels, picture, thickness_mm, clip=None):
    """Where the reference says the same a little to every side: there float32 must, too."""
    found = [reference(volume, labels, picture, EVERY, thickness_mm, clip)]
    for way in (1, -1):
        for axis in np.eye(3):
            moved = Picture(
                picture.origin + way * 1e-3 * axis, picture.right, picture.down, picture.width, picture.height
            )
            found.append(reference(volume, labels, moved, EVERY, thickness_mm, clip))
    return np.all([f == found[0] for f in found], axis=0), found[0]


@pytest.mark.parametrize("affine", [SHEARED, LEFT_HANDED], ids=["sheared", "left-handed"])
@pytest.mark.parametrize("turn", [(0, 0, 0), (90, 0, 0), (33, 21, 8), (12, 80, 5)])
@pytest.mark.parametrize("thickness_mm", [0.0, 6.0, None], ids=["plane", "slab", "projection"])
def test_labels_are_those_of_the_reference(affine, turn, thickness_mm):
    volume = random_volume(np.int16, (21, 26, 29), affine)
    labels = blobs(volume.array.shape)
    picture = centred(volume, 45, 41, 0.71, turn, shift_mm=0.37)
    sure, truth = border_free(volume, labels, picture, thickness_mm)
    found = labels_seen(volume, labels, picture, EVERY, thickness_mm)
    assert sure.mean() > 0.8
    assert len(np.unique(truth)) > 3
    assert np.array_equal(found[sure], truth[sure])


def test_uneven_slices_and_clips_count():
    even = random_volume(np.float32, (12, 26, 29), SHEARED)
    volume = Volume(even.array, SHEARED, np.cumsum([0, 1, 1, 0.5, 2, 1, 1, 3, 1, 1, 0.7, 1]), (6,))
    labels = blobs(volume.array.shape)
    clip = Box(
        volume.centre_mm + np.array([0.1, 0.2, 0.3]), rotation((10, 20, 30)), np.array([6.0, 7.0, 5.0])
    ).half_spaces
    for turn in ((0, 0, 0), (40, 20, 5)):
        picture = centred(volume, 45, 41, 0.71, turn)
        for cut_to in (None, clip):
            sure, truth = border_free(volume, labels, picture, None, cut_to)
            assert np.array_equal(labels_seen(volume, labels, picture, EVERY, None, clip=cut_to)[sure], truth[sure])


def test_a_label_is_where_its_voxels_are():
    """On a fine plane the border between two labels is half way between their voxel centres."""
    volume = Volume(np.zeros((5, 9, 9), np.int16), np.diag([0.8, 0.8, 2.0, 1.0]))
    labels = np.zeros((5, 9, 9), np.uint8)
    labels[:, :, 4:] = 1
    fine = Picture((0, 3.2, 4), (0.01, 0, 0), (0, 0.01, 0), 640, 1)  # type: ignore[arg-type]
    first = int(np.argmax(labels_seen(volume, labels, fine, EVERY)[0] == 1))
    assert abs(first * 0.01 - 3.5 * 0.8) <= 0.011


def test_the_nearest_label_is_seen_and_others_do_not_count():
    volume = Volume(np.zeros((8, 8, 8), np.int16), np.eye(4))
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[2], labels[5] = 1, 2
    down = centred(volume, 8, 8, 1.0)  # along +z
    up = centred(volume, 8, 8, 1.0, (180, 0, 0))
    assert (labels_seen(volume, labels, down, EVERY, None) == 1).all()
    assert (labels_seen(volume, labels, up, EVERY, None) == 2).all()
    only_two = np.zeros(256, bool)
    only_two[2] = True
    assert (labels_seen(volume, labels, down, only_two, None) == 2).all()
    assert not labels_seen(volume, labels, down, np.zeros(256, bool), None).any()


def test_rows_are_those_of_the_whole():
    volume = random_volume(np.int16, (21, 26, 29), SHEARED)
    labels, picture = blobs(volume.array.shape), centred(volume, 45, 41, 0.71, (33, 21, 8))
    whole = labels_seen(volume, labels, picture, EVERY, 8.0)
    parts = [labels_seen(volume, labels, picture, EVERY, 8.0, rows=rows) for rows in ((0, 1), (1, 17), (17, 41))]
    assert np.array_equal(np.concatenate(parts), whole)


def test_a_mask_says_what_is_shown():
    labels = blobs((5, 6, 7))
    shown = EVERY.copy()
    shown[[0, 3]] = False
    assert np.array_equal(mask_of(labels, shown), np.where((labels == 0) | (labels == 3), 0, 255))


def test_what_is_no_labelmap_is_refused():
    volume = random_volume(np.int16, (4, 5, 6), SHEARED)
    picture = centred(volume, 4, 4, 1.0)
    for labels in (np.zeros((4, 5, 7), np.uint8), np.zeros((4, 5, 6), np.int16), np.zeros((8, 5, 6), np.uint8)[::2]):
        with pytest.raises(InvalidParameter, match="labelmap"):
            labels_seen(volume, labels, picture, EVERY)
    labels = np.zeros((4, 5, 6), np.uint8)
    with pytest.raises(InvalidParameter, match="thick"):
        labels_seen(volume, labels, picture, EVERY, -1)
    with pytest.raises(InvalidParameter, match="rows"):
        labels_seen(volume, labels, picture, EVERY, rows=(2, 9))


@pytest.mark.parametrize("turn", [(0, 45, 0), (45, 35.26, 0), (20, 30, 10)])
@pytest.mark.parametrize("thickness_mm", [2.0, 3.0, 10.0])
def test_a_slab_shows_the_label_of_every_voxel_that_its_maximum_shows(turn, thickness_mm):
    """Also where no slice lies within a thin oblique slab."""
    voxels = np.zeros((30, 30, 30), np.int16)
    z, y, x = np.indices(voxels.shape) - 14.5
    ball = x**2 + y**2 + z**2 < 100
    voxels[ball] = 100
    volume = Volume(voxels, np.eye(4))
    picture = centred(volume, 60, 60, 0.5, turn)
    greys = slab(volume, picture, "max", thickness_mm)
    labels = labels_seen(volume, ball.astype(np.uint8), picture, EVERY, thickness_mm)
    assert (labels[greys >= 99.5] == 1).all()
    assert (labels[greys <= 0.5] == 0).all()


@pytest.mark.parametrize("thickness_mm", [0.0, 4.0, None], ids=["plane", "slab", "projection"])
def test_in_a_hole_no_label_is_seen(thickness_mm):
    """Where images are missing a label ends with its slice, as the picture does."""
    places = np.array([0.0, 1, 2, 3, 10, 11])
    volume = Volume(np.full((6, 12, 12), 50, np.int16), np.eye(4), places, (3,))
    labels = np.zeros((6, 12, 12), np.uint8)
    labels[3] = 1
    coronal = Picture((0, 5, 0), (1, 0, 0), (0, 0, 0.25), 12, 45)  # type: ignore[arg-type]
    found = labels_seen(volume, labels, coronal, EVERY, thickness_mm)
    rows = np.flatnonzero(found.any(axis=1)) * 0.25
    assert rows.min() == 2.5 and rows.max() == 3
    axial = Picture((0, 0, 5), (1, 0, 0), (0, 1, 0), 12, 12)  # type: ignore[arg-type]
    assert labels_seen(volume, labels, axial, EVERY, thickness_mm).any() == (thickness_mm is None)
    for picture in (coronal, axial):
        truth = reference(volume, labels, picture, EVERY, thickness_mm)
        assert np.array_equal(truth, labels_seen(volume, labels, picture, EVERY, thickness_mm))
