"""The images of a reformat, against the kernel's reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kernels.errors import InvalidPicture
from kernels.picture import Picture, spacing_along
from kernels.plane import reference
from kernels.volume import Volume
from kernels.window import OUTSIDE
from renderd import planes
from renderd.errors import ReformatTooLarge
from renderd.planes import MAX_BYTES, MAX_COUNT, MAX_SIDE, Planes, check
from renderd.protocol import Reformat
from renderd.render import VolumeSource
from tests.renderd.shows import REFORMAT

# Turned out of every axis; its middle lies in the middle of the phantom.
RIGHT, DOWN = (0.8, 0.6, 0.0), (0.36, -0.48, -0.8)
OBLIQUE = replace(REFORMAT, right=RIGHT, down=DOWN, origin=(-25.0, -3.0, 14.0), width=70, height=70, pixel_mm=0.7)


def made(request: Reformat, source: VolumeSource, k: int) -> tuple[Planes, np.ndarray, np.ndarray]:
    images = Planes(request, source)
    images.begin(k)
    while not images.step():
        pass
    return (images, *images.taken())


@pytest.mark.parametrize("projection", ["max", "min", "mean"])
@pytest.mark.parametrize("thickness_mm", [0.0, 5.0])
@pytest.mark.parametrize("asked", [REFORMAT, OBLIQUE])
def test_image_k_is_the_slab_k_spacings_along_the_normal(
    asked: Reformat, thickness_mm: float, projection: Any, volume: VolumeSource
) -> None:
    request = replace(asked, projection=projection, thickness_mm=thickness_mm)
    normal = np.cross(request.right, request.down)
    for k in (0, 2):
        images, values, inside = made(request, volume, k)
        origin = np.array(request.origin) + 4.0 * k * normal
        steps = (np.array(request.right) * request.pixel_mm, np.array(request.down) * request.pixel_mm)
        picture = Picture(origin, *steps, request.width, request.height)
        expected = reference(volume.volume, picture, projection, thickness_mm)
        assert np.array_equal(inside, expected != OUTSIDE) and inside.any()
        assert np.abs(values - expected)[inside].max() < 1e-3 * 2000
        assert np.allclose(images.position(k), origin, atol=1e-12)


def test_a_plane_is_as_thick_as_its_voxels_and_a_slab_as_was_asked(volume: VolumeSource) -> None:
    plane, slab = Planes(OBLIQUE, volume), Planes(replace(OBLIQUE, thickness_mm=6.0), volume)
    assert plane.thickness_mm == spacing_along(volume.volume, np.cross(RIGHT, DOWN)) and plane.projection is None
    assert (slab.thickness_mm, slab.projection) == (6.0, "max")
    # So thin that it has one sample.
    assert Planes(replace(OBLIQUE, thickness_mm=0.5), volume).projection is None


def test_it_is_made_in_portions_that_join(volume: VolumeSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "PORTION_S", 0.0)
    request = replace(OBLIQUE, thickness_mm=5.0)
    images = Planes(request, volume)
    images.begin(1)
    assert not images.step()  # 32 of 70 rows
    steps = 1
    while not images.step():
        steps += 1
    assert steps == 2
    whole = Planes(request, volume)
    whole._band = 96
    whole.begin(1)
    assert whole.step()
    assert np.array_equal(images.taken()[0], whole.taken()[0])


def test_the_frames_that_an_image_is_computed_from_are_known(volume: VolumeSource) -> None:
    frames = volume.stack.frames  # at −8, −6 … 14 mm
    axial = replace(REFORMAT, down=(0.0, 1.0, 0.0), height=40)

    def used(request: Reformat) -> list[int]:
        images, _, inside = made(request, volume, 0)
        return [frames.index(frame) for frame in images.used(0, inside)]

    assert used(replace(axial, origin=(-20.0, -16.0, 0.0))) == [4]
    assert used(replace(axial, origin=(-20.0, -16.0, 1.0))) == [4, 5]
    assert used(replace(axial, origin=(-20.0, -16.0, 0.0), thickness_mm=6.0)) == [3, 4, 5]
    assert used(REFORMAT) == list(range(12))
    assert used(replace(axial, origin=(-20.0, -16.0, 40.0))) == []


def test_it_is_known_which_images_cross_a_hole(volume: VolumeSource) -> None:
    """Images are missing between slices 4 and 5, which stand at 0 and at 2 mm."""
    whole = volume.volume
    assert not Planes(REFORMAT, volume).crosses_hole(0)
    volume.assembly.volume = Volume(whole.array, whole.affine, holes=(4,))
    axial = replace(REFORMAT, down=(0.0, 1.0, 0.0), height=40)

    def crosses(z: float, **values: Any) -> bool:
        return Planes(replace(axial, origin=(-20.0, -16.0, z), **values), volume).crosses_hole(0)

    assert [crosses(z) for z in (-1.0, 0.0, 0.1, 1.0, 1.9, 2.0, 5.0)] == [False, False, True, True, True, False, False]
    assert crosses(-2.0, thickness_mm=6.0) is False  # from −4 to 0 mm
    assert crosses(-1.0, thickness_mm=6.0) is True
    assert crosses(1.0, width=3, height=3, pixel_mm=0.1) is True
    beside = replace(axial, origin=(500.0, -16.0, 1.0))
    assert not Planes(beside, volume).crosses_hole(0)
    for asked in (REFORMAT, replace(REFORMAT, width=600, height=600, pixel_mm=0.05)):
        assert Planes(asked, volume).crosses_hole(0)
    above = replace(REFORMAT, height=3)  # from 14 to 12.4 mm
    assert not Planes(above, volume).crosses_hole(0)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"count": MAX_COUNT + 1}, "images"),
        ({"width": MAX_SIDE + 1}, "pixels"),
        ({"height": MAX_SIDE + 1}, "pixels"),
        ({"width": 2048, "height": 2048, "count": MAX_BYTES // (2 * 2048**2) + 1}, "MiB"),
    ],
)
def test_more_than_is_made_at_once_is_refused_with_a_sentence(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ReformatTooLarge, match=said):
        check(replace(REFORMAT, **changed))
    assert check(REFORMAT) == 50 * 28 * 2 * 3


def test_pixels_that_span_kilometres_are_refused(volume: VolumeSource) -> None:
    with pytest.raises(InvalidPicture):
        Planes(replace(REFORMAT, pixel_mm=2e4), volume)
