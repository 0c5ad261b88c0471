"""The benchmark of layers runs at its smallest size, and tells of every picture."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.slow
def test_layers_are_checked_then_timed() -> None:
    command = [sys.executable, "-m", "benchmarks.layers", "--small", "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    assert found["checked"] is True
    assert {"fused_plane_ms", "VR_half_hidden_ms", "maximum_bone_hidden_ms", "free-form_cut_ms"} <= set(
        found["figures"]
    )
    assert all(took > 0 for took in found["figures"].values())
