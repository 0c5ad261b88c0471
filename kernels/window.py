"""From values to grey: the VOI functions of DICOM.

    LINEAR         x ≤ c − 0.5 − (w−1)/2 → 0;  x > c − 0.5 + (w−1)/2 → 255;
                   else ((x − (c − 0.5)) / (w − 1) + 0.5) · 255
    LINEAR_EXACT   x ≤ c − w/2 → 0;  x > c + w/2 → 255;  else ((x − c) / w + 0.5) · 255
    SIGMOID        255 / (1 + exp(−4 (x − c) / w))

Source: DICOM PS3.3 C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2. Rounded to the nearest grey.
Outside: `OUTSIDE` is black whatever `invert` says.
Tolerance: one grey against `reference`, where a value lies on the border between two.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.arrays import driver, on_device
from kernels.errors import InvalidParameter
from kernels.lane_memory import store_bytes, vector
from kernels.lanes import (
    LANES,
    OPTIONS,
    absolute,
    f32,
    floor,
    maximum,
    minimum,
    shared,
    where,
)
from kernels.picture import output
from kernels.sampling import exp_minus

Function = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]

# "No sample here", in float32 pictures. Finite, because fast arithmetic may assume that there is no infinity.
OUTSIDE = np.float32(-3e38)


def reference(
    values: NDArray[np.float32], centre: float, width: float, invert: bool, function: Function
) -> NDArray[np.uint8]:
    """The formulas above in float64."""
    x = values.astype(np.float64)
    if function == "SIGMOID":
        y = 255 / (1 + np.exp(np.clip(-4 * (x - centre) / width, -700, 700)))
    else:
        middle, slope_width = (centre - 0.5, width - 1) if function == "LINEAR" else (centre, width)
        with np.errstate(divide="ignore", invalid="ignore"):
            y = ((x - middle) / slope_width + 0.5) * 255
        y = np.where(x <= middle - slope_width / 2, 0, np.where(x > middle + slope_width / 2, 255, y))
    y = np.floor(y + 0.5)
    return np.asarray(np.where(values == OUTSIDE, 0, 255 - y if invert else y)).astype(np.uint8)


@shared
def grey(x, middle, scale, sigmoid, invert):
    """The grey of a value, as a whole number 0 … 255 in float32. A scale of 0 is the step function of width 1."""
    outside = x < f32(-2.9e38)
    u = (x - middle) * scale
    if sigmoid:
        e = f32(1) / (f32(1) + exp_minus(minimum(absolute(u), f32(16))))
        y = where(u < f32(0), f32(1) - e, e)
    elif scale > f32(0):
        y = minimum(maximum(u + f32(0.5), f32(0)), f32(1))
    else:
        y = where(x > middle, f32(1), f32(0) * u)
    y = floor(y * f32(255) + f32(0.5))
    if invert:
        y = f32(255) - y
    return where(outside, f32(0), y)


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(values, middle, scale, sigmoid, invert, out):
    # Two thousand pixels at a time; the last ones, fewer than the lanes, go through a small copy.
    share = 2048
    for i in prange((values.size + share - 1) // share):
        start = i * share
        end = min(start + share, values.size)
        whole = start + (end - start) // LANES * LANES
        for j in range(start, whole, LANES):
            store_bytes(grey(vector(values, j), middle, scale, sigmoid, invert), out, j)
        if whole < end:
            rest = np.zeros(LANES, np.float32)
            greys = np.empty(LANES, np.uint8)
            for j in range(whole, end):
                rest[j - whole] = values[j]
            store_bytes(grey(vector(rest, 0), middle, scale, sigmoid, invert), greys, 0)
            for j in range(whole, end):
                out[j] = greys[j - whole]


def window(
    values: NDArray[np.float32],
    centre: float,
    width: float,
    invert: bool = False,
    function: Function = "LINEAR",
    out: NDArray[Any] | None = None,
) -> NDArray[np.uint8]:
    """Grey levels uint8 [h, w] of float32 values.

    Raises:
        InvalidParameter: a centre or width that is not finite, a width too small for the function, a wrong array.
    """
    if not (np.isfinite(centre) and np.isfinite(width) and abs(centre) < 1e30 and abs(width) < 1e30):
        raise InvalidParameter("a window's centre and width are finite")
    if function not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        raise InvalidParameter(f"a VOI function is LINEAR, LINEAR_EXACT or SIGMOID, not {function}")
    if width < 1 if function == "LINEAR" else width <= 0:
        raise InvalidParameter(f"a {function} window of width {width} has no meaning")
    if values.dtype != np.float32 or not values.flags.c_contiguous:
        raise InvalidParameter("values to window are a C-contiguous float32 array")
    result = output(out, values.shape, np.uint8, values)
    middle, slope = centre, 4 / width if function == "SIGMOID" else 1 / width
    if function == "LINEAR":
        middle, slope = centre - 0.5, 1 / (width - 1) if width > 1 else 0.0
    slope = min(slope, 1e30)
    spread = driver("window").spread if on_device(values) else spread_cpu
    flat = values.reshape(-1)
    spread(flat, np.float32(middle), np.float32(slope), function == "SIGMOID", bool(invert), result.reshape(-1))
    return result
