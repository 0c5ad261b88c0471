"""What must not change a picture: how voxels are stored, where the patient lies, and in which unit values are counted.

Each kernel of a volume, cut and lit as viewers ask for it. The volume has no symmetry that could hide a mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kernels.bricks import bricks
from kernels.clip import Box
from kernels.picture import Picture
from kernels.plane import plane, project, slab
from kernels.rendering import volume_rendering
from kernels.transfer import TransferFunction
from kernels.volume import Volume
from kernels.window import OUTSIDE, window
from tests.kernels.grids import DTYPES, LEFT_HANDED, SHEARED, centred, rotation

WARM = TransferFunction(((40.0, (0.2, 0.1, 0.6), 0.0), (130.0, (0.9, 0.3, 0.2), 0.2), (700.0, (1.0, 1.0, 0.9), 0.8)))
CENTRE, WIDTH = 250.0, 700.0


@dataclass(frozen=True)
class Shot:
    """A volume, how it is looked at, and what its values mean. The eye and the half-spaces are the patient's, too."""

    volume: Volume
    picture: Picture
    eye: NDArray[np.float64]
    clip: NDArray[np.float64]
    transfer: TransferFunction = WARM
    centre: float = CENTRE
    width: float = WIDTH

    def grey(self, values: NDArray[np.float32]) -> NDArray[np.uint8]:
        return window(values, self.centre, self.width, function="LINEAR_EXACT")

    def through(self, kind: Any) -> NDArray[np.uint8]:
        return self.grey(project(self.volume, self.picture, kind, bricks=bricks(self.volume), clip=self.clip))

    def lit(self, **how: Any) -> NDArray[np.uint8]:
        how.setdefault("clip", self.clip)
        return volume_rendering(self.volume, self.picture, self.transfer, bricks(self.volume), 0.5, **how)

    def moved(self, turn: NDArray[np.float64], way: NDArray[np.float64]) -> Shot:
        """The patient, turned and then moved, together with everything that looks at him and cuts him."""
        affine = np.eye(4)
        affine[:3, :3], affine[:3, 3] = turn @ self.volume.affine[:3, :3], turn @ self.volume.affine[:3, 3] + way
        picture = self.picture
        normals = self.clip[:, :3] @ turn.T
        return replace(
            self,
            volume=Volume(self.volume.array, affine),
            picture=replace(
                picture, origin=turn @ picture.origin + way, right=turn @ picture.right, down=turn @ picture.down
            ),
            eye=turn @ self.eye + way,
            clip=np.column_stack([normals, self.clip[:, 3] + normals @ way]),
        )


KERNELS: dict[str, Callable[[Shot], NDArray[np.uint8]]] = {
    "plane": lambda shot: shot.grey(plane(shot.volume, shot.picture)),
    **{
        f"{kind} of a slab": lambda shot, kind=kind: shot.grey(slab(shot.volume, shot.picture, kind, 5.0))
        for kind in ("max", "min", "mean")
    },
    **{f"{kind} through everything": lambda shot, kind=kind: shot.through(kind) for kind in ("max", "min", "mean")},
    "rendering": lambda shot: shot.lit(clip=None),
    "rendering, cut": lambda shot: shot.lit(),
    "rendering, cut, while moving": lambda shot: shot.lit(fine=False),
    "rendering, cut, in perspective": lambda shot: shot.lit(eye=shot.eye),
}
# Greys: as far as a pixel may be, and the mean of all; measured 1 and 0.003.
WORST, MEAN = 1, 0.01
# Pixels whose only sample lies on the very edge of the volume or of the box: it may count in one and not in the other.
EDGES = 2


def lopsided(dtype: Any) -> NDArray[Any]:
    """Two soft balls of different size and brightness over a slope, 0 … 700 in whole numbers."""
    z, y, x = np.indices((19, 17, 23)).astype(np.float64)
    large = 420 * np.exp(-(((x - 13) / 6) ** 2) - ((y - 7) / 5) ** 2 - ((z - 8) / 6) ** 2)
    small = 330 * np.exp(-(((x - 5) / 3) ** 2) - ((y - 11) / 3) ** 2 - ((z - 13) / 3) ** 2)
    return np.rint(large + small + 2 * x + y + 0.5 * z).astype(dtype)


# From anywhere; and along rows of voxels, where planes and projections go another way.
VIEWS = {"oblique": (SHEARED, (10, 20, 30)), "straight": (LEFT_HANDED, (0, 0, 0))}


def shot(view: str, dtype: Any = np.int16) -> Shot:
    affine, turn = VIEWS[view]
    volume = Volume(lopsided(dtype), affine)
    picture = centred(volume, 45, 39, 0.45, turn)
    box = Box(volume.centre_mm + 0.3, rotation((20, -35, 50)).T, np.array([6.1, 5.2, 8.3])).half_spaces
    return Shot(volume, picture, volume.centre_mm - 40 * picture.normal, box)


@pytest.fixture(params=list(VIEWS))
def view(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=list(KERNELS))
def same(request: pytest.FixtureRequest) -> Callable[[Shot, Shot], None]:
    """Fails where a kernel shows two shots differently."""
    draw = KERNELS[request.param]

    def compare(one: Shot, other: Shot) -> None:
        a, b = draw(one).astype(int), draw(other).astype(int)
        assert a.std() > 15, "hardly anything is seen"
        edges = (a == 0) ^ (b == 0)
        away = np.abs(a - b)[~edges]
        assert np.count_nonzero(edges.reshape(*edges.shape[:2], -1).any(axis=-1)) <= EDGES
        assert away.max() <= WORST, f"{away.max()} greys apart"
        assert away.mean() <= MEAN, f"{away.mean()} greys apart in the mean"

    return compare


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_order_and_the_direction_of_the_axes_of_the_array(same: Callable[[Shot, Shot], None], view, order) -> None:
    """Stored slice by slice along another axis, or from the other end, with the affine that says so."""
    one = shot(view)
    for flips in ((), (0,), (1, 2), (0, 1, 2)):
        array = np.flip(one.volume.array.transpose(order), flips)
        # Which columns (x, y, z) of the affine the new axes [z, y, x] go along, and from which end.
        affine = one.volume.affine.copy()
        affine[:3, :3] = affine[:3, [2 - axis for axis in order][::-1]]
        for axis in flips:
            column = 2 - axis
            affine[:3, 3] += affine[:3, column] * (array.shape[axis] - 1)
            affine[:3, column] *= -1
        same(one, replace(one, volume=Volume(np.ascontiguousarray(array), affine)))


@pytest.mark.parametrize("turn", [(0, 0, 0), (40, -25, 110), (-90, 0, 0)])
@pytest.mark.parametrize("way", [(0.0, 0.0, 0.0), (123.4, -77.7, 1031.0)])
def test_where_the_patient_lies(same: Callable[[Shot, Shot], None], view, turn, way) -> None:
    one = shot(view)
    same(one, one.moved(rotation(turn), np.array(way)))


def test_the_type_of_the_voxels(same: Callable[[Shot, Shot], None], view) -> None:
    one, other = (shot(view, dtype) for dtype in DTYPES)
    assert one.volume.array.dtype != other.volume.array.dtype
    same(one, other)


@pytest.mark.parametrize(("slope", "intercept"), [(2.0, -1000.0), (0.001, 0.3), (40.0, 0.0)])
def test_the_unit_of_the_values(same: Callable[[Shot, Shot], None], view, slope, intercept) -> None:
    """Of an MR, a PET, a map: where window and transfer function follow, the picture stays."""
    one = shot(view, np.float32)
    points = tuple((slope * value + intercept, colour, tau) for value, colour, tau in WARM.points)
    values = (slope * one.volume.array.astype(np.float64) + intercept).astype(np.float32)
    other = replace(
        one,
        volume=Volume(values, one.volume.affine),
        transfer=replace(WARM, points=points, flat_gradient=slope * WARM.flat_gradient),
        centre=slope * CENTRE + intercept,
        width=slope * WIDTH,
    )
    same(one, other)


def test_a_mistake_would_be_seen(view) -> None:
    """Half a voxel, a mirrored axis: each of them is more than what may differ."""
    one = shot(view)
    half = one.volume.affine.copy()
    half[:3, 3] += half[:3, 0] / 2
    mirrored = replace(one, volume=Volume(np.ascontiguousarray(one.volume.array[:, :, ::-1]), one.volume.affine))
    for other in (replace(one, volume=Volume(one.volume.array, half)), mirrored):
        for draw in KERNELS.values():
            away = np.abs(draw(one).astype(int) - draw(other))
            assert away.max() > WORST and away.mean() > MEAN
    assert (plane(one.volume, one.picture) == OUTSIDE).any()
