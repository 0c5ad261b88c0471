"""One ray through a volume, front to back: the marching recipe of `rendering.py`, which has the formula.

Source: own measurements, see `march`.
Axes: index coordinates (x, y, place). A stack with holes is a row of sections, each with a beginning and an end of its
own like those of the whole volume, so that a hole adds no colour, no opacity and no surface.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.bricks import REACH, SHIFT
from kernels.lanes import (
    absolute,
    any_lane,
    f32,
    floor,
    highest,
    i32,
    integer,
    load,
    lowest,
    maximum,
    minimum,
    shared,
    splat,
    sqrt,
    where,
)
from kernels.sampling import box, exp_minus, power20, slice_at, trilinear, value_and_gradient
from kernels.transfer import CELLS

AMBIENT, DIFFUSE, SPECULAR = 0.25, 0.75, 0.25
MEAN_LIGHT = 0.6  # for steps too faint to deserve a gradient: the mean of the lighting over the test pictures
FINE_WEIGHT = 0.02  # a step of more weight is cut in pieces


class Packet(NamedTuple):
    """Where the rays of one packet go from its first pixel within one segment of `steps` steps, index coordinates."""

    steps: np.int32
    low_x: np.float32
    low_y: np.float32
    low_z: np.float32
    high_x: np.float32
    high_y: np.float32
    high_z: np.float32


class Optics(NamedTuple):
    """How a step is judged and lit."""

    step_mm: np.float32
    early_exit: np.float32  # transmittance at which a ray ends
    parts: np.int32  # gradients within a weighty step: 2, or 1 while moving
    weighty: np.float32  # a step of more weight is cut in pieces
    faint: np.float32  # weights below this are not lit
    flat: np.float32  # g₀², value² per mm²
    to_camera: NDArray[np.float32]  # [9]: index gradient → gradient per mm along right, down, n̂


@shared
def occupied(grid, shape, low_x, low_y, low_z, high_x, high_y, high_z):
    """Whether the box low … high (voxels) touches a brick that shows something."""
    bz, by, bx = shape
    x0 = max(0, min(bx - 1, int(low_x) >> SHIFT))
    y0 = max(0, min(by - 1, int(low_y) >> SHIFT))
    z0 = max(0, min(bz - 1, int(low_z) >> SHIFT))
    # Where the packet is small enough for its segment this is one look-up. A picture of a large volume in few pixels
    # has wider packets, and looks at all bricks they touch.
    x1 = max(x0, min(bx - 1, (int(high_x) - REACH + (1 << SHIFT)) >> SHIFT))
    y1 = max(y0, min(by - 1, (int(high_y) - REACH + (1 << SHIFT)) >> SHIFT))
    z1 = max(z0, min(bz - 1, (int(high_z) - REACH + (1 << SHIFT)) >> SHIFT))
    for z in range(z0, z1 + 1):
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                if grid[(z * by + y) * bx + x] != 0:
                    return True
    return False


@shared
def _cell(value, table):
    """The table cell of a value, as a whole number in float32."""
    place = (value - table.low) * table.scale + f32(0.5)
    return floor(minimum(maximum(place, f32(0)), f32(CELLS - 1)))


@shared
def _next_cell(cell, before):
    """`cell`, or the one after it where nothing changed: a flat interval counts as one cell."""
    same = (cell <= before) & (cell >= before)
    return where(same, before + f32(1), cell)


@shared
def _cumulated(table, cell):
    # Cut again as integers: a value that is not a number must not become an address.
    return load(table.cumulated, 0, minimum(maximum(integer(cell), i32(0)), i32(CELLS)))


@shared
def _colour(table, cell0, cell1):
    cell = minimum(maximum(integer((cell0 + cell1) * f32(0.5)), i32(0)), i32(CELLS - 1))
    return load(table.red, 0, cell), load(table.green, 0, cell), load(table.blue, 0, cell)


@shared
def _value(array, size, slices, x, y, place):
    return trilinear(array, size, x, y, slice_at(slices, place))


@shared
def _gradient(array, size, slices, ends, x, y, place, to_camera):
    """Value and gradient per mm along right, down and n̂."""
    z = slice_at(slices, place)
    value, gx, gy, gz = value_and_gradient(array, size, slices, ends, x, y, z)
    m = to_camera
    return (
        value,
        gx * m[0] + gy * m[1] + gz * m[2],
        gx * m[3] + gy * m[4] + gz * m[5],
        gx * m[6] + gy * m[7] + gz * m[8],
    )


@shared
def _light(gx, gy, gz, flat):
    """Factor and highlight of a gradient in camera axes."""
    lit = absolute(gz) / sqrt(gx * gx + gy * gy + gz * gz + flat)
    return lit * f32(DIFFUSE) + f32(AMBIENT), power20(lit) * f32(SPECULAR)


@shared
def march(array, size, slices, x, y, z, base_x, base_y, base_z, direction, packet, occupancy, shape, table, optics):
    """Follow rays from (x, y, z) along `direction` through the volume: premultiplied red, green, blue, and alpha.

    Value alone at every step; a step shows something if the cumulated table differs between its ends. By the weight it
    will have, each ray by its own, so that a picture depends on nobody's neighbours:
        above 0.02      two fused samples (one while moving) with three pieces each: opacity and colour of a piece from
                        the table, the gradient interpolated *before* it is normalised. Inside a thin bright shell the
                        gradient turns round, and its normalised light has dips narrower than a step: rings
        above `faint`   one fused sample in the middle
        below           mean light
    Rays end at `early_exit` and are divided by what they have gathered.
    Measured on the body phantom, 200² pixels, against steps of 0.08 mm that are all cut in pieces, without early exit:
    still (0.7 mm) 52.0 dB with ct_cta and 45.1 to 59.3 with the others; moving (1.4 mm) 35.8 and 33.4 to 48.4.
    """
    dx, dy, dz = direction
    zero = splat(f32(0), x)
    red, green, blue = zero, zero, zero
    through = splat(f32(1), x)
    n = packet.steps
    third = f32(1 / 3)

    for number in range(slices.section_first.size):
        # Rays of a picture are parallel: all meet the sections in the same order.
        section = number if dz >= f32(0) else slices.section_first.size - 1 - number
        ends = (slices.section_first[section], slices.section_last[section])
        start, end = box(size, slices.section_start[section], slices.section_end[section], x, y, z, dx, dy, dz)
        hit = start <= end
        if not any_lane(hit & (through > optics.early_exit)):
            continue
        start = where(hit, start, f32(0))
        end = where(hit, end, f32(0))
        # Rays that miss must not stretch the range of the packet's steps, nor keep it marching.
        first = int(lowest(where(hit, start, f32(1e9))))
        last = int(highest(where(hit, end, f32(-1e9)))) + 1
        previous = -1  # the step whose end is held in t0, cell0, sum0
        graded = -1  # the step whose end gradient is held in gx0, gy0, gz0
        t0, value0, cell0, sum0 = zero, zero, zero, zero
        gx0, gy0, gz0 = zero, zero, zero

        for segment in range(first // n, (last + n - 1) // n):
            k = f32(segment * n)
            px = base_x + k * dx
            py = base_y + k * dy
            pz = base_z + k * dz
            low_z = pz + packet.low_z
            high_z = pz + packet.high_z
            if slices.cells > 0:
                low_z = lowest(slice_at(slices, splat(low_z, x)))
                high_z = highest(slice_at(slices, splat(high_z, x)))
            if not occupied(
                occupancy,
                shape,
                px + packet.low_x,
                py + packet.low_y,
                low_z,
                px + packet.high_x,
                py + packet.high_y,
                high_z,
            ):
                continue
            gathered = False
            for step in range(max(segment * n, first), min(segment * n + n, last)):
                if previous != step:
                    t0 = minimum(maximum(splat(f32(step), x), start), end)
                    value0 = _value(array, size, slices, x + t0 * dx, y + t0 * dy, z + t0 * dz)
                    cell0 = _cell(value0, table)
                    sum0 = _cumulated(table, cell0)
                previous = step + 1
                t1 = minimum(maximum(splat(f32(step + 1), x), start), end)
                value1 = _value(array, size, slices, x + t1 * dx, y + t1 * dy, z + t1 * dz)
                cell1 = _next_cell(_cell(value1, table), cell0)
                sum1 = _cumulated(table, cell1)
                depth = (sum1 - sum0) / (cell1 - cell0) * ((t1 - t0) * optics.step_mm)
                on = (depth > f32(0)) & (through > optics.early_exit)
                if any_lane(on):
                    gathered = True
                    weight = where(on, through * depth, f32(0))
                    weighty = on & (weight >= optics.weighty)
                    if any_lane(weighty):
                        if graded != step:
                            _, gx0, gy0, gz0 = _gradient(
                                array, size, slices, ends, x + t0 * dx, y + t0 * dy, z + t0 * dz, optics.to_camera
                            )
                        graded = step + 1
                        share = f32(f32(1) / f32(optics.parts))
                        piece_mm = (t1 - t0) * f32(optics.step_mm * share * third)
                        va = value0
                        ca = cell0
                        sa = sum0
                        for part_number in range(optics.parts):
                            t = t0 + (t1 - t0) * f32(share * f32(part_number + 1))
                            vc, gx1, gy1, gz1 = _gradient(
                                array, size, slices, ends, x + t * dx, y + t * dy, z + t * dz, optics.to_camera
                            )
                            for piece in range(3):
                                cb = _next_cell(_cell(va + (vc - va) * f32(f32(piece + 1) * third), table), ca)
                                sb = _cumulated(table, cb)
                                alpha = f32(1) - exp_minus(maximum((sb - sa) / (cb - ca) * piece_mm, f32(0)))
                                part = where(weighty, through * alpha, f32(0))
                                if any_lane(part > f32(0)):
                                    r, g, b = _colour(table, ca, cb)
                                    f = f32((f32(piece) + f32(0.5)) * third)
                                    factor, highlight = _light(
                                        gx0 + (gx1 - gx0) * f, gy0 + (gy1 - gy0) * f, gz0 + (gz1 - gz0) * f, optics.flat
                                    )
                                    red = red + part * minimum(r * factor + highlight, f32(1))
                                    green = green + part * minimum(g * factor + highlight, f32(1))
                                    blue = blue + part * minimum(b * factor + highlight, f32(1))
                                    through = through - part
                                ca = cb
                                sa = sb
                            gx0, gy0, gz0, va = gx1, gy1, gz1, vc
                    rest = on & (weight < optics.weighty)
                    if any_lane(rest):
                        part = where(rest, through * (f32(1) - exp_minus(maximum(depth, f32(0)))), f32(0))
                        r, g, b = _colour(table, cell0, cell1)
                        lit = rest & (weight >= optics.faint)
                        factor = splat(f32(MEAN_LIGHT), x)
                        highlight = zero
                        if any_lane(lit):
                            t = (t0 + t1) * f32(0.5)
                            _, gx, gy, gz = _gradient(
                                array, size, slices, ends, x + t * dx, y + t * dy, z + t * dz, optics.to_camera
                            )
                            factor, highlight = _light(gx, gy, gz, optics.flat)
                            factor = where(lit, factor, f32(MEAN_LIGHT))
                            highlight = where(lit, highlight, f32(0))
                        red = red + part * minimum(r * factor + highlight, f32(1))
                        green = green + part * minimum(g * factor + highlight, f32(1))
                        blue = blue + part * minimum(b * factor + highlight, f32(1))
                        through = through - part
                t0, value0, cell0, sum0 = t1, value1, cell1, sum1
            if gathered and highest(where(hit, through, f32(0))) <= optics.early_exit:
                break

    alpha = f32(1) - through
    # Early exit, then division: without it an exit at 0.03 costs about 5 dB.
    ended = through <= optics.early_exit
    whole = where(ended, f32(1) / maximum(alpha, f32(1e-6)), f32(1))
    return red * whole, green * whole, blue * whole, where(ended, f32(1), alpha)
