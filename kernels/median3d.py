"""The median of a voxel's neighbourhood, 3×3×3 or 5×5×5 voxels: noise goes, edges stay.

The 9 (25) rows about a row of voxels are sorted into columns, once for all neighbourhoods that share them; then the 3
(5) columns of a neighbourhood are merged, as far as their middle depends on it. Which two values are compared next
never depends on them, so that whole rows of neighbourhoods are compared at once.
Source: own; the networks are Batcher's merge exchange and odd-even merge, proved by the zero-one principle in tests.
Axes: see volume.py. Border: the voxels at the edge go on. Exact.
On a card: cupyx.scipy.ndimage.median_filter, not yet run on one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import njit, prange, types
from numpy.typing import NDArray

from kernels.arrays import driver, on_device
from kernels.box import Region, box_of, require_finite
from kernels.derivatives import put_row, take_row
from kernels.errors import InvalidParameter, InvalidVolume
from kernels.lane_memory import address, read
from kernels.lanes import OPTIONS, PURE, intrinsic
from kernels.picture import output
from kernels.progress import Progress, pieces
from kernels.volume import Volume

SIDES = (3, 5)
BAND = 32  # rows a task has
BLOCK = 128  # neighbourhoods at a time: 125 rows of them stay near the core
BYTES = 64  # that are compared at a time
Exchange = tuple[int, int]  # the smaller of two values goes to the first place, the larger one to the second


def reference(volume: Volume, side: int) -> NDArray[Any]:
    """The middle of all neighbours, sorted; of a whole volume."""
    padded = np.pad(volume.array, side // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side, side))
    return np.asarray(np.sort(windows.reshape(*volume.array.shape, -1), axis=-1)[..., side**3 // 2])


def sorting(count: int) -> list[Exchange]:
    """Exchanges that sort `count` values."""
    found = []
    top = 1 << max(count - 1, 0).bit_length() >> 1
    p = top
    while p > 0:
        q, r, d = top, 0, p
        while d > 0:
            found += [(i, i + d) for i in range(count - d) if i & p == r]
            d, q, r = q - p, q // 2, p
        p //= 2
    return found


def merging(a: Sequence[int], b: Sequence[int]) -> tuple[list[int], list[Exchange]]:
    """Exchanges that merge the sorted values in places `a` with those in `b`, and where they then are in order."""
    if not a or not b:
        return [*a, *b], []
    if len(a) == len(b) == 1:
        return [a[0], b[0]], [(a[0], b[0])]
    odd, first = merging(a[::2], b[::2])
    even, second = merging(a[1::2], b[1::2])
    pairs = list(zip(even, odd[1:], strict=False))
    order = [odd[0], *(place for pair in pairs for place in pair), *odd[len(pairs) + 1 :], *even[len(pairs) :]]
    return order, [*first, *second, *pairs]


class Network(NamedTuple):
    """What is done in flat scratch: side² rows of voxels, `width` each, then side³ of BLOCK neighbourhoods."""

    side: int
    width: int
    lanes: int
    middle: int  # where the medians are in the end
    sort: NDArray[np.int64]  # [n, 2] of rows: sorts columns
    merge: NDArray[np.int64]  # [n, 6]: two values are read here (1: as far along as the block), … and written there


@cache
def median_of_columns(side: int) -> tuple[list[Exchange], int]:
    """Exchanges after which, of `side` sorted columns of side² values, one place holds the median; and that place."""
    height = side * side
    lists = [list(range(k * height, (k + 1) * height)) for k in range(side)]
    exchanges: list[Exchange] = []
    while len(lists) > 1:
        lists.sort(key=len)
        merged, more = merging(lists[0], lists[1])
        lists = [*lists[2:], merged]
        exchanges += more
    middle = lists[0][side**3 // 2]
    needed, kept = {middle}, []
    for low, high in reversed(exchanges):
        if low in needed or high in needed:
            needed |= {low, high}
            kept.append((low, high))
    return kept[::-1], middle


@cache
def network(side: int, dtype: str, across: int) -> Network:
    """For rows of `across` voxels."""
    lanes = BYTES // np.dtype(dtype).itemsize
    width = (-(-across // lanes) + 1) * lanes
    exchanges, middle = median_of_columns(side)
    room = side * side * width
    written: set[int] = set()
    merge = []
    for pair in exchanges:
        read = [
            (room + place * BLOCK, 0) if place in written else (place % side**2 * width + place // side**2, 1)
            for place in pair
        ]
        written |= set(pair)
        merge.append([*read[0], *read[1], *(room + place * BLOCK for place in pair)])
    sort = np.array(sorting(side * side), np.int64) * width
    return Network(side, width, lanes, room + middle * BLOCK, sort, np.array(merge, np.int64))


@intrinsic
def exchange(typing, array, a, b, low, high):
    """BYTES of values from places a and b of an array: the smaller of two to `low`, the larger to `high`."""

    def generate(context, builder, sig, args):
        dtype = sig.args[0].dtype
        kind = ir.VectorType(context.get_data_type(dtype), BYTES * 8 // dtype.bitwidth)
        at = [address(context, builder, sig.args[0], args[0], place) for place in args[1:]]
        x, y = (read(builder, place, kind, dtype.bitwidth // 8) for place in at[:2])
        less = builder.icmp_signed if isinstance(dtype, types.Integer) else builder.fcmp_ordered
        smaller = less("<", x, y)
        for place, chosen in ((at[2], (x, y)), (at[3], (y, x))):
            store = builder.store(builder.select(smaller, *chosen), builder.bitcast(place, kind.as_pointer()))
            store.align = dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, a, b, low, high), generate


@njit(**PURE)
def sort_columns(rows, network):
    for step in range(network.sort.shape[0]):
        low, high = network.sort[step]
        for x in range(0, network.width, network.lanes):
            exchange(rows, low + x, high + x, low + x, high + x)


@njit(**PURE)
def merge_columns(rows, network, x0, length):
    """Of the neighbourhoods x0 … x0 + length."""
    for step in range(network.merge.shape[0]):
        a, moves_a, b, moves_b, low, high = network.merge[step]
        a, b = a + moves_a * x0, b + moves_b * x0
        for x in range(0, length, network.lanes):
            exchange(rows, a + x, b + x, low + x, high + x)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(voxels, size, box, first, last, network, out):
    across, reach = box.x1 - box.x0, network.side // 2
    bands = (box.y1 - box.y0 + BAND - 1) // BAND
    for task in prange((last - first) * bands):
        z = first + task // bands
        begin = box.y0 + task % bands * BAND
        rows = np.empty(network.side**2 * network.width + network.side**3 * BLOCK, voxels.dtype)
        for y in range(begin, min(begin + BAND, box.y1)):
            number = 0
            for dz in range(-reach, reach + 1):
                for dy in range(-reach, reach + 1):
                    row = rows[number * network.width : (number + 1) * network.width]
                    take_row(voxels, size, z + dz, y + dy, box.x0 - reach, row)
                    number += 1
            sort_columns(rows, network)
            for x in range(0, across, BLOCK):
                length = min(BLOCK, across - x)
                merge_columns(rows, network, x, length)
                put_row(rows[network.middle : network.middle + length], out[z - box.z0, y - box.y0, x : x + length])


def median3d(
    volume: Volume,
    side: int = 3,
    *,
    region: Region | None = None,
    progress: Progress | None = None,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The median of side³ voxels about every voxel: [z, y, x] of the region's shape, of the volume's own dtype.

    Neighbours are counted in voxels, whatever the spacing; of an uneven stack they are the neighbouring slices.

    Args:
        side: 3 or 5.
        region, progress: see gaussian.py. out: of the volume's dtype.

    Raises:
        InvalidVolume: slices are missing, voxels are not finite.
        InvalidParameter: a side, region or `out` that will not do.
    """
    if side not in SIDES:
        raise InvalidParameter(f"the side of a median's neighbourhood is 3 or 5 voxels, not {side}")
    if volume.holes:
        raise InvalidVolume("a filter needs every slice: images are missing here, resample the volume first")
    box, dtype = box_of(region, volume.array.shape), volume.array.dtype
    reach = side // 2
    require_finite(volume, box.grown((reach, reach, reach), volume.array.shape))
    result = output(out, box.shape, dtype.type, volume.array)
    spread = driver("median3d").spread if on_device(volume.array) else spread_cpu
    table = network(side, dtype.name, box.x1 - box.x0)
    for first, last in pieces(box.z0, box.z1, progress, 2):
        spread(volume.voxels, volume.size, box, first, last, table, result)
    return result
