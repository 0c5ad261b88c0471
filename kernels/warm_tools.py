"""Compile every kernel of a tool once: curves, layers, labels, filters. Later than those of `warm.py`, which the first
picture needs.

    python -m kernels.warm_tools PART PARTS

compiles one of PARTS shares, as `kernels.warm` does.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from kernels import (
    bilateral,
    box,
    bricks,
    compose,
    curved,
    cut,
    gaussian,
    gradient,
    labelmap,
    median3d,
    picture_bilateral,
    picture_clahe,
    picture_edge,
    picture_gamma,
    picture_gaussian,
    picture_median,
    picture_threshold,
    picture_unsharp,
    plane,
    rendering,
    unsharp,
    vesselness,
    window,
)
from kernels.curve import Curve
from kernels.curved_layouts import Sheet, Straightened
from kernels.filters import KINDS, Filter, apply
from kernels.layers import Layer, Layers
from kernels.picture import Picture
from kernels.presets import PRESETS
from kernels.volume import Volume

DRIVERS = (
    bilateral.spread_cpu,
    box.not_finite,
    compose.spread_fused_cpu,
    compose.spread_labelled_cpu,
    curved.spread_cpu,
    cut.spread_cpu,
    gaussian.spread_cpu,
    gradient.spread_cpu,
    labelmap.spread_cpu,
    labelmap.spread_table_cpu,
    median3d.spread_cpu,
    picture_bilateral.spread_cpu,
    picture_clahe.spread_counts,
    picture_clahe.spread_cpu,
    picture_edge.spread_cpu,
    picture_gamma.spread_cpu,
    picture_gaussian.spread_columns,
    picture_gaussian.spread_quotient,
    picture_gaussian.spread_rows,
    picture_median.spread_cpu,
    picture_threshold.spread_cpu,
    picture_unsharp.spread_cpu,
    unsharp.spread_cpu,
    vesselness.spread_cpu,
)

SIDE = 8
PICTURE = Picture((0, 0, 0), (1, 0, 0), (0, 1, 0), 5, 5)  # type: ignore[arg-type]


def compile_tools() -> None:
    """Run every kernel of a tool on tiny inputs of every type."""
    for step in _steps():
        step()


def share(part: int, parts: int) -> list[Callable[[], Any]]:
    """The steps of one of several processes that share the work; those that take the longest come first."""
    return _steps()[::-1][part::parts]


def _steps() -> list[Callable[[], Any]]:
    """The quickest to compile first."""
    volumes = [Volume(np.zeros((SIDE, SIDE, SIDE), kind), np.eye(4)) for kind in (np.int16, np.float32)]
    return [
        _labels,
        *(partial(_filter, name) for name in KINDS),
        *(partial(_curve, volume) for volume in volumes),
        *(partial(_filter_volume, volume) for volume in volumes),
        *(partial(_masked, volume) for volume in volumes),
        *(partial(_layered, volume) for volume in volumes),
    ]


def _filter(name: str) -> None:
    """On a picture with a pixel that has no sample: a Gaussian then runs all of its drivers."""
    apply(Filter(name), np.array([[1, window.OUTSIDE]], np.float32), 0.5, (0, 10))


def _labels() -> None:
    volume, labels = Volume(np.zeros((SIDE, SIDE, SIDE), np.int16), np.eye(4)), np.ones((SIDE, SIDE, SIDE), np.uint8)
    every = np.ones(256, bool)
    labelmap.mask_of(labels, every)
    seen = labelmap.labels_seen(volume, labels, PICTURE, every)
    greys = np.zeros((5, 5), np.uint8)
    colours = compose.fused(greys, np.zeros((5, 5), np.float32), np.zeros((256, 3), np.uint8), 0, 1, 0.5)
    compose.labelled(seen, np.zeros((256, 5), np.float32), colours)
    cut.cut(volume, labels, cut.Lasso((0, 0, 0), (1, 0, 0), (0, 1, 0), [(0, 0), (3, 0), (0, 3)]), 2)  # type: ignore[arg-type]


def _curve(volume: Volume) -> None:
    curve = Curve(np.array([(1.0, 1, 1), (5, 3, 2), (6, 6, 6)]))
    curved.reformat(volume, Straightened(curve, Sheet(5, 5, 1.0, 2.0)).picture, "max", 2.0)


def _filter_volume(volume: Volume) -> None:
    gaussian.gaussian(volume, 1.0)
    gradient.gradient_magnitude(volume, 1.0)
    unsharp.unsharp(volume, 1.0, 1.0)
    bilateral.bilateral(volume, 1.0, 10.0)
    for side in (3, 5):
        median3d.median3d(volume, side)
    vesselness.vesselness(volume, [1.0])


def _layers(volume: Volume) -> Layers:
    shape, tables = volume.array.shape, np.zeros((256, 4), np.float32)
    bytes_ = [Layer(np.zeros(shape, np.uint8)) for _ in range(3)]
    return Layers(volume, bytes_[0], bytes_[1], tables, bytes_[2], tables)


def _masked(volume: Volume) -> None:
    plane.project(volume, PICTURE, "max", bricks=bricks.bricks(volume), layers=_layers(volume))


def _layered(volume: Volume) -> None:
    grid = bricks.bricks(volume)
    rendering.volume_rendering(volume, PICTURE, PRESETS["ct_cta"], grid, 1.0, layers=_layers(volume))


if __name__ == "__main__":
    for step in share(*map(int, sys.argv[1:])):
        step()
        print(".", flush=True)
