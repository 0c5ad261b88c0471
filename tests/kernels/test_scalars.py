"""The source a CUDA thread will run, compiled for one lane and compared with the picture the lanes give."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numba import njit

from kernels import image, march, plane, rays, rendering, sampling, scalars, window
from kernels.bricks import bricks
from kernels.clip import Box
from kernels.lanes import OPTIONS, SHARED, f32
from kernels.samples import MODES, projection_samples, slab_samples
from kernels.scalars import PRIMITIVES, scalar_variant
from kernels.volume import Volume
from tests.kernels.grids import DTYPES, SHEARED, centred, random_volume, rotation, smooth_volume

pytestmark = pytest.mark.long

compiled = njit(**OPTIONS)


def test_every_primitive_of_the_formulas_has_a_scalar_reading():
    from kernels import lane_memory, lanes

    only_for_drivers = {"ramp", "store", "store_bytes", "vector", "append", "count_lanes", "tile_numbers", "shared"}
    names = {name for function in SHARED for name in function.py_func.__code__.co_names}
    used = {name for name in names if hasattr(lanes, name) or hasattr(lane_memory, name)}
    constants = {"f32", "i32", "LANES", "TILE_WIDTH", "TILE_HEIGHT"}
    assert used - constants <= set(PRIMITIVES)
    assert not used & only_for_drivers


def test_the_scalar_reading_calls_nothing_of_the_lanes():
    found = {}
    scalar_variant(march.march, lambda function: function, found)
    for source in found.values():
        names = {source.__globals__.get(name) for name in source.__code__.co_names if name in PRIMITIVES}
        assert names <= set(PRIMITIVES.values())
    assert sampling.value_and_gradient in found


def test_the_scalar_reading_runs_as_plain_python():
    """As under CUDA's simulator, where a decorator must leave functions as they are."""
    value = scalar_variant(sampling.trilinear, lambda function: function)
    array = np.arange(27, dtype=np.int16)
    assert value(array, (3, 3, 3), f32(0.5), f32(1), f32(1.5)) == pytest.approx(0.5 + 3 + 13.5)


@cache
def slabs():
    """A picture of single lanes; compiled once for each type of voxels."""
    ray, kept = scalar_variant(plane.slab_ray, compiled), scalar_variant(sampling.kept, compiled)

    @njit(**OPTIONS)
    def run(array, size, slices, mask, grid, depths, axis, count, reach, has_borders, mode, out):  # noqa: PLR0917
        for v in range(out.shape[0]):
            for u in range(out.shape[1]):
                x = f32(grid[0, 0] + u * grid[1, 0] + v * grid[2, 0])
                y = f32(grid[0, 1] + u * grid[1, 1] + v * grid[2, 1])
                z = f32(grid[0, 2] + u * grid[1, 2] + v * grid[2, 2])
                dx, dy, dz = f32(grid[3, 0]), f32(grid[3, 1]), f32(grid[3, 2])
                k = grid[4, 0] + u * grid[4, 1] + v * grid[4, 2]
                near, far = f32(k - reach), f32(k + reach)
                for i in range(depths.shape[0]):
                    depth = f32(depths[i, 0] + u * depths[i, 1] + v * depths[i, 2])
                    near, far = kept(depth, f32(depths[i, 3]), near, far)
                out[v, u] = ray(
                    array, size, slices, mask, axis, x, y, z, dx, dy, dz, count, near, far, has_borders, mode
                )

    return run


@cache
def renderings():
    """The same of volume rendering."""
    aim, cut, follow, finished = (
        scalar_variant(f, compiled) for f in (rays.aim, rays.cut, march.march, march.finished)
    )

    @njit(**OPTIONS)
    def run(array, size, slices, camera, view, occupancy, table, optics, layers, out):  # noqa: PLR0917
        o, r, d = camera.origin, camera.right, camera.down
        for v in range(out.shape[0]):
            for u in range(out.shape[1]):
                x = f32(o[0] + u * r[0] + v * d[0])
                y = f32(o[1] + u * r[1] + v * d[1])
                z = f32(o[2] + u * r[2] + v * d[2])
                x, y, z, dx, dy, dz, path = aim(view, optics, size, x, y, z)
                near, far = cut(view, x, y, z, dx, dy, dz)
                red, green, blue, through = follow(
                    array, size, slices, x, y, z, dx, dy, dz, path, near, far, occupancy, table, optics, layers, 0, 0
                )
                out[v, u] = finished(red, green, blue, through, optics.early_exit)

    return run


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("places", "holes"), [(None, ()), ((0, 1, 2, 2.125, 2.5, 4, 5, 9, 10.25), (0, 6))])
def test_slabs_and_projections_of_single_lanes_equal_the_packets(dtype, places, holes):
    volume = Volume(random_volume(dtype, (9, 7, 11), SHEARED).array, SHEARED, places, holes)
    run = slabs()
    for turn in ((20, -35, 50), (71, 10, 5), (-80, 170, 12), (4, 95, 30)):
        picture = centred(volume, 37, 31, 0.31, turn)
        clip = Box(volume.centre_mm, rotation(turn[::-1]), (2.5, 3.1, 4.7)).half_spaces
        for projection, mode in MODES.items():
            for samples, values in (
                (slab_samples(volume, picture, projection, 4), plane.slab(volume, picture, projection, 4)),
                (projection_samples(volume, picture, projection), plane.project(volume, picture, projection)),
                (
                    projection_samples(volume, picture, projection, clip),
                    plane.project(volume, picture, projection, clip=clip),
                ),
            ):
                out = np.empty((31, 37), np.float32)
                voxels = (volume.voxels, volume.size, volume.slices, None)
                counted = (samples.axis, samples.total, samples.reach, samples.reach < sampling.FAR, mode)
                run(*voxels, samples.grid, samples.depths, *counted, out)
                same = (values == window.OUTSIDE) == (out == window.OUTSIDE)
                assert same.mean() > 0.99
                assert (np.abs(values - out)[same & (out != window.OUTSIDE)] > 1e-3 * 4095).mean() < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("holes", [None, (), (4, 11)])
def test_rendering_of_single_rays_equals_the_packets(dtype, holes):
    """Within 2/255: every ray decides alone how finely to step, in a packet too."""
    volume = smooth_volume(dtype, (19, 17, 23), SHEARED)
    if holes is not None:
        places = np.cumsum(np.random.default_rng(2).choice([0.4, 1, 1.5], 19))
        volume = Volume(volume.array, SHEARED, places - places[0], holes)
    picture = centred(volume, 45, 39, 0.4, (40, -25, 70))
    from tests.kernels.test_rendering import WARM

    grid = bricks(volume)
    out = np.empty((39, 45, 4), np.float32)
    renderings()(*rendering.arguments(volume, picture, WARM, grid, 0.5, 0.002, True), out)
    values = rendering.volume_rendering_rgba(volume, picture, WARM, grid, 0.5, 0.002)
    assert values[..., 3].max() > 0.9
    assert np.abs(values - out).max() <= 2 / 255


@pytest.mark.slow
def test_grey_levels_and_images_of_single_lanes_equal_the_packets():
    grey = scalar_variant(window.grey, compiled)
    pixel = scalar_variant(image.pixel, compiled)
    frame = np.random.default_rng(4).integers(0, 4000, (13, 17)).astype(np.uint16)
    matrix = np.array([[0.4, 0.1, 2.0], [-0.1, 0.5, 3.0]])
    values = image.sample(frame, matrix, 23, 19)
    greys = window.window(np.where(values == window.OUTSIDE, np.float32(-5), values), 2000, 3000)
    axes = tuple(f32(matrix[i, j]) for j in (0, 1) for i in (0, 1))
    for v, u in ((0, 0), (7, 11), (18, 22), (10, 3)):
        x, y = (f32(a[0] * u + a[1] * v + a[2]) for a in matrix)
        value, count = pixel(frame.reshape(-1), 17, 13, 1, 0, x, y, axes, 1)
        assert (count > 0) == (values[v, u] != window.OUTSIDE)
        if count > 0:
            assert value == pytest.approx(values[v, u], abs=1)
            assert abs(grey(f32(values[v, u]), f32(1999.5), f32(1 / 2999), False, False) - greys[v, u]) <= 1


def test_scalars_say_what_lanes_say_of_numbers():
    assert scalars.minimum(2, 3) == 2
    assert scalars.where(False, 1, 4) == 4
    assert scalars.floor(f32(-1.5)) == -2
    assert scalars.ceil(f32(-1.5)) == -1
    assert scalars.integer(f32(-1.5)) == -1
    assert scalars.pair(np.array([7, 8, 9], np.int16), 1, 0) == (8, 9)


def layers_over(volume):
    """A mask, labels and heat over a small volume."""
    from tests.kernels.test_layers import layers_of

    return layers_of(volume, "mask", "labels", "heat")


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
def test_layers_of_single_rays_equal_the_packets(dtype):
    volume = smooth_volume(dtype, (19, 17, 23), SHEARED)
    layers, picture, grid = layers_over(volume), centred(volume, 45, 39, 0.4, (40, -25, 70)), bricks(volume)
    from tests.kernels.test_rendering import WARM

    out = np.empty((39, 45, 4), np.float32)
    renderings()(*rendering.arguments(volume, picture, WARM, grid, 0.5, 0.002, True, layers=layers), out)
    values = rendering.volume_rendering_rgba(volume, picture, WARM, grid, 0.5, 0.002, layers=layers)
    plain = rendering.volume_rendering_rgba(volume, picture, WARM, grid, 0.5, 0.002)
    assert np.abs(values - plain).max() > 0.1
    assert np.abs(values - out).max() <= 2 / 255


@pytest.mark.slow
@pytest.mark.parametrize("dtype", DTYPES)
def test_masks_of_single_lanes_equal_the_packets(dtype):
    volume = random_volume(dtype, (19, 17, 23), SHEARED)
    layers, run = layers_over(volume), slabs()
    picture = centred(volume, 37, 31, 0.41, (20, -35, 50))
    for projection, mode in MODES.items():
        for samples, values in (
            (slab_samples(volume, picture, projection, 4), plane.slab(volume, picture, projection, 4, layers=layers)),
            (
                projection_samples(volume, picture, projection),
                plane.project(volume, picture, projection, layers=layers),
            ),
        ):
            out = np.empty((31, 37), np.float32)
            voxels = (volume.voxels, volume.size, volume.slices, layers.tables.mask)
            counted = (samples.axis, samples.total, samples.reach, samples.reach < sampling.FAR, mode)
            run(*voxels, samples.grid, samples.depths, *counted, out)
            same = (values == window.OUTSIDE) == (out == window.OUTSIDE)
            assert same.mean() > 0.99
            assert (np.abs(values - out)[same & (out != window.OUTSIDE)] > 1e-3 * 4095).mean() < 0.02
