"""VTK's ray caster for the CPU as a peer: two threads, the same voxels, views, sampling distance, colours and light.

vtkFixedPointVolumeRayCastMapper with fixed sampling distances. A MIP is white with opacity from 0 to 1, so that VTK
leaps over empty space; grey colours of constant opacity give the same picture in 1.4 to 1.8 times the time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # the factories of windows …
import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401 # … and of what draws a ray-cast picture
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkLogger, vtkVersion
from vtkmodules.vtkCommonDataModel import vtkImageData, vtkPiecewiseFunction
from vtkmodules.vtkRenderingCore import (
    vtkColorTransferFunction,
    vtkRenderer,
    vtkRenderWindow,
    vtkVolume,
    vtkVolumeProperty,
    vtkWindowToImageFilter,
)
from vtkmodules.vtkRenderingVolume import vtkFixedPointVolumeRayCastMapper

from benchmarks.dense import AMBIENT, DIFFUSE, SPECULAR, SPECULAR_POWER
from benchmarks.views import View
from kernels.transfer import TransferFunction
from kernels.volume import Volume

# Without a screen VTK warns that there is none before it takes EGL or OSMesa; errors are still printed.
vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_ERROR)

VERSION = vtkVersion.GetVTKVersion()
DISTANCE_MM = 1000.0  # of the camera; the projection is parallel


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
    knots = np.array([value for value, _, _ in transfer.points])
    # VTK interpolates opacity, we extinction: points in between make it the same function.
    values = np.unique(np.concatenate([knots, np.arange(knots[0], knots[-1], 8.0)]))
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
        scalars: Any = vtk_to_numpy(image.GetPointData().GetScalars())
        return np.ascontiguousarray(scalars.reshape(height, width, -1)[::-1, :, :3])

    def dense(self, view: View, side: int, step_mm: float) -> NDArray[np.uint8]:
        """A frame with such steps: what VTK's frames are measured against.

        VTK's opacities have 15 bits. With many thin steps they round to something else, so that its frames do not
        converge: of translucent tissue 0.1 and 0.05 mm are 30 dB apart. 0.1 mm is what the comparison says.
        """
        usual = self._mapper.GetSampleDistance()
        self.set_step(step_mm)
        self.draw(view, side)
        self.set_step(usual)
        return self.pixels()

    def close(self) -> None:
        """Give back its memory."""
        self._window.Finalize()
