from __future__ import annotations

import random
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from storage.dicom.grid import place_codes
from storage.dicom.stacks import Stack, stacks_of
from storage.dicom.write import uid_of, write_series
from tests.storage.dicom.pictures import instances

SLICES = 5
Said = dict[str, Any]


def images(parts: list[Said], slices: int = SLICES, **shared: Any) -> list[bytes]:
    """The same slices once for each part, numbered part by part."""
    files = []
    for i, part in enumerate(parts):
        for z in range(slices):
            place = {"ImagePositionPatient": [0, 0, 2.0 * z], "SOPInstanceUID": uid_of(i, z)}
            said = {"InstanceNumber": i * slices + z + 1, **shared, **part}
            files += write_series(np.zeros((1, 4, 4), np.int16), np.eye(4), attributes={**place, **said})
    return files


def told(files: list[bytes]) -> list[tuple[int, str, float | None, str]]:
    """(frames, kind, value, text) of each Stack."""
    return [
        (len(stack.frames), *((p.kind, p.value, p.text) if (p := stack.phase) else ("", None, "")))
        for stack in stacks_of(instances(files))
    ]


def test_what_is_there_once_has_no_phase() -> None:
    assert told(images([{"EchoTime": 4.6, "TemporalPositionIdentifier": 1}])) == [(SLICES, "", None, "")]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([{"TriggerTime": 500}, {"TriggerTime": 0}], [("trigger_time", 0, ""), ("trigger_time", 500, "")]),
        ([{"EchoNumbers": 2}, {"EchoNumbers": 1}], [("echo", None, "2"), ("echo", None, "1")]),
        ([{"EchoTime": 9.0}, {"EchoTime": 4.5}], [("echo", 4.5, ""), ("echo", 9, "")]),
        (
            [{"ImageType": ["ORIGINAL", "PRIMARY", "W"]}, {"ImageType": ["ORIGINAL", "PRIMARY", "F"]}],
            [("image_type", None, "W"), ("image_type", None, "F")],
        ),
        (
            [{"AcquisitionTime": "120001"}, {"AcquisitionTime": "115900.5"}],
            [("acquisition", None, "11:59:00"), ("acquisition", None, "12:00:01")],
        ),
        ([{}, {}, {}], [("order", None, "1"), ("order", None, "2"), ("order", None, "3")]),
        # The most telling one wins.
        (
            [{"TemporalPositionIdentifier": 2, "AcquisitionNumber": 7}, {"TemporalPositionIdentifier": 1}],
            [("temporal_position", 1, ""), ("temporal_position", 2, "")],
        ),
    ],
)
def test_images_of_the_same_places_are_told_apart(
    parts: list[Said], expected: list[tuple[str, float | None, str]]
) -> None:
    assert told(images(parts, Modality="MR")) == [(SLICES, *one) for one in expected]


def test_a_separator_that_is_another_for_every_image_is_not_believed() -> None:
    files = images([{}, {}])
    numbered = [
        write_with(data, TemporalPositionIdentifier=n, TriggerTime=(n * 37) % 100) for n, data in enumerate(files)
    ]
    assert told(numbered) == [(SLICES, "order", None, "1"), (SLICES, "order", None, "2")]


def write_with(data: bytes, **attributes: Any) -> bytes:
    dataset = dcmread(BytesIO(data))
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    out = BytesIO()
    dataset.save_as(out)
    return out.getvalue()


def test_a_slice_that_was_scanned_again_is_set_apart_where_something_says_so() -> None:
    files = images([{"AcquisitionNumber": 1}]) + images([{"AcquisitionNumber": 2}], InstanceNumber=99)[:1]
    again = [write_with(files[-1], SOPInstanceUID="1.2.99")]
    assert [frames for frames, *_ in told(files[:-1] + again)] == [SLICES, 1]


def test_a_slice_that_is_there_twice_for_no_reason_makes_no_volume() -> None:
    files = images([{}])
    (stack,) = stacks_of(instances([*files, write_with(files[2], SOPInstanceUID="1.2.99", InstanceNumber=99)]))
    assert (stack.refusal, len(stack.frames)) == ("duplicate_positions", SLICES + 1)


def test_a_cine_of_two_slices_stays_one_stack() -> None:
    (stack,) = stacks_of(instances(images([{"TriggerTime": t} for t in (0, 40, 80, 120)], slices=2)))
    assert len(stack.frames) == 8
    assert [frame.position[2] for frame in stack.frames if frame.position] == [0] * 4 + [2] * 4


def test_magnitude_and_phase_are_families_each_with_its_echoes() -> None:
    parts = [
        {"EchoTime": t, "ImageType": ["ORIGINAL", "PRIMARY", kind]} for t in (4.6, 9.2, 13.8) for kind in ("M", "P")
    ]
    stacks = stacks_of(instances(images(parts, Modality="MR")))
    phases = [stack.phase for stack in stacks if stack.phase]
    assert [(p.number, p.count, p.value, p.text) for p in phases] == [
        (i, 3, t, kind) for kind in ("M", "P") for i, t in enumerate((4.6, 9.2, 13.8))
    ]
    assert len({p.group for p in phases}) == 2


def test_a_map_beside_weighted_images_has_no_phase_and_they_have() -> None:
    parts: list[Said] = [
        {"DiffusionBValue": b, "ImageType": ["ORIGINAL", "PRIMARY", "DIFFUSION"]} for b in (0, 500, 1000)
    ]
    parts.append({"DiffusionBValue": 0, "ImageType": ["DERIVED", "PRIMARY", "ADC"]})
    found = told(images(parts, Modality="MR"))
    assert [one[1:3] for one in found] == [("b_value", 0), ("b_value", 500), ("b_value", 1000), ("", None)]


def test_several_images_without_diffusion_are_numbered() -> None:
    parts: list[Said] = [{"DiffusionBValue": b} for b in (0, 0, 0, 800)]
    found = told(images(parts, Modality="MR"))
    assert [one[1:] for one in found] == [
        ("b_value", 0, "#1"),
        ("b_value", 0, "#2"),
        ("b_value", 0, "#3"),
        ("b_value", 800, ""),
    ]


def test_all_phases_run_the_same_way_whatever_their_numbers_say() -> None:
    files = images([{"TemporalPositionIdentifier": 1}])
    # The second time was numbered from the other end.
    for z, data in enumerate(images([{}, {"TemporalPositionIdentifier": 2}])[SLICES:]):
        files.append(write_with(data, InstanceNumber=SLICES + (SLICES - z if z else 0) + 1))
    stacks = stacks_of(instances(files))
    heights = [[frame.position[2] for frame in stack.frames if frame.position] for stack in stacks]
    assert heights[0] == heights[1] and len(stacks) == 2


def sets_in(files: list[bytes], seed: int = 3) -> list[tuple[str, str | None, tuple[str, ...]]]:
    """Of each Stack which part of `images` every frame is from, the refusal, the notes; arrived in any order."""
    parts = {uid_of(i, z): "ABC"[i] for i in range(3) for z in range(SLICES)}
    shuffled = random.Random(seed).sample(files, len(files))
    return [
        ("".join(parts[frame.sop_instance_uid] for frame in stack.frames), stack.refusal, stack.notes)
        for stack in stacks_of(instances(shuffled))
    ]


def numbered(second: list[int], **shared: Any) -> list[bytes]:
    """Two sets, the first numbered from 1."""
    numbers = [*range(1, SLICES + 1), *second]
    return [write_with(data, InstanceNumber=n) for data, n in zip(images([{}, {}], **shared), numbers, strict=True)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "second",
    [
        [1, 2, 3, 4, 5],
        [5, 4, 3, 2, 1],
        [2, 3, 4, 5, 6],
        # From the other end, and no number twice at a place: half of each would come before the other half.
        [6, 4, 2, 1, 0],
        [10, 9, 8, 7, 6],
    ],
)
def test_the_same_numbers_or_such_that_run_against_each_other_make_no_volume(second: list[int], seed: int) -> None:
    ((found, refusal, _),) = sets_in(numbered(second), seed)
    assert (len(found), refusal) == (2 * SLICES, "duplicate_positions")


def test_numbers_set_after_set_tell_the_sets_apart() -> None:
    assert sets_in(numbered([6, 7, 8, 9, 10])) == [(name * SLICES, None, ("note_phase_order",)) for name in "AB"]


def test_one_number_for_each_phase_at_every_place_tells_them_apart() -> None:
    files = images([{"InstanceNumber": 1}, {"InstanceNumber": 2}])
    assert sets_in(files) == [(name * SLICES, None, ("note_phase_order",)) for name in "AB"]


SAME = [1, 2, 3, 4, 5]
ONE_BY_ONE = [f"1000{s:02}" for s in range(2 * SLICES)]


@pytest.mark.parametrize(
    ("said", "notes"),
    [
        ([{"ContentTime": "100000"}, {"ContentTime": "101000"}], ()),
        ([{"ImageComments": "40 keV"}, {"ImageComments": "70 keV"}], ()),
        ([{"InversionTime": 100}, {"InversionTime": 900}], ()),
        ([{"FlipAngle": 3}, {"FlipAngle": 15}], ()),
        ([{"Units": "BQML"}, {"Units": "GML"}], ()),
        ([{"AcquisitionTime": ONE_BY_ONE[:SLICES]}, {"AcquisitionTime": ONE_BY_ONE[SLICES:]}], ("note_phase_order",)),
        ([{"ContentTime": ONE_BY_ONE[:SLICES]}, {"ContentTime": ONE_BY_ONE[SLICES:]}], ("note_phase_order",)),
    ],
)
def test_what_images_of_the_same_numbers_say_besides_tells_them_apart(said: list[Said], notes: tuple[str, ...]) -> None:
    files = []
    for i, data in enumerate(numbered(SAME, Modality="MR")):
        own = {key: v[i % SLICES] if isinstance(v, list) else v for key, v in said[i // SLICES].items()}
        files.append(write_with(data, **own))
    assert sorted(sets_in(files)) == [(name * SLICES, None, notes) for name in "AB"]


def test_averages_of_the_same_weighting_and_numbers_are_not_mixed() -> None:
    files = images([{"DiffusionBValue": b} for b in (0, 1000, 1000)], Modality="MR")
    files = [write_with(data, InstanceNumber=i % SLICES + 1) for i, data in enumerate(files)]
    (pair, refusal, _), plain = sets_in(files)
    assert (sorted(pair), refusal) == (list("BBBBBCCCCC"), "duplicate_positions")
    assert plain == ("AAAAA", None, ())


def test_what_was_scanned_after_midnight_comes_later() -> None:
    files = images([{"AcquisitionTime": "235950"}, {"AcquisitionTime": "000010"}])
    assert [one[0] for one in sets_in(files)] == ["AAAAA", "BBBBB"]
    assert [one[3] for one in told(files)] == ["23:59:50", "00:00:10"]


def test_places_of_rounded_positions_are_one_place() -> None:
    distances = np.array([0.0, 2.004, 4.0, 0.001, 2.0, 3.996])
    assert place_codes(distances).tolist() == [0, 1, 2, 0, 1, 2]


def test_stations_are_stacks_of_their_own_and_no_phases() -> None:
    files = []
    for station in range(3):
        for z in range(SLICES):
            place = {"ImagePositionPatient": [0, 300.0 * station, 2.0 * z], "SOPInstanceUID": uid_of(station, z)}
            said = {"InstanceNumber": station * SLICES + z + 1, "AcquisitionNumber": station}
            files += write_series(np.zeros((1, 4, 4), np.int16), np.eye(4), attributes={**place, **said})
    stacks = stacks_of(instances(files))
    assert [(len(stack.frames), stack.refusal, stack.phase) for stack in stacks] == [(SLICES, None, None)] * 3
    assert [stack.geometry.affine[1, 3] for stack in stacks if stack.geometry] == [0, 300, 600]


def private(group: int, creator: str, elements: dict[int, tuple[str, Any]]) -> Said:
    return {"private": (group, creator, elements)}


def weighted(said: Said) -> Stack:
    """A stack of MR images that say this in private elements."""
    group, creator, elements = said["private"]
    files = []
    for data in images([{"Modality": "MR"}]):
        dataset: Dataset = dcmread(BytesIO(data))
        block = dataset.private_block(group, creator, create=True)
        for element, (vr, value) in elements.items():
            block.add_new(element, vr, value)
        out = BytesIO()
        dataset.save_as(out)
        files.append(out.getvalue())
    (stack,) = stacks_of(instances(files))
    return stack


@pytest.mark.parametrize(
    ("said", "b_value", "gradient"),
    [
        (private(0x0019, "SIEMENS MR HEADER", {0x0C: ("IS", 850), 0x0E: ("FD", [0.6, 0, 0.8])}), 850, [0.6, 0, 0.8]),
        # Through a router that did not know the elements.
        (private(0x0019, "SIEMENS MR HEADER", {0x0C: ("UN", b"850 ")}), 850, None),
        (
            private(0x0019, "SIEMENS MR HEADER", {0x0C: ("UN", b"0 "), 0x0E: ("UN", np.ones(3).tobytes())}),
            0,
            [1, 1, 1],
        ),
        (private(0x0043, "GEMS_PARM_01", {0x39: ("IS", [1000000850, 8, 0, 0])}), 850, None),
        (private(0x0043, "GEMS_PARM_01", {0x39: ("UN", b"850\\8\\0\\0")}), 850, None),
        (private(0x2001, "Philips Imaging DD 001", {0x03: ("FL", 850.0)}), 850, None),
        (private(0x2001, "Philips Imaging DD 001", {0x03: ("UN", np.float32(850).tobytes())}), 850, None),
        (private(0x2001, "Philips Imaging DD 001", {0x03: ("UN", b"\0\0\xc0\x7f")}), None, None),  # not a number
        (private(0x2001, "Somebody else", {0x03: ("FL", 850.0)}), None, None),
    ],
)
def test_diffusion_is_read_from_the_makers_own_elements(
    said: Said, b_value: float | None, gradient: list[float] | None
) -> None:
    separators = weighted(said).frames[0].separators
    assert (separators.get("b_value"), separators.get("gradient")) == (b_value, gradient)
