from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.storage.dicom.pictures import at_positions, stack


def test_a_missing_slice_leaves_a_hole_and_the_others_where_they_are() -> None:
    found = stack(at_positions([[0, 0, z] for z in (0, 2, 4, 8, 10, 12, 20, 22)]))
    assert found.geometry is not None and found.geometry.places is not None
    assert found.geometry.places.tolist() == [0, 1, 2, 4, 5, 6, 10, 11]
    assert found.geometry.holes == (2, 5)
    assert np.allclose(found.geometry.affine[:3, 2], [0, 0, 2])
    assert found.notes == ("note_missing_slices",)


def test_what_is_missing_need_not_be_a_whole_number_of_steps() -> None:
    found = stack(at_positions([[0, 0, z] for z in (0, 2, 4, 6, 6 + 7.3, 15.3, 17.3)]))
    assert found.geometry is not None and found.geometry.places is not None
    assert np.allclose(found.geometry.places, [0, 1, 2, 3, 6.65, 7.65, 8.65])
    assert (found.geometry.holes, found.notes) == ((3,), ("note_missing_slices",))


THREE_SPACINGS = [5.0] * 6 + [2.5] * 8 + [1.25] * 10


def test_slices_that_are_thicker_where_they_stand_wider_apart_are_not_missing() -> None:
    heights = np.concatenate([[0], np.cumsum(THREE_SPACINGS)])
    thick = [*THREE_SPACINGS, 1.25]
    files = [
        at_positions([[0, 0, z]], SliceThickness=t, InstanceNumber=i, SOPInstanceUID=f"1.2.{i + 1}")[0]
        for i, (z, t) in enumerate(zip(heights, thick, strict=True))
    ]
    found = stack(files)
    assert found.geometry is not None and found.geometry.places is not None
    assert (found.geometry.holes, found.notes) == ((), ("note_uneven",))
    assert np.allclose(found.geometry.places * found.geometry.affine[2, 2], heights)
    # One of the thin ones lost: a step no wider than the others have, and yet a hole.
    fewer = stack(files[:18] + files[19:])
    assert fewer.geometry is not None and fewer.geometry.holes == (17,)


@pytest.mark.parametrize(("numbers", "holes"), [("counted", ()), ("left out", (4, 5, 6, 7))])
def test_several_equal_wide_gaps_are_missing_slices_only_where_numbers_are_left_out(
    numbers: str, holes: tuple[int, ...]
) -> None:
    heights = [0.0, 2, 4, 6, 8, 12, 16, 20, 24, 26, 28, 30, 32, 34, 36, 38, 40]
    files = []
    for i, z in enumerate(heights):
        number = i if numbers == "counted" else int(z / 2)
        files += at_positions([[0, 0, z]], SliceThickness=2.0, InstanceNumber=number, SOPInstanceUID=f"1.2.{i + 1}")
    found = stack(files)
    assert found.geometry is not None and found.geometry.holes == holes


@pytest.mark.parametrize("step", [1.0, 0.625])
@pytest.mark.parametrize("numbers", ["left out", "none", "same", "counted"])
@pytest.mark.parametrize("stride", [2, 3])
@pytest.mark.parametrize("until", range(2, 40, 4))
def test_however_much_is_missing_nothing_is_filled_in(until: int, stride: int, numbers: str, step: float) -> None:
    kept = [z for z in range(40) if z >= until or z % stride == 0]
    files = []
    for i, z in enumerate(kept):
        said: dict[str, Any] = {"InstanceNumber": {"left out": z + 1, "none": None, "same": 1, "counted": i}[numbers]}
        files += at_positions([[0, 0, round(z * step, 1)]], SliceThickness=step, SOPInstanceUID=f"1.2.{z + 1}", **said)
    found = stack(files)
    gaps = tuple(i for i, (a, b) in enumerate(pairwise(kept)) if b - a > 1)
    if found.geometry is None:
        assert found.refusal == "scattered_slices"
    elif numbers != "counted":  # then several equal gaps in a row were scanned so
        assert found.geometry.holes == gaps
