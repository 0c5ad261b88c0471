"""The page's message types are those of the Python dataclasses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_generated_types_are_those_of_the_python_messages() -> None:
    run = subprocess.run(
        [sys.executable, str(ROOT / "viewer/generate_types.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
