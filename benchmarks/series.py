"""The series that benchmarks read: the body phantom as DICOM files, and the real chest CT where it is at hand."""

from __future__ import annotations

import hashlib
import os
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clinical.phantoms.body import body
from storage.dicom.write import write_series

SEED = 7
CHEST_CT = "01_ct/lidc-idri-0314_chest_275sl.tar.xz"


@dataclass(frozen=True)
class Series:
    """A folder of DICOM files and, for a phantom, the values that went into it: [z, y, x] HU."""

    name: str
    row: str  # what its row in the study list says
    folder: Path
    files: int
    codec: str
    sha256: str
    truth: NDArray[np.int16] | None

    def description(self) -> dict[str, object]:
        """What the JSON says about it."""
        return {"files": self.files, "codec": self.codec, "sha256": self.sha256}


def generated(folder: Path, slices: int, side: int) -> Series:
    """The body phantom, uncompressed (explicit little endian), written into `folder`."""
    array, (dx, dy, dz) = body(slices, side, SEED)
    affine = np.diag([dx, dy, dz, 1.0])
    affine[:3, 3] = -(side - 1) / 2 * dx, -(side - 1) / 2 * dy, 0
    folder.mkdir(parents=True)
    digest = hashlib.sha256()
    attributes = {"PatientName": "BENCHMARK^GENERATED", "PatientID": "BENCH-1", "StudyDescription": "generated"}
    for z, data in enumerate(write_series(array, affine, seed=("benchmark", slices, side), attributes=attributes)):
        (folder / f"{z:04}.dcm").write_bytes(data)
        digest.update(data)
    return Series(f"generated {side}×{side}×{slices}", "BENCH-1", folder, slices, "raw", digest.hexdigest()[:16], array)


def archive() -> Path | None:
    """The chest CT of FARVIEW_TEST_DATA, a tar of DICOM files; None where it is not at hand."""
    path = Path(os.environ.get("FARVIEW_TEST_DATA", "/nonexistent")) / CHEST_CT
    return path if path.is_file() else None


def chest_ct(folder: Path) -> Series | None:
    """The same, unpacked."""
    path = archive()
    if path is None:
        return None
    with tarfile.open(path) as tar:
        tar.extractall(folder, filter="data")
    files = sum(1 for file in folder.rglob("*") if file.is_file())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return Series("chest CT", "LIDC-IDRI-0314", folder, files, "raw (implicit)", digest, None)
