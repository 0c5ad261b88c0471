"""The drivers' tests on the code of the processor that NUMBA_CPU_NAME names, and what that code is made of.

    python -m tests.kernels.on_target DTYPE

Prints one line of JSON: for each driver which arrays it was compiled for and how often words of WORDS stand in its
assembly; and how often they stand in what the same code becomes on ARM. A volume rendering takes most of the time to
compile, and is compiled for DTYPE alone. test_targets.py starts it, with a folder of its own for what is compiled:
code that was loaded cannot be looked at.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import pytest

FILTERS = ("gaussian", "unsharp", "median", "bilateral", "edge", "clahe", "gamma", "threshold")
FILES = ("plane", "rendering", "uneven", "image", "window", "bricks", *(f"picture_{name}" for name in FILTERS))
COMPARED = "reference or bit_for_bit or skipping_changes_no_bit or slicing or table_changes"
WORDS = {
    "zmm": r"%zmm\d",
    "ymm": r"%ymm\d",
    "xmm": r"%xmm\d",
    "fma": r"vfn?m(add|sub)",
    "gather": r"vp?gather",
    "compress": r"vp?compress",
    "neon_fma": r"fml[as]\s+v\d+\.4s",
}
ARM = "aarch64-unknown-linux-gnu"

# Modules that were compiled hold what the generator made of Numba's atomic counters on x86: "subtract, is it zero?"
SUBTRACT = "llvm.x86.atomic.sub.cc.i64"
SUBTRACTED = """
define internal i8 @subtracted(ptr %place, i64 %amount, i32 %condition) {
  %before = atomicrmw sub ptr %place, i64 %amount seq_cst
  %zero = icmp eq i64 %before, %amount
  %result = zext i1 %zero to i8
  ret i8 %result
}
"""


def main(dtype: str) -> int:
    # tests.kernels.test_rendering, and of test_uneven what is called test_rendering…: for one type of voxels.
    chosen = f"({COMPARED}) and (not test_rendering or {dtype})"
    here = Path(__file__).parent
    code = pytest.main(["-n0", "-p", "no:cacheprovider", "-k", chosen, *(f"{here}/test_{name}.py" for name in FILES)])
    if code:
        return int(code)
    print(json.dumps({name_of(driver): look(driver) for driver in drivers()}))
    return 0


def drivers() -> list[Any]:
    """Those of plain pictures and of their filters."""
    from kernels import warm, warm_tools

    return [*warm.DRIVERS, *(driver for driver in warm_tools.DRIVERS if name_of(driver).startswith("picture_"))]


def name_of(driver: Any) -> str:
    return f"{driver.py_func.__module__.split('.')[-1]}.{driver.py_func.__name__}"


def look(driver: Any) -> dict[str, Any]:
    """The element types a driver was compiled for, and how often each word stands in its assembly and in ARM's."""
    found: dict[str, Counter[str]] = {"here": Counter(), "arm": Counter()}
    for signature in driver.signatures:
        for where, text in (
            ("here", driver.inspect_asm(signature)),
            ("arm", arm_assembly(driver.inspect_llvm(signature))),
        ):
            found[where].update({word: len(re.findall(pattern, text)) for word, pattern in WORDS.items()})
    return {"dtypes": sorted(str(signature[0].dtype) for signature in driver.signatures), **found}


def arm_assembly(module: str) -> str:
    """The assembly that LLVM makes of a module for a 64-bit ARM processor."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    machine = llvm.Target.from_triple(ARM).create_target_machine(opt=3)
    module = re.sub(rf"^(target (triple|datalayout)|declare .*@{re.escape(SUBTRACT)}\().*$", "", module, flags=re.M)
    if SUBTRACT in module:
        module = module.replace(f"@{SUBTRACT}", "@subtracted") + SUBTRACTED
    parsed = llvm.parse_assembly(module)
    parsed.triple, parsed.data_layout = ARM, str(machine.target_data)
    return str(machine.emit_assembly(parsed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
