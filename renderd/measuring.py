"""The values in a region of a picture, from stored pixels, voxels or samples of a slab, never from greys.

What a reader is told must not depend on zoom or pan: of a Stack's frame the pixels count whose centres lie in the
region; of a plane or a slab those of a grid that belongs to the volume (lattice.py), where extremes are stored values.
`n` counts pixels or points of that grid. They are the values as they
came, whatever filter the picture has; what is hidden does not count. Plain numpy, so any thread may ask.
"""

from __future__ import annotations

import math
from typing import cast

import numpy as np
from numpy.typing import NDArray

from kernels import statistics
from kernels.errors import InvalidParameter
from kernels.layers import Layers
from kernels.picture import Picture
from kernels.regions import Polygon, mask
from kernels.volume import Volume
from kernels.window import OUTSIDE
from renderd import camera
from renderd.heat import moved
from renderd.lattice import Lattice, values
from renderd.protocol import Measure, Measured, PlaneView, StackView, Statistics
from renderd.sources import Source, StackSource, VolumeSource

ROUND = 360  # corners of the polygon that stands for an ellipse: its area is 0.005 % too small
BINS = 64


def measured(measure: Measure, source: Source) -> Measured:
    """The answer; any thread.

    Raises:
        InvalidParameter: the region is none, or holds too many samples.
    """
    view = measure.view
    if isinstance(view, StackView):
        return _of_frame(measure, view, cast(StackSource, source))
    if isinstance(view, PlaneView):
        return _of_plane(measure, view, cast(VolumeSource, source))
    return Measured(measure.viewport, measure.n, None, None, None)


def outline(measure: Measure) -> NDArray[np.float64]:
    """The region's corners in pixels of the picture, whose centres are at whole numbers, [n, 2].

    Raises:
        InvalidParameter: a polygon of two corners.
    """
    corners = np.array(measure.corners) - 0.5
    if measure.shape == "polygon":
        if len(corners) < 3:
            raise InvalidParameter("a polygon has at least three corners")
        return corners
    low, high = corners.min(axis=0), corners.max(axis=0)
    if measure.shape == "rectangle":
        return np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    angles = np.linspace(0, 2 * np.pi, ROUND, endpoint=False)
    return np.asarray((low + high) / 2 + (high - low) / 2 * np.stack([np.cos(angles), np.sin(angles)], axis=-1))


def _of_frame(measure: Measure, view: StackView, source: StackSource) -> Measured:
    """Of the stored pixels; nothing of an image in colours."""
    stack = source.stack
    if stack.colour:
        return Measured(measure.viewport, measure.n, None, None, None)
    pixel_mm = (stack.spacing[1], stack.spacing[0]) if stack.spacing else (1.0, stack.aspect)
    size = camera.reduced(measure.width, measure.height, 1.0)
    matrix, _ = camera.image_matrix(view, size, pixel_mm)
    corners = outline(measure) @ matrix[:, :2].T + matrix[:, 2]
    found, area = _statistics(source.values, Polygon(corners), pixel_mm if stack.spacing else None)
    return Measured(measure.viewport, measure.n, area, found, None)


def _of_plane(measure: Measure, view: PlaneView, source: VolumeSource) -> Measured:
    plane = camera.picture(view, camera.reduced(measure.width, measure.height, 1.0))
    first = source.assembly.volume
    assert first is not None
    found, area = _on_grid(first, plane, measure, view, source.layers)
    second = None
    if source.second is not None and view.fusion is not None:
        second, _ = _on_grid(moved(source.second.volume, view.fusion), plane, measure, view, None)
    return Measured(measure.viewport, measure.n, area, found, second)


def _on_grid(
    volume: Volume, plane: Picture, measure: Measure, view: PlaneView, layers: Layers | None
) -> tuple[Statistics | None, float | None]:
    """Of samples of a volume, see lattice.py."""
    lattice = Lattice(volume, plane)
    corners = lattice.of_pixels(outline(measure))
    part = lattice.within(volume, corners)
    if part is None:
        return None, 0.0
    grid, first = part
    found = values(volume, grid, view.projection, view.thickness_mm, layers)
    return _statistics(found, Polygon(corners - first), (lattice.step_mm, lattice.step_mm))


def _statistics(
    values: NDArray[np.float32], region: Polygon, pixel_mm: tuple[float, float] | None
) -> tuple[Statistics | None, float | None]:
    found = statistics.measure(values, region, pixel_mm)
    if not found.n or found.mean is None or found.least is None or found.most is None or found.median is None:
        return None, found.area_mm2
    counts = np.zeros(BINS, np.int64)
    part, belongs = mask(region, *values.shape)
    inside = values[part][belongs]
    inside = inside[inside != OUTSIDE]
    if math.isfinite(found.least) and found.most > found.least:
        counts, _ = np.histogram(inside, BINS, (found.least, found.most))
    sd = found.sd
    return Statistics(found.n, found.mean, sd, found.least, found.most, found.median, counts.tolist()), found.area_mm2
