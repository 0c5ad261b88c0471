"""Values on a slice for a packet of rays, from one patch of it that holds what all lanes need.

The same values as `sampling.on_slice`, to the last bit. A slice across x has no rows, one across z of an uneven stack
has its rows along x and y and is as good as any; across y the rows of an uneven stack lie at no whole places.
Source: our own. Axes: index coordinates (x, y, slice), see volume.py.
"""

from __future__ import annotations

from kernels.lane_windows import PATCH, between_eight_rows, between_four_rows, between_six_rows, has_patches
from kernels.lanes import f32, i32, shared

CRUMB = 2e-3  # voxels: more than the rounding of a position, nowhere further than FURTHEST from where it is counted
FURTHEST = 8192  # voxels
FEW, SOME, MANY = 4, 6, 8  # rows of a patch


@shared
def patch_rows(array, size, slices, axis, width, height):
    """How many rows a patch must have for lanes that lie within `width` voxels along x and `height` along the other
    axis of a slice across `axis`, −1 for samples on none; 0: no patch can hold them.
    """
    if not has_patches(array):
        return 0
    nx, ny, nz = size
    rows = ny if axis == 2 else nz
    if (
        max(nx, ny, nz) > FURTHEST
        or axis < 1
        or (axis == 1 and slices.cells > 0)
        or nx < PATCH
        or width > f32(PATCH - 2 - 2 * CRUMB)
    ):
        return 0
    if height <= f32(FEW - 2 - 2 * CRUMB) and rows >= FEW:
        return FEW
    if height <= f32(SOME - 2 - 2 * CRUMB) and rows >= SOME:
        return SOME
    if height <= f32(MANY - 2 - 2 * CRUMB) and rows >= MANY:
        return MANY
    return 0


@shared
def on_patch(array, offset, columns, rows, across, ix, fx, row, part, left, top, count):
    """V on the slice that begins at `offset`, of `columns` voxels along x and `rows`, `across` apart.

    ix, row: the voxels before lanes, clamped to the slice. left, top: no lane's position is below, but for rounding.
    """
    first = min(max(int(left - f32(CRUMB)), 0), columns - PATCH)
    above = min(max(int(top - f32(CRUMB)), 0), rows - count)
    index = ix - i32(first) + (row - i32(above)) * i32(PATCH)
    at = offset + above * across + first
    if count == FEW:
        a, b = between_four_rows(array, at, across, index, fx)
    elif count == SOME:
        a, b = between_six_rows(array, at, across, index, fx)
    else:
        a, b = between_eight_rows(array, at, across, index, fx)
    return a + part * (b - a)
