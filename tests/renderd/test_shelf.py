"""What a connection's shelf says again and again; what it finds is tested in test_server.py."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from renderd.errors import RenderError, SeriesNotFound
from renderd.protocol import StackView
from renderd.shelf import KNOWN, LOOK_UPS, PENDING, KnownSeries, Shelf
from tests.renderd.shows import STACK


def shelf_of() -> Shelf:
    """One that finds nothing."""
    others: Any = SimpleNamespace(listeners=set(), forget=lambda who: None, closed=lambda place: None)
    how = {"tell": others, "refuse": others, "dressing": others, "workshop": others}
    return Shelf(others, others, others, lambda: None, **how)


def test_an_answer_that_is_raised_for_every_view_does_not_grow() -> None:
    shelf = shelf_of()
    assert isinstance(STACK, StackView)
    known = SeriesNotFound("series 1")
    shelf._series[STACK.series] = KnownSeries(0, 0, {}, known, time.monotonic())
    for _ in range(3):
        with pytest.raises(SeriesNotFound, match="series 1") as caught:
            shelf.find(1, STACK)
        assert caught.value is not known and len(caught.traceback) == 3
    assert known.__traceback__ is None


def test_a_fresh_error_says_what_the_first_one_said() -> None:
    error = RenderError("why")
    error.code = "storage_failed"
    fresh = error.fresh()
    assert (type(fresh), fresh.code, str(fresh), fresh.image) == (RenderError, "storage_failed", "why", None)


async def test_look_ups_wait_for_each_other_and_only_so_many_are_waiting() -> None:
    shelf, looked = shelf_of(), list[int]()

    async def look(series: int) -> None:
        looked.append(series)
        await asyncio.sleep(0)

    shelf._look = look  # type: ignore[method-assign]
    for series in range(5000):
        assert shelf.stack(series, "0" * 64) is None
        assert len(shelf._looking) <= LOOK_UPS and len(shelf._pending) <= PENDING
    async with asyncio.timeout(10):
        while shelf._looking:  # noqa: ASYNC110 - tasks end them
            await asyncio.sleep(0)
    assert len(looked) == LOOK_UPS + PENDING and 4999 in looked


def test_series_that_nobody_shows_are_forgotten_when_there_are_many() -> None:
    shelf = shelf_of()
    shelf.opened(1, replace(STACK, series=3))
    for series in range(KNOWN + 10):
        shelf._series[series] = KnownSeries(0, 0, {}, None, 0.0)
        shelf._forget_series(KNOWN)
    assert len(shelf._series) == KNOWN + 1 and 3 in shelf._series and KNOWN + 9 in shelf._series
