"""Frames without a place scroll as their headers say, whatever the order in which they came."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from storage.dicom.stacks import Stack, stacks_of
from storage.dicom.write import uid_of, write_instance
from tests.storage.dicom.pictures import Stored, instances

COUNT = 10
EXPLICIT = "1.2.840.10008.1.2.1"


def images(**said: Any) -> list[Stored]:
    """said: the same for all, or a list with one for each; of a None nothing is said."""
    files = []
    for i in range(COUNT):
        own = {key: value[i] if isinstance(value, list) else value for key, value in said.items()}
        # UIDs in no order, so that they do not happen to tell.
        fixed = {"Modality": "MR", "SOPInstanceUID": uid_of("order", i)}
        files.append(write_instance(np.zeros((4, 4), np.uint16), 0, EXPLICIT, {**fixed, "InstanceNumber": None, **own}))
    return instances(files)


def shown(arrived: list[Stored], seed: int) -> tuple[list[int], Stack]:
    """Which of `arrived` each frame is, and the Stack; arrived in any order."""
    (stack,) = stacks_of(random.Random(seed).sample(arrived, len(arrived)))
    uids = [one.sop_instance_uid for one in arrived]
    return [uids.index(frame.sop_instance_uid) for frame in stack.frames], stack


LOCATIONS = [3.0 * i for i in range(COUNT)]
TIMES = [f"1000{i:02}" for i in range(COUNT)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "said",
    [
        {"InstanceNumber": list(range(COUNT)), "SliceLocation": LOCATIONS[::-1]},
        {"InstanceNumber": None, "SliceLocation": LOCATIONS, "AcquisitionTime": TIMES[::-1]},
        {"InstanceNumber": 1, "SliceLocation": LOCATIONS},
        {"InstanceNumber": 1, "SliceLocation": 0.0, "AcquisitionTime": TIMES},
        {"InstanceNumber": [1] * 9 + [2], "ContentTime": TIMES},
        {"AcquisitionTime": ["235959", *TIMES[1:]]},  # a night
    ],
)
def test_the_first_of_number_location_and_time_that_tells_all_apart_is_the_order(
    said: dict[str, Any], seed: int
) -> None:
    order, stack = shown(images(**said), seed)
    assert (order, stack.notes) == (list(range(COUNT)), ())


@pytest.mark.parametrize(
    "said", [{}, {"InstanceNumber": 1}, {"SliceLocation": 5.0}, {"InstanceNumber": [*range(9), 3]}]
)
def test_an_order_that_nothing_tells_is_told_and_is_the_same_after_every_arrival(said: dict[str, Any]) -> None:
    arrived = images(**said)
    found = [shown(arrived, seed) for seed in range(3)]
    assert len({stack.digest for _, stack in found}) == 1
    assert all(stack.notes == ("note_order",) for _, stack in found)


def test_the_frames_of_one_instance_have_the_order_in_which_they_are_stored() -> None:
    cine = write_instance(np.zeros((3, 4, 4), np.uint16), 0, EXPLICIT, {"Modality": "US", "InstanceNumber": None})
    (stack,) = stacks_of(instances([cine]))
    assert ([frame.frame for frame in stack.frames], stack.notes) == ([0, 1, 2], ())


def test_an_image_without_a_place_does_not_take_the_places_of_the_others() -> None:
    places = [None if i == 4 else [0.0, 0.0, LOCATIONS[i]] for i in range(COUNT)]
    plane = {"ImageOrientationPatient": [[1, 0, 0, 0, 1, 0]] * COUNT, "PixelSpacing": [[1, 1]] * COUNT}
    arrived = images(InstanceNumber=[(7 * i) % COUNT for i in range(COUNT)], ImagePositionPatient=places, **plane)
    whole, other = stacks_of(arrived)
    heights = [frame.position[2] for frame in whole.frames if frame.position]
    assert heights == [z for i, z in enumerate(LOCATIONS) if i != 4]
    assert (whole.notes, [frame.sop_instance_uid for frame in other.frames]) == (
        ("note_missing_slices",),
        [uid_of("order", 4)],
    )
