"""Pictures that tests want of the renderer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from renderd.protocol import View
from renderd.rendering import Rendering
from renderd.viewer import Stage, Want


def want(view: View, width: int, height: int, stage: Stage = Stage.FINAL, *, level: int = 0) -> Want:
    return Want(1, 1, view, width, height, 1, stage, level)


def finish(rendering: Rendering) -> NDArray[np.uint8]:
    while not rendering.step():
        pass
    return rendering.raw
