"""What every kernel figure shares: the volume, sizes, what was asked for, and the lines that were found."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.counted import Work, counted
from benchmarks.dense import STEP_MM as DENSE_STEP_MM
from benchmarks.kept import kept
from benchmarks.limits import Limits
from benchmarks.ours import THREADS
from benchmarks.subject import Subject
from benchmarks.views import View
from kernels.cache import fingerprint
from renderd.encode import lossless

# Every figure, and what it should reach: ratios and frames a second at least, milliseconds and seconds at most.
GOALS = {
    "plane512_vtk": 5,
    "plane512_sitk": 5,
    "slab512_vtk": 12,
    "slab1024_vtk": 12,
    "mip512_vtk": 10,
    "mip1024_vtk": 10,
    "vr_cta512_step": 6,
    "vr_cta1024_step": 6,
    "vr_skin512_step": 5,
    "vr_cta512_quality": 5,
    "vr_cta1024_quality": 6,
    "vr_skin512_quality": 6,
    "drag_mip_fps": 30,
    "drag_cta_fps": 30,
    "drag_skin_fps": 25,
    "drag_cta_perspective_fps": 30,
    "still512_ms": 250,
    "still1024_first_ms": 250,
    "still1024_ms": 1500,
    "first_frame_s": 1,
    "occupancy_ms": 10,
}
# These goals are our own: nothing outside asks for them.
OWN_GOALS = {"drag_cta_perspective_fps"}

# Whose time a figure is: of which module, and of what.
README_TIMES = {
    "plane512_vtk": ("plane.py", "plane 512²"),
    "slab512_vtk": ("plane.py", "20 mm slab 512²"),
    "slab1024_vtk": ("plane.py", "20 mm slab 1024²"),
    "mip512_vtk": ("plane.py", "maximum through everything 512²"),
    "mip1024_vtk": ("plane.py", "maximum 1024²"),
    "occupancy_ms": ("bricks.py", "for a new transfer function"),
    "vr_cta512_quality": ("rendering.py", "CTA 512²"),
    "vr_cta1024_quality": ("rendering.py", "CTA 1024²"),
    "vr_skin512_quality": ("rendering.py", "translucent 512²"),
}


def less_is_better(figure: str) -> bool:
    """Whether a figure is a time."""
    return figure.endswith(("_ms", "_s"))


def worst(figure: str, values: Sequence[float]) -> float:
    return max(values) if less_is_better(figure) else min(values)


def reached(figure: str, value: float) -> bool:
    return value <= GOALS[figure] if less_is_better(figure) else value >= GOALS[figure]


@dataclass(frozen=True)
class Line:
    """One figure of one view. Times are medians; decibels are against the dense frame of whoever drew the picture."""

    figure: str
    view: str
    value: float
    ours_ms: float
    peer_ms: float | None = None
    ours_db: float | None = None
    peer_db: float | None = None
    work: Work | None = None
    remark: str = ""
    kernel_ms: float | None = None  # of `ours_ms`, where an encoder's time is in it

    def share(self, limits: Limits) -> tuple[float, float] | None:
        """How near the kernel comes to the machine's limits: of samples, and of bytes. None: nobody counted."""
        if self.work is None:
            return None
        seconds = (self.kernel_ms or self.ours_ms) / 1e3
        return self.work.samples / seconds / limits.samples_per_s, self.work.touched / seconds / limits.bytes_per_s

    @property
    def shown_in(self) -> tuple[str, str] | None:
        """In which line of kernels/README.md its time stands, and as what."""
        return README_TIMES.get(self.figure)

    @property
    def as_good(self) -> bool:
        """Whether our picture is as near its dense frame as the peer's is to its own, to a tenth of a decibel.

        A worse one proves nothing.
        """
        return self.ours_db is None or self.peer_db is None or round(self.ours_db, 1) >= round(self.peer_db, 1)


@dataclass
class Bench:
    """One run over one subject."""

    subject: Subject
    limits: Limits
    small: bool = False
    only: frozenset[str] = frozenset()
    pictures: Path | None = None
    lines: list[Line] = field(default_factory=list)

    threads = THREADS

    @property
    def repeats(self) -> int:
        return 2 if self.small else 5

    @property
    def dense_step_mm(self) -> float:
        return 0.5 if self.small else DENSE_STEP_MM

    @property
    def wrong_db(self) -> float:
        """Further than this from its dense frame a picture is not coarse but wrong; a small run's voxels are coarse."""
        return 12.0 if self.small else 25.0

    def side(self, nominal: int) -> int:
        """The side of a picture in pixels; a small run draws eighths."""
        return nominal // 8 if self.small else nominal

    def wants(self, *figures: str) -> bool:
        """Whether one of these was asked for."""
        return not self.only or not self.only.isdisjoint(figures)

    def add(self, line: Line) -> None:
        if self.wants(line.figure):
            sys.stderr.write(f"{self.subject.name}: {line.figure} {line.view} {line.value:.3g}\n")
            self.lines.append(line)

    def kept(self, what: str, depends_on: Sequence[object], make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        """A dense frame of this subject; see kept.py. A small run keeps none."""
        if self.small:
            return make()
        return kept(f"{self.subject.name}, {what}", (self.subject.digest, *depends_on), make)

    def work(self, what: str, view: View, side: int, draw: Callable[[Any], object]) -> Work | None:
        """What drawing this really reads, see counted.py. A small run does not count: that takes minutes to compile."""
        if self.small:
            return None
        depends_on = (self.subject.digest, fingerprint(), view.key, side)
        return Work(
            *kept(
                f"{self.subject.name}, reads of {what}, {view.name}, {side}²",
                depends_on,
                lambda: np.array(counted(self.subject.volume, draw)),
            )
        )

    def save(self, name: str, *pictures: NDArray[np.uint8]) -> None:
        """Write pictures side by side as one PNG, where pictures were asked for."""
        if self.pictures is None:
            return
        self.pictures.mkdir(parents=True, exist_ok=True)
        stem = f"{self.subject.name.split()[0]}-{name}".lower()
        data = lossless(np.ascontiguousarray(np.hstack(pictures))).data
        (self.pictures / f"{stem}.png").write_bytes(data)
