"""Whatever the scanner and however it stores: a ball at known millimetres of the patient comes out at those.

From bytes through header, Stack and Volume to the pixels of a plane. The truth is the formula in acquisitions.py.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, HTJ2KLossless, RLELossless

from kernels.picture import Picture
from kernels.plane import plane
from kernels.volume import Volume
from kernels.window import OUTSIDE
from renderd.assemble import Assembly
from storage.blobs import BlobStore
from storage.dicom.header import read_header
from storage.dicom.stacks import Stack, stacks_of
from storage.home import Home
from tests.flows.acquisitions import (
    BACK,
    BALLS,
    HEAD,
    MR,
    RIGHT_LEFT,
    SIGMA,
    STEPS,
    EnhancedFrame,
    Planes,
    Storing,
    classic,
    edited,
    enhanced,
    item,
    mosaic,
    planes,
    reconstruction,
    turned,
)
from tests.renderd.stacks import Instance

pytestmark = pytest.mark.slow

TOLERANCE = 0.2  # voxels


@dataclass
class Expected:
    """A Volume that must come out: how bright, with which phase, notes and number of holes."""

    factor: float = 1.0
    offset: float = 0.0
    notes: tuple[str, ...] = ()
    holes: int = 0
    kind: str = ""
    value: float | None = None
    dtype: str = "int16"


@dataclass
class Case:
    files: list[bytes]
    volumes: list[Expected]
    refusals: tuple[str, ...] = ()  # of the Stacks without a Volume


CASES: dict[str, Callable[[], Case]] = {}


def case(name: str) -> Callable[[Callable[[], Case]], Callable[[], Case]]:
    def keep(make: Callable[[], Case]) -> Callable[[], Case]:
        CASES[name] = make
        return make

    return keep


def plain(where: Planes, notes: tuple[str, ...] = (), holes: int = 0, **attributes: Any) -> Callable[[], Case]:
    return lambda: Case(classic(where, **attributes), [Expected(notes=notes, holes=holes)])


S_, C_ = float(np.sin(0.5)), float(np.cos(0.5))
UNEVEN = np.cumsum([0, *[3.0] * 8, 3.6, 2.2, 3.1, *[3.0] * 8, 4.1, 3.0, 2.5, *[3.0] * 6, 3.0]) - 44.0
THREE = np.concatenate([[0.0], np.cumsum([5.0] * 5 + [2.5] * 16 + [1.25] * 20)]) - 45.0
THICK = np.array([5.0] * 6 + [2.5] * 16 + [1.25] * 20)
TILT = float(np.tan(np.radians(20)))
# Slices between the balls, which no ball reaches.
GAP = [i for i in range(31) if STEPS[i] not in (3.0,)]
GAPS = [i for i in range(31) if STEPS[i] not in (3.0, 6.0, -33.0, 33.0)]

# ── where the patient lies, and which way the images run (PS3.3 C.7.3.1.1.2: positions in LPS) ────────────────────
CASES |= {
    "axial, head first supine": plain(planes()),
    "axial, from head to feet": plain(planes(steps=STEPS[::-1])),
    "axial, feet first supine": plain(planes(steps=STEPS[::-1]), PatientPosition="FFS"),
    "axial, head first prone": plain(planes(-RIGHT_LEFT, -BACK), PatientPosition="HFP"),
    "axial, feet first prone": plain(planes(-RIGHT_LEFT, -BACK, STEPS[::-1]), PatientPosition="FFP"),
    "axial, decubitus right": plain(planes(-BACK, RIGHT_LEFT), PatientPosition="HFDR"),
    "axial, decubitus left": plain(planes(BACK, -RIGHT_LEFT), PatientPosition="HFDL"),
    "axial, mirrored rows": plain(planes(-RIGHT_LEFT, BACK)),
    "sagittal": plain(planes(BACK, -HEAD)),
    "sagittal, from left to right": plain(planes(BACK, -HEAD, STEPS[::-1])),
    "coronal": plain(planes(RIGHT_LEFT, -HEAD)),
    "oblique": plain(planes(*turned((25, 0, 0)))),
    "double oblique": plain(planes(*turned((20, -35, 50)))),
    "oblique secondary reformat": plain(
        planes(*turned((-40, 15, 5))), ImageType=["DERIVED", "SECONDARY", "AXIAL", "MPR"]
    ),
    # ── how the slices stand ───────────────────────────────────────────────────────────────────────────────────────
    "tilted gantry": plain(
        planes(*turned((20, 0, 0)), lean=-np.array([0, TILT, 0])), ("note_tilted",), GantryDetectorTilt=-20
    ),
    "gantry tilted the other way, tag of the same sign": plain(
        planes(lean=np.array([0, TILT, 0])), ("note_tilted",), GantryDetectorTilt=-20
    ),
    "tilted and uneven": plain(planes(steps=UNEVEN, lean=np.array([0.1, -TILT, 0])), ("note_tilted", "note_uneven")),
    "uneven": plain(planes(steps=UNEVEN), ("note_uneven",)),
    "three spacings in one series": plain(
        planes(steps=THREE), ("note_uneven",), each=lambda z: {"SliceThickness": float(THICK[z])}
    ),
    "one slice missing": plain(planes().only(GAP), ("note_missing_slices",), 1),
    "several slices missing": plain(planes().only(GAPS), ("note_missing_slices",), 3),
    "overlapping slices": plain(planes(), SliceThickness=6.0),
    "positions rounded to a tenth of a millimetre": plain(planes(steps=np.round(np.arange(-45, 45, 1.27), 1))),
    "rows and columns of other lengths": plain(planes(spacing=(1.2, 3.3), size=(80, 30))),
    # ── in which order they come ───────────────────────────────────────────────────────────────────────────────────
    "instance numbers against the positions": plain(planes(), each=lambda z: {"InstanceNumber": 31 - z}),
    "instance numbers that mean nothing": plain(planes(), each=lambda z: {"InstanceNumber": (z * 17) % 31}),
    "no instance numbers": plain(planes(), InstanceNumber=None),
    "no slice thickness, a wrong slice location": plain(
        planes(), SliceThickness=None, each=lambda z: {"SliceLocation": float(-z)}
    ),
    # ── how values are stored ──────────────────────────────────────────────────────────────────────────────────────
    "signed pixels": plain(planes(), storing=Storing(dtype="int16", intercept=0)),
    "unsigned pixels of 12 bits in the upper bits": plain(
        planes(), storing=Storing(shift=4), BitsStored=12, HighBit=15
    ),
    "MONOCHROME1": plain(planes(), PhotometricInterpretation="MONOCHROME1"),
    "inverse by presentation LUT shape": plain(planes(), PresentationLUTShape="INVERSE"),
    "big endian": plain(planes(), storing=Storing(syntax=ExplicitVRBigEndian)),
    "deflated": plain(planes(), storing=Storing(syntax=DeflatedExplicitVRLittleEndian)),
    "run length encoded": plain(planes(), storing=Storing(syntax=RLELossless), BitsStored=12),
    "HTJ2K": plain(planes(), storing=Storing(syntax=HTJ2KLossless), BitsStored=12),
}


@case("file names shuffled, study in no order")
def shuffled() -> Case:
    files = classic(planes())
    random.Random(4).shuffle(files)
    return Case(files, [Expected()])


def _upper_bits(storing: Storing, bits: int) -> Case:
    def say(dataset: Dataset) -> None:
        dataset.BitsStored, dataset.HighBit = bits, 15

    return Case([edited(data, say) for data in classic(planes(), storing=storing)], [Expected()])


@case("signed pixels of 13 bits in the upper bits")
def signed_upper_bits() -> Case:
    return _upper_bits(Storing(dtype="int16", intercept=0, shift=3), 13)


@case("unsigned pixels of 12 bits in the upper bits")
def unsigned_upper_bits() -> Case:
    return _upper_bits(Storing(shift=4), 12)


@case("another slope for every slice")
def slopes() -> Case:
    files = classic(planes(), storing=lambda z: Storing(slope=0.25 + z / 40, intercept=0), Modality="PT", Units="BQML")
    return Case(files, [Expected(dtype="float32")])


def _frame_of(value: int) -> Callable[[Any], None]:
    def paint(stored: Any) -> None:
        stored[:2], stored[-2:], stored[:, :2], stored[:, -2:] = value, value, value, value

    return paint


@case("padding of -1500 around signed pixels")
def padding() -> Case:
    storing = Storing(dtype="int16", intercept=0, change=_frame_of(-1500))
    return Case(classic(planes(), storing=storing, PixelPaddingValue=-1500), [Expected()])


@case("padding of -2000, written as an unsigned number")
def padding_unsigned() -> Case:
    def pad(dataset: Dataset) -> None:
        dataset.add_new("PixelPaddingValue", "US", 65536 - 2000)

    storing = Storing(dtype="int16", intercept=0, change=_frame_of(-2000))
    return Case([edited(data, pad) for data in classic(planes(), storing=storing)], [Expected()])


@case("a range of padding")
def padding_range() -> Case:
    def paint(stored: Any) -> None:
        _frame_of(-1500)(stored)
        stored[1, :], stored[-1, :] = -1450, -2000

    storing = Storing(dtype="int16", intercept=0, change=paint)
    files = classic(planes(), storing=storing, PixelPaddingValue=-1400, PixelPaddingRangeLimit=-2000)
    return Case(files, [Expected()])


# ── what else is in the series ─────────────────────────────────────────────────────────────────────────────────────


@case("a localizer in the series")
def localizer() -> Case:
    scout = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"], "InstanceNumber": 900}
    scouts = classic(planes(BACK, -HEAD, [0]), seed="s", **scout) + classic(
        planes(RIGHT_LEFT, -HEAD, [0]), seed="c", **scout
    )
    return Case([*scouts, *classic(planes())], [Expected()], ("no_geometry",))


def later(z: int) -> dict[str, Any]:
    return {"InstanceNumber": 101 + z}


@case("the same slices twice, two degrees apart")
def two_degrees() -> Case:
    other = classic(planes(*turned((2, 0, 0))), seed="turned", storing=Storing(factor=0.5), each=later)
    return Case([x for pair in zip(other, classic(planes()), strict=True) for x in pair], [Expected(), Expected(0.5)])


@case("coronal and axial slices in one series")
def two_orientations() -> Case:
    files = [*classic(planes()), *classic(planes(RIGHT_LEFT, -HEAD), seed="c", storing=Storing(factor=0.5), each=later)]
    return Case(files, [Expected(), Expected(0.5)])


# ── several images of each place ───────────────────────────────────────────────────────────────────────────────────


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


def phases(kind: str, values: list[float | None], **expected: Any) -> list[Expected]:
    return [Expected(1 - i / 10, kind=kind, value=value, **expected) for i, value in enumerate(values)]


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


# ── many frames in one instance ────────────────────────────────────────────────────────────────────────────────────


@case("enhanced multi-frame, frames in no order")
def enhanced_shuffled() -> Case:
    frames = [EnhancedFrame(planes(), z) for z in range(31)]
    random.Random(7).shuffle(frames)
    return Case([enhanced(frames)], [Expected()])


@case("enhanced multi-frame, tilted, one frame missing, another slope for each")
def enhanced_tilted() -> Case:
    where = planes(*turned((0, 12, 0)), lean=np.array([TILT, 0, 0])).only(GAP)
    frames = [EnhancedFrame(where, z, Storing(slope=0.5 + z / 30)) for z in range(len(where))]
    return Case([enhanced(frames)], [Expected(notes=("note_tilted", "note_missing_slices"), holes=1, dtype="float32")])


@case("enhanced multi-frame in two orientations")
def enhanced_orientations() -> Case:
    frames = [EnhancedFrame(planes(), z) for z in range(31)]
    frames += [EnhancedFrame(planes(BACK, -HEAD), z, Storing(factor=0.5)) for z in range(31)]
    return Case([enhanced(frames)], [Expected(), Expected(0.5)])


@case("enhanced 4-D by temporal position")
def enhanced_times() -> Case:
    frames = [
        EnhancedFrame(planes(), z, Storing(factor=1 - t / 10), {"TemporalPositionIndex": t + 1})
        for z in range(31)
        for t in range(3)
    ]
    return Case([enhanced(frames)], phases("temporal_position", [1, 2, 3]))


@case("enhanced 4-D by trigger delay")
def enhanced_cardiac() -> Case:
    frames = [
        EnhancedFrame(
            planes(),
            z,
            Storing(factor=1 - t / 10),
            groups={"CardiacSynchronizationSequence": [item(NominalCardiacTriggerDelayTime=t * 80.0)]},
        )
        for t in range(3)
        for z in range(31)
    ]
    return Case([enhanced(frames)], phases("trigger_time", [0, 80, 160]))


@case("enhanced diffusion")
def enhanced_diffusion() -> Case:
    def diffusion(b: float, direction: list[float] | None) -> dict[str, Any]:
        said = item(DiffusionBValue=b)
        if direction:
            said.DiffusionGradientDirectionSequence = [item(DiffusionGradientOrientation=direction)]
        return {"MRDiffusionSequence": [said]}

    weightings = [(0.0, None), (700.0, [1.0, 0, 0]), (700.0, [0, 1.0, 0])]
    frames = [
        EnhancedFrame(planes(), z, Storing(factor=1 - i / 10), groups=diffusion(*weighting))
        for z in range(31)
        for i, weighting in enumerate(weightings)
    ]
    return Case([enhanced(frames)], phases("gradient", [0, 700, 700]))


@case("one enhanced instance for each time")
def enhanced_each() -> Case:
    files = [
        enhanced(
            [
                EnhancedFrame(planes(), z, Storing(factor=1 - t / 10), {"FrameAcquisitionNumber": t + 1})
                for z in range(31)
            ],
            seed=t,
            InstanceNumber=t + 1,
        )
        for t in range(2)
    ]
    return Case(files, phases("acquisition", [1, 2]))


@case("a concatenation of three instances, the last one of a single frame")
def concatenation() -> Case:
    files = []
    for number, (start, end) in enumerate([(0, 20), (20, 30), (30, 31)]):
        files.append(
            enhanced(
                [EnhancedFrame(planes(), z) for z in range(start, end)],
                seed=number,
                InstanceNumber=1,
                ConcatenationUID="2.25.77",
                InConcatenationNumber=number + 1,
                ConcatenationFrameOffsetNumber=start,
                NumberOfFrames=end - start,
            )
        )
    return Case(files[::-1], [Expected()])


@case("mosaic")
def one_mosaic() -> Case:
    return Case([mosaic(planes(*turned((10, 5, 0))))], [Expected()])


@case("mosaic whose slices run against the normal")
def mosaic_against() -> Case:
    return Case([mosaic(planes(steps=STEPS[::-1]))], [Expected()])


@case("mosaics of three times")
def mosaics() -> Case:
    files = [
        mosaic(
            planes(RIGHT_LEFT, -HEAD),
            seed=t,
            storing=Storing(intercept=0, factor=1 - t / 10),
            InstanceNumber=t + 1,
            AcquisitionNumber=t + 1,
        )
        for t in range(3)
    ]
    return Case(files, phases("acquisition", [1, 2, 3]))


@case("a reconstructed nuclear medicine tomogram")
def tomogram() -> Case:
    return Case([reconstruction(planes())], [Expected()])


@case("a gated tomogram whose slices run against the normal")
def gated_tomogram() -> Case:
    files = [reconstruction(planes(steps=STEPS[::-1]), slots=2, negative=True)]
    return Case(files, phases("temporal_position", [1, 2]))


# ── the measurement ────────────────────────────────────────────────────────────────────────────────────────────────


def fit(points: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre and height of a ball of known width from values at points [n, 3 or 2]: its logarithm is a parabola."""
    left = np.log(values) + (points**2).sum(1) / (2 * SIGMA**2)
    solution = np.linalg.lstsq(np.column_stack([points / SIGMA**2, np.ones(len(points))]), left, rcond=None)[0]
    centre = solution[:-1]
    return centre, float(np.exp(solution[-1] + (centre**2).sum() / (2 * SIGMA**2)))


def balls_in(volume: Volume, expected: Expected) -> dict[str, np.ndarray]:
    """Where the four balls are by the voxels; told apart by their brightness alone."""
    values = volume.array.astype(np.float64) - expected.offset
    z, y, x = np.indices(values.shape)
    points = volume.to_patient(np.stack([x, y, volume.place_of(z)], axis=-1))
    found = {}
    for name, (_, height) in sorted(BALLS.items(), key=lambda ball: -ball[1][1]):
        top = points[np.unravel_index(values.argmax(), values.shape)]
        distance = np.linalg.norm(points - top, axis=-1)
        near = (distance < 2.2 * SIGMA) & (values > 0.25 * values.max())
        centre, seen = fit(points[near] - top, values[near])
        found[name] = centre + top
        assert seen == pytest.approx(height * expected.factor, rel=0.06), name
        values[distance < 3.6 * SIGMA] = 0
    return found


def assert_close(volume: Volume, found: np.ndarray, truth: np.ndarray) -> None:
    """Within TOLERANCE voxels along each axis, slices counted where they stand."""
    a, b = volume.to_index(found), volume.to_index(truth)
    a[2], b[2] = volume.slice_of(a[2]), volume.slice_of(b[2])
    assert np.abs(a - b).max() <= TOLERANCE, (a, b)


PLANES = {"axial": (RIGHT_LEFT, BACK), "coronal": (RIGHT_LEFT, -HEAD), "sagittal": (BACK, -HEAD)}
PIXEL, SIDE = 0.7, 25


def assert_seen_in_planes(volume: Volume, truth: np.ndarray, height: float, offset: float) -> None:
    """A plane through the ball's centre, in each of the patient's directions, shows it in its middle."""
    row, column = np.indices((SIDE, SIDE)) - SIDE // 2
    pixels = np.stack([column, row], axis=-1) * PIXEL
    for right, down in PLANES.values():
        corner = truth - (right + down) * PIXEL * (SIDE // 2)
        values = plane(volume, Picture(corner, right * PIXEL, down * PIXEL, SIDE, SIDE)).astype(np.float64)
        # Background in holes and nowhere else.
        points = corner + (pixels[..., :1] / PIXEL + SIDE // 2) * right * PIXEL
        points = points + (pixels[..., 1:] / PIXEL + SIDE // 2) * down * PIXEL
        slices = volume.slice_of(volume.to_index(points)[..., 2])
        clear = np.abs(slices - np.rint(slices)) > 1e-3
        assert (np.isin(np.floor(slices), volume.holes) == (values == OUTSIDE))[clear].all()
        values -= offset
        assert values[SIDE // 2, SIDE // 2] == pytest.approx(height, rel=0.2)
        near = (np.linalg.norm(pixels, axis=-1) < 1.6 * SIGMA) & (values > 0.25 * height)
        centre, _ = fit(pixels[near], values[near])
        assert_close(volume, truth + right * centre[0] + down * centre[1], truth)


def assert_nothing_is_shown_in_holes(volume: Volume) -> None:
    places = volume.place_of(np.arange(len(volume.array)))
    for k in volume.holes:
        middle = [(n - 1) / 2 for n in volume.array.shape[:0:-1]]
        for part in (0.1, 0.5, 0.9):
            point = volume.to_patient([*middle, places[k] + part * (places[k + 1] - places[k])])
            right, down = volume.affine[:3, 0], volume.affine[:3, 1]
            assert (plane(volume, Picture(point - right, right, down, 3, 1)) == OUTSIDE).all()


def read(files: list[bytes], folder: Path) -> tuple[Home, BlobStore, list[Stack]]:
    home = Home(folder / "home", folder / "run")
    home.prepare()
    blobs = BlobStore(home.blobs)
    instances = []
    for data in files:
        header, identity = read_header(data)
        instances.append(Instance(identity.sop_instance_uid, blobs.write(1, data), header.to_json()))
    return home, blobs, stacks_of(instances)


@pytest.mark.parametrize("name", CASES)
def test_balls_come_out_where_they_are_in_the_patient(name: str, tmp_path: Path) -> None:
    made = CASES[name]()
    home, blobs, stacks = read(made.files, tmp_path)
    with_volume = [stack for stack in stacks if stack.geometry is not None]
    assert len(with_volume) == len(made.volumes), [(len(s.frames), s.refusal) for s in stacks]
    for stack, expected in zip(with_volume, made.volumes, strict=True):
        assert (stack.refusal, stack.dtype, stack.notes) == (None, expected.dtype, expected.notes)
        told = (stack.phase.kind, stack.phase.value) if stack.phase else ("", None)
        assert told == (expected.kind, expected.value)
        assembly = Assembly(home, blobs, 1, stack)
        assembly.run()
        volume = assembly.volume
        assert volume is not None and len(volume.holes) == expected.holes
        for z, frame in enumerate(stack.frames):
            assert np.allclose(volume.to_patient([0, 0, volume.place_of(z)]), frame.position, atol=0.11)
        found = balls_in(volume, expected)
        # The side, spelt out: left has the larger x, the back the larger y, the head the larger z.
        assert found["left"][0] - found["right"][0] > 35
        assert found["behind"][1] - found["front"][1] > 35
        assert found["front"][2] - found["behind"][2] > 35
        for ball, (truth, height) in BALLS.items():
            assert_close(volume, found[ball], truth)
            assert_seen_in_planes(volume, truth, height * expected.factor, expected.offset)
        assert_nothing_is_shown_in_holes(volume)
    refusals = tuple(stack.refusal for stack in stacks if stack.geometry is None)
    assert refusals == made.refusals


def test_phases_share_a_group_and_run_the_same_way(tmp_path: Path) -> None:
    _, _, stacks = read(CASES["two echoes, each as magnitude and phase"]().files, tmp_path)
    groups = [stack.phase.group for stack in stacks if stack.phase]
    assert groups[0] == groups[1] != groups[2] == groups[3]
    assert [(stack.phase.number, stack.phase.count) for stack in stacks if stack.phase] == [(0, 2), (1, 2)] * 2
    assert len({tuple(frame.position for frame in stack.frames) for stack in stacks}) == 1
