"""What dciodvfy, which checks instances against the standard, calls an error."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def complaints(data: bytes, folder: Path) -> list[str]:
    """Of one file's bytes; or a skip that says how to get the program."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("needs dicom3tools: on Debian `apt-get install dicom3tools`")
    path = folder / "checked.dcm"
    path.write_bytes(data)
    said = subprocess.run(["dciodvfy", path], capture_output=True, text=True, check=False).stderr
    return [line for line in said.splitlines() if line.startswith("Error")]
