"""The three views of every kernel figure, as our picture and for a peer's camera.

    AP      from the front, along an axis of the volume: rays run through whole rows of voxels
    OBL     turned by 35°, looked at from 20° above: rays run through everything
    ZOOM    turned by −25°, from 10° above, 160 mm of the body fill the picture

Axes: patient space, LPS, with the middle of the volume as its origin. All views are orthographic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kernels.picture import Picture
from kernels.volume import Volume

Vector = NDArray[np.float64]
TURN = np.deg2rad(0.01)  # between one frame and the next: a picture that was kept is of no use


@dataclass(frozen=True, eq=False)
class View:
    """A square picture `2 · half_mm` wide about `centre`; `direction`, `right` and `up` are orthogonal unit vectors."""

    name: str
    direction: Vector  # away from the viewer
    right: Vector
    up: Vector
    centre: Vector
    half_mm: float

    def picture(self, side: int) -> Picture:
        """The view in side × side pixels; the plane of a plane view lies through `centre`."""
        pixel_mm = 2 * self.half_mm / side
        right, down = self.right * pixel_mm, -self.up * pixel_mm
        return Picture(self.centre - (right + down) * (side - 1) / 2, right, down, side, side)

    def eye(self, degrees: float) -> Vector:
        """Where rays begin in perspective with this opening angle; what is at the centre stays as large as it is."""
        return np.asarray(self.centre - self.direction * self.half_mm / np.tan(np.deg2rad(degrees) / 2))

    @property
    def key(self) -> tuple[object, ...]:
        """The same in every run, for what is kept between runs."""
        numbers = (*self.direction, *self.right, *self.up, *self.centre, self.half_mm)
        return (self.name, *(round(float(x), 9) for x in numbers))

    def turned(self, frame: int) -> View:
        """What a drag shows next: odd frames are turned by a hundredth of a degree about `up`."""
        if frame % 2 == 0:
            return self
        c, s = np.cos(TURN), np.sin(TURN)
        return replace(self, direction=c * self.direction - s * self.right, right=c * self.right + s * self.direction)


def view(name: str, azimuth: float, elevation: float, half_mm: float, centre: tuple[float, float, float]) -> View:
    """A view by its angles in degrees: 0, 0 looks from the front; a positive elevation looks down."""
    a, e = np.deg2rad([azimuth, elevation])
    direction = np.array([np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), -np.sin(e)])
    right = np.cross(direction, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    return View(name, direction, right, np.cross(right, direction), np.array(centre), half_mm)


VIEWS = (
    view("AP", 0, 0, 210, (0, 0, 0)),
    view("OBL", 35, 20, 210, (0, 0, 0)),
    view("ZOOM", -25, 10, 80, (10, 20, -10)),
)


def centred(array: NDArray[np.int16], spacing_mm: tuple[float, float, float]) -> Volume:
    """A volume [z, y, x] with its middle at the origin; spacing along x, y, z."""
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = [-(n - 1) / 2 * step for n, step in zip(array.shape[::-1], spacing_mm, strict=True)]
    return Volume(array, affine)
