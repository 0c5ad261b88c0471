"""scipy.ndimage as cupyx's: a card whose arrays it takes, and nothing that lies in this machine's memory."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.ndimage

from tests.kernels.standin import Array, Card

NAMES = ("correlate1d", "median_filter", "distance_transform_edt", "label")


class WholeCard(Card):
    """A card that computes with whole arrays, too."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # what Python asks of any module
            raise AttributeError(name)
        function = getattr(np, name)
        return lambda *values, **how: _there(function(*values, **how))


def _there(value: Any) -> Any:
    return value.view(Array) if isinstance(value, np.ndarray) else value


def _on_card(name: str) -> Any:
    def function(*values: Any, **how: Any) -> Any:
        for value in (*values, *how.values()):
            assert isinstance(value, Array) or not isinstance(value, np.ndarray), f"{name} of an array not on the card"
        found = getattr(scipy.ndimage, name)(*values, **how)
        return tuple(map(_there, found)) if isinstance(found, tuple) else _there(found)

    return function


def put_cupyx(monkeypatch: pytest.MonkeyPatch) -> WholeCard:
    """`cupyx.scipy.ndimage` can be imported; returns a card for it."""
    ndimage = ModuleType("cupyx.scipy.ndimage")
    for name in NAMES:
        setattr(ndimage, name, _on_card(name))
    for name, module in (("cupyx", ModuleType("cupyx")), ("cupyx.scipy", ModuleType("cupyx.scipy"))):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "cupyx.scipy.ndimage", ndimage)
    return WholeCard()
