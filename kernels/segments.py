"""Four steps of a packet of rays at a time: where a segment lies, and which is the next that shows something.

Rays advance by *slices* along the volume's axis they follow most: across it their samples need half the reads, and
where they run along it the values between two slices are exactly linear. A step is 2, 1, ½, ¼ or ⅛ of a slice, a
segment four steps. Segments are counted in the order of the rays from `Path.first`, so that they end with bricks.

    κ = first + sign·4·step·n        slice of segment n       (x or y, or the number of a slice for z)
    w = sign·(u − reference)         way along the ray, u the place of κ; rays are origin + w·direction

Source: our own. Axes: index coordinates (x, y, place), see volume.py.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from kernels.bricks import GROUP_SHIFT, SHIFT
from kernels.lanes import absolute, f32, highest, lowest, maximum, shared, splat
from kernels.sampling import slice_at

STEPS = 4


class Path(NamedTuple):
    """How the rays of a packet advance."""

    axis: np.int32  # 0, 1, 2: the axis they follow most
    sign: np.float32  # ±1: the way along it
    first: np.float32  # the slice where segment 0 begins
    reference: np.float32  # the place along the axis where w is 0
    step: np.float32  # slices


class Bounds(NamedTuple):
    """The least and greatest of a packet's origins and directions."""

    origin_low: tuple[np.float32, np.float32, np.float32]
    origin_high: tuple[np.float32, np.float32, np.float32]
    direction_low: tuple[np.float32, np.float32, np.float32]
    direction_high: tuple[np.float32, np.float32, np.float32]
    steepest: np.float32  # voxels sideways per slice of an even stack, at least 1


@shared
def bounds_of(x, y, z, dx, dy, dz):
    """The least and greatest of the lanes; along the rays' own axis their direction is ±1."""
    steepest = highest(maximum(maximum(absolute(dx), absolute(dy)), absolute(dz)))
    return Bounds(
        (lowest(x), lowest(y), lowest(z)),
        (highest(x), highest(y), highest(z)),
        (lowest(dx), lowest(dy), lowest(dz)),
        (highest(dx), highest(dy), highest(dz)),
        steepest,
    )


@shared
def place_at(slices, axis, kappa):
    """The place along an axis of a slice number, between slices linearly."""
    if axis < 2 or slices.cells == 0:
        return kappa
    last = f32(slices.rate.size - 1)
    k = int(min(max(kappa, f32(0)), last - f32(1)))
    before = slices.start[k]
    return f32(before + (kappa - f32(k)) * (slices.start[k + 1] - before))


@shared
def slice_of_place(slices, axis, place, like):
    """The slice number of one place along an axis; `like` is any lanes."""
    if axis < 2 or slices.cells == 0:
        return place
    return lowest(slice_at(slices, splat(place, like)))


@shared
def way_to(slices, path, kappa):
    """w where the rays cross a slice."""
    return f32(path.sign * (place_at(slices, path.axis, kappa) - path.reference))


@shared
def segment_of(slices, path, way, like):
    """The number, with its fraction, of the segment at w."""
    kappa = slice_of_place(slices, path.axis, f32(path.reference + path.sign * way), like)
    return f32(path.sign * (kappa - path.first) / (path.step * f32(STEPS)))


@shared
def _range(low, high, direction_low, direction_high, w0, w1, last):
    """Voxels that a packet touches along one axis between two ways."""
    start = low + min(w0 * direction_low, w1 * direction_low)
    end = high + max(w0 * direction_high, w1 * direction_high)
    return min(max(int(start), 0), last), min(max(int(end), 0), last)


@shared
def _ranges(size, slices, path, bounds, kappa0, kappa1, like):
    """First and last voxel along x, y and z that a packet touches between two slices."""
    nx, ny, nz = size
    w0 = way_to(slices, path, kappa0)
    w1 = way_to(slices, path, kappa1)
    low, high, slow, fast = bounds.origin_low, bounds.origin_high, bounds.direction_low, bounds.direction_high
    x0, x1 = _range(low[0], high[0], slow[0], fast[0], w0, w1, nx - 2)
    y0, y1 = _range(low[1], high[1], slow[1], fast[1], w0, w1, ny - 2)
    if slices.cells == 0:
        z0, z1 = _range(low[2], high[2], slow[2], fast[2], w0, w1, nz - 2)
    else:
        start = low[2] + min(w0 * slow[2], w1 * slow[2])
        end = high[2] + max(w0 * fast[2], w1 * fast[2])
        z0 = min(max(int(lowest(slice_at(slices, splat(f32(start), like)))), 0), nz - 2)
        z1 = min(max(int(highest(slice_at(slices, splat(f32(end), like)))), 0), nz - 2)
    # Along its own axis a segment ends exactly with its slices: the last voxel begun, not the next.
    first = int(max(min(kappa0, kappa1), f32(0)))
    last = int(max(max(kappa0, kappa1) - f32(0.001), f32(0)))
    if path.axis == 0:
        x0, x1 = min(first, nx - 2), min(last, nx - 2)
    elif path.axis == 1:
        y0, y1 = min(first, ny - 2), min(last, ny - 2)
    else:
        z0, z1 = min(first, nz - 2), min(last, nz - 2)
    return x0, x1, y0, y1, z0, z1


@shared
def next_segment(size, slices, path, bounds, occupancy, segment, last, like):
    """The first segment from `segment` on whose bricks show something; `last` where none before it does."""
    length = f32(path.step * f32(STEPS))
    group = 1 << GROUP_SHIFT
    while segment < last:
        kappa = f32(path.first + path.sign * f32(segment) * length)
        # To the end of the group of bricks in which the segment begins.
        if path.sign > f32(0):
            end = (int(kappa) // group + 1) * group
        else:
            end = (int(kappa + f32(0.999)) - 1) // group * group
        x0, x1, y0, y1, z0, z1 = _ranges(size, slices, path, bounds, kappa, f32(end), like)
        gy, gx = occupancy.far_y, occupancy.far_x
        least = 255
        for z in range(z0 >> GROUP_SHIFT, (z1 >> GROUP_SHIFT) + 1):
            for y in range(y0 >> GROUP_SHIFT, (y1 >> GROUP_SHIFT) + 1):
                for x in range(x0 >> GROUP_SHIFT, (x1 >> GROUP_SHIFT) + 1):
                    least = min(least, int(occupancy.far[(z * gy + y) * gx + x]))
        if least > 0:
            segment = int(abs(f32(end) - path.first) / length)
            # Among uneven slices a ray may cross any number of bricks along one axis within one along another.
            if slices.cells == 0:
                segment += int(f32(int(f32(least - 1) / bounds.steepest) * group) / length)
            continue
        if length >= f32(group):
            return segment
        x0, x1, y0, y1, z0, z1 = _ranges(size, slices, path, bounds, kappa, f32(kappa + path.sign * length), like)
        by, bx = occupancy.near_y, occupancy.near_x
        for z in range(z0 >> SHIFT, (z1 >> SHIFT) + 1):
            for y in range(y0 >> SHIFT, (y1 >> SHIFT) + 1):
                for x in range(x0 >> SHIFT, (x1 >> SHIFT) + 1):
                    if occupancy.near[(z * by + y) * bx + x] != 0:
                        return segment
        segment += 1
    return last
