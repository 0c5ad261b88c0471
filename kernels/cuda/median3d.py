"""`kernels.median3d` on a card: cupyx's median. Not yet run on one."""

from __future__ import annotations

from typing import Any

from kernels.arrays import ndimage_of
from kernels.box import Box
from kernels.median3d import Network


def spread(voxels: Any, size: Any, box: Box, first: int, last: int, network: Network, out: Any) -> None:
    """The same arguments as the CPU's `spread_cpu`; of the network it wants the side alone."""
    shape = tuple(int(n) for n in size[::-1])
    slab = box._replace(z0=first, z1=last)
    around = slab.grown((network.side // 2,) * 3, shape)
    values = voxels.reshape(shape)[around.region]
    medians = ndimage_of(values).median_filter(values, size=network.side, mode="nearest")
    out[first - box.z0 : last - box.z0] = medians[slab.within(around).region]
