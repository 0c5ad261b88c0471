"""Connected parts of a mask: their sizes, the largest, those that hold a seed, and holes.

Two voxels of a mask belong together if a path of neighbours within the mask joins them; neighbours share a face (6), an
edge too (18), or a corner too (26). What is outside a mask counts as joined by faces where the mask is joined by edges
or corners, and the other way round, so that a closed surface has an inside.
Source: the library `connected-components-3d` (docs/decisions/0008-morphology-libraries.md); on a card
cupyx.scipy.ndimage.label, not yet run on one.
Axes: see volume.py. Exact.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import cc3d
import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.arrays import module_of, ndimage_of, on_device, to_host
from kernels.errors import InvalidParameter
from kernels.morphology import Mask, require_mask
from kernels.progress import Progress

Connectivity = Literal[6, 18, 26]
DUAL: dict[int, Connectivity] = {6: 26, 18: 6, 26: 6}


class Components(NamedTuple):
    """Every voxel's part, [z, y, x] of an unsigned or signed integer type, 0 outside the mask; and voxels by part."""

    labels: NDArray[Any]
    sizes: NDArray[np.int64]  # in this machine's memory; sizes[0] counts what is outside

    def kept(self, chosen: NDArray[np.bool_], dtype: Any) -> Mask:
        """A mask of the parts whose number is chosen, bool for each of `sizes`."""
        table = module_of(self.labels).asarray(chosen)
        kept: Mask = table[self.labels].astype(dtype, copy=False)
        return kept


def components(mask: Mask, connectivity: Connectivity = 26) -> Components:
    """The parts of a mask, numbered from 1 on in no particular order.

    One call of a library, which takes a second or less and holds Python's interpreter. Parts are those of the whole
    mask; of a region, label a crop.

    Args:
        mask: bool or uint8 [z, y, x]; what is not 0 belongs to it.

    Raises:
        InvalidParameter: another kind of mask, another connectivity.
    """
    require_mask(mask)
    if connectivity not in DUAL:
        raise InvalidParameter(f"voxels are joined to 6, 18 or 26 neighbours, not {connectivity}")
    there = mask != 0
    if on_device(mask):
        ndimage, module = ndimage_of(mask), module_of(mask)
        rank = {6: 1, 18: 2, 26: 3}[connectivity]
        z, y, x = np.indices((3, 3, 3)) - 1
        labels, count = ndimage.label(there, structure=module.asarray(abs(z) + abs(y) + abs(x) <= rank))
        sizes = to_host(module.bincount(labels.reshape(-1), minlength=count + 1))
        return Components(labels, sizes.astype(np.int64))
    if np.count_nonzero(np.array(mask.shape) > 1) <= 1:
        connectivity = 6  # of a single row the same, and cc3d 4.1 counts too little room for the others
    labels = cc3d.connected_components(np.ascontiguousarray(there), connectivity=connectivity, binary_image=True)
    counts = cc3d.statistics(labels, no_slice_conversion=True)["voxel_counts"]
    return Components(labels, counts.astype(np.int64))


def largest(mask: Mask, connectivity: Connectivity = 26, *, progress: Progress | None = None) -> Mask:
    """The part of the mask with the most voxels, of the mask's dtype; of an empty mask nothing.

    `progress` is called between the library's work and the choice, here and below.
    """
    found = _found(mask, connectivity, progress)
    chosen = np.zeros(found.sizes.size, bool)
    if found.sizes.size > 1:
        chosen[1 + found.sizes[1:].argmax()] = True
    return _told(found.kept(chosen, mask.dtype), progress)


def without_small(
    mask: Mask, fewest: int, connectivity: Connectivity = 26, *, progress: Progress | None = None
) -> Mask:
    """The parts of at least `fewest` voxels.

    Raises:
        InvalidParameter: besides what `components` refuses, fewer than no voxels.
    """
    if fewest < 0:
        raise InvalidParameter(f"a part has 0 voxels or more, not {fewest}")
    found = _found(mask, connectivity, progress)
    chosen = found.sizes >= fewest
    chosen[0] = False
    return _told(found.kept(chosen, mask.dtype), progress)


def seeded(mask: Mask, seeds: ArrayLike, connectivity: Connectivity = 26, *, progress: Progress | None = None) -> Mask:
    """The parts that hold a seed; a seed beside the mask finds nothing.

    Args:
        seeds: voxels (z, y, x), whole numbers [n, 3].

    Raises:
        InvalidParameter: besides what `components` refuses, seeds that are no voxels of the mask's array.
    """
    points = np.asarray(seeds)
    if points.size == 0:
        points = np.empty((0, 3), int)
    if points.ndim != 2 or points.shape[1] != 3 or not np.issubdtype(points.dtype, np.integer):
        raise InvalidParameter("seeds are rows of three whole numbers, z, y and x")
    require_mask(mask)
    if (points < 0).any() or (points >= mask.shape).any():
        raise InvalidParameter(f"seeds lie within {mask.shape} voxels")
    found = _found(mask, connectivity, progress)
    chosen = np.zeros(found.sizes.size, bool)
    chosen[to_host(found.labels[tuple(points.T)])] = True
    chosen[0] = False
    return _told(found.kept(chosen, mask.dtype), progress)


def filled(
    mask: Mask,
    connectivity: Connectivity = 26,
    most: int | None = None,
    *,
    progress: Progress | None = None,
) -> Mask:
    """The mask with its holes: what is outside it and joined to no face of the array.

    Args:
        connectivity: of the mask; what is outside is joined the other way, see above.
        most: holes of more voxels stay.

    Raises:
        InvalidParameter: see `components`.
    """
    require_mask(mask)
    if connectivity not in DUAL:
        raise InvalidParameter(f"voxels are joined to 6, 18 or 26 neighbours, not {connectivity}")
    found = _found(mask == 0, DUAL[connectivity], progress)
    chosen = np.ones(found.sizes.size, bool)  # with the mask itself, which is 0 here
    if most is not None:
        chosen[1:] = found.sizes[1:] <= most
    for axis in range(3):
        for end in (0, -1):
            face = to_host(found.labels.take(end, axis))
            chosen[face[face != 0]] = False
    return _told(found.kept(chosen, mask.dtype), progress)


def _found(mask: Mask, connectivity: Connectivity, progress: Progress | None) -> Components:
    found = components(mask, connectivity)
    if progress is not None:
        progress(1, 2)
    return found


def _told(mask: Mask, progress: Progress | None) -> Mask:
    if progress is not None:
        progress(2, 2)
    return mask
