"""VTK as it is fastest on a CPU, as a peer: two threads, the same voxels, views, sampling distance and light.

    volume rendering, MIP   vtkFixedPointVolumeRayCastMapper, sampling distances fixed
    plane, slab             vtkImageReslice and vtkImageSlabReslice

Settings that change the speed and not the picture are VTK's best, each measured with 512×512×500 voxels on two cores:
- MIP: white with opacity from 0 to 1, so that VTK leaps over empty space; grey colours of constant opacity give the
  same picture in 1.4 to 1.8 times the time.
- Reslice: vtkThreadedImageAlgorithm's own threads; its SMP back end of the wheel runs on one.
- The output's type, and whether reslice may take short cuts for axis-aligned planes: every combination is a candidate,
  see `Candidate`. Of slabs the short cut is off by half a voxel along the normal; a candidate asks for half a voxel
  more, and is right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # the factories of windows …
import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401 # … and of what draws a ray-cast picture
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import VTK_FLOAT, VTK_SHORT, vtkLogger, vtkVersion
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPiecewiseFunction
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkImagingCore import vtkImageReslice
from vtkmodules.vtkRenderingCore import (
    vtkColorTransferFunction,
    vtkRenderer,
    vtkRenderWindow,
    vtkVolume,
    vtkVolumeProperty,
    vtkWindowToImageFilter,
)
from vtkmodules.vtkRenderingVolume import vtkFixedPointVolumeRayCastMapper

from benchmarks.views import View
from kernels.march import AMBIENT, DIFFUSE, SPECULAR
from kernels.transfer import TransferFunction
from kernels.volume import Volume

# Without a screen VTK warns that there is none before it takes EGL or OSMesa; errors are still printed.
vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_ERROR)

VERSION = vtkVersion.GetVTKVersion()
SPECULAR_POWER = 20
DISTANCE_MM = 1000.0  # of the camera; the projection is parallel
OUTSIDE = -3000.0


def image_of(volume: Volume) -> Any:
    """The voxels as vtkImageData, shared. The volume's axes are the patient's."""
    image = vtkImageData()
    image.SetDimensions(*volume.array.shape[::-1])
    image.SetSpacing(*volume.spacing_mm)
    image.SetOrigin(*volume.affine[:3, 3])
    image.GetPointData().SetScalars(numpy_to_vtk(volume.array.reshape(-1)))
    return image


def shaded(transfer: TransferFunction) -> Any:
    """The property of a transfer function, lit as ours is. VTK's opacity is that of one millimetre."""
    values = [value for value, _, _ in transfer.points]
    # VTK interpolates opacity, we extinction: points in between make it the same function.
    values = np.unique(np.concatenate([values, np.arange(values[0], values[-1], 8.0)]))
    colours, opacity = vtkColorTransferFunction(), vtkPiecewiseFunction()
    for value, rgb, tau in zip(values, transfer.colour(values), transfer.extinction(values), strict=True):
        colours.AddRGBPoint(value, *rgb)
        opacity.AddPoint(value, -np.expm1(-tau))
    found = _property(colours, opacity)
    found.SetScalarOpacityUnitDistance(1.0)
    found.ShadeOn()
    found.SetAmbient(AMBIENT)
    found.SetDiffuse(DIFFUSE)
    found.SetSpecular(SPECULAR)
    found.SetSpecularPower(SPECULAR_POWER)
    return found


def grey_ramp(centre: float, width: float) -> Any:
    """The property of a MIP: black to white."""
    colours, opacity = vtkColorTransferFunction(), vtkPiecewiseFunction()
    for value, grey in ((centre - width / 2, 0.0), (centre + width / 2, 1.0)):
        colours.AddRGBPoint(value, 1, 1, 1)
        opacity.AddPoint(value, grey)
    return _property(colours, opacity)


def _property(colours: Any, opacity: Any) -> Any:
    found = vtkVolumeProperty()
    found.SetColor(colours)
    found.SetScalarOpacity(opacity)
    found.SetInterpolationTypeToLinear()
    return found


class RayCaster:
    """One volume with one property in an invisible window of side × side pixels. Its first frame takes seconds."""

    def __init__(self, image: Any, look: Any, step_mm: float, threads: int, *, maximum: bool = False) -> None:
        mapper = vtkFixedPointVolumeRayCastMapper()
        mapper.SetInputData(image)
        mapper.SetAutoAdjustSampleDistances(0)
        mapper.SetImageSampleDistance(1.0)
        mapper.SetNumberOfThreads(threads)
        if maximum:
            mapper.SetBlendModeToMaximumIntensity()
        volume = vtkVolume()
        volume.SetMapper(mapper)
        volume.SetProperty(look)
        self._mapper = mapper
        self._renderer = vtkRenderer()
        self._renderer.AddVolume(volume)
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.AddRenderer(self._renderer)
        self.set_step(step_mm)

    def set_step(self, step_mm: float) -> None:
        """The sampling distance along the ray."""
        self._mapper.SetSampleDistance(step_mm)
        self._mapper.SetInteractiveSampleDistance(step_mm)

    def draw(self, view: View, side: int) -> None:
        """One frame, which stays in the window."""
        if self._window.GetSize() != (side, side):
            self._window.SetSize(side, side)
        camera = self._renderer.GetActiveCamera()
        camera.ParallelProjectionOn()
        camera.SetParallelScale(view.half_mm)
        camera.SetFocalPoint(*view.centre)
        camera.SetPosition(*(view.centre - view.direction * DISTANCE_MM))
        camera.SetViewUp(*view.up)
        self._renderer.ResetCameraClippingRange()
        self._window.Render()

    def pixels(self) -> NDArray[np.uint8]:
        """What `draw` drew, RGB [h, w, 3]."""
        reader = vtkWindowToImageFilter()
        reader.SetInput(self._window)
        reader.ReadFrontBufferOff()
        reader.ShouldRerenderOff()
        reader.Update()
        image = reader.GetOutput()
        width, height, _ = image.GetDimensions()
        rgb = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, -1)
        return np.ascontiguousarray(rgb[::-1, :, :3])

    def close(self) -> None:
        """Give back its memory."""
        self._window.Finalize()


@dataclass(frozen=True, eq=False)
class Candidate:
    """One way to ask VTK for a plane or slab; the fastest of those whose picture is right is the peer."""

    name: str
    run: Callable[[], object]
    values: Callable[[], NDArray[Any]]  # [h, w] of the last run, `OUTSIDE` outside


def reslices(image: Any, view: View, side: int, threads: int, count: int, spacing_mm: float) -> list[Candidate]:
    """Ways to a plane (`count` 1) or a maximum of `count` samples `spacing_mm` apart along the normal."""
    found = []
    for scalar, kind in ((VTK_FLOAT, "float"), (VTK_SHORT, "short")):
        for optimized in (True, False):
            shifts = (0.0, 0.5) if count > 1 and optimized else (0.0,)
            for shift in shifts:
                name = f"{kind}{', short cuts' if optimized else ''}{', half a voxel on' if shift else ''}"
                found.append(_candidate(name, image, view, side, threads, count, spacing_mm, scalar, optimized, shift))
    return found


def _candidate(
    name: str,
    image: Any,
    view: View,
    side: int,
    threads: int,
    count: int,
    spacing_mm: float,
    scalar: int,
    optimized: bool,
    shift: float,
) -> Candidate:
    reslice = vtkImageReslice()
    reslice.SetInputData(image)
    axes = vtkMatrix4x4()
    centre = view.centre + view.direction * shift * spacing_mm
    for column, vector in enumerate((view.right, -view.up, view.direction, centre)):
        for row in range(3):
            axes.SetElement(row, column, vector[row])
    pixel_mm = 2 * view.half_mm / side
    reslice.SetResliceAxes(axes)
    reslice.SetOutputDimensionality(2)
    reslice.SetOutputExtent(0, side - 1, 0, side - 1, 0, 0)
    reslice.SetOutputSpacing(pixel_mm, pixel_mm, spacing_mm)
    reslice.SetOutputOrigin(-(side - 1) / 2 * pixel_mm, -(side - 1) / 2 * pixel_mm, 0)
    reslice.SetOutputScalarType(scalar)
    reslice.SetInterpolationModeToLinear()
    reslice.SetBackgroundLevel(OUTSIDE)
    reslice.SetOptimization(optimized)
    reslice.SetEnableSMP(False)
    reslice.SetNumberOfThreads(threads)
    if count > 1:
        reslice.SetSlabModeToMax()
        reslice.SetSlabNumberOfSlices(count)
        reslice.SetSlabTrapezoidIntegration(False)

    def run() -> None:
        reslice.Modified()
        reslice.Update()

    def values() -> NDArray[Any]:
        scalars = reslice.GetOutput().GetPointData().GetScalars()
        return np.asarray(vtk_to_numpy(scalars).reshape(side, side))

    return Candidate(name, run, values)
