"""Pictures at rest come in bands, those with a filter and curved ones too, and the bands make the same picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kernels.curved import reformat
from kernels.filters import Filter as PictureFilter
from kernels.filters import apply
from kernels.plane import project, slab
from kernels.window import reference as windowed
from renderd import camera, render, rendering
from renderd.protocol import Filter, View
from renderd.render import Renderer
from renderd.sources import StackSource, VolumeSource
from tests.renderd.pictures import finish, want
from tests.renderd.shows import PLANE, STACK, VOLUME
from tests.renderd.test_curved_views import ARC, CURVED

SIDE = 128
WINDOW = (300.0, 1600.0)
BLUR = Filter("gaussian", size=1.5)
VIEWS: dict[str, View] = {
    "plane": replace(PLANE, extent_mm=40.0, thickness_mm=5.0, window=WINDOW),
    "projection": replace(VOLUME, extent_mm=40.0, projection="max", window=WINDOW),
    "curved": replace(CURVED, points=ARC, along_mm=12.0, thickness_mm=4.0, window=WINDOW),
}


def values_of(view: Any, source: VolumeSource) -> Any:
    """All at once."""
    size = camera.reduced(SIDE, SIDE, 1.0)
    if view.kind == "curved":
        return reformat(source.volume, camera.layout(view, size).picture, view.projection, view.thickness_mm)
    picture = camera.picture(view, size)
    if view.kind == "volume":
        return project(source.volume, picture, "max", bricks=source.bricks)
    return slab(source.volume, picture, view.projection, view.thickness_mm, bricks=source.bricks)


@pytest.mark.parametrize("is_filtered", [False, True], ids=["plain", "filtered"])
@pytest.mark.parametrize("kind", VIEWS)
def test_a_still_holds_the_compute_thread_for_a_few_rows_at_a_time(
    volume: VolumeSource, monkeypatch: pytest.MonkeyPatch, kind: str, is_filtered: bool
) -> None:
    monkeypatch.setattr(rendering, "BAND_S", 0.0)  # as if any row took too long
    taken: list[int] = []
    for name in ("slab", "project", "reformat"):
        real = getattr(render, name)

        def sample(*arguments: Any, real: Any = real, **how: Any) -> Any:
            values = real(*arguments, **how)
            taken.append(len(values))
            return values

        monkeypatch.setattr(render, name, sample)
    view = replace(VIEWS[kind], filter=BLUR if is_filtered else None)  # type: ignore[type-var]
    renderer = Renderer()
    picture = renderer.start(want(view, SIDE, SIDE), volume)
    steps, done = 0, False
    while not done:
        before = sum(taken)
        done = picture.step()
        steps += 1
        assert sum(taken) - before <= 32
    assert sum(taken) == SIDE and steps >= 4
    expected = values_of(view, volume)
    if is_filtered:
        expected = apply(PictureFilter("gaussian", {"sigma_mm": 1.5}), expected, view.extent_mm / SIDE, WINDOW)
    apart = np.abs(picture.raw.astype(int) - windowed(expected, *WINDOW, False, "LINEAR"))
    assert apart.max() <= 1 and (apart > 0).mean() < 0.01 and picture.raw.std() > 10


def test_a_filtered_frame_is_filtered_once_wherever_its_values_lie(
    volume: VolumeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a volume each look at a slice is another array."""
    made: list[Any] = []
    real = render.apply
    monkeypatch.setattr(render, "apply", lambda *arguments: made.append(arguments) or real(*arguments))
    renderer = Renderer()
    view = replace(STACK, frame=5, filter=BLUR, stack=volume.stack.digest, extent_mm=40.0, window=WINDOW)

    def show(**values: Any) -> Any:
        shown = replace(view, **values)
        source = StackSource(volume.stack, volume.volume.array[shown.frame])
        return finish(renderer.start(want(shown, 64, 64), source))

    first = show()
    show(extent_mm=30.0)
    assert np.array_equal(show(), first)
    assert len(made) == 1
    for change in ({"frame": 6}, {"series": 2}, {"stack": "1" * 64}, {"filter": Filter("median")}):
        show(**change)
    assert len(made) == 5


def test_a_filtered_frame_keeps_no_volume(volume: VolumeSource) -> None:
    renderer = Renderer()
    floats = volume.volume.array.astype(np.float32)
    # So narrow that the filter leaves the picture as it is.
    view = replace(STACK, frame=5, filter=Filter("gaussian", size=0.01), stack=volume.stack.digest)
    finish(renderer.start(want(view, 64, 64), StackSource(volume.stack, floats[5])))
    assert renderer._frame is not None and not np.shares_memory(renderer._frame[1], floats)
