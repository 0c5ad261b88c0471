"""The median of each pixel's neighbourhood, which takes away what stands alone and leaves borders where they are.

    m(p) = median of v(q) over the pixels q that have a sample, within r rows and columns of p

Of an even number it is the mean of the two in the middle. 0 < r ≤ 3: 9, 25 or 49 pixels. A packet's median is found by
dropping, again and again, the smallest and the largest of one more than half of what is left: a network without
branches. Where pixels are missing, every other one of them counts as larger than all values and the rest as smaller,
and then the other way round: of an even number of samples this gives the two in the middle, of an odd number the same
one twice.

Source: own.
Axes: picture [row, column]. Outside: stays `OUTSIDE`.
Tolerance: exact, but that the mean of two values is rounded to float32.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, prange, types
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kernels.arrays import driver, on_device
from kernels.errors import InvalidParameter
from kernels.lane_memory import LONG, address, read, store, vector
from kernels.lanes import FAST, LANES, OPTIONS, PURE, any_lane, f32, intrinsic, minimum, splat, where
from kernels.pixels import SAMPLED, checked, filtered, put_pixels, with_margin
from kernels.window import OUTSIDE

MOST_RADIUS = 3
EXTREME = f32(1e30)  # beyond all values
HALF = LANES // 2  # of a packet: what a network holds then fits into the registers of most processors
_PIXELS = ir.VectorType(ir.FloatType(), HALF)


def reference(values: NDArray[np.float32], radius: int) -> NDArray[np.float64]:
    """The definition, by sorting."""
    there = values != OUTSIDE
    side = 2 * radius + 1
    padded = np.pad(np.where(there, values.astype(np.float64), np.inf), radius, constant_values=np.inf)
    ranked = np.sort(sliding_window_view(padded, (side, side)).reshape(*values.shape, -1), axis=-1)
    count = np.isfinite(ranked).sum(axis=-1)[..., None]
    lower, upper = (
        np.take_along_axis(ranked, np.maximum(rank, 0), -1)[..., 0] for rank in ((count - 1) // 2, count // 2)
    )
    return np.where(there, (np.where(there, lower, 0) + np.where(there, upper, 0)) / 2, float(OUTSIDE))


def _exchange(builder: Any, kept: list[Any], low: int, high: int) -> None:
    """Put the smaller of two in the first place."""
    a, b = kept[low], kept[high]
    kept[low] = builder.select(builder.fcmp_ordered("<", a, b, flags=FAST), a, b)
    kept[high] = builder.select(builder.fcmp_ordered(">", a, b, flags=FAST), a, b)


def _without_extremes(builder: Any, kept: list[Any]) -> list[Any]:
    last = len(kept) - 1
    for i in range(len(kept) // 2):
        _exchange(builder, kept, i, last - i)
    # The smallest is now in the first half, the largest in the second.
    for i in range(1, last // 2 + 1):
        _exchange(builder, kept, 0, i)
    for i in range(len(kept) // 2, last):
        _exchange(builder, kept, i, last)
    return kept[1:-1]


def _network(side: int) -> Any:
    """Write the medians of side² times HALF pixels, array[offset + row·down + column·right …], to out[at …]."""

    def primitive(typing, array, offset, down, right, out, at):
        def generate(context, builder, sig, args):
            base = address(context, builder, sig.args[0], args[0], args[1])

            def load(number):
                row, column = (ir.Constant(LONG, index) for index in divmod(number, side))
                place = builder.add(builder.mul(row, args[2]), builder.mul(column, args[3]))
                return read(builder, builder.gep(base, [place]), _PIXELS, 4)

            total = side * side
            kept = [load(number) for number in range(total // 2 + 2)]
            for number in range(total // 2 + 2, total):
                kept = [*_without_extremes(builder, kept), load(number)]
            (median,) = _without_extremes(builder, kept)
            place = address(context, builder, sig.args[4], args[4], args[5])
            builder.store(median, builder.bitcast(place, _PIXELS.as_pointer())).align = 4
            return context.get_dummy_value()

        return types.void(array, offset, down, right, out, at), generate

    return intrinsic(primitive)


_of_nine, _of_25, _of_49 = (_network(2 * radius + 1) for radius in (1, 2, 3))


@njit(**PURE)
def _medians(array, offset, down, right, radius, out):
    """Of a packet."""
    for half in range(0, LANES, HALF):
        if radius == 1:
            _of_nine(array, offset + half, down, right, out, half)
        elif radius == 2:
            _of_25(array, offset + half, down, right, out, half)
        else:
            _of_49(array, offset + half, down, right, out, half)
    return vector(out, 0)


@njit(**PURE)
def _fill(padded, at, stride, side, first, room):
    """The neighbourhood, packet after packet, with `first` and −`first` in turn where there is no sample."""
    extreme = splat(first, vector(padded, at))
    for number in range(side * side):
        value = vector(padded, at + number // side * stride + number % side)
        there = value > SAMPLED
        store(where(there, value, extreme), room, number * LANES)
        extreme = where(there, extreme, f32(0) - extreme)


@njit(forceinline=True, **PURE)
def _packet(padded, stride, at, radius, room, spare):
    side = 2 * radius + 1
    lowest = vector(padded, at)
    for number in range(1, side * side):
        lowest = minimum(lowest, vector(padded, at + number // side * stride + number % side))
    if any_lane(lowest < SAMPLED):
        _fill(padded, at, stride, side, EXTREME, room)
        lower = _medians(room, 0, side * LANES, LANES, radius, spare)
        _fill(padded, at, stride, side, -EXTREME, room)
        value = (lower + _medians(room, 0, side * LANES, LANES, radius, spare)) * f32(0.5)
    else:
        value = _medians(padded, at, stride, 1, radius, spare)
    return where(vector(padded, at + radius * stride + radius) > SAMPLED, value, OUTSIDE)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(padded, stride, radius, out):
    for row in prange(out.shape[0]):
        room = np.empty((2 * MOST_RADIUS + 1) ** 2 * LANES, np.float32)
        spare = np.empty(LANES, np.float32)
        for column in range(0, out.shape[1], LANES):
            values = _packet(padded, stride, row * stride + column, radius, room, spare)
            put_pixels(values, spare, out, row, column)


def median(values: NDArray[np.float32], radius: int, out: NDArray[Any] | None = None) -> NDArray[np.float32]:
    """The picture of medians, float32 [h, w]; `radius` in pixels, 1 to 3.

    Raises:
        InvalidParameter: another radius, a picture or `out` that a filter does not take (pixels.py).
    """
    picture = checked(values)
    if radius not in range(1, MOST_RADIUS + 1):
        raise InvalidParameter(f"the radius of a median is 1 to {MOST_RADIUS} pixels, not {radius}")
    result = filtered(values, out)
    if on_device(picture):
        driver("picture_median").spread(picture, int(radius), result)
    else:
        spread_cpu(*with_margin(picture, int(radius)), int(radius), result)
    return result
