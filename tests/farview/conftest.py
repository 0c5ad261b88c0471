"""The command in processes of its own, on a temporary home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from benchmarks.service import free_port
from storage.dicom.write import write_series

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class House:
    """A home that nothing has started yet. `environment` is what every command on it is given."""

    home: Path
    environment: dict[str, str]

    def command(self, *arguments: object) -> list[str]:
        return [sys.executable, "-m", "farview", *map(str, arguments)]

    def farview(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments),
            env={**self.environment, **environment},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


@pytest.fixture
def house() -> Iterator[House]:
    """A fresh home, not below pytest's own folder: other accounts cannot pass through that one."""
    folder = Path(tempfile.mkdtemp(prefix="fv-", dir="/tmp"))
    folder.chmod(0o755)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FARVIEW_")},
        "FARVIEW_HOME": str(folder / "home"),
        "FARVIEW_PORT": str(free_port()),
        "FARVIEW_DICOM_PORT": str(free_port()),
        "FARVIEW_LANGUAGE": "en",
        # Sockets go here and with the folder: a killed server leaves its own behind.
        "XDG_RUNTIME_DIR": str(folder / "run"),
    }
    (folder / "run").mkdir()
    (folder / "run").chmod(0o1777)  # root's server becomes another account first
    yield House(folder / "home", environment)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """A folder with a CT of six slices, a text and a broken file."""
    folder = write_ct(tmp_path / "ct", slices=6)
    (folder / "README.txt").write_text("not an image")
    return folder


def write_ct(folder: Path, slices: int, side: int = 16) -> Path:
    """A small CT, one file a slice."""
    folder.mkdir(parents=True)
    array = np.random.default_rng(1).integers(-1000, 2000, (slices, side, side), dtype=np.int16)
    for number, data in enumerate(write_series(array, np.diag([0.7, 0.7, 2.0, 1.0]), seed=slices)):
        (folder / f"{number:04}.dcm").write_bytes(data)
    return folder
