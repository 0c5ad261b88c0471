"""VTK as a peer for planes and slabs: every way to ask for the same picture, of which the fastest right one counts.

vtkImageReslice with its own threads (the SMP back end of VTK's wheel runs on one), into float or short, with and
without the short cuts it takes for planes along the voxels' axes; and vtkImageSlabReslice, which knows odd numbers of
samples only. Of a slab the short cuts are half a voxel off along the normal: asked for half a voxel more, they are
right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import VTK_FLOAT, VTK_SHORT
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkImagingCore import vtkImageReslice
from vtkmodules.vtkImagingGeneral import vtkImageSlabReslice

from benchmarks.timing import Run
from benchmarks.views import View

OUTSIDE = -3000.0
TYPES = {"float": VTK_FLOAT, "short": VTK_SHORT}


@dataclass(frozen=True)
class Slab:
    """`count` samples `spacing_mm` apart along the normal about the plane; one of them is the plane."""

    count: int
    spacing_mm: float


@dataclass(frozen=True, eq=False)
class Way:
    """One way to ask."""

    name: str
    again: Run
    values: Callable[[], NDArray[Any]]  # [side, side] of the last run, `OUTSIDE` outside
    rounds: bool  # to whole values


def ways(image: Any, view: View, side: int, threads: int, slab: Slab) -> Iterator[Way]:
    """All ways to a plane, or to the maximum over a slab."""
    thick = slab.count > 1
    for kind, short_cuts, shift in product(TYPES, (True, False), (0.0, 0.5) if thick else (0.0,)):
        if shift and not short_cuts:
            continue
        name = f"vtkImageReslice, {kind}" + ", short cuts" * short_cuts + ", half a voxel on" * bool(shift)
        reslice = vtkImageReslice()
        if thick:
            reslice.SetSlabModeToMax()
            reslice.SetSlabNumberOfSlices(slab.count)
            reslice.SetSlabTrapezoidIntegration(False)
        centre = view.centre + view.direction * shift * slab.spacing_mm
        _aim(reslice, image, view, centre, side, slab.spacing_mm)
        reslice.SetOptimization(short_cuts)
        reslice.SetOutputScalarType(TYPES[kind])
        yield _way(name, reslice, side, threads, rounds=kind == "short")
    if slab.count % 2 == 1 and thick:
        reslice = vtkImageSlabReslice()
        reslice.SetBlendModeToMax()
        reslice.SetSlabThickness((slab.count - 1) * slab.spacing_mm)
        reslice.SetSlabResolution(slab.spacing_mm)
        _aim(reslice, image, view, view.centre, side, slab.spacing_mm)
        yield _way("vtkImageSlabReslice", reslice, side, threads, rounds=True)


def _aim(reslice: Any, image: Any, view: View, centre: NDArray[np.float64], side: int, spacing_mm: float) -> None:
    axes = vtkMatrix4x4()
    for column, vector in enumerate((view.right, -view.up, view.direction, centre)):
        for row in range(3):
            axes.SetElement(row, column, vector[row])
    pixel_mm = 2 * view.half_mm / side
    reslice.SetInputData(image)
    reslice.SetResliceAxes(axes)
    reslice.SetOutputDimensionality(2)
    reslice.SetOutputExtent(0, side - 1, 0, side - 1, 0, 0)
    reslice.SetOutputSpacing(pixel_mm, pixel_mm, spacing_mm)
    reslice.SetOutputOrigin(-(side - 1) / 2 * pixel_mm, -(side - 1) / 2 * pixel_mm, 0)
    reslice.SetInterpolationModeToLinear()
    reslice.SetBackgroundLevel(OUTSIDE)


def _way(name: str, reslice: Any, side: int, threads: int, *, rounds: bool) -> Way:
    reslice.SetEnableSMP(False)
    reslice.SetNumberOfThreads(threads)

    def again(_: int = 0) -> None:
        reslice.Modified()
        reslice.Update()

    def values() -> NDArray[Any]:
        scalars: Any = vtk_to_numpy(reslice.GetOutput().GetPointData().GetScalars())
        return np.asarray(scalars.reshape(side, side))

    return Way(name, again, values, rounds)
