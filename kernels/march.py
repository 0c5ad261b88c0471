"""One ray through a volume, front to back: the marching recipe of `rendering.py`, which has the formula.

Values alone are read at every step, four steps at a time; a step shows something if the cumulated table differs
between its ends (`transfer.py`). By the weight it will have, each ray by its own, so that a picture depends on nobody's
neighbours:

    above `weighty`   a surface: opacity, colour and light in pieces, `light.surface`
    below             a veil: the steps of a segment share one gradient, where their weight lies, `light.veil`
    below `faint`     mean light

Opacity needs values only and light needs gradients, so light can wait: the CPU collects what is to be lit until all
lanes have work (`queue.py`), a thread of a card lights it at once.
Rays end at `early_exit` and are divided by what they have gathered.
Source: own measurements, see docs/decisions/0006-marching.md.
Axes: index coordinates (x, y, place). A stack with holes is a row of sections, each with a beginning and an end of its
own like those of the whole volume, so that a hole adds no colour, no opacity and no surface.
"""

from __future__ import annotations

from kernels.lane_memory import mean_colour
from kernels.lanes import (
    any_lane,
    apart,
    f32,
    highest,
    lowest,
    maximum,
    minimum,
    quotient,
    shared,
    splat,
    sqrt,
    where,
)
from kernels.layers import heat_at, near_hidden, shown_part, tint_at
from kernels.light import cell_of, entry_of, extinction_up_to, next_cell, squared, tinted
from kernels.patches import FEW, FURTHEST, MANY, SOME, on_patch, patch_rows
from kernels.queue import lit_surface, lit_veil
from kernels.sampling import box, cell, exp_minus, on_slice, slice_at, trilinear
from kernels.segments import STEPS, bounds_of, next_segment, segment_of, way_to

LEAST = 1e-6  # of what divides; what is as small is seen by nobody
MEAN_LIGHT = 0.6  # for what is too faint to deserve a gradient: the mean of the lighting over the test pictures


@apart
def between_slices(array, size, slices, x, y, z):
    """Values anywhere; z is a place."""
    return trilinear(array, size, x, y, slice_at(slices, z))


@shared
def at_slice(array, size, slices, axis, x, y, z, dx, dy, dz, way, number):
    """Values on a slice of an axis, which every lane crosses at this way."""
    nx, ny, nz = size
    row, plane = nx, nx * ny
    if axis == 2:
        return on_slice(array, number * plane, nx, ny, row, x + way * dx, y + way * dy)
    place = z + way * dz
    if slices.cells > 0:
        place = slice_at(slices, place)
    if axis == 1:
        return on_slice(array, number * row, nx, nz, plane, x + way * dx, place)
    return trilinear(array, size, splat(f32(number), x), y + way * dy, place)


@shared
def at_slices(array, size, slices, axis, x, y, z, dx, dy, dz, ways, numbers):
    """The same on four slices. The code runs straight through all of them, so that the processor has their reads under
    way at once.
    """
    nx, ny, nz = size
    w1, w2, w3, w4 = ways
    k1, k2, k3, k4 = numbers
    row, plane = nx, nx * ny
    if axis == 2:
        v1 = on_slice(array, k1 * plane, nx, ny, row, x + w1 * dx, y + w1 * dy)
        v2 = on_slice(array, k2 * plane, nx, ny, row, x + w2 * dx, y + w2 * dy)
        v3 = on_slice(array, k3 * plane, nx, ny, row, x + w3 * dx, y + w3 * dy)
        v4 = on_slice(array, k4 * plane, nx, ny, row, x + w4 * dx, y + w4 * dy)
        return v1, v2, v3, v4
    z1, z2, z3, z4 = z + w1 * dz, z + w2 * dz, z + w3 * dz, z + w4 * dz
    if slices.cells > 0:
        z1, z2, z3, z4 = slice_at(slices, z1), slice_at(slices, z2), slice_at(slices, z3), slice_at(slices, z4)
    if axis == 1:
        v1 = on_slice(array, k1 * row, nx, nz, plane, x + w1 * dx, z1)
        v2 = on_slice(array, k2 * row, nx, nz, plane, x + w2 * dx, z2)
        v3 = on_slice(array, k3 * row, nx, nz, plane, x + w3 * dx, z3)
        v4 = on_slice(array, k4 * row, nx, nz, plane, x + w4 * dx, z4)
        return v1, v2, v3, v4
    v1 = trilinear(array, size, splat(f32(k1), x), y + w1 * dy, z1)
    v2 = trilinear(array, size, splat(f32(k2), x), y + w2 * dy, z2)
    v3 = trilinear(array, size, splat(f32(k3), x), y + w3 * dy, z3)
    v4 = trilinear(array, size, splat(f32(k4), x), y + w4 * dy, z4)
    return v1, v2, v3, v4


@shared
def _at_patch(array, offset, columns, rows, across, sideways, other, way, count):
    """`on_slice` from a patch; sideways, other: origins, directions, and the packet's least origin and directions."""
    ix, fx = cell(sideways[0] + way * sideways[1], columns)
    row, part = cell(other[0] + way * other[1], rows)
    left = sideways[2] + min(way * sideways[3], way * sideways[4])
    top = other[2] + min(way * other[3], way * other[4])
    return on_patch(array, offset, columns, rows, across, ix, fx, row, part, left, top, count)


@shared
def at_patches(array, size, axis, bounds, x, y, z, dx, dy, dz, ways, numbers, count):
    """`at_slices` where a patch of `count` rows holds what the packet needs of each."""
    nx, ny, nz = size
    w1, w2, w3, w4 = ways
    k1, k2, k3, k4 = numbers
    row, plane = nx, nx * ny
    low, slow, fast = bounds.origin_low, bounds.direction_low, bounds.direction_high
    sideways = (x, dx, low[0], slow[0], fast[0])
    if axis == 2:
        other = (y, dy, low[1], slow[1], fast[1])
        v1 = _at_patch(array, k1 * plane, nx, ny, row, sideways, other, w1, count)
        v2 = _at_patch(array, k2 * plane, nx, ny, row, sideways, other, w2, count)
        v3 = _at_patch(array, k3 * plane, nx, ny, row, sideways, other, w3, count)
        v4 = _at_patch(array, k4 * plane, nx, ny, row, sideways, other, w4, count)
        return v1, v2, v3, v4
    other = (z, dz, low[2], slow[2], fast[2])
    v1 = _at_patch(array, k1 * row, nx, nz, plane, sideways, other, w1, count)
    v2 = _at_patch(array, k2 * row, nx, nz, plane, sideways, other, w2, count)
    v3 = _at_patch(array, k3 * row, nx, nz, plane, sideways, other, w3, count)
    v4 = _at_patch(array, k4 * row, nx, nz, plane, sideways, other, w4, count)
    return v1, v2, v3, v4


@shared
def patch_of(array, size, slices, axis, bounds, w0, w4):
    """How many rows the patches from w0 to w4 must have; 0: there are none."""
    low, high, slow, fast = bounds.origin_low, bounds.origin_high, bounds.direction_low, bounds.direction_high
    furthest = max(abs(w0), abs(w4))
    if furthest > f32(FURTHEST):
        return 0
    width = high[0] - low[0] + furthest * (fast[0] - slow[0])
    height = high[2] - low[2] + furthest * (fast[2] - slow[2])
    if axis == 2:
        height = high[1] - low[1] + furthest * (fast[1] - slow[1])
    return patch_rows(array, size, slices, axis, width, height)


@shared
def finer_depth(array, size, slices, table, parts, x, y, z, dx, dy, dz, t0, t1, v0, v1, length):
    """The optical depth of a step from the values at the ends of its parts."""
    total = splat(f32(0), t0)
    cell0 = cell_of(v0, table)
    sum0 = extinction_up_to(table, cell0)
    share = f32(f32(1) / f32(parts))
    for part in range(1, parts + 1):
        t = t0 + (t1 - t0) * f32(share * f32(part))
        value = v1
        if part < parts:
            value = between_slices(array, size, slices, x + t * dx, y + t * dy, z + t * dz)
        cell1 = next_cell(cell_of(value, table), cell0)
        sum1 = extinction_up_to(table, cell1)
        total = total + quotient(sum1 - sum0, cell1 - cell0)
        cell0 = cell1
        sum0 = sum1
    return total * ((t1 - t0) * length * share)


@shared
def _most(values):
    """The greatest of four."""
    return maximum(maximum(values[0], values[1]), maximum(values[2], values[3]))


@shared
def _middle(times, i):
    return (times[i] + times[i + 1]) * f32(0.5)


@shared
def _shown_of_steps(layers, size, slices, bounds, x, y, z, dx, dy, dz, times, depths):
    """Which part of each of four steps is not hidden."""
    one, seen = splat(f32(1), x), _most(depths) > f32(0)
    if layers.has_mask == 0 or not any_lane(seen):
        return one, one, one, one
    # Of an even stack four steps reach no further than a brick from their middle.
    if slices.cells == 0 and bounds.steepest <= f32(1.001):
        t = times[2]
        if not any_lane(seen & near_hidden(layers, size, x + t * dx, y + t * dy, z + t * dz)):
            return one, one, one, one
    t0, t1, t2, t3 = _middle(times, 0), _middle(times, 1), _middle(times, 2), _middle(times, 3)
    return (
        shown_part(layers, size, slices, x + t0 * dx, y + t0 * dy, z + t0 * dz),
        shown_part(layers, size, slices, x + t1 * dx, y + t1 * dy, z + t1 * dz),
        shown_part(layers, size, slices, x + t2 * dx, y + t2 * dy, z + t2 * dz),
        shown_part(layers, size, slices, x + t3 * dx, y + t3 * dy, z + t3 * dz),
    )


@shared
def _heat_of_step(layers, size, slices, x, y, z, dx, dy, dz, times, i, length, on):
    t = _middle(times, i)
    red, green, blue, extinction = heat_at(layers, size, slices, x + t * dx, y + t * dy, z + t * dz)
    return where(on, extinction * ((times[i + 1] - times[i]) * length), f32(0)), red, green, blue


@shared
def _heat_of_steps(layers, size, slices, x, y, z, dx, dy, dz, times, length, on):
    """Optical depth, red, green and blue of the second volume, of four steps each."""
    zero = splat(f32(0), x)
    if layers.has_heat == 0:
        nothing = (zero, zero, zero, zero)
        return nothing, nothing, nothing, nothing
    e0, r0, g0, b0 = _heat_of_step(layers, size, slices, x, y, z, dx, dy, dz, times, 0, length, on)
    e1, r1, g1, b1 = _heat_of_step(layers, size, slices, x, y, z, dx, dy, dz, times, 1, length, on)
    e2, r2, g2, b2 = _heat_of_step(layers, size, slices, x, y, z, dx, dy, dz, times, 2, length, on)
    e3, r3, g3, b3 = _heat_of_step(layers, size, slices, x, y, z, dx, dy, dz, times, 3, length, on)
    return (e0, e1, e2, e3), (r0, r1, r2, r3), (g0, g1, g2, g3), (b0, b1, b2, b3)


@shared
def _share(depth, shown, heat):
    """Of what a surface would return if nothing of it were hidden and no heat stood before it: what it does."""
    total = depth + heat
    own = (f32(1) - exp_minus(maximum(total, f32(0)))) * quotient(depth, maximum(total, f32(LEAST)))
    alone = f32(1) - exp_minus(quotient(depth, maximum(shown, f32(LEAST))))
    return quotient(own, maximum(alone, f32(LEAST)))


@shared
def march(array, size, slices, x, y, z, dx, dy, dz, path, near, far, occupancy, table, optics, layers, sink, ray):
    """Follow rays (x, y, z) + w·(dx, dy, dz) from w = near to far: premultiplied red, green, blue, and what is left.

    layers: what lies over the voxels, see layers.py; None is a kernel of its own.
    Returns what was lit at once (everything but what waits in `sink`), not yet divided, and the light left of each ray.
    """
    zero = splat(f32(0), x)
    red, green, blue = zero, zero, zero
    through = splat(f32(1), x)
    length = sqrt(squared(optics.metric, dx, dy, dz))  # mm for w = 1
    bounds = bounds_of(x, y, z, dx, dy, dz)
    segment_slices = f32(path.step * f32(STEPS))

    count = slices.section_first.size
    for number in range(2 * count):
        # Rays that run up the stack meet its sections in order, those that run down from the last to the first.
        section = number if number < count else 2 * count - 1 - number
        mine = dz >= f32(0)
        if number >= count:
            mine = dz < f32(0)
        if not any_lane(mine):
            continue
        ends = (slices.section_first[section], slices.section_last[section])
        start, end = box(size, slices.section_start[section], slices.section_end[section], x, y, z, dx, dy, dz)
        start = maximum(start, near)
        end = minimum(end, far)
        hit = mine & (start < end) & (through > optics.early_exit)
        if not any_lane(hit):
            continue
        # Rays that miss must not stretch the packet's range of segments.
        first = segment_of(slices, path, lowest(where(hit, start, f32(1e9))), x)
        last = segment_of(slices, path, highest(where(hit, end, f32(-1e9))), x)
        last_segment = int(last + f32(0.9999))
        start = where(hit, start, f32(-1e9))
        end = where(hit, end, f32(1e9))
        segment = max(int(first), 0)
        last_value, read_up_to = zero, -1  # the value at the end of the segment before, where that was read
        while True:
            segment = next_segment(size, slices, path, bounds, occupancy, segment, last_segment, x)
            if segment >= last_segment:
                break
            kappa = f32(path.first + path.sign * f32(segment) * segment_slices)
            step = f32(path.sign * path.step)
            k1, k2, k3 = f32(kappa + step), f32(kappa + f32(2) * step), f32(kappa + f32(3) * step)
            k4 = f32(kappa + f32(4) * step)
            w0, w1, w2 = way_to(slices, path, kappa), way_to(slices, path, k1), way_to(slices, path, k2)
            w3, w4 = way_to(slices, path, k3), way_to(slices, path, k4)
            t0, t1 = minimum(maximum(start, w0), end), minimum(maximum(start, w1), end)
            t2, t3 = minimum(maximum(start, w2), end), minimum(maximum(start, w3), end)
            t4 = minimum(maximum(start, w4), end)
            if path.step < f32(1) or any_lane(hit & ((start > w0) | (end < w4))):
                v0 = between_slices(array, size, slices, x + t0 * dx, y + t0 * dy, z + t0 * dz)
                v1 = between_slices(array, size, slices, x + t1 * dx, y + t1 * dy, z + t1 * dz)
                v2 = between_slices(array, size, slices, x + t2 * dx, y + t2 * dy, z + t2 * dz)
                v3 = between_slices(array, size, slices, x + t3 * dx, y + t3 * dy, z + t3 * dz)
                v4 = between_slices(array, size, slices, x + t4 * dx, y + t4 * dy, z + t4 * dz)
            else:
                v0 = last_value
                if segment != read_up_to:
                    v0 = at_slice(array, size, slices, path.axis, x, y, z, dx, dy, dz, w0, int(kappa))
                ways, numbers = (w1, w2, w3, w4), (int(k1), int(k2), int(k3), int(k4))
                rows = patch_of(array, size, slices, path.axis, bounds, w0, w4)
                if rows == FEW:
                    v1, v2, v3, v4 = at_patches(array, size, path.axis, bounds, x, y, z, dx, dy, dz, ways, numbers, FEW)
                elif rows == SOME:
                    v1, v2, v3, v4 = at_patches(
                        array, size, path.axis, bounds, x, y, z, dx, dy, dz, ways, numbers, SOME
                    )
                elif rows == MANY:
                    v1, v2, v3, v4 = at_patches(
                        array, size, path.axis, bounds, x, y, z, dx, dy, dz, ways, numbers, MANY
                    )
                else:
                    v1, v2, v3, v4 = at_slices(array, size, slices, path.axis, x, y, z, dx, dy, dz, ways, numbers)
            segment += 1
            last_value, read_up_to = v4, segment
            greatest = maximum(maximum(maximum(v0, v1), maximum(v2, v3)), v4)
            least = minimum(minimum(minimum(v0, v1), minimum(v2, v3)), v4)
            is_seen = any_lane((greatest >= table.dark) & (least <= table.bright))
            if not is_seen and (layers is None or layers.has_heat == 0):
                continue
            c0 = cell_of(v0, table)
            c1 = next_cell(cell_of(v1, table), c0)
            c2 = next_cell(cell_of(v2, table), c1)
            c3 = next_cell(cell_of(v3, table), c2)
            c4 = next_cell(cell_of(v4, table), c3)
            s0, colour0 = entry_of(table, c0)
            s1, colour1 = entry_of(table, c1)
            s2, colour2 = entry_of(table, c2)
            s3, colour3 = entry_of(table, c3)
            s4, colour4 = entry_of(table, c4)
            on = hit & (through > optics.early_exit)
            d0 = where(on, quotient(s1 - s0, c1 - c0) * ((t1 - t0) * length), f32(0))
            d1 = where(on, quotient(s2 - s1, c2 - c1) * ((t2 - t1) * length), f32(0))
            d2 = where(on, quotient(s3 - s2, c3 - c2) * ((t3 - t2) * length), f32(0))
            d3 = where(on, quotient(s4 - s3, c4 - c3) * ((t4 - t3) * length), f32(0))
            times = (t0, t1, t2, t3, t4)
            if layers is None:
                if not any_lane(maximum(maximum(d0, d1), maximum(d2, d3)) > f32(0)):
                    continue
                depths = (d0, d1, d2, d3)
            else:
                shown = _shown_of_steps(layers, size, slices, bounds, x, y, z, dx, dy, dz, times, (d0, d1, d2, d3))
                warm = _heat_of_steps(layers, size, slices, x, y, z, dx, dy, dz, times, length, on)
                depths = (d0 * shown[0], d1 * shown[1], d2 * shown[2], d3 * shown[3])
                if not any_lane(maximum(_most(depths), _most(warm[0])) > f32(0)):
                    continue
            values = (v0, v1, v2, v3, v4)
            colours = (colour0, colour1, colour2, colour3, colour4)
            gathered, moment = zero, zero
            r, g, b = zero, zero, zero
            for i in range(STEPS):
                depth = depths[i]
                begin, finish = times[i], times[i + 1]
                heavy = (through * depth >= optics.weighty) & (through > optics.early_exit)
                if any_lane(heavy):
                    if optics.parts > 1:
                        fine = finer_depth(
                            array, size, slices, table, optics.parts, x, y, z, dx, dy, dz,
                            begin, finish, values[i], values[i + 1], length,
                        )  # fmt: skip
                        depth = where(heavy, fine * shown[i] if layers is not None else fine, depth)
                    before = through
                    if layers is not None:
                        before = through * _share(depth, shown[i], warm[0][i])
                    lit = lit_surface(
                        sink, ray, heavy, array, size, slices, ends, x + begin * dx, y + begin * dy, z + begin * dz,
                        dx, dy, dz, table, optics, layers, finish - begin, before,
                    )  # fmt: skip
                    red, green, blue = red + lit[0], green + lit[1], blue + lit[2]
                part_r, part_g, part_b = mean_colour(colours[i], colours[i + 1])
                weight = through * (f32(1) - exp_minus(maximum(depth, f32(0))))
                if layers is None:
                    through = through - weight
                else:
                    whole = through * (f32(1) - exp_minus(maximum(depth + warm[0][i], f32(0))))
                    weight = whole * quotient(depth, maximum(depth + warm[0][i], f32(LEAST)))
                    through = through - whole
                    other = whole - weight
                    red, green, blue = red + other * warm[1][i], green + other * warm[2][i], blue + other * warm[3][i]
                    if layers.has_labels != 0 and any_lane(weight > f32(0)):
                        t = (begin + finish) * f32(0.5)
                        tint = tint_at(layers, size, slices, x + t * dx, y + t * dy, z + t * dz)
                        part_r, part_g, part_b = tinted(part_r, part_g, part_b, tint)
                weight = where(heavy, f32(0), weight)
                gathered = gathered + weight
                moment = moment + weight * ((begin + finish) * f32(0.5))
                r, g, b = r + weight * part_r, g + weight * part_g, b + weight * part_b
                if i % 2 == 0:
                    continue
                # The steps of a segment share a veil, those of half a segment where they weigh too much for that.
                due = gathered >= optics.weighty
                if i == STEPS - 1:
                    due = gathered > optics.faint
                if any_lane(due):
                    t = quotient(moment, maximum(gathered, f32(1e-9)))
                    lit = lit_veil(
                        sink, ray, due, array, size, slices, ends, x + t * dx, y + t * dy, z + t * dz,
                        dx, dy, dz, table, optics, layers, gathered, r, g, b,
                    )  # fmt: skip
                    red, green, blue = red + lit[0], green + lit[1], blue + lit[2]
                    gathered, moment = where(due, f32(0), gathered), where(due, f32(0), moment)
                    r, g, b = where(due, f32(0), r), where(due, f32(0), g), where(due, f32(0), b)
            dim = f32(MEAN_LIGHT)
            red, green, blue = red + r * dim, green + g * dim, blue + b * dim
            if highest(where(hit, through, f32(0))) <= optics.early_exit:
                break
    return red, green, blue, through


@shared
def finished(red, green, blue, through, early_exit):
    """Colours and opacity of a ray: one that ended early is divided by what it has gathered.

    Without the division an exit at 0.03 costs about 5 dB.
    """
    alpha = f32(1) - through
    if through > early_exit:
        return red, green, blue, alpha
    whole = f32(1) / max(alpha, f32(1e-6))
    return red * whole, green * whole, blue * whole, f32(1)
