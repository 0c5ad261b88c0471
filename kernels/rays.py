"""From a picture to rays: parallel ones, or ones that begin at an eye; cut by half-spaces.

    parallel   (x, y, z) + w·(dx, dy, dz)    origins on a plane across the axis that the rays follow most
    eye        eye + w·(dx, dy, dz)

The direction's component along that axis is ±1, so that w counts voxels there. Rays of an eye choose the axis packet by
packet; those of a parallel picture share one, and their origins are computed in float64.
Axes: index coordinates (x, y, place), see volume.py.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kernels.bricks import GROUP_SHIFT
from kernels.clip import half_spaces
from kernels.errors import InvalidParameter
from kernels.lanes import absolute, f32, highest, lowest, maximum, minimum, shared, splat, sqrt, where
from kernels.light import squared
from kernels.picture import Picture, index_grid
from kernels.segments import Path
from kernels.volume import Volume

FAR = 1e9


class Camera(NamedTuple):
    """Where the rays' points are, index coordinates, float64: on the plane of origins, or as seen from an eye."""

    origin: NDArray[np.float64]
    right: NDArray[np.float64]
    down: NDArray[np.float64]


class View(NamedTuple):
    """How the rays of a picture go, and between which half-spaces."""

    axis: np.int32  # that parallel rays follow most; −1 for those of an eye
    point: NDArray[np.float32]  # [3]: the eye, or any point of the plane of origins
    direction: NDArray[np.float32]  # [3], of parallel rays
    longest_mm: np.float32  # no step is longer, unless the least possible is
    planes: NDArray[np.float32]  # [4·n + 4]: a·x + b·y + c·z ≥ d; the last four are unused
    plane_count: np.int32


def _camera(
    volume: Volume, picture: Picture, eye: ArrayLike | None
) -> tuple[Camera, int, NDArray[np.float64], NDArray[np.float64]]:
    """The camera, and axis, direction and point of `View`.

    Raises:
        InvalidParameter: an eye that is not a point before the picture's plane.
    """
    origin, right, down, _ = index_grid(volume, picture)
    if eye is not None:
        point = np.array(eye, np.float64)
        if point.shape != (3,) or not np.isfinite(point).all() or (picture.origin - point) @ picture.normal <= 0:
            raise InvalidParameter("an eye is a point before the plane of the picture")
        start = volume.to_index(point)
        return Camera(origin - start, right, down), -1, np.zeros(3), start
    direction = volume.inverse @ picture.normal
    slices = direction.copy()
    slices[2] *= (volume.array.shape[0] - 1) / volume.last[2]  # places to slices, on average
    axis = int(np.abs(slices).argmax())
    direction /= abs(direction[axis])
    # A component that is only rounding would still be divided by.
    direction = np.where(np.abs(direction) < 1e-7, 0.0, direction)
    plane = np.zeros(3)
    plane[axis] = 0.0 if direction[axis] > 0 else volume.last[axis]
    origin = origin + (plane[axis] - origin[axis]) / direction[axis] * direction
    right, down = (vector - vector[axis] / direction[axis] * direction for vector in (right, down))
    origin[axis], right[axis], down[axis] = plane[axis], 0.0, 0.0
    return Camera(origin, right, down), axis, direction, plane


def view_of(
    volume: Volume, picture: Picture, longest_mm: float, eye: ArrayLike | None, clip: ArrayLike | None
) -> tuple[Camera, View]:
    """What drivers need of a picture.

    Raises:
        InvalidParameter: an eye that is not before the picture, a clip that is none.
    """
    camera, axis, direction, point = _camera(volume, picture, eye)
    kept = half_spaces(clip)
    planes = np.zeros((len(kept) + 1, 4), np.float32)
    planes[:-1, :3] = kept[:, :3] @ volume.affine[:3, :3]
    planes[:-1, 3] = kept[:, 3] - kept[:, :3] @ volume.affine[:3, 3]
    return camera, View(
        np.int32(axis),
        point.astype(np.float32),
        direction.astype(np.float32),
        f32(longest_mm),
        planes.reshape(-1),
        np.int32(len(kept)),
    )


@shared
def _same_sign(x):
    """The least of the lanes' absolute values; not above zero where their signs differ."""
    return max(lowest(x), -highest(x))


@shared
def _of(axis, x, y, z):
    """The one of three that belongs to an axis."""
    if axis == 0:
        return x
    if axis == 1:
        return y
    return z


@shared
def aim(view, optics, size, x, y, z):
    """The rays of lanes of camera points, and how they advance: x, y, z, dx, dy, dz, path."""
    if view.axis >= 0:
        axis = view.axis
        forwards = _of(axis, view.direction[0], view.direction[1], view.direction[2]) > f32(0)
        dx, dy, dz = splat(view.direction[0], x), splat(view.direction[1], x), splat(view.direction[2], x)
    else:
        least_x, least_y, least_z = _same_sign(x), _same_sign(y), _same_sign(z)
        axis = 0
        if least_y > least_x:
            axis = 1
        if least_z > max(least_x, least_y):
            axis = 2
        along = _of(axis, x, y, z)
        forwards = lowest(along) > f32(0)
        scale = f32(1) / maximum(absolute(along), f32(1e-6))
        dx, dy, dz = x * scale, y * scale, z * scale
        x, y, z = splat(view.point[0], x), splat(view.point[1], x), splat(view.point[2], x)
    length = lowest(sqrt(squared(optics.metric, dx, dy, dz)))
    # A step is the greatest power of two, in slices, that is not too long.
    ratio = f32(view.longest_mm * f32(1.0001) / length)
    step = f32(2)
    while step > f32(0.125) and step > ratio:
        step = f32(step * f32(0.5))
    first = f32(0)
    if not forwards:
        group = 1 << GROUP_SHIFT
        first = f32((_of(axis, size[0], size[1], size[2]) + group - 2) // group * group)
    sign = f32(1) if forwards else f32(-1)
    reference = _of(axis, view.point[0], view.point[1], view.point[2])
    return x, y, z, dx, dy, dz, Path(axis, sign, first, reference, step)


@shared
def cut(view, x, y, z, dx, dy, dz):
    """From where to where rays are kept; from > to where none of them is."""
    near = splat(f32(0) if view.axis < 0 else f32(-FAR), x)
    far = splat(f32(FAR), x)
    for i in range(view.plane_count):
        a, b, c, d = view.planes[4 * i], view.planes[4 * i + 1], view.planes[4 * i + 2], view.planes[4 * i + 3]
        inside = x * a + y * b + z * c - d
        ahead = dx * a + dy * b + dz * c
        along = absolute(ahead) < f32(1e-9)
        crossing = f32(0) - inside / where(along, f32(1), ahead)
        enters = ahead > f32(0)
        entry = where(enters, crossing, f32(-FAR))
        leave = where(enters, f32(FAR), crossing)
        near = maximum(near, where(along, where(inside < f32(0), f32(FAR), f32(-FAR)), entry))
        far = minimum(far, where(along, f32(FAR), leave))
    return near, far
