"""One source, four instruction sets: the drivers' tests run on the code for AVX2 and SSE2, and NEON's is compiled.

All other tests run on the code for this machine, AVX-512 where it has it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llvmlite import binding

from tests.kernels.on_target import drivers, name_of

PROJECT = Path(__file__).parents[2]
TARGETS = {"x86-64-v3": "int16", "x86-64": "float32"}  # and for which voxels a volume rendering is compiled
RENDERING = "rendering.spread_cpu"
# Not written over lanes, or without a product that is added to anything.
UNMIXED = (
    "bricks.",
    "picture_gaussian.spread_quotient",
    "picture_median.",
    "picture_clahe.",
    "picture_gamma.",
    "picture_threshold.",
)
BOTH = {"packets.spread_cpu", "rows.spread_rows", "bricks.spread_cpu", "bricks.near_cpu"}

Found = dict[str, dict[str, Any]]

pytestmark = [
    pytest.mark.long,
    pytest.mark.slow,
    pytest.mark.skipif(
        not binding.get_host_cpu_features().get("avx2"), reason="this processor runs neither AVX2 nor its code"
    ),
]


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Found]]:
    """What on_target says of each, both compiled at once."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA", "PYTEST"))}
    processes = {
        target: subprocess.Popen(
            [sys.executable, "-m", "tests.kernels.on_target", dtype],
            cwd=PROJECT,
            # Without features Numba would take those of this machine.
            env=kept
            | {"PYTHONPATH": str(PROJECT), "NUMBA_CPU_NAME": target, "NUMBA_CPU_FEATURES": ""}
            | {"NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp(target))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for target, dtype in TARGETS.items()
    }
    try:
        said = {target: process.communicate()[0] for target, process in processes.items()}
        failed = [said[target] for target, process in processes.items() if process.returncode]
        assert not failed, failed[0]
        yield {target: json.loads(text.strip().splitlines()[-1]) for target, text in said.items()}
    finally:
        for process in processes.values():
            process.kill()


@pytest.mark.parametrize("target", TARGETS)
def test_every_driver_agrees_with_its_reference_on_other_processors(targets, target):
    found = targets[target]
    assert set(found) == {name_of(driver) for driver in drivers()}
    for name, driver in found.items():
        if name in BOTH:
            assert driver["dtypes"] == ["float32", "int16"]
        assert driver["dtypes"]
    assert found[RENDERING]["dtypes"] == [TARGETS[target]]


def test_avx2_code_is_what_it_says(targets):
    for name, driver in targets["x86-64-v3"].items():
        assert driver["here"]["ymm"] > 0, name
        assert driver["here"]["zmm"] == 0, name
        # Written lane by lane, as where the processor has no masks: no instruction that gathers or compresses.
        assert driver["here"]["gather"] == driver["here"]["compress"] == 0, name
    assert targets["x86-64-v3"][RENDERING]["here"]["fma"] > 100


def test_sse2_code_is_what_it_says(targets):
    for name, driver in targets["x86-64"].items():
        assert driver["here"]["xmm"] > 0, name
        assert driver["here"]["ymm"] == driver["here"]["zmm"] == driver["here"]["fma"] == 0, name


def test_the_same_code_compiles_to_neon(targets):
    """Compiled only: no test runs it."""
    for name, driver in targets["x86-64"].items():
        if not name.startswith(UNMIXED):
            assert driver["arm"]["neon_fma"] > 0, name
    assert targets["x86-64"][RENDERING]["arm"]["neon_fma"] > 100
