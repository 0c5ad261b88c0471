from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderd import camera
from renderd.camera import Size
from renderd.protocol import ClipBox
from tests.renderd.shows import PLANE, STACK, VOLUME

FULL = Size(512, 512, 512, 512)
PIXEL = (0.7, 0.7)
# The middle of a 512 × 512 image of 0.7 mm pixels, one to one.
EXACT = replace(STACK, centre=(255.5 * 0.7, 255.5 * 0.7), extent_mm=512 * 0.7)


def test_a_whole_image_one_to_one_is_the_identity() -> None:
    matrix, exact = camera.image_matrix(EXACT, FULL, PIXEL)
    assert exact and np.array_equal(matrix, [[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize(
    ("right", "down", "first", "last"),
    [
        ((-1.0, 0.0), (0.0, 1.0), (511, 0), (0, 511)),  # mirrored
        ((1.0, 0.0), (0.0, -1.0), (0, 511), (511, 0)),
        ((0.0, 1.0), (-1.0, 0.0), (511, 0), (0, 511)),  # quarter turns
        ((0.0, -1.0), (1.0, 0.0), (0, 511), (511, 0)),
        ((0.0, 1.0), (1.0, 0.0), (0, 0), (511, 511)),  # transposed
    ],
)
def test_turned_and_mirrored_pictures_stay_on_image_pixels(
    right: tuple[float, float], down: tuple[float, float], first: tuple[int, int], last: tuple[int, int]
) -> None:
    matrix, exact = camera.image_matrix(replace(EXACT, right=right, down=down), FULL, PIXEL)
    assert exact
    assert np.array_equal(matrix @ [0, 0, 1], first)
    assert np.array_equal(matrix @ [511, 511, 1], last)


@given(
    width=st.integers(1, 1200),
    height=st.integers(1, 1200),
    x=st.floats(-50, 400),
    y=st.floats(-50, 400),
    spacing=st.floats(0.05, 3),
)
def test_at_exactly_one_to_one_a_picture_moves_onto_pixels_by_half_a_pixel_at_most(
    width: int, height: int, x: float, y: float, spacing: float
) -> None:
    view = replace(STACK, centre=(x, y), extent_mm=min(width, height) * spacing)
    size = Size(width, height, width, height)
    matrix, exact = camera.image_matrix(view, size, (spacing, spacing))
    assert exact and np.array_equal(matrix, np.round(matrix))
    middle = matrix @ [width / 2 - 0.5, height / 2 - 0.5, 1]
    assert np.abs(middle - np.array([x, y]) / spacing).max() <= 0.5 + 1e-4


@pytest.mark.parametrize(
    "view",
    [
        replace(EXACT, extent_mm=512 * 0.7 * 1.01),
        replace(EXACT, extent_mm=512 * 0.7 / 2),
        replace(EXACT, right=(np.cos(0.01), np.sin(0.01)), down=(-np.sin(0.01), np.cos(0.01))),
    ],
)
def test_zoomed_or_turned_pictures_are_not_one_to_one(view: object) -> None:
    assert not camera.image_matrix(view, FULL, PIXEL)[1]  # type: ignore[arg-type]


def test_pixels_that_are_not_square_are_never_one_to_one_in_both_directions() -> None:
    assert not camera.image_matrix(EXACT, FULL, (0.7, 0.9))[1]


def test_the_extent_spans_the_shorter_side() -> None:
    grid = camera.picture(PLANE, camera.reduced(300, 200, 1.0))
    assert np.allclose(grid.right, [0.5, 0, 0]) and np.allclose(grid.down, [0, 0.5, 0])


def test_the_middle_of_the_viewport_is_the_centre() -> None:
    view = replace(PLANE, centre=(3.0, -5.0, 7.0))
    grid = camera.picture(view, camera.reduced(301, 200, 1.0))
    middle = grid.origin + (301 / 2 - 0.5) * grid.right + (200 / 2 - 0.5) * grid.down
    assert np.allclose(middle, view.centre)


@given(width=st.integers(16, 2000), height=st.integers(16, 2000), scale=st.floats(0.1, 1))
def test_a_reduced_picture_covers_the_same_millimetres(width: int, height: int, scale: float) -> None:
    full = camera.picture(PLANE, camera.reduced(width, height, 1.0))
    small = camera.picture(PLANE, camera.reduced(width, height, scale))
    for grid in (full, small):
        corner = grid.origin - (grid.right + grid.down) / 2
        far = corner + grid.width * grid.right + grid.height * grid.down
        mm = 100.0 / min(width, height)
        assert np.allclose(corner, [-width * mm / 2, -height * mm / 2, 0])
        assert np.allclose(far, [width * mm / 2, height * mm / 2, 0])


def test_axes_that_were_rounded_become_exact() -> None:
    right, down = camera.axes((0.7071, 0.7071, 0.0), (0.0, 0.01, -1.0))
    assert np.linalg.norm(right) == pytest.approx(1, abs=1e-15)
    assert right @ down == pytest.approx(0, abs=1e-15)


def test_bands_are_rows_of_the_whole() -> None:
    matrix, _ = camera.image_matrix(STACK, Size(64, 48, 64, 48), PIXEL)
    assert np.allclose(camera.image_band(matrix, 16) @ [5, 3, 1], matrix @ [5, 19, 1])


@pytest.mark.parametrize("angle", [10.0, 45.0, 90.0])
@pytest.mark.parametrize(("width", "height"), [(300, 200), (200, 300)])
def test_the_opening_angle_spans_the_shorter_side(angle: float, width: int, height: int) -> None:
    view = replace(VOLUME, centre=(3.0, -5.0, 7.0), perspective=angle)
    grid = camera.picture(view, camera.reduced(width, height, 1.0))
    eye = camera.eye(view)
    assert eye is not None
    # The middles of the edges at the ends of the shorter side, seen from the eye.
    across = grid.right * width / 2 if width < height else grid.down * height / 2
    middle = grid.origin + (width / 2 - 0.5) * grid.right + (height / 2 - 0.5) * grid.down
    a, b = middle - across - eye, middle + across - eye
    assert np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))) == pytest.approx(angle)
    assert (middle - eye) / np.linalg.norm(middle - eye) == pytest.approx(grid.normal)


def test_the_eye_is_that_of_the_whole_picture_whatever_its_size_and_band() -> None:
    """The grid keeps its plane, so that a switch to perspective leaves what is at the centre as large as it was."""
    view = replace(VOLUME, perspective=60.0)
    whole = camera.picture(view, camera.reduced(640, 480, 1.0))
    flat = camera.picture(VOLUME, camera.reduced(640, 480, 1.0))
    assert np.array_equal(whole.origin, flat.origin) and np.array_equal(whole.right, flat.right)
    assert camera.eye(VOLUME) is None
    assert camera.eye(view) == pytest.approx((0.0, -100 / 2 * np.sqrt(3), 0.0))  # the view looks to the back


def test_a_clip_box_that_was_rounded_becomes_exact_half_spaces() -> None:
    box = ClipBox((1.0, 2.0, 3.0), ((0.999, 0.02, 0.0), (-0.02, 1.001, 0.0), (0.0, 0.001, -1.0)), (10.0, 20.0, 30.0))
    planes = camera.clip(replace(VOLUME, clip_box=box, clip_planes=((0.0, 0.0, 1.005, 10.05),)))
    assert planes.shape == (7, 4)
    normals = planes[:, :3]
    assert np.abs(normals[::2][:3] @ normals[::2][:3].T - np.eye(3)).max() < 1e-12
    assert np.allclose(normals[0], box.axes[0], atol=0.003) and np.allclose(normals[4], box.axes[2], atol=0.003)
    assert planes[6] == pytest.approx((0, 0, 1, 10))
    # From its centre every face is half a size away; a face is the farther the more the box is.
    assert normals[:6] @ box.centre - planes[:6, 3] == pytest.approx((10, 10, 20, 20, 30, 30))
    assert camera.clip(VOLUME).shape == (0, 4)
