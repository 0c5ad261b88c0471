"""Masks worn down, grown, opened and closed by a ball of any radius in millimetres.

    dilation  D_r(M) = {p : some q ∈ M with |p − q| ≤ r}        distances between voxel centres, mm
    erosion   E_r(M) = {p : all q with |p − q| ≤ r are in M}
    opening   D_r(E_r(M))        closing   E_r(D_r(M))

through the Euclidean distance transform, whose time does not grow with the radius, a slab of slices at a time, each
with what lies within a radius of it. A distance that equals the radius to a millionth is within it.
Source: the library `edt` (docs/decisions/0008-morphology-libraries.md); on a card cupyx.scipy.ndimage, not yet run on
one.
Axes: see volume.py; spacing x, y, z. Border: the voxels at the edge go on, so nothing is worn down from outside.
Exact.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import edt
import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

from kernels.arrays import module_of, ndimage_of, on_device
from kernels.box import Box, Region, box_of
from kernels.errors import InvalidParameter
from kernels.progress import Progress, part, pieces

Mask = NDArray[Any]
Spacing = tuple[float, float, float]
ALIKE = 1e-6
STEP = 8  # slices; and two radii at least, that a slab is half of what is computed for it


def reference(mask: Mask, radius_mm: float, spacing_mm: Spacing, kind: Literal["dilation", "erosion"]) -> Mask:
    """The sets above, offset by offset; of a small mask."""
    wanted = mask != 0 if kind == "dilation" else mask == 0
    reach = _reach(radius_mm, spacing_mm, mask.shape)
    padded, found = np.pad(wanted, [(r, r) for r in reach]), np.zeros_like(wanted)
    for offset in np.ndindex(*(2 * r + 1 for r in reach)):
        step = (np.array(offset) - reach) * spacing_mm[::-1]
        if (step**2).sum() <= (radius_mm * (1 + ALIKE)) ** 2:
            found |= padded[tuple(slice(o, o + n) for o, n in zip(offset, mask.shape, strict=True))]
    return np.asarray(found if kind == "dilation" else ~found).astype(mask.dtype)


def dilation(
    mask: Mask,
    radius_mm: float,
    spacing_mm: Spacing,
    *,
    region: Region | None = None,
    progress: Progress | None = None,
) -> Mask:
    """All within the radius of the mask, [z, y, x] of the region's shape, of the mask's dtype, 0 or 1.

    Holds Python's interpreter for up to a slab's time, which grows where the radius is many slices.

    Args:
        mask: bool or uint8 [z, y, x]; what is not 0 belongs to it.
        radius_mm: 0 and more.
        spacing_mm: along x, y and z, as `kernels.box.spacing_of` gives it, which refuses uneven volumes.
        region: see box.py.
        progress: see progress.py.

    Raises:
        InvalidParameter: another kind of mask; a radius, spacing or region that will not do.
    """
    return _apply(mask, radius_mm, spacing_mm, region, progress, ("dilation",))


def erosion(
    mask: Mask,
    radius_mm: float,
    spacing_mm: Spacing,
    *,
    region: Region | None = None,
    progress: Progress | None = None,
) -> Mask:
    """What has nothing but the mask within the radius; see `dilation`."""
    return _apply(mask, radius_mm, spacing_mm, region, progress, ("erosion",))


def opening(
    mask: Mask,
    radius_mm: float,
    spacing_mm: Spacing,
    *,
    region: Region | None = None,
    progress: Progress | None = None,
) -> Mask:
    """The mask without what is too thin for a ball; see `dilation`."""
    return _apply(mask, radius_mm, spacing_mm, region, progress, ("erosion", "dilation"))


def closing(
    mask: Mask,
    radius_mm: float,
    spacing_mm: Spacing,
    *,
    region: Region | None = None,
    progress: Progress | None = None,
) -> Mask:
    """The mask with what around it is too narrow for a ball; see `dilation`."""
    return _apply(mask, radius_mm, spacing_mm, region, progress, ("dilation", "erosion"))


def _apply(
    mask: Mask,
    radius_mm: float,
    spacing_mm: Spacing,
    region: Region | None,
    progress: Progress | None,
    steps: tuple[str, ...],
) -> Mask:
    """One step after the other, of which the earlier ones make what the later ones need around the region."""
    require_mask(mask)
    if not 0 <= radius_mm < math.inf:
        raise InvalidParameter(f"a radius is a length of at least 0 mm, not {radius_mm}")
    if len(spacing_mm) != 3 or not all(0 < s < math.inf for s in spacing_mm):
        raise InvalidParameter(f"a spacing is three lengths above 0 mm, not {tuple(spacing_mm)}")
    box, reach = box_of(region, mask.shape), _reach(radius_mm, spacing_mm, mask.shape)
    lies = box.grown(tuple(r * len(steps) for r in reach), mask.shape)
    current = mask[lies.region]
    for number, step in enumerate(steps):
        wanted = box.grown(tuple(r * (len(steps) - 1 - number) for r in reach), mask.shape)
        told = part(progress, number, len(steps))
        current = _step(current, wanted.within(lies), radius_mm, spacing_mm, step == "dilation", told)
        lies = wanted
    return current


def _step(mask: Mask, box: Box, radius_mm: float, spacing_mm: Spacing, grows: bool, progress: Progress | None) -> Mask:
    """A dilation or erosion of the box of a mask that has all around it that counts."""
    result: Mask = module_of(mask).zeros(box.shape, mask.dtype)
    reach = _reach(radius_mm, spacing_mm, mask.shape)
    # Nothing grows beyond a radius from the mask, and nothing wears down to more than the mask.
    inside = _bounds(mask)
    cut = box if inside is None else box.common(inside.grown(reach, mask.shape) if grows else inside)
    if inside is None or min(cut.shape) <= 0:
        if progress is not None:
            progress(1, 1)
        return result
    for first, last in pieces(cut.z0, cut.z1, progress, max(STEP, 2 * reach[0])):
        slab = cut._replace(z0=first, z1=last)
        around = slab.grown(reach, mask.shape)
        there = mask[around.region] != 0
        near = _within(~there if grows else there, radius_mm, spacing_mm)[slab.within(around).region]
        result[slab.within(box).region] = near if grows else ~near
    return result


def _within(foreground: Mask, radius_mm: float, spacing_mm: Spacing) -> Mask:
    """Whether a voxel that is not foreground, itself perhaps, lies within the radius."""
    most = radius_mm * (1 + ALIKE)
    if not on_device(foreground):
        squares = edt.edtsq(np.ascontiguousarray(foreground), anisotropy=spacing_mm[::-1], parallel=get_num_threads())
        return np.asarray(squares <= np.float32(most * most))
    if bool(foreground.all()):  # nothing to be near to: the card's transform does not say so
        return ~foreground
    distances = ndimage_of(foreground).distance_transform_edt(foreground, sampling=spacing_mm[::-1])
    near: Mask = distances <= most
    return near


def require_mask(mask: Mask) -> None:
    """Raises InvalidParameter for what is no mask, and NoBackend for what lies nowhere."""
    on_device(mask)
    if mask.dtype not in (np.dtype(bool), np.dtype(np.uint8)) or mask.ndim != 3 or mask.size == 0:
        raise InvalidParameter(f"a mask is a bool or uint8 array [z, y, x], not {mask.dtype} of shape {mask.shape}")


def _reach(radius_mm: float, spacing_mm: Spacing, shape: tuple[int, ...]) -> tuple[int, int, int]:
    """How many voxels a radius is along z, y and x, at most all there are."""
    z, y, x = (int(min(radius_mm * (1 + ALIKE) / s, n)) for s, n in zip(spacing_mm[::-1], shape, strict=True))
    return z, y, x


def _bounds(mask: Mask) -> Box | None:
    """The smallest box that holds the mask; None for an empty one."""
    ends: list[int] = []
    for axes in ((1, 2), (0, 2), (0, 1)):
        there: Any = mask.any(axis=axes)
        places = there.nonzero()[0]
        if places.size == 0:
            return None
        ends += [int(places[0]), int(places[-1]) + 1]
    return Box(*ends)
