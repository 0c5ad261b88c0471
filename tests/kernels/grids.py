"""Volumes and pictures the kernel tests share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.picture import Picture
from kernels.volume import Volume

SHEARED = np.array([[0.7, 0.12, 0.2, 3.0], [0.02, 0.8, -0.1, -4.0], [0.05, 0.0, 1.3, 5.0], [0, 0, 0, 1]])
# The third column points to the feet, so the grid is left-handed.
LEFT_HANDED = np.array([[0.9, 0, 0, -20.0], [0, 0.9, 0, 7.0], [0, 0, -1.7, 40.0], [0, 0, 0, 1]])
DTYPES = (np.int16, np.float32)


def rotation(degrees: tuple[float, float, float]) -> NDArray[np.float64]:
    """A rotation about x, then y, then z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.deg2rad(degrees)):
        i, j = [(1, 2), (2, 0), (0, 1)][axis]
        turn = np.eye(3)
        turn[i, i] = turn[j, j] = np.cos(angle)
        turn[j, i], turn[i, j] = np.sin(angle), -np.sin(angle)
        matrix = turn @ matrix
    return matrix


def random_volume(dtype: Any, shape: tuple[int, int, int], affine: NDArray[np.float64], seed: int = 1) -> Volume:
    values = np.random.default_rng(seed).integers(-1024, 3071, shape)
    return Volume(values.astype(dtype), affine)


def smooth_volume(dtype: Any, shape: tuple[int, int, int], affine: NDArray[np.float64]) -> Volume:
    """A bright ball with a soft edge, 0 to 400, filling most of the volume."""
    z, y, x = np.indices(shape).astype(np.float64)
    q = sum(((c - (n - 1) / 2) / (n / 2)) ** 2 for c, n in zip((z, y, x), shape, strict=True))
    return Volume((400 * np.exp(-3 * q)).astype(dtype), affine)


def centred(  # noqa: PLR0917
    volume: Volume,
    width: int,
    height: int,
    pixel_mm: float,
    turn: tuple[float, float, float] = (0, 0, 0),
    mirrored: bool = False,
    shift_mm: float = 0.0,
) -> Picture:
    """A picture about the volume's middle, turned, perhaps mirrored, and shifted along its normal."""
    r = rotation(turn)
    right, down, normal = r[:, 0] * pixel_mm, r[:, 1] * pixel_mm, r[:, 2]
    if mirrored:
        right = -right
    origin = volume.centre_mm - right * (width - 1) / 2 - down * (height - 1) / 2 + normal * shift_mm
    return Picture(origin, right, down, width, height)
