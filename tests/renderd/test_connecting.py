"""Connected parts, found in another process."""

from __future__ import annotations

import asyncio
import os
import select
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import uvloop
from numpy.typing import NDArray

from kernels import components
from kernels.components import seeded
from renderd import connecting
from renderd.connecting import keep_connected

SHAPE = (12, 40, 50)


def parts(seed: int = 3) -> NDArray[np.uint8]:
    """Three labels in pieces."""
    dots = np.random.default_rng(seed).random(SHAPE) < 0.2
    return dots.astype(np.uint8) + (np.indices(SHAPE)[2] > 30).astype(np.uint8)


async def keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("in the process that makes pictures")

    for label in (0, 1, 2):
        labels = parts()
        z, y, x = (int(i) for i in np.argwhere(labels == label)[17])
        mine = labels == label
        expected = np.where(mine & ~seeded(mine, [(z, y, x)]), 9, labels)
        lost = np.count_nonzero(expected != labels)
        with monkeypatch.context() as patch:
            patch.setattr(components, "seeded", refuse)
            assert await keep_connected(labels, (z, y, x), 9) == lost
        assert np.array_equal(labels, expected)


async def test_what_is_not_connected_gets_the_other_label(monkeypatch: pytest.MonkeyPatch) -> None:
    await keeps(monkeypatch)


def test_the_server_s_own_loop_can_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    uvloop.run(keeps(monkeypatch))


async def test_a_process_that_fails_leaves_the_labels_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "COMMAND", (sys.executable, "-c", "raise SystemExit(3)"))
    labels = parts()
    with pytest.raises(RuntimeError, match="exit code 3"):
        await keep_connected(labels, (0, 0, 0), 9)
    assert np.array_equal(labels, parts())


async def test_a_house_that_closes_ends_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    started = tmp_path / "started"
    code = f"import os, pathlib, time; pathlib.Path({str(started)!r}).write_text(str(os.getpid())); time.sleep(99)"
    monkeypatch.setattr(connecting, "COMMAND", (sys.executable, "-c", code))
    task = asyncio.create_task(keep_connected(parts(), (0, 0, 0), 9))
    until = time.monotonic() + 20
    while not started.exists() or not started.read_text():
        assert time.monotonic() < until
        await asyncio.sleep(0.01)
    descriptor = os.pidfd_open(int(started.read_text()))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert select.select([descriptor], [], [], 10)[0]
