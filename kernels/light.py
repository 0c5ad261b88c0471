"""What a part of a ray looks like: the light that its surface returns, for a headlight at the viewer.

    c = rgb(V)·(ka + kd·λ) + ks·λ²⁰,    λ² = (∇V·r̂)² / (|∇V|² + g₀²)        ka, kd, ks = 0.25, 0.75, 0.25

r̂ is the ray's direction: light and viewer are in one place and the light is two-sided, so the half vector of Blinn's
highlight is r̂ too. g₀ keeps flat, noisy regions from glittering; it is part of the transfer function.
Source: Blinn, "Models of light reflection for computer synthesized pictures", 1977.
Axes: index coordinates. ∇V·r̂ is the derivative along the ray, whatever the axes; |∇V|² takes the inverse metric.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.lane_memory import entry, load, mean_colour
from kernels.lanes import any_lane, f32, floor, i32, integer, maximum, minimum, quotient, shared, splat, sqrt, where
from kernels.layers import tint_at
from kernels.sampling import exp_minus, slice_at, value_and_gradient
from kernels.transfer import CELLS

AMBIENT, DIFFUSE, SPECULAR = 0.25, 0.75, 0.25


class Optics(NamedTuple):
    """How steps are judged and lit."""

    early_exit: np.float32  # of a ray's light; less than this and it ends
    weighty: np.float32  # a step of more weight is a surface
    parts: np.int32  # into which a surface is cut, with a gradient at each end,
    pieces: np.int32  # and each part into pieces, with opacity, colour and light of their own
    faint: np.float32  # what weighs less is not lit
    flat: np.float32  # g₀², value² per mm²
    metric: NDArray[np.float32]  # xx, yy, zz, xy, xz, yz of AᵀA: index vectors → mm²
    inverse: NDArray[np.float32]  # of (AᵀA)⁻¹: index gradients → value² per mm²


def form(matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """A symmetric 3×3 matrix as `squared` takes it."""
    return matrix[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]].astype(np.float32)


@shared
def squared(metric, x, y, z):
    """The quadratic form (xx, yy, zz, xy, xz, yz) of lanes of vectors; see `form`."""
    mixed = (x * y) * metric[3] + (x * z) * metric[4] + (y * z) * metric[5]
    return (x * x) * metric[0] + (y * y) * metric[1] + (z * z) * metric[2] + mixed * f32(2)


@shared
def cell_of(value, table):
    """The table cell of a value, as a whole number in float32."""
    place = (value - table.low) * table.scale + f32(0.5)
    return floor(minimum(maximum(place, f32(0)), f32(CELLS - 1)))


@shared
def next_cell(cell, before):
    """`cell`, or the one after it where nothing changed: a flat interval counts as one cell."""
    same = (cell <= before) & (cell >= before)
    return where(same, before + f32(1), cell)


@shared
def _entry_number(cell):
    # Cut again as integers: a value that is not a number must not become an address.
    return minimum(maximum(integer(cell), i32(0)), i32(CELLS))


@shared
def extinction_up_to(table, cell):
    return load(table.cumulated, 0, _entry_number(cell))


@shared
def entry_of(table, cell):
    """The extinction up to a cell, and its colour as `mean_colour` takes it."""
    return entry(table.cumulated, table.colours, table.entries, _entry_number(cell))


@shared
def returned(gx, gy, gz, dx, dy, dz, length, optics):
    """Factor and highlight of a gradient, for a ray along d of this length in mm."""
    along = quotient(gx * dx + gy * dy + gz * dz, length)
    ratio = quotient(along * along, squared(optics.inverse, gx, gy, gz) + optics.flat)
    power4 = ratio * ratio  # of λ, whose square the ratio is
    power8 = power4 * power4
    return sqrt(ratio) * f32(DIFFUSE) + f32(AMBIENT), power8 * power8 * power4 * f32(SPECULAR)


@shared
def tinted(red, green, blue, tint):
    """A colour that takes a part of another one, see layers.py."""
    r, g, b, part = tint
    return red + part * (r - red), green + part * (g - green), blue + part * (b - blue)


@shared
def veil(array, size, slices, ends, x, y, z, dx, dy, dz, optics, weight, red, green, blue):
    """What a faint part returns: one gradient at (x, y, z), where its weight lies; colours come times weight."""
    length = sqrt(squared(optics.metric, dx, dy, dz))
    _, gx, gy, gz = value_and_gradient(array, size, slices, ends, x, y, slice_at(slices, z))
    factor, highlight = returned(gx, gy, gz, dx, dy, dz, length, optics)
    shine = highlight * weight
    return (
        minimum(red * factor + shine, weight),
        minimum(green * factor + shine, weight),
        minimum(blue * factor + shine, weight),
    )


@shared
def surface(array, size, slices, ends, x, y, z, dx, dy, dz, table, optics, layers, way, through):
    """What a step from (x, y, z) as far as `way` returns that takes much of the light: value, opacity and colour in
    pieces from the table.

    The gradient is interpolated before it is normalised: inside a thin bright shell it turns round, and its normalised
    light has dips narrower than a step, which would be seen as rings.
    """
    length = sqrt(squared(optics.metric, dx, dy, dz))
    share = f32(f32(1) / f32(optics.parts))
    fraction = f32(f32(1) / f32(optics.pieces))
    piece_mm = way * length * f32(share * fraction)
    red = splat(f32(0), way)
    green = splat(f32(0), way)
    blue = splat(f32(0), way)
    tint = (red, red, red, red)
    if layers is not None and layers.has_labels != 0:
        half = way * f32(0.5)
        tint = tint_at(layers, size, slices, x + half * dx, y + half * dy, z + half * dz)
    v0, gx0, gy0, gz0 = value_and_gradient(array, size, slices, ends, x, y, slice_at(slices, z))
    cell0 = cell_of(v0, table)
    sum0, colour0 = entry_of(table, cell0)
    for part in range(optics.parts):
        t = way * f32(share * f32(part + 1))
        z_slice = slice_at(slices, z + t * dz)
        v1, gx1, gy1, gz1 = value_and_gradient(array, size, slices, ends, x + t * dx, y + t * dy, z_slice)
        for piece in range(optics.pieces):
            cell1 = next_cell(cell_of(v0 + (v1 - v0) * f32(f32(piece + 1) * fraction), table), cell0)
            sum1, colour1 = entry_of(table, cell1)
            depth = quotient(sum1 - sum0, cell1 - cell0) * piece_mm
            weight = through * (f32(1) - exp_minus(maximum(depth, f32(0))))
            r, g, b = mean_colour(colour0, colour1)
            if layers is not None:
                r, g, b = tinted(r, g, b, tint)
            f = f32((f32(piece) + f32(0.5)) * fraction)
            factor, highlight = returned(
                gx0 + (gx1 - gx0) * f, gy0 + (gy1 - gy0) * f, gz0 + (gz1 - gz0) * f, dx, dy, dz, length, optics
            )
            red = red + weight * minimum(r * factor + highlight, f32(1))
            green = green + weight * minimum(g * factor + highlight, f32(1))
            blue = blue + weight * minimum(b * factor + highlight, f32(1))
            through = through - weight
            cell0 = cell1
            sum0, colour0 = sum1, colour1
        v0, gx0, gy0, gz0 = v1, gx1, gy1, gz1
    return red, green, blue


@shared
def veil_at_once(sink, ray, on, array, size, slices, ends, x, y, z, dx, dy, dz, table, optics, layers, weight, r, g, b):
    """Light a veil at once: the scalar reading of `queue.lit_veil`."""
    if any_lane(on):
        return veil(array, size, slices, ends, x, y, z, dx, dy, dz, optics, weight, r, g, b)
    return f32(0), f32(0), f32(0)


@shared
def surface_at_once(sink, ray, on, array, size, slices, ends, x, y, z, dx, dy, dz, table, optics, layers, way, through):
    """Light a surface at once: the scalar reading of `queue.lit_surface`."""
    if any_lane(on):
        return surface(array, size, slices, ends, x, y, z, dx, dy, dz, table, optics, layers, way, through)
    return f32(0), f32(0), f32(0)
