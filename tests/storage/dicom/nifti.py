"""What dcm2niix makes of DICOM files: an independent reader of where voxels are."""

from __future__ import annotations

import shutil
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

TYPES = {2: "u1", 4: "<i2", 8: "<i4", 16: "<f4", 512: "<u2"}


def converter() -> Path:
    """The program, or a skip that says how to get it."""
    program = Path(sys.executable).with_name("dcm2niix")
    found = program if program.exists() else shutil.which("dcm2niix")
    if not found:
        pytest.skip("dcm2niix is not here: pip install dcm2niix")
    return Path(found)


@dataclass
class Nifti:
    """A NIfTI-1 file: voxels [x, y, z, volume] as stored, the affine to LPS, slope and intercept of values."""

    voxels: np.ndarray
    affine: np.ndarray
    slope: float
    intercept: float

    @classmethod
    def read(cls, path: Path) -> Nifti:
        data = path.read_bytes()
        dim = struct.unpack_from("<8h", data, 40)
        (kind,) = struct.unpack_from("<h", data, 70)
        (start,) = struct.unpack_from("<f", data, 108)
        slope, intercept = struct.unpack_from("<2f", data, 112)
        affine = np.eye(4)
        affine[:3] = np.array(struct.unpack_from("<12f", data, 280)).reshape(3, 4)
        shape = tuple(max(1, n) for n in dim[1:5])
        voxels = np.frombuffer(data, TYPES[kind], int(np.prod(shape)), int(start)).reshape(shape, order="F")
        return cls(voxels, np.diag([-1, -1, 1, 1]) @ affine, slope or 1.0, intercept)

    def index_of(self, point: np.ndarray) -> tuple[int, int, int]:
        """The voxel at a patient point, which must be its centre to a fiftieth."""
        index = np.linalg.solve(self.affine, [*point, 1])[:3]
        assert np.abs(index - np.rint(index)).max() < 0.02, index
        x, y, z = (int(i) for i in np.rint(index))
        return x, y, z
