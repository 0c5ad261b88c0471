"""What a connection's shelf says again and again; what it finds is tested in test_server.py."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from renderd.errors import RenderError, SeriesNotFound
from renderd.protocol import StackView
from renderd.shelf import KnownSeries, Shelf
from tests.renderd.shows import STACK


def test_an_answer_that_is_raised_for_every_view_does_not_grow() -> None:
    others: Any = SimpleNamespace(listeners=set(), forget=lambda who: None, closed=lambda place: None)
    how = {"tell": others, "refuse": others, "dressing": others, "workshop": others}
    shelf = Shelf(others, others, others, lambda: None, **how)
    assert isinstance(STACK, StackView)
    known = SeriesNotFound("series 1")
    shelf._series[STACK.series] = KnownSeries(0, {}, known, time.monotonic())
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
