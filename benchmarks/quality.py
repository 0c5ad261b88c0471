"""How near two pictures are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def psnr(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Peak signal-to-noise ratio of two pictures of 0 … 255, dB."""
    error = float(np.mean((a.astype(float) - b.astype(float)) ** 2))
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def halved(picture: NDArray[Any]) -> NDArray[np.float32]:
    """The mean of 2×2 pixels each: a picture [2h, 2w, …] of 2×2 sub-samples as [h, w, …]."""
    height, width = picture.shape[0] // 2, picture.shape[1] // 2
    parts = picture.reshape(height, 2, width, 2, *picture.shape[2:])
    return np.asarray(parts.mean(axis=(1, 3), dtype=np.float64)).astype(np.float32)
