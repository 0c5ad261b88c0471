"""Transfer functions: colour and extinction of a value, and the tables volume rendering reads.

    τ(v), rgb(v)      piecewise linear between points, constant beyond the first and last
    T[i] = Σ τ(v_j), j < i     cumulated extinction over table cells, so that (T[b] − T[a]) / (b − a) is the mean τ
                               between two values whatever lies between them

Source: cumulated tables (pre-integration without self-attenuation): Engel, Kraus, Ertl, "High-quality pre-integrated
volume rendering using hardware-accelerated pixel shading", 2001, idea only; the tables are our own.
The tables do not depend on the step, so a drag and its still share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kernels.errors import InvalidParameter

CELLS = 4096


class Table(NamedTuple):
    """What the kernel reads. A value v stands in cell round((v − low)·scale), cut to 0 … CELLS − 1."""

    low: np.float32
    scale: np.float32  # cells per unit of value
    cumulated: NDArray[np.float32]  # [CELLS + 1], per millimetre
    red: NDArray[np.float32]  # [CELLS], 0 … 1
    green: NDArray[np.float32]
    blue: NDArray[np.float32]


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

    points: tuple[tuple[float, tuple[float, float, float], float], ...]
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
        red, green, blue = np.ascontiguousarray(self.colour(values).T, np.float32)
        scale = (CELLS - 1) / (high - low)
        return Table(np.float32(low), np.float32(scale), cumulated.astype(np.float32), red, green, blue)


@lru_cache(maxsize=16)
def _table(transfer: TransferFunction) -> Table:
    """The last few are kept: every frame of a drag, and every band of a still, asks for the same one."""
    return transfer._make_table()


def percentile_range(array: NDArray[Any]) -> tuple[float, float]:
    """The 0.5 and 99.5 percentile of a volume, from about a quarter of a million voxels spread over it."""
    flat = array.reshape(-1)
    # A prime stride never walks down one column of the image.
    sample = flat[:: max(1, flat.size // 250_000) | 1]
    low, high = np.percentile(sample, (0.5, 99.5))
    return float(low), float(high)


def _opacity(points: Sequence[tuple[float, str, float]]) -> tuple[tuple[float, tuple[float, float, float], float], ...]:
    """Points (value, "#rrggbb", opacity of one millimetre) as extinctions: τ = −ln(1 − opacity)."""
    return tuple(
        (
            float(value),
            (int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255),
            float(-np.log1p(-opacity)),
        )
        for value, colour, opacity in points
    )


PRESETS: dict[str, TransferFunction] = {
    "ct_cta": TransferFunction(
        _opacity(
            [
                (-1024, "#000000", 0),
                (130, "#8c261a", 0),
                (200, "#bf4026", 0.06),
                (350, "#e6734d", 0.35),
                (600, "#f2e6cc", 0.6),
                (1200, "#fffff2", 0.85),
                (3071, "#ffffff", 0.9),
            ]
        ),
        faint=0.004,
    ),
    "ct_bone": TransferFunction(
        _opacity(
            [
                (-1024, "#000000", 0),
                (150, "#8a5a3c", 0),
                (280, "#c9a27a", 0.12),
                (450, "#e8d3ae", 0.5),
                (1200, "#fbf5e6", 0.9),
                (3071, "#ffffff", 0.95),
            ]
        ),
        faint=0.004,
    ),
    "ct_skin": TransferFunction(
        _opacity(
            [
                (-1024, "#000000", 0),
                (-500, "#996650", 0),
                (-300, "#d99980", 0.35),
                (-150, "#e6b38c", 0.6),
                (60, "#d99c80", 0.7),
                (3071, "#f2dcc8", 0.9),
            ]
        )
    ),
    "ct_soft": TransferFunction(
        _opacity(
            [
                (-1024, "#000000", 0),
                (-80, "#b37a4d", 0),
                (0, "#b34d40", 0.02),
                (70, "#bf4d40", 0.07),
                (150, "#cc5940", 0.12),
                (350, "#f29966", 0.35),
                (700, "#fff2d9", 0.6),
                (3071, "#ffffff", 0.9),
            ]
        )
    ),
    "ct_lung": TransferFunction(
        _opacity(
            [
                (-1024, "#000000", 0),
                (-960, "#3d5a80", 0),
                (-870, "#5a86b3", 0.006),
                (-700, "#e08a7a", 0.03),
                (-550, "#e8a08c", 0.012),
                (-420, "#000000", 0),
                (3071, "#000000", 0),
            ]
        )
    ),
    "ct_airway": TransferFunction(
        _opacity(
            [
                (-1024, "#4d99cc", 0.0),
                (-1000, "#66b3e0", 0.012),
                (-960, "#80c0e8", 0.05),
                (-925, "#a0d0f0", 0.012),
                (-890, "#a0d0f0", 0),
                (3071, "#000000", 0),
            ]
        )
    ),
    "ct_muscle": TransferFunction(
        _opacity(
            [
                (-1024, "#000000", 0),
                (-20, "#7a2f26", 0),
                (40, "#a63c2e", 0.18),
                (120, "#c75a42", 0.3),
                (250, "#e8b48c", 0.55),
                (600, "#f7ebd2", 0.8),
                (3071, "#ffffff", 0.9),
            ]
        )
    ),
    "ct_translucent": TransferFunction(
        _opacity(
            [
                (-1024, "#000000", 0),
                (-500, "#996650", 0),
                (-300, "#d99980", 0.02),
                (-150, "#e6b38c", 0.03),
                (-50, "#cc8066", 0.02),
                (60, "#bf4d40", 0.05),
                (150, "#cc5940", 0.1),
                (350, "#f29966", 0.3),
                (700, "#fff2d9", 0.6),
                (3071, "#ffffff", 0.9),
            ]
        )
    ),
    "mr_default": TransferFunction(
        _opacity(
            [
                (0.0, "#000000", 0),
                (0.18, "#59331f", 0),
                (0.35, "#a6664d", 0.04),
                (0.6, "#d9a688", 0.15),
                (0.85, "#f2dcc8", 0.4),
                (1.1, "#ffffff", 0.7),
            ]
        ),
        modalities=("MR",),
        relative=True,
        flat_gradient=0.02,
    ),
    "mr_angio": TransferFunction(
        _opacity(
            [
                (0.0, "#000000", 0),
                (0.55, "#731a12", 0),
                (0.8, "#bf4026", 0.12),
                (1.1, "#e6804d", 0.5),
                (1.6, "#ffe6cc", 0.85),
            ]
        ),
        modalities=("MR",),
        relative=True,
        flat_gradient=0.02,
    ),
}
