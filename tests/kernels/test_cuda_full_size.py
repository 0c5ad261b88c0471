"""The source that a card's threads run, at a hospital's size: compiled for the CPU, one lane at a time.

The per-pixel functions of `kernels.cuda` and the arguments of a real launch, against the CPU's sixteen lanes.
"""

from __future__ import annotations

from functools import cache
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba_cuda", reason="needs numba-cuda: `pip install '.[test]'`")

from numba import njit
from numpy.typing import NDArray

from clinical.phantoms.body import body
from kernels import bricks, curved, march, plane, rays, rendering, sampling
from kernels.cuda import curved as cuda_curved
from kernels.cuda import device
from kernels.cuda import plane as cuda_plane
from kernels.cuda import rendering as cuda_rendering
from kernels.cuda.check import curled, oblique, on_card
from kernels.lanes import OPTIONS, f32
from kernels.picture import Picture, band
from kernels.presets import PRESETS
from kernels.scalars import scalar_variant
from kernels.volume import Volume
from kernels.window import OUTSIDE
from tests.kernels.standin import Card

pytestmark = [pytest.mark.long, pytest.mark.slow]

SIDE = 512
compiled = njit(**OPTIONS)


@pytest.fixture(scope="module")
def volume() -> Volume:
    """The body phantom, 512 × 512 × 500."""
    array, (dx, dy, dz) = body(500, SIDE)
    return Volume(array, np.diag([dx, dy, dz, 1.0]))


@pytest.fixture(scope="module")
def uneven(volume: Volume) -> Volume:
    """The same slices at uneven places, with two holes."""
    gaps = np.tile((0.7, 1.0, 1.2), len(volume.array))[: len(volume.array) - 1]
    gaps[[170, 320]] = 4
    return Volume(volume.array, volume.affine, np.concatenate([[0], np.cumsum(gaps)]), (170, 320))


def arguments(monkeypatch: pytest.MonkeyPatch, picture: Any) -> tuple[Any, ...]:
    """What the kernel is launched with when `picture()` is made, in this machine's memory."""
    launched: list[tuple[Any, ...]] = []
    with monkeypatch.context() as patched:
        patched.setattr(device, "start", lambda function, grid, block, values: launched.append(_here(values)))
        picture()
    return launched[-1]


def _here(value: Any) -> Any:
    if isinstance(value, tuple):
        parts = [_here(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, np.ndarray):  # small tables are overwritten with zeros after the launch
        return np.array(value) if value.nbytes < 2**20 else value.view(np.ndarray)
    return value


def one_lane(function: Any, **formulas: Any) -> Any:
    """A per-pixel function of `kernels.cuda`, compiled for the CPU with the scalar reading of these formulas."""
    source = function.py_func
    readings = {name: scalar_variant(formula, compiled) for name, formula in formulas.items()}
    return compiled(FunctionType(source.__code__, {**source.__globals__, **readings}, source.__name__))


@cache
def planes() -> Any:
    return pixels(one_lane(cuda_plane.value, slab_ray=plane.slab_ray, kept=sampling.kept))


@cache
def curves() -> Any:
    return pixels(one_lane(cuda_curved.value, slab_ray=plane.slab_ray))


@cache
def renderings() -> Any:
    formulas = {"aim": rays.aim, "cut": rays.cut, "follow": march.march, "finished": march.finished}
    return pixels(one_lane(cuda_rendering.ray, **formulas))


def pixels(value: Any) -> Any:
    """Fill a picture pixel by pixel."""

    @compiled
    def run(values, out):
        for v in range(out.shape[0]):
            for u in range(out.shape[1]):
                out[v, u] = value(u, v, *values)

    return run


@pytest.mark.parametrize(
    ("name", "projection", "thickness_mm"),
    [("volume", "max", 0.0), ("volume", "max", 20.0), ("volume", "mean", 20.0), ("uneven", "max", 20.0)],
)
def test_planes_agree_within_a_thousandth_of_the_steepest_step(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    projection: plane.Projection,
    thickness_mm: float,
) -> None:
    volume = request.getfixturevalue(name)
    picture = oblique(volume, SIDE, SIDE, 0.8)
    there = on_card(volume, Card())
    launched = arguments(monkeypatch, lambda: plane.slab(there, picture, projection, thickness_mm))[:-2]
    values = (*launched[:3], None, *launched[3:])  # no mask
    out = np.empty((SIDE, SIDE), np.float32)
    planes()(values, out)
    truth = plane.slab(volume, picture, projection, thickness_mm)
    seen = truth != OUTSIDE
    assert 0.3 < seen.mean() < 1
    # A sample on the very edge may count in one and not in the other: float32 positions of two origins.
    assert ((out != OUTSIDE) != seen).mean() < 1e-4
    both = seen & (out != OUTSIDE)
    assert np.abs(out - truth)[both].max() <= 1e-3 * 4095
    if not thickness_mm:
        rows = slice(250, 262)
        part = plane.Picture(picture.origin + 250 * picture.down, picture.right, picture.down, SIDE, 12)
        reference = plane.reference(volume, part, "max", 0.0)
        inner = both[rows] & (reference != OUTSIDE)
        assert np.abs(out[rows] - reference)[inner].max() <= 1e-3 * 4095


@pytest.mark.parametrize(
    ("name", "projection", "thickness_mm"),
    [("volume", "max", 0.0), ("volume", "max", 20.0), ("volume", "mean", 20.0), ("uneven", "max", 20.0)],
)
def test_curved_pictures_agree_within_a_thousandth_of_the_steepest_step(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    projection: plane.Projection,
    thickness_mm: float,
) -> None:
    volume = request.getfixturevalue(name)
    picture = curled(volume, SIDE, SIDE, 0.8)
    there = on_card(volume, Card())
    values = arguments(monkeypatch, lambda: curved.reformat(there, picture, projection, thickness_mm))[:-1]
    out = np.empty((SIDE, SIDE), np.float32)
    curves()(values, out)
    truth = curved.reformat(volume, picture, projection, thickness_mm)
    seen = truth != OUTSIDE
    assert 0.3 < seen.mean() < 1
    # A sample on the very edge may count in one and not in the other: float32 positions of two origins.
    assert ((out != OUTSIDE) != seen).mean() < 1e-4
    assert np.abs(out - truth)[seen & (out != OUTSIDE)].max() <= 1e-3 * 4095


STILL, MOVING, DENSE = (0.7, rendering.STILL_EXIT, True), (1.4, rendering.MOVING_EXIT, False), (0.1, 1e-5, True)


@pytest.mark.parametrize(
    ("name", "preset", "how"),
    [
        ("volume", "ct_cta", STILL),
        ("volume", "ct_cta", MOVING),
        ("volume", "ct_skin", STILL),
        ("uneven", "ct_cta", STILL),
    ],
    ids=["cta", "cta moving", "skin", "cta uneven"],
)
def test_rendering_agrees_within_two_greys(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    preset: str,
    how: tuple[float, float, bool],
) -> None:
    """As they are used, and against steps of which every one is cut in pieces."""
    volume = request.getfixturevalue(name)
    function = PRESETS[preset]
    picture = oblique(volume, SIDE, SIDE, 0.9)
    grid = bricks.bricks(volume)
    card = Card()
    there = on_card(volume, card)
    host = grid.occupancy(function.table())
    there_too = host._replace(near=card.asarray(host.near), far=card.asarray(host.far))
    occupancy: Any = SimpleNamespace(occupancy=lambda table: there_too)
    launched = arguments(monkeypatch, lambda: rendering.volume_rendering(there, picture, function, occupancy, *how))
    *values, optics, _ = launched[:-1]

    def lanes(how: tuple[float, float, bool], picture: Picture = picture, **changes: Any) -> NDArray[np.float32]:
        *given, judged, layers = rendering.arguments(volume, picture, function, grid, *how)
        rgba, rgb = np.empty((SIDE, SIDE, 4), np.float32), np.empty((SIDE, SIDE, 3), np.uint8)
        rendering.spread_cpu(*given, judged._replace(**changes), layers, band(picture, None), rgb, rgba)
        return rgba

    def threads(**changes: Any) -> NDArray[np.float32]:
        out = np.empty((SIDE, SIDE, 4), np.float32)
        renderings()((*values, optics._replace(**changes), None), out)
        return out

    used = threads()
    assert used[..., 3].max() > 0.99
    apart = np.abs(used - lanes(how)).max(axis=-1)
    assert (apart > 2 / 255).mean() < (2e-5 if how is MOVING else 1e-9)
    # A ray may decide otherwise by a last bit: as one does in lanes that is a ten-thousandth of a millimetre beside it.
    for way in (*np.eye(3), *-np.eye(3)):
        beside = Picture(picture.origin + 1e-4 * way, picture.right, picture.down, SIDE, SIDE)
        apart = np.minimum(apart, np.abs(used - lanes(how, beside)).max(axis=-1))
    assert apart.max() <= 2 / 255
    # Neither is good because both are wrong: tenths of a millimetre, all cut in pieces, no early exit.
    dense = lanes(DENSE, weighty=f32(0), faint=f32(0))
    error = float(((used - dense) ** 2).mean())
    assert -10 * np.log10(error) > (35 if how is MOVING else 50)  # decibels
