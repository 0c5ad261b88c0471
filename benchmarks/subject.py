"""The volumes that kernels are timed on: the body phantom, and a real series where there is one."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import ours
from benchmarks.report import check
from benchmarks.series import SEED
from benchmarks.views import centred
from clinical.phantoms.body import NOISE_HU, body
from kernels.volume import Volume
from storage.blobs import BlobStore
from storage.dicom.frames import read_frame
from storage.dicom.header import read_header
from storage.dicom.stacks import Stack, stacks_of
from storage.errors import StorageError

# Shares of voxels of the full-size phantom: value and tolerance.
BELOW_900, ABOVE_150 = (0.54, 0.03), (0.039, 0.005)
INSTITUTION = 1
PHANTOM = "phantom"


@dataclass(frozen=True, eq=False)
class Subject:
    """A volume with its middle at the origin; `digest` names its voxels and spacing."""

    name: str
    volume: Volume
    digest: str
    is_phantom: bool

    @cached_property
    def grid(self) -> Any:
        """What our kernels make once of a volume."""
        return ours.acceleration(self.volume)

    def description(self) -> dict[str, object]:
        """What the JSON says about it."""
        return {
            "shape": self.volume.array.shape,
            "spacing_mm": [round(s, 4) for s in self.volume.spacing_mm.tolist()],
            "sha256": self.digest[:16],
            "below_-900": round(float((self.volume.array < -900).mean()), 4),
            "above_150": round(float((self.volume.array > 150).mean()), 4),
        }


def _subject(name: str, array: NDArray[np.int16], spacing_mm: tuple[float, float, float]) -> Subject:
    digest = hashlib.sha256(array.data)
    digest.update(repr((array.shape, [round(s, 6) for s in spacing_mm])).encode())
    return Subject(name, centred(array, spacing_mm), digest.hexdigest(), name == PHANTOM)


def phantom(small: bool) -> Subject:
    """512×512×500 voxels of fixed seed, noise NOISE_HU.

    Raises:
        CheckFailed: its air or its bright voxels are not as many as the figures suppose.
    """
    array, spacing_mm = body(*((40, 64) if small else (500, 512)), SEED)
    if not small:
        check(NOISE_HU == 18, f"the phantom's noise is {NOISE_HU} HU")
        for share, (expected, tolerance), what in (
            ((array < -900).mean(), BELOW_900, "below −900 HU"),
            ((array > 150).mean(), ABOVE_150, "above 150 HU"),
        ):
            check(abs(share - expected) <= tolerance, f"{share:.1%} of the phantom are {what}, not {expected:.1%}")
    return _subject(PHANTOM, array, spacing_mm)


@dataclass(frozen=True)
class _Instance:
    sop_instance_uid: str
    blob_sha256: str
    header: dict[str, Any]


def real(folder: Path) -> Subject:
    """The largest series of DICOM files in a folder that makes an even volume lying along the patient's axes.

    Raises:
        CheckFailed: there is none.
    """
    with tempfile.TemporaryDirectory(prefix="farview-real-") as scratch:
        blobs = BlobStore(Path(scratch))
        stack = max(_volumes(folder, blobs), key=lambda stack: len(stack.frames), default=None)
        check(stack is not None, f"{folder} holds no series that is a volume")
        assert stack is not None and stack.geometry is not None
        affine = stack.geometry.affine[:3, :3]
        steps = np.diag(affine)
        straight = np.allclose(affine, np.diag(steps), atol=1e-3 * np.abs(steps).min())
        even = stack.geometry.places is None and not stack.geometry.holes
        check(straight and even and stack.dtype == "int16", f"the volume in {folder} is tilted, uneven or not int16")
        array = np.stack([read_frame(blobs, INSTITUTION, frame) for frame in stack.frames])
    flipped = array[tuple(slice(None, None, int(np.sign(s))) for s in steps[::-1])]
    spacing_mm = tuple(np.abs(steps).tolist())
    return _subject("chest CT", np.ascontiguousarray(flipped), spacing_mm)


def _volumes(folder: Path, blobs: BlobStore) -> Iterator[Stack]:
    series: dict[str, list[_Instance]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        try:
            header, identity = read_header(data)
        except StorageError:
            continue  # a DICOMDIR or a note beside the images
        sha256 = blobs.write(INSTITUTION, data)
        instance = _Instance(identity.sop_instance_uid, sha256, header.to_json())
        series.setdefault(identity.series_instance_uid, []).append(instance)
    for instances in series.values():
        yield from (stack for stack in stacks_of(instances) if stack.geometry is not None)
