from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from renderd.pool import LocalPool, RenderPool


async def test_every_scene_of_one_machine_is_served_by_its_one_renderd() -> None:
    pool: RenderPool = LocalPool(Path("/run/farview"))
    assert await pool.acquire("a scene") == await pool.acquire("another") == "/run/farview/renderd.sock"


def test_the_pool_brings_no_kernel_along() -> None:
    loaded = "import sys, renderd.pool; print('numba' in sys.modules or 'kernels' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
