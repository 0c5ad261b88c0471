"""A body with four bright balls at known millimetres, as every kind of scanner would store it.

The balls are sampled from their formula on each acquisition's own voxels: nothing of what is tested takes part. Each
has a brightness of its own, so that one is never taken for another: the right one, the left one, the one in front near
the head, and the one behind near the feet.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from storage.dicom.write import uid_of, write_instance

Array = NDArray[np.float64]

CENTRE = np.array([10.0, -20.0, 30.0])
SIGMA = 5.0  # mm
# LPS: x grows to the patient's left, y to the back, z to the head.
BALLS = {
    "right": (CENTRE + np.array([-22, -6, -10]), 900.0),
    "left": (CENTRE + np.array([18, 8, -4]), 700.0),
    "front": (CENTRE + np.array([4, -20, 18]), 500.0),
    "behind": (CENTRE + np.array([-6, 22, -22]), 1100.0),
}
CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
ENHANCED_CT, ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.4.1"
NM = "1.2.840.10008.5.1.4.1.1.20"

RIGHT_LEFT, BACK, HEAD = np.array([1.0, 0, 0]), np.array([0, 1.0, 0]), np.array([0, 0, 1.0])
STEPS = np.arange(-45.0, 45.1, 3.0)  # 31 slices along the normal, mm from the centre


def density(points: Array) -> Array:
    """The body at points [..., 3]."""
    return sum(a * np.exp(-((points - m) ** 2).sum(-1) / (2 * SIGMA**2)) for m, a in BALLS.values())


@dataclass(frozen=True)
class Planes:
    """Parallel images: their directions, pixel spacing (between rows, between columns) and first pixels."""

    row: Array
    column: Array
    spacing: tuple[float, float]
    rows: int
    columns: int
    positions: Array

    @property
    def orientation(self) -> list[float]:
        return [*self.row, *self.column]

    def values(self, z: int) -> Array:
        """The body on the pixels of one image."""
        y, x = np.indices((self.rows, self.columns))
        right, down = self.row * self.spacing[1], self.column * self.spacing[0]
        return density(self.positions[z] + x[..., None] * right + y[..., None] * down)

    def __len__(self) -> int:
        return len(self.positions)

    def only(self, chosen: Sequence[int]) -> Planes:
        return Planes(self.row, self.column, self.spacing, self.rows, self.columns, self.positions[list(chosen)])


def planes(  # noqa: PLR0917
    row: Array = RIGHT_LEFT,
    column: Array = BACK,
    steps: Sequence[float] | Array = STEPS,
    lean: Array | None = None,
    spacing: tuple[float, float] = (2.4, 2.0),
    size: tuple[int, int] = (40, 48),
) -> Planes:
    """Images about the centre of the body. lean: how far each millimetre along the normal moves them sideways, mm."""
    direction = np.cross(row, column) + (np.zeros(3) if lean is None else lean)
    corner = CENTRE - row * (size[1] - 1) / 2 * spacing[1] - column * (size[0] - 1) / 2 * spacing[0]
    positions = corner + np.array(steps)[:, None] * direction
    return Planes(row, column, spacing, *size, positions)


def turned(degrees: tuple[float, float, float]) -> tuple[Array, Array]:
    """Row and column of an axial image that was turned about x, then y, then z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        i, j = [(1, 2), (2, 0), (0, 1)][axis]
        turn = np.eye(3)
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[j, i], turn[i, j] = np.sin(angle), -np.sin(angle)
        matrix = turn @ matrix
    return matrix[:, 0], matrix[:, 1]


@dataclass
class Storing:
    """How values become stored pixels. offset: added to the body; factor: what its brightness is multiplied with."""

    slope: float = 1.0
    intercept: float = -1024.0
    offset: float = 0.0
    factor: float = 1.0
    dtype: str = "uint16"
    shift: int = 0  # bits below the lowest one that counts
    syntax: str = ExplicitVRLittleEndian
    change: Callable[[NDArray[Any]], None] | None = None  # of the stored pixels

    def pixels(self, values: Array) -> NDArray[Any]:
        stored = np.rint((values * self.factor + self.offset - self.intercept) / self.slope).astype(np.int64)
        stored = (stored << self.shift).astype(self.dtype)
        if self.change:
            self.change(stored)
        return stored


def classic(
    where: Planes,
    *,
    seed: Any = "classic",
    storing: Storing | Callable[[int], Storing] | None = None,
    each: Callable[[int], dict[str, Any]] | None = None,
    **shared: Any,
) -> list[bytes]:
    """One instance for each image, numbered from 1. each: what an image says besides."""
    files = []
    for z in range(len(where)):
        how = storing(z) if callable(storing) else storing or Storing()
        attributes = {
            "SOPClassUID": CT,
            "Modality": "CT",
            "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
            "SOPInstanceUID": uid_of(seed, "instance", z),
            "FrameOfReferenceUID": uid_of("body"),
            "InstanceNumber": z + 1,
            "ImageOrientationPatient": [float(v) for v in where.orientation],
            "ImagePositionPatient": [float(v) for v in where.positions[z]],
            "PixelSpacing": list(where.spacing),
            "SliceThickness": 3.0,
            "RescaleSlope": how.slope,
            "RescaleIntercept": how.intercept,
            "PatientPosition": "HFS",  # whatever it is: never believed
            **shared,
            **(each(z) if each else {}),
        }
        files.append(write_instance(how.pixels(where.values(z)), "body", how.syntax, attributes))
    return files


def edited(data: bytes, edit: Callable[[Dataset], None]) -> bytes:
    """An instance after a change that keywords cannot express."""
    dataset = pydicom.dcmread(BytesIO(data))
    edit(dataset)
    stream = BytesIO()
    dataset.save_as(stream)
    return stream.getvalue()


def item(**attributes: Any) -> Dataset:
    """An item of a sequence."""
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def rounded(values: Any) -> list[str]:
    return [f"{float(v):.10g}" for v in values]


@dataclass
class EnhancedFrame:
    """One frame of an enhanced instance: which image, at what time, with what besides."""

    where: Planes
    z: int
    storing: Storing = field(default_factory=Storing)
    content: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, Any] = field(default_factory=dict)


def enhanced(frames: Sequence[EnhancedFrame], *, seed: Any = "enhanced", **shared: Any) -> bytes:
    """An enhanced multi-frame CT with everything in the functional groups of each frame."""
    items, pixels = [], []
    for frame in frames:
        where = frame.where
        items.append(
            item(
                FrameContentSequence=[item(**frame.content)],
                PlanePositionSequence=[item(ImagePositionPatient=rounded(where.positions[frame.z]))],
                PlaneOrientationSequence=[item(ImageOrientationPatient=rounded(where.orientation))],
                PixelMeasuresSequence=[item(PixelSpacing=rounded(where.spacing), SliceThickness="3")],
                PixelValueTransformationSequence=[
                    item(
                        RescaleSlope=f"{frame.storing.slope:g}",
                        RescaleIntercept=f"{frame.storing.intercept:g}",
                        RescaleType="HU",
                    )
                ],
                **frame.groups,
            )
        )
        pixels.append(frame.storing.pixels(where.values(frame.z)))
    attributes = {
        "SOPClassUID": ENHANCED_CT,
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        "SOPInstanceUID": uid_of(seed),
        "FrameOfReferenceUID": uid_of("body"),
        "SharedFunctionalGroupsSequence": [item()],
        "PerFrameFunctionalGroupsSequence": items,
        **shared,
    }
    return write_instance(np.stack(pixels), "body", ExplicitVRLittleEndian, attributes)


def csa_header(**values: Sequence[str]) -> bytes:
    """A Siemens CSA header of the newer kind, as nibabel and dcm2niix describe it."""
    out = b"SV10\4\3\2\1" + struct.pack("<II", len(values), 77)
    for name, texts in values.items():
        out += struct.pack("<64si4siii", name.encode(), len(texts), b"FD\0\0", 4, max(6, len(texts)), 77)
        for text in [*texts, *[""] * (6 - len(texts))]:
            data = text.encode() + b"\0" if text else b""
            out += struct.pack("<4i", len(data), len(data), 77, len(data)) + data + b"\0" * (-len(data) % 4)
    return out


def mosaic(
    where: Planes,
    *,
    seed: Any = "mosaic",
    storing: Storing | None = None,
    private: Callable[[Dataset], None] | None = None,
    **shared: Any,
) -> bytes:
    """All images side by side in one, as Siemens stores EPI; the slices follow each other in the order of `where`."""
    count, storing = len(where), storing or Storing(intercept=0)
    across = int(np.ceil(np.sqrt(count)))
    tiles = np.zeros((across * where.rows, across * where.columns))
    for z in range(count):
        y, x = z // across * where.rows, z % across * where.columns
        tiles[y : y + where.rows, x : x + where.columns] = where.values(z)
    step = where.positions[1] - where.positions[0]
    right, down = where.row * where.spacing[1], where.column * where.spacing[0]
    corner = where.positions[0] - right * (across - 1) / 2 * where.columns - down * (across - 1) / 2 * where.rows
    attributes = {
        "SOPClassUID": MR,
        "Modality": "MR",
        "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"],
        "SOPInstanceUID": uid_of(seed),
        "FrameOfReferenceUID": uid_of("body"),
        "ImageOrientationPatient": [float(v) for v in where.orientation],
        "ImagePositionPatient": [float(v) for v in corner],
        "PixelSpacing": list(where.spacing),
        "SliceThickness": 3.0,
        "SpacingBetweenSlices": float(np.linalg.norm(step)),
        **shared,
    }
    normal = step / np.linalg.norm(step)

    def sign(dataset: Dataset) -> None:
        block = dataset.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
        header = csa_header(
            EchoLinePosition=["64"],
            NumberOfImagesInMosaic=[str(count)],
            SliceNormalVector=[f"{v:.8f}" for v in normal],
        )
        block.add_new(0x10, "OB", header)
        if private:
            private(dataset)

    return edited(write_instance(storing.pixels(tiles), "body", ExplicitVRLittleEndian, attributes), sign)


def reconstruction(where: Planes, *, slots: int = 1, negative: bool = False, **shared: Any) -> bytes:
    """A reconstructed nuclear medicine tomogram, gated into `slots`, each a tenth dimmer than the one before."""
    frames = [
        Storing(intercept=0, factor=1 - t / 10).pixels(where.values(z)) for t in range(slots) for z in range(len(where))
    ]
    step = float(np.linalg.norm(where.positions[1] - where.positions[0]))
    attributes = {
        "SOPClassUID": NM,
        "Modality": "NM",
        "ImageType": ["ORIGINAL", "PRIMARY", "RECON GATED TOMO" if slots > 1 else "RECON TOMO", "EMISSION"],
        "FrameOfReferenceUID": uid_of("body"),
        "PixelSpacing": list(where.spacing),
        "SliceThickness": 3.0,
        "SpacingBetweenSlices": -step if negative else step,
        "NumberOfSlices": len(where),
        "SliceVector": [z + 1 for _ in range(slots) for z in range(len(where))],
        "DetectorInformationSequence": [
            item(
                ImagePositionPatient=rounded(where.positions[0]),
                ImageOrientationPatient=rounded(where.orientation),
            )
        ],
        **({"TimeSlotVector": [t + 1 for t in range(slots) for _ in range(len(where))]} if slots > 1 else {}),
        **shared,
    }
    return write_instance(np.stack(frames), "body", ExplicitVRLittleEndian, attributes)
