"""SimpleITK's filters of volumes, as a peer and as a judge: float32, in millimetres, as many threads as it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray

from kernels.volume import Volume

Run = Callable[[], Any]


def use_threads(count: int) -> None:
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(count)


def values(image: Any) -> NDArray[Any]:
    """What a run gave, as an array [z, y, x]."""
    return np.asarray(sitk.GetArrayFromImage(image))


class Filters:
    """Of one volume, whose voxels SimpleITK has as its own copy: as they are, and as the float32 most filters want."""

    def __init__(self, volume: Volume) -> None:
        self.stored = sitk.GetImageFromArray(volume.array)
        self.stored.SetSpacing(volume.spacing_mm.tolist())
        self.image = sitk.Cast(self.stored, sitk.sitkFloat32)

    def gaussian(self, sigma_mm: float) -> Run:
        """Recursive: the quicker of its two, and the less exact one."""
        return lambda: sitk.SmoothingRecursiveGaussian(self.image, sigma_mm)

    def gradient(self, sigma_mm: float) -> Run:
        return lambda: sitk.GradientMagnitudeRecursiveGaussian(self.image, sigma_mm)

    def unsharp(self, sigma_mm: float, amount: float) -> Run:
        sigmas = (np.full(3, sigma_mm) / self.image.GetSpacing()).tolist()
        return lambda: sitk.UnsharpMask(self.image, sigmas, amount, 0.0)

    def median(self, side: int) -> Run:
        return lambda: sitk.Median(self.stored, (side // 2,) * 3)

    def bilateral(self, sigma_mm: float, sigma_value: float) -> Run:
        return lambda: sitk.Bilateral(self.image, sigma_mm, sigma_value)

    def vesselness(self, sigma_mm: float, c: float) -> Run:
        """A Gaussian, then its objectness: second differences and Frangi's measure of tubes."""
        return lambda: sitk.ObjectnessMeasure(
            sitk.SmoothingRecursiveGaussian(self.image, sigma_mm), 0.5, 0.5, c, False, 1, True
        )


class Masks:
    """Of one mask."""

    def __init__(self, mask: NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> None:
        self.image = sitk.GetImageFromArray(mask.astype(np.uint8))
        self.image.SetSpacing(spacing_mm)

    def dilation(self, radius_mm: float) -> Run:
        """By its distance map, which also takes any radius."""
        return lambda: sitk.SignedMaurerDistanceMap(self.image, False, False, True) <= radius_mm

    def components(self) -> Run:
        return lambda: sitk.ConnectedComponent(self.image, True)
