"""What each CUDA kernel may cost, checked without a card: no float64, nothing spilled, registers within a budget.

A consumer's card does float64 at a sixty-fourth of its speed, and one bare 0.1 is enough to ask for it. Registers that
do not fit go to memory; registers that do decide how many rays a card follows at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernels.ptx import Capability, Launch, compiled, launches, ptxas

pytest.importorskip("numba_cuda", reason="needs numba-cuda: `pip install '.[test]'`")

ASSEMBLER = ptxas()

pytestmark = pytest.mark.long

REGISTERS = {
    "window.spread_cuda": 32,
    "image.spread_cuda": 48,
    "image.spread_colour_cuda": 48,
    "picture_gaussian.rows_cuda": 48,
    "picture_gaussian.columns_cuda": 48,
    "picture_unsharp.spread_cuda": 24,
    "picture_median.spread_cuda": 96,
    "picture_bilateral.spread_cuda": 64,
    "picture_edge.spread_cuda": 40,
    "picture_gamma.spread_cuda": 32,
    "picture_threshold.spread_cuda": 24,
    "bilateral.spread_cuda": 40,
    "vesselness.spread_cuda": 32,
    "bricks.spread_cuda": 80,
    "bricks.spread_near_cuda": 32,
    "plane.spread_cuda": 80,
    "curved.spread_cuda": 80,
    "plane.spread_masked_cuda": 96,
    "rendering.spread_cuda": 152,
    "rendering.spread_rgba_cuda": 152,
    "rendering.spread_layers_cuda": 200,
    "rendering.spread_rgba_layers_cuda": 200,
    "labelmap.spread_cuda": 64,
    "cut.spread_cuda": 40,
    "compose.spread_fused_cuda": 32,
    "compose.spread_labelled_cuda": 40,
}


def test_every_kernel_has_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {launch.kernel for launch in launches(monkeypatch)} == set(REGISTERS)


@pytest.mark.slow
@pytest.mark.skipif(ASSEMBLER is None, reason="needs NVIDIA's ptxas: `pip install nvidia-cuda-nvcc`, Linux or Windows")
@pytest.mark.parametrize("capability", [(8, 0), (9, 0)], ids=["sm_80", "sm_90"])
def test_kernels_are_within_their_budgets(
    capability: Capability, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, for_the_log: Callable[[str], None]
) -> None:
    assert ASSEMBLER is not None
    over = []
    lines = [f"sm_{capability[0]}{capability[1]}: registers (budget), float64, spilled bytes"]
    for launch in launches(monkeypatch):
        cost = compiled(launch, capability, ASSEMBLER, tmp_path)
        budget = REGISTERS[launch.kernel]
        kind = next(str(kind.dtype) for kind in launch.signature if hasattr(kind, "dtype"))
        line = f"{launch.kernel:30} {kind:8} {cost.registers:4} ({budget})  {cost.float64}  {cost.spilled_bytes}"
        lines.append(line)
        if cost.float64 or cost.spilled_bytes or cost.stack_bytes or cost.registers > budget:
            over.append(line)
    for_the_log("\n".join(lines))
    assert not over


@pytest.mark.slow
@pytest.mark.skipif(ASSEMBLER is None, reason="needs NVIDIA's ptxas: `pip install nvidia-cuda-nvcc`, Linux or Windows")
def test_a_bare_tenth_would_be_noticed(tmp_path: Path) -> None:
    from numba import cuda, float32

    @cuda.jit
    def risen(values, out):
        out[0] = values[0] + 0.1

    assert ASSEMBLER is not None
    cost = compiled(Launch(risen, (float32[::1], float32[::1])), (8, 0), ASSEMBLER, tmp_path)
    assert cost.float64 > 0
