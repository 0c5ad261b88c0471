"""SimpleITK as a peer for planes, and as an independent judge of planes and slabs: two threads, trilinear, float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from benchmarks.views import View
from kernels.volume import Volume

VERSION = sitk.Version_VersionString()
OUTSIDE = -3000.0


class Resampler:
    """One volume. The voxels are SimpleITK's own copy."""

    def __init__(self, volume: Volume, threads: int) -> None:
        self._image = sitk.GetImageFromArray(volume.array)
        self._image.SetSpacing(volume.spacing_mm.tolist())
        self._image.SetOrigin(volume.affine[:3, 3].tolist())
        self._filter = sitk.ResampleImageFilter()
        self._filter.SetInterpolator(sitk.sitkLinear)
        self._filter.SetOutputPixelType(sitk.sitkFloat32)
        self._filter.SetDefaultPixelValue(OUTSIDE)
        self._filter.SetNumberOfThreads(threads)

    def plane(self, view: View, side: int, offset_mm: float = 0.0) -> Any:
        """The plane of a view, or one `offset_mm` behind it, as SimpleITK's image; for timing."""
        picture = view.picture(side)
        pixel_mm = 2 * view.half_mm / side
        self._filter.SetSize((side, side, 1))
        self._filter.SetOutputSpacing((pixel_mm, pixel_mm, 1.0))
        self._filter.SetOutputOrigin((picture.origin + offset_mm * picture.normal).tolist())
        self._filter.SetOutputDirection(np.stack([view.right, -view.up, view.direction], axis=1).ravel().tolist())
        return self._filter.Execute(self._image)

    def values(self, view: View, side: int, offset_mm: float = 0.0) -> NDArray[np.float32]:
        """The plane's values [side, side], `OUTSIDE` outside."""
        return np.asarray(sitk.GetArrayFromImage(self.plane(view, side, offset_mm))[0])

    def slab(self, view: View, side: int, count: int, spacing_mm: float) -> NDArray[np.float32]:
        """The maximum of `count` planes `spacing_mm` apart about the view's, [side, side]."""
        offsets = (np.arange(count) - (count - 1) / 2) * spacing_mm
        planes = (self.values(view, side, offset) for offset in offsets.tolist())
        best = next(planes)
        for values in planes:
            np.maximum(best, values, out=best)
        return best
