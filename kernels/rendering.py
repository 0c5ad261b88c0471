"""Volume rendering: emission and absorption along parallel rays, front to back, lit from the viewer.

    C = ∫ τ(V(s)) c(s) T(s) ds,    T(s) = exp(−∫₀ˢ τ(V(t)) dt),    α = 1 − T(end)
    c(s) = rgb(V) · (ka + kd·λ) + ks·λ²⁰,    λ = |∇V · n̂| / √(|∇V|² + g₀²)       ka, kd, ks = 0.25, 0.75, 0.25

n̂ is the viewing direction (headlight, two-sided), so the half vector of Blinn's highlight is n̂ too; g₀ keeps flat,
noisy regions from glittering and is part of the transfer function.
Source: Max, "Optical models for direct volume rendering", 1995, eq. 5 (emission and absorption); Blinn 1977 (the
highlight); the marching recipe is our own and measured, see march.py.
Axes: see volume.py. The ray is the part between the outermost voxel centres, of a stack with holes that of each section
without one; its first and last steps are partial and weigh what they measure. The grid of steps is fixed to the volume,
not to the picture plane.
Tolerance: against `reference`, which takes dense steps, a mean error of 2/255 for smooth functions at half a voxel.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.arrays import driver, on_device
from kernels.bricks import SHIFT, Bricks
from kernels.errors import InvalidParameter
from kernels.lanes import LANES, OPTIONS, TILE_HEIGHT, TILE_WIDTH, f32, ramp, store
from kernels.march import AMBIENT, DIFFUSE, FINE_WEIGHT, SPECULAR, Optics, Packet, march
from kernels.picture import Picture, index_grid, output, reference_points
from kernels.sampling import reference_box, reference_gradient, reference_value
from kernels.slices import sections, slopes
from kernels.tiles import block_at, block_count
from kernels.transfer import Table, TransferFunction
from kernels.volume import Volume

STILL_EXIT = 0.002  # opacity above 0.998
MOVING_EXIT = 0.02


class Camera(NamedTuple):
    """The rays: index coordinates, float64; `step` is one step along the ray."""

    origin: NDArray[np.float64]
    right: NDArray[np.float64]
    down: NDArray[np.float64]
    step: NDArray[np.float64]


def reference(volume: Volume, picture: Picture, transfer: TransferFunction, step_mm: float) -> NDArray[np.float64]:
    """The integral by dense steps (midpoint rule), float64 RGBA [h, w, 4], colours times alpha. Small volumes only."""
    camera, count = _camera(volume, picture, step_mm)
    points = reference_points(np.stack([camera.origin, camera.right, camera.down]), picture)
    result = np.zeros((*points.shape[:2], 4))
    light = np.ones(points.shape[:2])
    rotation = _to_camera(volume, picture)
    slices = np.arange(volume.array.shape[0])
    slope = slopes(volume.place_of(slices), volume.holes)
    parts = sections(len(slices), volume.holes)
    for first, last in parts if camera.step[2] >= 0 else parts[::-1]:
        if first == last:
            continue
        part = slice(first, last + 1)
        array, places = volume.array[part], volume.place_of(slices[part])
        low, high = np.array([0, 0, places[0]]), np.array([*volume.last[:2], places[-1]])
        entry, leave = reference_box(low, high, points, camera.step)
        for k in range(count):
            start, end = np.maximum(entry, k), np.minimum(leave, k + 1)
            length = np.clip(end - start, 0, None) * step_mm
            if not (length > 0).any():
                continue
            p = points + np.where(length > 0, (start + end) / 2, 0)[..., None] * camera.step
            p[..., 2] = np.interp(p[..., 2], places, np.arange(len(places)))
            value = reference_value(array, p)
            gradient = reference_gradient(array, p, slope[part]) @ rotation.T
            lit = np.abs(gradient[..., 2]) / np.sqrt((gradient**2).sum(axis=-1) + transfer.flat_gradient**2 + 1e-6)
            colour = transfer.colour(value) * (AMBIENT + DIFFUSE * lit)[..., None] + (SPECULAR * lit**20)[..., None]
            weight = light * -np.expm1(-transfer.extinction(value) * length)
            result[..., :3] += weight[..., None] * np.minimum(colour, 1)
            result[..., 3] += weight
            light = light - weight
    return result


@njit(forceinline=True, **OPTIONS)
def _block(array, size, slices, camera, packet, occupancy, shape, table, optics, block, height, width, out, rgba):
    buffer = np.empty(4 * LANES, np.float32)
    row0, row1, column0, column1 = block_at(block, height, width)
    o, r, d, s = camera.origin, camera.right, camera.down, camera.step
    direction = (f32(s[0]), f32(s[1]), f32(s[2]))
    for row in range(row0, row1, TILE_HEIGHT):
        for column in range(column0, column1, TILE_WIDTH):
            bx = f32(o[0] + column * r[0] + row * d[0])
            by = f32(o[1] + column * r[1] + row * d[1])
            bz = f32(o[2] + column * r[2] + row * d[2])
            x = ramp(bx, f32(r[0]), f32(d[0]))
            y = ramp(by, f32(r[1]), f32(d[1]))
            z = ramp(bz, f32(r[2]), f32(d[2]))
            red, green, blue, alpha = march(
                array, size, slices, x, y, z, bx, by, bz, direction, packet, occupancy, shape, table, optics
            )
            store(red, buffer, 0)
            store(green, buffer, LANES)
            store(blue, buffer, 2 * LANES)
            store(alpha, buffer, 3 * LANES)
            for lane in range(LANES):
                v = row + lane // TILE_WIDTH
                u = column + lane % TILE_WIDTH
                if v < height and u < width:
                    for channel in range(3):
                        out[v, u, channel] = np.uint8(min(buffer[channel * LANES + lane], f32(1)) * f32(255) + f32(0.5))
                    if rgba.size > 0:
                        for channel in range(4):
                            rgba[v, u, channel] = buffer[channel * LANES + lane]


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(array, size, slices, camera, packet, occupancy, shape, table, optics, out, rgba):
    height, width = out.shape[0], out.shape[1]
    for i in prange(block_count(height, width)):
        _block(array, size, slices, camera, packet, occupancy, shape, table, optics, i, height, width, out, rgba)


def _to_camera(volume: Volume, picture: Picture) -> NDArray[np.float64]:
    """The matrix from index gradients to gradients per mm; rows along right, down (made orthogonal) and n̂."""
    normal = picture.normal
    right = picture.right / np.linalg.norm(picture.right)
    axes = np.stack([right, np.cross(normal, right), normal])
    return np.asarray(axes @ volume.inverse.T)


def _camera(volume: Volume, picture: Picture, step_mm: float) -> tuple[Camera, int]:
    """The rays, and how many steps deep the volume is. Step 0 is where its nearest corner lies along n̂."""
    normal = picture.normal
    depth = (volume.corners_mm - picture.origin) @ normal
    nearest = volume.to_index(picture.origin + depth.min() * normal)
    _, right, down, _ = index_grid(volume, picture)
    step = volume.inverse @ normal * step_mm
    # A component that is only rounding would still be divided by.
    step = np.where(np.abs(step) < 1e-7, 0.0, step)
    return Camera(nearest, right, down, step), int(np.ceil((depth.max() - depth.min()) / step_mm)) + 1


def _packet(camera: Camera) -> Packet:
    """The longest segments whose rays stay in one brick, 1 to 32 steps."""
    tile = np.stack([np.zeros(3), camera.right * (TILE_WIDTH - 1)]).reshape(2, 1, 3) + np.stack(
        [np.zeros(3), camera.down * (TILE_HEIGHT - 1)]
    ).reshape(1, 2, 3)
    low, high = tile.min(axis=(0, 1)), tile.max(axis=(0, 1))
    room = (1 << SHIFT) - 0.01 - (high - low)  # a hundredth of a voxel for float32 positions
    with np.errstate(divide="ignore"):
        fits = np.where(camera.step == 0, np.inf, room / np.abs(camera.step)).min()
    steps = int(np.clip(fits, 1, 32)) if np.isfinite(fits) else 1
    reach = camera.step * steps
    low, high = low + np.minimum(reach, 0), high + np.maximum(reach, 0)
    slack = 0.002
    return Packet(np.int32(steps), *(f32(v - slack) for v in low), *(f32(v + slack) for v in high))


def volume_rendering(
    volume: Volume,
    picture: Picture,
    transfer: TransferFunction,
    bricks: Bricks,
    step_mm: float,
    early_exit: float = STILL_EXIT,
    fine: bool = True,
    out: NDArray[Any] | None = None,
) -> NDArray[np.uint8]:
    """The picture on black, uint8 RGB [h, w, 3]. Rays run through the whole volume, in front of the plane too.

    Args:
        early_exit: a ray ends when no more than this is left of its light: STILL_EXIT, or MOVING_EXIT.
        fine: cut weighty steps in two parts of three pieces each; while moving, False: one part.

    Raises:
        InvalidParameter: a step or early exit out of range, or a relative transfer function that was not scaled.
    """
    result = output(out, (picture.height, picture.width, 3), np.uint8, volume.array)
    _render(volume, picture, transfer, bricks, step_mm, early_exit, fine, result, np.empty((0, 0, 4), np.float32))
    return result


def volume_rendering_rgba(
    volume: Volume,
    picture: Picture,
    transfer: TransferFunction,
    bricks: Bricks,
    step_mm: float,
    early_exit: float = STILL_EXIT,
    fine: bool = True,
) -> NDArray[np.float32]:
    """The same before rounding: float32 RGBA [h, w, 4], colours times alpha."""
    rgba = output(None, (picture.height, picture.width, 4), np.float32, volume.array)
    # The CPU's driver fills both, the card's only this one.
    out = np.empty((0, 0, 3) if on_device(volume.array) else (picture.height, picture.width, 3), np.uint8)
    _render(volume, picture, transfer, bricks, step_mm, early_exit, fine, out, rgba)
    return rgba


def _render(
    volume: Volume,
    picture: Picture,
    transfer: TransferFunction,
    bricks: Bricks,
    step_mm: float,
    early_exit: float,
    fine: bool,
    out: NDArray[np.uint8],
    rgba: NDArray[np.float32],
) -> None:
    spread = driver("rendering").spread if on_device(volume.array) else spread_cpu
    spread(*arguments(volume, picture, transfer, bricks, step_mm, early_exit, fine), out, rgba)


def arguments(
    volume: Volume,
    picture: Picture,
    transfer: TransferFunction,
    bricks: Bricks,
    step_mm: float,
    early_exit: float,
    fine: bool,
) -> tuple[Any, ...]:
    """What drivers of `march` get: array, size, slices, camera, packet, occupancy and its shape, table, optics."""
    if not 1e-3 <= step_mm <= 1e3:
        raise InvalidParameter(f"a step is 0.001 to 1000 mm, not {step_mm}")
    if not 1e-5 <= early_exit < 1:
        raise InvalidParameter(f"an early exit is 0.00001 to 1, not {early_exit}")
    table: Table = transfer.table()
    camera, _ = _camera(volume, picture, step_mm)
    occupancy = bricks.occupancy(table)
    optics = Optics(
        f32(step_mm),
        f32(early_exit),
        np.int32(2 if fine else 1),
        f32(FINE_WEIGHT),
        f32(transfer.faint),
        f32(transfer.flat_gradient**2 + 1e-6),
        _to_camera(volume, picture).astype(np.float32).reshape(-1),
    )
    shape = tuple(np.int32(n) for n in occupancy.shape)
    return (
        volume.voxels,
        volume.size,
        volume.slices,
        camera,
        _packet(camera),
        occupancy.reshape(-1),
        shape,
        table,
        optics,
    )
