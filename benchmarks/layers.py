"""What masks, labels and a second volume cost, beside the same picture without them.

    python -m benchmarks.layers [--small] [--json]

Checks first: a mask that hides nothing changes nothing, one that hides a half leaves the other as it was, a fused plane
is the two planes. Then times, in turn, and the ratio to the plain picture.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks import ours, report, subject
from benchmarks.report import check
from benchmarks.timing import Run, medians
from benchmarks.views import VIEWS
from kernels.compose import fused, labelled
from kernels.cut import Lasso, cut
from kernels.labelmap import labels_seen
from kernels.layers import Layer, Layers
from kernels.plane import plane, project
from kernels.rendering import volume_rendering
from kernels.volume import Volume

SIDE, SMALL_SIDE = 512, 64
REPEATS, SMALL_REPEATS = 15, 1
BARS = {"fused plane": 2.0, "VR, half hidden": 1.3, "VR, bone hidden": 1.3, "VR, nothing hidden": 1.3}


def coarse(volume: Volume) -> Volume:
    """A second volume with the grid of a PET over all of the first, turned by 5°."""
    step = 4
    array = np.ascontiguousarray(volume.array[::step, ::step, ::step]).astype(np.float32)
    affine = volume.affine @ np.diag([step, step, step, 1.0])
    c, s = np.cos(np.deg2rad(5)), np.sin(np.deg2rad(5))
    return Volume(array, np.array([[c, -s, 0, 3], [s, c, 0, -2], [0, 0, 1, 1], [0, 0, 0, 1]]) @ affine)


class Bench:
    """One subject at one size."""

    def __init__(self, *, small: bool) -> None:
        self.subject = subject.phantom(small)
        self.volume, self.grid = self.subject.volume, self.subject.grid
        self.side = SMALL_SIDE if small else SIDE
        self.repeats = SMALL_REPEATS if small else REPEATS
        array = self.volume.array
        bone = (array > 300).astype(np.uint8)
        half = np.full(array.shape, 255, np.uint8)
        half[:, :, : array.shape[2] // 2] = 0
        self.nothing = Layers(self.volume, Layer(np.full(array.shape, 255, np.uint8)))
        self.half = Layers(self.volume, Layer(half))
        self.boneless = Layers(self.volume, Layer(np.where(bone, 0, 255).astype(np.uint8)))
        self.labels = Layer(bone)
        # What remains when bone is hidden, as a volume of its own: rays then go as far, and nothing is asked.
        self.soft = Volume(np.where(bone, array.min(), array), self.volume.affine)
        self.soft_grid = ours.acceleration(self.soft)
        tints = np.zeros((256, 4), np.float32)
        tints[1] = (0.2, 1, 0.4, 0.7)
        self.tinted = Layers(self.volume, labels=self.labels, tints=tints)
        self.second = coarse(self.volume)
        heats = np.zeros((256, 4), np.float32)
        heats[:, 0], heats[128:, 3] = 1, 0.05
        self.heated = Layers(self.volume, heat=Layer((np.clip(array, 0, 255)).astype(np.uint8)), heats=heats)
        ramp = np.arange(256)
        self.palette = np.stack([ramp, 255 - ramp, ramp // 2], axis=-1).astype(np.uint8)  # neighbours are alike
        self.styles = np.zeros((256, 5), np.float32)
        self.styles[1] = (1, 0, 0, 0.3, 1)

    def fused_plane(self, frame: int) -> NDArray[np.uint8]:
        picture = VIEWS[1].turned(frame).picture(self.side)
        greys = ours.grey(plane(self.volume, picture))
        return fused(greys, plane(self.second, picture), self.palette, 0.0, 400.0, 0.5)

    def plain_plane(self, frame: int) -> NDArray[np.uint8]:
        return ours.grey(plane(self.volume, VIEWS[1].turned(frame).picture(self.side)))

    def labelled_plane(self, frame: int) -> NDArray[np.uint8]:
        picture = VIEWS[1].turned(frame).picture(self.side)
        greys = ours.grey(plane(self.volume, picture))
        out = np.repeat(greys[..., None], 3, axis=-1)
        drawn = self.styles[:, 3] > 0
        labelled(
            labels_seen(self.volume, self.labels.array, picture, drawn, highest=self.labels.highest), self.styles, out
        )
        return out

    def render(self, layers: Layers | None) -> Callable[[int], NDArray[np.uint8]]:
        how = (ours.EQUAL_STEP.step_mm, ours.EQUAL_STEP.early_exit, ours.EQUAL_STEP.fine)

        def run(frame: int) -> NDArray[np.uint8]:
            picture = VIEWS[1].turned(frame).picture(self.side)
            return volume_rendering(self.volume, picture, ours.TRANSFERS["cta"], self.grid, *how, layers=layers)

        return run

    def soft_tissue(self, frame: int) -> NDArray[np.uint8]:
        picture = VIEWS[1].turned(frame).picture(self.side)
        return ours.render(self.soft, picture, ours.TRANSFERS["cta"], self.soft_grid, ours.EQUAL_STEP)

    def maximum(self, layers: Layers | None) -> Callable[[int], NDArray[np.float32]]:
        return lambda frame: project(
            self.volume, VIEWS[1].turned(frame).picture(self.side), "max", bricks=self.grid, layers=layers
        )

    def cut(self, frame: int) -> int:
        """A free form of 60 corners through the whole volume."""
        angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        reach = float(np.abs(self.volume.corners_mm).max()) / 3
        corners = reach * (1 + 0.3 * np.cos(5 * angles))[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        picture = VIEWS[1].turned(frame).picture(self.side)
        right, down = (v / np.linalg.norm(v) for v in (picture.right, picture.down))
        labels = np.zeros(self.volume.array.shape, np.uint8)
        return cut(self.volume, labels, Lasso(np.zeros(3), right, down, corners), 255)


def checks(bench: Bench) -> None:
    """Whether the pictures are right.

    Raises:
        CheckFailed: one is not.
    """
    plain, nothing = bench.render(None)(0), bench.render(bench.nothing)(0)
    check(np.abs(plain.astype(int) - nothing).max() <= 1, "a mask that hides nothing changes a volume rendering")
    most, same = bench.maximum(None)(0), bench.maximum(bench.nothing)(0)
    check(np.abs(most - same).max() < 0.5, "a mask that hides nothing changes a maximum")
    check(bool((bench.maximum(bench.half)(0) <= most + 0.5).all()), "a mask makes a maximum greater")
    picture = VIEWS[1].picture(bench.side)
    low, high = 0.0, 400.0
    values, greys = plane(bench.second, picture), ours.grey(plane(bench.volume, picture))
    place = np.clip(np.floor((values - low) / (high - low) * 255 + 0.5), 0, 255).astype(int)
    truth = np.where((values > low)[..., None], 0.5 * greys[..., None] + 0.5 * bench.palette[place], greys[..., None])
    check(np.abs(bench.fused_plane(0) - truth).max() <= 1.5, "a fused plane is not the mean of both")


def rivals(bench: Bench) -> list[dict[str, Run]]:
    """What is timed in turn; the first of each is the plain picture."""
    return [
        {"plain plane": bench.plain_plane, "fused plane": bench.fused_plane, "labels on it": bench.labelled_plane},
        {
            "plain VR": bench.render(None),
            "VR, nothing hidden": bench.render(bench.nothing),
            "VR, half hidden": bench.render(bench.half),
            "VR, labels tinted": bench.render(bench.tinted),
            "VR, second volume": bench.render(bench.heated),
        },
        {"plain VR without bone": bench.soft_tissue, "VR, bone hidden": bench.render(bench.boneless)},
        {
            "plain maximum": bench.maximum(None),
            "maximum, half hidden": bench.maximum(bench.half),
            "maximum, bone hidden": bench.maximum(bench.boneless),
        },
        {"free-form cut": bench.cut},
    ]


def main() -> None:
    options = report.arguments("layers", str(__doc__))
    ours.compile_apart()
    ours.use_threads()
    bench = Bench(small=options.small)
    checks(bench)
    found = report.Report("layers", {"volume": bench.subject.description(), "side": bench.side, "view": "OBL"})
    for runs in rivals(bench):
        times = medians(runs, bench.repeats)
        plain = next(iter(times.values()))
        for name, took in times.items():
            found.line(name, took, took / plain, BARS.get(name, ""))
            found.figures[f"{name.replace(',', '').replace(' ', '_')}_ms"] = took
    found.print(options.json, ("picture", "ms", "times the plain one", "goal"))


if __name__ == "__main__":
    main()
