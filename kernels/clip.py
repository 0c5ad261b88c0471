"""What a volume rendering or a projection is cut to: half-spaces that all must hold, and the six of a box.

kept where a·x + b·y + c·z ≥ d        (a, b, c) a unit vector; LPS, millimetres
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.errors import InvalidParameter

MAX_PLANES = 12
UNIT_TOLERANCE = 1e-6
TOUCHING_MM = 1e-3  # a sample on a face counts, whatever crumbs float32 leaves there


def half_spaces(clip: ArrayLike | None) -> NDArray[np.float64]:
    """The rows (a, b, c, d) [n, 4], float64; none for None.

    Raises:
        InvalidParameter: not rows of four finite numbers, more than MAX_PLANES, a normal that is no unit vector.
    """
    planes = _numbers([] if clip is None else clip)
    if planes.size == 0:
        return np.empty((0, 4))
    if planes.ndim != 2 or planes.shape[1] != 4 or len(planes) > MAX_PLANES:
        raise InvalidParameter(f"a clip is at most {MAX_PLANES} rows of four numbers, not {planes.shape}")
    if np.abs(np.linalg.norm(planes[:, :3], axis=1) - 1).max() > UNIT_TOLERANCE:
        raise InvalidParameter("the normal of a clip plane is a unit vector")
    return planes


def interval(
    planes: NDArray[np.float64], start: NDArray[np.float64], direction: NDArray[np.float64]
) -> tuple[float, float]:
    """From where to where a ray is kept, in lengths of `direction` from `start`; from > to where none of it is.

    Args:
        planes: as `half_spaces` gives them.
        start, direction: patient space, millimetres.
    """
    ahead = planes[:, :3] @ direction
    missing = planes[:, 3] - planes[:, :3] @ start
    along = ahead == 0  # such a plane keeps all of the ray or nothing
    if (along & (missing > 0)).any():
        return np.inf, -np.inf
    t = np.divide(missing, ahead, where=~along, out=np.zeros_like(ahead))
    return float(t[ahead > 0].max(initial=-np.inf)), float(t[ahead < 0].min(initial=np.inf))


def along_grid(
    planes: NDArray[np.float64], affine: NDArray[np.float64], grid: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How deep samples of parallel rays lie in each half-space, millimetres: what is below zero is cut away.

    Args:
        planes: as `half_spaces` gives them.
        affine: from index coordinates to the patient.
        grid: the first sample of the first pixel, then the steps right, down and to the next sample, [4, 3].

    Returns:
        [n, 4]: of that sample, and what each of the three steps adds.
    """
    normals = planes[:, :3] @ affine[:3, :3]
    depths = normals @ grid.T
    depths[:, 0] += planes[:, :3] @ affine[:3, 3] - planes[:, 3] + TOUCHING_MM
    return np.ascontiguousarray(depths)


@dataclass(frozen=True, eq=False)
class Box:
    """A box in the patient: its centre [3] mm, three orthonormal axes [3, 3] as rows, half its size along each, mm.

    Raises:
        InvalidParameter: numbers that are not finite, axes that are not orthonormal, a half size that is not positive.
    """

    centre: NDArray[np.float64]
    axes: NDArray[np.float64]
    half_mm: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name, shape in (("centre", (3,)), ("axes", (3, 3)), ("half_mm", (3,))):
            values = _numbers(getattr(self, name))
            if values.shape != shape:
                raise InvalidParameter(f"a box's {name} has the shape {shape}, not {values.shape}")
            object.__setattr__(self, name, values)
        if np.abs(self.axes @ self.axes.T - np.eye(3)).max() > UNIT_TOLERANCE:
            raise InvalidParameter("the axes of a box are three unit vectors at right angles")
        if self.half_mm.min() <= 0:
            raise InvalidParameter("half a size of a box is more than nothing")

    @property
    def half_spaces(self) -> NDArray[np.float64]:
        """Its inside, [6, 4]: the low and the high face of the first axis, of the second, of the third."""
        middle = self.axes @ self.centre
        low = np.column_stack([self.axes, middle - self.half_mm])
        high = np.column_stack([-self.axes, -middle - self.half_mm])
        return np.stack([low, high], axis=1).reshape(6, 4)


def _numbers(values: Any) -> NDArray[np.float64]:
    try:
        array = np.array(values, np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidParameter("a clip is made of numbers") from error
    if not np.isfinite(array).all():
        raise InvalidParameter("a clip is made of finite numbers")
    return array
