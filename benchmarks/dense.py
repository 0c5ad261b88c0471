"""The pictures that ours are measured against: the formulas of `kernels/rendering.py` and of a maximum, plainly.

    C = ∫ τ(V(s)) c(s) T(s) ds,    T(s) = exp(−∫₀ˢ τ(V(t)) dt)
    c(s) = min(1, rgb(V) · (ka + kd·λ) + ks·λ²⁰),    λ = |∇V · n̂| / √(|∇V|² + g₀²)
    MIP = max over s of V(s)

Steps of a tenth of a millimetre with 2×2 sub-samples each (midpoint rule), no brick is skipped, nothing comes from a
cumulated table, and every sample that absorbs is lit by its own gradient: half the difference of the values one voxel
on and one voxel back, which is the trilinear interpolation of central differences. A ray ends when EARLY_EXIT of its
light is left. One ray a pixel, as in the pictures that are measured. Half as many samples change it by 64 dB or less.
Of the kernels it uses the arithmetic of lanes, none of their formulas. Only for even stacks without holes.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from benchmarks.views import View
from kernels.lane_memory import load, pair, ramp, store
from kernels.lanes import (
    LANES,
    OPTIONS,
    TILE_HEIGHT,
    TILE_WIDTH,
    absolute,
    any_lane,
    f32,
    i32,
    integer,
    maximum,
    minimum,
    real,
    splat,
    sqrt,
    where,
)
from kernels.picture import Picture
from kernels.transfer import TransferFunction
from kernels.volume import Volume

AMBIENT, DIFFUSE, SPECULAR, SPECULAR_POWER = 0.25, 0.75, 0.25, 20
STEP_MM = 0.1
SUB_SAMPLES = 4
EARLY_EXIT = 0.0005
NODES_PER_UNIT = 4  # of the tables: knots at whole values are nodes, so interpolation between nodes is exact
MOST = 1.2  # optical depth of one step for which the series below is good to 1e-6
MISSED = -1e9


def rendering(
    volume: Volume, view: View, side: int, transfer: TransferFunction, step_mm: float = STEP_MM
) -> NDArray[np.float32]:
    """The dense volume rendering, RGB 0 … 255 [side, side, 3], not rounded.

    Raises:
        ValueError: a step is too coarse for the transfer function, or the stack is uneven or has holes.
    """
    picture = view.picture(side)
    step_mm /= SUB_SAMPLES
    values = [value for value, _, _ in transfer.points]
    nodes = np.arange(values[0], values[-1] + 0.5 / NODES_PER_UNIT, 1 / NODES_PER_UNIT)
    rows = [transfer.extinction(nodes) * step_mm, *transfer.colour(nodes).T]
    table = np.array(rows, np.float32)
    if table[0].max() > MOST:
        raise ValueError(f"samples {step_mm} mm apart are too coarse for this transfer function")
    normal = volume.inverse @ picture.normal  # of a gradient per voxel, the part along the ray is its product with this
    axes = volume.inverse.astype(np.float32)
    out = np.empty((picture.height, picture.width, 3), np.float32)
    rays = _rays(volume, picture, step_mm)
    optics = (f32(transfer.flat_gradient**2 + 1e-6), axes, normal.astype(np.float32))
    _render(volume.voxels, volume.size, rays, table, f32(nodes[0]), optics, out)
    return out * np.float32(255)


def mip(
    volume: Volume, view: View, side: int, window: tuple[float, float], step_mm: float = STEP_MM
) -> NDArray[np.float32]:
    """The dense maximum through the whole volume, grey 0 … 255 [side, side], not rounded; window: centre, width.

    Without sub-samples, which a maximum does not need.
    """
    picture = view.picture(side)
    out = np.empty((picture.height, picture.width), np.float32)
    _mip(volume.voxels, volume.size, _rays(volume, picture, step_mm), out)
    low, width = window[0] - window[1] / 2, window[1]
    return np.asarray(np.clip((out - low) / width, 0, 1) * 255)


def _rays(volume: Volume, picture: Picture, step_mm: float) -> NDArray[np.float64]:
    """Rows origin, right, down, step in index coordinates; step 0 begins where the nearest corner lies."""
    if volume.places is not None or volume.holes:
        raise ValueError("the dense driver knows even stacks without holes only")
    nearest = ((volume.corners_mm - picture.origin) @ picture.normal).min()
    origin = volume.to_index(picture.origin + nearest * picture.normal)
    vectors = np.stack([picture.right, picture.down, picture.normal * step_mm]) @ volume.inverse.T
    return np.vstack([origin, np.where(np.abs(vectors) < 1e-9, 0.0, vectors)])


@njit(forceinline=True, **OPTIONS)
def _value(voxels, size, x, y, z):
    """Trilinear; beyond the border its voxels go on."""
    nx, ny, nz = size
    x = minimum(maximum(x, f32(0)), f32(nx - 1))
    y = minimum(maximum(y, f32(0)), f32(ny - 1))
    z = minimum(maximum(z, f32(0)), f32(nz - 1))
    ix = minimum(integer(x), i32(nx - 2))
    iy = minimum(integer(y), i32(ny - 2))
    iz = minimum(integer(z), i32(nz - 2))
    fx, fy, fz = x - real(ix), y - real(iy), z - real(iz)
    index = ix + (iy + iz * i32(ny)) * i32(nx)
    a0, a1 = pair(voxels, 0, index)
    b0, b1 = pair(voxels, nx, index)
    c0, c1 = pair(voxels, nx * ny, index)
    d0, d1 = pair(voxels, nx * ny + nx, index)
    near = (a0 * (f32(1) - fx) + a1 * fx) * (f32(1) - fy) + (b0 * (f32(1) - fx) + b1 * fx) * fy
    far = (c0 * (f32(1) - fx) + c1 * fx) * (f32(1) - fy) + (d0 * (f32(1) - fx) + d1 * fx) * fy
    return near * (f32(1) - fz) + far * fz


@njit(forceinline=True, **OPTIONS)
def _within(first, last, start, step, top):
    """Cut first … last, in steps, to where 0 ≤ start + t·step ≤ top."""
    if step == f32(0):
        out = (start < f32(0)) | (start > top)
        return first, where(out, f32(MISSED), last)
    a, b = (f32(0) - start) / step, (top - start) / step
    return maximum(first, minimum(a, b)), minimum(last, maximum(a, b))


@njit(forceinline=True, **OPTIONS)
def _tile(size, rays, row, column):
    """The rays of one tile: start, step, and at which steps they enter and leave the box of voxel centres."""
    at = rays[0] + column * rays[1] + row * rays[2]
    x = ramp(f32(at[0]), f32(rays[1, 0]), f32(rays[2, 0]))
    y = ramp(f32(at[1]), f32(rays[1, 1]), f32(rays[2, 1]))
    z = ramp(f32(at[2]), f32(rays[1, 2]), f32(rays[2, 2]))
    dx, dy, dz = f32(rays[3, 0]), f32(rays[3, 1]), f32(rays[3, 2])
    first, last = splat(f32(0), x), splat(f32(1e9), x)
    first, last = _within(first, last, x, dx, f32(size[0] - 1))
    first, last = _within(first, last, y, dy, f32(size[1] - 1))
    first, last = _within(first, last, z, dz, f32(size[2] - 1))
    return x, y, z, dx, dy, dz, first, last


@njit(forceinline=True, **OPTIONS)
def _row_of(number, height):
    """The tile row that comes at `number`: threads get consecutive numbers, and each a share of top and bottom."""
    count = (height + TILE_HEIGHT - 1) // TILE_HEIGHT
    upper = (count + 1) // 2
    return TILE_HEIGHT * (number // 2 + (number % 2) * upper)


@njit(forceinline=True, **OPTIONS)
def _bounds(first, last, buffer):
    """The whole steps that any ray of the tile needs."""
    store(first, buffer, 0)
    store(last, buffer, LANES)
    begin, end = 1e9, -1e9
    for lane in range(LANES):
        if buffer[lane] < buffer[LANES + lane]:
            begin, end = min(begin, float(buffer[lane])), max(end, float(buffer[LANES + lane]))
    return int(begin), int(end) + 1


@njit(parallel=True, cache=True, **OPTIONS)
def _mip(voxels, size, rays, out):
    height, width = out.shape
    for number in prange((height + TILE_HEIGHT - 1) // TILE_HEIGHT):
        buffer = np.empty(2 * LANES, np.float32)
        row = _row_of(number, height)
        for column in range(0, width, TILE_WIDTH):
            x, y, z, dx, dy, dz, first, last = _tile(size, rays, row, column)
            begin, end = _bounds(first, last, buffer)
            best = splat(f32(MISSED), x)
            for k in range(begin, end):
                t0, t1 = maximum(first, f32(k)), minimum(last, f32(k + 1))
                t = (t0 + t1) * f32(0.5)
                value = _value(voxels, size, x + t * dx, y + t * dy, z + t * dz)
                best = where(t1 > t0, maximum(best, value), best)
            store(best, buffer, 0)
            for lane in range(LANES):
                v, u = row + lane // TILE_WIDTH, column + lane % TILE_WIDTH
                if v < height and u < width:
                    out[v, u] = buffer[lane]


@njit(forceinline=True, **OPTIONS)
def _between(table, channel, node, f):
    a = load(table[channel], 0, node)
    return a + f * (load(table[channel], 0, node + i32(1)) - a)


@njit(forceinline=True, **OPTIONS)
def _light(voxels, size, x, y, z, optics):
    """λ at lanes of positions."""
    flat, axes, normal = optics
    one = f32(1)
    gx = (_value(voxels, size, x + one, y, z) - _value(voxels, size, x - one, y, z)) * f32(0.5)
    gy = (_value(voxels, size, x, y + one, z) - _value(voxels, size, x, y - one, z)) * f32(0.5)
    gz = (_value(voxels, size, x, y, z + one) - _value(voxels, size, x, y, z - one)) * f32(0.5)
    px = gx * axes[0, 0] + gy * axes[1, 0] + gz * axes[2, 0]
    py = gx * axes[0, 1] + gy * axes[1, 1] + gz * axes[2, 1]
    pz = gx * axes[0, 2] + gy * axes[1, 2] + gz * axes[2, 2]
    along = gx * normal[0] + gy * normal[1] + gz * normal[2]
    return absolute(along) / sqrt(px * px + py * py + pz * pz + flat)


@njit(parallel=True, cache=True, **OPTIONS)
def _render(voxels, size, rays, table, low, optics, out):
    height, width = out.shape[0], out.shape[1]
    one = f32(1)
    for number in prange((height + TILE_HEIGHT - 1) // TILE_HEIGHT):
        buffer = np.empty(3 * LANES, np.float32)
        row = _row_of(number, height)
        for column in range(0, width, TILE_WIDTH):
            x, y, z, dx, dy, dz, first, last = _tile(size, rays, row, column)
            begin, end = _bounds(first, last, buffer)
            light = splat(one, x)
            red, green, blue = splat(f32(0), x), splat(f32(0), x), splat(f32(0), x)
            for k in range(begin, end):
                t0, t1 = maximum(first, f32(k)), minimum(last, f32(k + 1))
                t = (t0 + t1) * f32(0.5)
                px, py, pz = x + t * dx, y + t * dy, z + t * dz
                place = (_value(voxels, size, px, py, pz) - low) * f32(NODES_PER_UNIT)
                place = minimum(maximum(place, f32(0)), f32(table.shape[1] - 1))
                node = minimum(integer(place), i32(table.shape[1] - 2))
                f = place - real(node)
                depth = _between(table, 0, node, f) * (t1 - t0)
                absorbs = (depth > f32(0)) & (t1 > t0) & (light > f32(EARLY_EXIT))
                if any_lane(absorbs):
                    lit = _light(voxels, size, px, py, pz, optics)
                    factor = lit * f32(DIFFUSE) + f32(AMBIENT)
                    lit4 = lit * lit * lit * lit
                    lit8 = lit4 * lit4
                    highlight = lit8 * lit8 * lit4 * f32(SPECULAR)
                    series = splat(one, x)  # of (1 − exp(−d)) / d
                    for n in range(9, 1, -1):
                        series = one - depth * series * f32(one / f32(n))
                    weight = where(absorbs, light * depth * series, f32(0))
                    red = red + weight * minimum(_between(table, 1, node, f) * factor + highlight, one)
                    green = green + weight * minimum(_between(table, 2, node, f) * factor + highlight, one)
                    blue = blue + weight * minimum(_between(table, 3, node, f) * factor + highlight, one)
                    light = light - weight
                elif not any_lane((light > f32(EARLY_EXIT)) & (t1 < last)):
                    break
            store(red, buffer, 0)
            store(green, buffer, LANES)
            store(blue, buffer, 2 * LANES)
            for lane in range(LANES):
                v, u = row + lane // TILE_WIDTH, column + lane % TILE_WIDTH
                if v < height and u < width:
                    for channel in range(3):
                        out[v, u, channel] = buffer[channel * LANES + lane]
