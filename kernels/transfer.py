"""Transfer functions: colour and extinction of a value, and the tables volume rendering reads.

    τ(v), rgb(v)      piecewise linear between points, constant beyond the first and last
    T[i] = Σ τ(v_j), j < i     cumulated extinction over table cells, so that (T[b] − T[a]) / (b − a) is the mean τ
                               between two values whatever lies between them

Source: cumulated tables (pre-integration without self-attenuation): Engel, Kraus, Ertl, "High-quality pre-integrated
volume rendering using hardware-accelerated pixel shading", 2001, idea only; the tables are our own.
The tables do not depend on the step, so a drag and its still share them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.errors import InvalidParameter

CELLS = 4096
NEVER = 3e38  # no value is as large
LEAST_SPAN = 1e-9  # of values from the first point to the last: float32 holds the cells of a unit

Points = tuple[tuple[float, tuple[float, float, float], float], ...]


class Table(NamedTuple):
    """What the kernel reads. A value v stands in cell round((v − low)·scale), cut to 0 … CELLS − 1."""

    low: np.float32
    scale: np.float32  # cells per unit of value
    dark: np.float32  # nothing is seen of values below this one,
    bright: np.float32  # nor above this one
    cumulated: NDArray[np.float32]  # [CELLS + 1], per millimetre
    colours: NDArray[np.int32]  # [CELLS + 1], see `packed`
    entries: NDArray[np.int64]  # [CELLS + 1]: the bits of both, the colour in the upper half, to be read at once


@dataclass(frozen=True)
class TransferFunction:
    """Points (value, (red, green, blue) 0 … 1, extinction per mm), values rising.

    relative: values are fractions of the volume's range (its 0.5 to 99.5 percentile), see `scaled`.
    flat_gradient: per mm, as many as the values' units; below it a surface counts as flat and is lit less,
        which keeps noise from glittering. It changes the picture.
    faint: steps with less weight than this are not shaded, only dimmed. Translucent functions need 0.001 or less.

    Raises:
        InvalidParameter: fewer than two points, values that do not rise, colours or extinctions out of range.
    """

    points: Points
    modalities: tuple[str, ...] = ("CT",)
    relative: bool = False
    flat_gradient: float = 30.0
    faint: float = 0.001

    def __post_init__(self) -> None:
        values = [value for value, _, _ in self.points]
        flat = [x for value, colour, tau in self.points for x in (value, *colour, tau)]
        if len(values) < 2 or not np.isfinite(flat).all() or min(np.diff(values)) <= 0:
            raise InvalidParameter("a transfer function has at least two points with rising values")
        if any(not 0 <= x <= 1 for _, colour, _ in self.points for x in colour):
            raise InvalidParameter("colours are 0 to 1")
        if values[-1] - values[0] < LEAST_SPAN:
            raise InvalidParameter(f"a transfer function spans at least {LEAST_SPAN:g} of its values' unit")
        if any(not 0 <= tau <= 1000 for _, _, tau in self.points):
            raise InvalidParameter("an extinction is 0 to 1000 per millimetre")

    def shifted(self, amount: float) -> TransferFunction:
        """The same function moved by `amount` (HU; of a relative function, fractions of the range)."""
        if not np.isfinite(amount) or abs(amount) > 1e7:
            raise InvalidParameter("a shift is finite")
        return replace(self, points=tuple((value + amount, colour, tau) for value, colour, tau in self.points))

    def scaled(self, low: float, high: float) -> TransferFunction:
        """A relative function over a volume's range low … high; any other stays as it is."""
        if not self.relative:
            return self
        width = max(high - low, 1e-6)
        points = tuple((low + value * width, colour, tau) for value, colour, tau in self.points)
        return replace(self, points=points, relative=False, flat_gradient=self.flat_gradient * width)

    def extinction(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """τ of values, per millimetre."""
        xs = [value for value, _, _ in self.points]
        return np.asarray(np.interp(values, xs, [tau for _, _, tau in self.points]))

    def colour(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Red, green and blue of values, [..., 3]."""
        xs = [value for value, _, _ in self.points]
        return np.stack([np.interp(values, xs, [rgb[i] for _, rgb, _ in self.points]) for i in range(3)], axis=-1)

    def table(self) -> Table:
        """The tables over the points' range.

        Raises:
            InvalidParameter: the function is relative and was not scaled.
        """
        return _table(self)

    def _make_table(self) -> Table:
        if self.relative:
            raise InvalidParameter("a relative transfer function is scaled to its volume first")
        low, high = self.points[0][0], self.points[-1][0]
        values = np.linspace(low, high, CELLS)
        cumulated = np.concatenate([[0.0], np.cumsum(self.extinction(values))])
        scale = (CELLS - 1) / (high - low)
        # One cell of slack on either side: rounding decides in which of two a value lies.
        seen = np.flatnonzero(np.diff(cumulated.astype(np.float32)))
        dark, bright = (low + (seen[0] - 1) / scale, low + (seen[-1] + 1) / scale) if len(seen) else (NEVER, -NEVER)
        dark, bright = dark if dark >= low else -NEVER, bright if bright <= high else NEVER
        edges = (np.float32(dark), np.float32(bright))
        sums, colours = cumulated.astype(np.float32), packed(self.colour(np.append(values, high)))
        entries = np.stack([sums.view(np.int32), colours], axis=-1).view("<i8")[:, 0]
        return Table(np.float32(low), np.float32(scale), *edges, sums, colours, np.ascontiguousarray(entries))


def packed(colours: NDArray[np.float64]) -> NDArray[np.int32]:
    """Red, green and blue [..., 3], 0 to 1, in 11, 11 and 10 bits of one int32 [...], red in the highest."""
    red, green, blue = (
        np.rint(channel * ((1 << bits) - 1)).astype(np.uint32)
        for channel, bits in zip(np.moveaxis(colours, -1, 0), (11, 11, 10), strict=True)
    )
    return np.asarray((red << 21) | (green << 10) | blue).view(np.int32)


@lru_cache(maxsize=16)
def _table(transfer: TransferFunction) -> Table:
    """The last few are kept: every frame of a drag, and every band of a still, asks for the same one."""
    return transfer._make_table()


def percentile_range(array: NDArray[Any]) -> tuple[float, float]:
    """The 0.5 and 99.5 percentile of a volume, from about a quarter of a million voxels spread over it."""
    low, high = np.percentile(_sample(array), (0.5, 99.5))
    return float(low), float(high)


def histogram(array: NDArray[Any], bins: int) -> tuple[float, float, NDArray[np.int64]]:
    """The least and the greatest of those voxels, and how many of them lie in each of `bins` equal parts between."""
    counts, edges = np.histogram(_sample(array), bins)
    return float(edges[0]), float(edges[-1]), counts


def _sample(array: NDArray[Any]) -> NDArray[Any]:
    flat = array.reshape(-1)
    # An odd stride does not walk down one column of the image.
    return flat[:: max(1, flat.size // 250_000) | 1]


def from_opacities(points: Sequence[tuple[float, str, float]]) -> Points:
    """Points (value, "#rrggbb", opacity of one millimetre) as those of a function: τ = −ln(1 − opacity).

    Raises:
        InvalidParameter: a colour that is not "#rrggbb", or an opacity that is not 0 … 1 without 1.
    """
    return tuple((float(value), _channels(colour), _depth(opacity)) for value, colour, opacity in points)


def opacities(points: Points) -> list[tuple[float, str, float]]:
    """The inverse of `from_opacities`, for opacities of at most six digits after the point."""
    return [
        (value, "#" + "".join(f"{round(255 * channel):02x}" for channel in colour), round(1 - math.exp(-tau), 6))
        for value, colour, tau in points
    ]


def _channels(colour: str) -> tuple[float, float, float]:
    if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
        raise InvalidParameter(f"a colour is #rrggbb, not {colour!r}")
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _depth(opacity: float) -> float:
    if not 0 <= opacity < 1:
        raise InvalidParameter(f"the opacity of a millimetre is 0 to below 1, not {opacity}")
    return float(-np.log1p(-opacity))
