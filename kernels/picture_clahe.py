"""Contrast-limited adaptive histogram equalisation: each part of a picture gets all greys, noise is not blown up.

    e(v) = low + (high − low) · C((v − low) / (high − low))   where low < v < high,   else v

C is interpolated between the curves of the four tiles whose centres surround the pixel (two or one at the edges). A
tile's curve is the cumulated histogram of its values, in BINS bins over the window, with no bin fuller than L times the
mean: what is above is spread evenly over the bins that are not full. Values beyond the window count in the first and
last bin. Within a bin the curve is a straight line, so that it begins at 0 and ends at 1, and L = 1 changes nothing.
Source: Zuiderveld, "Contrast limited adaptive histogram equalization", Graphics Gems IV, 1994 (his code): tiles,
clipping and interpolation. The straight lines, and spreading by solving Σ min(n + δ, limit) = N for δ, are our own.
Axes: picture [row, column]; tile i of n has rows ⌊i·h/n⌋ … . Outside: stays `OUTSIDE`; a tile without samples has no
curve and no weight.
Tolerance: 1e-5 of the window against `reference`; against Zuiderveld's, whose curves have steps, 3/256 with tiles of
128² pixels.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from kernels.arrays import on_device, to_host
from kernels.errors import InvalidParameter
from kernels.lanes import INNER, OPTIONS, f32
from kernels.pixels import SAMPLED, amount, checked, filtered, value_range
from kernels.window import OUTSIDE

BINS = 256
LEAST_TILES, MOST_TILES = 1, 32  # along each axis
MOST_LIMIT = float(BINS)  # a histogram that is not clipped


def edges(length: int, tiles: int) -> NDArray[np.int64]:
    """Where tiles begin along an axis, and the length; a picture has no more tiles than pixels."""
    tiles = min(tiles, length)
    return np.arange(tiles + 1) * length // tiles


def reference(
    values: NDArray[np.float32], low: float, high: float, limit: float = 3.0, tiles: int = 8
) -> NDArray[np.float64]:
    """The formula in float64: tile by tile, then all pixels by numpy's interpolation."""
    there = values != OUTSIDE
    part = np.clip((values.astype(np.float64) - low) / (high - low), 0, 1)
    rows, columns = (edges(length, tiles) for length in values.shape)
    nodes = np.linspace(0, 1, BINS + 1)
    total, share = np.zeros(values.shape), np.zeros(values.shape)
    for j, i in np.ndindex(len(rows) - 1, len(columns) - 1):
        tile = np.s_[rows[j] : rows[j + 1], columns[i] : columns[i + 1]]
        own = part[tile][there[tile]]
        if own.size:
            counts, _ = np.histogram(own, nodes)
            weight = np.outer(_weight(rows, j, values.shape[0]), _weight(columns, i, values.shape[1]))
            total += weight * np.interp(part, nodes, _reference_curve(counts, limit))
            share += weight
    mapped = low + (high - low) * total / np.where(share > 0, share, 1)
    return np.asarray(np.where(there & (part > 0) & (part < 1), mapped, values), np.float64)


def _reference_curve(counts: NDArray[Any], limit: float) -> NDArray[np.float64]:
    """Clipped bin by bin: the excess is shared out until nobody has any."""
    most = limit * counts.sum() / BINS
    clipped = np.minimum(counts.astype(np.float64), most)
    for _ in range(10000):
        excess = counts.sum() - clipped.sum()
        room = clipped < most
        if excess < 1e-9 * counts.sum() or not room.any():
            break
        clipped[room] = np.minimum(clipped[room] + excess / room.sum(), most)
    return np.asarray(np.concatenate([[0], np.cumsum(clipped) / clipped.sum()]), np.float64)


def _weight(edges: NDArray[np.int64], tile: int, length: int) -> NDArray[np.float64]:
    centres = (edges[:-1] + edges[1:] - 1) / 2
    return np.asarray(np.interp(np.arange(length), centres, np.arange(len(centres)) == tile))


@njit(**INNER)
def _place(value, low, scale):
    """Where a value lies among the bins, 0 … BINS. In float64: whole values often lie on borders between bins."""
    return min(max((np.float64(value) - low) * scale, 0.0), np.float64(BINS))


@njit(parallel=True, cache=True, **OPTIONS)
def spread_counts(values, low, scale, rows, columns, counts):
    """The histogram of each tile, [tile row, tile column, bin]."""
    across = columns.size - 1
    for tile in prange((rows.size - 1) * across):
        j, i = tile // across, tile % across
        for row in range(rows[j], rows[j + 1]):
            for column in range(columns[i], columns[i + 1]):
                value = values[row, column]
                if value > SAMPLED:
                    counts[j, i, min(int(_place(value, low, scale)), BINS - 1)] += 1


def curves(counts: NDArray[np.int32], limit: float) -> NDArray[np.float32]:
    """The curve of each histogram at its bins' borders, 0 … 1; 0 everywhere for one of nothing. [..., BINS + 1]"""
    total = counts.sum(axis=-1, keepdims=True).astype(np.float64)
    most = limit * total / BINS
    filled = np.minimum(counts, most)
    # Σ min(n + δ, most) is concave and piecewise linear in δ: Newton's steps end on its root after a few corners.
    for _ in range(BINS):
        short = total - filled.sum(axis=-1, keepdims=True)
        if (short <= 1e-9 * total).all():
            break
        room = filled < most
        more = short / np.maximum(room.sum(axis=-1, keepdims=True), 1)
        filled = np.where(room, np.minimum(filled + more, most), filled)
    found = np.zeros((*counts.shape[:-1], BINS + 1), np.float32)
    found[..., 1:] = np.cumsum(filled, axis=-1) / np.maximum(filled.sum(axis=-1, keepdims=True), 1)
    return found


class Mix(NamedTuple):
    """Of each row or column of pixels: the tile before it, the tile after it, and how far it is on the way, 0 … 1."""

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    part: NDArray[np.float32]


def mix(edges: NDArray[np.int64]) -> Mix:
    """Between the centres of tiles; beyond the outermost centre there is one tile alone."""
    centres = (edges[:-1] + edges[1:] - 1) / 2
    place = np.interp(np.arange(edges[-1]), centres, np.arange(len(centres)))
    before = place.astype(np.int64)
    return Mix(before, np.minimum(before + 1, len(centres) - 1), (place - before).astype(np.float32))


@njit(parallel=True, cache=True, **OPTIONS)
def spread_cpu(values, bottom, width, low, scale, down, across, curves, out):
    tiles = curves.shape[1]
    for row in prange(values.shape[0]):
        # The curves of two rows of tiles are mixed once for all pixels of a row; the last entry is their weight.
        mixed = np.empty((tiles, BINS + 1), np.float32)
        for tile in range(tiles):
            for node in range(BINS + 1):
                above, below = curves[down.before[row], tile, node], curves[down.after[row], tile, node]
                mixed[tile, node] = above + down.part[row] * (below - above)
        for column in range(values.shape[1]):
            value = values[row, column]
            place = _place(value, low, scale)
            if place <= 0.0 or place >= np.float64(BINS):
                out[row, column] = value
                continue
            node = int(place)
            part = f32(place - node)
            a, b = mixed[across.before[column]], mixed[across.after[column]]
            before = a[node] + part * (a[node + 1] - a[node])
            after = b[node] + part * (b[node + 1] - b[node])
            share = a[BINS] + across.part[column] * (b[BINS] - a[BINS])
            out[row, column] = bottom + width * ((before + across.part[column] * (after - before)) / share)


def clahe(
    values: NDArray[np.float32],
    low: float,
    high: float,
    limit: float = 3.0,
    tiles: int = 8,
    out: NDArray[Any] | None = None,
) -> NDArray[np.float32]:
    """The equalised picture, float32 [h, w], in the same values: the window from `low` to `high` still fits it.

    limit: how much steeper than the window a tile's curve may be, 1 to 256; 1 changes nothing.
    tiles: how many there are along each axis, 1 to 32.
    A picture on a card is brought to the host, filtered there and sent back. Not yet run on a card.

    Raises:
        InvalidParameter: no range of values, an amount out of range, a picture or `out` that a filter does not take
            (pixels.py).
    """
    picture = checked(values)
    low, high = value_range(low, high)
    limit = amount(limit, 1, MOST_LIMIT, "the limit of an equalisation")
    if tiles not in range(LEAST_TILES, MOST_TILES + 1):
        raise InvalidParameter(f"an equalisation has {LEAST_TILES} to {MOST_TILES} tiles along an axis, not {tiles}")
    result = filtered(values, out)
    if on_device(picture):
        there: Any = result
        there.set(clahe(to_host(picture), low, high, limit, tiles))
        return result
    rows, columns = (edges(length, int(tiles)) for length in picture.shape)
    counts = np.zeros((len(rows) - 1, len(columns) - 1, BINS), np.int32)
    scale = BINS / (high - low)
    spread_counts(picture, low, scale, rows, columns, counts)
    spread_cpu(
        picture,
        np.float32(low),
        np.float32(high - low),
        low,
        scale,
        mix(rows),
        mix(columns),
        curves(counts, limit),
        result,
    )
    return result
