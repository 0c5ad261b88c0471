"""Our kernels as the benchmark calls them: the one place that knows their signatures and which settings are compared.

Every function gives what a server would encode: uint8 pictures, of planes and slabs the float32 values.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks.report import check
from kernels import plane
from kernels.bricks import Bricks, Occupancy, bricks
from kernels.cache import COMPLETE, TOOLS
from kernels.picture import Picture
from kernels.presets import PRESETS
from kernels.rendering import FINE_STEP, MOVING_EXIT, SOON_EXIT, STILL_EXIT, volume_rendering
from kernels.transfer import TransferFunction
from kernels.volume import Volume
from kernels.window import window

THREADS = 2
WINDOW = (300.0, 1000.0)  # centre and width of the projections' grey, HU
TRANSFERS = {"cta": PRESETS["ct_cta"], "skin": PRESETS["ct_translucent"]}


@dataclass(frozen=True)
class Setting:
    """How a volume rendering is made."""

    step_mm: float
    early_exit: float
    fine: bool


STEP_MM = 0.7  # the sampling distance of the comparison: the peer's, and what ours is asked for
# Steps end with the volume's slices: between two thirds and four thirds of this, each line says how long. They count as
# another algorithm does: where the picture is as near to the dense frame as the peer's to its own.
EQUAL_STEP = Setting(STEP_MM, SOON_EXIT, fine=True)
# No further from our dense frame than the peer's frame from its own, see the table's dB.
QUALITY = {"cta": Setting(STEP_MM, SOON_EXIT, fine=True), "skin": Setting(STEP_MM, SOON_EXIT, fine=True)}
STILL = Setting(STEP_MM, STILL_EXIT, fine=True)
MOVING = Setting(1.4, MOVING_EXIT, fine=False)


def sample_mm(volume: Volume, picture: Picture) -> float:
    """How far apart two slices of the axis that rays follow most are along them: where maxima have their samples."""
    return float(1 / np.abs(volume.inverse @ picture.normal).max())


def step_mm(volume: Volume, picture: Picture, setting: Setting) -> float:
    """How long a step of a volume rendering really is, see `kernels.rays.aim`: so many slices, a power of two."""
    apart, slices = sample_mm(volume, picture), 2.0
    while slices * apart > setting.step_mm * (FINE_STEP if setting.fine else 1) * 1.0001 and slices > 1 / 8:
        slices /= 2
    return slices * apart


def use_threads() -> None:
    """As many threads as every peer gets."""
    numba.set_num_threads(min(THREADS, numba.get_num_threads()))


def compile_apart() -> None:
    """Compile what is not compiled yet, in other processes, as a server's first start does.

    A process that compiled a kernel itself runs a version of it that was optimized once less than the one that is
    kept and that every later process loads: maxima then take a seventh longer.
    """
    folder = Path(os.environ["NUMBA_CACHE_DIR"])
    for module, mark in (("kernels.warm", COMPLETE), ("kernels.warm_tools", TOOLS)):
        if (folder / mark).exists():
            continue
        command = (sys.executable, "-m", module)
        shares = [
            subprocess.Popen([*command, str(part), str(THREADS)], stdout=subprocess.DEVNULL) for part in range(THREADS)
        ]
        codes = [process.wait() for process in shares]
        check(not any(codes), "the kernels could not be compiled")
        (folder / mark).touch()


def acceleration(volume: Volume) -> Bricks:
    """What is made once when a volume is opened."""
    return bricks(volume)


def render(
    volume: Volume,
    picture: Picture,
    transfer: TransferFunction,
    grid: Bricks,
    setting: Setting,
    eye: NDArray[np.float64] | None = None,
) -> NDArray[np.uint8]:
    """A volume rendering, RGB [h, w, 3]."""
    how = (setting.step_mm, setting.early_exit, setting.fine)
    return volume_rendering(volume, picture, transfer, grid, *how, eye=eye)


def occupancy(grid: Bricks, transfer: TransferFunction) -> Occupancy:
    """What is made of the min-max grid for every transfer function: where it shows something, and how far that is."""
    return grid.occupancy(transfer.table())


def plane_values(volume: Volume, picture: Picture) -> NDArray[np.float32]:
    return plane.plane(volume, picture)


def slab_values(volume: Volume, picture: Picture, thickness_mm: float, grid: Bricks) -> NDArray[np.float32]:
    return plane.slab(volume, picture, "max", thickness_mm, bricks=grid)


def mip(volume: Volume, picture: Picture, grid: Bricks) -> NDArray[np.uint8]:
    """The maximum through the whole volume as grey [h, w]."""
    return grey(plane.project(volume, picture, "max", bricks=grid))


def moving_mip(volume: Volume, picture: Picture, grid: Bricks) -> NDArray[np.uint8]:
    """The same while it is dragged."""
    return mip(volume, picture, grid)


def first_still(
    volume: Volume, picture: Callable[[int], Picture], side: int, transfer: TransferFunction, grid: Bricks
) -> NDArray[np.uint8]:
    """What a viewport of side × side pixels shows at rest first; `picture` gives its view at a size."""
    return render(volume, picture(side // 2), transfer, grid, STILL)


def grey(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Values as grey, `OUTSIDE` black."""
    return window(values, *WINDOW, function="LINEAR_EXACT")
