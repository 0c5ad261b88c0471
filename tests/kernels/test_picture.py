from __future__ import annotations

import numpy as np
import pytest

from kernels.errors import InvalidPicture
from kernels.picture import Picture, index_grid, snap
from kernels.volume import Volume

GOOD = {"origin": (0, 0, 0), "right": (1, 0, 0), "down": (0, 1, 0), "width": 8, "height": 8}


@pytest.mark.parametrize(
    "wrong",
    [
        {"right": (0, 0, 0)},
        {"down": (2, 0, 0)},
        {"down": (1, 1e-9, 0)},
        {"right": (float("nan"), 0, 0)},
        {"origin": (0, float("inf"), 0)},
        {"origin": (0, 0, 1e30)},
        {"right": (1e6, 0, 0)},
        {"origin": (0, 0)},
        {"origin": None},
        {"width": 0},
        {"height": -4},
        {"width": 10**9},
        {"width": 16000, "height": 16000},
    ],
)
def test_a_grid_that_is_no_plane_is_refused(wrong):
    with pytest.raises(InvalidPicture):
        Picture(**(GOOD | wrong))


def test_the_viewer_looks_along_right_cross_down():
    assert Picture(**GOOD).normal.tolist() == [0, 0, 1]
    assert Picture(**(GOOD | {"right": (-2, 0, 0)})).normal.tolist() == [0, 0, -1]


def test_only_crumbs_are_snapped_to_half_integers():
    values = np.array([3.4999999999, 1e-9, -2.0000000004, 0.25, 0.501])
    assert snap(values).tolist() == [3.5, 0, -2, 0.25, 0.501]


def test_a_step_along_the_normal_is_one_voxel_even_under_shear():
    affine = np.eye(4)
    affine[:3, :3] = [[0.7, 0.1, 0.3], [0, 0.8, -0.2], [0.05, 0, 1.3]]
    volume = Volume(np.zeros((5, 5, 5), np.int16), affine)
    step = index_grid(volume, Picture((0, 0, 0), (0.3, 0.1, 0.2), (-0.1, 0.5, 0), 4, 4))[3]
    assert np.linalg.norm(step) == pytest.approx(1)
