"""`kernels.gradient` on a card, see derivatives.py. Not yet run on one."""

from __future__ import annotations

from typing import Any

from kernels.box import Box
from kernels.cuda.derivatives import derivatives
from kernels.derivatives import Taps
from kernels.gradient import COMPONENTS


def spread(voxels: Any, size: Any, box: Box, first: int, last: int, taps: Taps, out: Any) -> None:
    """The same arguments as the CPU's `spread_cpu`."""
    x, y, z = derivatives(voxels, size, box, first, last, taps, COMPONENTS)
    out[first - box.z0 : last - box.z0] = (x * x + y * y + z * z) ** 0.5
