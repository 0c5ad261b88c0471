"""`kernels.unsharp` on a card: whole arrays. Not yet run on one."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.box import Box


def spread(voxels: Any, size: Any, box: Box, first: int, last: int, amount: np.float32, out: Any) -> None:
    """The same arguments as the CPU's `spread_cpu`."""
    shape = tuple(int(n) for n in size[::-1])
    old = voxels.reshape(shape)[box._replace(z0=first, z1=last).region].astype(np.float32)
    new = out[first - box.z0 : last - box.z0]
    new[...] = old + amount * (old - new)
