"""One volume of one scan: how the patient lies, how the slices stand, how values are stored."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, HTJ2KLossless, RLELossless

from tests.flows.acquisitions import BACK, HEAD, RIGHT_LEFT, STEPS, Storing, classic, edited, planes, turned
from tests.flows.geometry.case import CASES, Case, Expected, case, plain

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
    "oblique, positions rounded to a tenth of a millimetre": lambda: Case(rounded_oblique(), [Expected()]),
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


def rounded_oblique() -> list[bytes]:
    where = planes(*turned((25, -10, 15)), steps=np.arange(-45, 45, 1.25))
    return classic(replace(where, positions=np.round(where.positions, 1)))


def later(z: int) -> dict[str, Any]:
    return {"InstanceNumber": 101 + z}


@case("the same slices twice, two degrees apart")
def two_degrees() -> Case:
    other = classic(planes(*turned((2, 0, 0))), seed="turned", storing=Storing(factor=0.5), each=later)
    return Case([x for pair in zip(other, classic(planes()), strict=True) for x in pair], [Expected(), Expected(0.5)])


@case("every other image of the first half lost")
def half_lost() -> Case:
    kept = [z for z in range(31) if z > 20 or z % 2 == 0]
    files = classic(planes())
    return Case([files[z] for z in kept], [], ("scattered_slices",))


@case("two scans half a step apart, told apart by nothing")
def between() -> Case:
    return Case(
        [*classic(planes()), *classic(planes(steps=STEPS + 1.5), seed="b", each=later)], [], ("scattered_slices",)
    )


@case("two scans half a step apart, before and after contrast")
def contrast() -> Case:
    other = {"seed": "b", "storing": Storing(factor=0.5), "each": later, "ContrastBolusAgent": "Iopamidol"}
    return Case([*classic(planes()), *classic(planes(steps=STEPS + 1.5), **other)], [Expected(), Expected(0.5)])


@case("two scans half a step apart, written ten minutes apart")
def written_apart() -> Case:
    other = {"seed": "b", "storing": Storing(factor=0.5), "each": later, "ContentTime": "101000"}
    files = [*classic(planes(), ContentTime="100000"), *classic(planes(steps=STEPS + 1.5), **other)]
    return Case(files, [Expected(), Expected(0.5)])


@case("images written by seven workers")
def workers() -> Case:
    where = planes(steps=np.arange(-45, 45, 1.5))
    return Case(classic(where, each=lambda z: {"ContentTime": f"10000{z % 7}", "SliceThickness": 3.0}), [Expected()])


@case("one image was derived")
def one_derived() -> Case:
    types = {True: ["DERIVED", "SECONDARY", "AXIAL"], False: ["ORIGINAL", "PRIMARY", "AXIAL"]}
    return Case(classic(planes(), each=lambda z: {"ImageType": types[z == 14]}), [Expected()])


@case("a projection behind the scan")
def projection() -> Case:
    said = {"ImageType": ["DERIVED", "SECONDARY", "MIP"], "InstanceNumber": 900}
    files = [*classic(planes(steps=[48.0]), seed="mip", **said), *classic(planes())]
    return Case(files, [Expected()], ("too_few_slices",))


@case("coronal and axial slices in one series")
def two_orientations() -> Case:
    files = [*classic(planes()), *classic(planes(RIGHT_LEFT, -HEAD), seed="c", storing=Storing(factor=0.5), each=later)]
    return Case(files, [Expected(), Expected(0.5)])
