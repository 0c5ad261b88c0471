"""A renderer that is killed in a drag: the page goes on with the same view."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from benchmarks.reading import Reader
from benchmarks.service import Service

pytestmark = [pytest.mark.alone, pytest.mark.browser, pytest.mark.slow]


def renderer_of(farview: Service) -> psutil.Process:
    assert farview.process is not None
    children = psutil.Process(farview.process.pid).children(recursive=True)
    return next(child for child in children if child.cmdline()[-1:] == ["renderd"])


def test_the_same_view_is_back_within_five_seconds(desktop: Reader, farview: Service, shots: Path) -> None:
    desktop.open_study("PHANTOM")
    desktop.wait_drawn("stack")
    desktop.page.keyboard.press("m")
    desktop.wait_drawn("axial", "coronal", "sagittal", final=True)
    x, y, width, height = desktop.box("axial")
    mouse = desktop.page.mouse
    mouse.move(x + width / 2, y + height / 2)
    mouse.down()
    mouse.move(x + width / 2 + 20, y + height / 2 + 20, steps=5)
    os.kill(renderer_of(farview).pid, signal.SIGKILL)
    killed = time.monotonic()
    mouse.move(x + width / 2 + 40, y + height / 2 + 30, steps=5)
    view = desktop.view("coronal")
    desktop.forget()
    mouse.up()
    desktop.wait_drawn("axial", "coronal", "sagittal", final=True, timeout_s=30)
    seconds = time.monotonic() - killed
    print(f"same view after {seconds:.1f} s")
    assert desktop.view("coronal") == view
    shown = next(d.event["view"] for d in reversed(desktop.drawn()) if d.role == "coronal")
    assert shown == view
    assert seconds <= 5
