"""The lane primitives for one lane: plain numbers, as a CUDA thread needs them.

`scalar_variant` compiles a `shared` function's own source against these instead of those in `lanes.py`. A CUDA driver
passes `cuda.jit(device=True)` as `device` (under the simulator the identity); a test passes `njit` and compares the
pictures, so the source the card will run is checked at full size without a card.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np

from kernels import lane_memory, lane_windows, lanes, light, queue
from kernels.lane_memory import BLUE_BITS, GREEN_BITS, LOWEST_BITS, RED_BITS
from kernels.lane_windows import PATCH

f32 = np.float32
i32 = np.int32


def minimum(x, y):
    return x if x < y else y


def maximum(x, y):
    return x if x > y else y


def floor(x):
    return f32(math.floor(x))


def ceil(x):
    return f32(math.ceil(x))


def sqrt(x):
    return f32(math.sqrt(x))


def absolute(x):
    return f32(abs(x))


def integer(x):
    return i32(x)


def real(x):
    return f32(x)


def splat(value, like):
    return f32(value)


def where(mask, x, y):
    return x if mask else y


def any_lane(mask):
    return mask


def lowest(x):
    return x


def highest(x):
    return x


def pair(array, offset, index):
    return f32(array[offset + index]), f32(array[offset + index + 1])


def quad(array, offset, index):
    at = offset + index
    return f32(array[at - 1]), f32(array[at]), f32(array[at + 1]), f32(array[at + 2])


def between(array, offset, index, part):
    low, high = array[offset + index], array[offset + index + 1]
    return f32(low) + part * (f32(high) - f32(low))


def load(array, offset, index):
    return f32(array[offset + index])


def has_quads(array):
    return False


def has_patches(array):
    return False


def between_rows(array, offset, across, index, part):
    at = offset + index // PATCH * across + index % PATCH
    a0, a1 = f32(array[at]), f32(array[at + 1])
    b0, b1 = f32(array[at + across]), f32(array[at + across + 1])
    return a0 + part * (a1 - a0), b0 + part * (b1 - b0)


_GREEN_SHIFT, _RED_SHIFT = BLUE_BITS, BLUE_BITS + GREEN_BITS
_RED_MOST, _GREEN_MOST, _BLUE_MOST = ((1 << bits) - 1 for bits in (RED_BITS, GREEN_BITS, BLUE_BITS))


def entry(cumulated, colours, entries, index):
    return cumulated[index], colours[index]


def mean_colour(one, other):
    packed = np.int64(one & other) + (((one ^ other) & ~LOWEST_BITS) >> 1 & 0x7FFFFFFF)
    red = f32((packed >> _RED_SHIFT) & _RED_MOST) * f32(1 / _RED_MOST)
    green = f32((packed >> _GREEN_SHIFT) & _GREEN_MOST) * f32(1 / _GREEN_MOST)
    return red, green, f32(packed & _BLUE_MOST) * f32(1 / _BLUE_MOST)


def quotient(x, y):
    return f32(x) / f32(y)


PRIMITIVES: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        minimum,
        maximum,
        floor,
        ceil,
        sqrt,
        absolute,
        integer,
        real,
        splat,
        where,
        any_lane,
        lowest,
        highest,
        pair,
        quad,
        between,
        load,
        entry,
        mean_colour,
        quotient,
        has_quads,
        has_patches,
    )
} | dict.fromkeys(("between_four_rows", "between_six_rows", "between_eight_rows"), between_rows)


# A lane alone has nothing to wait for.
_AT_ONCE = {queue.lit_veil: light.veil_at_once, queue.lit_surface: light.surface_at_once}


def scalar_variant(function: Any, device: Callable[[Any], Any], known: dict[Any, Any] | None = None) -> Any:
    """A `shared` function for one lane, compiled by `device`, with every shared function it calls."""
    known = {} if known is None else known
    source = function.py_func
    names = dict(source.__globals__)
    for name in source.__code__.co_names:
        used = names.get(name)
        if used is None:
            continue
        if name in PRIMITIVES and used in (
            getattr(lanes, name, None),
            getattr(lane_memory, name, None),
            getattr(lane_windows, name, None),
        ):
            replacement = known.get(name)
            if replacement is None:
                replacement = known[name] = device(PRIMITIVES[name])
            names[name] = replacement
        elif used in _AT_ONCE:
            names[name] = scalar_variant(_AT_ONCE[used], device, known)
        elif any(used is function for function in lanes.SHARED):
            if used not in known:
                known[used] = scalar_variant(used, device, known)
            names[name] = known[used]
    return device(FunctionType(source.__code__, names, source.__name__, source.__defaults__))
