"""Without a card `make gpu-check` says so; with a simulated one it is run in tests/simulated/test_gpu_check.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import gpu_check

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_without_a_card_it_refuses_with_a_sentence(tmp_path: Path) -> None:
    if Path("/proc/driver/nvidia").exists():
        pytest.skip("this machine has a card")
    page = tmp_path / "page.md"
    command = [sys.executable, "-m", "benchmarks.gpu_check", "--page", str(page)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.startswith("There is no card to check. ") and run.stderr.count("\n") == 1
    assert not page.exists()


def test_the_driver_s_numbers_are_read_as_versions() -> None:
    assert gpu_check._dotted(13010) == "13.1"
    assert gpu_check._dotted(12090) == "12.9"
