"""The dense driver, which judges pictures, against numpy, the law of absorption and formulas with a known answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from benchmarks import dense
from benchmarks.views import VIEWS, centred
from kernels.rendering import reference
from kernels.transfer import TransferFunction

SPACING = (0.7, 0.9, 1.3)
WARM = TransferFunction(((50.0, (0.2, 0.1, 0.1), 0.0), (150.0, (0.9, 0.3, 0.2), 0.3), (400.0, (1.0, 1.0, 0.9), 0.8)))
SIDE = 21


def small(view):
    """The view so near that a volume of a few centimetres fills it."""
    return replace(view, half_mm=16.0, centre=np.zeros(3))


def ball(shape=(19, 27, 31)):
    """A soft ball of 0 to 400 with a rim that WARM makes opaque."""
    z, y, x = np.indices(shape).astype(float)
    q = sum(((c - (n - 1) / 2) / (n / 2)) ** 2 for c, n in zip((z, y, x), shape, strict=True))
    return centred((400 * np.exp(-3 * q)).astype(np.int16), SPACING)


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_it_agrees_with_the_float64_reference(view):
    volume, near = ball(), small(view)
    picture = dense.rendering(volume, near, SIDE, WARM, 0.2)
    truth = reference(volume, near.picture(SIDE), WARM, 0.05)[..., :3] * 255
    assert truth.max() > 100
    # What is left: the last half thousandth of the light.
    assert np.abs(picture - truth).max() < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_constant_volume_absorbs_by_its_length(view):
    """Without a gradient only ambient light is left: rgb · ka · (1 − exp(−τL))."""
    tau, shape = 0.05, (19, 27, 31)
    volume = centred(np.full(shape, 200, np.int16), SPACING)
    grey = TransferFunction(((100.0, (0.8, 0.8, 0.8), tau), (300.0, (0.8, 0.8, 0.8), tau)))
    near = small(view)
    picture = near.picture(SIDE)
    v, u = np.mgrid[:SIDE, :SIDE]
    points = picture.origin + u[..., None] * picture.right + v[..., None] * picture.down
    half = np.array([(n - 1) / 2 * s for n, s in zip(shape[::-1], SPACING, strict=True)])
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.stack([-half - points, half - points]) / near.direction
    length = np.clip(np.nanmin(t.max(axis=0), axis=-1) - np.nanmax(t.min(axis=0), axis=-1), 0, None)
    beside = (np.abs(near.direction) < 1e-12) & (np.abs(points) > half)
    length[beside.any(axis=-1)] = 0
    truth = 255 * 0.8 * 0.25 * (1 - np.exp(-tau * length))
    assert (length == 0).any() and length.max() > 15
    assert np.abs(dense.rendering(volume, near, SIDE, grey, 0.4)[..., 0] - truth).max() < 0.05


@pytest.mark.slow
def test_a_slope_is_lit_by_its_angle():
    """A gradient of 100 per mm along x: λ = |cos| · 100 / √(100² + g₀²), on the surface of an opaque wall."""
    x = np.arange(61)
    volume = centred(np.ascontiguousarray(np.broadcast_to(50 * x, (41, 51, 61))).astype(np.int16), (0.5, 0.5, 0.5))
    opaque = TransferFunction(((-9000.0, (0.5, 0.5, 0.5), 7.0), (9000.0, (0.5, 0.5, 0.5), 7.0)), flat_gradient=40.0)
    view = small(VIEWS[1])
    lit = abs(view.direction[0]) * 100 / np.hypot(100, 40)
    truth = 255 * (0.5 * (0.25 + 0.75 * lit) + 0.25 * lit**20)
    middle = dense.rendering(volume, view, 33, opaque, 0.4)[16, 16]
    assert np.abs(middle - truth).max() < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_maximum_is_that_of_numpy_s_samples(view):
    volume, near = ball(), small(view)
    picture = near.picture(SIDE)
    depths = np.arange(-40, 40, 0.05)
    v, u = np.mgrid[:SIDE, :SIDE]
    points = picture.origin + u[..., None] * picture.right + v[..., None] * picture.down
    index = volume.to_index(points + depths[:, None, None, None] * near.direction)
    inside = ((index >= 0) & (index <= volume.last)).all(axis=-1)
    values = map_coordinates(volume.array.astype(float), np.moveaxis(index[..., ::-1], -1, 0), order=1)
    truth = np.where(inside, values, -1000).max(axis=0)
    grey = np.clip((truth + 200) / 1000, 0, 1) * 255
    found = dense.mip(volume, near, SIDE, (300.0, 1000.0), 0.05)
    edge = inside.sum(axis=0) < 20  # a ray that only grazes the box
    assert (~edge).mean() > 0.2
    assert np.abs(found - grey)[~edge].max() < 0.3
    assert (found[~inside.any(axis=0)] == 0).all()


def test_steps_that_its_series_is_not_made_for_are_refused():
    with pytest.raises(ValueError, match="too coarse"):
        dense.rendering(ball(), small(VIEWS[0]), 4, WARM, 20.0)
