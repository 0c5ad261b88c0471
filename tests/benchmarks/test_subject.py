"""A real series becomes the volume that was written, whichever way its slices run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.report import CheckFailed
from benchmarks.subject import phantom, real
from storage.dicom.write import write_series


def files(folder: Path, array, affine) -> None:
    folder.mkdir(exist_ok=True)
    for z, data in enumerate(write_series(array, affine, seed=("subject", affine.tobytes()))):
        (folder / f"{z}.dcm").write_bytes(data)


def test_voxels_and_spacing_come_back(tmp_path):
    array = np.random.default_rng(3).integers(-1000, 2000, (6, 8, 7)).astype(np.int16)
    files(tmp_path, array, np.diag([0.7, 0.8, 1.5, 1.0]))
    (tmp_path / "note.txt").write_text("no DICOM")
    subject = real(tmp_path)
    assert (subject.volume.array == array).all()
    assert subject.volume.spacing_mm == pytest.approx([0.7, 0.8, 1.5])
    assert subject.volume.centre_mm == pytest.approx([0, 0, 0])


def test_a_prone_patient_is_turned_onto_the_patient_s_axes(tmp_path):
    """Columns towards the right and rows towards the front: the array's ends change places."""
    array = np.random.default_rng(4).integers(-1000, 2000, (6, 8, 7)).astype(np.int16)
    files(tmp_path, array, np.diag([-0.7, -0.8, 1.5, 1.0]))
    assert (real(tmp_path).volume.array == array[:, ::-1, ::-1]).all()


def test_a_tilted_series_is_refused(tmp_path):
    affine = np.diag([0.7, 0.7, 1.5, 1.0])
    affine[1, 2] = 0.4
    files(tmp_path, np.zeros((6, 8, 7), np.int16), affine)
    with pytest.raises(CheckFailed, match="tilted"):
        real(tmp_path)


def test_a_folder_without_a_volume_is_refused(tmp_path):
    with pytest.raises(CheckFailed, match="no series that is a volume"):
        real(tmp_path)


def test_the_small_phantom_is_the_same_every_time():
    assert phantom(small=True).digest == phantom(small=True).digest
