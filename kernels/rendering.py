"""Volume rendering: emission and absorption along rays, front to back, lit from the viewer.

    C = ∫ τ(V(s)) c(s) T(s) ds,    T(s) = exp(−∫₀ˢ τ(V(t)) dt),    α = 1 − T(end)

c(s) is in light.py; the rays, parallel or from an eye, in rays.py; how they march in march.py.
Source: Max, "Optical models for direct volume rendering", 1995, eq. 5 (emission and absorption).
Axes: see volume.py. A ray is the part between the outermost voxel centres, of a stack with holes that of each section
without one, and within the half-spaces it is cut to; its first and last steps are partial and weigh what they measure.
The grid of steps is fixed to the volume's slices, not to the picture plane: nothing swims while a picture is turned.
Tolerance: against `reference`, which takes dense steps, a mean error of 2/255 for smooth functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import ArrayLike, NDArray

from kernels.arrays import driver, on_device
from kernels.bricks import Bricks
from kernels.clip import half_spaces
from kernels.errors import InvalidParameter
from kernels.lane_memory import ramp, store, tile_numbers
from kernels.lanes import INNER, LANES, OPTIONS, PURE, TILE_HEIGHT, TILE_WIDTH, f32
from kernels.layers import Layers, reference_layers
from kernels.light import AMBIENT, DIFFUSE, SPECULAR, Optics, form
from kernels.march import finished, march
from kernels.picture import Picture, Rows, band, output, reference_points
from kernels.queue import add_light, light_surfaces, light_veils, new_sink, put_directions
from kernels.rays import View, aim, cut, view_of
from kernels.sampling import reference_box, reference_gradient, reference_value
from kernels.slices import sections, slopes
from kernels.tiles import BLOCK, SHARES, block_at, block_count, take
from kernels.transfer import Table, TransferFunction
from kernels.volume import Volume

STILL_SURFACE = 0.03  # a step of more weight is lit by gradients of its own
SOON_SURFACE = 0.04  # in a fine picture that is not yet the last
MOVING_SURFACE = 0.06
FINE_STEP = 1.5  # times what is asked for a step may be long at most: rather a third too long than much too short
STILL_EXIT = 0.002  # opacity above 0.998
SOON_EXIT = 0.04
MOVING_EXIT = 0.06


def reference(
    volume: Volume,
    picture: Picture,
    transfer: TransferFunction,
    step_mm: float,
    eye: ArrayLike | None = None,
    clip: ArrayLike | None = None,
    layers: Layers | None = None,
) -> NDArray[np.float64]:
    """The integral by dense steps (midpoint rule), float64 RGBA [h, w, 4], colours times alpha. Small volumes only."""
    pixels = reference_points(np.stack([picture.origin, picture.right, picture.down]), picture)
    starts = pixels if eye is None else np.broadcast_to(np.asarray(eye, np.float64), pixels.shape)
    ways = np.broadcast_to(picture.normal, pixels.shape) if eye is None else pixels - starts
    ways = ways / np.linalg.norm(ways, axis=-1, keepdims=True)
    points, steps = volume.to_index(starts), ways @ volume.inverse.T * step_mm
    steps = np.where(np.abs(steps) < 1e-7, 0.0, steps)
    near, far = np.full(points.shape[:2], -1e9 if eye is None else 0.0), np.full(points.shape[:2], 1e9)
    for *normal, distance in half_spaces(clip):
        ahead, missing = ways @ normal * step_mm, distance - starts @ normal
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = np.where(ahead == 0, np.where(missing > 0, 1e9, -1e9), missing / ahead)
        near = np.where(ahead >= 0, np.maximum(near, crossing), near)
        far = np.where(ahead < 0, np.minimum(far, crossing), far)
    slices = np.arange(volume.array.shape[0])
    slope = slopes(volume.place_of(slices), volume.holes)
    parts = sections(len(slices), volume.holes)
    result, light = np.zeros((*points.shape[:2], 4)), np.ones(points.shape[:2])
    for backwards, first, last in [(False, *part) for part in parts] + [(True, *part) for part in parts[::-1]]:
        mine = (steps[..., 2] < 0) == backwards
        if first == last or not mine.any():
            continue
        part = slice(first, last + 1)
        array, places = volume.array[part], volume.place_of(slices[part])
        low, high = np.array([0, 0, places[0]]), np.array([*volume.last[:2], places[-1]])
        entry, leave = reference_box(low, high, points, steps)
        entry, leave = np.maximum(entry, near), np.minimum(leave, far)
        entry, leave = np.where(mine, entry, 0), np.where(mine, leave, 0)
        inside = entry < leave
        for k in range(int(np.floor(entry[inside].min(initial=0))), int(np.ceil(leave[inside].max(initial=0)))):
            start, end = np.maximum(entry, k), np.minimum(leave, k + 1)
            length = np.clip(end - start, 0, None) * step_mm
            if not (length > 0).any():
                continue
            p = points + np.where(length > 0, (start + end) / 2, 0)[..., None] * steps
            p[..., 2] = np.interp(p[..., 2], places, np.arange(len(places)))
            value = reference_value(array, p)
            gradient = reference_gradient(array, p, slope[part]) @ volume.inverse
            along = (gradient * ways).sum(axis=-1)
            lit = np.abs(along) / np.sqrt((gradient**2).sum(axis=-1) + transfer.flat_gradient**2 + 1e-6)
            colour, depth = transfer.colour(value), transfer.extinction(value) * length
            heat, heat_depth = np.zeros(colour.shape), np.zeros(depth.shape)
            if layers is not None:
                shown, tint, heats = reference_layers(layers, np.add(p, (0, 0, first)))
                colour += tint[..., 3:] * (tint[..., :3] - colour)
                depth, heat, heat_depth = depth * shown, heats[..., :3], heats[..., 3] * length
            colour = colour * (AMBIENT + DIFFUSE * lit)[..., None] + (SPECULAR * lit**20)[..., None]
            weight = light * -np.expm1(-(depth + heat_depth))
            own = (depth / np.maximum(depth + heat_depth, 1e-30))[..., None]
            result[..., :3] += weight[..., None] * (own * np.minimum(colour, 1) + (1 - own) * heat)
            result[..., 3] += weight
            light = light - weight
    return result


@njit(forceinline=True, **PURE)
def _block(
    array, size, slices, camera, view, occupancy, table, optics, layers, block, sink, left, numbers, buffer, rows,
    out, rgba,
):  # fmt: skip
    """One block of pixels: rays of a packet at a time, then what waits to be lit, then the pixels."""
    sink.light[:] = f32(0)
    row0, row1, column0, column1 = block_at(block, rows.bottom, rows.width)
    o, r, d = camera.origin, camera.right, camera.down
    for row in range(row0, row1, TILE_HEIGHT):
        for column in range(column0, column1, TILE_WIDTH):
            x = ramp(f32(o[0] + column * r[0] + row * d[0]), f32(r[0]), f32(d[0]))
            y = ramp(f32(o[1] + column * r[1] + row * d[1]), f32(r[1]), f32(d[1]))
            z = ramp(f32(o[2] + column * r[2] + row * d[2]), f32(r[2]), f32(d[2]))
            rays = tile_numbers((row - row0) * BLOCK + column - column0, BLOCK)
            store(rays, numbers, 0)
            x, y, z, dx, dy, dz, path = aim(view, optics, size, x, y, z)
            near, far = cut(view, x, y, z, dx, dy, dz)
            put_directions(sink, numbers, dx, dy, dz, view.axis >= 0)
            red, green, blue, through = march(
                array, size, slices, x, y, z, dx, dy, dz, path, near, far, occupancy, table, optics, layers, sink, rays
            )
            add_light(sink, numbers, 0, LANES, red, green, blue)
            store(through, buffer, 0)
            for lane in range(LANES):
                left[numbers[lane]] = buffer[lane]
    light_veils(sink, array, size, slices, optics, True)
    light_surfaces(sink, array, size, slices, table, optics, layers, True)
    for v in range(row0, row1):
        for u in range(column0, column1):
            ray = (v - row0) * BLOCK + u - column0
            red, green, blue, alpha = finished(
                sink.light[3 * ray], sink.light[3 * ray + 1], sink.light[3 * ray + 2], left[ray], optics.early_exit
            )
            if out.size > 0:
                out[v - rows.top, u, 0] = np.uint8(min(red, f32(1)) * f32(255) + f32(0.5))
                out[v - rows.top, u, 1] = np.uint8(min(green, f32(1)) * f32(255) + f32(0.5))
                out[v - rows.top, u, 2] = np.uint8(min(blue, f32(1)) * f32(255) + f32(0.5))
            if rgba.size > 0:
                rgba[v - rows.top, u, 0] = red
                rgba[v - rows.top, u, 1] = green
                rgba[v - rows.top, u, 2] = blue
                rgba[v - rows.top, u, 3] = alpha


@njit(**INNER)
def _blocks(array, size, slices, camera, view, occupancy, table, optics, layers, counter, rows, out, rgba):
    """What one thread makes."""
    begin, end = block_count(rows.top, rows.width), block_count(rows.bottom, rows.width)
    block = begin + take(counter)
    if block >= end:
        return
    sink = new_sink()
    left = np.empty(BLOCK * BLOCK, np.float32)
    numbers = np.empty(LANES, np.int32)
    buffer = np.empty(LANES, np.float32)
    while block < end:
        _block(
            array, size, slices, camera, view, occupancy, table, optics, layers, block, sink, left, numbers, buffer,
            rows, out, rgba,
        )  # fmt: skip
        block = begin + take(counter)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(array, size, slices, camera, view, occupancy, table, optics, layers, rows, out, rgba):
    """With `layers` it is a kernel of its own: without, nobody pays for asking."""
    counter = np.zeros(1, np.int64)
    for _ in prange(SHARES):
        _blocks(array, size, slices, camera, view, occupancy, table, optics, layers, counter, rows, out, rgba)


def volume_rendering(
    volume: Volume,
    picture: Picture,
    transfer: TransferFunction,
    bricks: Bricks,
    step_mm: float,
    early_exit: float = STILL_EXIT,
    fine: bool = True,
    out: NDArray[Any] | None = None,
    *,
    eye: ArrayLike | None = None,
    clip: ArrayLike | None = None,
    layers: Layers | None = None,
    rows: Rows | None = None,
) -> NDArray[np.uint8]:
    """The picture on black, uint8 RGB [h, w, 3]. Parallel rays run through the whole volume, in front of the plane too.

    Args:
        step_mm: how long a step is at most of a picture that is not fine, and about how long of a fine one, between two
            thirds and four thirds of it: steps end with the volume's slices, see segments.py.
        early_exit: a ray ends when no more than this is left of its light: STILL_EXIT, SOON_EXIT or MOVING_EXIT.
        fine: for a picture at rest: more steps count as surfaces, cut into more pieces.
        eye: where rays begin, patient mm, before the picture's plane; None: they are parallel.
        clip: half-spaces [n, 4] to which the volume is cut, see clip.py.
        layers: what lies over this volume's voxels, see layers.py.
        rows: only these of the picture, see picture.py; the result has no others.

    Raises:
        InvalidParameter: a step or early exit out of range, a relative transfer function that was not scaled, an eye
            or a clip that is none, rows that are no band of the picture.
    """
    made = band(picture, rows)
    result = output(out, (made.bottom - made.top, made.width, 3), np.uint8, volume.array)
    values = arguments(volume, picture, transfer, bricks, step_mm, early_exit, fine, eye, clip, layers)
    _spread(volume)(*values, made, result, np.empty((0, 0, 4), np.float32))
    return result


def volume_rendering_rgba(
    volume: Volume,
    picture: Picture,
    transfer: TransferFunction,
    bricks: Bricks,
    step_mm: float,
    early_exit: float = STILL_EXIT,
    fine: bool = True,
    *,
    eye: ArrayLike | None = None,
    clip: ArrayLike | None = None,
    layers: Layers | None = None,
) -> NDArray[np.float32]:
    """The same before rounding: float32 RGBA [h, w, 4], colours times alpha."""
    rgba = output(None, (picture.height, picture.width, 4), np.float32, volume.array)
    values = arguments(volume, picture, transfer, bricks, step_mm, early_exit, fine, eye, clip, layers)
    _spread(volume)(*values, band(picture, None), np.empty((0, 0, 3), np.uint8), rgba)
    return rgba


def _spread(volume: Volume) -> Any:
    return driver("rendering").spread if on_device(volume.array) else spread_cpu


def arguments(
    volume: Volume,
    picture: Picture,
    transfer: TransferFunction,
    bricks: Bricks,
    step_mm: float,
    early_exit: float,
    fine: bool,
    eye: ArrayLike | None = None,
    clip: ArrayLike | None = None,
    layers: Layers | None = None,
) -> tuple[Any, ...]:
    """What drivers of `march` get: array, size, slices, camera, view, occupancy, table, optics, layers."""
    if not 1e-3 <= step_mm <= 1e3:
        raise InvalidParameter(f"a step is 0.001 to 1000 mm, not {step_mm}")
    if not 1e-5 <= early_exit < 1:
        raise InvalidParameter(f"an early exit is 0.00001 to 1, not {early_exit}")
    table: Table = transfer.table()
    camera, view = view_of(volume, picture, step_mm * (FINE_STEP if fine else 1), eye, clip)
    optics = Optics(
        f32(early_exit),
        f32(_surface(early_exit, fine)),
        *cuts_of(view, fine),
        f32(transfer.faint),
        f32(transfer.flat_gradient**2 + 1e-6),
        form(volume.affine[:3, :3].T @ volume.affine[:3, :3]),
        form(volume.inverse @ volume.inverse.T),
    )
    voxels = (volume.voxels, volume.size, volume.slices)
    if layers is None:
        return *voxels, camera, view, bricks.occupancy(table), table, optics, None
    if layers.volume is not volume:
        raise InvalidParameter("layers lie over another volume")
    return *voxels, camera, view, layers.occupancy(bricks, table), table, optics, layers.tables


def _surface(early_exit: float, fine: bool) -> float:
    if not fine:
        return MOVING_SURFACE
    return STILL_SURFACE if early_exit <= STILL_EXIT else SOON_SURFACE


def cuts_of(view: View, fine: bool) -> tuple[np.int32, np.int32]:
    """Into how many parts a surface is cut, and into how many pieces each part.

    Values between two slices are linear only along the slices' axis, so that rays along it need no part.
    """
    sideways = np.inf if view.axis < 0 else sum(abs(float(component)) for component in view.direction) - 1
    parts, pieces = (2, 3) if not fine else (1, 5) if sideways < 0.1 else (2, 4)  # while moving a step is two slices
    return np.int32(parts), np.int32(pieces)
