"""Masks, labels and heat over volume renderings, planes and projections."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kernels import plane, rendering
from kernels.bricks import bricks, bricks_of
from kernels.errors import InvalidParameter
from kernels.layers import Layer, Layers
from kernels.transfer import TransferFunction
from kernels.volume import Volume
from kernels.window import OUTSIDE
from tests.kernels.grids import DTYPES, LEFT_HANDED, SHEARED, centred, random_volume, smooth_volume

pytestmark = pytest.mark.long

GREY = 1 / 255
WARM = TransferFunction(((50.0, (0.2, 0.1, 0.1), 0.0), (150.0, (0.9, 0.3, 0.2), 0.3), (400.0, (1.0, 1.0, 0.9), 0.8)))
SHAPE = (22, 24, 26)
VIEWS = [(0, 0, 0), (90, 0, 0), (33, 21, 8), (12, 80, 5)]


def half(shape=SHAPE):
    """All but what lies beyond a slanting face."""
    z, y, x = np.indices(shape)
    return np.where(x + 0.5 * y - 0.3 * z < 20, 255, 0).astype(np.uint8)


def some_labels(shape=SHAPE):
    labels = np.zeros(shape, np.uint8)
    labels[shape[0] // 2 :], labels[:, : shape[1] // 3] = 3, 200
    return labels


def tints():
    table = np.zeros((256, 4), np.float32)
    table[3], table[200] = (0, 1, 0, 0.8), (0.1, 0.2, 1, 1)
    return table


def warmth(shape=SHAPE):
    z, y, x = np.indices(shape)
    return (230 * np.exp(-((z - 9) ** 2 + (y - 7) ** 2 + (x - 6) ** 2) / 40)).astype(np.uint8)


def heats():
    table = np.zeros((256, 4), np.float32)
    table[:, 0] = np.linspace(0, 1, 256)
    table[:, 2] = 0.3
    table[40:, 3] = np.linspace(0, 0.5, 216)
    return table


def layers_of(volume, *which):
    shape = volume.array.shape
    found = {
        "mask": {"mask": Layer(half(shape))},
        "labels": {"labels": Layer(some_labels(shape)), "tints": tints()},
        "heat": {"heat": Layer(warmth(shape)), "heats": heats()},
    }
    return Layers(volume, **{name: layer for key in which for name, layer in found[key].items()})


def uneven():
    even = smooth_volume(np.int16, SHAPE, SHEARED)
    places = np.cumsum([0, *np.tile((0.6, 1.0, 1.7), 7)])
    return Volume(even.array, SHEARED, places, (7,))


@pytest.mark.parametrize("which", [("mask",), ("labels",), ("heat",), ("mask", "labels", "heat")], ids="-".join)
@pytest.mark.parametrize("turn", [(0, 0, 0), (30, 20, 10)])
@pytest.mark.parametrize("make", [lambda: smooth_volume(np.int16, SHAPE, SHEARED), uneven], ids=["even", "uneven"])
def test_layers_are_rendered_as_the_reference_does(which, turn, make):
    volume = make()
    picture, layers = centred(volume, 28, 24, 1.1, turn), layers_of(volume, *which)
    made = rendering.volume_rendering_rgba(volume, picture, WARM, bricks(volume), 0.4, layers=layers)
    truth = rendering.reference(volume, picture, WARM, 0.1, layers=layers)
    plain = rendering.reference(volume, picture, WARM, 0.1)
    assert np.abs(truth - plain).max() > 0.1
    # A step has one label, that of its middle: at a border it is up to half a step too early or too late.
    assert np.abs(made - truth).max() < (6 if "labels" in which else 3) * GREY
    assert np.abs(made - truth).mean() < GREY / 4


@pytest.mark.parametrize("dtype", DTYPES)
def test_float_and_short_voxels_are_the_same(dtype):
    volume = smooth_volume(dtype, SHAPE, LEFT_HANDED)
    picture, layers = centred(volume, 28, 24, 1.1, (30, 20, 10)), layers_of(volume, "mask", "labels", "heat")
    made = rendering.volume_rendering_rgba(volume, picture, WARM, bricks(volume), 0.4, layers=layers)
    truth = rendering.reference(volume, picture, WARM, 0.1, layers=layers)
    assert np.abs(made - truth).max() < 6 * GREY


def test_layers_without_anything_change_nothing():
    volume = smooth_volume(np.int16, SHAPE, SHEARED)
    grid, picture = bricks(volume), centred(volume, 40, 36, 0.8, (30, 20, 10))
    nothing = Layer(np.zeros(SHAPE, np.uint8))
    layers = Layers(volume, Layer(np.full(SHAPE, 255, np.uint8)), nothing, tints(), nothing, heats())
    for fine in (True, False):
        plain = rendering.volume_rendering_rgba(volume, picture, WARM, grid, 0.4, fine=fine)
        made = rendering.volume_rendering_rgba(volume, picture, WARM, grid, 0.4, fine=fine, layers=layers)
        assert np.abs(made - plain).max() < 1e-5  # another compilation rounds otherwise


def test_what_is_hidden_altogether_is_black():
    volume = smooth_volume(np.int16, SHAPE, SHEARED)
    picture = centred(volume, 28, 24, 1.1, (30, 20, 10))
    layers = Layers(volume, Layer(np.zeros(SHAPE, np.uint8)))
    assert not rendering.volume_rendering(volume, picture, WARM, bricks(volume), 0.4, layers=layers).any()
    assert (plane.project(volume, picture, "max", bricks=bricks(volume), layers=layers) == OUTSIDE).all()


def test_a_mask_along_a_slice_is_a_clip_plane_there():
    """The mask's border lies half way between two slices, within half a voxel of which it fades."""
    volume = smooth_volume(np.int16, (32, 32, 32), np.diag([0.7, 0.7, 0.7, 1.0]))
    mask = np.full((32, 32, 32), 255, np.uint8)
    mask[:, :, 20:] = 0
    picture = centred(volume, 60, 60, 0.4, (0, 90, 0))
    clip = [[-1, 0, 0, -19.5 * 0.7]]
    masked = rendering.volume_rendering_rgba(
        volume, picture, WARM, bricks(volume), 0.2, layers=Layers(volume, Layer(mask))
    )
    clipped = rendering.volume_rendering_rgba(volume, picture, WARM, bricks(volume), 0.2, clip=clip)
    whole = rendering.volume_rendering_rgba(volume, picture, WARM, bricks(volume), 0.2)
    assert np.abs(masked - clipped)[..., 3].max() < 0.02
    assert np.abs(masked - clipped).mean() < 0.02 < np.abs(whole - clipped).max()


def test_a_tint_of_everything_is_its_colour():
    """A label that takes all of the colour, lit: red and blue of green light are the highlight alone."""
    volume = smooth_volume(np.int16, SHAPE, SHEARED)
    table = np.zeros((256, 4), np.float32)
    table[9] = (0, 1, 0, 1)
    layers = Layers(volume, labels=Layer(np.full(SHAPE, 9, np.uint8)), tints=table)
    green = replace(WARM, points=tuple((value, (0.0, 1.0, 0.0), tau) for value, _, tau in WARM.points))
    picture = centred(volume, 28, 24, 1.1, (30, 20, 10))
    made = rendering.volume_rendering_rgba(volume, picture, WARM, bricks(volume), 0.4, layers=layers)
    truth = rendering.volume_rendering_rgba(volume, picture, green, bricks(volume), 0.4)
    assert np.abs(made - truth).max() < 2e-3


def test_heat_alone_follows_its_formula():
    """An even second volume in an empty first one: α = 1 − exp(−τ L), its colour unlit."""
    volume = Volume(np.full((20, 20, 20), -1000, np.int16), np.diag([0.5, 0.5, 0.5, 1.0]))
    table = np.zeros((256, 4), np.float32)
    table[100] = (0.2, 0.6, 1.0, 0.15)
    layers = Layers(volume, heat=Layer(np.full((20, 20, 20), 100, np.uint8)), heats=table)
    picture = centred(volume, 3, 3, 1.0)
    alpha = 1 - np.exp(-0.15 * 19 * 0.5)
    for step in (0.125, 0.5, 0.9):
        made = rendering.volume_rendering_rgba(volume, picture, WARM, bricks(volume), step, layers=layers)
        assert made == pytest.approx(np.broadcast_to([0.2 * alpha, 0.6 * alpha, alpha, alpha], (3, 3, 4)), abs=1e-3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("turn", VIEWS)
@pytest.mark.parametrize("projection", ["max", "min", "mean"])
def test_what_is_hidden_does_not_count(dtype, turn, projection):
    volume = random_volume(dtype, (31, 33, 36), SHEARED)
    mask = np.where(np.random.default_rng(8).random((8, 9, 9)) < 0.5, 255, 0).astype(np.uint8)
    mask = np.ascontiguousarray(mask.repeat(4, axis=0).repeat(4, axis=1).repeat(4, axis=2)[:31, :33, :36])
    layers, grid = Layers(volume, Layer(mask)), bricks(volume)
    picture = centred(volume, 41, 37, 0.77, turn, shift_mm=0.31)
    for thickness in (0.0, 7.0, None):
        if thickness is None:
            truth = plane.reference_projection(volume, picture, projection, layers=layers)
            made = plane.project(volume, picture, projection, bricks=grid, layers=layers)
            again = plane.project(volume, picture, projection, layers=layers)
        else:
            truth = plane.reference(volume, picture, projection, thickness, layers)
            made = plane.slab(volume, picture, projection, thickness, bricks=grid, layers=layers)
            again = plane.slab(volume, picture, projection, thickness, layers=layers)
        assert np.array_equal(made, again)  # bounds change no bit
        # float32 may judge a sample on the border otherwise: nearly all pixels agree, and those well.
        agree = (made == OUTSIDE) == (truth == OUTSIDE)
        close = np.abs(made - truth)[agree & (truth != OUTSIDE)] <= 1e-3 * 4095 + 1e-3
        assert agree.mean() > 0.995
        assert close.mean() > 0.98


def test_uneven_slices_are_masked_where_they_lie():
    volume = uneven()
    layers, picture = Layers(volume, Layer(half())), centred(volume, 41, 37, 0.77, (12, 8, 5))
    for projection in ("max", "mean"):
        truth = plane.reference_projection(volume, picture, projection, layers=layers)
        made = plane.project(volume, picture, projection, bricks=bricks(volume), layers=layers)
        both = (made != OUTSIDE) & (truth != OUTSIDE)
        assert ((made == OUTSIDE) == (truth == OUTSIDE)).mean() > 0.995
        assert (np.abs(made - truth)[both] < 1).mean() > 0.98


def test_a_mask_that_shows_everything_changes_no_projection():
    volume = random_volume(np.int16, (31, 33, 36), SHEARED)
    layers, grid = Layers(volume, Layer(np.full((31, 33, 36), 255, np.uint8))), bricks(volume)
    for turn in VIEWS:
        picture = centred(volume, 41, 37, 0.77, turn)
        for projection in ("max", "min"):
            plain = plane.project(volume, picture, projection, bricks=grid)
            assert np.abs(plane.project(volume, picture, projection, bricks=grid, layers=layers) - plain).max() < 0.2


def test_bricks_of_a_layer_are_its_extremes():
    layer = warmth()
    grid = bricks_of(layer)
    assert grid.lowest.dtype == np.uint8
    for brick in np.ndindex(*grid.highest.shape):
        region = layer[tuple(slice(4 * c, 4 * c + 5) for c in brick)]
        assert (grid.lowest[brick], grid.highest[brick]) == (region.min(), region.max())


def test_what_is_no_layer_is_refused():
    volume = smooth_volume(np.int16, SHAPE, SHEARED)
    for mask in (half((22, 24, 25)), half().astype(np.int16), half((44, 24, 26))[::2]):
        with pytest.raises(InvalidParameter, match="a layer"):
            Layers(volume, Layer(mask))
    with pytest.raises(InvalidParameter, match="tints"):
        Layers(volume, labels=Layer(some_labels()))
    with pytest.raises(InvalidParameter, match="table"):
        Layers(volume, labels=Layer(some_labels()), tints=tints() * 2)
    other = smooth_volume(np.int16, SHAPE, SHEARED)
    with pytest.raises(InvalidParameter, match="another volume"):
        picture = centred(volume, 4, 4, 1.0)
        rendering.volume_rendering(other, picture, WARM, bricks(other), 0.4, layers=Layers(volume, Layer(half())))
    with pytest.raises(InvalidParameter, match="another volume"):
        plane.slab(other, picture, "max", 5, layers=Layers(volume, Layer(half())))
