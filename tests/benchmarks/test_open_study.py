"""Every benchmark runs at its smallest size and keeps its contract."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.browser import executable

ROOT = Path(__file__).resolve().parent.parent.parent
FIGURES = {
    "cold_first_image_s",
    "cold_first_mpr_s",
    "warm_first_image_s",
    "warm_first_mpr_s",
    "all_addressable_s",
    "mpr_fps",
    "vr_fps",
    "vr_full_ms",
    "vr_final_ms",
}


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.browser
def test_open_study_checks_then_times() -> None:
    if executable() is None:
        pytest.skip("needs Chromium: on Debian `apt-get install chromium`")
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.open_study", "--small", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    document = json.loads(run.stdout.splitlines()[-1])
    assert set(document) == {"name", "commit", "machine", "checked", "inputs", "figures"}
    assert document["checked"] is True
    assert set(document["figures"]) == FIGURES
    assert all(value > 0 for value in document["figures"].values())
    assert document["inputs"]["generated"]["codec"] == "raw"
