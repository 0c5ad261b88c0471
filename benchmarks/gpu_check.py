"""For the first person with a card: every CUDA kernel against its reference, then timings, then one page.

    make gpu-check        or: python -m benchmarks.gpu_check [--page PAGE.md] [--small]

Needs `pip install 'farview[gpu]'` and NVIDIA's driver. Exit code 0: every kernel is right; 1: one is not (nothing is
timed then); 2: there is no card to check.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from benchmarks.report import commit, machine, spread
from clinical.phantoms.body import body
from kernels import bricks, image, plane, rendering, window
from kernels.picture import Picture
from kernels.presets import PRESETS
from kernels.volume import Volume
from renderd.residence import send

if TYPE_CHECKING:  # numba-cuda is imported once there is a card
    from kernels.cuda.check import Check

PAGE = Path("gpu-check.md")
PACKAGES = ("farview", "numba", "numba-cuda", "cupy-cuda13x", "numpy")
REPEATS = 20
SCALE = 4  # of the checks' volumes on a card: larger than in the tests, and their references take a minute
SIDES = (512, 1024)


class Card(Protocol):
    """What is asked of a card; `Cupy` is the real one."""

    arrays: Any  # the array module

    def description(self) -> dict[str, str]: ...
    def milliseconds(self, work: Callable[[], object]) -> float:
        """How long the card takes for `work`, by its own clock."""
        ...


class Cupy:
    """The card that cupy finds."""

    def __init__(self) -> None:
        import cupy

        self.arrays: Any = cupy
        self._events = cupy.cuda.Event(), cupy.cuda.Event()

    def description(self) -> dict[str, str]:
        runtime = self.arrays.cuda.runtime
        properties = runtime.getDeviceProperties(0)
        return {
            "card": properties["name"].decode(),
            "compute capability": f"{properties['major']}.{properties['minor']}",
            "memory": f"{properties['totalGlobalMem'] / 2**30:.1f} GiB",
            "multiprocessors": str(properties["multiProcessorCount"]),
            "CUDA of the driver": _dotted(runtime.driverGetVersion()),
            "CUDA of the run time": _dotted(runtime.runtimeGetVersion()),
            "driver": _driver(),
        }

    def milliseconds(self, work: Callable[[], object]) -> float:
        begin, end = self._events
        begin.record()
        work()
        end.record()
        end.synchronize()
        return float(self.arrays.cuda.get_elapsed_time(begin, end))


@dataclass(frozen=True)
class Timing:
    """Median and 95th percentile in milliseconds."""

    what: str
    card: tuple[float, float]
    cpu: tuple[float, float]


def _dotted(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _driver() -> str:
    path = Path("/proc/driver/nvidia/version")
    words = path.read_text().split() if path.exists() else []
    return next((word for word in words if word.count(".") >= 1 and word.replace(".", "").isdigit()), "unknown")


def find_card() -> Card:
    """The card, or SystemExit with a sentence and code 2."""
    try:
        card = Cupy()
        card.description()
    except ImportError:
        _refuse("cupy is not installed: pip install 'farview[gpu]'")
    except Exception as error:
        _refuse(f"CUDA says: {error}")
    return card


def _refuse(reason: str) -> None:
    print(f"There is no card to check. {reason}", file=sys.stderr)
    raise SystemExit(2)


def check_all(card: Card, scale: int) -> list[Check]:
    """Every check, printed as it comes."""
    from kernels.cuda.check import checks
    from kernels.cuda.check_filters import filter_checks

    found = []
    for check in chain(checks(card.arrays, scale), filter_checks(card.arrays, scale)):
        verdict = "PASS" if check.passed else "FAIL"
        print(f"{verdict}  {check.kernel:18} {check.case:34} error {check.error:.3g}, allowed {check.tolerance:.3g}")
        found.append(check)
    return found


def works(volume: Volume, source: Any, sides: Sequence[int]) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is timed, for a volume here or on a card; `source` makes an image where the volume lies."""
    from kernels.cuda.check import oblique

    grid = bricks.bricks(volume)
    yield "bricks, whole volume", lambda: bricks.bricks(volume)
    extent = float((np.array(volume.array.shape[::-1]) * volume.spacing_mm).max())
    for side in sides:
        picture = oblique(volume, side, side, extent / side)
        values = plane.plane(volume, picture)
        yield f"oblique plane, {side}²", lambda p=picture: plane.plane(volume, p)  # type: ignore[misc]
        yield f"20 mm MIP, {side}²", lambda p=picture: plane.slab(volume, p, "max", 20.0)  # type: ignore[misc]
        yield f"20 mm mean, {side}²", lambda p=picture: plane.slab(volume, p, "mean", 20.0)  # type: ignore[misc]
        yield f"window, {side}²", lambda v=values: window.window(v, 40, 400)  # type: ignore[misc]
        for preset in ("ct_cta", "ct_skin"):
            for name, step, exit_, fine in (
                ("still", 0.7, rendering.STILL_EXIT, True),
                ("moving", 1.4, rendering.MOVING_EXIT, False),
            ):

                def render(
                    picture: Picture = picture,
                    preset: str = preset,
                    step: float = step,
                    exit_: float = exit_,
                    fine: bool = fine,
                ) -> object:
                    return rendering.volume_rendering(volume, picture, PRESETS[preset], grid, step, exit_, fine)

                yield f"{preset} {name}, {side}²", render
    pixels = source(np.random.default_rng(1).integers(0, 4096, (4 * sides[-1], 4 * sides[-1])).astype(np.uint16))
    matrix = np.array([[4.0, 0, 1.5], [0, 4.0, 1.5]])
    yield f"image, {4 * sides[-1]}² to {sides[-1]}²", lambda: image.sample(pixels, matrix, sides[-1], sides[-1])


def time_all(card: Card, volume: Volume, sides: Sequence[int], repeats: int) -> list[Timing]:
    """Card and CPU in turn, so that what else the machine does falls on both."""
    from kernels.cuda.check import on_card

    there = on_card(volume, card.arrays)
    pairs = zip(works(there, card.arrays.asarray, sides), works(volume, np.asarray, sides), strict=True)
    timings = []
    for (what, on_it), (_, on_cpu) in pairs:
        on_it()  # compiles
        on_cpu()
        mine, theirs = [], []
        for _ in range(repeats):
            mine.append(card.milliseconds(on_it))
            begun = time.perf_counter()
            on_cpu()
            theirs.append((time.perf_counter() - begun) * 1e3)
        timings.append(Timing(what, spread(mine), spread(theirs)))
        print(f"{what:28} card {timings[-1].card[0]:9.3f} ms   CPU {timings[-1].cpu[0]:9.3f} ms")
    sent = [card.milliseconds(lambda: send(volume.array, card.arrays)) for _ in range(3)]
    timings.append(Timing(f"sending {volume.array.nbytes >> 20} MiB to the card", spread(sent), (0.0, 0.0)))
    return timings + launches(card, there, sides[-1], repeats)


def launches(card: Card, volume: Volume, side: int, repeats: int) -> list[Timing]:
    """What a launch costs, and whether it comes back before its kernel has ended: then far sooner than above."""
    from kernels.cuda.check import oblique
    from kernels.cuda.device import launch_nothing

    extent = float((np.array(volume.array.shape[::-1]) * volume.spacing_mm).max())
    picture = oblique(volume, side, side, extent / side)
    works: dict[str, Callable[[], object]] = {
        "an empty launch until it returns, by the wall clock": lambda: launch_nothing(volume.voxels),
        f"20 mm MIP, {side}² until it returns, by the wall clock": lambda: plane.slab(volume, picture, "max", 20.0),
    }
    timings = []
    for what, work in works.items():
        work()  # compiles
        timings.append(Timing(what, spread([_until_it_returns(card, work) for _ in range(repeats)]), (0.0, 0.0)))
        print(f"{what:28} {timings[-1].card[0]:9.3f} ms")
    return timings


def _until_it_returns(card: Card, work: Callable[[], object]) -> float:
    spent = 0.0

    def timed() -> None:
        nonlocal spent
        begun = time.perf_counter()
        work()
        spent = (time.perf_counter() - begun) * 1e3

    card.milliseconds(timed)  # waits for the end, so that the next one finds an idle card
    return spent


def page(description: dict[str, str], found: Sequence[Check], timings: Sequence[Timing], volume: Volume | None) -> str:
    """The page, Markdown."""
    failed = [check for check in found if not check.passed]
    about = {**description, **{f"{key} (host)": str(value) for key, value in machine().items()}}
    about |= {name: _version(name) for name in PACKAGES}
    lines = ["# Farview on a card", "", f"Commit {commit()}.", "", "| | |", "|---|---|"]
    lines += [f"| {key} | {value} |" for key, value in about.items()]
    verdict = f"**{len(failed)} of {len(found)} are wrong.**" if failed else f"All {len(found)} are right."
    lines += ["", "## Against the float64 reference", "", verdict, ""]
    lines += ["| kernel | case | largest error | allowed | |", "|---|---|---|---|---|"]
    lines += [
        f"| {c.kernel} | {c.case} | {c.error:.3g} | {c.tolerance:.3g} | {'pass' if c.passed else '**FAIL**'} |"
        for c in found
    ]
    lines += ["", "## Times", ""]
    if volume is None:
        lines.append("Nothing was timed: a wrong picture is no faster.")
    else:
        nz, ny, nx = volume.array.shape
        lines += [f"Body phantom, {nx} × {ny} × {nz} {volume.array.dtype}. Milliseconds, median (95th percentile):", ""]
        lines += ["the card by CUDA events, without bringing the picture back; the CPU by the wall clock.", ""]
        lines += ["A launch that returns when its kernel has ended, and not before, makes the compute thread wait.", ""]
        lines += ["| | card | CPU | CPU / card |", "|---|---|---|---|"]
        for timing in timings:
            cells = [f"{timing.card[0]:.3f} ({timing.card[1]:.3f})", "", ""]
            if timing.cpu[0] and timing.card[0] > 0:
                cells[1:] = [f"{timing.cpu[0]:.3f} ({timing.cpu[1]:.3f})", f"{timing.cpu[0] / timing.card[0]:.1f}"]
            lines.append(f"| {timing.what} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def run(card: Card, path: Path, *, small: bool) -> int:
    """Check, time, write the page; the exit code."""
    description = card.description()
    for key, value in description.items():
        print(f"{key}: {value}")
    found = check_all(card, 1 if small else SCALE)
    volume, timings = None, []
    if all(check.passed for check in found):
        array, (dx, dy, dz) = body(6, 16) if small else body(500, 512)
        volume = Volume(array, np.diag([dx, dy, dz, 1.0]))
        timings = time_all(card, volume, (8,) if small else SIDES, 1 if small else REPEATS)
    path.write_text(page(description, found, timings, volume), "utf-8")
    print(f"The page: {path.absolute()}")
    return 0 if volume is not None else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_check", description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=Path, default=PAGE, help="where the page goes (%(default)s)")
    parser.add_argument("--small", action="store_true", help="the smallest size that exercises everything")
    options = parser.parse_args()
    return run(find_card(), options.page, small=options.small)


if __name__ == "__main__":
    raise SystemExit(main())
