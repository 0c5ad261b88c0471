"""The grids of real series against dcm2niix, which reads the same files independently and writes NIfTI (RAS)."""

from __future__ import annotations

import gzip
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from storage.blobs import BlobStore
from storage.dicom.frames import read_frame
from storage.dicom.header import read_header
from storage.dicom.stacks import Stack, stacks_of
from tests.storage.dicom.nifti import Nifti, converter
from tests.storage.dicom.pictures import Stored

pytestmark = pytest.mark.slow

NOT_IMAGES = ("DICOMDIR", "PS_", "XX_")


def add_uids(path: Path) -> None:
    """The UIDs where de-identification took them away: without them Farview keeps nothing."""
    dataset = pydicom.dcmread(path)
    if not dataset.get("StudyInstanceUID"):
        dataset.StudyInstanceUID = dataset.SeriesInstanceUID = "1.2.3"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID
        dataset.save_as(path)


@dataclass
class Series:
    folder: Path
    blobs: BlobStore
    stacks: list[Stack]
    nifti: Nifti


@pytest.fixture
def both(test_data: Path, tmp_path: Path) -> Any:
    """Unpack a tar of real images, read it with Farview and with dcm2niix."""
    program = converter()

    def read(name: str, inside: str = "") -> Series:
        folder = tmp_path / "in"
        with tarfile.open(test_data / name) as archive:
            for member in archive:
                label = Path(member.name).name
                if not member.isreg() or inside not in member.name or label.startswith(NOT_IMAGES):
                    continue
                data = archive.extractfile(member).read()  # type: ignore[union-attr]
                data = gzip.decompress(data) if label.endswith(".gz") else data
                if data[128:132] == b"DICM":
                    folder.mkdir(exist_ok=True)
                    (folder / label.removesuffix(".gz")).write_bytes(data)
                    add_uids(folder / label.removesuffix(".gz"))
        subprocess.run(
            [program, "-b", "n", "-z", "n", "-f", "v", "-o", tmp_path, folder], check=True, capture_output=True
        )
        blobs = BlobStore(tmp_path / "blobs")
        instances = []
        for path in sorted(folder.iterdir()):
            data = path.read_bytes()
            header, identity = read_header(data)
            instances.append(Stored(identity.sop_instance_uid, blobs.write(1, data), header.to_json()))
        return Series(folder, blobs, stacks_of(instances), Nifti.read(tmp_path / "v.nii"))

    return read


def corners(affine: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The outermost voxel centres of a grid whose shape is (x, y, z), in mm."""
    index = np.array(list(np.ndindex(2, 2, 2))) * (np.array(shape) - 1)
    return np.asarray(index @ affine[:3, :3].T + affine[:3, 3])


def assert_same_corners(stack: Stack, nifti: Nifti) -> None:
    assert stack.geometry is not None
    ours = corners(stack.geometry.affine, stack.geometry.shape[::-1])
    theirs = corners(nifti.affine, nifti.voxels.shape[:3])
    apart = np.linalg.norm(ours[:, None] - theirs[None], axis=2)
    assert apart.min(axis=1).max() <= 0.01 and apart.min(axis=0).max() <= 0.01


def probes(stack: Stack, blobs: BlobStore, last: int | None = None) -> list[tuple[np.ndarray, float, float]]:
    """(mm, stored value, real-world value) of voxels with structure, so that no flip can hide."""
    assert stack.geometry is not None
    rng = np.random.default_rng(1)
    found = []
    for z in rng.choice(last or len(stack.frames), 6, replace=False):
        frame = stack.frames[z]
        values = read_frame(blobs, 1, frame)
        slope, intercept = frame.header.of_frame(frame.frame, "slope"), frame.header.of_frame(frame.frame, "intercept")
        bright = np.argwhere(values > np.percentile(values, 90))
        place = z if stack.geometry.places is None else stack.geometry.places[z]
        for y, x in rng.choice(bright, 20):
            stored = (float(values[y, x]) - intercept) / slope
            a, b, _ = frame.header.of_frame(frame.frame, "real_world") or [slope, intercept, ""]
            found.append(((stack.geometry.affine @ [x, y, place, 1])[:3], stored, stored * a + b))
    return found


def volume_of(stack: Stack, blobs: BlobStore, nifti: Nifti, last: int | None = None) -> int:
    """Which of dcm2niix's volumes has the stack's values at its millimetres; exactly one must."""
    told = probes(stack, blobs, last)
    theirs = np.array([nifti.voxels[nifti.index_of(point)] for point, _, _ in told], float)
    physical = np.array([value for _, _, value in told])
    agree = np.isclose(theirs * nifti.slope + nifti.intercept, physical[:, None], rtol=1e-5, atol=1e-3).all(axis=0)
    (found,) = np.flatnonzero(agree)
    return int(found)


def test_the_chest_ct_lies_where_dcm2niix_puts_it(both: Any) -> None:
    series = both("01_ct/lidc-idri-0314_chest_275sl.tar.xz")
    (stack,) = series.stacks
    assert_same_corners(stack, series.nifti)
    assert volume_of(stack, series.blobs, series.nifti) == 0


def test_the_liver_ct_lies_where_dcm2niix_puts_it(both: Any) -> None:
    series = both("01_ct/totalsegmentator/example_ct_dicom_liver_20sl_J2KLossless.tar")
    (stack,) = series.stacks
    assert_same_corners(stack, series.nifti)
    assert volume_of(stack, series.blobs, series.nifti) == 0


def assert_each_is_one_volume(series: Any, count: int) -> None:
    """Every Stack is another volume of the four-dimensional file, at the same corners."""
    assert len(series.stacks) == count == series.nifti.voxels.shape[3]
    found = set()
    for stack in series.stacks:
        assert_same_corners(stack, series.nifti)
        found.add(volume_of(stack, series.blobs, series.nifti))
    assert found == set(range(count))


def test_the_brain_with_a_missing_slice_lies_where_dcm2niix_puts_what_is_before_it(both: Any) -> None:
    series = both("05_mr/fnndsc_brain_memprage_175sl.tar.xz")
    (stack,) = series.stacks
    assert stack.geometry is not None and stack.geometry.places is not None
    (hole,) = stack.geometry.holes
    assert stack.geometry.places[hole + 1] == hole + 2
    shape = stack.geometry.shape[::-1]
    before = (*shape[:2], hole + 1)
    ours, theirs = corners(stack.geometry.affine, before), corners(series.nifti.affine, before)
    assert series.nifti.voxels.shape[:3] == shape and np.abs(ours - theirs).max() <= 0.01
    # Behind the hole dcm2niix pushes the slices together; ours stand at their own positions.
    assert volume_of(stack, series.blobs, series.nifti, last=hole + 1) == 0
    last = stack.frames[-1]
    assert np.allclose((stack.geometry.affine @ [0, 0, stack.geometry.places[-1], 1])[:3], last.position, atol=0.01)


def test_every_direction_of_a_siemens_mosaic_lies_where_dcm2niix_puts_it(both: Any) -> None:
    series = both("05_mr/dti/dcm_qa_decubitus_HFS_dwi_mosaic12dir.tar.xz")
    assert {stack.geometry and stack.geometry.shape for stack in series.stacks} == {(25, 128, 128)}
    assert_each_is_one_volume(series, 13)


def test_every_direction_of_a_philips_series_lies_where_dcm2niix_puts_it(both: Any) -> None:
    series = both("05_mr/dti/dcm_qa_philips_dwi.tar.xz", inside="/cl/")
    assert_each_is_one_volume(series, 17)


def test_an_enhanced_philips_series_lies_where_dcm2niix_puts_it(both: Any) -> None:
    series = both("07_transfer_syntax_objects/dicom2nifti.tar.xz", inside="philips_enhanced")
    assert_each_is_one_volume(series, 4)
