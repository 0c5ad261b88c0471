"""The first story without a browser: a scanner's images arrive twice by two ways, and nothing is there twice."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.service import Service
from storage.dicom.write import write_series

AFFINE = np.diag([0.8, 0.8, 1.0, 1.0])
SLICES = 12


@pytest.mark.slow
def test_what_was_imported_and_comes_again_from_a_scanner_is_there_once(tmp_path: Path) -> None:
    if shutil.which("storescu") is None:
        pytest.skip("needs DCMTK: on Debian `apt-get install dcmtk`")
    array = np.random.default_rng(3).integers(-1000, 1000, (SLICES, 64, 64)).astype(np.int16)
    files = []
    for z, data in enumerate(write_series(array, AFFINE, seed="flow")):
        files.append(tmp_path / f"{z:03}.dcm")
        files[-1].write_bytes(data)
    tmp_path.chmod(0o755)
    service = Service()
    try:
        service.start()
        first = service.farview("import", tmp_path)
        assert first.returncode == 0 and f"new {SLICES}" in first.stdout, first.stdout + first.stderr
        sent = subprocess.run(
            ["storescu", "-v", "127.0.0.1", str(service.dicom_port), *map(str, files)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert sent.returncode == 0
        assert (sent.stdout + sent.stderr).count("Received Store Response (Success)") == SLICES
        again = service.farview("import", tmp_path)
        assert "new 0" in again.stdout and f"already there {SLICES}" in again.stdout
        assert "conflicts 0" in again.stdout
    finally:
        service.close()
