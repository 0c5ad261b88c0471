"""Messages and views that tests of renderd send."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from renderd.protocol import ClipBox, PlaneView, Reformat, Show, StackView, View, VolumeView

NOWHERE = "0" * 64  # the digest of no stack

STACK = StackView(
    series=1,
    stack=NOWHERE,
    frame=0,
    centre=(255.5, 255.5),
    right=(1.0, 0.0),
    down=(0.0, 1.0),
    extent_mm=512.0,
    window=(40.0, 400.0),
)
PLANE = PlaneView(
    series=1,
    stack=NOWHERE,
    centre=(0.0, 0.0, 0.0),
    right=(1.0, 0.0, 0.0),
    down=(0.0, 1.0, 0.0),
    extent_mm=100.0,
    window=(40.0, 400.0),
)
VOLUME = VolumeView(
    series=1,
    stack=NOWHERE,
    centre=(0.0, 0.0, 0.0),
    right=(1.0, 0.0, 0.0),
    down=(0.0, 0.0, -1.0),
    extent_mm=100.0,
    preset="ct_bone",
    window=(40.0, 400.0),
)
# Nothing below 100, then ever denser: a curve of a reader's own.
CURVE = ((-1000.0, "#000000", 0.0), (100.0, "#ff8000", 0.0), (400.0, "#ffffff", 0.5))
# In perspective, cut to a box and by a plane.
CLIPPED = replace(
    VOLUME,
    perspective=45.0,
    clip_box=ClipBox((1.0, 2.0, 3.0), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), (10.0, 20.0, 30.0)),
    clip_planes=((0.0, 1.0, 0.0, -4.0),),
)
# Maxima through what CLIPPED leaves, which are seen by parallel rays.
PROJECTED = replace(CLIPPED, projection="max", window=(200.0, 700.0))

# Three coronal planes, from front to back.
REFORMAT = Reformat(
    viewport=1,
    request="k3Jd82nA",
    series=1,
    stack=NOWHERE,
    origin=(-20.0, -10.0, 14.0),
    right=(1.0, 0.0, 0.0),
    down=(0.0, 0.0, -1.0),
    pixel_mm=0.8,
    width=50,
    height=28,
    spacing_mm=4.0,
    count=3,
)


def show(viewport: int = 1, number: int = 1, view: View = PLANE, **values: Any) -> Show:
    """A `show` of a 64 × 48 viewport."""
    defaults: dict[str, Any] = {"width": 64, "height": 48, "moving": False}
    return Show(viewport=viewport, input=number, view=view, **{**defaults, **values})
