"""Curves in the patient: where they run, and where a point lies in a curved picture."""

from __future__ import annotations

import numpy as np

from renderd import camera
from renderd.protocol import Locate, Located, Trace, Traced

MOST = 257  # points that a page gets of a curve
APART_MM = 0.5  # but they are no nearer


def traced(trace: Trace) -> Traced:
    """The answer; any thread.

    Raises:
        InvalidParameter: there is no such curve.
    """
    curve = camera.curve(trace.points)
    count = int(np.clip(np.ceil(curve.length_mm / APART_MM) + 1, 2, MOST))
    frames = curve.frame_at(np.linspace(0, curve.length_mm, count))
    points, tangents, normals = ([(x, y, z) for x, y, z in rows.tolist()] for rows in (
        frames.point, frames.tangent, frames.across,
    ))  # fmt: skip
    return Traced(trace.viewport, trace.n, curve.length_mm, points, tangents, normals)


def located(locate: Locate) -> Located:
    """The answer; any thread.

    Raises:
        InvalidParameter: there is no such curve.
    """
    layout = camera.layout(locate.view, camera.reduced(locate.width, locate.height, 1.0))
    u, v = (layout.to_pixels(locate.point) + 0.5).tolist()
    is_seen = 0 <= u <= locate.width and 0 <= v <= locate.height
    return Located(locate.viewport, locate.n, (u, v) if is_seen else None)
