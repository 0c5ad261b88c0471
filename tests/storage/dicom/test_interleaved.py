"""No slice of another scan in a Volume: the sets from which each case is made are the truth."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from storage.dicom.stacks import Stack, stacks_of
from storage.dicom.write import uid_of, write_instance
from tests.storage.dicom.pictures import Stored, instances

HEIGHTS = [5.0 * z for z in range(12)]
PET: dict[str, Any] = {"Modality": "PT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.128"}
MR: dict[str, Any] = {"Modality": "MR", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4"}
EXPLICIT = "1.2.840.10008.1.2.1"
# DICOM's own keywords whose numbers write_instance would write as text.
FLOATS = {"DiffusionBValue": (0x00189087, "FD"), "NominalPercentageOfCardiacPhase": (0x00209241, "FL")}

Scan = list[Stored]


def scan(name: Any, heights: Sequence[float], numbers: Sequence[int], **said: Any) -> Scan:
    """One set of images. said: the same for all, or a list with one for each."""
    files = []
    for z, (height, number) in enumerate(zip(heights, numbers, strict=True)):
        own: dict[Any, Any] = {key: value[z] if isinstance(value, list) else value for key, value in said.items()}
        own |= {FLOATS[key][0]: (FLOATS[key][1], float(own.pop(key))) for key in [*own] if key in FLOATS}
        attributes = {
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
            "Modality": "CT",
            "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            "FrameOfReferenceUID": "1.2.3",
            "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            "PixelSpacing": [1, 1],
            "SliceThickness": 5,
            "RescaleSlope": 1,
            "RescaleIntercept": -1024,
            "ImagePositionPatient": [0, 0, height],
            "InstanceNumber": number,
            "SOPInstanceUID": uid_of(str(name), z),
            **own,
        }
        files.append(write_instance(np.zeros((4, 4), np.uint16), 0, EXPLICIT, attributes))
    return instances(files)


def pair(shift: float, first: dict[str, Any], second: dict[str, Any], **shared: Any) -> list[Scan]:
    """Two scans, the second numbered after the first and shifted along the table."""
    count = len(HEIGHTS)
    return [
        scan(1, HEIGHTS, range(1, count + 1), **shared, **first),
        scan(2, [z + shift for z in HEIGHTS], range(101, 101 + count), **shared, **second),
    ]


def by_place(name: str, values: Sequence[Any], **shared: Any) -> list[Scan]:
    """Scans of the same places, numbered place after place."""
    count = len(values)
    return [
        scan(i, HEIGHTS, range(i + 1, count * len(HEIGHTS) + 1, count), **{name: value}, **shared)
        for i, value in enumerate(values)
    ]


ACQUISITIONS = {"AcquisitionNumber": 1}, {"AcquisitionNumber": 2}
TIMES = [[f"10{m}{s:02}" for s in range(12)] for m in ("00", "10")]
CONTINUED = "one acquisition shares a place with the other"
CASES: dict[str, list[Scan]] = {
    **{f"two acquisitions {mm} mm apart": pair(mm, *ACQUISITIONS) for mm in (0, 0.1, 0.3, 1, 2, 2.5)},
    "one acquisition reaches into the other": pair(37.5, *ACQUISITIONS),
    CONTINUED: pair(55, *ACQUISITIONS),
    "two times between each other": pair(2.5, {"AcquisitionTime": "100000"}, {"AcquisitionTime": "100100"}),
    "a time for every image, two bouts": pair(2.5, {"AcquisitionTime": TIMES[0]}, {"AcquisitionTime": TIMES[1]}),
    "a time for every image, the same places": pair(0, {"AcquisitionTime": TIMES[0]}, {"AcquisitionTime": TIMES[1]}),
    "two kernels": pair(2.5, {"ConvolutionKernel": "B30f"}, {"ConvolutionKernel": "B70f"}),
    "a kernel and none": pair(2.5, {"ConvolutionKernel": "B30f"}, {}),
    "two echoes": pair(2.5, {"EchoTime": 10}, {"EchoTime": 90}, **MR),
    "two voltages between each other": pair(2.5, {"KVP": 80}, {"KVP": 140}),
    "two voltages": pair(0, {"KVP": 80}, {"KVP": 140}),
    "two thicknesses at the same places": pair(0, {"SliceThickness": 5}, {"SliceThickness": 6}),
    "two frames of reference": pair(60, {"FrameOfReferenceUID": "1.2.3"}, {"FrameOfReferenceUID": "1.2.4"}),
    "frames of reference between each other": pair(
        2.5, {"FrameOfReferenceUID": "1.2.3"}, {"FrameOfReferenceUID": "1.2.4"}
    ),
    "a contrast agent and none": pair(2.5, {}, {"ContrastBolusAgent": "Iopamidol"}),
    "made ten minutes apart": pair(2.5, {"ContentTime": "100000"}, {"ContentTime": "101000"}),
    "two images made every second": pair(2.5, {"ContentTime": TIMES[0]}, {"ContentTime": TIMES[1]}),
    "made ten minutes apart, each by two workers": pair(
        2.5, {"ContentTime": ["100000", "100001"] * 6}, {"ContentTime": ["101000", "101001"] * 6}, SliceThickness=10
    ),
    "the same numbers, made ten minutes apart": [
        scan(i, [z + 2.5 * i for z in HEIGHTS], range(12), ContentTime=f"10{i}000") for i in range(2)
    ],
    "thin slices made ten minutes apart": pair(
        2.5, {"ContentTime": "100000"}, {"ContentTime": "101000"}, SliceThickness=2.5
    ),
    "two inversion times": pair(2.5, {"InversionTime": 100}, {"InversionTime": 900}, **MR),
    "two kernels, one behind the other": pair(60, {"ConvolutionKernel": "B30f"}, {"ConvolutionKernel": "B70f"}),
    "two voltages, one behind the other": pair(60, {"KVP": 80}, {"KVP": 120}),
    "two echoes, one behind the other": pair(60, {"EchoTime": 10}, {"EchoTime": 100}, **MR),
    "two units, one behind the other": pair(60, {"Units": "BQML"}, {"Units": "CNTS"}, **PET),
    "two units at the same places": pair(0, {"Units": "BQML"}, {"Units": "GML"}, **PET),
    "nothing tells them apart": pair(0, {}, {}),
    "nothing tells them apart, half a step apart": pair(2.5, {}, {}),
    "nothing tells them apart, one there and one back": [
        scan(1, HEIGHTS, range(12)),
        scan(2, [z + 2.5 for z in HEIGHTS], range(23, 11, -1)),
    ],
    "nothing tells them apart, 0.3 mm apart": pair(0.3, {}, {}),
    "nothing tells them apart, 1 mm apart": pair(1, {}, {}),
    "the same numbers, half a step apart": [scan(i, [z + 2.5 * i for z in HEIGHTS], range(12)) for i in range(2)],
    "numbers that overlap, half a step apart": [
        scan(i, [z + 2.5 * i for z in HEIGHTS], range(4 * i, 4 * i + 12)) for i in range(2)
    ],
    "the same numbers, half a scan on": [scan(i, [z + 32.5 * i for z in HEIGHTS], range(12)) for i in range(2)],
    "the same numbers of an MR scan, half a step apart": [
        scan(i, [z + 2.5 * i for z in HEIGHTS], range(12), **MR) for i in range(2)
    ],
    "thick and thin": [
        scan(1, HEIGHTS, range(1, 13)),
        scan(2, [2.5 * z for z in range(23)], range(101, 124), SliceThickness=2.5),
    ],
    "thick and thin, no place in common": [
        scan(1, HEIGHTS, range(1, 13)),
        scan(2, [1.25 + 2.5 * z for z in range(22)], range(101, 123), SliceThickness=2.5),
    ],
    "cardiac percentages": by_place("NominalPercentageOfCardiacPhase", [30, 50, 70]),
    "trigger times": [
        scan(p, HEIGHTS, range(p + 1, 37, 3), TriggerTime=[100.0 * p + 1.7 * z for z in range(12)], **MR)
        for p in range(3)
    ],
    "weightings, three of them alike": by_place("DiffusionBValue", [0, 1000, 1000, 1000], **MR),
    "two of them without weighting": by_place("DiffusionBValue", [0, 0, 1000], **MR),
    "two kernels of two acquisitions": [
        scan(n, [z + shift for z in HEIGHTS], range(100 * n, 100 * n + 12), ConvolutionKernel=k, AcquisitionNumber=a)
        for n, (k, shift, a) in enumerate([("soft", 0, 1), ("sharp", 0, 1), ("soft", 2.5, 2), ("sharp", 2.5, 2)])
    ],
    "three acquisitions 0.3 mm apart": [
        scan(i, [z + 0.3 * i for z in HEIGHTS], range(100 * i, 100 * i + 12), AcquisitionNumber=i) for i in range(3)
    ],
}
for keyword, types in {
    "two types": ("ORIGINAL PRIMARY AXIAL", "DERIVED SECONDARY MINIP"),
    "an original and what was derived": ("ORIGINAL PRIMARY AXIAL", "DERIVED SECONDARY AXIAL"),
}.items():
    made = pair(2.5, {}, {})
    for part, text in zip(made, types, strict=True):
        for image in part:
            image.header["image_type"] = text.split()
            image.header["separators"]["image_type"] = text.split()[2]
    CASES[keyword] = made
for keyword, shift, types in [
    ("a phase behind magnitudes", 60, "MP"),
    ("magnitude and phase at the same places", 0, "MP"),
]:
    made = pair(shift, {}, {}, **MR)
    for part, text in zip(made, types, strict=True):
        for image in part:
            image.header["separators"]["image_type"] = text
    CASES[keyword] = made

REFUSED = {
    "thin slices made ten minutes apart": "scattered_slices",
    "nothing tells them apart, half a step apart": "scattered_slices",
    "nothing tells them apart, one there and one back": "scattered_slices",
    "the same numbers, half a step apart": "scattered_slices",
    "numbers that overlap, half a step apart": "scattered_slices",
    "the same numbers, half a scan on": "scattered_slices",
    "the same numbers of an MR scan, half a step apart": "scattered_slices",
    "nothing tells them apart, 0.3 mm apart": "scattered_slices",
    "nothing tells them apart, 1 mm apart": "scattered_slices",
}
BY_ORDER = {"nothing tells them apart", "weightings, three of them alike", "two of them without weighting"}


def uids(stack: Stack) -> set[str]:
    return {frame.sop_instance_uid for frame in stack.frames}


def sets(scans: list[Scan]) -> list[set[str]]:
    return [{image.sop_instance_uid for image in one} for one in scans]


def shuffled(scans: list[Scan], seed: int = 0) -> Scan:
    images = [image for one in scans for image in one]
    random.Random(seed).shuffle(images)
    return images


@pytest.mark.parametrize("name", CASES)
def test_every_stack_is_one_of_the_sets(name: str) -> None:
    stacks = stacks_of(shuffled(CASES[name]))
    if name in REFUSED:
        assert [stack.refusal for stack in stacks] == [REFUSED[name]]
        return
    assert sorted(map(sorted, map(uids, stacks))) == sorted(map(sorted, sets(CASES[name])))
    assert all(stack.refusal is None and stack.geometry and not stack.geometry.holes for stack in stacks)
    assert any("note_phase_order" in stack.notes for stack in stacks) == (name in BY_ORDER)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", CASES)
def test_an_image_that_is_missing_never_brings_another_sets_slice_into_a_volume(name: str, seed: int) -> None:
    rng = random.Random(f"{name} {seed}")
    scans = [list(one) for one in CASES[name]]
    short = rng.choice(scans)
    lost = short.pop(rng.randrange(len(short)))
    stacks = stacks_of(shuffled(scans, seed))
    assert sum(len(stack.frames) for stack in stacks) == sum(map(len, scans))
    for stack in stacks:
        if stack.geometry is None:
            assert stack.refusal in {"duplicate_positions", "scattered_slices"}
            continue
        if name == CONTINUED and len(stack.frames) == 2 * len(HEIGHTS) - 1:
            continue  # without the place that they shared, the second scan goes on where the first one ended
        (whole,) = [own for own in sets(CASES[name]) if own & uids(stack)]
        assert uids(stack) == whole - {lost.sop_instance_uid}
        # Missing at an end leaves no hole.
        assert len(stack.geometry.holes) <= (lost.sop_instance_uid in whole)


def test_a_scan_of_the_same_places_without_a_volume_leaves_the_others_theirs() -> None:
    plain, *alike = CASES["weightings, three of them alike"]
    stacks = stacks_of([*plain, *alike[0][1:], *alike[1], *alike[2]])
    assert [(len(stack.frames), stack.refusal) for stack in stacks] == [(35, "duplicate_positions"), (12, None)]


def test_numbers_that_mean_nothing_do_not_make_phases() -> None:
    numbers = random.Random(1).sample(range(1, 25), 24)
    (stack,) = stacks_of([*scan(1, HEIGHTS, numbers[:12]), *scan(2, HEIGHTS, numbers[12:])])
    assert stack.refusal == "duplicate_positions"


def test_an_order_that_another_thickness_contradicts_is_not_believed() -> None:
    thick = [5] * 12
    mixed = [5, 10] * 6
    first = scan(1, HEIGHTS, range(1, 13), SliceThickness=mixed)
    second = scan(2, HEIGHTS, range(101, 113), SliceThickness=[15 - t for t in mixed])
    assert all({t.sop_instance_uid for t in first} != uids(stack) for stack in stacks_of([*first, *second]))
    assert len(stacks_of(scan(3, HEIGHTS, range(12), SliceThickness=thick))) == 1


NORMAL: dict[str, Scan] = {
    "an acquisition number for every image": scan(1, HEIGHTS, range(12), AcquisitionNumber=list(range(12))),
    "an acquisition number for every turn": scan(1, HEIGHTS, range(12), AcquisitionNumber=[z // 4 for z in range(12)]),
    "numbers that mean nothing": scan(1, [5.0 * z for z in range(31)], [(z * 17) % 31 for z in range(31)]),
    "numbers of the packages of an MR scan": scan(1, HEIGHTS, [*range(0, 12, 2), *range(1, 12, 2)], **MR),
    "an echo time that was rounded": scan(1, HEIGHTS, range(12), EchoTime=[9.2] * 6 + [9.204] * 6, **MR),
    "a time for every image": scan(1, HEIGHTS, range(12), AcquisitionTime=TIMES[0]),
    "a time for every image in the order of an MR scan": scan(
        1, HEIGHTS, range(12), AcquisitionTime=TIMES[0][::2] + TIMES[0][1::2], **MR
    ),
    "two packages of an MR scan": scan(1, HEIGHTS, range(12), AcquisitionTime=["100000", "100400"] * 6, **MR),
    "three packages of thick slices": scan(
        1, HEIGHTS, range(12), AcquisitionNumber=[1, 2, 3] * 4, SliceThickness=6, **MR
    ),
    "a scan that goes on": [
        *scan(1, HEIGHTS, range(12), AcquisitionNumber=1),
        *scan(2, [60 + z for z in HEIGHTS], range(12, 24), AcquisitionNumber=2, ConvolutionKernel="B30f"),
    ],
    "a frame of reference for every image": scan(
        1, HEIGHTS, range(12), FrameOfReferenceUID=[f"1.2.{z}" for z in range(12)]
    ),
    "thin, thick, thin": scan(
        1,
        [*np.arange(0, 20, 2.5), *np.arange(21.25, 41, 5), *np.arange(40, 60, 2.5)],
        range(20),
        SliceThickness=[2.5] * 8 + [5.0] * 4 + [2.5] * 8,
    ),
    "thicknesses that were rounded": scan(
        1, [0.625 * z for z in range(12)], range(12), SliceThickness=[0.625, 0.63] * 6
    ),
}


def written(heights: Sequence[float], seconds: Sequence[int], numbers: Sequence[int] = (), **said: Any) -> Scan:
    """One scan whose images were written so many seconds after ten o'clock."""
    times = [f"10{second // 60:02}{second % 60:02}" for second in seconds]
    return scan(1, heights, numbers or range(1, len(heights) + 1), ContentTime=times, **said)


MILLIMETRES = [float(z) for z in range(120)]
HALVES = [0.5 * z for z in range(120)]
AT_RANDOM = [place // 20 for place in random.Random(2).sample(range(120), 120)]
NORMAL |= {
    "images written in no order, 20 a second": written(MILLIMETRES, AT_RANDOM, SliceThickness=1),
    "images written in no order, overlapping": written(HALVES, AT_RANDOM, SliceThickness=1),
    "odd images written a second later": written(HALVES, [z // 20 + z % 2 for z in range(120)], SliceThickness=1),
    "odd images written ten minutes later": written(HALVES, [600 * (z % 2) for z in range(120)], SliceThickness=1),
    "PET images written by seven workers": written(MILLIMETRES, [z % 7 for z in range(120)], SliceThickness=1, **PET),
    "PET images written by two workers": written(HALVES, [z % 2 for z in range(120)], SliceThickness=1, **PET),
    "MR images written by two workers": written(HALVES, [z % 2 for z in range(120)], SliceThickness=1, **MR),
    "written by two workers, numbered from the other end": written(HALVES, [0, 1] * 60, range(120, 0, -1)),
    "written by two workers, one number out of order": written(HALVES, [0, 1] * 60, [*range(50), 500, *range(51, 120)]),
    "written by two workers, numbers mean nothing": written(
        MILLIMETRES, [0, 1] * 60, [(z * 17) % 120 for z in range(120)], SliceThickness=1
    ),
    "written by two workers, numbers mean nothing, a time for every image": written(
        HALVES,
        [0, 1] * 60,
        [(z * 17) % 120 for z in range(120)],
        AcquisitionTime=[f"0900{z / 2:09.6f}" for z in range(120)],
    ),
    "comments for every other image": scan(1, HEIGHTS, range(12), ImageComments=["first", "second"] * 6),
}
for keyword, strays in {"one image": [60], "four images": [20, 47, 80, 101]}.items():
    for types in ("DERIVED SECONDARY AXIAL", "ORIGINAL PRIMARY REFORMATTED", "DERIVED SECONDARY REFORMATTED"):
        NORMAL[f"{keyword} {types}"] = scan(
            1,
            MILLIMETRES,
            range(120),
            ImageType=[types.split() if z in strays else ["ORIGINAL", "PRIMARY", "AXIAL"] for z in range(120)],
        )
NORMAL["two images of two other types"] = scan(
    1,
    MILLIMETRES,
    range(120),
    ImageType=[["ORIGINAL", "PRIMARY", {30: "HELIX", 70: "VOLUME"}.get(z, "AXIAL")] for z in range(120)],
)


@pytest.mark.parametrize("name", NORMAL)
def test_what_was_scanned_in_one_stays_whole(name: str) -> None:
    (stack,) = stacks_of(NORMAL[name])
    assert (stack.refusal, stack.phase) == (None, None)
    assert stack.geometry is not None and stack.geometry.holes == ()


def test_two_frames_of_reference_are_kept_with_their_stacks() -> None:
    stacks = stacks_of(shuffled(CASES["two frames of reference"]))
    assert {stack.geometry.frame_of_reference for stack in stacks if stack.geometry} == {"1.2.3", "1.2.4"}


def test_a_stray_image_of_another_kernel_is_set_apart() -> None:
    stray = scan(2, [17.5], [50], ConvolutionKernel="B70f")
    stacks = stacks_of([*scan(1, HEIGHTS, range(12), ConvolutionKernel="B30f"), *stray])
    assert [(len(stack.frames), stack.refusal) for stack in stacks] == [(12, None), (1, "too_few_slices")]


@pytest.mark.parametrize("height", [60.0, 65.0])
def test_a_projection_behind_a_scan_is_no_slice_of_it(height: float) -> None:
    projection = scan(2, [height], [50])
    projection[0].header["image_type"] = ["DERIVED", "SECONDARY", "MIP"]
    projection[0].header["separators"]["image_type"] = "MIP"
    (whole, other) = stacks_of([*scan(1, HEIGHTS, range(12)), *projection])
    assert (len(whole.frames), whole.refusal, whole.notes, len(other.frames)) == (12, None, (), 1)


def test_images_of_two_workers_at_the_places_of_two_kernels_stay_whole() -> None:
    both = [
        image
        for n, kernel in enumerate(("soft", "sharp"))
        for image in written(
            HALVES, [0, 1] * 60, range(200 * n, 200 * n + 120), SOPInstanceUID=uids_for(n), ConvolutionKernel=kernel
        )
    ]
    assert [(len(stack.frames), stack.refusal) for stack in stacks_of(both)] == [(120, None)] * 2


def uids_for(seed: int) -> list[str]:
    return [uid_of(f"worker {seed}", z) for z in range(120)]


def test_a_scan_written_later_that_overlaps_a_little_is_another() -> None:
    first = written(MILLIMETRES, [0] * 120, SliceThickness=1)
    later = [z + 116.5 for z in MILLIMETRES]
    second = written(later, [600] * 120, range(121, 241), SOPInstanceUID=uids_for(2), SliceThickness=1)
    assert [(len(stack.frames), stack.refusal) for stack in stacks_of([*first, *second])] == [(120, None)] * 2


def test_a_stray_of_another_kernel_in_a_hole_is_set_apart() -> None:
    said = ["B70f" if z == 60 else "B30f" for z in range(120)]
    whole, other = stacks_of(scan(1, MILLIMETRES, range(120), ConvolutionKernel=said))
    assert (len(whole.frames), whole.notes, len(other.frames)) == (119, ("note_missing_slices",), 1)
