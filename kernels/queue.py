"""What waits to be lit, on the CPU: light is reckoned for sixteen at once, whichever rays of a block they belong to.

Of the rays of a packet that meet a surface less than half do so in the same step; lit at once, the other lanes would
idle through the dearest part of the work. Here every lane that has something to light leaves it in a queue, and full
batches are lit when it fills, and what is left at the end of the block. In which order a ray's parts are added depends
on the other rays of its block, and on nothing else; its sum differs from the scalar reading by rounding alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from kernels.lane_memory import append, count_lanes, load, store, vector
from kernels.lanes import INNER, LANES, PURE, f32, splat
from kernels.light import surface, veil
from kernels.tiles import BLOCK

DEPTH = 512  # of each queue; a packet adds up to LANES at a time
RAYS = BLOCK * BLOCK


class Sink(NamedTuple):
    """The queues of one block. Columns are DEPTH apart, or RAYS apart."""

    directions: NDArray[np.float32]  # [3 · RAYS]: x, y, z of each ray of the block; parallel rays share the first
    veils: NDArray[np.float32]  # [7 · DEPTH]: where it is, x, y, z; weight, red, green, blue
    veil_rays: NDArray[np.int32]  # [DEPTH]
    surfaces: NDArray[np.float32]  # [5 · DEPTH]: where it begins, x, y, z; its way, light before it
    surface_rays: NDArray[np.int32]  # [DEPTH]
    state: NDArray[np.int32]  # how many veils and surfaces, first and last slice of their section, 1: parallel rays
    light: NDArray[np.float32]  # [3 · RAYS]: red, green and blue of each ray so far
    scratch: NDArray[np.float32]  # [3 · LANES]


@njit(forceinline=True, **INNER)
def new_sink():
    """An empty one, for one block."""
    return Sink(
        np.zeros(3 * RAYS, np.float32),
        np.zeros(7 * DEPTH, np.float32),
        np.zeros(DEPTH, np.int32),
        np.zeros(5 * DEPTH, np.float32),
        np.zeros(DEPTH, np.int32),
        np.zeros(5, np.int32),
        np.zeros(3 * RAYS, np.float32),
        np.empty(3 * LANES, np.float32),
    )


@njit(forceinline=True, **PURE)
def _direction(sink, numbers, like):
    """The directions of these rays."""
    directions = sink.directions
    if sink.state[4] != 0:
        return splat(directions[0], like), splat(directions[RAYS], like), splat(directions[2 * RAYS], like)
    return load(directions, 0, numbers), load(directions, RAYS, numbers), load(directions, 2 * RAYS, numbers)


@njit(forceinline=True, **PURE)
def put_directions(sink, numbers, dx, dy, dz, is_parallel):
    """Remember the directions of a packet's rays, which have these numbers in their block."""
    scratch, directions = sink.scratch, sink.directions
    sink.state[4] = 1 if is_parallel else 0
    store(dx, scratch, 0)
    store(dy, scratch, LANES)
    store(dz, scratch, 2 * LANES)
    for lane in range(1 if is_parallel else LANES):
        ray = 0 if is_parallel else numbers[lane]
        directions[ray] = scratch[lane]
        directions[RAYS + ray] = scratch[LANES + lane]
        directions[2 * RAYS + ray] = scratch[2 * LANES + lane]


@njit(forceinline=True, **PURE)
def add_light(sink, numbers, at, count, red, green, blue):
    """Add what `count` lanes returned to the rays numbers[at], numbers[at + 1], …"""
    scratch, light = sink.scratch, sink.light
    store(red, scratch, 0)
    store(green, scratch, LANES)
    store(blue, scratch, 2 * LANES)
    for lane in range(count):
        ray = 3 * numbers[at + lane]
        light[ray] += scratch[lane]
        light[ray + 1] += scratch[LANES + lane]
        light[ray + 2] += scratch[2 * LANES + lane]


@njit(forceinline=True, **PURE)
def _fill(columns, rays, at, count):
    """Repeat the first of a batch in the lanes it has too many: what lay there must not decide how others are read."""
    for i in range(count, at + LANES):
        rays[i] = rays[at]
        for column in range(0, columns.size, DEPTH):
            columns[column + i] = columns[column + at]


@njit(forceinline=True, **PURE)
def _forget(columns, rays, at, count):
    """Move what waits from `at` on to the front, and say how much that is."""
    left = count - at
    for i in range(left):
        rays[i] = rays[at + i]
        for column in range(0, columns.size, DEPTH):
            columns[column + i] = columns[column + at + i]
    return left


@njit(**PURE)
def light_veils(sink, array, size, slices, optics, everything):
    """Light full batches, or everything; what is left moves to the front."""
    count, ends = sink.state[0], (sink.state[2], sink.state[3])
    veils, at = sink.veils, 0
    while at + LANES <= count or (everything and at < count):
        batch = min(LANES, count - at)
        _fill(veils, sink.veil_rays, at, count)
        numbers = vector(sink.veil_rays, at)
        x, y, z = vector(veils, at), vector(veils, DEPTH + at), vector(veils, 2 * DEPTH + at)
        weight = vector(veils, 3 * DEPTH + at)
        red, green, blue = vector(veils, 4 * DEPTH + at), vector(veils, 5 * DEPTH + at), vector(veils, 6 * DEPTH + at)
        dx, dy, dz = _direction(sink, numbers, x)
        lit = veil(array, size, slices, ends, x, y, z, dx, dy, dz, optics, weight, red, green, blue)
        add_light(sink, sink.veil_rays, at, batch, lit[0], lit[1], lit[2])
        at += batch
    sink.state[0] = _forget(veils, sink.veil_rays, at, count)


@njit(**PURE)
def light_surfaces(sink, array, size, slices, table, optics, layers, everything):
    """The same for surfaces."""
    count, ends = sink.state[1], (sink.state[2], sink.state[3])
    surfaces, at = sink.surfaces, 0
    while at + LANES <= count or (everything and at < count):
        batch = min(LANES, count - at)
        _fill(surfaces, sink.surface_rays, at, count)
        numbers = vector(sink.surface_rays, at)
        x, y, z = vector(surfaces, at), vector(surfaces, DEPTH + at), vector(surfaces, 2 * DEPTH + at)
        way, through = vector(surfaces, 3 * DEPTH + at), vector(surfaces, 4 * DEPTH + at)
        dx, dy, dz = _direction(sink, numbers, x)
        lit = surface(array, size, slices, ends, x, y, z, dx, dy, dz, table, optics, layers, way, through)
        add_light(sink, sink.surface_rays, at, batch, lit[0], lit[1], lit[2])
        at += batch
    sink.state[1] = _forget(surfaces, sink.surface_rays, at, count)


@njit(**PURE)
def _begin_section(sink, array, size, slices, ends, table, optics, layers):
    """Gradients end with their section: what waits from another one is lit first."""
    light_veils(sink, array, size, slices, optics, True)
    light_surfaces(sink, array, size, slices, table, optics, layers, True)
    sink.state[2], sink.state[3] = ends


@njit(forceinline=True, **PURE)
def lit_veil(sink, ray, on, array, size, slices, ends, x, y, z, dx, dy, dz, table, optics, layers, weight, r, g, b):
    """Leave the lanes `on` to be lit later; what is lit at once is black."""
    if sink.state[2] != ends[0] or sink.state[3] != ends[1]:
        _begin_section(sink, array, size, slices, ends, table, optics, layers)
    at = sink.state[0]
    append(x, on, sink.veils, at)
    append(y, on, sink.veils, DEPTH + at)
    append(z, on, sink.veils, 2 * DEPTH + at)
    append(weight, on, sink.veils, 3 * DEPTH + at)
    append(r, on, sink.veils, 4 * DEPTH + at)
    append(g, on, sink.veils, 5 * DEPTH + at)
    append(b, on, sink.veils, 6 * DEPTH + at)
    append(ray, on, sink.veil_rays, at)
    sink.state[0] = at + count_lanes(on)
    if sink.state[0] > DEPTH - LANES:
        light_veils(sink, array, size, slices, optics, False)
    black = splat(f32(0), weight)
    return black, black, black


@njit(forceinline=True, **PURE)
def lit_surface(sink, ray, on, array, size, slices, ends, x, y, z, dx, dy, dz, table, optics, layers, way, through):
    """Leave the lanes `on` to be lit later; what is lit at once is black."""
    if sink.state[2] != ends[0] or sink.state[3] != ends[1]:
        _begin_section(sink, array, size, slices, ends, table, optics, layers)
    at = sink.state[1]
    append(x, on, sink.surfaces, at)
    append(y, on, sink.surfaces, DEPTH + at)
    append(z, on, sink.surfaces, 2 * DEPTH + at)
    append(way, on, sink.surfaces, 3 * DEPTH + at)
    append(through, on, sink.surfaces, 4 * DEPTH + at)
    append(ray, on, sink.surface_rays, at)
    sink.state[1] = at + count_lanes(on)
    if sink.state[1] > DEPTH - LANES:
        light_surfaces(sink, array, size, slices, table, optics, layers, False)
    black = splat(f32(0), way)
    return black, black, black
