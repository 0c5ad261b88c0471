"""The line and the limits of slices: rounded positions make a Volume, what no kernel takes makes none."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kernels import volume as kernels
from kernels.volume import Volume
from storage.dicom import grid
from storage.dicom.stacks import Stack, stacks_of
from storage.dicom.write import write_series
from tests.flows.acquisitions import turned
from tests.storage.dicom.pictures import Stored, instances

(ONE,) = instances(list(write_series(np.zeros((1, 4, 4), np.int16), np.eye(4))))


def slices(positions: Sequence[Any], **said: Any) -> list[Stored]:
    """Images at these first pixels, numbered in this order. said: fields of their headers."""
    found = []
    for number, position in enumerate(positions, 1):
        header = copy.deepcopy(ONE.header)
        header |= {"position": [float(x) for x in position], "instance_number": number, "thickness": None, **said}
        found.append(Stored(f"1.{number}", "0" * 64, header))
    return found


def first_of(arrived: list[Stored]) -> Stack:
    return stacks_of(arrived)[0]


@given(
    angles=st.tuples(*[st.floats(-80, 80)] * 3),
    step=st.sampled_from([0.6, 1.25, 2.5, 3.3, 5.0]),
    origin=st.tuples(*[st.floats(-300, 300)] * 3),
)
@example(angles=(0.0, 0.0, 0.0), step=0.6, origin=(0.0, 0.0, 0.75))
@settings(max_examples=60, deadline=None)
def test_oblique_positions_rounded_to_a_tenth_of_a_millimetre_are_straight_and_even(
    angles: tuple[float, float, float], step: float, origin: tuple[float, float, float]
) -> None:
    row, column = turned(angles)
    normal = np.cross(row, column)
    positions = np.round(np.array(origin) + np.arange(60)[:, None] * step * normal, 1)
    found = first_of(slices(positions, orientation=[*row.tolist(), *column.tolist()]))
    assert (found.refusal, found.notes) == (None, ())
    assert found.geometry is not None
    # 60 slices tell direction and step better than the two at the ends: off by no more than the rounding at any slice.
    line = found.geometry.affine[:3, 2] * 59
    assert np.linalg.norm(line - normal * step * 59 * np.sign(line @ normal)) < 0.2


@pytest.mark.parametrize("off", [0.15, 0.3])
def test_a_slice_that_is_farther_beside_the_line_than_rounding_makes_is_refused(off: float) -> None:
    positions = [[off if z == 10 else 0.0, 0.0, 1.25 * z] for z in range(20)]
    assert first_of(slices(positions)).refusal == "misaligned_slices"


AXIAL = np.array([0.0, 0.0, 1.0])
EXTREMES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "pixels of a ten-millionth": (np.arange(3), {"spacing": [1e-7, 1e-7]}, "invalid_volume"),
    "pixels next to nothing": (np.arange(3), {"spacing": [1.0, 5e-324]}, "invalid_volume"),
    "a slice 100 m away": (np.array([0, 1, 2, 3, 1e5]), {}, "scattered_slices"),
    "a slice 10 km away": (np.array([0, 1, 2, 3, 1e7]), {}, ""),
    "beyond everything": (np.array([0, 1e308, 1.5e308]), {}, "no_geometry"),
    "steps of kilometres": (np.arange(3) * 1e9, {}, "no_geometry"),
}


@pytest.mark.parametrize("name", EXTREMES)
def test_a_geometry_that_kernels_would_not_take_is_refused_before_anything_is_decoded(name: str) -> None:
    heights, said, refusal = EXTREMES[name]
    found = first_of(slices(heights[:, None] * AXIAL, **said))
    if refusal:
        assert (found.refusal, found.geometry) == (refusal, None)
    else:  # the stray one is set apart
        assert len(found.frames) == len(heights) - 1 and found.geometry is not None


def test_more_voxels_than_kernels_count_are_refused() -> None:
    arrived = slices(np.arange(3)[:, None] * AXIAL)
    for one in arrived:
        one.header["pixels"] |= {"rows": 32768, "columns": 32768}
    assert first_of(arrived).refusal == "volume_too_large"


def test_the_limits_are_those_of_kernels() -> None:
    limits = grid.MOST_VOXELS, grid.MOST_STEPS, grid.LEAST_STEP
    assert limits == (kernels.MAX_VOXELS, kernels.MAX_PLACE, kernels.MIN_INTERVAL)


EDGES = [0.0, 1.0, -1.0, 1e308, -1e308, 1e154, 1e-300, 1e16, 1e7, 1e6, 1e5, 0.1, 1e-3, 1e-9, 5e-324]


@given(
    origin=st.sampled_from(EDGES),
    step=st.sampled_from(EDGES),
    lean=st.sampled_from(EDGES),
    jump=st.sampled_from([0.0, 0.0, 1e3, 1e5, 1e9]),
    spacing=st.sampled_from([1.0, 0.5, 1e-300, 1e-7, 1e-5, 9e4]),
    thickness=st.sampled_from([None, 1.0, 1e-300, 9e4]),
    count=st.integers(3, 8),
)
@settings(max_examples=400, deadline=None)
def test_whatever_is_accepted_kernels_take(  # noqa: PLR0917
    origin: float, step: float, lean: float, jump: float, spacing: float, thickness: float | None, count: int
) -> None:
    positions = [[origin, i * lean, i * step + (jump if i == count - 1 else 0)] for i in range(count)]
    if not np.isfinite(positions).all():
        return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = stacks_of(slices(positions, spacing=[spacing, 1.0], thickness=thickness))
    for stack in found:
        if stack.geometry is not None:
            array = np.zeros(stack.geometry.shape, np.int16)
            Volume(array, stack.geometry.affine, stack.geometry.places, stack.geometry.holes)
