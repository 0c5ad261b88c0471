"""Several images of each place: times, echoes, b-values, kernels."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from pydicom.dataset import Dataset

from tests.flows.acquisitions import MR, Planes, Storing, classic, edited, planes
from tests.flows.geometry.case import Case, case, phases
from tests.flows.geometry.volumes import GAP


def series_of(*parts: dict[str, Any], where: Planes | None = None, **shared: Any) -> list[bytes]:
    """The same slices once for each part, the second dimmer than the first and so on, numbered slice by slice."""
    files, count = [], len(parts)
    for i, part in enumerate(parts):
        files += classic(
            where or planes(),
            seed=i,
            storing=Storing(factor=1 - i / 10),
            each=lambda z, i=i: {"InstanceNumber": z * count + i + 1},  # type: ignore[misc]
            **{**shared, **part},
        )
    random.Random(5).shuffle(files)
    return files


@case("three times, by temporal position")
def times() -> Case:
    parts = [{"TemporalPositionIdentifier": t, "SOPClassUID": MR, "Modality": "MR"} for t in (1, 2, 3)]
    return Case(series_of(*parts), phases("temporal_position", [1, 2, 3]))


@case("five times, the last one cut off")
def cut_off() -> Case:
    files: list[bytes] = []
    for t in range(5):
        where = planes() if t < 4 else planes().only(range(2))
        files += classic(where, seed=t, storing=Storing(factor=1 - t / 10), TemporalPositionIdentifier=t + 1)
    return Case(files, phases("temporal_position", [1, 2, 3, 4]), ("too_few_slices",))


@case("two cardiac phases, by trigger time")
def trigger_times() -> Case:
    return Case(series_of({"TriggerTime": 0}, {"TriggerTime": 412.5}), phases("trigger_time", [0, 412.5]))


@case("cardiac phases whose times differ from breath-hold to breath-hold")
def breath_holds() -> Case:
    files = []
    for i in range(3):
        files += classic(
            planes(),
            seed=i,
            storing=Storing(factor=1 - i / 10),
            each=lambda z, i=i: {"InstanceNumber": z * 3 + i + 1, "TriggerTime": i * (30 + z % 5)},  # type: ignore[misc]
        )
    return Case(files, phases("trigger_time", [0, 32, 64]))


@case("trigger times that are garbage")
def garbage() -> Case:
    rng = random.Random(6)
    files = []
    for i in range(2):
        files += classic(
            planes(),
            seed=i,
            storing=Storing(factor=1 - i / 10),
            each=lambda z, i=i: {"InstanceNumber": z * 2 + i + 1, "TriggerTime": rng.randrange(1000)},  # type: ignore[misc]
        )
    return Case(files, phases("order", [None, None], notes=("note_phase_order",)))


@case("two frames of a PET, by frame reference time")
def frame_reference_times() -> Case:
    parts = [{"FrameReferenceTime": t, "Modality": "PT"} for t in (30000, 90000)]
    return Case(series_of(*parts), phases("frame_reference_time", [30000, 90000]))


@case("two echoes")
def echoes() -> Case:
    parts = [{"EchoNumbers": i + 1, "EchoTime": t, "Modality": "MR"} for i, t in enumerate((4.6, 9.2))]
    return Case(series_of(*parts), phases("echo", [4.6, 9.2]))


@case("two echoes, each as magnitude and phase")
def echoes_and_types() -> Case:
    parts = [
        {"EchoTime": t, "ImageType": ["ORIGINAL", "PRIMARY", kind, "ND"], "Modality": "MR"}
        for kind in ("M", "P")
        for t in (4.6, 9.2)
    ]
    return Case(series_of(*parts), phases("echo", [4.6, 9.2, 4.6, 9.2]))


@case("b-values")
def b_values() -> Case:
    parts = [{"DiffusionBValue": b, "Modality": "MR"} for b in (0, 500, 1000)]
    return Case(series_of(*parts), phases("b_value", [0, 500, 1000]))


@case("b-values of GE")
def ge() -> Case:
    def sign(b: int) -> Callable[[Dataset], None]:
        def edit(dataset: Dataset) -> None:
            block = dataset.private_block(0x0043, "GEMS_PARM_01", create=True)
            block.add_new(0x39, "IS", [str(b), "8", "0", "0"])

        return edit

    files = [
        edited(data, sign(b))
        for i, b in enumerate((0, 1_000_000_800))
        for data in classic(planes(), seed=i, storing=Storing(factor=1 - i / 10), Modality="MR")
    ]
    return Case(files, phases("b_value", [0, 800]))


@case("diffusion directions of Siemens, and two images without diffusion")
def directions() -> Case:
    def sign(b: int, direction: list[float]) -> Callable[[Dataset], None]:
        def edit(dataset: Dataset) -> None:
            block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
            block.add_new(0x0C, "IS", str(b))
            if direction:
                block.add_new(0x0E, "FD", direction)

        return edit

    weightings = [(0, []), (0, []), (1000, [1.0, 0, 0]), (1000, [0, 0.6, 0.8])]
    files = [
        edited(data, sign(b, direction))
        for i, (b, direction) in enumerate(weightings)
        for data in classic(
            planes(),
            seed=i,
            storing=Storing(factor=1 - i / 10),
            each=lambda z, i=i: {"InstanceNumber": i * 31 + z + 1},  # type: ignore[misc]
            Modality="MR",
        )
    ]
    expected = phases("gradient", [0, 0, 1000, 1000])
    expected[0].notes = expected[1].notes = ("note_phase_order",)
    return Case(files, expected)


@case("two reconstruction kernels")
def kernels() -> Case:
    return Case(series_of({"ConvolutionKernel": "B30f"}, {"ConvolutionKernel": "B70f"}), phases("kernel", [None, None]))


@case("two acquisitions")
def acquisitions() -> Case:
    return Case(series_of({"AcquisitionNumber": 1}, {"AcquisitionNumber": 2}), phases("acquisition", [1, 2]))


@case("twice the same slices, and nothing says why")
def order() -> Case:
    return Case(series_of({}, {}), phases("order", [None, None], notes=("note_phase_order",)))


@case("two times, a slice of one missing")
def incomplete() -> Case:
    files = classic(planes(), TemporalPositionIdentifier=1)
    files += classic(planes().only(GAP), seed=2, storing=Storing(factor=0.9), TemporalPositionIdentifier=2)
    first, second = phases("temporal_position", [1, 2])
    second.holes, second.notes = 1, ("note_missing_slices",)
    return Case(files, [first, second])


def _numbered_alike(**parts: list[Any]) -> list[bytes]:
    """The same slices twice, both numbered from 1, arrived in no order."""
    files = []
    for i in range(2):
        files += classic(
            planes(), seed=i, storing=Storing(factor=1 - i / 10), **{key: value[i] for key, value in parts.items()}
        )
    random.Random(3).shuffle(files)
    return files


@case("twice the same slices with the same numbers")
def same_numbers() -> Case:
    return Case(_numbered_alike(), [], ("duplicate_positions",))


@case("twice the same slices with the same numbers, told apart by the inversion time")
def inversion_times() -> Case:
    return Case(_numbered_alike(InversionTime=[100, 900], Modality=["MR", "MR"]), phases("order", [None, None]))
