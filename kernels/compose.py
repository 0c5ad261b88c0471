"""Colours over a grey picture: a second volume in its palette, then labels.

    fused     (1 − o)·g + o·colours[k],  k = ⌊(x − low)/(high − low)·255 + ½⌋ cut to 0 … 255, where x > low; else g
    labelled  (1 − t)·that + t·colour of the pixel's label
    outline   the label's colour where one of the pixel's eight neighbours has another label

Each is done by itself; a picture without the one or the other costs nothing for it. Where the second volume is
`OUTSIDE` it has no colour. A label's outline lies on its own pixels, so that it ends where the label ends.
Source: our own. Axes: pictures [row, column]; the neighbours of the first and last row come with the labels.
Tolerance: one step of a channel against `reference`, where a value lies on the border between two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.arrays import driver, on_device
from kernels.errors import InvalidParameter
from kernels.lanes import OPTIONS, PURE, f32
from kernels.picture import output

LABELS = 256
OUTSIDE_BELOW = -2.9e38  # window.OUTSIDE, and nothing else, is below


def reference_fused(
    greys: NDArray[np.uint8],
    values: NDArray[np.float32],
    colours: NDArray[np.uint8],
    low: float,
    high: float,
    part: float,
) -> NDArray[np.uint8]:
    """The first formula in float64."""
    x = values.astype(np.float64)
    place = np.clip(np.floor((x - low) / (high - low) * 255 + 0.5), 0, 255).astype(int)
    mixed = (1 - part) * greys[..., None] + part * colours[place].astype(np.float64)
    return np.where((x > low)[..., None], np.floor(mixed + 0.5), greys[..., None]).astype(np.uint8)


def reference_labelled(
    rgb: NDArray[np.uint8], labels: NDArray[np.uint8], styles: NDArray[np.float32], top: int
) -> NDArray[np.uint8]:
    """The second and third formula in float64; arguments as `labelled` takes them."""
    height, width = rgb.shape[:2]
    around = np.pad(labels, 1, mode="edge")
    mine = labels[top : top + height]
    differs = np.zeros(mine.shape, bool)
    for dy, dx in np.ndindex(3, 3):
        differs |= around[top + dy : top + dy + height, dx : dx + width] != mine
    style = styles.astype(np.float64)[mine]
    part = np.where(differs & (style[..., 4] > 0), 1, style[..., 3])[..., None]
    return np.asarray(np.floor((1 - part) * rgb + part * 255 * style[..., :3] + 0.5)).astype(np.uint8)


def fused_pixel(x, low, scale):
    """The place of a value in a palette; −1: it is not shown."""
    if x <= low or x < f32(OUTSIDE_BELOW):
        return -1
    place = int(min((x - low) * scale * f32(255) + f32(0.5), f32(255)))
    return min(max(place, 0), 255)  # once more as integers: what is not a number must not become an address


def differs(labels, row, column):
    """Whether one of a pixel's neighbours has another label."""
    height, width = labels.shape
    label = labels[row, column]
    for v in range(max(row - 1, 0), min(row + 2, height)):
        for u in range(max(column - 1, 0), min(column + 2, width)):
            if labels[v, u] != label:
                return True
    return False


_fused_pixel, _differs = (njit(f, forceinline=True, **PURE) for f in (fused_pixel, differs))


@njit(parallel=True, cache=True, **OPTIONS)
def spread_fused_cpu(greys, values, colours, low, scale, part, out):
    for v in prange(out.shape[0]):
        for u in range(out.shape[1]):
            place = _fused_pixel(values[v, u], low, scale)
            grey = f32(greys[v, u])
            for channel in range(3):
                mixed = grey
                if place >= 0:
                    mixed = grey + part * (f32(colours[place, channel]) - grey)
                out[v, u, channel] = np.uint8(mixed + f32(0.5))


@njit(parallel=True, cache=True, **OPTIONS)
def spread_labelled_cpu(labels, styles, top, out):
    for v in prange(out.shape[0]):
        for u in range(out.shape[1]):
            label = labels[top + v, u]
            part = styles[label, 3]
            if styles[label, 4] > f32(0) and _differs(labels, top + v, u):
                part = f32(1)
            if part > f32(0):
                for channel in range(3):
                    own = f32(out[v, u, channel])
                    mixed = own + part * (styles[label, channel] * f32(255) - own)
                    out[v, u, channel] = np.uint8(mixed + f32(0.5))


def fused(
    greys: NDArray[Any],
    values: NDArray[Any],
    colours: NDArray[np.uint8],
    low: float,
    high: float,
    opacity: float,
    out: NDArray[Any] | None = None,
) -> NDArray[np.uint8]:
    """A grey picture uint8 [h, w] with the values of a second volume, float32 [h, w], over it: uint8 [h, w, 3].

    Args:
        colours: uint8 [256, 3], from low to high.
        opacity: of what is shown, 0 … 1.

    Raises:
        InvalidParameter: pictures of other types or of two sizes, a window without a width, an opacity out of range.
    """
    if greys.dtype != np.uint8 or values.dtype != np.float32 or greys.shape != values.shape or greys.ndim != 2:
        raise InvalidParameter("a grey picture is uint8 [h, w], what lies over it float32 of the same size")
    if not (np.isfinite([low, high]).all() and high > low) or max(abs(low), abs(high)) > 1e30:
        raise InvalidParameter(f"a window from {low} to {high} has no meaning")
    if not 0 <= opacity <= 1:
        raise InvalidParameter(f"an opacity is 0 to 1, not {opacity}")
    if colours.shape != (256, 3) or colours.dtype != np.uint8:
        raise InvalidParameter("a palette is uint8 [256, 3]")
    result = output(out, (*greys.shape, 3), np.uint8, greys)
    spread = driver("compose").spread_fused if on_device(greys) else spread_fused_cpu
    # Numba would compile again for read-only tables.
    spread(greys, values, np.array(colours), f32(low), f32(1 / (high - low)), f32(opacity), result)
    return result


def coloured(greys: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """A grey picture [h, w] as one in colours [h, w, 3]."""
    out[...] = greys[..., None]


def labelled(labels: NDArray[Any], styles: NDArray[np.float32], out: NDArray[Any], top: int = 0) -> None:
    """Colour a picture uint8 [h, w, 3] by its labels, in place.

    Args:
        labels: uint8 [at least top + h, w]; row `top` is the picture's first, others are its neighbours.
        styles: float32 [256, 5], red, green and blue, the part that tints, and more than 0: an outline; all 0 … 1.

    Raises:
        InvalidParameter: arrays of other types or sizes.
    """
    height, width = out.shape[:2]
    if out.dtype != np.uint8 or out.ndim != 3 or out.shape[2] != 3 or labels.dtype != np.uint8:
        raise InvalidParameter("labels are uint8, the picture that they colour uint8 [h, w, 3]")
    if not on_device(out) and not out.flags.writeable:
        raise InvalidParameter("a read-only picture cannot be coloured")
    if labels.ndim != 2 or labels.shape[1] != width or not 0 <= top <= labels.shape[0] - height:
        raise InvalidParameter(f"labels of {labels.shape} do not cover a picture of {out.shape[:2]} from row {top}")
    if styles.shape != (LABELS, 5) or styles.dtype != np.float32 or not ((styles >= 0) & (styles <= 1)).all():
        raise InvalidParameter("styles are float32 [256, 5] of numbers 0 to 1")
    spread = driver("compose").spread_labelled if on_device(out) else spread_labelled_cpu
    spread(labels, np.array(styles), int(top), out)
