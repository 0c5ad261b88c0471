"""The CUDA kernels under numba's simulator, which takes a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba_cuda", reason="needs numba-cuda: `pip install '.[test]'`")

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_everything_holds_under_the_simulator() -> None:
    """tests/simulated: every kernel against its reference, the renderer with a card, and the page of gpu-check."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/simulated"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    assert " passed" in run.stdout or "[100%]" in run.stdout


def test_the_cpu_path_imports_no_cuda() -> None:
    """numba-cuda takes half a second to import, and most machines do not have it."""
    code = "import sys, kernels.warm, renderd.render; print(sorted(m for m in sys.modules if 'numba.cuda' in m))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = run.stdout.strip()
    assert "kernels.cuda" not in loaded
