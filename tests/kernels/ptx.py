"""What the CUDA kernels become on a card, found without one: numba-cuda makes PTX, NVIDIA's ptxas machine code.

The argument types are those of real launches: the public functions are called with arrays that say they lie on a card,
and each launch is recorded instead of made.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kernels import bilateral, bricks, compose, curved, cut, image, labelmap, plane, rendering, vesselness, window
from kernels.cuda.check import curled, lasso, layered
from kernels.picture import Picture
from kernels.presets import PRESETS
from kernels.volume import Volume
from tests.kernels.standin import Card
from tests.kernels.standin_ndimage import put_cupyx

Capability = tuple[int, int]


@dataclass(frozen=True)
class Launch:
    """A kernel and the types it was launched with."""

    function: Any
    signature: tuple[Any, ...]

    @property
    def kernel(self) -> str:
        return f"{self.function.py_func.__module__.removeprefix('kernels.cuda.')}.{self.function.py_func.__name__}"


@dataclass(frozen=True)
class Compiled:
    """What ptxas says of a kernel."""

    float64: int  # mentions of the type in the PTX
    registers: int
    spilled_bytes: int
    stack_bytes: int


def ptxas() -> Path | None:
    """The assembler inside NVIDIA's package, if that is installed."""
    try:
        found = [path for path in files("nvidia-cuda-nvcc") or () if path.name in ("ptxas", "ptxas.exe")]
    except PackageNotFoundError:
        return None
    return Path(str(found[0].locate())) if found else None


def launches(monkeypatch: pytest.MonkeyPatch) -> list[Launch]:
    """Every kernel with every kind of array it is launched with."""
    from numba import typeof

    from kernels.cuda import device

    found: dict[tuple[str, str], Launch] = {}

    def record(function: Any, grid: Any, block: Any, arguments: tuple[Any, ...]) -> None:
        values = (value.get() if isinstance(value, np.ndarray) else value for value in arguments)
        launch = Launch(function, tuple(typeof(value) for value in values))
        found[launch.kernel, str(launch.signature)] = launch

    with monkeypatch.context() as patched:
        patched.setattr(device, "start", record)
        for _ in (*_pictures(Card()), *_volumes(put_cupyx(patched))):
            pass
    return list(found.values())


def _pictures(card: Card) -> Iterator[Any]:
    from kernels.cuda.check import FILTERS

    yield window.window(card.asarray(np.zeros((5, 7), np.float32)), 40, 400)
    for dtype in image.DTYPES:
        yield image.sample(card.asarray(np.zeros((5, 7), dtype)), np.eye(2, 3), 7, 5)
    yield image.sample(card.asarray(np.zeros((5, 7, 3), np.uint8)), np.eye(2, 3), 7, 5)
    for function, _, amounts, _ in FILTERS.values():
        yield function(card.asarray(np.zeros((5, 7), np.float32)), *amounts)
    for kind in (np.int16, np.float32):
        picture = Picture((0, 0, 0), (1, 0, 0), (0, 1, 0), 5, 5)  # type: ignore[arg-type]
        for places in (None, (0, 1.0, 2.5, 3.5, 4.5)):
            volume = Volume(card.asarray(np.zeros((5, 5, 5), kind)), np.eye(4), places, ())  # type: ignore[arg-type]
            grid = bricks.bricks(volume)
            yield grid.occupancy(PRESETS["ct_cta"].table())
            yield plane.plane(volume, picture)
            yield curved.reformat(volume, curled(volume, 5, 5, 1.0))
            over = layered(volume)
            yield plane.slab(volume, picture, "max", 3.0, layers=over)
            for render in (rendering.volume_rendering, rendering.volume_rendering_rgba):
                yield render(volume, picture, PRESETS["ct_cta"], grid, 1.0)
                yield render(volume, picture, PRESETS["ct_cta"], grid, 1.0, layers=over)
            assert over.labels is not None
            yield labelmap.labels_seen(volume, over.labels.array, picture, np.ones(256, bool), 3.0)
            yield cut.cut(volume, over.labels.array, lasso(volume), 2)
    greys, values = card.asarray(np.zeros((5, 5), np.uint8)), card.asarray(np.zeros((5, 5), np.float32))
    colours = compose.fused(greys, values, np.zeros((256, 3), np.uint8), 0.0, 1.0, 0.5)
    yield compose.labelled(greys, np.zeros((256, 5), np.float32), colours)


def _volumes(card: Card) -> Iterator[Any]:
    for kind in (np.int16, np.float32):
        volume = Volume(card.asarray(np.zeros((5, 5, 5), kind)), np.eye(4))
        yield bilateral.bilateral(volume, 1.0, 30.0)
        yield vesselness.vesselness(volume, [1.0])


def compiled(launch: Launch, capability: Capability, assembler: Path, folder: Path) -> Compiled:
    """PTX and machine code of a launch for cards of one capability."""
    from numba import cuda
    from numba.cuda import dispatcher

    # Device functions ask the driver which card is there. That look-up is numba-cuda's own, so its version is pinned.
    real, dispatcher.get_current_device = (
        dispatcher.get_current_device,
        lambda: SimpleNamespace(compute_capability=capability),
    )
    try:
        text, _ = cuda.compile(
            launch.function.py_func,
            launch.signature,
            cc=capability,
            device=False,
            abi="numba",
            output="ptx",
            fastmath=bool(launch.function.targetoptions.get("fastmath")),
        )
    finally:
        dispatcher.get_current_device = real
    source = folder / "kernel.ptx"
    source.write_text(text)
    command = [assembler, "-v", f"-arch=sm_{capability[0]}{capability[1]}", source, "-o", folder / "kernel.cubin"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return Compiled(
        float64=len(re.findall(r"\.f64\b", text)),
        registers=int(re.findall(r"Used (\d+) registers", said)[0]),
        spilled_bytes=sum(int(size) for size in re.findall(r"(\d+) bytes spill", said)),
        stack_bytes=int(re.findall(r"(\d+) bytes stack frame", said)[0]),
    )
