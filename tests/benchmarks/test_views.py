"""The views show a standing patient the right way round, and rays run where they should."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.rays import inside, span_mm
from benchmarks.views import VIEWS, centred
from kernels.plane import plane


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_axes_are_orthonormal_and_the_picture_has_them(view):
    axes = np.stack([view.right, -view.up, view.direction])
    assert np.allclose(axes @ axes.T, np.eye(3))
    picture = view.picture(64)
    assert np.allclose(picture.normal, view.direction)
    assert np.allclose(picture.origin + 31.5 * (picture.right + picture.down), view.centre)
    assert np.isclose(np.linalg.norm(picture.right) * 64, 2 * view.half_mm)


def test_from_the_front_the_patient_s_left_is_right_and_the_head_is_up():
    array = np.zeros((5, 5, 5), np.int16)
    array[4, 2, 4] = 100  # towards the head and the patient's left
    values = plane(centred(array, (80.0, 80.0, 80.0)), VIEWS[0].picture(32))
    row, column = np.unravel_index(values.argmax(), values.shape)
    assert row < 8 and column > 24


def test_a_frame_is_turned_and_the_next_one_turned_back():
    view = VIEWS[1]
    assert view.turned(2) is view
    turned = view.turned(1)
    angle = np.degrees(np.arccos(np.clip(turned.direction @ view.direction, -1, 1)))
    assert angle == pytest.approx(0.01, abs=1e-4)
    assert np.allclose(turned.up, view.up)
    assert np.isclose(turned.right @ turned.direction, 0)


def test_keys_differ_with_the_view():
    assert len({view.key for view in (*VIEWS, VIEWS[0].turned(1))}) == 4


def test_a_ray_along_an_axis_runs_through_the_whole_box():
    volume = centred(np.zeros((11, 21, 31), np.int16), (2.0, 3.0, 4.0))  # 60 × 60 × 40 mm between outer centres
    picture = VIEWS[0].picture(42)  # 10 mm a pixel
    entry, leave = span_mm(volume, picture)
    seen = leave >= entry
    assert np.allclose(entry[seen], -30) and np.allclose(leave[seen], 30)
    assert seen.sum() == 6 * 4  # centres at ±5, ±15, ±25 mm across and ±5, ±15 up
    assert inside(volume, picture, 30.0).sum() == 24 and not inside(volume, picture, 30.1).any()


def test_in_perspective_what_is_at_the_centre_stays_as_large_as_it_is():
    view = VIEWS[1]
    eye, picture = view.eye(45.0), view.picture(64)
    left, right = (picture.origin + x * picture.right + 31.5 * picture.down - eye for x in (-0.5, 63.5))
    angle = np.degrees(np.arccos(left @ right / np.linalg.norm(left) / np.linalg.norm(right)))
    assert angle == pytest.approx(45.0)
    assert (view.centre - eye) @ view.direction == pytest.approx(np.linalg.norm(view.centre - eye))
