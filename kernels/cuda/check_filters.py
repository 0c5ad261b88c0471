"""The filters of volumes on a card against their float64 references, as check.py does it for pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kernels import bilateral, components, gaussian, gradient, median3d, morphology, unsharp, vesselness
from kernels.arrays import to_host
from kernels.cuda.check import Check, on_card
from kernels.volume import Volume

GRID = np.diag([0.6, 0.8, 1.1, 1.0])
SIGMA = 0.9
LARGEST = 1000.0  # voxel
SPACING = (0.6, 0.8, 1.1)


def filter_checks(module: Any, scale: int = 1) -> Iterator[Check]:
    """One after the other; see `check.checks`. Needs cupyx.scipy.ndimage, which comes with cupy."""
    for dtype in (np.int16, np.float32):
        volume = noise(dtype, (7 * scale, 6 * scale, 9 * scale))
        there = on_card(volume, module)
        for name, values, truth, tolerance in (
            ("gaussian", gaussian.gaussian(there, SIGMA), gaussian.reference(volume, SIGMA), 2e-6 * LARGEST),
            ("unsharp", unsharp.unsharp(there, SIGMA, 2), unsharp.reference(volume, SIGMA, 2), 6e-6 * LARGEST),
            ("gradient", gradient.gradient_magnitude(there), gradient.reference(volume, 0), 1e-5 * LARGEST),
            ("median3d", median3d.median3d(there), median3d.reference(volume, 3), 0),
            ("bilateral", bilateral.bilateral(there, 0.7, 300), bilateral.reference(volume, 0.7, 300), 4e-4 * LARGEST),
            ("vesselness", vesselness.vesselness(there, [SIGMA]), vesselness.reference(volume, [SIGMA]), 1e-4),
        ):
            yield Check(name, np.dtype(dtype).name, float(np.abs(to_host(values) - truth).max()), tolerance)
    yield from _masks(module, scale)


def _masks(module: Any, scale: int) -> Iterator[Check]:
    mask = np.random.default_rng(2).random((7 * scale, 6 * scale, 9 * scale)) < 0.2
    there = module.asarray(mask)
    for name, values, truth in (
        (
            "dilation",
            morphology.dilation(there, 1.3, SPACING),
            morphology.reference(mask, 1.3, SPACING, "dilation"),
        ),
        ("erosion", morphology.erosion(there, 0.7, SPACING), morphology.reference(mask, 0.7, SPACING, "erosion")),
        ("largest", components.largest(there, 6).sum(), components.largest(mask, 6).sum()),
        ("filled", components.filled(there), components.filled(mask)),
    ):
        yield Check("masks", name, float((to_host(module.asarray(values)) != truth).sum()), 0)


def noise(dtype: Any, shape: tuple[int, int, int]) -> Volume:
    """Of two sizes about 0, LARGEST at most."""
    rng = np.random.default_rng(1)
    coarse = np.kron(rng.normal(0, 200, [-(-n // 3) for n in shape]), np.ones((3, 3, 3)))
    values = coarse[tuple(slice(n) for n in shape)] + rng.normal(0, 60, shape)
    return Volume(np.clip(values, -LARGEST, LARGEST).astype(dtype), GRID)
